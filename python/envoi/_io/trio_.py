"""The backend for trio: what a flow asks of it."""

from __future__ import annotations

import math
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from envoi._io import trio_connect
from envoi._io.backend_base import BackendBase
from envoi._io.protocols import Address, Stream, TimedOut, give_up
from envoi._io.sockets import usable
from envoi._io.trio_stream import TrioStream
from envoi._model.exceptions import WrongEventLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from envoi._io.protocols import SocketSettings

T = TypeVar("T")


class TrioBackend(BackendBase):
    """Where the flows of an async session run under trio. It belongs to the first `trio.run` that
    uses it.
    """

    name = "trio"
    _is_finalizing = staticmethod(
        sys.is_finalizing
    )  # not by the module's name, which is gone by then

    def __init__(self) -> None:
        self._token: trio.lowlevel.TrioToken | None = None

    def now(self) -> float:
        """As in `Backend`."""
        return trio.current_time()

    def call_soon(self, function: Callable[[], None]) -> None:
        """As in `Backend`."""
        if self._token is not None and not self._is_finalizing():
            _run_soon(self._token, function)

    def waiter(self) -> TrioWaiter:
        """As in `Backend`."""
        return TrioWaiter()

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> TrioJob:
        """As in `Backend`: as a system task, which ends after the main one."""
        return TrioJob(function)

    def check_owner(self) -> None:
        """As in `Backend`."""
        try:
            token = trio.lowlevel.current_trio_token()
        except RuntimeError:
            message = "trio does not run here"
            raise WrongEventLoop(message) from None
        if self._token is None:
            self._token = token
        elif self._token is not token:
            message = "this session belongs to another trio.run: use one session per run"
            raise WrongEventLoop(message)

    async def sleep(self, seconds: float) -> None:
        """As in `Backend`."""
        await trio.sleep(seconds)

    async def checkpoint(self) -> None:
        """As in `Backend`."""
        await trio.lowlevel.checkpoint()

    async def within(self, deadline: float, awaitable: Awaitable[T]) -> T:
        """As in `Backend`."""
        if deadline == math.inf:
            return await awaitable
        if trio.current_time() >= deadline:
            give_up(awaitable)
        with trio.CancelScope(deadline=deadline):
            result = await awaitable
            if trio.current_time() < deadline:
                return result
        raise TimedOut

    def resolver_waiter(self) -> tuple[TrioWaiter, Callable[[], None]]:
        """A waiter, and what wakes it from a thread of the resolver's."""
        token = trio.lowlevel.current_trio_token()
        waiter = TrioWaiter()
        return waiter, lambda: _run_soon(token, waiter.set)

    async def connect(
        self, addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
    ) -> Stream:
        """As in `Backend`."""
        if self._token is None:
            self._token = trio.lowlevel.current_trio_token()
        connected, address = await trio_connect.connect(
            usable(addresses, settings), settings, deadline
        )
        return TrioStream(connected, address.sockaddr)

    async def connect_unix(
        self, path: str, deadline: float, settings: SocketSettings | None = None
    ) -> Stream:
        """As in `Backend`."""
        return TrioStream(await trio_connect.connect_unix(path, deadline, settings), path)

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """As in `Backend`: in one of trio's worker threads, which a cancelled task does not wait
        for, as on asyncio.
        """
        return await trio.to_thread.run_sync(function, abandon_on_cancel=True)


class TrioJob:
    """A coroutine that runs as a system task."""

    __slots__ = ("_ended", "_scope", "_task")

    def __init__(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        self._task = trio.lowlevel.spawn_system_task(self._run, function, context=copy_context())

    def cancel(self) -> None:
        """As in `Job`."""
        self._scope.cancel()

    async def stop(self) -> None:
        """As in `Job`."""
        self._scope.cancel()
        if self._task is not trio.lowlevel.current_task():
            with trio.CancelScope(shield=True):
                await self._ended.wait()

    async def _run(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            with self._scope:
                await function()
        except trio.Cancelled:  # the run ends
            raise
        except BaseException:  # noqa: BLE001 - trio takes what a system task raises for a fault of its own
            pass
        finally:
            self._ended.set()


class TrioWaiter:
    """A one-shot signal between tasks of one `trio.run`."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = trio.Event()

    def set(self) -> None:
        """As in `Waiter`."""
        self._event.set()

    def wake(self) -> None:
        """As in `Waiter`."""
        self.set()

    async def wait(self, deadline: float) -> None:
        """As in `Waiter`."""
        if self._event.is_set():
            return
        if deadline == math.inf:
            await self._event.wait()
            return
        with trio.CancelScope(deadline=deadline) as scope:
            await self._event.wait()
        if scope.cancelled_caught:
            raise TimedOut


def _run_soon(token: trio.lowlevel.TrioToken, callback: Callable[[], None]) -> None:
    try:
        token.run_sync_soon(callback)
    except trio.RunFinishedError:  # nobody waits any more
        return
