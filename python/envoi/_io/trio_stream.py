"""A stream over a non-blocking socket that trio watches."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from envoi._io.protocols import Feed, SocketAddress, StreamBusy, StreamClosed, TimedOut
from envoi._io.sockets import LEAST_RECEIVE, SocketStream
from envoi._io.trio_groups import only_exception

if TYPE_CHECKING:
    import socket

_DIRECT_READS = 16
"""How many receives in a row may do without going through trio's scheduler: other tasks want to run
as well.
"""


class TrioStream(SocketStream):
    """A stream for trio."""

    __slots__ = ("_direct", "_ready", "in_use")

    def __init__(self, connected: socket.socket, peer: SocketAddress | str | None) -> None:
        super().__init__(connected, peer)
        # Whether more bytes are likely to wait already, so that trying is cheaper than asking trio.
        self._ready = False
        self._direct = 0
        self.in_use = False

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self.in_use:
            raise StreamBusy
        if deadline != math.inf and trio.current_time() >= deadline:
            raise TimedOut
        self.in_use = True
        try:
            sent = self.send_nowait(data)
            if sent == len(data):
                return True
            rest = memoryview(data)[sent:]
            if feed is None:
                return await self._send_rest(rest, timeout, deadline)
            return await self._send_and_receive(rest, timeout, deadline, feed)
        except trio.ClosedResourceError:
            raise StreamClosed from None
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self.rescue(feed):
                return False
            raise
        finally:
            self.in_use = False

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        if self._closed:
            raise StreamClosed
        if self.in_use:
            raise StreamBusy
        now = 0.0 if timeout == deadline == math.inf else trio.current_time()
        if now >= deadline:
            raise TimedOut
        self.in_use = True
        try:
            if self._ready and self._direct < _DIRECT_READS and self._receive_at_once(feed):
                return
            self._direct = 0
            if timeout == deadline == math.inf:
                await self._receive_until_woken(feed, None, timeout, deadline)
                return
            with trio.CancelScope(deadline=min(now + timeout, deadline)) as scope:
                await self._receive_until_woken(feed, scope, timeout, deadline)
            if scope.cancelled_caught:
                raise TimedOut
        finally:
            self.in_use = False

    def close(self) -> None:
        """As in `Stream`. A task that waits in it gets StreamClosed."""
        if self._closed:
            return
        self._closed = True
        with suppress(RuntimeError):  # trio does not run any more: nobody waits
            trio.lowlevel.notify_closing(self._socket)
        self._socket.close()

    async def _receive_until_woken(
        self, feed: Feed, scope: trio.CancelScope | None, timeout: float, deadline: float
    ) -> None:
        while True:
            if self._closed:
                raise StreamClosed
            try:
                await trio.lowlevel.wait_readable(self._socket)
                data = self._receive(self._size)
            except (BlockingIOError, InterruptedError):
                continue
            except trio.ClosedResourceError:
                raise StreamClosed from None
            except OSError:
                if self._closed:
                    raise StreamClosed from None
                raise
            received = len(data)
            if received > LEAST_RECEIVE >> 1 or self._size > LEAST_RECEIVE:
                self._ready = received == self._size
                self.adapt(received)
            else:
                self._ready = False
            if feed(data) or not received:
                return
            if scope is not None:
                scope.deadline = min(trio.current_time() + timeout, deadline)

    def _receive_at_once(self, feed: Feed) -> bool:
        while not self._closed and self._direct < _DIRECT_READS:
            self._direct += 1
            data = self.receive_nowait()
            if data is None:
                self._ready = False
                break
            received = len(data)
            self._ready = received == self._size
            self.adapt(received)
            if feed(data) or not received:
                return True
            if not self._ready:
                break
        return False

    async def _send_rest(self, rest: memoryview, timeout: float, deadline: float) -> bool:
        with trio.CancelScope(deadline=min(trio.current_time() + timeout, deadline)) as scope:
            while rest:
                await trio.lowlevel.wait_writable(self._socket)
                sent = self.send_nowait(rest)
                rest = rest[sent:]
                if sent:
                    scope.deadline = min(trio.current_time() + timeout, deadline)
        if scope.cancelled_caught:
            raise TimedOut
        return True

    async def _send_and_receive(
        self, rest: memoryview, timeout: float, deadline: float, feed: Feed
    ) -> bool:
        """Send with an ear open. What either side raises is carried out by hand: a nursery would
        wrap it in a group.
        """
        woken = False
        failure: Exception | None = None

        async def listen() -> None:
            nonlocal woken, failure
            try:
                while True:
                    await trio.lowlevel.wait_readable(self._socket)
                    data = self.receive_nowait()
                    if data is not None and feed(data):
                        woken = True
                        break
                    if data == b"":
                        return  # the peer has only finished sending
            except Exception as error:  # noqa: BLE001 - raised below
                failure = failure or error
            nursery.cancel_scope.cancel()

        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen)
                try:
                    await self._send_rest(rest, timeout, deadline)
                except Exception as error:  # noqa: BLE001 - raised below
                    failure = failure or error
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise only_exception(group) from None
        if woken:
            return False
        if failure is not None:
            raise failure
        return True
