"""Servers that lie, stall, trickle, break off and talk out of turn."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

import envoi
from peers.clients import wait_until_idle_connections_speak

if TYPE_CHECKING:
    from envoi.testing import RawConnection

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def sends(data: bytes, end: str = "close", *, read: bool = True):
    """A script that reads a request, sends `data`, and then closes, resets or stalls."""

    def script(connection: RawConnection) -> None:
        if read:
            connection.read_request()
        if data:
            connection.send(data)
        if end == "reset":
            connection.reset()
        elif end == "stall":
            connection.wait_closed()

    return script


BROKEN = {
    "close after accept": (sends(b"", read=False), envoi.ConnectionError),
    "reset after accept": (sends(b"", "reset", read=False), envoi.ConnectionError),
    "close after request": (sends(b""), envoi.ConnectionError),
    "reset after request": (sends(b"", "reset"), envoi.ConnectionError),
    "close in the status line": (sends(b"HTTP/1.1 2"), envoi.RemoteProtocolError),
    "close in the head": (sends(b"HTTP/1.1 200 OK\r\nContent-Le"), envoi.RemoteProtocolError),
    "reset in the head": (sends(b"HTTP/1.1 200 OK\r\nContent-Le", "reset"), envoi.ConnectionError),
    "close after 100": (sends(b"HTTP/1.1 100 Continue\r\n\r\n"), envoi.RemoteProtocolError),
    "close before the body": (sends(HEAD), envoi.IncompleteBody),
    "reset before the body": (sends(HEAD, "reset"), envoi.IncompleteBody),
    "close in the body": (sends(HEAD + b"12345"), envoi.IncompleteBody),
    "reset in the body": (sends(HEAD + b"12345", "reset"), envoi.IncompleteBody),
    "close before the first chunk": (sends(CHUNKED), envoi.IncompleteBody),
    "close in the chunk size": (sends(CHUNKED + b"1"), envoi.IncompleteBody),
    "close after the chunk size": (sends(CHUNKED + b"5\r\n"), envoi.IncompleteBody),
    "close in a chunk": (sends(CHUNKED + b"5\r\nabc"), envoi.IncompleteBody),
    "reset in a chunk": (sends(CHUNKED + b"5\r\nabc", "reset"), envoi.IncompleteBody),
    "close after a chunk's data": (sends(CHUNKED + b"5\r\nabcde"), envoi.IncompleteBody),
    "close between chunks": (sends(CHUNKED + b"5\r\nabcde\r\n"), envoi.IncompleteBody),
    "close after the last chunk's size": (
        sends(CHUNKED + b"5\r\nabcde\r\n0\r\n"),
        envoi.IncompleteBody,
    ),
    "close in the trailers": (sends(CHUNKED + b"0\r\nDigest: x"), envoi.IncompleteBody),
    "bad chunk size": (
        sends(CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n", "stall"),
        envoi.ChunkedEncodingError,
    ),
    "chunk longer than its size": (
        sends(CHUNKED + b"2\r\nabc\r\n0\r\n\r\n", "stall"),
        envoi.ChunkedEncodingError,
    ),
    "endless chunk size": (sends(CHUNKED + b"0" * 100_000, "stall"), envoi.RequestException),
    "garbage": (sends(b"\x00\xff\x13garbage\r\n\r\n", "stall"), envoi.RemoteProtocolError),
    "a TLS alert": (sends(b"\x15\x03\x03\x00\x02\x02\x46", "stall"), envoi.RemoteProtocolError),
    "SSH": (sends(b"SSH-2.0-OpenSSH_9.6\r\n", "stall", read=False), envoi.RemoteProtocolError),
    "HTTP/0.9": (sends(b"<html>hello</html>\n"), envoi.RemoteProtocolError),
    "HTTP/2 preface": (
        sends(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "stall"),
        envoi.RemoteProtocolError,
    ),
    "HTTP/2 settings frame": (
        sends(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", "stall"),
        envoi.RemoteProtocolError,
    ),
    "HTTP/2.0 status line": (
        sends(b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "stall"),
        envoi.RemoteProtocolError,
    ),
    "HTTP/3.0 status line": (sends(b"HTTP/3 200\r\n\r\n", "stall"), envoi.RemoteProtocolError),
    "a request instead of an answer": (
        sends(b"GET / HTTP/1.1\r\nHost: you\r\n\r\n", "stall"),
        envoi.RemoteProtocolError,
    ),
    "status of two digits": (sends(b"HTTP/1.1 20 OK\r\n\r\n", "stall"), envoi.RemoteProtocolError),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_answer_raises(case: str, client, raw_server) -> None:
    script, expected = BROKEN[case]
    server = raw_server(script)
    with pytest.raises(expected) as caught:
        client.get(server.url)
    error = caught.value
    assert error.request is not None
    assert error.request.method == "GET"
    assert str(server.port) in str(error)
    # The session lives on.
    assert client.session._pool.state.open == 0
    assert client.get(raw_server([OK]).url).text == "ok"


@pytest.mark.parametrize(
    "case",
    [
        "close in the body",
        "reset in the body",
        "close in a chunk",
        "close between chunks",
        "close in the trailers",
    ],
)
def test_streamed_body_gives_what_came_and_then_raises(case: str, client, raw_server) -> None:
    script, expected = BROKEN[case]
    server = raw_server(script)
    received = b""
    response = client.get(server.url, stream=True)
    with pytest.raises(expected):
        for piece in response.iter_content():
            received += piece
    if case.startswith("close"):
        assert received == {
            "close in the body": b"12345",
            "close in a chunk": b"abc",
            "close between chunks": b"abcde",
        }.get(case, b"")


def test_body_until_the_connection_closes_is_complete(client, raw_server) -> None:
    server = raw_server(sends(b"HTTP/1.1 200 OK\r\n\r\nall of it"))
    assert client.get(server.url).content == b"all of it"


def test_http_1_0_answer_is_understood_and_not_reused(client, raw_server) -> None:
    server = raw_server([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"] * 2)
    assert client.get(server.url).text == "ok"
    assert client.get(server.url).text == "ok"
    assert server.connections == 2


@pytest.mark.parametrize("piece", [1, 2, 7])
def test_answer_in_tiny_pieces(piece: int, client, raw_server) -> None:
    reply = CHUNKED + b"5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n"
    server = raw_server(
        lambda connection: (
            connection.read_request(),
            connection.send_slowly(reply, piece, seconds=0),
            connection.wait_closed(),
        )
    )
    response = client.get(server.url)
    assert response.content == b"hello!"
    assert response.trailers["x-sum"] == "1"


def test_read_timeout_before_the_head(client, raw_server) -> None:
    server = raw_server(sends(b"", "stall"))
    with pytest.raises(envoi.ReadTimeout) as caught:
        client.get(server.url, timeout=0.1)
    assert caught.value.request.method == "GET"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", HEAD + b"123", CHUNKED + b"5\r\nab"])
def test_read_timeout_in_the_middle(start: bytes, client, raw_server) -> None:
    server = raw_server(sends(start, "stall"))
    with pytest.raises(envoi.ReadTimeout):
        client.get(server.url, timeout=0.1)


@pytest.mark.parametrize(
    "prefix",
    [
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
    ],
)
def test_total_deadline_holds_against_one_byte_at_a_time(prefix: bytes, client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(prefix)
        connection.send_slowly(b"x" * 1000, seconds=0.05)

    server = raw_server(script)
    began = time.monotonic()
    with pytest.raises(envoi.TotalTimeout):
        client.get(server.url, timeout=envoi.Timeout(read=5, total=0.4))
    assert time.monotonic() - began < 3


def test_total_deadline_covers_a_streamed_body(client, raw_server) -> None:
    server = raw_server(sends(HEAD + b"123", "stall"))
    response = client.get(server.url, timeout=envoi.Timeout(total=0.3), stream=True)
    with pytest.raises(envoi.TotalTimeout):
        response.read()


def test_total_deadline_covers_redirects_for_ever(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        while True:
            connection.read_request()
            connection.stopping.wait(0.03)
            connection.send(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")

    server = raw_server(script)
    with pytest.raises(envoi.TotalTimeout):
        client.get(server.url, timeout=envoi.Timeout(total=0.3))


def test_server_that_never_reads_is_a_write_timeout(client, raw_server) -> None:
    server = raw_server(lambda connection: connection.stopping.wait(20))
    with pytest.raises(envoi.WriteTimeout):
        client.post(server.url, b"x" * 50_000_000, timeout=envoi.Timeout(write=0.2))


def test_total_deadline_holds_while_sending(client, raw_server) -> None:
    server = raw_server(lambda connection: connection.stopping.wait(20))
    with pytest.raises(envoi.TotalTimeout):
        client.post(server.url, b"x" * 50_000_000, timeout=envoi.Timeout(write=10, total=0.2))


@pytest.mark.parametrize("streamed", [False, True])
def test_early_answer_with_close_while_uploading(streamed: bool, client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
        )
        connection.half_close()
        connection.wait_closed()

    server = raw_server(script)
    body = (b"x" * 65536 for _ in range(800)) if streamed else b"x" * 50_000_000
    response = client.post(server.url, body)
    assert (response.status_code, response.text) == (413, "big")
    assert client.get(raw_server([OK]).url).text == "ok"


def test_early_answer_and_no_more_reading_while_uploading(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        connection.stopping.wait(20)

    server = raw_server(script)
    response = client.post(server.url, b"x" * 50_000_000)
    assert (response.status_code, response.text) == (403, "no")


def test_connection_is_not_reused_when_the_upload_was_cut_short(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        connection.wait_closed()

    server = raw_server(script)
    for _ in range(2):
        assert client.post(server.url, b"x" * 50_000_000).status_code == 403
    assert server.connections == 2


def test_reset_while_uploading(client, raw_server) -> None:
    server = raw_server(lambda connection: (connection.read_head(), connection.reset()))
    with pytest.raises(envoi.ConnectionError) as caught:
        client.post(server.url, b"x" * 50_000_000)
    assert not isinstance(caught.value, envoi.Timeout)


def test_informational_answers_are_kept(client, raw_server) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    server = raw_server([b"HTTP/1.1 102 Processing\r\n\r\n" + hints + OK])
    response = client.get(server.url)
    assert response.text == "ok"
    assert [one.status for one in response.informational] == [102, 103]


def test_expect_continue_waits_and_then_sends(client, raw_server) -> None:
    seen: list[bytes] = []

    def script(connection: RawConnection) -> None:
        seen.append(connection.read_head())
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen.append(connection.read_exactly(4))
        connection.send(OK)
        connection.wait_closed()

    server = raw_server(script)
    assert client.post(server.url, b"body", headers={"Expect": "100-continue"}).text == "ok"
    assert seen[1] == b"body"


def test_expect_continue_refused_keeps_the_body_here(client, raw_server) -> None:
    after: list[bytes] = []

    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        after.append(connection.wait_closed())

    server = raw_server(script)
    assert (
        client.post(server.url, b"secret body", headers={"Expect": "100-continue"}).status_code
        == 403
    )
    client.session.max_redirects = 1
    assert client.get(raw_server([OK]).url).text == "ok"
    server.close()
    assert after == [b""]


def test_failed_expectation_is_dropped(client, raw_server) -> None:
    """RFC 9110, section 10.1.1: 417 says that something on the way knows no expectations."""

    def script(connection: RawConnection) -> None:
        while b"Expect" not in connection.read_head():
            connection.send(OK)
            connection.read_exactly(4)
        connection.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        connection.wait_closed()

    server = raw_server(script)
    response = client.post(server.url, b"body", headers={"Expect": "100-continue"})
    assert (response.status_code, response.text) == (200, "ok")
    assert response.history == []
    assert server.connections == 2


def test_expect_continue_without_an_answer_sends_after_a_second(client, raw_server) -> None:
    server = raw_server([OK])  # read_request waits for the whole body
    assert client.post(server.url, b"body", headers={"Expect": "100-continue"}).text == "ok"
    assert server.requests[0].endswith(b"\r\n\r\nbody")


# --- What is left on a connection, or comes over an idle one


def surplus(extra: bytes, *, later: bool):
    """Answers each request with its own connection's number, and on the first connection adds `extra`."""

    def script(connection: RawConnection) -> None:
        while True:
            connection.read_request()
            body = b"connection %d" % connection.number
            reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            if connection.number > 1:
                connection.send(reply)
            elif later:
                connection.send(reply)
                connection.send(extra)
            else:
                connection.send(reply + extra)

    return script


POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"


@pytest.mark.parametrize("later", [False, True], ids=["at once", "on its own"])
@pytest.mark.parametrize(
    "extra",
    [
        POISON,
        b"\r\n",
        b"x",
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ],
)
def test_response_queue_is_not_poisoned(extra: bytes, later: bool, client, raw_server) -> None:
    server = raw_server(surplus(extra, later=later))
    assert client.get(server.url).text == "connection 1"
    if later:
        wait_until_idle_connections_speak(client)
    for _ in range(3):
        assert client.get(server.url + "/next").text == "connection 2"
    assert len(server.requests) == 4


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_connection_closed_while_idle_is_replaced(method: str, client, raw_server) -> None:
    server = raw_server([OK] * 3, close=True)
    for count in range(1, 4):
        assert (
            client.request(method, server.url, data=b"x" if method != "GET" else None).text == "ok"
        )
        wait_until_idle_connections_speak(client)
        assert server.connections == count


def test_connection_reset_while_idle_is_replaced(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.reset()

    server = raw_server(script)
    for _ in range(3):
        assert client.post(server.url, b"x").text == "ok"
        wait_until_idle_connections_speak(client)


def stale(connection: RawConnection) -> None:
    """The first connection serves one request, and closes when it has seen the second: the race of every keep-alive."""
    connection.read_request()
    connection.send(OK)
    connection.read_request()
    if connection.number > 1:
        connection.send(OK)


def test_get_is_sent_again_when_a_reused_connection_closes_under_it(client, raw_server) -> None:
    server = raw_server(stale)
    assert client.get(server.url).text == "ok"
    assert client.get(server.url).text == "ok"
    assert len(server.requests) == 3


def test_post_that_was_sent_is_not_sent_again(client, raw_server) -> None:
    server = raw_server(stale)
    assert client.post(server.url, b"1").text == "ok"
    with pytest.raises(envoi.ConnectionError):
        client.post(server.url, b"2")
    assert len(server.requests) == 2


def test_nothing_is_sent_again_on_a_fresh_connection(client, raw_server) -> None:
    server = raw_server([None, OK])
    with pytest.raises(envoi.ConnectionError):
        client.get(server.url)
    assert len(server.requests) == 1


def test_resend_can_be_switched_off(new_client, raw_server) -> None:
    client = new_client(resend=False)
    server = raw_server(stale)
    assert client.get(server.url).text == "ok"
    with pytest.raises(envoi.ConnectionError):
        client.get(server.url)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_get_that_meets_five_dead_connections_is_served(reset: bool, client, raw_server) -> None:
    # A server that was restarted: each kept connection looks alive until a request is on it.
    together = threading.Barrier(5)
    first = {"round": True}

    def script(connection: RawConnection) -> None:
        connection.read_request()
        if first["round"]:
            together.wait(20)
        connection.send(OK)
        if connection.read_request() is not None and reset:
            connection.reset()

    server = raw_server(script)
    assert [one.status_code for one in client.together(5, "GET", server.url)] == [200] * 5
    first["round"] = False
    assert server.connections == client.session._pool.state.idle == 5
    for count in range(6, 11):
        # The second try is made on a new connection, not on the next dead one.
        assert client.get(server.url).text == "ok"
        assert server.connections == count
        assert client.in_use == 0
