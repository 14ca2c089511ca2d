"""A stream over a non-blocking socket that an asyncio loop watches.

The loop calls back when bytes are there; the callback receives them, gives them to the machine, and
wakes the flow only when the machine says so.

Who waits for what:

- `_receiver` is the Wait of the flow in `pump`, `_sender` of the flow that waits for room in
  `send`, made when that first happens. They end one by one: neither looks at the other.
- `_feed` takes what arrives, and `_listener` is the Wait to wake when it says so: `_receiver`, or
  `_sender` where a sender receives while it waits. `_feed` is None when nobody is to get bytes:
  between two waits, and from the moment when a flow was woken until its next wait.

What the loop watches:

- One `add_reader` lasts for the connection's life (`_watching`), unless bytes come while `_feed` is
  None: then the socket is no longer watched, so that TCP slows the peer down, until the next wait.
- `add_writer` lasts for one wait for room (`_watching_room`).

`send` tries the socket first. When all of the bytes fit, which is the rule, nothing else is touched
than `bytes_sent`. Otherwise the rest is `_unsent` (see `socket_stream.py`), and the sender waits
until `_on_writable` has written it. Then `_unsent` is `_NOTHING`, not None, until the sender has
resumed: so `send` needs to look at `_unsent` alone to know that nobody is sending.

What a callback raises, be it the socket's or the feed's, is raised in the flow that waits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from envoi._io.asyncio_wait import Wait, clock_of
from envoi._io.protocols import Feed, SocketAddress, StreamBusy, StreamClosed, TimedOut
from envoi._io.socket_stream import MAX_IN_A_ROW, SocketStream
from envoi._io.sockets import LEAST_RECEIVE

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Coroutine


_NOTHING: Final = memoryview(b"")


class AsyncioStream(SocketStream):
    """A stream for loops that have `add_reader`."""

    __slots__ = (
        "_feed",
        "_fileno",
        "_listener",
        "_loop",
        "_now",
        "_receiver",
        "_sender",
        "_watching",
        "_watching_room",
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
        self._receiver = Wait(loop, self._now)
        self._sender: Wait | None = None
        self._feed: Feed | None = None
        self._listener = self._receiver
        self._watching = False
        self._watching_room = False

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self._unsent is not None:
            return await self._send_behind(data, timeout, deadline, feed)
        if deadline != math.inf and self._now() >= deadline:
            self._keep_unsent(data)
            raise TimedOut
        # `_send_at_once` but for the call.
        try:
            sent = self._send(data)
            self.bytes_sent += sent
            if sent == len(data):
                return True
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return self._send_failed(feed)
        except BaseException:
            self.close()
            raise
        self._unsent = memoryview(data)[sent:]
        return await self._send_unsent(timeout, deadline, feed)

    def pump(self, feed: Feed, timeout: float, deadline: float) -> Coroutine[Any, Any, None]:
        """As in `Stream`."""
        if self._likely_readable and self._in_a_row < MAX_IN_A_ROW:
            return self._pump_at_once(feed, timeout, deadline)
        return self._pump_watching(feed, timeout, deadline)

    def close(self) -> None:
        """As in `Stream`."""
        if self._closed:
            return
        self._closed = True
        if not self._loop.is_closed():
            if self._watching:
                self._loop.remove_reader(self._fileno)
            self._stop_watching_room()
        self._watching = self._watching_room = False
        self._feed = self._unsent = None
        self._socket.close()
        for wait in (self._receiver, self._sender):
            if wait is not None:
                wait.drop_timer()
                wait.fail(StreamClosed())

    def forget(self) -> None:
        """As in `Stream`. The loop is not told: its selector is the parent's as well."""
        self._watching = self._watching_room = False
        self._feed = None
        super().forget()

    async def _pump_at_once(self, feed: Feed, timeout: float, deadline: float) -> None:
        if self.receiving:
            raise StreamBusy
        if deadline != math.inf and self._now() >= deadline:
            raise TimedOut
        if not self._receive_at_once(feed):
            await self._pump_watching(feed, timeout, deadline)

    async def _pump_watching(self, feed: Feed, timeout: float, deadline: float) -> None:
        if self._closed:
            raise StreamClosed
        if self.receiving:
            raise StreamBusy
        self.receiving = True
        wait = self._receiver
        try:
            future = wait.begin(timeout, deadline)
            self._feed = feed
            self._listener = wait
            if not self._watching:
                self._watch()
            self._in_a_row = 0
            await future
        finally:
            self.receiving = False
            wait.future = self._feed = None

    def _on_readable(self) -> None:
        feed = self._feed
        if feed is None:
            self._stop_watching()
            return
        wait = self._listener
        try:
            try:
                data = self._receive(self._size)
            except (BlockingIOError, InterruptedError):
                return
            received = len(data)
            if received > LEAST_RECEIVE >> 1 or self._size > LEAST_RECEIVE:
                self._likely_readable = received == self._size
                self._adapt(received)
            else:
                self._likely_readable = False
            woken = feed(data)
            if woken or not received:
                self._feed = None
                if not received:
                    self._stop_watching()
                    if not woken and wait is self._sender:
                        return  # the peer has only finished sending
                future = wait.future
                if future is not None and not future.done():
                    future.set_result(not woken)
            elif wait is self._receiver:
                wait.progress()
        except BaseException as error:  # noqa: BLE001 - the flow's, or it would wait in vain
            self._feed = None
            wait.fail(error)
            self._stop_watching()

    async def _send_behind(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None
    ) -> bool:
        """Send when there are unsent bytes: another flow's who is at it, or one's who left."""
        if self.sending:
            raise StreamBusy
        self._keep_unsent(data)
        if deadline != math.inf and self._now() >= deadline:
            raise TimedOut
        try:
            if self._send_at_once(b""):
                return True
        except OSError:
            return self._send_failed(feed)
        return await self._send_unsent(timeout, deadline, feed)

    async def _send_unsent(self, timeout: float, deadline: float, feed: Feed | None) -> bool:
        """Write what is unsent, waiting for room; false when `feed` has its answer."""
        wait = self._sender
        if wait is None:
            wait = self._sender = Wait(self._loop, self._now)
        if self.receiving:
            feed = None
        self.sending = True
        try:
            try:
                future = wait.begin(timeout, deadline)
                self._watching_room = True
                self._loop.add_writer(self._fileno, self._on_writable)
                if feed is not None:
                    self.receiving = True
                    self._feed = feed
                    self._listener = wait
                    if not self._watching:
                        self._watch()
                return bool(await future)
            finally:
                self.sending = False
                wait.future = None
                self._stop_watching_room()
                if not self._unsent:
                    self._unsent = None
                if feed is not None:
                    self.receiving = False
                    self._feed = None
        except OSError:
            return self._send_failed(feed)

    def _on_writable(self) -> None:
        wait = self._sender
        if wait is None or wait.future is None:
            return
        before = self.bytes_sent
        try:
            done = self._send_at_once(b"")
        except BaseException as error:  # noqa: BLE001 - the flow's, or it would wait in vain
            self._stop_watching_room()
            wait.fail(error)
            return
        if done:
            self._unsent = _NOTHING
            self._stop_watching_room()
            if not wait.future.done():
                wait.future.set_result(True)
        elif self.bytes_sent > before:
            wait.progress()

    def _send_failed(self, feed: Feed | None) -> bool:
        """In an `except OSError`: False when the peer's answer was there all the same."""
        if self._closed:
            raise StreamClosed from None
        if self._answer_received(feed):
            return False
        raise  # noqa: PLE0704 - only called while an OSError is handled

    def _watch(self) -> None:
        self._watching = True
        self._loop.add_reader(self._fileno, self._on_readable)

    def _stop_watching(self) -> None:
        if self._watching:
            self._watching = False
            self._likely_readable = True
            self._loop.remove_reader(self._fileno)

    def _stop_watching_room(self) -> None:
        if self._watching_room:
            self._watching_room = False
            self._loop.remove_writer(self._fileno)
