"""An answer of Envoi's as urllib3 has them, and a failure of Envoi's as urllib3 raises them: what
requests is built on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import urllib3
from urllib3 import exceptions as theirs
from urllib3._collections import HTTPHeaderDict

from envoi import exceptions
from envoi._net.errors import CONNECTING
from envoi._responses.urllib3_response import ConnectionView, Fields, response_class
from envoi.integrations._engine import BlockingEngine

if TYPE_CHECKING:
    from envoi._model.url import URL
    from envoi._pipeline.reply import Reply

_MAX_AT_ONCE: Final = 262144


class Origin:
    """Where a request goes: what urllib3's responses and exceptions have for a pool.

    Args:
        url: the request's.
    """

    __slots__ = ("_url",)

    def __init__(self, url: URL) -> None:
        self._url = url

    @property
    def scheme(self) -> str:
        """The URL's."""
        return self._url.scheme

    @property
    def host(self) -> str:
        """The URL's."""
        return self._url.host

    @property
    def port(self) -> int:
        """The URL's, or its scheme's."""
        return self._url.port

    def _put_conn(self, _connection: object) -> None:
        """Nothing: the connection went back at the body's end."""

    def __repr__(self) -> str:
        return f"EnvoiAdapter(host={self.host!r}, port={self.port})"


def response_of(reply: Reply, origin: Origin, retries: Any) -> urllib3.HTTPResponse:
    """What urllib3 would have returned for an answer: the body not read, in its own framing and
    coding.

    Args:
        reply: the answer.
        origin: where it came from.
        retries: the `Retry` that is left.
    """
    head: Any = reply._head
    fields = HTTPHeaderDict()
    add = fields.add
    for name, value in head.headers.multi_items():
        add(name, value)
    request = reply.request
    message = _Message(reply, origin)
    response: urllib3.HTTPResponse = response_class()(
        body=message,
        headers=fields,
        status=head.status,
        version=message.version,
        reason=head.reason,
        preload_content=False,
        decode_content=False,
        original_response=message,
        pool=origin,
        connection=ConnectionView(reply),
        msg=message.msg,
        retries=retries,
        request_method=request.method,
        request_url=request.path_url,
    )
    response.version_string = head.http_version
    return response


def failure_of(
    error: exceptions.RequestException, origin: Origin, target: str
) -> theirs.HTTPError | None:
    """What urllib3 would have raised in place of an exception; None for what it has no word for.

    Args:
        error: raised before the answer's head was there.
        origin: where the request was to go.
        target: what of the URL is in the request line.
    """
    place: Any = origin
    told = _told(error)
    phase = getattr(error, "phase", None)
    if isinstance(error, exceptions.ProxyError):
        return theirs.ProxyError(told, _cause(error))
    if isinstance(error, exceptions.SSLError):
        return theirs.SSLError(_cause(error))
    if isinstance(error, exceptions.InvalidFraming):
        return theirs.InvalidHeader(told)
    if isinstance(error, exceptions.ConnectTimeout):
        return theirs.ConnectTimeoutError(place, told)
    if isinstance(error, exceptions.ReadTimeout):
        return theirs.ReadTimeoutError(place, target, told)
    if isinstance(error, exceptions.NameResolutionError):
        return cast("theirs.HTTPError", _NameResolutionError(place, told))
    if phase in CONNECTING:
        return theirs.NewConnectionError(place, told)
    if isinstance(
        error, (exceptions.ConnectionError, exceptions.Timeout, exceptions.ChunkedEncodingError)
    ):
        return theirs.ProtocolError(told, _cause(error))
    return None


def broken_off(error: exceptions.RequestException) -> Reply | None:
    """The answer whose body was seen to be broken when its head came; None for any other failure.

    Where the pieces of a message part on their way is chance: who asks for the body learns of it,
    as when it breaks later.

    Args:
        error: raised in place of an answer.
    """
    reply: Any = error.response
    error.response = None
    if reply is None or reply._head is None:
        return None
    reply.body = _Broken(reply._content, error)
    return cast("Reply", reply)


class _Broken:
    """A body that ends in a failure: first what came of it."""

    ended = False

    def __init__(self, content: bytes, failure: exceptions.RequestException) -> None:
        self._content = content
        self._failure = failure

    async def receive_raw(self, _threshold: int = 1) -> bytes:
        piece, self._content = self._content, b""
        if not piece:
            raise self._failure
        return piece

    def close(self) -> None:
        """Nothing: the connection is closed."""


