"""TLS as a layer over any stream: the same for every backend, and over itself (an HTTPS proxy).

OpenSSL sees two buffers in memory, never a socket. Imported only when a connection wants TLS.
"""

from __future__ import annotations

import math
import ssl
import threading
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
    TLSConfig,
)
from envoi._io.tls_context import certificate_name, context_for, known_context

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_RECORD = 1 << 14
"""The most that one TLS record carries (RFC 8446, section 5.1), and so the most that one read
gives.
"""
_MOST_RECORDS = 16
"""How many records are given out in one piece."""
_SLICE = 1 << 18
"""How much plaintext is encrypted before it is sent: what bounds the memory for a large body."""


async def prepare(backend: Backend, config: TLSConfig) -> ssl.SSLContext:
    """`Backend.prepare_tls` of all the backends: the context, made in a thread where one may not
    block.
    """
    context = known_context(config)
    return (
        context
        if context is not None
        else await backend.call_blocking(partial(context_for, config))
    )


async def start(
    backend: Backend, stream: Stream, config: TLSConfig, server_hostname: str, deadline: float
) -> TLSStream:
    """`Backend.start_tls` of all the backends."""
    try:
        context = await prepare(backend, config)
    except BaseException:
        stream.close()
        raise
    return await start_tls(stream, context, server_hostname, deadline, backend.now)


async def start_tls(
    stream: Stream,
    context: ssl.SSLContext,
    server_hostname: str,
    deadline: float,
    now: Callable[[], float],
) -> TLSStream:
    """The handshake (RFC 8446, section 4) over a stream. On any failure the stream is closed.

    Args:
        stream: what carries the bytes.
        context: used as it is.
        server_hostname: the name or the address that the certificate must be for.
        deadline: absolute time.
        now: the clock it is told in.

    Raises:
        ssl.SSLError: the handshake failed; ssl.SSLCertVerificationError when the certificate is to
            blame.
        ConnectionResetError: the peer hung up meanwhile.
        TimedOut: at the deadline.
    """
    secured = None
    try:
        secured = TLSStream(stream, context, server_hostname, now)
        await secured.handshake(deadline)
    except BaseException:
        if secured is not None:
            secured.send_alert()
        stream.close()
        raise
    return secured


