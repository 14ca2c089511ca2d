"""An asyncio event loop in a thread, for a blocking caller who needs one."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import CancelledError
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from envoi._io.asyncio_ import AsyncioBackend
from envoi._io.protocols import StreamClosed
from envoi._model.exceptions import WrongEventLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class LoopThread:
    """It runs from its creation until `close`, or until it is garbage. Any thread may use it.

    Args:
        name: the thread's.

    Attributes:
        backend: the loop's.
    """

    def __init__(self, name: str) -> None:
        self.backend: AsyncioBackend = AsyncioBackend()
        self._lock = threading.Lock()
        self._closed = False
        self._process = os.getpid()
        started: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()
        self._thread = threading.Thread(
            target=_serve, args=(self.backend, started), name=name, daemon=True
        )
        self._thread.start()
        self._loop, self._stop = started.get()

    @property
    def usable(self) -> bool:
        """Whether it runs: not once closed, nor in a forked child."""
        return not self._closed and self._process == os.getpid()

    def run(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine in the loop, and return its result; what interrupts the wait (Ctrl-C)
        cancels it.

        Args:
            function: called in the loop.

        Raises:
            WrongEventLoop: called in the loop itself, which would wait for itself for ever.
            StreamClosed: it was closed, perhaps meanwhile.
        """
        if threading.get_ident() == self._thread.ident:
            message = (
                "what runs in this event loop waits for the loop itself, through a blocking "
                "session: use an AsyncSession there"
            )
            raise WrongEventLoop(message)
        # Under the lock, so that what is scheduled is so before the loop is told to stop, and is
        # cancelled with it.
        with self._lock:
            if not self.usable:
                raise StreamClosed
            future = asyncio.run_coroutine_threadsafe(_called(function), self._loop)
        try:
            return future.result()
        except CancelledError:
            raise StreamClosed from None
        except BaseException:
            future.cancel()
            raise

    def call_soon(self, function: Callable[[], None]) -> None:
        """Run a function that never waits in the loop, soon; ignored when it was closed."""
        if self.usable:
            self.backend.call_soon(function)

    def close(self) -> None:
        """Cancel what runs in the loop, and return when it and the thread have ended. Closing again
        does nothing.
        """
        with self._lock:
            running, self._closed = self.usable, True
        if running:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._process == os.getpid() and threading.get_ident() != self._thread.ident:
            self._thread.join()

    def __del__(self) -> None:
        if self.__dict__.get("_stop") is not None and self.usable:
            self.backend.call_soon(self._stop.set)


def _serve(
    backend: AsyncioBackend, started: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    async def main() -> None:
        backend.check_owner()
        stop = asyncio.Event()
        started.put((asyncio.get_running_loop(), stop))
        await stop.wait()

    asyncio.run(main())


async def _called(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return await function()
