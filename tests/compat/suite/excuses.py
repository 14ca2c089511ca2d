"""The tests that Envoi need not pass."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from .environment import HERE

if TYPE_CHECKING:
    from pathlib import Path

MOST = 8
EXCUSED = HERE / "excused.toml"


class ExcusesError(Exception):
    """The list of excused tests is not as it may be."""


def read_excuses(path: Path = EXCUSED) -> dict[str, str]:
    """For each excused test its reason.

    Args:
        path: the list.

    Raises:
        ExcusesError: there are too many, or one has no reason.
    """
    excuses = tomllib.loads(path.read_text(encoding="utf-8"))["excused"]
    if len(excuses) > MOST:
        raise ExcusesError(f"{len(excuses)} tests are excused, and {MOST} may be")
    without = [
        node
        for node, reason in excuses.items()
        if not isinstance(reason, str) or not reason.strip()
    ]
    if without:
        raise ExcusesError(f"excused without a reason: {', '.join(without)}")
    return excuses
