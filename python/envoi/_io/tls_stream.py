"""A stream under TLS: receiving, and what belongs to both directions.

The inner stream is pumped with `_take`, which decrypts, and gives plaintext to the caller's feed.
`_leftover` is what had to be decrypted before a feed was there, by `readable` or after a failed
send: plaintext, or b"" for the end. It goes to the next feed. The end stays in `_leftover`, because
an end is not passed, and TCP's own may come later or never.

Nothing here holds the lock of `TLSRecords` while a feed runs, or while it waits: a feed may send,
and `close` may come from any thread, from a signal handler or from the garbage collector.
"""

from __future__ import annotations

import math
import ssl
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from envoi._io.protocols import (
    Backend,
    Feed,
    SocketAddress,
    Stream,
    StreamBusy,
    StreamClosed,
    TimedOut,
)
from envoi._io.tls_sending import LOOK_AGAIN_SECONDS, TLSSendingHalf

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class TLSStream(TLSSendingHalf):
    """A `SecureStream` around another stream.

    Args:
        inner: what carries the bytes.
        context: used as it is.
        server_hostname: the name or the address that the certificate must be for.
        backend: where the flows run.
    """

    __slots__ = ("_leftover",)

    def __init__(
        self, inner: Stream, context: ssl.SSLContext, server_hostname: str, backend: Backend
    ) -> None:
        super().__init__(inner, context, server_hostname, backend)
        self._leftover: bytes | None = None

    async def handshake(self, deadline: float) -> None:
        """Talk until both sides agree. Nobody else has the stream yet."""
        records = self._records
        while True:
            try:
                with records.lock:
                    records.object.do_handshake()
            except ssl.SSLWantReadError:
                await self._push(math.inf, deadline, None)
                await self._inner.pump(self._take_for_handshake, math.inf, deadline)
            else:
                await self._push(math.inf, deadline, None)
                return

    def pump(self, feed: Feed, timeout: float, deadline: float) -> Coroutine[Any, Any, None]:
        """As in `Stream`."""
        if self._leftover is not None or self._flush_needed or self._records.incoming.pending:
            return self._pump_what_is_here(feed, timeout, deadline)
        return self._inner.pump(partial(self._take, feed), timeout, deadline)

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        if self._closed or self._inner.receiving:
            return False
        return self._take_what_is_here(feed) or self._inner.drain_nowait(partial(self._take, feed))

    def readable(self) -> bool:
        """As in `Stream`. Session tickets and key updates are taken in, and are not something to
        read.
        """
        if self._closed or self._leftover is not None:
            return True
        if not self._inner.readable() and not self._records.incoming.pending:
            return False
        try:
            return self.drain_nowait(self._keep)
        except (OSError, StreamClosed):  # ssl.SSLError is one as well
            return True

    def close(self) -> None:
        """As in `Stream`. A close_notify is sent if that needs no waiting."""
        if self._closed:
            return
        self._closed = True
        lock = self._records.lock
        if not lock.locked():  # see `send_nowait`
            with lock:
                self._say_goodbye()
        self._plaintext = None
        self._inner.close()

    def forget(self) -> None:
        """As in `Stream`."""
        self._closed = True
        self._inner.forget()

    def closer(self) -> Callable[[], object]:
        """As in `Stream`."""
        return self._inner.closer()

    def send_alert(self) -> None:
        """After a failure: send what OpenSSL wants to tell the peer about it, if that needs no
        waiting.
        """
        self._flush_nowait()

    @property
    def receiving(self) -> bool:
        """As in `Stream`."""
        return self._inner.receiving

    @property
    def closed_cleanly(self) -> bool:
        """As in `Stream`."""
        return self._records.closed_cleanly

    @property
    def version(self) -> str | None:
        """As in `SecureStream`."""
        return self._records.object.version()

    @property
    def cipher(self) -> str | None:
        """As in `SecureStream`."""
        agreed = self._records.object.cipher()
        return agreed[0] if agreed else None

    @property
    def alpn(self) -> str | None:
        """As in `SecureStream`."""
        return self._records.object.selected_alpn_protocol()

    @property
    def peer_certificate(self) -> dict[str, Any] | None:
        """As in `SecureStream`."""
        return self._records.object.getpeercert()

    @property
    def peer_certificate_der(self) -> bytes | None:
        """The peer's certificate, verified or not."""
        return self._records.object.getpeercert(binary_form=True)

    @property
    def peer_address(self) -> SocketAddress | str | None:
        """As in `Stream`."""
        return self._inner.peer_address

    @property
    def local_address(self) -> SocketAddress | str | None:
        """As in `Stream`."""
        return self._inner.local_address

    def _take(self, feed: Feed, ciphertext: bytes | None) -> bool:
        """Take ciphertext in (None: none but what is here), and give plaintext to `feed` until it
        returns true or there is none. What is left stays with OpenSSL, for the next time.
        """
        if self._closed:  # the peer's answer to our goodbye is not the end of what it had to say
            raise StreamClosed
        records = self._records
        if self._leftover is not None and self._take_leftover(feed):
            if ciphertext:
                records.add_ciphertext(ciphertext)
            return True
        incoming = records.incoming
        try:
            while True:
                data = records.decrypt(ciphertext)
                if data is None:
                    return False
                if not data:
                    return self._end(feed)
                if feed(data):
                    return True
                # Asking when nothing is there costs an exception.
                if not incoming.pending and not incoming.eof:
                    return False
                ciphertext = None
        finally:
            if records.has_output:
                self._flush_nowait()
            if self._ciphertext_came is not None:
                self._wake_sender()

    def _take_leftover(self, feed: Feed) -> bool:
        leftover, self._leftover = self._leftover, None
        return feed(leftover) if leftover else self._end(feed)

    def _end(self, feed: Feed) -> bool:
        feed(b"")
        self._leftover = b""
        return True

    def _take_what_is_here(self, feed: Feed) -> bool:
        """Give `feed` what needs no receiving; true when it is served."""
        return (self._leftover is not None or bool(self._records.incoming.pending)) and self._take(
            feed, None
        )

    def _take_for_handshake(self, data: bytes) -> bool:
        self._records.add_ciphertext(data)
        if not data:
            message = "the peer closed the connection during the TLS handshake"
            raise ConnectionResetError(message)
        return True

    def _keep(self, data: bytes) -> bool:
        self._leftover = data
        return True

    async def _pump_what_is_here(self, feed: Feed, timeout: float, deadline: float) -> None:
        """`pump` when the inner stream is not all there is to look at."""
        if self._closed:
            raise StreamClosed
        if self._inner.receiving:
            raise StreamBusy
        if deadline != math.inf and self._now() >= deadline:
            raise TimedOut
        if self._take_what_is_here(feed):
            return
        if self._flush_needed and not self._flush_nowait():
            await self._pump_and_flush(feed, timeout, deadline)
        else:
            await self._inner.pump(partial(self._take, feed), timeout, deadline)

    async def _pump_and_flush(self, feed: Feed, timeout: float, deadline: float) -> None:
        """`pump` while there is no room for an answer. The role of a sender is not taken, because
        another flow may want to send; so from time to time it is tried again.
        """
        last = self._now()

        def take(ciphertext: bytes) -> bool:
            nonlocal last
            last = self._now()
            return self._take(feed, ciphertext)

        while True:
            left = last + timeout - self._now()
            step = (
                left
                if not self._flush_needed or self._flush_nowait()
                else min(left, LOOK_AGAIN_SECONDS)
            )
            try:
                await self._inner.pump(take, max(step, 0.0), deadline)
            except TimedOut:
                if self._now() >= min(last + timeout, deadline):
                    raise
            else:
                return

    def _say_goodbye(self) -> None:
        """Under the lock. Not behind what is unsent: that will never be complete."""
        if self._pushing or self.unsent:
            return
        with suppress(OSError, ValueError):  # SSLWantReadError: the peer's answer is not waited for
            self._records.object.unwrap()
        with suppress(OSError, StreamClosed, StreamBusy):
            self._move_on()
