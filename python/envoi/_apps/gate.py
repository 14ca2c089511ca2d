"""Waiting for a condition, in any number of flows of one backend."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._io.protocols import Backend, Waiter


class Gate:
    """A condition variable without a lock, for flows that run one at a time: `until` waits for a
    condition, and `wake` has all who wait look at theirs again.

    Args:
        backend: where all of these flows run.
    """

    __slots__ = ("_backend", "_waiters")

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._waiters: list[Waiter] = []

    def wake(self) -> None:
        """Have all who wait look at their condition again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.set()

    async def until(self, condition: Callable[[], object], deadline: float = inf) -> None:
        """Return once a condition holds; raise TimedOut at the deadline.

        Args:
            condition: looked at now, and after each `wake`.
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
