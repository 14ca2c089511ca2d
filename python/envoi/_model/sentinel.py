"""`NOT_GIVEN`: an argument that was left out, where `None` means something of its own."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal


class NotGiven(Enum):
    """The type of `NOT_GIVEN`; an enum of one, so that type checkers narrow `value is
    NOT_GIVEN`.
    """

    NOT_GIVEN = "NOT_GIVEN"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
