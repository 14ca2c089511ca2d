"""A stream over a non-blocking socket that trio watches.

One task may wait for room while another waits for bytes: trio lets each wait on the same socket,
and `close` wakes both by `notify_closing`.
"""

from __future__ import annotations

import math
from contextlib import suppress

import trio

from envoi._io.protocols import Feed, StreamBusy, StreamClosed, TimedOut
from envoi._io.socket_stream import MAX_IN_A_ROW, SocketStream
from envoi._io.sockets import LEAST_RECEIVE
from envoi._io.trio_groups import only_exception


class TrioStream(SocketStream):
    """A stream for trio."""

    __slots__ = ()

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self.sending:
            raise StreamBusy
        if deadline != math.inf and trio.current_time() >= deadline:
            self._keep_unsent(data)
            raise TimedOut
        self.sending = True
        try:
            if self._send_at_once(data):
                return True
            if feed is None or self.receiving:
                return await self._send_unsent(timeout, deadline)
            self.receiving = True
            try:
                return await self._send_and_receive(timeout, deadline, feed)
            finally:
                self.receiving = False
        except trio.ClosedResourceError:
            raise StreamClosed from None
        except OSError:
            if self._closed:
                raise StreamClosed from None
            if self._answer_received(feed):
                return False
            raise
        finally:
            self.sending = False

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        if self._closed:
            raise StreamClosed
        if self.receiving:
            raise StreamBusy
        now = 0.0 if timeout == deadline == math.inf else trio.current_time()
        if now >= deadline:
            raise TimedOut
        self.receiving = True
        try:
            if (
                self._likely_readable
                and self._in_a_row < MAX_IN_A_ROW
                and self._receive_at_once(feed)
            ):
                return
            self._in_a_row = 0
            if timeout == deadline == math.inf:
                await self._receive_until_woken(feed, None, timeout, deadline)
                return
            with trio.CancelScope(deadline=min(now + timeout, deadline)) as scope:
                await self._receive_until_woken(feed, scope, timeout, deadline)
            if scope.cancelled_caught:
                raise TimedOut
        finally:
            self.receiving = False

    def close(self) -> None:
        """As in `Stream`."""
        if self._closed:
            return
        self._closed = True
        self._unsent = None
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
                self._likely_readable = received == self._size
                self._adapt(received)
            else:
                self._likely_readable = False
            if feed(data) or not received:
                return
            if scope is not None:
                scope.deadline = min(trio.current_time() + timeout, deadline)

    async def _send_unsent(self, timeout: float, deadline: float) -> bool:
        """Write what is unsent, waiting for room."""
        with trio.CancelScope(deadline=min(trio.current_time() + timeout, deadline)) as scope:
            while True:
                await trio.lowlevel.wait_writable(self._socket)
                before = self.bytes_sent
                if self._send_at_once(b""):
                    return True
                if self.bytes_sent > before:
                    scope.deadline = min(trio.current_time() + timeout, deadline)
        raise TimedOut

    async def _send_and_receive(self, timeout: float, deadline: float, feed: Feed) -> bool:
        """Write what is unsent, and receive while waiting for room; false when `feed` has its
        answer. What either task raises is carried out by hand: a nursery would wrap it in a group.
        """
        woken = False
        failure: Exception | None = None

        async def listen() -> None:
            nonlocal woken, failure
            try:
                while True:
                    if self._closed:  # perhaps before this task's first turn
                        raise StreamClosed  # noqa: TRY301 - passed on below
                    await trio.lowlevel.wait_readable(self._socket)
                    data = self._receive_nowait()
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
                    await self._send_unsent(timeout, deadline)
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
