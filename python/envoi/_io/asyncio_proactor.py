"""Streams for loops without `add_reader` (Windows' proactor): by the loop's own `sock_recv` and `sock_sendall`."""

from __future__ import annotations

import asyncio
import math
import socket
from typing import TYPE_CHECKING, Any, TypeVar

from envoi._io.happy_eyeballs import Attempts
from envoi._io.protocols import Address, Feed, SocketAddress, StreamClosed, TimedOut
from envoi._io.sockets import SocketStream

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

T = TypeVar("T")

_SLICE = 1 << 18


class ProactorStream(SocketStream):
    """A stream that waits through the loop for each piece."""

    __slots__ = ("_loop", "_task")

    def __init__(self, loop: asyncio.AbstractEventLoop, connected: socket.socket, peer: SocketAddress | str | None) -> None:
        super().__init__(connected, peer)
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None

    async def send(self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None) -> bool:
        """As in `Stream`."""
        try:
            sent = self.send_nowait(data)
            rest = memoryview(data)[sent:]
            if feed is None or not rest:
                await self._send_slices(rest, timeout, deadline)
                return True
            return await self._send_and_receive(rest, timeout, deadline, feed)
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self.rescue(feed):
                return False
            raise

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        while True:
            try:
                data = await self._timed(self._loop.sock_recv(self._socket, self._size), timeout, deadline)
            except OSError:
                if self._closed:
                    raise StreamClosed from None
                raise
            self.adapt(len(data))
            if feed(data) or not data:
                return

    def close(self) -> None:
        """As in `Stream`."""
        if self._closed:
            return
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        self._socket.close()

    async def _timed(self, operation: Coroutine[Any, Any, T], timeout: float, deadline: float) -> T:
        if self._closed:
            operation.close()
            raise StreamClosed
        task = self._loop.create_task(operation)
        self._task = task
        expires = min(self._loop.time() + timeout, deadline)
        try:
            await asyncio.wait((task,), timeout=None if expires == math.inf else max(expires - self._loop.time(), 0))
        finally:
            self._task = None
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
        if self._closed:
            raise StreamClosed
        if task.cancelled():
            raise TimedOut
        return task.result()

    async def _send_slices(self, rest: memoryview, timeout: float, deadline: float) -> None:
        while rest:
            await self._timed(self._loop.sock_sendall(self._socket, rest[:_SLICE]), timeout, deadline)
            self.bytes_sent += min(len(rest), _SLICE)
            rest = rest[_SLICE:]

    async def _send_and_receive(self, rest: memoryview, timeout: float, deadline: float, feed: Feed) -> bool:
        sending = self._loop.create_task(self._send_slices(rest, timeout, deadline))
        receiving = self._loop.create_task(_receive_until_woken(self._loop, self._socket, self._size, feed))
        try:
            await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
            if receiving.done() and receiving.result():
                return False
            await sending
            return True
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)


async def connect(
    loop: asyncio.AbstractEventLoop, addresses: Sequence[Address], local_address: tuple[str, int] | None, deadline: float
) -> ProactorStream:
    """A stream to the first address that answers; attempts are tasks here."""
    attempts = Attempts(addresses, loop.time())
    running: dict[asyncio.Task[socket.socket], tuple[int, Address]] = {}
    try:
        while not attempts.exhausted:
            now = loop.time()
            if now >= deadline:
                raise TimedOut
            while (taken := attempts.take(now)) is not None:
                running[loop.create_task(_attempt(loop, taken[1], local_address))] = taken
            until = min(deadline, attempts.next_at)
            timeout = None if until == math.inf else max(until - now, 0)
            finished, _ = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                error = task.exception()
                if error is None:
                    return ProactorStream(loop, task.result(), running.pop(task)[1].sockaddr)
                number, _ = running.pop(task)
                if not isinstance(error, OSError):
                    raise error
                attempts.fail(number, error, loop.time())
        raise attempts.failure()
    finally:
        await _abandon(running)


async def _attempt(loop: asyncio.AbstractEventLoop, address: Address, local_address: tuple[str, int] | None) -> socket.socket:
    made = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if local_address is not None:
            made.bind(local_address)
        await loop.sock_connect(made, address.sockaddr)
    except BaseException:
        made.close()
        raise
    return made


async def _abandon(running: dict[asyncio.Task[socket.socket], tuple[int, Address]]) -> None:
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


async def _receive_until_woken(loop: asyncio.AbstractEventLoop, connected: socket.socket, size: int, feed: Feed) -> bool:
    while data := await loop.sock_recv(connected, size):
        if feed(data):
            return True
    return feed(b"")
