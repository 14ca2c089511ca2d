"""The sending half of a stream under TLS.

Ciphertext must reach the network in the order in which OpenSSL put it out, and whole: a record that
is lost, torn or overtaken ends the connection. What is still to be sent lies in three places, in
this order:

1. the inner stream's own `unsent`: ciphertext that it was given,
2. OpenSSL's buffer, `TLSRecords.outgoing`,
3. `_plaintext`: what was given to `send` and is not encrypted yet.

Who moves it on:

- `begin_send` encrypts and gives the ciphertext to the inner stream in one step under the lock.
  Most sends are no more than that.
- A flow that has to wait for room in `send` has the role `_pushing` until it ends. Meanwhile only
  that flow gives ciphertext to the inner stream. It looks at OpenSSL's buffer once more when it
  ends, so that a receiver who has to answer something meanwhile may leave the answer there.
- `_flush_nowait` sends what OpenSSL put out unasked (alerts, answers to key updates), when nobody
  has that role, as far as there is room. If there was none, `_flush_needed` tells `pump` to try
  again: the peer may be waiting for the answer.

When `send` is cancelled the three places stay as they are, and the next `send` begins with them.

A write may need a read (a renegotiation in TLS 1.2). The flow in `send` then waits until whoever
receives has brought bytes (`_ciphertext_came`), or receives them itself when nobody does. (Only
then a `pump` that begins meanwhile gets StreamBusy, although nobody else asked for bytes.)
"""

from __future__ import annotations

import math
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from envoi._io.protocols import (
    Backend,
    Feed,
    Stream,
    StreamBusy,
    StreamClosed,
    TimedOut,
    Waiter,
)
from envoi._io.socket_stream import Answer
from envoi._io.tls_records import MAX_PER_RECORD, TLSRecords

if TYPE_CHECKING:
    from collections.abc import Coroutine

_SLICE: Final = 1 << 18
"""How much plaintext is encrypted before it is sent: what bounds the memory for a large body."""
LOOK_AGAIN_SECONDS: Final = 0.02
"""How often is looked whether what is waited for has come by another way, in the two states that
hardly ever occur: a write that needs a read, and an answer for which there is no room.
"""


