"""Holding a body to its Content-Length: a request's, and what an application answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.exceptions import IncompleteBody, InvalidBody, RemoteProtocolError

if TYPE_CHECKING:
    from envoi._model.exceptions import RequestException
    from envoi._model.prepared import PreparedRequest
    from envoi._proto.h1 import ResponseHead


class LengthCheck:
    """Counts the bytes of a body against the length that was declared for it.

    Args:
        declared: that length; None where there is none, and anything goes.
        body: what messages call the body.
        too_long: the exception for a body that is longer.
        too_short: the exception for one that is shorter.
    """

    __slots__ = ("_body", "_left", "_too_long", "_too_short")

    def __init__(
        self,
        declared: int | None,
        body: str,
        too_long: type[RequestException],
        too_short: type[RequestException],
    ) -> None:
        self._left = declared
        self._body = body
        self._too_long = too_long
        self._too_short = too_short

    def take(self, piece: bytes) -> None:
        """Count a piece of the body.

        Raises:
            RequestException: `too_long`, with this piece.
        """
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise self._too_long(f"{self._body} is longer than its Content-Length says")

    def end(self) -> None:
        """Count the end of the body.

        Raises:
            RequestException: `too_short`.
        """
        if self._left:
            raise self._too_short(
                f"{self._body} ended {self._left} bytes before its Content-Length says so"
            )


def request_length(request: PreparedRequest) -> LengthCheck:
    """What a request's body is counted against; Content-Length means nothing beside
    Transfer-Encoding (RFC 9112, section 6.3).

    Raises:
        InvalidBody: the Content-Length is no number, or not the length of a body in memory.
    """
    headers = request.headers
    declared = None if "transfer-encoding" in headers else headers.get("content-length")
    if declared is not None and not (declared.isascii() and declared.isdigit()):
        raise InvalidBody(f"Content-Length {declared!r} is not a number")
    length = None if declared is None else int(declared)
    content = request.content.content
    if content is not None and length is not None and length != len(content):
        raise InvalidBody(
            f"the body has {len(content)} bytes, and its Content-Length says {declared}"
        )
    return LengthCheck(length, "the body", InvalidBody, InvalidBody)


def response_length(where: str, head: ResponseHead | None) -> LengthCheck:
    """What the body of an application's answer is counted against.

    Args:
        where: the application, for messages.
        head: of the answer; None where a body is not counted, because it is dropped.
    """
    declared = None if head is None else head.content_length
    return LengthCheck(declared, f"the body from {where}", RemoteProtocolError, IncompleteBody)
