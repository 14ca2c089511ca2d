"""Functions whose signature is written out for people and tools, and taken apart by nobody."""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Declared = TypeVar("Declared", bound=Callable[..., Any])


def carried_out_by(function: Callable[..., Any]) -> Callable[[Declared], Declared]:
    """Put a function in the place of a declaration, under its name, with its words.

    A verb declares each of its fifteen options, which `help`, `inspect.signature` and editors show.
    To be called with all of them would cost every request; what is called takes `**options`, which
    holds those that were given and nothing else.

    Args:
        function: what is called.
    """

    def in_its_place(declared: Declared) -> Declared:
        update_wrapper(function, declared)
        return function  # type: ignore[return-value]

    return in_its_place
