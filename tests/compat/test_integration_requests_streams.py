"""A response of requests over Envoi's connections is read as one over its own: in pieces, as a file, by its raw object."""

from __future__ import annotations

import gzip
import io
import pickle
import shutil
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3

from compat.peer_of_requests import requests_session
from compat.test_integration_requests import over_envoi
from envoi.testing import RawConnection, RawServer, Server

pytestmark = pytest.mark.timeout(60)

TEXT = b"first line\nsecond\r\nthird " + bytes(range(97, 123)) * 40
ZIPPED = gzip.compress(TEXT, mtime=0)


def _head(*fields: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode("latin-1")


def _chunked(data: bytes, size: int) -> bytes:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


REPLIES: dict[str, bytes] = {
    "length": _head(f"Content-Length: {len(TEXT)}") + TEXT,
    "chunks": _head("Transfer-Encoding: chunked") + _chunked(TEXT, 250),
    "one chunk": _head("Transfer-Encoding: chunked") + _chunked(TEXT, 5000),
    "until close": _head("Connection: close") + TEXT,
    "gzip": _head(f"Content-Length: {len(ZIPPED)}", "Content-Encoding: gzip") + ZIPPED,
    "gzip in chunks": _head("Transfer-Encoding: chunked", "Content-Encoding: gzip")
    + _chunked(ZIPPED, 5000),
    "bad gzip": _head("Content-Length: 5", "Content-Encoding: gzip") + b"plain",
    "empty": _head("Content-Length: 0"),
    "no chunks": _head("Transfer-Encoding: chunked") + _chunked(b"", 1),
    "204": _head(status="204 No Content"),
    "304": _head("ETag: x", status="304 Not Modified"),
    "short": _head("Content-Length: 2000", "Connection: close") + TEXT,
    "short chunks": _head("Transfer-Encoding: chunked", "Connection: close")
    + _chunked(TEXT, 5000)[:900],
    "no last chunk": _head("Transfer-Encoding: chunked", "Connection: close")
    + _chunked(TEXT, 300)[:-5],
    "cookies": _head("Content-Length: 2", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-A: 1", "x-a: 2")
    + b"ok",
}


def _copied(response: requests.Response) -> bytes:
    shutil.copyfileobj(response.raw, into := io.BytesIO(), 100)
    return into.getvalue()


def _by_readinto(response: requests.Response) -> list[bytes]:
    buffer, pieces = bytearray(700), []
    while size := response.raw.readinto(buffer):
        pieces.append(bytes(buffer[:size]))
    return pieces


def _by_reading(response: requests.Response, amount: int, **options: Any) -> list[bytes]:
    pieces = []
    while piece := response.raw.read(amount, **options):
        pieces.append(piece)
    return pieces


def _states(response: requests.Response) -> list[Any]:
    raw = response.raw
    seen: list[Any] = []
    for amount in (0, 1, 10, 10_000, 1):
        seen.append(
            (raw.closed, raw.isclosed(), raw.tell(), raw.read(amount), raw.length_remaining)
        )
    return [*seen, raw.closed, raw.tell(), raw._original_response.isclosed()]


def _of_the_head(response: requests.Response) -> list[Any]:
    raw = response.raw
    return [
        raw.status, raw.reason, raw.version, raw.version_string, raw.chunked, raw.decode_content, raw.headers.items(), raw.headers.getlist("x-a"), raw.getheader("X-A"),
        raw._original_response.msg.get_all("Set-Cookie"), raw._original_response.msg.get_all("Nothing", []), raw._original_response.status,
        raw._original_response.version, raw._original_response.getheader("x-a"), raw.geturl(), raw.retries.history, raw.enforce_content_length,
        raw.readable(), isinstance(raw, urllib3.HTTPResponse), dict(response.cookies), response.headers, response.encoding,
    ]  # fmt: skip


READERS: dict[str, Callable[[requests.Response], Any]] = {
    "content": lambda response: (response.content, response.content, response.raw.closed),
    "text": lambda response: response.text,
    "pieces of 1": lambda response: b"".join(response.iter_content()),
    "pieces of 100": lambda response: list(response.iter_content(100)),
    "pieces of 10,000": lambda response: list(response.iter_content(10_000)),
    "as they come": lambda response: b"".join(response.iter_content(None)),
    "as they come, text": lambda response: "".join(
        response.iter_content(None, decode_unicode=True)
    ),
    "lines": lambda response: list(response.iter_lines()),
    "lines, small pieces": lambda response: list(response.iter_lines(7, delimiter=b"\n")),
    "iteration": lambda response: b"".join(response),
    "pieces, then content": lambda response: (next(response.iter_content(10)), response.content),
    "twice in pieces": lambda response: (
        list(response.iter_content(50)),
        list(response.iter_content(50)),
    ),
    "raw, all": lambda response: (response.raw.read(), response.raw.read(), response.raw.read(1)),
    "raw, all, decoded": lambda response: (
        response.raw.read(decode_content=True),
        response.raw.read(decode_content=True),
    ),
    "raw by 64": lambda response: _by_reading(response, 64),
    "raw by 64, decoded": lambda response: _by_reading(response, 64, decode_content=True),
    "raw, some, then the rest": lambda response: (
        response.raw.read(5),
        response.raw.read(),
        response.raw.tell(),
    ),
    "raw, some, then in pieces": lambda response: (
        response.raw.read(5),
        b"".join(response.iter_content(100)),
    ),
    "raw, some, then a stream": lambda response: (
        response.raw.read(5),
        b"".join(response.raw.stream(40)),
    ),
    "raw.read1": lambda response: (
        response.raw.read1(4),
        response.raw.read1(4),
        response.raw.read1(0),
    ),
    "raw.stream": lambda response: list(response.raw.stream(33, decode_content=False)),
    "raw.stream, decoded": lambda response: list(response.raw.stream(33, decode_content=True)),
    "raw.readinto": _by_readinto,
    "raw.readlines": lambda response: response.raw.readlines(),
    "raw.data": lambda response: (response.raw.data, response.raw.data),
    "raw as a file": _copied,
    "io.BufferedReader": lambda response: io.BufferedReader(response.raw).read(10),
    "states": _states,
    "head": _of_the_head,
    "closed first": lambda response: (
        response.close(),
        response.raw.closed,
        response.raw.read(),
        response.raw.read(3),
    ),
    "closed within": lambda response: (response.raw.read(3), response.close(), response.raw.closed),
    "drained": lambda response: (response.raw.drain_conn(), response.raw.closed),
    "pickled": lambda response: (pickle.loads(pickle.dumps(response)).content, response.content),
    "links and so on": lambda response: (
        response.links,
        response.ok,
        response.is_redirect,
        response.next,
        response.reason,
    ),
}

DIFFERENCES: dict[tuple[str, str], str] = {
    **{
        (reply, reader): "urllib3 loses its place among the chunks"
        for reply in ("chunks", "one chunk", "gzip in chunks")
        for reader in ("raw, some, then in pieces", "raw, some, then a stream")
    },
    (
        "until close",
        "states",
    ): "the end is known when all has been read, not only when somebody reads on",
    (
        "short chunks",
        "io.BufferedReader",
    ): "what came before the failure is given out, as it is where a length was declared",
    (
        "no last chunk",
        "io.BufferedReader",
    ): "what came before the failure is given out, as it is where a length was declared",
}
"""Reply and reader: why the outcomes differ."""
PIECES_MAY_DIFFER = {"pieces of 100", "pieces of 10,000", "raw.stream", "raw.stream, decoded"}
"""Where a body came in chunks, the pieces are what has arrived, not the sender's chunks."""


@pytest.mark.parametrize("reply", REPLIES)
def test_read_as_over_requests_own_connections(reply: str) -> None:
    def script(connection: RawConnection) -> None:
        while connection.read_request():
            connection.send(REPLIES[reply])
            if b"Connection: close" in REPLIES[reply]:
                return

    different = {}
    with RawServer(script) as server, requests_session() as own, over_envoi() as ours:
        for reader in READERS:
            expected, seen = (
                _outcome(session, server.url, reader, reply) for session in (own, ours)
            )
            if expected != seen:
                different[reader] = (expected, seen)
    assert different.keys() == {reader for name, reader in DIFFERENCES if name == reply}, different


def _outcome(session: requests.Session, url: str, reader: str, reply: str) -> tuple[str, Any]:
    with session.get(url, stream=True) as response:
        try:
            result = READERS[reader](response)
        except Exception as error:
            return "raised", [kind.__name__ for kind in type(error).__mro__]
        return "returned", b"".join(
            result
        ) if reply == "chunks" and reader in PIECES_MAY_DIFFER else result


def test_pieces_are_given_out_as_they_arrive(raw_server: Any) -> None:
    heard = threading.Event()

    def speaking(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(_head("Transfer-Encoding: chunked") + b"6\r\ndata 1\r\n")
        heard.wait(20)
        connection.send(b"7\r\n\ndata 2\r\n0\r\n\r\n")

    with over_envoi() as session, session.get(raw_server(speaking).url, stream=True) as response:
        pieces = response.iter_content(None)
        assert next(pieces) == b"data 1"
        heard.set()
        assert b"".join(pieces) == b"\ndata 2"


def test_lines_are_given_out_before_the_next_arrives(raw_server: Any) -> None:
    heard = threading.Event()

    def speaking(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(_head("Connection: close") + b"one\ntwo")
        heard.wait(20)
        connection.send(b"\n")

    with over_envoi() as session, session.get(raw_server(speaking).url, stream=True) as response:
        lines = response.iter_lines(chunk_size=1)
        assert next(lines) == b"one"
        heard.set()
        assert list(lines) == [b"two"]


def test_large_bodies_arrive_whole(server: Server) -> None:
    with over_envoi() as session:
        expected = session.get(f"{server.url}/bytes/3000000").content
        assert len(expected) == 3_000_000
        for size in (10_240, 1_000_003, None):
            with session.get(f"{server.url}/bytes/3000000", stream=True) as response:
                assert b"".join(response.iter_content(size)) == expected
        with session.get(f"{server.url}/bytes/3000000", stream=True) as response:
            assert response.raw.read() == expected


def test_who_is_at_the_other_end_is_told_while_the_body_is_read(tls_server: Server) -> None:
    with (
        over_envoi() as session,
        session.get(
            f"{tls_server.url}/bytes/300000", verify=tls_server.ca_path, stream=True
        ) as response,
    ):
        socket = response.raw._connection.sock
        assert socket.getpeername()[1] == tls_server.port
        assert socket.version().startswith("TLSv1.")
        assert socket.getpeercert(binary_form=True)
        assert response.content
        assert response.raw._connection is None


def test_a_response_leaves_its_connection_when_it_is_read_closed_or_dropped(server: Server) -> None:
    def in_use() -> int:
        state = session.get_adapter(server.url)._engine._pool.state
        return state.open - state.idle

    with over_envoi() as session:
        assert session.get(f"{server.url}/bytes/300000").ok
        assert in_use() == 0
        with session.get(f"{server.url}/bytes/300000", stream=True) as response:
            assert in_use() == 1
        assert in_use() == 0
        response = session.get(f"{server.url}/bytes/300000", stream=True)
        assert response.raw.read(10)
        assert in_use() == 1
        del response
        assert in_use() == 0
        pieces = session.get(f"{server.url}/bytes/300000", stream=True).iter_content(10)
        assert next(pieces)
        del pieces
        assert in_use() == 0
        for path in ("/status/204", "/bytes/0"):
            unread = session.get(f"{server.url}{path}", stream=True)
            assert in_use() == 0, unread
        assert (
            session.head(f"{server.url}/bytes/300000", stream=True).headers["Content-Length"]
            == "300000"
        )
        assert in_use() == 0


def test_a_session_that_is_dropped_closes_its_connections(raw_server: Any) -> None:
    def waiting(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(REPLIES["empty"])
        connection.wait_closed()
        closed.set()

    closed = threading.Event()
    session = over_envoi()
    assert session.get(raw_server(waiting).url).ok
    assert not closed.wait(0.05)
    del session
    assert closed.wait(20)
