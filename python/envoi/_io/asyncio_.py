"""The backend for asyncio (and uvloop): what a flow asks of the loop."""

from __future__ import annotations

import asyncio
import math
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from envoi._io import asyncio_connect
from envoi._io.asyncio_stream import AsyncioStream
from envoi._io.asyncio_wait import clock_of
from envoi._io.backend_base import BackendBase
from envoi._io.protocols import Address, Stream, TimedOut, give_up, quietly
from envoi._io.sockets import usable
from envoi._model.exceptions import WrongEventLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from envoi._io.protocols import SocketSettings

T = TypeVar("T")

_jobs: set[asyncio.Task[None]] = set()
"""Those that run: a loop itself does not keep its tasks from the garbage collector."""


class AsyncioBackend(BackendBase):
    """Where the flows of an async session run under asyncio. It belongs to the first loop that uses
    it.

    Args:
        watch_sockets: False to use the loop's own `sock_recv` and `sock_sendall`, as loops without
            `add_reader` need; found out by trying when it is not said.
    """

    name = "asyncio"
    _is_finalizing = staticmethod(
        sys.is_finalizing
    )  # not by the module's name, which is gone by then

    def __init__(self, *, watch_sockets: bool = True) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch_sockets = watch_sockets

    def now(self) -> float:
        """As in `Backend`. From the loop's first use on, its clock itself is in this place."""
        return self._owner().time()

    def call_soon(self, function: Callable[[], None]) -> None:
        """As in `Backend`."""
        if self._loop is not None and not self._is_finalizing():
            _call_soon(self._loop, function)

    def waiter(self) -> AsyncioWaiter:
        """As in `Backend`."""
        return AsyncioWaiter(self._owner())

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> AsyncioJob:
        """As in `Backend`: as a task."""
        return AsyncioJob(self._owner().create_task(quietly(function)))

    def check_owner(self) -> None:
        """As in `Backend`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            message = "no asyncio event loop runs here"
            raise WrongEventLoop(message) from None
        if self._loop is None:
            self._bind(loop)
        elif self._loop is not loop:
            message = "this session belongs to another asyncio event loop: use one session per loop"
            raise WrongEventLoop(message)

    async def sleep(self, seconds: float) -> None:
        """As in `Backend`."""
        await asyncio.sleep(seconds)

    async def checkpoint(self) -> None:
        """As in `Backend`."""
        await asyncio.sleep(0)

    async def within(self, deadline: float, awaitable: Awaitable[T]) -> T:
        """As in `Backend`."""
        if deadline == math.inf:
            return await awaitable
        if self.now() >= deadline:
            give_up(awaitable)
        scope = asyncio.timeout_at(deadline)
        try:
            async with scope:
                result = await awaitable
        except TimeoutError as error:
            # Another may come from the awaitable itself.
            if scope.expired() and isinstance(error.__cause__, asyncio.CancelledError):
                raise TimedOut from None
            raise
        if self.now() >= deadline:
            raise TimedOut
        return result

    def resolver_waiter(self) -> tuple[AsyncioWaiter, Callable[[], None]]:
        """A waiter, and what wakes it from a thread of the resolver's."""
        loop = self._owner()
        waiter = AsyncioWaiter(loop)
        return waiter, lambda: _call_soon(loop, waiter.set)

    async def connect(
        self, addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
    ) -> Stream:
        """As in `Backend`."""
        loop = self._owner()
        addresses = usable(addresses, settings)
        if self._watch_sockets:
            try:
                connected, address = await asyncio_connect.connect(
                    loop, addresses, settings, deadline
                )
            except NotImplementedError:  # a loop without add_writer: Windows' proactor
                self._watch_sockets = False
            else:
                return AsyncioStream(loop, connected, address.sockaddr)
        from envoi._io import asyncio_proactor

        return await asyncio_proactor.connect(loop, addresses, settings, deadline)

    async def connect_unix(
        self, path: str, deadline: float, settings: SocketSettings | None = None
    ) -> Stream:
        """As in `Backend`."""
        loop = self._owner()
        connected = await asyncio_connect.connect_unix(loop, path, deadline, settings)
        if self._watch_sockets:
            return AsyncioStream(loop, connected, path)
        from envoi._io import asyncio_proactor

        return asyncio_proactor.ProactorStream(loop, connected, path)

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """As in `Backend`: in a thread of the loop's executor, with this task's context."""
        run: Callable[[Callable[[], T]], T] = copy_context().run
        return await self._owner().run_in_executor(None, run, function)

    def _owner(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            return self._bind(asyncio.get_running_loop())
        return self._loop

    def _bind(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        self._loop = loop
        self.now = clock_of(loop)  # type: ignore[method-assign] # a call less, several times in every request
        return loop


class AsyncioJob:
    """A coroutine that runs as a task."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task
        _jobs.add(task)
        task.add_done_callback(_jobs.discard)

    def cancel(self) -> None:
        """As in `Job`."""
        self._task.cancel()

    async def stop(self) -> None:
        """As in `Job`."""
        self._task.cancel()
        if self._task is not asyncio.current_task():
            await asyncio.wait([self._task])


class AsyncioWaiter:
    """A one-shot signal between tasks of one loop."""

    __slots__ = ("_flag", "_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._flag = False
        self._future: asyncio.Future[None] | None = None

    def set(self) -> None:
        """As in `Waiter`."""
        self._flag = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def wake(self) -> None:
        """As in `Waiter`."""
        self.set()

    async def wait(self, deadline: float) -> None:
        """As in `Waiter`."""
        if self._flag:
            return
        future = self._future = self._loop.create_future()
        timer = None if deadline == math.inf else self._loop.call_at(deadline, _time_out, future)
        try:
            await future
        finally:
            self._future = None
            if timer is not None:
                timer.cancel()


def _time_out(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimedOut())


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the loop was closed meanwhile: nobody waits any more
        return
