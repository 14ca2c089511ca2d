"""The backend for ordinary threads: every method runs to its end in the caller's thread, so that
nothing ever suspends.
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
from typing import TYPE_CHECKING, Any, TypeVar

from envoi._io import blocking_connect
from envoi._io.protocols import (
    Address,
    Feed,
    Lock,
    SecureStream,
    SocketAddress,
    Stream,
    StreamBusy,
    StreamClosed,
    TimedOut,
    TLSConfig,
    give_up,
    quietly,
)
from envoi._io.resolver import shared_resolver
from envoi._io.run_sync import run_sync
from envoi._io.sockets import (
    KERNEL_TIMEOUTS,
    LEAST_RECEIVE,
    MOST_SECONDS,
    NEVER_WAIT,
    SocketStream,
    milliseconds,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

T = TypeVar("T")

_LONGEST = 1e8


class BlockingBackend:
    """Where the flows of a sync session run. One may serve any number of threads."""

    name = "blocking"

    now = staticmethod(time.monotonic)

    def lock(self) -> Lock:
        """As in `Backend`."""
        return threading.Lock()

    def call_soon(self, function: Callable[[], None]) -> None:
        """As in `Backend`: here and now."""
        function()

    def waiter(self) -> BlockingWaiter:
        """As in `Backend`."""
        return BlockingWaiter()

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> BlockingJob:
        """As in `Backend`: here and now."""
        run_sync(quietly(function))
        return BlockingJob()

    def check_owner(self) -> None:
        """Any thread may use it."""

    async def sleep(self, seconds: float) -> None:
        """As in `Backend`."""
        while seconds > MOST_SECONDS:
            time.sleep(MOST_SECONDS)  # noqa: ASYNC251 - nothing here waits otherwise
            seconds -= MOST_SECONDS
        time.sleep(seconds)  # noqa: ASYNC251

    async def checkpoint(self) -> None:
        """As in `Backend`: nothing to do."""

    async def within(self, deadline: float, awaitable: Awaitable[T]) -> T:
        """As in `Backend`."""
        if deadline == math.inf:
            return await awaitable
        if time.monotonic() >= deadline:
            give_up(awaitable)
        result = await awaitable
        if time.monotonic() >= deadline:
            raise TimedOut
        return result

    async def resolve(self, host: str, port: int, deadline: float) -> Sequence[Address]:
        """As in `Backend`."""
        resolver = shared_resolver()
        known = resolver.known(host, port)
        if known is not None:
            return known
        waiter = BlockingWaiter()
        return await resolver.answer(host, port, waiter, waiter.set, deadline)

    async def connect(
        self, addresses: Sequence[Address], local_address: tuple[str, int] | None, deadline: float
    ) -> Stream:
        """As in `Backend`."""
        connected, address = blocking_connect.connect(addresses, local_address, deadline)
        return BlockingStream(connected, address.sockaddr)

    async def connect_unix(self, path: str, deadline: float) -> Stream:
        """As in `Backend`."""
        return BlockingStream(blocking_connect.connect_unix(path, deadline), path)

    async def prepare_tls(self, config: TLSConfig) -> None:
        """As in `Backend`."""
        from envoi._io import tls

        await tls.prepare(self, config)

    async def start_tls(
        self, stream: Stream, config: TLSConfig, server_hostname: str, deadline: float
    ) -> SecureStream:
        """As in `Backend`."""
        from envoi._io import tls

        return await tls.start(self, stream, config, server_hostname, deadline)

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """As in `Backend`: here."""
        return function()


class BlockingJob:
    """What has ended when it is returned."""

    __slots__ = ()

    def cancel(self) -> None:
        """As in `Job`: too late."""

    async def stop(self) -> None:
        """As in `Job`: too late."""


class BlockingWaiter:
    """A one-shot signal between threads."""

    __slots__ = ("_flag", "_lock")

    def __init__(self) -> None:
        self._flag = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """As in `Waiter`."""
        self._flag = True
        try:
            self._lock.release()
        except RuntimeError:  # it was set before
            return

    async def wait(self, deadline: float) -> None:
        """As in `Waiter`."""
        if self._flag:
            return
        if deadline == math.inf:
            self._lock.acquire()
        else:
            left = deadline - time.monotonic()
            if left <= 0 or not self._lock.acquire(timeout=min(left, threading.TIMEOUT_MAX)):
                raise TimedOut
        self._lock.release()


class BlockingStream(SocketStream):
    """A stream over a socket in blocking mode.

    On Linux the kernel keeps the timeout (SO_RCVTIMEO): `recv` is then one system call, where
    Python's own `settimeout` makes it two (poll, recv) and releases the interpreter's lock twice,
    for which a thread may have to wait long when others run.

    Not so in the main thread: it gets the process's signals, and after each of them Python repeats
    `recv` with the whole timeout, which then never passes under a timer. There `poll`, which Python
    repeats with what is left, waits first, for 0.8 µs. (Another thread gets a signal only when it
    is sent to that very thread, or when the main thread blocks it.)
    """

    __slots__ = ("_armed", "in_use")

    def __init__(self, connected: socket.socket, peer: SocketAddress | str | None) -> None:
        super().__init__(connected, peer)
        connected.settimeout(None)
        self._armed = math.inf
        # Testing and setting it is one step as far as threads are concerned: the interpreter only
        # switches at calls and at loops' ends.
        self.in_use = False

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self.in_use:
            raise StreamBusy
        self.in_use = True
        try:
            if deadline != math.inf and time.monotonic() >= deadline:
                raise TimedOut
            sent = self._try_send(data)
            if sent == len(data):
                return True
            return self._send_rest(memoryview(data)[sent:], timeout, deadline, feed)
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self.rescue(feed):
                return False
            raise
        finally:
            self.in_use = False
            if self._closed:
                self._socket.close()

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        if self.in_use:
            raise StreamBusy
        self.in_use = True
        try:
            if self._closed:
                raise StreamClosed
            polls = get_ident() == _main_thread and not timeout == deadline == math.inf
            while True:
                data = (
                    self._poll_for_bytes(timeout, deadline)
                    if polls
                    else self._wait_for_bytes(timeout, deadline)
                )
                received = len(data)
                if received > LEAST_RECEIVE >> 1 or self._size > LEAST_RECEIVE:
                    self.adapt(received)
                if feed(data) or not received:
                    return
        finally:
            self.in_use = False
            if self._closed:
                self._socket.close()

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`."""
        if not KERNEL_TIMEOUTS:
            self._arm(0.0)
        return super().send_nowait(data)

    _try_send = (
        SocketStream.send_nowait if KERNEL_TIMEOUTS else send_nowait
    )  # one call less for every request

    def receive_nowait(self) -> bytes | None:
        """One `recv` that does not wait."""
        if not KERNEL_TIMEOUTS:
            self._arm(0.0)
        return super().receive_nowait()

    def close(self) -> None:
        """As in `Stream`. A thread that waits in it is woken, and raises StreamClosed."""
        if self._closed:
            return
        self._closed = True
        if not self.in_use:
            self._socket.close()
            return
        # Closing is left to that thread: its system call might meet another connection under the
        # same descriptor.
        with suppress(OSError):  # the peer was first
            self._socket.shutdown(socket.SHUT_RDWR)

    def _wait_for_bytes(self, timeout: float, deadline: float) -> bytes:
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
        poll = self._poll or self.make_poll()
        while True:
            left = timeout
            if deadline != math.inf and (left := min(deadline - time.monotonic(), timeout)) <= 0:
                raise TimedOut
            try:
                # `milliseconds` but for the call; a millisecond too much does not matter.
                ready = poll(int(left * 1000) + 1 if left < MOST_SECONDS else milliseconds(left))
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

    def _arm(self, seconds: float) -> None:
        if self._closed:
            raise StreamClosed
        self._armed = seconds
        if not KERNEL_TIMEOUTS:
            self._socket.settimeout(None if seconds == math.inf else min(seconds, _LONGEST))
            return
        microseconds = 0 if seconds >= _LONGEST else max(int(seconds * 1e6), 1)  # 0 is for ever
        self._socket.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_RCVTIMEO,
            struct.pack("ll", *divmod(microseconds, 1_000_000)),
        )

    def _send_rest(
        self, rest: memoryview, timeout: float, deadline: float, feed: Feed | None
    ) -> bool:
        while True:
            until = (
                math.inf
                if timeout == deadline == math.inf
                else min(time.monotonic() + timeout, deadline)
            )
            if self._wait_for_room(until, feed is not None) and feed is not None:
                data = self.receive_nowait()
                if data is not None and feed(data):
                    return False
                if data == b"":
                    feed = None
            rest = rest[self.send_nowait(rest) :]
            if not rest:
                return True

    def _wait_for_room(self, until: float, also_bytes: bool) -> bool:
        """Wait until there is room; true when there are bytes to read."""
        while True:
            left = until - time.monotonic() if until != math.inf else math.inf
            if left <= 0:
                raise TimedOut
            readable, writable = _poll_both(self._socket, left, also_bytes)
            if self._closed:
                raise StreamClosed
            if readable or writable:
                return readable


_main_thread = threading.main_thread().ident if KERNEL_TIMEOUTS else None
"""The thread whose streams poll; none where Python's own timeouts are used."""


def _reset_after_fork() -> None:
    global _main_thread  # noqa: PLW0603 - the thread that forked is the child's first
    if KERNEL_TIMEOUTS:
        _main_thread = get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def _poll_both(waiting: socket.socket, seconds: float, also_bytes: bool) -> tuple[bool, bool]:
    if not hasattr(select, "poll"):
        readers = [waiting] if also_bytes else []
        readable, writable, failed = select.select(
            readers, [waiting], [waiting], min(seconds, MOST_SECONDS)
        )
        return bool(readable), bool(writable or failed)
    poller = select.poll()
    poller.register(waiting, select.POLLOUT | (select.POLLIN if also_bytes else 0))
    found = 0
    for _, events in poller.poll(milliseconds(seconds)):
        found |= events
    return bool(found & select.POLLIN), bool(found & ~select.POLLIN)