class _Message:
    """What `http.client` has for a response, and urllib3 reads from: the body as it came, but for
    its transfer coding.
    """

    __slots__ = (
        "__weakref__",
        "_at",
        "_body",
        "_ending",
        "_held",
        "_method",
        "_origin",
        "_reply",
        "closed",
        "version",
    )

    def __init__(self, reply: Reply, origin: Origin) -> None:
        self.closed = False
        self.version = 10 if reply.http_version == "HTTP/1.0" else 11
        self._reply = reply
        self._origin = origin
        self._body: Any = reply.body
        self._method = reply.request.method
        self._held = b""  # what has been received, and from `_at` on is still to be given out
        self._at = 0
        self._ending = False

    @property
    def msg(self) -> Fields:
        """The header fields."""
        return Fields(self._reply.headers)

    headers = msg

    @property
    def status(self) -> int:
        """The status code."""
        return self._reply.status_code

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self._reply.reason

    def getheader(self, name: str, default: Any = None) -> Any:
        """A field's value."""
        return self._reply.headers.get(name, default)

    def getheaders(self) -> list[tuple[str, str]]:
        """All fields."""
        return self._reply.headers.multi_items()

    def isclosed(self) -> bool:
        """Whether there is nothing more to read. Where nothing was to be read from the start, only
        after somebody has tried.
        """
        return self.closed

    def close(self) -> None:
        """Let go of the body, and of the connection, which closes unless all has arrived."""
        if not self.closed:
            self.closed = True
            body, self._body = self._body, None
            self._held = b""
            if body is not None:
                body.close()

    def read(self, amount: int | None = None) -> bytes:
        """`amount` bytes, fewer only at the end, and before a failure, which the next call raises;
        all for None.
        """
        if self.closed:
            return b""
        if amount is None or amount < 0:
            return self._all()
        missing = amount - (len(self._held) - self._at)
        if missing > 0:
            pieces = [self._held[self._at :]] if self._at < len(self._held) else []
            try:
                while missing > 0 and (piece := self._receive(min(missing, _MAX_AT_ONCE))):
                    pieces.append(piece)
                    missing -= len(piece)
            except theirs.HTTPError:
                if not pieces:
                    raise
            self._held, self._at = pieces[0] if len(pieces) == 1 else b"".join(pieces), 0
        return self._taken(amount)

    def read1(self, amount: int | None = None) -> bytes:
        """What has arrived, at most `amount` bytes."""
        if self.closed:
            return b""
        if self._at >= len(self._held):
            self._held, self._at = self._receive(1), 0
        return self._taken(len(self._held) if amount is None or amount < 0 else amount)

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`, but at the end, and say how much."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    @property
    def fp(self) -> _Message | None:
        """The file below, from which urllib3 reads a body that came in chunks; None at its end."""
        return None if self.closed else self

    def readline(self, _limit: int = -1) -> bytes:
        """What is before a chunk's content, as if all that has arrived were one; what is after the
        last.
        """
        if self._ending:
            return b"\r\n"
        if self._at >= len(self._held):
            self._held, self._at = self._receive(1), 0
        size = len(self._held) - self._at
        self._ending = not size
        return b"%x\r\n" % size

    def _safe_read(self, amount: int) -> bytes:
        """`amount` bytes of a chunk's content, or the line end after it."""
        if self._at >= len(self._held):
            return b"\r\n"
        data = self._held[self._at : self._at + amount]
        self._at += len(data)
        return data

    def _all(self) -> bytes:
        pieces = [self._held[self._at :]]
        self._held, self._at = b"", 0
        while piece := self._receive(_MAX_AT_ONCE):
            pieces.append(piece)
        self.close()
        return b"".join(pieces)

    def _receive(self, worth: int) -> bytes:
        body = self._body
        if body is None or self._has_arrived():
            return b""
        try:
            return BlockingEngine.receive(body, worth)
        except exceptions.RequestException as error:
            raise _while_reading(error, self._origin) from error

    def _has_arrived(self) -> bool:
        """Whether nothing more comes, not even a failure."""
        body = self._body
        return body is None or (body.ended and body._failure is None)

    def _taken(self, amount: int) -> bytes:
        held, at = self._held, self._at
        rest = len(held) - at
        if amount < rest:
            self._at = at + amount
            return held[at : self._at]
        self._held, self._at = b"", 0
        if (amount or not rest) and self._has_arrived():
            self.close()
        return held[at:] if at else held


class _NameResolutionError(getattr(theirs, "NameResolutionError", theirs.NewConnectionError)):  # type: ignore[misc] # urllib3 1 has none
    """The same with a message of Envoi's."""

    __init__ = theirs.NewConnectionError.__init__
    __reduce__ = theirs.NewConnectionError.__reduce__


def _while_reading(error: exceptions.RequestException, origin: Origin) -> theirs.HTTPError:
    place: Any = origin
    if isinstance(error, exceptions.Timeout):
        return theirs.ReadTimeoutError(place, None, _told(error))
    if isinstance(error, exceptions.SSLError):
        return theirs.SSLError(_cause(error))
    return theirs.ProtocolError(_told(error), _cause(error))


def _told(error: exceptions.RequestException) -> str:
    """The message, with what the system said, for those who look for its words."""
    cause = error.__cause__
    return (
        f"{error} ({cause})"
        if isinstance(cause, OSError) and cause.errno is not None
        else str(error)
    )


def _cause(error: exceptions.RequestException) -> Exception:
    """What the system, or `ssl`, raised; the error itself when it has its own reasons."""
    cause = error.__cause__
    return (
        cause
        if isinstance(cause, OSError) and not isinstance(cause, exceptions.RequestException)
        else error
    )
