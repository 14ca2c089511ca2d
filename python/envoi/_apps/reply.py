"""The answer of an application, WSGI or ASGI: its head, and the response made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from envoi._model import exceptions
from envoi._model.timeout import FOREVER
from envoi._model.timing import Timing
from envoi._model.trace import Trace
from envoi._net.errors import translate
from envoi._proto.h1 import InvalidHeaderError, InvalidMessage, ProtocolViolation, ResponseHead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._model.prepared import PreparedRequest
    from envoi._model.timing import ConnectionInfo
    from envoi._responses.base import OpenReply

R = TypeVar("R", bound="OpenReply")

FAILED: Final = b"Internal Server Error"
"""The body of the answer for an application that failed."""

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL: Final = 200


def head_of(
    where: str, status: int, reason: str, fields: Iterable[tuple[bytes, bytes]]
) -> ResponseHead:
    """The head that an application gives, under the rules that hold for a server's.

    Args:
        where: the application, for messages.
        status: from 200 to 999.
        reason: the reason phrase.
        fields: the header fields. Transfer-Encoding is left out: nothing is transferred.

    Raises:
        RemoteProtocolError: these parts make no head; as InvalidFraming, what they say of the
            body's length contradicts itself.
    """
    kept = [(name, value) for name, value in fields if name.lower() != b"transfer-encoding"]
    try:
        if status >= _FIRST_FINAL:
            return ResponseHead.of(status, reason, "HTTP/1.1", kept)
    except ProtocolViolation as error:
        raise translate(error, "read", where, FOREVER, total_passed=False) from error
    except InvalidHeaderError as error:
        raise exceptions.RemoteProtocolError(
            f"{where} gave a head that cannot be sent: {error}"
        ) from error
    except InvalidMessage:
        pass
    raise exceptions.RemoteProtocolError(
        f"{where} gave a status that no answer can have: {status!r} {reason!r}"
    )


def failed_head(where: str) -> ResponseHead:
    """The head of the answer for an application that failed."""
    fields = [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(FAILED)).encode()),
    ]
    return head_of(where, 500, FAILED.decode(), fields)


def has_body(request: PreparedRequest, head: ResponseHead) -> bool:
    """Whether a response has a body (RFC 9112, section 6.3). Where it has none, the body that an
    application gives is dropped.
    """
    return request.method != "HEAD" and head.status not in _WITHOUT_BODY


class AppTrace(Trace):
    """A trace of a request that went over no connection.

    Args:
        started: when the request was given to the application.
        headed: when the response's head was there.
    """

    __slots__ = ()

    def __init__(self, started: float, headed: float) -> None:
        super().__init__(started, started, started, headed, None, reused=False)  # type: ignore[arg-type]

    def timing(self) -> Timing:
        """The phases, in seconds."""
        body, total = (
            (None, None)
            if self.ended is None
            else (self.ended - self.headed, self.ended - self.started)
        )
        return Timing(first_byte=self.headed - self.started, body=body, total=total)

    def connection(self) -> ConnectionInfo:
        """None."""
        return None  # type: ignore[return-value]


def new_reply(
    kind: type[R], adapter: Any, request: PreparedRequest, head: ResponseHead, trace: AppTrace
) -> R:
    """A response whose body is still to be set.

    Args:
        kind: `Response` or `AsyncResponse`.
        adapter: the adapter that sent the request.
        request: the request that was sent.
        head: the head of the answer.
        trace: when it was asked for, and came.
    """
    reply = kind(head, request, request.parsed_url)
    reply.trace = trace
    reply.connection = adapter
    return reply
