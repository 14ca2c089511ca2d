"""Waiting for something to change, in any number of flows."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._io.protocols import Backend, Waiter


class Gate:
    """Flows wait here, until another says that something has changed.

    Args:
        backend: where all of them run.
    """

    __slots__ = ("_backend", "_waiters")

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._waiters: list[Waiter] = []

    def wake(self) -> None:
        """Let all who wait look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.set()

    async def until(self, condition: Callable[[], object], deadline: float = inf) -> None:
        """Return once a condition holds; raise TimedOut at the deadline.

        Args:
            condition: looked at now, and whenever something has changed.
            deadline: on the backend's clock.
        """
        while not condition():
            waiter = self._backend.waiter()
            self._waiters.append(waiter)
            try:
                await waiter.wait(deadline)
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
