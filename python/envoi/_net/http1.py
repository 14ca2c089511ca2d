"""HTTP/1.1 over a stream: the connection, and the one exchange that it has room for.

The pool holds *connections*. One request and its answer on a connection is an *exchange*: what
belongs to it (phase, times, interim answers, what was sent, how it ended) lives on the exchange,
and the layers above know nothing else. An exchange has its connection on *lease* from the pool, and
gives the lease back once: `finish` where the connection may serve again, `abandon` where not. An
exchange that is dropped drops its lease, whose destructor closes the connection; so nothing here
needs a finaliser. It does not hold the pool, which goes with its session.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final

from envoi._io.protocols import Backend, Feed, Stream, TimedOut
from envoi._model.body import NO_BODY
from envoi._net.errors import is_over, timed_out
from envoi._net.exchange import SOURCE, Exchange, Fate
from envoi._net.upload import Upload
from envoi._proto.h1 import H1Machine, ResponseHead

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from envoi._model.body_streams import Body
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._net.exchange import Lender
    from envoi._net.route import Route
    from envoi._net.source import Source
    from envoi._proto.pool import Lease

INLINE_BODY: Final = 65536
"""Bodies up to this many bytes travel with their head in one write."""

CONTINUE_SECONDS: Final = 1.0
"""How long to wait for "100 Continue" before the body is sent all the same (RFC 9110, section
10.1.1).
"""

KEEP_ALIVE_MARGIN: Final = 1.0
"""How many seconds before the end of a server's `Keep-Alive: timeout` a connection is not used any
more, of a short timeout a quarter: a request is on its way for a while.
"""


class HTTP1Exchange(Exchange):
    """One request and its answer.

    Args:
        lease: of the connection.
        connection: what it leases.
        pool: where it is from.
        started: when the request entered the pipeline, or the redirect before it ended.

    Attributes:
        phase: what it is doing: "write", "read", "body", or `SOURCE`.
        informational: the interim answers (1xx) that came before the head.
        trailers: the fields after a chunked body, once it has ended.
    """

    __slots__ = (
        "_connection",
        "_lease",
        "_machine",
        "_repairs",
        "_sent_before",
        "_upload",
    )

    def __init__(
        self,
        lease: Lease[HTTP1Connection],
        connection: HTTP1Connection,
        pool: Lender,
        started: float,
    ) -> None:
        self.backend: Backend = pool.backend
        self.started = started
        self.acquired = self.sent = self.headed = self.backend.now()
        self.ended = None
        self.link = connection
        self.reused = connection.reused
        self.phase: str = "write"
        self.trailers: Headers | None = None
        self._connection = connection
        self.informational: list[ResponseHead] = []
        self._lease: Lease[HTTP1Connection] | None = lease
        self._machine = connection.machine
        self._sent_before = connection.stream.bytes_sent
        self._upload: Upload | None = None

    @property
    def where(self) -> str:
        """The peer, for messages."""
        return self._connection.where

    @property
    def repaired(self) -> tuple[str, ...]:
        """What was mended of the answer so far, each in a few words."""
        if self._lease is not None:
            return self._machine.repaired
        # Noted only where the machine is not used again: it forgets with the next request.
        repairs: tuple[str, ...] = getattr(self, "_repairs", ())
        return repairs

    @property
    def body_ended(self) -> bool:
        """Whether all of the body has arrived."""
        return self._machine.body_ended

    @property
    def exhausted(self) -> bool:
        """Whether all of the body has arrived and was taken, and no more is to be sent."""
        machine = self._machine
        return machine.body_ended and not machine.pending and not self.sending

    @property
    def sending(self) -> bool:
        """Whether more of the request is to be sent, although its answer has begun."""
        return self._upload is not None and self._upload.running

    @property
    def request_complete(self) -> bool:
        """Whether all of the request was sent."""
        upload = self._upload
        return upload is None or upload.complete

    @property
    def ended_cleanly(self) -> bool:
        """Whether the end of a body that ends with the connection is certain: a TLS stream that
        ends without close_notify may be cut short (RFC 8446, section 6.1).
        """
        return self._connection.stream.closed_cleanly

    async def send(
        self,
        request: PreparedRequest,
        target: str,
        headers: Headers,
        timeout: Timeout,
        deadline: float,
        threshold: int,
    ) -> ResponseHead:
        """Send a request and receive the head of its answer, which may come before all of the
        request is sent.

        Args:
            request: what to send: its method, host and body.
            target: the request line's target.
            headers: the header fields, framing included; the request's, or what a proxy makes of
                them.
            timeout: `read_seconds` and `write_seconds` bound each step.
            deadline: the end of the whole.
            threshold: how many bytes of the body to wait for: 0 stops at the head.
        """
        machine = self._machine
        connection = self._connection
        stream = connection.stream
        body = request.content
        host = request.parsed_url.authority
        if body is NO_BODY:
            sending = machine.start(request.method, target, host, headers)
            await stream.send(sending, timeout.write_seconds, deadline)
        else:
            expects = "Expect" in headers
            inline = b"" if expects else inline_content(body)
            sending = machine.start(request.method, target, host, headers, inline)
            await self._send_with_body(
                sending, body, timeout, deadline, inline=bool(inline), expects=expects
            )
        machine.threshold = threshold
        self.sent = self.backend.now()
        self.phase = "read"
        if not machine.head_complete:
            await stream.pump(connection.feed, timeout.read_seconds, deadline)
        head = machine.take_head()
        while head is None:  # an interim answer reached the threshold
            await stream.pump(connection.feed, timeout.read_seconds, deadline)
            head = machine.take_head()
        self.informational += machine.take_informational()
        if (told := head.keep_alive) is not None:
            connection.heed(told)
        self.phase = "body"
        self.headed = self.backend.now()
        return head

    async def receive(self, threshold: int, timeout: Timeout, deadline: float) -> bytes:
        """The next bytes of the body, transfer coding removed; b"" at its end, once the request is
        sent as well.
        """
        machine = self._machine
        connection = self._connection
        piece = machine.take_body()
        upload = self._upload
        if upload is not None:
            while upload.running and not piece:
                machine.threshold = threshold
                await self._advance(upload)
                piece = machine.take_body()
        while not piece and not machine.body_ended:
            machine.threshold = threshold
            await connection.stream.pump(connection.feed, timeout.read_seconds, deadline)
            piece = machine.take_body()
        return piece

    def take_whole(self) -> bytes | None:
        """The body, where all of it is here and its end is certain; the exchange is then over. None
        where it is not.
        """
        machine = self._machine
        if not machine.body_ended or not (machine.keep_alive or self.ended_cleanly):
            return None
        if self._upload is not None and self._upload.running:
            return None
        content = machine.take_body()
        self.ended = self.headed
        self.finish()
        return content

    def take_head(self) -> ResponseHead | None:
        """The head of the final answer, where it came and was not taken."""
        return self._machine.take_head()

    def take_arrived(self) -> bytes:
        """What of the body has arrived and was not taken."""
        return self._machine.take_body()

    def fate(self) -> Fate:
        """What became of it."""
        machine = self._machine
        return Fate(
            self.phase,
            self._connection.stream.bytes_sent > self._sent_before,
            machine.response_started,
            machine.head_complete,
        )

    def finish(self) -> None:
        """Give the lease back: the connection serves again, where both sides keep it. The second
        time it does nothing.
        """
        lease = self._lease
        if lease is not None:
            machine = self._machine
            self.trailers = machine.trailers
            kept = machine.keep_alive
            connection = self._connection
            if self._upload is not None:
                kept = kept and self._upload.complete
                connection.source = None
            if not kept:
                self._repairs = machine.repaired
                lease.release(None)
            else:
                now = self.backend.now()
                lease.release(connection.rest(now) if connection.is_limited else now)
            self._lease = None

    async def stop_sending(self) -> None:
        """Send no more of the request, and return when its body can be sent anew.

        Raises:
            TotalTimeout: a call of the body's did not end before the deadline.
        """
        upload = self._upload
        if upload is not None:
            try:
                await upload.rest()
            except TimedOut:
                raise timed_out("write", self.where, upload.timeout, total_passed=True) from None

    def abandon(self) -> None:
        """Give the lease back, and have the connection closed."""
        lease = self._lease
        if lease is not None:
            self._repairs = self._machine.repaired
            lease.release(None)
            self._lease = None

    def forget(self) -> None:
        """As in `Exchange`."""
        self._connection.stream.forget()
        self.abandon()

    async def _send_with_body(
        self,
        sending: bytes,
        body: Body,
        timeout: Timeout,
        deadline: float,
        *,
        inline: bool,
        expects: bool,
    ) -> None:
        """Send a request that has a body, until all of it is sent or a final answer's head has
        come.
        """
        machine = self._machine
        connection = self._connection
        stream = connection.stream
        machine.threshold = 0
        done = await stream.send(sending, timeout.write_seconds, deadline, connection.feed)
        if done and inline:
            return
        wanted = True
        if done and expects:
            wanted = await self._await_continue(deadline)
        upload = Upload(
            self.backend,
            stream,
            machine,
            NO_BODY if inline else body,
            timeout,
            deadline,
            interrupted=not done,
        )
        self._upload = upload
        connection.source = upload.source
        if not wanted or machine.declined:
            upload.halt()
        while upload.running and not machine.head_complete:
            await self._advance(upload)

    async def _advance(self, upload: Upload) -> None:
        """Send on until the machine has something, or the sending is over."""
        before, self.phase = self.phase, "write"
        try:
            await upload.advance()
        except BaseException:
            if upload.failed_in_source:
                self.phase = SOURCE
            raise
        self.phase = before

    async def _await_continue(self, deadline: float) -> bool:
        """Wait a moment for "100 Continue": true when the body is to be sent, false when the final
        answer came instead.
        """
        machine = self._machine
        connection = self._connection
        backend = self.backend
        until = min(deadline, backend.now() + CONTINUE_SECONDS)
        machine.stop_at_informational = True
        try:
            while not self._takes_continue() and not machine.head_complete:
                await connection.stream.pump(connection.feed, CONTINUE_SECONDS, until)
        except TimedOut:
            if is_over(deadline, backend.now()):
                raise
        finally:
            machine.stop_at_informational = False
        return not machine.head_complete

    def _takes_continue(self) -> bool:
        heads = self._machine.take_informational()
        self.informational += heads
        return any(head.status == 100 for head in heads)


class HTTP1Connection:
    """A stream, its machine, and what the pool and the response want to know of them.

    Attributes:
        is_limited: whether the server has said how long, or for how many requests, it keeps the
            connection.
        expires: when it is not to be used any more, on the backend's clock; known while nobody uses
            it.
    """

    __slots__ = (
        "_exchanges_left",
        "_idle_seconds",
        "connect_seconds",
        "dns_seconds",
        "expires",
        "feed",
        "is_limited",
        "key",
        "machine",
        "pool",
        "reused",
        "route",
        "source",
        "stream",
        "tls_seconds",
        "where",
    )

    new_exchange: ClassVar[type[HTTP1Exchange]] = HTTP1Exchange

    def __init__(self, stream: Stream, route: Route) -> None:
        self.stream: Stream = stream
        self.machine: H1Machine = H1Machine()
        self.feed: Feed = self.machine.feed
        self.route: Route = route
        self.key: Hashable = route.key
        self.where: str = route.where
        self.reused: bool = False
        self.pool: Callable[[], Any] = _no_pool
        self.source: Source | None = None
        self.dns_seconds: float = 0.0
        self.connect_seconds: float = 0.0
        self.tls_seconds: float = 0.0
        self.is_limited: bool = False
        self.expires: float = inf
        self._idle_seconds: float = inf
        self._exchanges_left: float = inf

    def heed(self, told: str) -> None:
        """Take in a Keep-Alive field (RFC 2068, section 19.7.1.1): `timeout=5, max=100`. What it
        does not say stays as it was; what is no number is ignored.

        Args:
            told: the field's value.
        """
        for part in told.split(","):
            name, _, text = part.partition("=")
            text = text.strip().strip('"')
            if not (text.isascii() and text.isdigit()):
                continue
            number = float(text[:9])
            match name.strip().lower():
                case "timeout":
                    self._idle_seconds = number - min(KEEP_ALIVE_MARGIN, number / 4)
                    self.is_limited = True
                case "max":
                    # Some servers count down, and some say the same number each time.
                    self._exchanges_left = min(self._exchanges_left - 1, number)
                    self.is_limited = True

    def rest(self, now: float) -> float | None:
        """Begin to be idle: `now`, or None where the server will not serve another request here.

        Args:
            now: on the backend's clock.
        """
        self.expires = now + self._idle_seconds
        return now if self._idle_seconds > 0 and self._exchanges_left > 0 else None

    def close(self) -> None:
        """Close at once; what is sent over it is asked for no more."""
        self.stream.close()
        if self.source is not None:
            self.source.cancel()


def _no_pool() -> None:
    """What a connection that was not dialled by a pool has in place of a reference to one."""


def inline_content(body: Body) -> bytes:
    """The body when it is small and in memory, to travel with the head; else b""."""
    content = body.content
    return content if content is not None and len(content) <= INLINE_BODY else b""
