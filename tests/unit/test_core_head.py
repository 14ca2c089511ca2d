"""ResponseHead made of parts: the same as the machine makes of the bytes of these parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envoi._core import (
    FramingViolation,
    H1Machine,
    Headers,
    InvalidHeaderError,
    InvalidMessage,
    ProtocolViolation,
    ResponseHead,
)

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
KNOWN = [
    b"Content-Length",
    b"content-length",
    b"Content-Encoding",
    b"Transfer-Encoding",
    b"Location",
    b"Set-Cookie",
    b"Connection",
]
VALUES = [
    b"0",
    b"5",
    b"5, 5",
    b"7",
    b"+5",
    b"chunked",
    b"close",
    b"keep-alive",
    b"GZip",
    b"/caf\xe9",
]
TEXT = bytes(byte for byte in range(256) if byte == 9 or (byte >= 32 and byte != 127))


def text_of(alphabet: bytes, **sizes: int) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(alphabet), **sizes).map(bytes)


statuses = st.integers(100, 999).filter(lambda status: status != 101)
names = st.sampled_from(KNOWN) | text_of(TOKEN, min_size=1, max_size=8)
values = st.sampled_from(VALUES) | text_of(TEXT, max_size=12) | text_of(b" \t", max_size=3)
versions = st.sampled_from(["HTTP/1.0", "HTTP/1.1"])
rough_names = names | st.binary(max_size=4)
rough_values = values | st.binary(max_size=6)


def parsed(
    status: int, reason: bytes, version: str, fields: list[tuple[bytes, bytes]]
) -> ResponseHead | None:
    """What the machine makes of a head's bytes."""
    machine = H1Machine()
    machine.start("GET", "/", "localhost", Headers())
    lines = [
        b"%s %d %s" % (version.encode(), status, reason),
        *(name + b":" + value for name, value in fields),
    ]
    machine.feed(b"\r\n".join([*lines, b"", b""]))
    return machine.take_head() or next(iter(machine.take_informational()), None)


def shown(head: ResponseHead) -> dict[str, Any]:
    """All that a head tells."""
    told = {
        name: getattr(head, name) for name in dir(ResponseHead) if name[0] != "_" and name != "of"
    }
    headers = told["headers"]
    return {
        **told,
        "headers": headers.multi_items(),
        "raw": headers.raw,
        "version": headers.version,
        "joined": dict(headers),
        "repr": repr(head) + repr(headers),
    }


@given(statuses, text_of(TEXT, max_size=12), versions, st.lists(st.tuples(names, values)))
@example(200, b" OK ", "HTTP/1.1", [(b"Content-Length", b"\t5 "), (b"a", b"  ")])
@example(
    302, b"", "HTTP/1.0", [(b"Location", b"/a"), (b"location", b"/b"), (b"Set-Cookie", b"a=b")]
)
def test_head_of_parts_is_the_head_that_is_parsed_from_them(
    status: int, reason: bytes, version: str, fields: list[tuple[bytes, bytes]]
) -> None:
    try:
        expected = parsed(status, reason, version, fields)
    except ProtocolViolation as error:
        with pytest.raises(type(error), match=str(error)):
            ResponseHead.of(status, reason, version, fields)
        return
    assert expected is not None
    made = ResponseHead.of(status, reason, version, fields)
    assert shown(made) == shown(expected)
    assert shown(ResponseHead.of(status, reason, version, Headers(fields))) == shown(expected)


@given(
    st.integers(0, 1100),
    st.binary(max_size=4),
    versions,
    st.lists(st.tuples(rough_names, rough_values), max_size=3),
)
@example(200, b"OK\r\nx: y", "HTTP/1.1", [])
@example(200, b"OK", "HTTP/1.1", [(b"x", b"a\r\ny: b")])
@example(200, b"OK", "HTTP/1.1", [(b"x\r\ny", b"b")])
@example(200, b"OK", "HTTP/1.1", [(b"x: y\r\nz", b"b")])
def test_what_is_accepted_is_what_its_bytes_say(
    status: int, reason: bytes, version: str, fields: list[tuple[bytes, bytes]]
) -> None:
    try:
        made = ResponseHead.of(status, reason, version, fields)
    except ValueError:
        return
    if status != 101:  # the machine refuses a switch that was not asked for
        expected = parsed(status, reason, version, fields)
        assert expected is not None
        assert shown(made) == shown(expected)
    assert (made.status, made.reason) == (status, reason.decode("latin-1"))


