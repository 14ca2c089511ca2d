"""H1Machine as Python sees it: when `feed` wakes the flow, which objects come back, which exceptions are raised."""

from __future__ import annotations

import pytest

from envoi._core import (
    H1Machine,
    Headers,
    IncompleteMessage,
    InvalidHeaderError,
    InvalidMessage,
    InvalidMethodError,
    MessageTooLarge,
    ProtocolViolation,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def started(method: str = "GET", **headers: str) -> H1Machine:
    machine = H1Machine()
    machine.start(
        method,
        "/",
        "example.com",
        Headers({name.replace("_", "-"): value for name, value in headers.items()}),
    )
    return machine


def test_one_exchange() -> None:
    machine = H1Machine()
    assert machine.keep_alive
    sent = machine.start("GET", "/a?b=c", "example.com:81", Headers({"Accept": "*/*"}))
    assert sent == b"GET /a?b=c HTTP/1.1\r\nHost: example.com:81\r\nAccept: */*\r\n\r\n"
    assert (
        machine.response_started,
        machine.head_complete,
        machine.request_ended,
        machine.keep_alive,
    ) == (False, False, True, False)
    assert machine.take_head() is None
    assert machine.feed(OK + b"hello")
    head = machine.take_head()
    assert head is not None
    assert (head.status, head.reason, head.http_version, head.content_length) == (
        200,
        "OK",
        "HTTP/1.1",
        5,
    )
    assert machine.take_head() is None
    assert (machine.pending, machine.take_body(), machine.pending, machine.take_body()) == (
        5,
        b"hello",
        0,
        b"",
    )
    assert machine.body_ended
    assert machine.keep_alive
    assert not machine.upgraded
    assert machine.trailers is None


def test_head_answers_what_a_flow_asks_at_once() -> None:
    machine = started()
    machine.feed(
        b"HTTP/1.0 302 Gone Fishing\r\nLocation: /caf\xe9\r\nContent-Encoding: GZip\r\nContent-Encoding: br\r\nSet-Cookie: a=b\r\n\r\n"
    )
    head = machine.take_head()
    assert head is not None
    assert (head.status, head.reason, head.http_version) == (302, "Gone Fishing", "HTTP/1.0")
    assert head.location == "/caf\xe9"
    assert head.content_encoding == "gzip, br"
    assert head.sets_cookies
    assert head.content_length is None
    assert head.headers is head.headers
    assert head.headers["set-cookie"] == "a=b"
    head.headers["Location"] = "/elsewhere"
    assert head.location == "/caf\xe9"


def test_head_without_these_fields() -> None:
    machine = started()
    machine.feed(b"HTTP/1.1 200\r\n\r\n")
    head = machine.take_head()
    assert head is not None
    assert (
        head.reason,
        head.location,
        head.content_encoding,
        head.sets_cookies,
        len(head.headers),
    ) == ("", None, None, False, 0)


def test_received_object_that_is_all_body_comes_back_uncopied() -> None:
    machine = started()
    machine.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"a" * 10)
    assert machine.take_body() == b"a" * 10
    piece = b"b" * 100_000
    machine.feed(piece)
    assert machine.take_body() is piece
    machine.feed(piece)
    machine.feed(b"c" * 50_000)
    assert machine.take_body() == piece + b"c" * 50_000
    assert not machine.body_ended


def test_feed_wakes_the_flow_at_the_threshold() -> None:
    machine = started()
    machine.threshold = 4
    assert not machine.feed(b"HTTP/1.1 200 OK\r\n")
    assert not machine.feed(b"Content-Length: 6\r\n\r\n")
    assert machine.head_complete
    assert not machine.feed(b"abc")
    assert machine.feed(b"d")
    machine.take_body()
    assert not machine.feed(b"e")
    assert machine.feed(b"f"), "the body's end always wakes the flow"
    machine.start("GET", "/", "h", Headers())
    assert machine.threshold == 0
    assert machine.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")


@pytest.mark.parametrize("status", [*range(299, 311), 399, 400])
@pytest.mark.parametrize("location", ["Location: /a\r\n", ""])
def test_head_of_a_redirection_with_a_place_wakes_the_flow(status: int, location: str) -> None:
    machine = started()
    machine.threshold = 1 << 30
    woken = machine.feed(f"HTTP/1.1 {status} x\r\nContent-Length: 99\r\n{location}\r\nz".encode())
    assert woken is (status == 304 or (bool(location) and 300 <= status < 400))
    assert machine.take_head() is not None
    assert not machine.feed(b"zz") or status == 304, "once the head is taken, the threshold counts"


def test_informational_heads_wake_the_flow_when_asked_to() -> None:
    for stop in (False, True):
        machine = started()
        machine.stop_at_informational = stop
        assert machine.feed(b"HTTP/1.1 100 Continue\r\n\r\n") is stop
        assert not machine.head_complete
        assert [head.status for head in machine.take_informational()] == [100]
        assert machine.take_informational() == []
        assert not machine.feed(b"HTTP/1.1 2")


