"""HTTP/1.1 on a socket, from the server's side: a request read, an answer written."""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING

from envoi.testing._messages import Answer, Headers, Request

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable, Iterable, Iterator

_RECEIVE_SIZE = 256 * 1024
_MAX_HEAD = 1024 * 1024
_JOIN_BELOW = 64 * 1024
_NO_BODY = {204, 304}


class Disconnected(ConnectionError):  # noqa: N818 - what happened
    """The client ended the stream where more was expected."""


class Malformed(Exception):  # noqa: N818 - what the message is
    """The client sent something that is not a request. `status` is what to answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Reader:
    """Reads heads, lines and counted bytes from a stream of `receive(size)` calls.

    Args:
        receive: gives some bytes; b"" at the end of the stream.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()

    @property
    def buffered(self) -> int:
        """How many bytes were received and not yet read."""
        return len(self._buffer)

    def head(self) -> bytes:
        """Up to and with the empty line; b"" when the stream ended before its first byte."""
        return self._until(b"\r\n\r\n", _MAX_HEAD)

    def line(self) -> bytes:
        """Up to and with the end of the line."""
        return self._until(b"\r\n", _MAX_HEAD)

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        buffer = self._buffer
        while len(buffer) < size:
            self._more()
        taken = bytes(buffer[:size])
        del buffer[:size]
        return taken

    def take_buffered(self) -> bytes:
        """What was received and not yet read; does not wait."""
        return self.exactly(len(self._buffer))

    def _until(self, mark: bytes, limit: int) -> bytes:
        searched = 0
        while True:
            position = self._buffer.find(mark, searched)
            if position >= 0:
                return self.exactly(position + len(mark))
            if len(self._buffer) > limit:
                message = "the head of the request is too large"
                raise Malformed(message, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            searched = max(0, len(self._buffer) - len(mark) + 1)
            if not self._more(may_end=not self._buffer):
                return b""

    def _more(self, *, may_end: bool = False) -> bool:
        data = self._receive(_RECEIVE_SIZE)
        if not data and not may_end:
            message = "the client closed the connection in the middle of a request"
            raise Disconnected(message)
        self._buffer += data
        return bool(data)


def parse_head(head: bytes) -> tuple[str, str, str, Headers]:
    """Method, target, version and headers of a request's head (RFC 9112, sections 3 and 5).

    Raises:
        Malformed: it is not one.
    """
    first, *rest = head[:-4].decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        message = f"not a request line: {first[:200]!r}"
        raise Malformed(message)
    fields = []
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            message = f"not a header field: {line[:200]!r}"
            raise Malformed(message)
        fields.append((name, value.strip(" \t")))
    return parts[0], parts[1], parts[2], Headers(fields)


def body_length(headers: Headers) -> int | None:
    """How long the body is; None when it is chunked (RFC 9112, section 6.3).

    Raises:
        Malformed: the framing is contradictory or not understood.
    """
    coding = headers.get("transfer-encoding").lower()
    lengths = headers.all("content-length")
    if coding:
        if coding != "chunked" or lengths:
            message = "Transfer-Encoding other than chunked, or with Content-Length"
            raise Malformed(message)
        return None
    if not lengths:
        return 0
    if len(set(lengths)) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        message = f"bad Content-Length: {lengths!r}"
        raise Malformed(message)
    return int(lengths[0])


def read_chunked(
    reader: Reader, limit: int, keep: Callable[[bytes], object] = lambda _: None
) -> tuple[bytes, Headers]:
    """A chunked body and its trailers (RFC 9112, section 7.1).

    Args:
        reader: where from.
        limit: the largest body accepted, in bytes.
        keep: is given the framed bytes as they are read.

    Raises:
        Malformed: the framing is broken, or the body too large.
    """
    body = bytearray()
    while True:
        line = reader.line()
        keep(line)
        size_text = line.split(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError:
            message = f"not a chunk size: {size_text[:40]!r}"
            raise Malformed(message) from None
        if size == 0:
            break
        if len(body) + size > limit:
            raise _too_large(limit)
        framed = reader.exactly(size + 2)
        keep(framed)
        if framed[-2:] != b"\r\n":
            message = "a chunk does not end where its size says"
            raise Malformed(message)
        body += framed[:-2]
    trailers = []
    while (line := reader.line()) != b"\r\n":
        keep(line)
        name, _, value = line.decode("latin-1").partition(":")
        trailers.append((name, value.strip()))
    keep(line)
    return bytes(body), Headers(trailers)


def read_request(
    reader: Reader,
    send: Callable[[bytes], object],
    *,
    limit: int,
    peer: tuple[str, int],
    secure: bool,
    connection: int,
) -> Request | None:
    """The next request with its body; None when the client has no more. Answers `Expect:
    100-continue` (RFC 9110, section 10.1.1).

    Raises:
        Malformed: it is not a request.
        Disconnected: it ends in the middle.
    """
    head = reader.head()
    if not head:
        return None
    method, target, version, headers = parse_head(head)
    length = body_length(headers)
    if length is not None and length > limit:
        raise _too_large(limit)
    body, trailers = b"", Headers()
    if length != 0:
        if headers.get("expect").lower() == "100-continue" and not reader.buffered:
            send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if length is None:
            body, trailers = read_chunked(reader, limit)
        else:
            body = reader.exactly(length)
    path, _, query = target.partition("?")
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return Request(
        method,
        target,
        path,
        query,
        headers,
        body,
        peer,
        secure,
        version,
        trailers,
        connection=connection,
    )


def write_answer(
    connection: socket.socket, request: Request, answer: Answer, stopping: threading.Event
) -> bool:
    """Send an answer. Returns whether the connection may be used again; not when the answer is cut
    short on purpose.
    """
    send = connection.sendall
    if answer.raw is not None:
        _send_pieces(send, [answer.raw], answer.trickle, stopping)
        return not (answer.close or answer.reset)
    if answer.reset and answer.truncate_at is None:
        return False
    for status, fields in answer.informational:
        send(_head(status, None, list(fields)))
    keep_alive = not answer.close and _wants_keep_alive(request)
    head, pieces = _compose(request, answer, keep_alive=keep_alive)
    if isinstance(pieces, bytes) and len(pieces) < _JOIN_BELOW and answer.trickle is None:
        send(head + pieces)
    else:
        send(head)
        _send_pieces(
            send, [pieces] if isinstance(pieces, bytes) else pieces, answer.trickle, stopping
        )
    return keep_alive and answer.truncate_at is None and not _ends_with_stream(request, answer)


def _compose(
    request: Request, answer: Answer, *, keep_alive: bool
) -> tuple[bytes, bytes | Iterator[bytes]]:
    fields = answer.fields()
    given = {name.lower() for name, _ in fields}
    content, kind = answer.encoded()
    bodiless = (
        request.method == "HEAD" or answer.status in _NO_BODY or answer.status < HTTPStatus.OK
    )
    if kind and "content-type" not in given:
        fields.append(("Content-Type", kind))
    framed = (
        answer.chunks is not None
        and "content-length" not in given
        and request.version != "HTTP/1.0"
    )
    if framed and "transfer-encoding" not in given:
        fields.append(("Transfer-Encoding", "chunked"))
    elif (
        answer.chunks is None
        and not given & {"content-length", "transfer-encoding"}
        and answer.status not in _NO_BODY
    ):
        fields.append(("Content-Length", str(len(content))))
    if "connection" not in given and (not keep_alive or _ends_with_stream(request, answer)):
        fields.append(("Connection", "close"))
    head = _head(answer.status, answer.reason, fields)
    if bodiless:
        return head, b""
    if answer.chunks is None:
        return head, content[: answer.truncate_at]
    pieces = (
        iter(answer.chunks)
        if answer.truncate_at is None
        else _cut(answer.chunks, answer.truncate_at)
    )
    if not framed:
        return head, pieces
    end = [] if answer.truncate_at is not None else [_last_chunk(answer)]
    return head, chain((b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece), end)


def _head(status: int, reason: str | None, fields: list[tuple[str, str]]) -> bytes:
    if reason is None:
        reason = _REASONS.get(status, "")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


_REASONS = {int(status): status.phrase for status in HTTPStatus}


def _last_chunk(answer: Answer) -> bytes:
    trailers = "".join(f"{name}: {value}\r\n" for name, value in answer.trailers)
    return b"0\r\n" + trailers.encode("latin-1") + b"\r\n"


def _cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _wants_keep_alive(request: Request) -> bool:
    wish = request.headers.get("connection").lower()
    return "close" not in wish and (request.version != "HTTP/1.0" or "keep-alive" in wish)


def _ends_with_stream(request: Request, answer: Answer) -> bool:
    """A streamed body that HTTP/1.0 cannot frame ends with its connection."""
    return (
        answer.chunks is not None
        and request.version == "HTTP/1.0"
        and not Headers(answer.fields()).has("content-length")
    )


def _send_pieces(
    send: Callable[[bytes], object],
    pieces: Iterable[bytes],
    trickle: tuple[int, float] | None,
    stopping: threading.Event,
) -> None:
    for piece in pieces:
        if trickle is None:
            send(piece)
            continue
        size, seconds = trickle
        for start in range(0, len(piece), size):
            send(piece[start : start + size])
            if stopping.wait(seconds):
                return


def _too_large(limit: int) -> Malformed:
    message = f"the body is larger than {limit} bytes"
    return Malformed(message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
