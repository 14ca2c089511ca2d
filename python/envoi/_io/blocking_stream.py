"""A stream for threads.

On 64-bit Linux the socket is in blocking mode and the kernel keeps the timeout (SO_RCVTIMEO):
`recv` is then one system call, where Python's own `settimeout` makes it two (poll, recv) and
releases the interpreter's lock twice, for which a thread may have to wait long when others run.

Not so in the main thread: it gets the process's signals, and after each of them Python repeats
`recv` with the whole timeout, which then never passes under a timer. There `poll`, which Python
repeats with what is left, waits first, for 0.8 µs. (Another thread gets a signal only when it is
sent to that very thread, or when the main thread blocks it.) On other systems the socket is
non-blocking, and every thread polls.

One thread may send while another receives. Neither may touch a timeout that both use: `_armed` is
the receiver's, and whoever sends passes MSG_DONTWAIT and polls for room.

Closing: a system call that is under way must not meet another connection under the same descriptor.
So whoever uses the descriptor says so first (`sending` or `receiving`) and looks at `_closed`
afterwards, while `close` sets `_closed` first and looks at the two roles afterwards. One of them
sees the other: either the newcomer raises StreamClosed, or `close` leaves the descriptor to those
who are in, wakes them by shutting the connection down, and the last of them closes it (`_leave`).

To test a role and to set it is one step as far as threads are concerned: the interpreter switches
between threads only at calls and at the ends of loops, and there is neither between the two.
"""

from __future__ import annotations

import math
import os
import select
import socket
import struct
import threading
import time
from contextlib import suppress
from threading import get_ident
from typing import TYPE_CHECKING, Any

