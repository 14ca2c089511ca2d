"""One HTTP/1.1 connection: the machine over a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi._io.protocols import Backend, Feed, Stream, TimedOut
from envoi._model.body import NO_BODY
from envoi._net.errors import is_over
from envoi._proto.h1 import H1Machine, InvalidMessage, ResponseHead
from envoi.exceptions import InvalidBody

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from envoi._model.body_streams import Body
    from envoi._model.headers import Headers
    from envoi._model.timeout import Timeout
    from envoi._net.route import Route

INLINE_BODY: Final = 65536
"""Bodies up to this many bytes travel with their head in one write."""

PIECE: Final = 262144
"""A larger body in memory is written in pieces of this many bytes, so that an early answer is seen
between them.
"""

CONTINUE_SECONDS: Final = 1.0
"""How long to wait for "100 Continue" before the body is sent all the same (RFC 9110, section
10.1.1).
"""


SOURCE: Final = "source"
"""The phase in which the caller's own body is asked for bytes: what it raises is not the network's
doing.
"""


class HTTP1Connection:
    """A stream, its machine, and what the pool and the response want to know of them."""

    __slots__ = (
        "connect_seconds",
        "dns_seconds",
        "epoch",
        "feed",
        "idle_since",
        "interim",
        "key",
        "machine",
        "phase",
        "pool",
        "reused",
        "route",
        "sent_at",
        "sent_before",
        "stream",
        "tls_seconds",
        "where",
    )

    def __init__(self, stream: Stream, route: Route) -> None:
        self.stream: Stream = stream
        self.machine: H1Machine = H1Machine()
        self.feed: Feed = self.machine.feed
        self.route: Route = route
        self.key: Hashable = route.key
        self.where: str = route.where
        self.idle_since: float = 0.0
        self.interim: list[ResponseHead] = []
        self.reused: bool = False
        self.sent_at: float = 0.0
        self.sent_before: int = 0
        self.epoch: int = 0
        self.phase: str = "write"
        self.pool: Callable[[], Any] = _no_pool
        self.dns_seconds: float = 0.0
        self.connect_seconds: float = 0.0
        self.tls_seconds: float = 0.0

    @property
    def anything_sent(self) -> bool:
        """Whether a byte of the last request was handed over."""
        return self.stream.bytes_sent > self.sent_before

    def close(self) -> None:
        """Close at once."""
        self.stream.close()

    async def exchange(
        self,
        backend: Backend,
        method: str,
        target: str,
        host: str,
        headers: Headers,
        body: Body,
        timeout: Timeout,
        deadline: float,
        threshold: int,
    ) -> ResponseHead:
        """Send a request and receive the head of its answer.

        Args:
            backend: where the flow runs.
            method: the method.
            target: the request line's target.
            host: the Host field, unless `headers` has one.
            headers: the header fields, framing included.
            body: the body; `NO_BODY` for none.
            timeout: `read_seconds` and `write_seconds` bound each step.
            deadline: the end of the whole.
            threshold: how many bytes of the body to wait for: 0 stops at the head.
        """
        machine = self.machine
        stream = self.stream
        self.phase = "write"
        self.sent_before = stream.bytes_sent
        if body is NO_BODY:
            sending = machine.start(method, target, host, headers)
            await stream.send(sending, timeout.write_seconds, deadline)
        else:
            self.interim = []
            expects = "Expect" in headers
            sending = machine.start(
                method, target, host, headers, b"" if expects else inline_content(body)
            )
            await self._send_with_body(backend, sending, body, timeout, deadline, expects=expects)
        machine.threshold = threshold
        self.sent_at = backend.now()
        self.phase = "read"
        if not machine.head_complete:
            await stream.pump(self.feed, timeout.read_seconds, deadline)
        head = machine.take_head()
        while (
            head is None
        ):  # the threshold was reached by something else than the final head: an interim answer
            await stream.pump(self.feed, timeout.read_seconds, deadline)
            head = machine.take_head()
        self.phase = "body"
        return head

    async def receive(self, threshold: int, timeout: Timeout, deadline: float) -> bytes:
        """The next bytes of the body, transfer coding removed; b"" at its end."""
        machine = self.machine
        piece = machine.take_body()
        while not piece and not machine.body_ended:
            machine.threshold = threshold
            await self.stream.pump(self.feed, timeout.read_seconds, deadline)
            piece = machine.take_body()
        return piece

    async def _send_with_body(
        self,
        backend: Backend,
        head: bytes,
        body: Body,
        timeout: Timeout,
        deadline: float,
        *,
        expects: bool,
    ) -> None:
        machine = self.machine
        stream = self.stream
        machine.threshold = 0  # any final answer ends the sending
        try:
            if (
                not await stream.send(head, timeout.write_seconds, deadline, self.feed)
                or machine.request_ended
            ):
                return
            if expects and not await self._continued(deadline, backend):
                return
            content = body.content
            if content is not None:
                if not await self._send_pieces(content, timeout, deadline):
                    return
            else:
                while piece := await self._next_piece(backend, body, deadline):
                    if not await self._send_pieces(piece, timeout, deadline):
                        return
            await stream.send(machine.end_body(), timeout.write_seconds, deadline, self.feed)
        except InvalidMessage as error:
            raise InvalidBody(str(error)) from None

    async def _next_piece(self, backend: Backend, body: Body, deadline: float) -> bytes:
        self.phase = SOURCE
        piece = await backend.within(deadline, next_piece(backend, body))
        self.phase = "write"
        return piece

    async def _send_pieces(self, data: bytes, timeout: Timeout, deadline: float) -> bool:
        """Send part of a body; false when the server has answered meanwhile, and wants no more."""
        machine = self.machine
        stream = self.stream
        for start in range(0, len(data), PIECE):
            part = data if len(data) <= PIECE else data[start : start + PIECE]
            if not await stream.send(
                machine.send_body(part), timeout.write_seconds, deadline, self.feed
            ):
                return False
            if stream.readable() and stream.drain_nowait(self.feed):
                return False
        return True

    async def _continued(self, deadline: float, backend: Backend) -> bool:
        """Wait a moment for "100 Continue": true when the body is to be sent, false when the final
        answer came instead.
        """
        machine = self.machine
        until = min(deadline, backend.now() + CONTINUE_SECONDS)
        machine.stop_at_informational = True
        try:
            while not self._takes_continue() and not machine.head_complete:
                await self.stream.pump(self.feed, CONTINUE_SECONDS, until)
        except TimedOut:
            if is_over(deadline, backend.now()):
                raise
        finally:
            machine.stop_at_informational = False
        return not machine.head_complete

    def _takes_continue(self) -> bool:
        heads = self.machine.take_informational()
        self.interim.extend(heads)
        return any(head.status == 100 for head in heads)


def _no_pool() -> None:
    """What a connection that was not dialled by a pool has in place of a reference to one."""


def inline_content(body: Body) -> bytes:
    """The body when it is small and in memory, to travel with the head; else b""."""
    content = body.content
    return content if content is not None and len(content) <= INLINE_BODY else b""


async def next_piece(backend: Backend, body: Body) -> bytes:
    """The next piece of a streamed body, b"" at its end; a file is read where blocking is
    allowed.
    """
    if body.is_async:
        return await body.anext_piece()
    if body.may_block:
        return await backend.call_blocking(body.next_piece)
    return body.next_piece()
