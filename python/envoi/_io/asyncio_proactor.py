"""Streams for loops without `add_reader` (Windows' proactor): by the loop's own `sock_recv` and
`sock_sendall`.
"""

from __future__ import annotations

import asyncio
import math
import socket
from typing import TYPE_CHECKING, Any

from envoi._io.happy_eyeballs import Attempts
from envoi._io.protocols import Address, Feed, SocketAddress, StreamBusy, StreamClosed, TimedOut
from envoi._io.sockets import SocketStream

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_SLICE = 1 << 18


class ProactorStream(SocketStream):
    """A stream that waits through the loop for each piece.

    A receive that was begun is never cancelled but by `close`, because its bytes would be lost: the
    next `pump` takes it over.
    """

    __slots__ = ("_loop", "_receiving", "_sending", "in_use")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connected: socket.socket,
        peer: SocketAddress | str | None,
    ) -> None:
        super().__init__(connected, peer)
        self._loop = loop
        self._receiving: asyncio.Task[bytes] | None = None
        self._sending: asyncio.Task[None] | None = None
        self.in_use = False

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        self._enter(deadline)
        try:
            sent = self.send_nowait(data)
            rest = memoryview(data)[sent:]
            while rest:
                if not await self._send_slice(rest[:_SLICE], timeout, deadline, feed):
                    return False
                rest = rest[_SLICE:]
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self.rescue(feed):
                return False
            raise
        else:
            return True
        finally:
            self.in_use = False

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        self._enter(deadline)
        try:
            while True:
                await self._wait((self._receive_task(),), self._expiry(timeout, deadline))
                data = self._take_received()
                if feed(data) or not data:
                    return
        except OSError:
            if self._closed:
                raise StreamClosed from None
            raise
        finally:
            self.in_use = False

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`: nothing fits while a flow waits for room."""
        return super().send_nowait(data) if self._sending is None else 0

    def receive_nowait(self) -> bytes | None:
        """What was begun to be received comes first."""
        if self._receiving is None:
            return super().receive_nowait()
        return self._take_received() if self._receiving.done() else None

    def readable(self) -> bool:
        """As in `Stream`."""
        return (
            super().readable()
            if self._closed or self._receiving is None
            else self._receiving.done()
        )

    def close(self) -> None:
        """As in `Stream`."""
        if self._closed:
            return
        self._closed = True
        if not self._loop.is_closed():
            for task in (self._receiving, self._sending):
                if task is not None:
                    task.cancel()
        self._socket.close()

    def _enter(self, deadline: float) -> None:
        if self._closed:
            raise StreamClosed
        if self.in_use:
            raise StreamBusy
        if self._loop.time() >= deadline:
            raise TimedOut
        self.in_use = True

    def _expiry(self, timeout: float, deadline: float) -> float:
        now = self._loop.time()
        if now >= deadline:
            raise TimedOut
        return min(now + timeout, deadline)

    def _receive_task(self) -> asyncio.Task[bytes]:
        if self._receiving is None:
            self._receiving = self._loop.create_task(self._loop.sock_recv(self._socket, self._size))
        return self._receiving

    def _take_received(self) -> bytes:
        task, self._receiving = self._receiving, None
        if task is None or task.cancelled():
            raise StreamClosed
        data = task.result()
        self.adapt(len(data))
        return data

    async def _wait(self, tasks: Collection[asyncio.Task[Any]], expires: float) -> None:
        """Wait until one of the tasks is done. None is cancelled."""
        timeout = None if expires == math.inf else max(expires - self._loop.time(), 0)
        finished, _ = await asyncio.wait(
            tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if self._closed:
            raise StreamClosed
        if not finished:
            raise TimedOut

    async def _send_slice(
        self, piece: memoryview, timeout: float, deadline: float, feed: Feed | None
    ) -> bool:
        expires = self._expiry(timeout, deadline)
        sending = self._sending = self._loop.create_task(
            self._loop.sock_sendall(self._socket, piece)
        )
        try:
            while not sending.done():
                await self._wait(
                    (sending,) if feed is None else (sending, self._receive_task()), expires
                )
                if feed is not None and self._receiving is not None and self._receiving.done():
                    data = self._take_received()
                    if feed(data):
                        return False
                    if not data:
                        feed = None  # the peer has only finished sending
            sending.result()
        finally:
            self._sending = None
            if not sending.done():
                sending.cancel()
                await asyncio.wait((sending,))
        self.bytes_sent += len(piece)
        return True


async def connect(
    loop: asyncio.AbstractEventLoop,
    addresses: Sequence[Address],
    local_address: tuple[str, int] | None,
    deadline: float,
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
            finished, _ = await asyncio.wait(
                running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
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


async def _attempt(
    loop: asyncio.AbstractEventLoop, address: Address, local_address: tuple[str, int] | None
) -> socket.socket:
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
