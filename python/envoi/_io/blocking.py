"""The backend for ordinary threads: every method runs to its end in the caller's thread, so that
nothing ever suspends.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from envoi._io import blocking_connect
from envoi._io.backend_base import BackendBase
from envoi._io.blocking_stream import BlockingStream
from envoi._io.protocols import Address, Stream, TimedOut, give_up, quietly
from envoi._io.run_sync import run_sync
from envoi._io.sockets import MAX_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from envoi._io.protocols import SocketSettings

T = TypeVar("T")


class BlockingBackend(BackendBase):
    """Where the flows of a sync session run. One may serve any number of threads."""

    name = "blocking"

    now = staticmethod(time.monotonic)

    def call_soon(self, function: Callable[[], None]) -> None:
        """As in `Backend`: here and now."""
        function()

    def waiter(self) -> BlockingWaiter:
        """As in `Backend`."""
        return BlockingWaiter()

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> BlockingJob:
        """As in `Backend`: here and now."""
        run_sync(quietly(function))
        return BlockingJob()

    def check_owner(self) -> None:
        """Any thread may use it."""

    async def sleep(self, seconds: float) -> None:
        """As in `Backend`."""
        while seconds > MAX_SECONDS:
            time.sleep(MAX_SECONDS)  # noqa: ASYNC251 - nothing here waits otherwise
            seconds -= MAX_SECONDS
        time.sleep(seconds)  # noqa: ASYNC251

    async def checkpoint(self) -> None:
        """As in `Backend`: nothing to do."""

    async def within(self, deadline: float, awaitable: Awaitable[T]) -> T:
        """As in `Backend`."""
        if deadline == math.inf:
            return await awaitable
        if time.monotonic() >= deadline:
            give_up(awaitable)
        result = await awaitable
        if time.monotonic() >= deadline:
            raise TimedOut
        return result

    def resolver_waiter(self) -> tuple[BlockingWaiter, Callable[[], None]]:
        """A waiter, and what wakes it from a thread of the resolver's."""
        waiter = BlockingWaiter()
        return waiter, waiter.set

    async def connect(
        self, addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
    ) -> Stream:
        """As in `Backend`."""
        connected, address = blocking_connect.connect(addresses, settings, deadline)
        return BlockingStream(connected, address.sockaddr)

    async def connect_unix(
        self, path: str, deadline: float, settings: SocketSettings | None = None
    ) -> Stream:
        """As in `Backend`."""
        return BlockingStream(blocking_connect.connect_unix(path, deadline, settings), path)

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """As in `Backend`: here."""
        return function()


class BlockingJob:
    """A job that has ended before `start` returns it."""

    __slots__ = ()

    def cancel(self) -> None:
        """As in `Job`: too late."""

    async def stop(self) -> None:
        """As in `Job`: too late."""


class BlockingWaiter:
    """A one-shot signal between threads.

    Its lock guards nothing: it is held until the signal comes. Only the one who waits takes it, so
    that an interrupt which leaves it held keeps nobody waiting, and `wake` never waits.
    """

    __slots__ = ("_lock", "_over", "wake")

    def __init__(self) -> None:
        self._over = False
        self._lock = threading.Lock()
        self._lock.acquire()
        self.wake: Callable[[], object] = self._lock.release
        """As in `Waiter`."""

    def set(self) -> None:
        """As in `Waiter`."""
        try:
            self._lock.release()
        except RuntimeError:  # it was set before
            return

    async def wait(self, deadline: float) -> None:
        """As in `Waiter`."""
        if self._over:
            return
        if deadline == math.inf:
            self._lock.acquire()
        else:
            # What was set is found even when the deadline has passed.
            left = min(max(deadline - time.monotonic(), 0.0), threading.TIMEOUT_MAX)
            if not self._lock.acquire(timeout=left):
                raise TimedOut
        self._over = True
