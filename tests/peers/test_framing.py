"""Lenient framing is how requests are smuggled: a table of answers that are refused, and of requests that are never sent."""

from __future__ import annotations

import pytest

import envoi
from envoi.testing import RawConnection

pytestmark = pytest.mark.timeout(30)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def head(*fields: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([status, *fields, b"", b""])


REFUSED = {
    "Content-Length with Transfer-Encoding": head(
        b"Content-Length: 5", b"Transfer-Encoding: chunked"
    )
    + b"5\r\nhello\r\n0\r\n\r\n",
    "Transfer-Encoding with Content-Length": head(
        b"Transfer-Encoding: chunked", b"Content-Length: 0"
    )
    + b"5\r\nhello\r\n0\r\n\r\n",
    "two different lengths": head(b"Content-Length: 5", b"Content-Length: 6") + b"hello!",
    "two different lengths in one field": head(b"Content-Length: 5, 6") + b"hello!",
    "length +5": head(b"Content-Length: +5") + b"hello",
    "length -5": head(b"Content-Length: -5") + b"hello",
    "length 0x5": head(b"Content-Length: 0x5") + b"hello",
    "length 1_0": head(b"Content-Length: 1_0") + b"hellohello",
    "length 5.0": head(b"Content-Length: 5.0") + b"hello",
    "length 5 5": head(b"Content-Length: 5 5") + b"hello",
    "empty length": head(b"Content-Length:") + b"hello",
    "length in other digits": head("Content-Length: ٥".encode()) + b"hello",
    "length beyond 64 bits": head(b"Content-Length: 99999999999999999999999") + b"hello",
    "unknown transfer coding last": head(b"Transfer-Encoding: chunked, gzip") + b"hello",
    "chunked twice": head(b"Transfer-Encoding: chunked, chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    "chunked in two fields": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")
    + b"5\r\nhello\r\n0\r\n\r\n",
    "gzip below chunked": head(b"Transfer-Encoding: gzip, chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    "unknown coding with a length": head(b"Transfer-Encoding: yolo", b"Content-Length: 5")
    + b"hello",
    "folded length": head(b"Content-Length:", b" 5") + b"hello",
    "folded chunked": head(b"Transfer-Encoding:", b" chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    "same length, written otherwise": head(b"Content-Length: 030", b"Content-Length: 30")
    + b"x" * 30,
    "chunked with a control character": head(b"Transfer-Encoding: \x0bchunked")
    + b"5\r\nhello\r\n0\r\n\r\n",
    "space before the colon": head(b"Content-Length : 5") + b"hello",
    "tab before the colon": head(b"Content-Length\t: 5") + b"hello",
    "field without a colon": head(b"Content-Length 5") + b"hello",
    "empty name": head(b": 5") + b"hello",
    "space in a name": head(b"Content Length: 5") + b"hello",
    "NUL in a name": head(b"Con\x00tent: 5") + b"hello",
    "NUL in a value": head(b"X: a\x00b", b"Content-Length: 5") + b"hello",
    "bare CR in a value": head(b"X: a\rb", b"Content-Length: 5") + b"hello",
    "first field begins with a space": head(b" X: y", b"Content-Length: 5") + b"hello",
    "bytes beyond ASCII in a name": head(b"X\xe9: y", b"Content-Length: 5") + b"hello",
    "chunk size +5": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "chunk size -5": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk size 0x5": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "chunk size 0_5": CHUNKED + b"0_5\r\nhello\r\n0\r\n\r\n",
    "chunk size with a space within": CHUNKED + b"0 5\r\nhello\r\n0\r\n\r\n",
    "chunk size with a space before": CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n",
    "empty chunk size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": CHUNKED + b"11111111111111111\r\nhello\r\n0\r\n\r\n",
    "chunk without its line end": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "bare LF after a chunk size": CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    "bare LF after a chunk": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "bare CR after a chunk size": CHUNKED + b"5\rXhello\r\n0\r\n\r\n",
    "bare LF in a chunk extension": CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "bare CR in a chunk extension": CHUNKED + b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "two bytes that are no line end": CHUNKED + b"5\r\nhelloXX0\r\n\r\n",
    "trailer without a colon": CHUNKED + b"0\r\nbad\r\n\r\n",
    "trailer with a space before its colon": CHUNKED + b"0\r\nX : y\r\n\r\n",
    "trailer with NUL": CHUNKED + b"0\r\nX: \x00\r\n\r\n",
    "status 99": head(b"Content-Length: 0", status=b"HTTP/1.1 99 Odd"),
    "status 1000": head(b"Content-Length: 0", status=b"HTTP/1.1 1000 Odd"),
    "status +20": head(b"Content-Length: 0", status=b"HTTP/1.1 +20 Odd"),
    "status in other digits": head(b"Content-Length: 0", status="HTTP/1.1 ٢٠٠ OK".encode()),
    "two spaces before the status": head(b"Content-Length: 0", status=b"HTTP/1.1  200 OK"),
    "tab before the status": head(b"Content-Length: 0", status=b"HTTP/1.1\t200 OK"),
    "NUL in the reason": head(b"Content-Length: 0", status=b"HTTP/1.1 200 O\x00K"),
    "bare CR in the reason": head(b"Content-Length: 0", status=b"HTTP/1.1 200 O\rK"),
    "HTTP/1.10": head(b"Content-Length: 0", status=b"HTTP/1.10 200 OK"),
    "HTTP/11": head(b"Content-Length: 0", status=b"HTTP/11 200 OK"),
    "http in lower case": head(b"Content-Length: 0", status=b"http/1.1 200 OK"),
    "HTTP/1.x": head(b"Content-Length: 0", status=b"HTTP/1.x 200 OK"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_ambiguous_answer_is_refused(case: str, client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(REFUSED[case])
        connection.wait_closed()

    server = raw_server(script)
    with pytest.raises((envoi.RemoteProtocolError, envoi.ChunkedEncodingError)) as caught:
        client.get(server.url)
    assert not isinstance(caught.value, envoi.IncompleteBody)


ACCEPTED = {
    "same length twice": head(b"Content-Length: 5", b"Content-Length: 5") + b"hello",
    "same length in one field": head(b"Content-Length: 5, 5") + b"hello",
    "length with leading zeros": head(b"Content-Length: 0005") + b"hello",
    "chunk extension": CHUNKED + b'5;name=value;other="quoted"\r\nhello\r\n0\r\n\r\n',
    "upper case CHUNKED": head(b"Transfer-Encoding: CHUNKED") + b"5\r\nhello\r\n0\r\n\r\n",
    "chunk size with zeros": CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n",
    "no reason": head(b"Content-Length: 5", status=b"HTTP/1.1 200") + b"hello",
    "no space after the colon": head(b"Content-Length:5") + b"hello",
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_valid_but_unusual_answer_is_understood(case: str, client, raw_server) -> None:
    assert client.get(raw_server([ACCEPTED[case]]).url).text == "hello"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_body_after_a_bodiless_status_is_not_the_next_answer(
    status: bytes, client, raw_server
) -> None:
    def script(connection: RawConnection) -> None:
        while True:
            connection.read_request()
            if connection.number == 1:
                connection.send(
                    b"HTTP/1.1 "
                    + status
                    + b"\r\nContent-Length: 44\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil!!!"
                )
            else:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")

    server = raw_server(script)
    assert client.get(server.url).content == b""
    assert client.get(server.url).text == "good"


def test_body_after_a_head_request_is_not_the_next_answer(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        while True:
            connection.read_request()
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
                + (b"evil" if connection.number == 1 else b"good")
            )

    server = raw_server(script)
    assert client.request("HEAD", server.url).content == b""
    assert client.get(server.url).text == "good"


# --- What is never sent

NEVER_SENT = {
    "two lengths": [("Content-Length", "3"), ("Content-Length", "4")],
    "length and chunked": {"Content-Length": "3", "Transfer-Encoding": "chunked"},
    "length that is no number": {"Content-Length": "x"},
    "length with a sign": {"Content-Length": "+3"},
    "negative length": {"Content-Length": "-3"},
    "hexadecimal length": {"Content-Length": "0x3"},
    "other transfer coding": {"Transfer-Encoding": "gzip"},
    "chunked and more": {"Transfer-Encoding": "chunked, gzip"},
    "chunked twice": [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
    "odd chunked": {"Transfer-Encoding": "xchunked"},
    "two hosts": [("Host", "a"), ("Host", "b")],
    "line break in a value": {"X": "a\r\nEvil: b"},
    "bare LF in a value": {"X": "a\nb"},
    "bare CR in a value": {"X": "a\rb"},
    "NUL in a value": {"X": "a\0b"},
    "line break in a name": {"X\r\nEvil": "b"},
    "colon in a name": {"X:Evil": "b"},
    "space at a name's end": {"X ": "b"},
    "empty name": {"": "b"},
    "folding": {"X": "a\r\n b"},
}


# A body in memory has its own length, which replaces the caller's.
@pytest.mark.parametrize(
    ("method", "case"),
    [("GET", case) for case in NEVER_SENT]
    + [("POST", case) for case in NEVER_SENT if "length" not in case],
)
def test_ambiguous_request_is_never_sent(method: str, case: str, client, raw_server) -> None:
    seen: list[bytes] = []

    def script(connection: RawConnection) -> None:
        seen.append(connection.wait_closed())

    server = raw_server(script)
    body = b"abc" if method == "POST" else None
    with pytest.raises((envoi.InvalidHeader, envoi.InvalidBody)):
        client.request(method, server.url, data=body, headers=NEVER_SENT[case], timeout=2)
    client.close()
    server.close()
    assert not any(seen)


@pytest.mark.parametrize("data", [b"abc", "abc", iter([b"abc"])], ids=["bytes", "text", "iterator"])
def test_caller_cannot_make_the_length_lie(data, client, raw_server) -> None:
    server = raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], close=True)
    try:
        client.post(server.url, data, headers={"Content-Length": "2"}, timeout=2)
    except envoi.InvalidBody:
        return
    assert b"Content-Length: 3\r\n" in server.requests[0]
    assert server.requests[0].count(b"Content-Length") == 1


@pytest.mark.parametrize("promised", ["2", "4"])
def test_streamed_body_of_another_length_than_promised_is_refused(
    promised: str, client, raw_server
) -> None:
    server = raw_server(lambda connection: connection.wait_closed())
    with pytest.raises(envoi.InvalidBody):
        client.post(server.url, iter([b"abc"]), headers={"Content-Length": promised})
