"""SOCKS 4, 4a and 5: what is said, what is understood, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._proto.socks import (
    SOCKS4_REPLIES,
    SOCKS5_REPLIES,
    Socks4Machine,
    Socks5Machine,
    SocksError,
)

GRANTED4 = b"\x00\x5a" + bytes(6)
GRANTED5 = b"\x05\x00\x00\x01" + bytes(6)


@pytest.mark.parametrize(
    ("host", "user", "expected"),
    [
        ("192.0.2.7", "", b"\x04\x01\x01\xbb\xc0\x00\x02\x07\x00"),
        ("192.0.2.7", "fred", b"\x04\x01\x01\xbb\xc0\x00\x02\x07fred\x00"),
        ("a.test", "", b"\x04\x01\x01\xbb\x00\x00\x00\x01\x00a.test\x00"),
        ("a.test", "fred", b"\x04\x01\x01\xbb\x00\x00\x00\x01fred\x00a.test\x00"),
    ],
)
def test_socks4_request(host, user, expected):
    machine = Socks4Machine(host, 443, user)
    assert machine.start() == expected
    assert machine.feed(GRANTED4)
    assert machine.established
    assert machine.take_output() == b""
    assert machine.take_surplus() == b""


@pytest.mark.parametrize(
    ("code", "words"), [*SOCKS4_REPLIES.items(), (0, "unknown"), (255, "unknown")]
)
def test_socks4_refusal(code, words):
    machine = Socks4Machine("a.test", 80)
    with pytest.raises(SocksError, match=words):
        machine.feed(bytes([0, code]) + bytes(6))
    assert not machine.established


def test_socks4_answer_of_another_protocol():
    with pytest.raises(SocksError, match="not SOCKS4"):
        Socks4Machine("a.test", 80).feed(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("host", "user"),
    [("::1", ""), ("a" * 256, ""), ("", ""), ("a\0b", ""), ("ü.test", ""), ("a.test", "a\0b")],
)
def test_socks4_cannot_say(host, user):
    with pytest.raises(SocksError):
        Socks4Machine(host, 80, user)


@pytest.mark.parametrize(
    ("host", "destination"),
    [
        ("192.0.2.7", b"\x01\xc0\x00\x02\x07"),
        ("2001:db8::7", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x07"),
        ("fe80::1%eth0", b"\x04\xfe\x80" + bytes(13) + b"\x01"),
        ("a.test", b"\x03\x06a.test"),
        ("a.test.", b"\x03\x07a.test."),
        ("host1", b"\x03\x05host1"),
        ("a" * 255, b"\x03\xff" + b"a" * 255),
    ],
)
def test_socks5_without_authentication(host, destination):
    machine = Socks5Machine(host, 0x1234)
    assert machine.start() == b"\x05\x01\x00"
    assert machine.feed(b"\x05\x00")
    assert machine.take_output() == b"\x05\x01\x00" + destination + b"\x12\x34"
    assert machine.feed(GRANTED5)
    assert machine.established


def test_socks5_with_user_name_and_password():
    machine = Socks5Machine("a.test", 80, "üser", "pass")
    assert machine.start() == b"\x05\x02\x00\x02"
    assert machine.feed(b"\x05\x02")
    assert machine.take_output() == b"\x01\x05" + "üser".encode() + b"\x04pass"
    assert machine.feed(b"\x01\x00")
    assert machine.take_output() == b"\x05\x01\x00\x03\x06a.test\x00\x50"
    assert machine.feed(GRANTED5)
    assert machine.established


def test_socks5_proxy_may_want_no_authentication_after_all():
    machine = Socks5Machine("a.test", 80, "u", "p")
    machine.feed(b"\x05\x00")
    assert machine.take_output().startswith(b"\x05\x01\x00\x03")


def test_socks5_refused_credentials():
    machine = Socks5Machine("a.test", 80, "u", "hunter2")
    machine.feed(b"\x05\x02")
    with pytest.raises(SocksError, match="refused user name and password") as caught:
        machine.feed(b"\x01\x01")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("credentials", "method", "words"),
    [
        ((), 0xFF, "wants authentication"),
        (("u", "p"), 0xFF, "neither"),
        ((), 0x02, "not offered"),
        ((), 0x01, "not offered"),
        (("u", "p"), 0x01, "not offered"),
        (("u", "p"), 0x80, "not offered"),
    ],
)
def test_socks5_choice_of_authentication(credentials, method, words):
    with pytest.raises(SocksError, match=words):
        Socks5Machine("a.test", 80, *credentials).feed(bytes([5, method]))


@pytest.mark.parametrize(
    ("code", "words"), [*SOCKS5_REPLIES.items(), (9, "unknown"), (255, "unknown")]
)
def test_socks5_refusal_is_told_before_the_rest_comes(code, words):
    machine = Socks5Machine("a.test", 80)
    machine.feed(b"\x05\x00")
    with pytest.raises(SocksError, match=words):
        machine.feed(bytes([5, code]))


@pytest.mark.parametrize(
    "bound",
    [b"\x01" + bytes(4), b"\x04" + bytes(16), b"\x03\x00", b"\x03\x01a", b"\x03\xff" + b"a" * 255],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_socks5_answers_in_any_pieces(bound, size):
    machine = Socks5Machine("a.test", 80)
    machine.feed(b"\x05")
    assert machine.take_output() == b""
    machine.feed(b"\x00")
    machine.take_output()
    answer = b"\x05\x00\x00" + bound + b"\x01\x02"
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    woken = [machine.feed(piece) for piece in pieces]
    assert woken == [False] * (len(pieces) - 1) + [True]
    assert machine.established
    assert machine.take_surplus() == b""


def test_surplus_is_kept_apart():
    machine = Socks5Machine("a.test", 80)
    machine.feed(b"\x05\x00" + GRANTED5 + b"HTTP/1.1")
    assert machine.established
    assert machine.take_surplus() == b"HTTP/1.1"


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request", b"\x04\x00", b"\x00\x5a\x00\x00\x00\x00\x00\x00"]
)
def test_socks5_greeted_by_another_protocol(answer):
    with pytest.raises(SocksError, match="not SOCKS5"):
        Socks5Machine("a.test", 80).feed(answer)


@pytest.mark.parametrize("answer", [b"\x04\x00", b"\x05\x00\x00\x02\x00", b"\x05\x00\x00\x00\x00"])
def test_socks5_broken_answer(answer):
    machine = Socks5Machine("a.test", 80)
    machine.feed(b"\x05\x00")
    with pytest.raises(SocksError):
        machine.feed(answer)


@pytest.mark.parametrize(
    "machine", [lambda: Socks4Machine("a.test", 80), lambda: Socks5Machine("a.test", 80)]
)
def test_hang_up(machine):
    with pytest.raises(SocksError, match="closed the connection"):
        machine().feed(b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ("a" * 256,),
        ("",),
        ("a\0b",),
        ("ü.test",),
        ("a.test", 80, "", "p"),
        ("a.test", 80, "u" * 256, ""),
        ("a.test", 80, "u", "p" * 256),
    ],
)
def test_socks5_cannot_say(arguments):
    host, *more = arguments
    with pytest.raises(SocksError):
        Socks5Machine(host, *(more or [80]))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=30), st.booleans(), st.booleans())
def test_whatever_the_proxy_says_ends_in_a_tunnel_or_an_error(pieces, five, credentials):
    machine = (
        Socks5Machine("a.test", 80, *(("u", "p") if credentials else ()))
        if five
        else Socks4Machine("a.test", 80)
    )
    machine.start()
    for piece in pieces:
        try:
            machine.feed(piece)
        except SocksError:
            return
        machine.take_output()
        if machine.established:
            return
        assert len(machine._buffer) < 300