def test_many_small_chunks_are_one_body() -> None:
    machine = started()
    machine.threshold = 1 << 30
    data = (
        CHUNKED
        + b"1\r\nx\r\n" * 5000
        + b"2000\r\n"
        + b"y" * 0x2000
        + b"\r\n"
        + b"1\r\nz\r\n" * 2
        + b"0\r\nA: 1\r\n\r\n"
    )
    fed = [machine.feed(data[start : start + 777]) for start in range(0, len(data), 777)]
    assert fed == [False] * (len(fed) - 1) + [True]
    assert machine.take_body() == b"x" * 5000 + b"y" * 0x2000 + b"zz"
    assert machine.trailers == {"a": "1"}


def test_bytes_without_a_request_end_the_connection() -> None:
    for data in (b"x", b""):
        machine = H1Machine()
        assert machine.feed(data)
        assert not machine.keep_alive
        with pytest.raises(InvalidMessage, match="cannot carry another request"):
            machine.start("GET", "/", "h", Headers())


def test_truncated_body_raises_and_keeps_what_came() -> None:
    machine = started()
    machine.feed(OK + b"hel")
    with pytest.raises(IncompleteMessage, match="3 of 5"):
        machine.feed(b"")
    assert machine.take_body() == b"hel"
    assert not machine.body_ended
    assert not machine.keep_alive


def test_violations_have_their_exceptions() -> None:
    with pytest.raises(ProtocolViolation):
        started().feed(b"HTTP/3 200\r\n\r\n")
    with pytest.raises(IncompleteMessage):
        started().feed(b"")
    with pytest.raises(MessageTooLarge, match="more than 16"):
        machine = H1Machine(max_header_count=16)
        machine.start("GET", "/", "h", Headers())
        machine.feed(b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * 17 + b"\r\n")
    with pytest.raises(MessageTooLarge, match="100 bytes"):
        machine = H1Machine(max_head_size=100)
        machine.start("GET", "/", "h", Headers())
        machine.feed(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100)
    with pytest.raises(MessageTooLarge, match="1xx"):
        machine = H1Machine(max_informational=0)
        machine.start("GET", "/", "h", Headers())
        machine.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert issubclass(IncompleteMessage, ProtocolViolation)
    assert issubclass(MessageTooLarge, ProtocolViolation)


def test_refused_requests_leave_the_machine_as_it_was() -> None:
    machine = H1Machine()
    with pytest.raises(InvalidMethodError):
        machine.start("G T", "/", "h", Headers())
    with pytest.raises(InvalidMessage, match="target"):
        machine.start("GET", "/a b", "h", Headers())
    with pytest.raises(InvalidHeaderError, match="header 'X-A'"):
        machine.start("GET", "/", "h", Headers({"X-A": "1\r\nX-B: 2"}))
    with pytest.raises(InvalidHeaderError, match="header 'Host'"):
        machine.start("GET", "/", "h\r\nX: y", Headers())
    with pytest.raises(InvalidMessage, match="neither"):
        machine.start("POST", "/", "h", Headers(), b"abc")
    assert machine.keep_alive
    assert machine.start("GET", "/", "h", Headers()) == b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    with pytest.raises(InvalidMessage, match="pipelined"):
        machine.start("GET", "/", "h", Headers())


def test_whole_body_is_sent_with_the_head() -> None:
    machine = H1Machine()
    sent = machine.start("POST", "/", "h", Headers({"Content-Length": "3"}), b"abc")
    assert sent == b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    assert machine.request_ended
    machine = H1Machine()
    sent = machine.start("POST", "/", "h", Headers({"Transfer-Encoding": "chunked"}), b"abc")
    assert sent.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert machine.request_ended


def test_streamed_body_with_content_length_is_passed_through() -> None:
    machine = started("POST", Content_Length="6")
    piece = b"abc"
    assert machine.send_body(piece) is piece
    assert not machine.request_ended
    with pytest.raises(InvalidMessage, match="3 bytes are missing"):
        machine.end_body()
    with pytest.raises(InvalidMessage, match="longer"):
        machine.send_body(b"abcd")
    assert machine.send_body(piece) is piece
    assert machine.end_body() == b""
    assert machine.request_ended


def test_streamed_chunked_body_is_framed() -> None:
    machine = started("POST", Transfer_Encoding="chunked")
    assert machine.send_body(b"x" * 31) == b"1f\r\n" + b"x" * 31 + b"\r\n"
    assert machine.send_body(b"") == b""
    assert machine.end_body() == b"0\r\n\r\n"
    assert machine.end_body() == b""


def test_connection_waits_for_the_request_to_end() -> None:
    machine = started("POST", Transfer_Encoding="chunked")
    machine.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert machine.body_ended
    assert not machine.keep_alive
    machine.end_body()
    assert machine.keep_alive


def test_upgrade_hands_over_the_bytes_after_the_head() -> None:
    machine = started(Upgrade="websocket", Connection="Upgrade")
    assert machine.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81")
    machine.feed(b"\x01")
    assert machine.upgraded
    assert machine.take_surplus() == b"\x81\x01"
    assert machine.take_surplus() == b""
    tunnel = started("CONNECT")
    tunnel.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    assert tunnel.upgraded
    assert tunnel.take_surplus() == b""


def test_unread_body_is_forgotten_by_the_next_request() -> None:
    machine = started()
    machine.feed(OK + b"hello")
    machine.start("GET", "/", "h", Headers())
    assert machine.pending == 0
    assert machine.take_head() is None
