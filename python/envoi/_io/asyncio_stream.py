"""A stream over a non-blocking socket that an asyncio loop watches.

The loop calls back when bytes are there; the callback receives them, gives them to the machine, and
wakes the flow only when the machine says so. One `add_reader` lasts for the connection's life,
unless bytes come while nobody pumps: then the socket is no longer watched, so that TCP slows the
peer down, until the next `pump`.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

from envoi._io.protocols import Feed, SocketAddress, StreamBusy, StreamClosed, TimedOut
from envoi._io.sockets import LEAST_RECEIVE, SocketStream

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine

_DIRECT_READS = 16
"""How many receives in a row may do without going through the loop: other tasks want to run as
well.
"""


def clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """The loop's `time`: of asyncio's own loops, the function that it calls."""
    return (
        time.monotonic
        if getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time
        else loop.time
    )


class AsyncioStream(SocketStream):
    """A stream for loops that have `add_reader`."""

    __slots__ = (
        "_direct",
        "_expires",
        "_feed",
        "_fileno",
        "_loop",
        "_now",
        "_outgoing",
        "_ready",
        "_timeout",
        "_timer",
        "_timer_at",
        "_until",
        "_waiter",
        "_watching",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connected: socket.socket,
        peer: SocketAddress | str | None,
    ) -> None:
        super().__init__(connected, peer)
        self._loop = loop
        self._now = clock_of(loop)
        self._fileno = connected.fileno()
        self._feed: Feed | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._outgoing: memoryview | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = self._expires = self._timeout = self._until = math.inf
        # Whether more bytes are likely to wait already, so that trying is cheaper than asking the
        # loop.
        self._ready = False
        self._direct = 0
        self._watching = False

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self._waiter is not None:
            raise StreamBusy
        if deadline != math.inf and self._now() >= deadline:
            raise TimedOut
        try:
            sent = self._send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return self._send_failed(feed)
        self.bytes_sent += sent
        if sent == len(data):
            return True
        self._outgoing = memoryview(data)[sent:]
        self._loop.add_writer(self._fileno, self._on_writable)
        try:
            return await self._wait(feed, timeout, deadline)
        except OSError:
            return self._send_failed(feed)
        finally:
            self._stop_writing()

    def pump(self, feed: Feed, timeout: float, deadline: float) -> Coroutine[Any, Any, Any]:
        """As in `Stream`."""
        if self._ready and self._direct < _DIRECT_READS:
            return self._pump_at_once(feed, timeout, deadline)
        return self._wait(feed, timeout, deadline)

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`: nothing fits while a flow waits for room."""
        return super().send_nowait(data) if self._outgoing is None else 0

    @property
    def in_use(self) -> bool:
        """As in `Stream`."""
        return self._waiter is not None

    def close(self) -> None:
        """As in `Stream`. A task that waits in it gets StreamClosed."""
        if self._closed:
            return
        self._closed = True
        self._drop_timer()
        if not self._loop.is_closed():
            if self._watching:
                self._loop.remove_reader(self._fileno)
            if self._outgoing is not None:
                self._loop.remove_writer(self._fileno)
        self._watching = False
        self._outgoing = None
        self._socket.close()
        self._fail(StreamClosed())

    def forget(self) -> None:
        """As in `Stream`. The loop is not told: its selector is the parent's as well."""
        self._watching = False
        self._outgoing = self._feed = None
        super().forget()

    async def _wait(self, feed: Feed | None, timeout: float, deadline: float) -> bool:
        if self._closed:
            raise StreamClosed
        if self._waiter is not None:
            raise StreamBusy
        self._feed = feed
        self._timeout = timeout
        self._until = deadline
        if timeout != math.inf or deadline != math.inf:
            self._arm()
        else:
            self._expires = math.inf
        if feed is not None and not self._watching:
            self._watching = True
            self._loop.add_reader(self._fileno, self._on_readable)
        self._direct = 0
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = waiter
        try:
            return await waiter
        finally:
            self._waiter = self._feed = None

    def _on_readable(self) -> None:
        feed = self._feed
        if feed is None:
            self._pause()
            return
        try:
            data = self._receive(self._size)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._pause()
            self._fail(error)
            return
        received = len(data)
        if received > LEAST_RECEIVE >> 1 or self._size > LEAST_RECEIVE:
            self._ready = received == self._size
            self.adapt(received)
        else:
            self._ready = False
        try:
            woken = feed(data)
        except BaseException as error:  # noqa: BLE001 - it belongs to the flow
            self._fail(error)
            return
        if woken or not received:
            self._feed = None
            if not received:
                self._pause()
                if self._outgoing is not None and not woken:
                    return  # the peer has only finished sending
            waiter = self._waiter
            if waiter is not None and not waiter.done():
                waiter.set_result(not woken)
        elif self._expires != math.inf:
            self._expires = min(self._now() + self._timeout, self._until)

    def _on_writable(self) -> None:
        outgoing = self._outgoing
        if outgoing is None:
            return
        try:
            sent = self._send(outgoing)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._stop_writing()
            self._fail(error)
            return
        if self._expires != math.inf:
            self._expires = min(self._now() + self._timeout, self._until)
        self.bytes_sent += sent
        self._outgoing = outgoing[sent:]
        if sent == len(outgoing):
            self._stop_writing()
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(True)

    async def _pump_at_once(self, feed: Feed, timeout: float, deadline: float) -> None:
        if self._waiter is not None:
            raise StreamBusy
        if deadline != math.inf and self._now() >= deadline:
            raise TimedOut
        if not self._receive_at_once(feed):
            await self._wait(feed, timeout, deadline)

    def _receive_at_once(self, feed: Feed) -> bool:
        """Serve a `pump` without the loop while bytes wait; false when it must wait."""
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

    def _send_failed(self, feed: Feed | None) -> bool:
        """In an `except OSError`: False when the peer's answer was there all the same."""
        if self._closed:
            raise StreamClosed from None
        if self.rescue(feed):
            return False
        raise  # noqa: PLE0704 - only called while an OSError is handled

    def _pause(self) -> None:
        if self._watching:
            self._watching = False
            self._ready = True
            self._loop.remove_reader(self._fileno)

    def _stop_writing(self) -> None:
        if self._outgoing is not None:
            self._outgoing = None
            self._loop.remove_writer(self._fileno)

    def _fail(self, error: BaseException) -> None:
        self._feed = None
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _arm(self) -> None:
        now = self._now()
        if now >= self._until:
            # Not left to the timer: in each turn of the loop what arrives comes first, and may end
            # the wait.
            raise TimedOut
        self._expires = expires = min(now + self._timeout, self._until)
        if self._timer is not None:
            if self._timer_at <= expires:
                return  # it fires early, sees that there is time left, and is armed anew
            self._timer.cancel()
        self._timer_at = expires
        self._timer = self._loop.call_at(expires, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._waiter is None or self._expires == math.inf:
            return  # idle: the next wait arms it
        # The loop may call a little early, by its clock's resolution.
        if self._now() + 0.001 >= self._expires:
            self._fail(TimedOut())
            return
        self._timer_at = self._expires
        self._timer = self._loop.call_at(self._expires, self._on_timer)

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