def test_parts_may_be_text_or_bytes_and_fields_of_any_shape() -> None:
    bytes_of = [(b"Location", b"/caf\xe9"), (b"Content-Length", b"3")]
    text = [("Location", "/caf\xe9"), ("Content-Length", "3")]
    heads = [
        ResponseHead.of(201, "Gesch\xe4ft", "HTTP/1.1", text),
        ResponseHead.of(201, b"Gesch\xe4ft", "HTTP/1.1", bytes_of),
        ResponseHead.of(status=201, reason="Gesch\xe4ft", version="HTTP/1.1", fields=dict(text)),
        ResponseHead.of(201, "Gesch\xe4ft", "HTTP/1.1", iter(text)),
    ]
    assert all(shown(head) == shown(heads[0]) for head in heads)
    assert (heads[0].location, heads[0].content_length) == ("/caf\xe9", 3)


def test_made_head_is_not_changed_with_the_headers_it_was_made_of() -> None:
    headers = Headers({"A": "1"})
    head = ResponseHead.of(200, "OK", "HTTP/1.1", headers)
    headers["A"] = "2"
    assert head.headers["A"] == "1"
    head.headers["A"] = "3"
    assert headers["A"] == "2"
    assert head.headers is head.headers


@pytest.mark.parametrize("status", [-1, 0, 99, 1000, 65536 + 200, 2**70])
def test_status_is_three_digits(status: int) -> None:
    with pytest.raises(InvalidMessage, match="between 100 and 999"):
        ResponseHead.of(status, "", "HTTP/1.1", [])


@pytest.mark.parametrize("status", ["200", 200.0, None])
def test_status_is_a_whole_number(status: Any) -> None:
    with pytest.raises(TypeError):
        ResponseHead.of(status, "", "HTTP/1.1", [])


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("a\r\nb", "control character"),
        ("\0", "control character"),
        ("\x7f", "control character"),
        ("☃", r"above U\+00FF"),
        (1, "must be str or bytes, not int"),
    ],
)
def test_reason_is_text_of_one_line(reason: Any, told: str) -> None:
    with pytest.raises(InvalidMessage, match=told):
        ResponseHead.of(200, reason, "HTTP/1.1", [])


@pytest.mark.parametrize("version", ["HTTP/2", "1.1", "http/1.1", ""])
def test_version_is_one_of_http_1(version: str) -> None:
    with pytest.raises(InvalidMessage, match=r"neither HTTP/1\.0 nor HTTP/1\.1"):
        ResponseHead.of(200, "OK", version, [])


@pytest.mark.parametrize(
    "fields",
    [
        [("", "x")],
        [("a b", "x")],
        [("a:", "x")],
        [("a", "b\r\nc: d")],
        [("a", "b\0")],
        [("a", "☃")],
        [("a", 1)],
        [("a", None)],
        [("a",)],
        5,
        None,
    ],
)
def test_fields_are_what_can_be_sent(fields: Any) -> None:
    with pytest.raises(InvalidHeaderError):
        ResponseHead.of(200, "OK", "HTTP/1.1", fields)


def test_message_names_the_field_and_hides_its_value() -> None:
    with pytest.raises(InvalidHeaderError, match="header 'X-Key': .*line break") as caught:
        ResponseHead.of(200, "OK", "HTTP/1.1", [("X-Key", "secret\n")])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "x")],
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
    ],
)
def test_lengths_that_contradict_are_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(FramingViolation):
        ResponseHead.of(200, "OK", "HTTP/1.1", fields)


def test_switch_of_protocols_and_interim_answers_are_heads() -> None:
    assert ResponseHead.of(101, "", "HTTP/1.1", [("Upgrade", "websocket")]).status == 101
    assert ResponseHead.of(103, "", "HTTP/1.1", [("Link", "</a>")]).status == 103


def test_made_head_may_be_larger_than_a_peer_may_send() -> None:
    head = ResponseHead.of(200, "", "HTTP/1.1", [(f"x-{n}", "v" * 1000) for n in range(300)])
    assert len(head.headers) == 300