class TLSStream:
    """A `SecureStream` around another stream.

    A lock guards OpenSSL's state: its calls let other threads run, and `close` may come from any.
    """

    __slots__ = (
        "_closed",
        "_feed",
        "_incoming",
        "_inner",
        "_leftover",
        "_lock",
        "_now",
        "_object",
        "_outgoing",
        "_proven",
        "_sending",
        "_unsent",
        "closed_cleanly",
    )

    def __init__(
        self, inner: Stream, context: ssl.SSLContext, server_hostname: str, now: Callable[[], float]
    ) -> None:
        self._inner = inner
        self._now = now
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=certificate_name(server_hostname)
        )
        self._lock = threading.Lock()
        self._feed: Feed = _never
        self._leftover: bytes | None = None
        self._unsent = b""
        # Whether the inner stream is in the middle of sending: what OpenSSL puts out meanwhile must
        # come after.
        self._sending = False
        self._closed = False
        # Whether a send went well. Under TLS 1.3 the peer refuses our certificate after our side of
        # the handshake is done.
        self._proven = False
        self.closed_cleanly = True

    async def handshake(self, deadline: float) -> None:
        """Talk until both sides agree."""
        while True:
            try:
                with self._lock:
                    self._object.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush(math.inf, deadline)
                await self._inner.pump(self._take_for_handshake, math.inf, deadline)
            else:
                await self._flush(math.inf, deadline)
                return

    def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> Coroutine[Any, Any, bool]:
        """As in `Stream`."""
        if self.in_use:
            raise StreamBusy
        if (
            feed is None
            and self._proven
            and len(data) <= _SLICE
            and not self._unsent
            and not self._closed
        ):
            try:
                with self._lock:
                    self._encrypt(memoryview(data) if len(data) > _RECORD else data)
                    encrypted = self._outgoing.read()
            except ssl.SSLWantReadError:
                return self._send_slowly(data, timeout, deadline, feed)
            return self._inner.send(encrypted, timeout, deadline)
        return self._send_slowly(data, timeout, deadline, feed)

    def pump(self, feed: Feed, timeout: float, deadline: float) -> Coroutine[Any, Any, None]:
        """As in `Stream`."""
        if self.in_use:
            raise StreamBusy
        self._feed = feed
        if self._incoming.pending or self._leftover is not None or self._unsent:
            return self._pump_leftovers(timeout, deadline)
        return self._inner.pump(self._take, timeout, deadline)

    def send_nowait(self, data: bytes) -> int:
        """As in `Stream`: all of it counts as sent, what does not fit goes before the next
        bytes.
        """
        if self._closed:
            raise StreamClosed
        with self._lock:
            self._encrypt(memoryview(data))
        self._flush_nowait()
        return len(data)

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        if self._closed:
            return False
        self._feed = feed
        if (self._incoming.pending or self._leftover is not None) and self._deliver():
            return True
        return self._inner.drain_nowait(self._take)

    def readable(self) -> bool:
        """As in `Stream`. Session tickets and key updates are taken in, and are not something to
        read.
        """
        if self._closed or self._leftover is not None:
            return True
        if not self._inner.readable() and not self._incoming.pending:
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
        if self._lock.acquire(blocking=False):
            try:
                self._say_goodbye()
            finally:
                self._lock.release()
        self._inner.close()

    def forget(self) -> None:
        """As in `Stream`."""
        self._closed = True
        self._inner.forget()

    def send_alert(self) -> None:
        """After a failure: send what OpenSSL wants to tell the peer about it, if that needs no
        waiting.
        """
        try:
            self._flush_nowait()
        except (OSError, StreamClosed):
            return

    @property
    def in_use(self) -> bool:
        """As in `Stream`."""
        return self._inner.in_use

    @property
    def bytes_sent(self) -> int:
        """As in `Stream`: of the ciphertext, the handshake included."""
        return self._inner.bytes_sent

    @property
    def version(self) -> str | None:
        """As in `SecureStream`."""
        return self._object.version()

    @property
    def cipher(self) -> str | None:
        """As in `SecureStream`."""
        agreed = self._object.cipher()
        return agreed[0] if agreed else None

    @property
    def alpn(self) -> str | None:
        """As in `SecureStream`."""
        return self._object.selected_alpn_protocol()

    @property
    def peer_certificate(self) -> dict[str, Any] | None:
        """As in `SecureStream`."""
        return self._object.getpeercert()

    @property
    def peer_certificate_der(self) -> bytes | None:
        """The peer's certificate, verified or not."""
        return self._object.getpeercert(binary_form=True)

    @property
    def peer_address(self) -> SocketAddress | str | None:
        """As in `Stream`."""
        return self._inner.peer_address

    @property
    def local_address(self) -> SocketAddress | str | None:
        """As in `Stream`."""
        return self._inner.local_address

    def _take(self, data: bytes) -> bool:
        """The feed that the inner stream is pumped with: ciphertext in, plaintext to the caller's
        feed.
        """
        if self._closed:  # the peer's answer to our goodbye is not the end of what it had to say
            raise StreamClosed
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return self._deliver()

    def _deliver(self) -> bool:
        """Give plaintext to the feed until it returns true or there is none. What is left stays
        with OpenSSL, for the next time.
        """
        if self._leftover is not None:
            leftover, self._leftover = self._leftover, None
            if not leftover:
                return self._end()
            if self._feed(leftover):
                return True
        try:
            while True:
                with self._lock:
                    data = self._object.read(_RECORD)
                    if len(data) == _RECORD and self._incoming.pending:
                        data = self._gathered(data)
                if not data:
                    return self._end()
                if self._feed(data):
                    return True
                # Asking when nothing is there costs an exception.
                if not self._incoming.pending and not self._incoming.eof:
                    return False
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            return self._end()
        except ssl.SSLEOFError:
            self.closed_cleanly = False
            return self._end()
        except ssl.SSLError:
            self.send_alert()
            raise
        finally:
            if self._outgoing.pending:
                self.send_alert()

    def _gathered(self, first: bytes) -> bytes:
        """A full record and those behind it: a large body costs the flow one step for many of
        them.
        """
        pieces = [first]
        read = self._object.read
        try:
            while (
                len(pieces) < _MOST_RECORDS and self._incoming.pending and (piece := read(_RECORD))
            ):
                pieces.append(piece)
        except ssl.SSLError:
            pass  # more is needed, or the end is here: the next read says so again
        return b"".join(pieces)

    def _end(self) -> bool:
        # Stays: an end is not passed, and TCP's may come later or never.
        self._feed(b"")
        self._leftover = b""
        return True

    def _take_for_handshake(self, data: bytes) -> bool:
        if not data:
            # The machine is told as well, so that OpenSSL is not asked again.
            self._incoming.write_eof()
            message = "the peer closed the connection during the TLS handshake"
            raise ConnectionResetError(message)
        self._incoming.write(data)
        return True

    def _keep(self, data: bytes) -> bool:
        self._leftover = data
        return True

    async def _pump_leftovers(self, timeout: float, deadline: float) -> None:
        if self._closed:
            raise StreamClosed
        if deadline != math.inf and self._now() >= deadline:
            raise TimedOut
        await self._flush(timeout, deadline)
        if (self._incoming.pending or self._leftover is not None) and self._deliver():
            return
        await self._inner.pump(self._take, timeout, deadline)

    async def _send_slowly(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None
    ) -> bool:
        if self._closed:
            raise StreamClosed
        try:
            sent = await self._send_slices(data, timeout, deadline, feed)
        except ConnectionError as error:
            raise self._alert_received() or error from None
        self._proven = True
        return sent

    async def _send_slices(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None
    ) -> bool:
        if feed is not None:
            self._feed = feed
        rest = memoryview(data)
        while True:
            try:
                with self._lock:
                    self._encrypt(rest[:_SLICE])
            except ssl.SSLWantReadError:  # TLS 1.2 renegotiation
                await self._flush(timeout, deadline)
                await self._inner.pump(self._take_for_handshake, timeout, deadline)
                continue
            rest = rest[_SLICE:]
            if not await self._flush(timeout, deadline, None if feed is None else self._take):
                return False
            if not rest:
                return True

    def _alert_received(self) -> ssl.SSLError | None:
        """After a failed send: the peer's reason, if it gave one before it went away."""
        try:
            self.drain_nowait(self._keep)
        except ssl.SSLError as error:
            return error
        except (OSError, StreamClosed):
            return None
        return None

    def _encrypt(self, data: memoryview | bytes) -> None:
        if not data:
            return
        written = self._object.write(data)
        while written < len(data):
            data = data[written:]
            written = self._object.write(data)

    async def _flush(self, timeout: float, deadline: float, feed: Feed | None = None) -> bool:
        """Send what OpenSSL has put out, and puts out meanwhile."""
        while encrypted := self._unsent + self._outgoing.read():
            self._unsent = b""
            self._sending = True
            try:
                if not await self._inner.send(encrypted, timeout, deadline, feed):
                    return False
            finally:
                self._sending = False
        return True

    def _flush_nowait(self) -> None:
        if self._sending:
            return
        encrypted = self._unsent + self._outgoing.read()
        if encrypted:
            self._unsent = encrypted
            self._unsent = encrypted[self._inner.send_nowait(encrypted) :]

    def _say_goodbye(self) -> None:
        try:
            if self._unsent or self._sending:
                return  # in the middle of a record
            self._object.unwrap()
        except (OSError, ValueError):  # SSLWantReadError: the peer's answer is not waited for
            pass
        self.send_alert()


def _never(data: bytes) -> bool:
    del data
    return False
