"""The runners of flows, and the watch over what is left open."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Leftovers


def test_run_gives_the_result_of_a_flow(run: Callable[..., Any]) -> None:
    async def add(one: int, other: int) -> int:
        return one + other

    assert run(add, 1, 2) == 3


def test_leftovers_sees_an_open_socket(leftovers: Leftovers) -> None:
    with socket.socket(), pytest.raises(AssertionError, match="1 descriptors"):
        leftovers.check()
    leftovers.check()