class TLSSendingHalf:
    """What `TLSStream` is made from: everything about writing.

    Args:
        inner: what carries the bytes.
        context: used as it is.
        server_hostname: the name or the address that the certificate must be for.
        backend: where the flows run.
    """

    __slots__ = (
        "_ciphertext_came",
        "_closed",
        "_flush_needed",
        "_inner",
        "_new_waiter",
        "_now",
        "_plaintext",
        "_pushing",
        "_records",
    )

    def __init__(
        self, inner: Stream, context: ssl.SSLContext, server_hostname: str, backend: Backend
    ) -> None:
        self._inner = inner
        self._now = backend.now
        self._new_waiter = backend.waiter
        self._records = TLSRecords(context, server_hostname)
        self._plaintext: memoryview | None = None
        self._pushing = False
        self._flush_needed = False
        self._ciphertext_came: Waiter | None = None
        self._closed = False

    def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> Coroutine[Any, Any, bool]:
        """As in `Stream`."""
        if 0 < len(data) <= _SLICE and (deadline == math.inf or self._now() < deadline):
            try:
                if self.begin_send(data):
                    return _sent()
            except OSError as error:
                return self._end_send(error, feed)
            data = b""
        return self._send_waiting(data, timeout, deadline, feed)

    def begin_send(self, data: bytes) -> bool:
        """As in `Stream`."""
        records = self._records
        try:
            with records.lock:
                if self._closed:
                    raise StreamClosed  # noqa: TRY301 - passed on below
                if self._pushing:
                    raise StreamBusy  # noqa: TRY301
                if self._plaintext is not None or len(data) > MAX_PER_RECORD:
                    self._keep_plaintext(data)
                    return self._move_on()
                try:
                    if data:
                        records.object.write(data)
                except ssl.SSLWantReadError:
                    self._keep_plaintext(data)
                    return False
                return self._inner.begin_send(records.outgoing.read())
        except (OSError, StreamClosed, StreamBusy):
            raise
        except BaseException:  # a signal handler's: ciphertext may be lost
            self.close()
            raise

    def send_nowait(self, data: bytes) -> int:
        """As in `Stream`. All of `data` counts as sent when what was unsent before is."""
        if self._closed:
            raise StreamClosed
        # `locked`: the caller may be the garbage collector, or a signal handler, in the very thread
        # that has the lock.
        if not data or self._pushing or self._records.lock.locked():
            return 0
        if self.unsent and not self.begin_send(b""):
            return 0
        self.begin_send(data)
        return len(data)

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        raise NotImplementedError

    def close(self) -> None:
        """As in `Stream`."""
        raise NotImplementedError

    @property
    def sending(self) -> bool:
        """As in `Stream`."""
        return self._pushing or self._inner.sending

    @property
    def bytes_sent(self) -> int:
        """As in `Stream`: of the ciphertext, the handshake included."""
        return self._inner.bytes_sent

    @property
    def unsent(self) -> int:
        """As in `Stream`."""
        plaintext = self._plaintext
        return (
            self._inner.unsent
            + self._records.outgoing.pending
            + (0 if plaintext is None else len(plaintext))
        )

    def _take(self, feed: Feed, ciphertext: bytes | None) -> bool:
        raise NotImplementedError

    def _take_for_handshake(self, data: bytes) -> bool:
        raise NotImplementedError

    def _keep(self, data: bytes) -> bool:
        raise NotImplementedError

    async def _send_waiting(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None
    ) -> bool:
        """Send what is unsent and then `data`, waiting for room."""
        if self._closed:
            raise StreamClosed
        if self._pushing:
            raise StreamBusy
        self._pushing = True
        self._flush_needed = False
        try:
            with self._records.lock:  # whoever moves the rest on without the role is at it no more
                self._keep_plaintext(data)
            if deadline != math.inf and self._now() >= deadline:
                raise TimedOut
            return await self._push_all(
                timeout, deadline, None if feed is None else partial(self._take, feed)
            )
        except OSError as error:
            return await self._end_send(error, feed)
        except KeyboardInterrupt:  # ciphertext may be lost
            self.close()
            raise
        finally:
            self._pushing = False
            self._leave()

    def _leave(self) -> None:
        """After a flow had the role: see to what was left to it."""
        if self._closed:
            self._plaintext = None
        elif self._records.outgoing.pending:
            self._flush_nowait()

    async def _push_all(self, timeout: float, deadline: float, feed: Feed | None) -> bool:
        """Write ciphertext and plaintext, in the role; false when `feed` has its answer."""
        records = self._records
        while await self._push(timeout, deadline, feed):
            plaintext = self._plaintext
            if self._closed:  # which throws away what was not encrypted yet
                raise StreamClosed
            if plaintext is None:
                return True
            ciphertext_came = None
            with records.lock:
                try:
                    records.encrypt(plaintext[:_SLICE])
                except ssl.SSLWantReadError:
                    ciphertext_came = self._ciphertext_came = self._new_waiter()
            if ciphertext_came is None:
                self._plaintext = plaintext[_SLICE:] or None
            else:
                await self._push(timeout, deadline, None)
                await self._wait_for_ciphertext(ciphertext_came, timeout, deadline)
        return False

    async def _push(self, timeout: float, deadline: float, feed: Feed | None) -> bool:
        """Write all the ciphertext there is, in the role; false when `feed` has its answer."""
        inner = self._inner
        while True:
            with self._records.lock:
                output = self._records.outgoing.read()
            if not output and not inner.unsent:
                return True
            if not await inner.send(output, timeout, deadline, feed):
                return False

    async def _wait_for_ciphertext(self, came: Waiter, timeout: float, deadline: float) -> None:
        """Wait for bytes of the peer's, which a write needs: until the receiver has brought some,
        or by receiving.
        """
        until = min(self._now() + timeout, deadline)
        while self._ciphertext_came is came:
            if not self._inner.receiving:
                try:
                    await self._inner.pump(self._take_for_handshake, timeout, deadline)
                except StreamBusy:
                    continue  # a thread was faster
                return
            if self._now() >= until:
                raise TimedOut
            try:
                await came.wait(min(until, self._now() + LOOK_AGAIN_SECONDS))
            except TimedOut:
                continue  # whoever received may have ended without bringing anything

    def _wake_sender(self) -> None:
        came, self._ciphertext_came = self._ciphertext_came, None
        if came is not None:
            came.set()

    async def _end_send(self, error: OSError, feed: Feed | None) -> bool:
        """After a failed send: False when `feed` got its answer all the same.

        Raises:
            ssl.SSLError: the peer's reason, if it gave one before it went away.
            OSError: the failure itself.
        """
        if self._closed:
            raise StreamClosed from None
        if isinstance(error, ssl.SSLError):
            raise error
        try:
            if feed is None:
                self.drain_nowait(self._keep)
            else:
                self.drain_nowait(answer := Answer(feed))
                if answer.came:
                    return False
        except ssl.SSLError as alert:
            raise alert from None
        except (OSError, StreamClosed):
            pass
        raise error

    def _flush_nowait(self) -> bool:
        """Write what OpenSSL has put out, and what is unsent, as far as it fits without waiting.
        Whether all ciphertext did, or another flow sees to that.
        """
        try:
            with self._records.lock:
                if not self._pushing:
                    self._move_on()
        except (OSError, StreamClosed, StreamBusy):
            self._flush_needed = False  # there is no use in trying again
        return not self._flush_needed

    def _move_on(self) -> bool:
        """Write what is unsent, as far as it fits without waiting; whether all of it did. Under the
        lock.
        """
        records = self._records
        while True:
            self._flush_needed = not self._inner.begin_send(records.outgoing.read())
            plaintext = self._plaintext
            if self._flush_needed or plaintext is None:
                return not self._flush_needed
            try:
                records.encrypt(plaintext[:_SLICE])
            except ssl.SSLWantReadError:
                return False
            self._plaintext = plaintext[_SLICE:] or None

    def _keep_plaintext(self, data: bytes) -> None:
        if data:
            kept = self._plaintext
            self._plaintext = memoryview(data if kept is None else b"".join((kept, data)))


async def _sent() -> bool:
    return True