from envoi._io.protocols import Feed, SocketAddress, StreamBusy, StreamClosed, TimedOut
from envoi._io.socket_stream import SocketStream, poll_for_bytes
from envoi._io.sockets import (
    KERNEL_TIMEOUTS,
    LEAST_RECEIVE,
    MAX_SECONDS,
    NEVER_WAIT,
    milliseconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 1e8


class BlockingStream(SocketStream):
    """A stream whose methods wait in the caller's thread."""

    __slots__ = ("_armed", "_wait_poll")

    def __init__(self, connected: socket.socket, peer: SocketAddress | str | None) -> None:
        super().__init__(connected, peer)
        connected.settimeout(None if KERNEL_TIMEOUTS else 0.0)
        self._armed = math.inf
        self._wait_poll: Any = None

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self.sending:
            raise StreamBusy
        self.sending = True
        try:
            if deadline != math.inf and time.monotonic() >= deadline:
                self._keep_unsent(data)
                raise TimedOut
            if self._send_at_once(data):
                return True
            return self._send_unsent(timeout, deadline, feed)
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self._answer_received(feed):
                return False
            raise
        finally:
            self.sending = False
            if self._closed:
                self._leave()

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        if self.receiving:
            raise StreamBusy
        self.receiving = True
        try:
            if self._closed:
                raise StreamClosed
            polls = not KERNEL_TIMEOUTS or (
                get_ident() == _main_thread and not timeout == deadline == math.inf
            )
            while True:
                data = (
                    self._poll_for_bytes(timeout, deadline)
                    if polls
                    else self._wait_for_bytes(timeout, deadline)
                )
                received = len(data)
                if received > LEAST_RECEIVE >> 1 or self._size > LEAST_RECEIVE:
                    self._adapt(received)
                if feed(data) or not received:
                    return
        finally:
            self.receiving = False
            if self._closed:
                self._leave()

    def begin_send(self, data: bytes) -> bool:
        """As in `Stream`."""
        if self.sending:
            raise StreamBusy
        self.sending = True
        try:
            return self._send_at_once(data)
        except OSError:
            if self._closed:
                raise StreamClosed from None
            raise
        finally:
            self.sending = False
            if self._closed:
                self._leave()

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`."""
        if self.sending:
            return 0
        self.sending = True
        try:
            return self._send_some(data)
        except OSError:
            if self._closed:
                raise StreamClosed from None
            raise
        finally:
            self.sending = False
            if self._closed:
                self._leave()

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        if self.receiving:
            return False
        self.receiving = True
        try:
            return self._drain(feed)
        finally:
            self.receiving = False
            if self._closed:
                self._leave()

    def close(self) -> None:
        """As in `Stream`. Threads that wait in it are woken, and raise StreamClosed."""
        if self._closed:
            return
        self._closed = True
        if self.sending or self.receiving:
            with suppress(OSError):  # the peer was first
                self._socket.shutdown(socket.SHUT_RDWR)
        self._leave()

    def _leave(self) -> None:
        """Close the descriptor of a closed stream, unless a thread still uses it."""
        if not self.sending and not self.receiving:
            self._unsent = None
            self._socket.close()

    def _wait_for_bytes(self, timeout: float, deadline: float) -> bytes:
        """Receive, waiting as long as the kernel's own timeout has it."""
        if deadline == math.inf:
            if timeout != self._armed:
                self._arm(timeout)
            until = None
        else:
            now = time.monotonic()
            until = min(now + timeout, deadline)
            left = until - now
            if left <= 0:
                raise TimedOut
            # A deadline comes nearer with every wait: arming somewhat less than is left makes that
            # value do for many waits.
            if not left * 0.5 <= self._armed <= left:
                self._arm(left * 0.8)
        while True:
            try:
                data = self._receive(self._size)
            except (BlockingIOError, TimeoutError):
                if until is None or (left := until - time.monotonic()) <= 0:
                    raise TimedOut from None
                self._arm(left)
            except OSError:
                if self._closed:
                    raise StreamClosed from None
                raise
            else:
                if not data and self._closed:
                    raise StreamClosed
                return data

    def _poll_for_bytes(self, timeout: float, deadline: float) -> bytes:
        """Receive, having polled first."""
        poll = self._wait_poll or self._make_wait_poll()
        while True:
            left = timeout
            if deadline != math.inf and (left := min(deadline - time.monotonic(), timeout)) <= 0:
                raise TimedOut
            try:
                # `milliseconds` but for the call; a millisecond too much does not matter.
                ready = poll(int(left * 1000) + 1 if left < MAX_SECONDS else milliseconds(left))
                data = self._receive(self._size, NEVER_WAIT) if ready else None
            except BlockingIOError:
                continue
            except OSError:
                if self._closed:
                    raise StreamClosed from None
                raise
            if data is None:
                raise TimedOut
            if not data and self._closed:
                raise StreamClosed
            return data

    def _make_wait_poll(self) -> Callable[[int | None], object]:
        # Not the one of `readable`, which another thread may call meanwhile.
        self._wait_poll = poll = poll_for_bytes(self._socket)
        return poll

    def _arm(self, seconds: float) -> None:
        if self._closed:
            raise StreamClosed
        self._armed = seconds
        microseconds = 0 if seconds >= _LONGEST else max(int(seconds * 1e6), 1)  # 0 is for ever
        self._socket.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_RCVTIMEO,
            struct.pack("ll", *divmod(microseconds, 1_000_000)),
        )

    def _send_unsent(self, timeout: float, deadline: float, feed: Feed | None) -> bool:
        """Write what is unsent, waiting for room; false when `feed` has its answer."""
        if feed is None or self.receiving:
            return self._send_waiting(timeout, deadline, None)
        self.receiving = True
        try:
            return self._send_waiting(timeout, deadline, feed)
        finally:
            self.receiving = False

    def _send_waiting(self, timeout: float, deadline: float, feed: Feed | None) -> bool:
        limited = not timeout == deadline == math.inf
        until = min(time.monotonic() + timeout, deadline) if limited else math.inf
        while True:
            readable, writable = self._wait_for_room(until, feed is not None)
            if readable and feed is not None:
                data = self._receive_nowait()
                if data is not None and feed(data):
                    return False
                if data == b"":
                    feed = None  # the peer has only finished sending
            if writable:
                if self._send_at_once(b""):
                    return True
                if limited:
                    until = min(time.monotonic() + timeout, deadline)

    def _wait_for_room(self, until: float, also_bytes: bool) -> tuple[bool, bool]:
        """Wait until there are bytes to read, or there is room to write; which of them."""
        while True:
            left = until - time.monotonic() if until != math.inf else math.inf
            if left <= 0:
                raise TimedOut
            readable, writable = _poll_both(self._socket, left, also_bytes)
            if self._closed:
                raise StreamClosed
            if readable or writable:
                return readable, writable


_main_thread = threading.main_thread().ident
"""The thread that gets the process's signals."""


def _reset_after_fork() -> None:
    global _main_thread  # noqa: PLW0603 - the thread that forked is the child's first
    _main_thread = get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def _poll_both(waiting: socket.socket, seconds: float, also_bytes: bool) -> tuple[bool, bool]:
    if not hasattr(select, "poll"):
        readers = [waiting] if also_bytes else []
        readable, writable, failed = select.select(
            readers, [waiting], [waiting], min(seconds, MAX_SECONDS)
        )
        return bool(readable), bool(writable or failed)
    poller = select.poll()
    poller.register(waiting, select.POLLOUT | (select.POLLIN if also_bytes else 0))
    found = 0
    for _, events in poller.poll(milliseconds(seconds)):
        found |= events
    return bool(found & select.POLLIN), bool(found & ~select.POLLIN)
