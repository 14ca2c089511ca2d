"""A response that the pipeline has in hand: its head is there, its body perhaps not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from envoi._model.exceptions import RequestException
from envoi._model.prepared import PreparedRequest  # noqa: TC001 - as `Trace`
from envoi._model.response import BaseResponse
from envoi._model.trace import Trace  # noqa: TC001 - the annotations of a response are evaluated by packages built on requests
from envoi._net.exchange import Exchange
from envoi._pipeline.log import log_failure

if TYPE_CHECKING:
    from envoi._model.headers import Headers
    from envoi._model.timing import ConnectionInfo, Timing


class BodySource(Protocol):
    """A body that is pulled: `DecodedBody`, or what an adapter gave out as `raw`."""

    ended: bool
    received: int
    trailers: Headers | None

    def check_owner(self) -> None: ...
    async def receive(self, threshold: int = 1, /) -> bytes: ...
    async def receive_raw(self, threshold: int = 1, /) -> bytes: ...
    async def read(self) -> bytes: ...
    async def discard(self) -> bytes: ...
    def close(self) -> None: ...


class Reply(BaseResponse):
    """What the responses of sync and async sessions have in common.

    Attributes:
        body: the body while it is not loaded; None when there is nothing to read.
        trace: when what happened.
    """

    body: BodySource | None = None
    trace: Trace | None = None
    _sent: PreparedRequest | None = None  # what an adapter was given, where `request` is another
    _content: bytes | None = None
    _touched: bool = False  # whether pieces of the body were given out
    _consumed: bool = False  # whether all of it was
    _left: tuple[bytes, int] | None = None  # what came and was not given out yet, and from where
    _received: int = 0
    _closed: bool = False

    @property
    def timing(self) -> Timing | None:  # type: ignore[override]
        """Seconds spent in each phase."""
        return None if self.trace is None else self.trace.timing()

    @property
    def connection_info(self) -> ConnectionInfo | None:  # type: ignore[override]
        """The connection that carried the response."""
        return None if self.trace is None else self.trace.connection()

    @property
    def request_complete(self) -> bool:  # type: ignore[override]
        """Whether all of the request was sent. A server may answer before that: of a response with
        `stream=True` it can become true while the body is read, and it stays false when the server
        refused the rest of an upload, or went away (RFC 9110, section 7.5).
        """
        return self.trace is None or self.trace.request_complete

    @property
    def location(self) -> str | None:
        """The Location field."""
        if (
            self._head is None or self._headers is not None
        ):  # made by hand, or perhaps changed since
            return self.headers.get("location")
        return self._head.location

    @property
    def sets_cookies(self) -> bool:
        """Whether there is a Set-Cookie field."""
        if self._head is None:
            return self.cookie_fields is not None or "set-cookie" in self.headers
        return self._head.sets_cookies

    @property
    def cookie_fields(self) -> Any:
        """What another library's response, given out by an adapter, keeps its Set-Cookie fields in;
        None for one of ours.
        """
        return None

    def finish(self, content: bytes) -> None:
        """Take `content` as the whole body."""
        self._content = content
        self._consumed = True


async def receive(reply: Reply) -> bytes:
    """The next piece of the body, decoded; b"" at its end."""
    body = reply.body
    if body is None:
        return b""
    try:
        piece = await body.receive()
    except RequestException as error:
        blame(error, reply)
        raise
    if not piece:
        reply.trailers = body.trailers
    return piece


async def load(reply: Reply) -> None:
    """Read the whole body, decoded, unless it is there already."""
    body = reply.body
    if body is None or isinstance(reply._content, bytes):
        return
    try:
        content = await body.read()
    except RequestException as error:
        blame(error, reply)
        raise
    reply.trailers = body.trailers
    reply._received = body.received
    reply.body = None
    reply.finish(content)


def blame(error: RequestException, reply: Reply) -> None:
    """Tell an error which response and request it happened to, and the log of it."""
    log_failure(reply.request, error, getattr(error, "phase", None) or "body")
    if error.response is None:
        error.response = reply
    if error.request is None:
        error.request = reply.request


async def stop_sending(reply: Reply) -> None:
    """Send no more of what a reply answers, and return when nobody reads from its body.

    Raises:
        TotalTimeout: the deadline passed before.
    """
    exchange = getattr(reply, "trace", None)
    if isinstance(exchange, Exchange):
        await exchange.stop_sending()


async def discard(reply: Reply, *, resends: bool = False) -> None:
    """Be done with a reply that is only a step on the way. A short body stays readable, unless it
    is encoded: that is never undone here.

    Args:
        reply: where what it answers is not all sent yet, the rest is sent before.
        resends: whether the next request has the same body: then the rest is not sent. Nobody reads
            from the body afterwards.

    Raises:
        TotalTimeout: the deadline passed.
        Exception: what the caller's body raised.
    """
    if resends:
        await stop_sending(reply)
    body = reply.body
    if body is None:
        return
    raw = await body.discard()
    reply.body = None
    encoded = (
        "content-encoding" in reply.headers
        if reply._head is None
        else reply._head.content_encoding is not None
    )
    reply.finish(b"" if encoded else raw)
