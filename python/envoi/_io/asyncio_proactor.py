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
from envoi._io.socket_stream import SocketStream
from envoi._io.sockets import prepare

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from envoi._io.protocols import SocketSettings

_SLICE = 1 << 18


class ProactorStream(SocketStream):
    """A stream that waits through the loop for each piece.

    A receive or a write that was begun is never cancelled but by `close`: how much of it is done
    could not be known. Each is a task that outlives the flow which began it; the next flow takes it
    over. `_write_task` writes the slice of `_slice_size` bytes that precedes `_unsent`. Its bytes
    count as sent from the beginning, because the kernel may have taken them.
    """

    __slots__ = ("_loop", "_receive_task", "_slice_size", "_write_task")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connected: socket.socket,
        peer: SocketAddress | str | None,
    ) -> None:
        super().__init__(connected, peer)
        self._loop = loop
        self._receive_task: asyncio.Task[bytes] | None = None
        self._write_task: asyncio.Task[None] | None = None
        self._slice_size = 0

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self._closed:
            raise StreamClosed
        if self.sending:
            raise StreamBusy
        if self._loop.time() >= deadline:
            self._keep_unsent(data)
            raise TimedOut
        listens = False
        self.sending = True
        try:
            try:
                if self._write_task is None:
                    if self._send_at_once(data):
                        return True
                else:
                    self._keep_unsent(data)
                listens = feed is not None and not self.receiving
                if listens:
                    self.receiving = True
                return await self._send_slices(timeout, deadline, feed if listens else None)
            finally:
                self.sending = False
                if listens:
                    self.receiving = False
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self._answer_received(feed):
                return False
            raise

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        if self._closed:
            raise StreamClosed
        if self.receiving:
            raise StreamBusy
        self.receiving = True
        try:
            while True:
                await self._wait((self._begin_receive(),), self._expiry(timeout, deadline))
                data = self._take_received()
                if feed(data) or not data:
                    return
        except OSError:
            if self._closed:
                raise StreamClosed from None
            raise
        finally:
            self.receiving = False

    def begin_send(self, data: bytes) -> bool:
        """As in `Stream`."""
        if self.sending:
            raise StreamBusy
        if self._is_writing():
            self._keep_unsent(data)
            return False
        return self._send_at_once(data)

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`."""
        return 0 if self.sending or self._is_writing() else self._send_some(data)

    def readable(self) -> bool:
        """As in `Stream`."""
        return (
            super().readable()
            if self._closed or self._receive_task is None
            else self._receive_task.done()
        )

    @property
    def unsent(self) -> int:
        """As in `Stream`."""
        task = self._write_task
        return super().unsent + (0 if task is None or task.done() else self._slice_size)

    def close(self) -> None:
        """As in `Stream`."""
        if self._closed:
            return
        self._closed = True
        self._unsent = None
        if not self._loop.is_closed():
            for task in (self._receive_task, self._write_task):
                if task is not None:
                    task.cancel()
        self._socket.close()

    def _receive_nowait(self) -> bytes | None:
        # What was begun to be received comes first.
        return super()._receive_nowait() if self._receive_task is None else self._received()

    def _expiry(self, timeout: float, deadline: float) -> float:
        now = self._loop.time()
        if now >= deadline:
            raise TimedOut
        return min(now + timeout, deadline)

    def _begin_receive(self) -> asyncio.Task[bytes]:
        task = self._receive_task
        if task is None:
            task = self._loop.create_task(self._loop.sock_recv(self._socket, self._size))
            task.add_done_callback(_look_at_failure)
            self._receive_task = task
        return task

    def _take_received(self) -> bytes:
        task, self._receive_task = self._receive_task, None
        if task is None or task.cancelled():
            raise StreamClosed
        data = task.result()
        self._adapt(len(data))
        return data

    def _received(self) -> bytes | None:
        task = self._receive_task
        return self._take_received() if task is not None and task.done() else None

    def _is_writing(self) -> bool:
        """Whether a write that a flow left is still under way. Raises what it failed with."""
        task = self._write_task
        if task is None:
            return False
        if not task.done():
            return True
        self._write_task = None
        task.result()
        return False

    def _begin_write(self) -> asyncio.Task[None] | None:
        """The task that writes the next slice; None when nothing is left to write."""
        task = self._write_task
        if task is None and self._unsent is not None:
            piece, rest = self._unsent[:_SLICE], self._unsent[_SLICE:]
            task = self._loop.create_task(self._loop.sock_sendall(self._socket, piece))
            task.add_done_callback(_look_at_failure)
            self._write_task = task
            self._slice_size = len(piece)
            self.bytes_sent += len(piece)
            self._unsent = rest or None
        return task

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

    async def _send_slices(self, timeout: float, deadline: float, feed: Feed | None) -> bool:
        while (writing := self._begin_write()) is not None:
            expires = self._expiry(timeout, deadline)
            while not writing.done():
                await self._wait(
                    (writing,) if feed is None else (writing, self._begin_receive()), expires
                )
                if feed is not None and (data := self._received()) is not None:
                    if feed(data):
                        return False
                    if not data:
                        feed = None  # the peer has only finished sending
            self._write_task = None
            writing.result()
        return True


def _look_at_failure(task: asyncio.Task[Any]) -> None:
    """What failed while nobody waited is not to be reported as never looked at."""
    if not task.cancelled():
        task.exception()


async def connect(
    loop: asyncio.AbstractEventLoop,
    addresses: Sequence[Address],
    settings: SocketSettings | None,
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
                running[loop.create_task(_attempt(loop, taken[1], settings))] = taken
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
    loop: asyncio.AbstractEventLoop, address: Address, settings: SocketSettings | None
) -> socket.socket:
    made = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        prepare(made, settings)
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
