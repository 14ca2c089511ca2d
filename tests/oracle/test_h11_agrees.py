"""h11 as second opinion: both understand an answer the same way, or the difference stands in a table, with its reason.

h11 never runs in Envoi itself: two parsers that disagree are how requests are smuggled.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import h11
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from envoi._core import H1Machine, Headers
from oracle.parsers import Outcome, by_envoi, by_h11
from oracle.streams import NAMES, answers, broken, pieces

METHODS = st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"])
THOROUGH = settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Difference(NamedTuple):
    """Our message (or h11's), and what the stream holds that explains it."""

    message: str
    stream: bytes


STRICTER = (
    # RFC 9112, section 2.2 lets a recipient take a bare LF for the end of a line in the head, and we do. A chunk's own lines are not
    # among those: there it is how two recipients come to disagree on where a body ends. h11 takes it in trailers and after data alone.
    Difference(
        "a chunk is longer than its size says|chunk header has CR without LF", rb"(?<!\r)\n"
    ),
    Difference("chunk size is not a hexadecimal number", rb"(?<!\r)\n"),
    # RFC 9112, section 5.2: an obs-fold is replaced by a blank, and we do so; but what says where a body ends is not put together.
    Difference("continues a field that says where the body ends", rb"\n[ \t]"),
    # RFC 9112, section 2.2: blanks before the first field are to be refused or dropped. Both of us refuse; h11 sees a line that
    # holds blanks alone as nothing.
    Difference("begins with blanks, and there is no field", rb"\n[ \t]"),
    # RFC 9110, section 5.5: CR and NUL are dangerous in a value. h11 takes a CR inside one, and only refuses NUL.
    Difference("value has a forbidden character: CR or NUL", rb"[\x00\r]"),
    # RFC 9112, section 4: a reason phrase has no control characters. h11 refuses NUL and white space only.
    Difference("the status line is malformed", rb"[\x00-\x08\x0b-\x1f\x7f]"),
    # RFC 9112, section 6.1: a message with both is an attack, or ought to be handled as an error.
    Difference("both Content-Length and Transfer-Encoding", rb"(?i)content-length"),
    # RFC 9112, section 6.1: Transfer-Encoding in HTTP/1.0 means faulty framing.
    Difference("an HTTP/1.0 answer has a Transfer-Encoding", rb"HTTP/1\.0"),
    # RFC 9112, section 2.3: another major version is another protocol.
    Difference("not HTTP/1.0 or HTTP/1.1", rb"HTTP/[02-9]\.[0-9]"),
    # RFC 9112, section 7.1.1: an extension has no control characters.
    Difference("chunk extension has a forbidden character", rb";"),
    # RFC 9112, section 2.2: a bare CR is invalid, or a space. Refused in an extension as everywhere.
    Difference("a chunk header has CR without LF", rb";[^\n]*\r(?!\n)"),
    # h11 takes 20 digits of a chunk's size, more than any counter has.
    Difference("chunk size", rb"[0-9A-Fa-f]{16}"),
    # RFC 9110, section 8.6: a Content-Length that cannot be is an error, and so is one that fits no counter of 64 bits.
    Difference("Content-Length is too large", rb"[0-9]{20}"),
)

MORE_TOLERANT = (
    # RFC 9112, section 6.3, rule 1: an answer to HEAD, and 1xx, 204 and 304, end with their head, whatever it says of a length. h11
    # reads the field all the same. (The connection is not used again.)
    Difference("Content-Length", rb"(?i)content-length"),
    # RFC 9110, section 5.5: other control characters may be kept; h11 takes DEL and refuses some others, as white space.
    Difference("illegal header value|illegal header line", rb"[\x01-\x08\x0b\x0c\x0e-\x1f]"),
    # RFC 9110, section 5.6.3: blanks after a chunk's size must be parsed.
    Difference("illegal chunk header", rb"[0-9A-Fa-f][ \t]"),
    # RFC 9112, section 7.1: a chunk's size may have zeros before it, as many as the limit on extensions allows.
    Difference("illegal chunk header", rb"0{17}"),
    # RFC 9112, section 6.3, rule 4: a coding that is not chunked ends with the connection. h11 answers 501, as a server does.
    Difference("Transfer-Encoding", rb"(?i)transfer-encoding"),
)


def test_all_that_h11_takes_we_take_alike_or_refuse_with_a_reason() -> None:
    """Correct answers, cut anywhere."""

    @THOROUGH
    @given(METHODS, pieces(answers()))
    @example("GET", [b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi"])
    @example("GET", [b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi"])
    @example("HEAD", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"])
    @example("GET", [b"HTTP/1.0 200 OK\r\n\r\nhi"])
    def check(method: str, received: list[bytes]) -> None:
        compare(method, received)

    check()


def test_broken_answers_are_judged_alike_or_with_a_reason() -> None:
    @THOROUGH
    @given(METHODS, pieces(broken(answers())))
    def check(method: str, received: list[bytes]) -> None:
        compare(method, received)

    check()


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_pieces_make_no_difference(cut: int) -> None:
    stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n"
    received = [stream[start : start + cut] for start in range(0, len(stream), cut)]
    assert by_envoi("GET", received) == by_envoi("GET", [stream]) == by_h11("GET", received)


def compare(method: str, received: list[bytes]) -> None:
    stream = b"".join(received)
    ours, theirs = by_envoi(method, received), by_h11(method, received)
    if theirs.refusal is None and ours.refusal is not None:
        assert explained(ours.refusal, stream, STRICTER), (
            f"stricter than h11, for no known reason: {ours.refusal}"
        )
    elif theirs.refusal is not None and ours.refusal is None:
        assert explained(theirs.refusal, stream, MORE_TOLERANT), (
            f"more tolerant than h11, for no known reason: {theirs.refusal}"
        )
    elif theirs.refusal is None:
        forgive_http10(ours)
        forgive_repairs(ours, theirs, stream)
        assert ours == theirs


def forgive_repairs(ours: Outcome, theirs: Outcome, stream: bytes) -> None:
    # RFC 9110, section 2.5: a higher minor version is read as the highest one that is known, and shown so.
    if theirs.version > b"1.1":
        theirs.version = b"1.1"
    # Our rule alone: after a repair, and where a head without a body contradicts itself, the connection is not used again.
    contradictory = re.search(
        rb"(?is)content-length.*transfer-encoding|transfer-encoding.*length", stream
    )
    if ours.repaired or contradictory:
        theirs.keep_alive = ours.keep_alive
    # RFC 9112, section 5.2: the blanks around an obs-fold belong to it. h11 keeps those before it.
    if ours.repaired and re.search(rb"\n[ \t]", stream):
        for fields in (ours.fields, ours.trailers, theirs.fields, theirs.trailers):
            fields[:] = [(name, b" ".join(value.split())) for name, value in fields]


def explained(refusal: str, stream: bytes, table: tuple[Difference, ...]) -> bool:
    return any(
        re.search(known.message, refusal) and re.search(known.stream, stream) for known in table
    )


def forgive_http10(ours: Outcome) -> None:
    # RFC 9112, section 9.3: HTTP/1.0 with keep-alive persists. h11 chooses to close all the same.
    if ours.version == b"1.0":
        ours.keep_alive = False


TOKENS = st.text("ABCdef0-_~!#", min_size=1, max_size=8)
FIELD_VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20
).map(str.strip)


@given(
    method=TOKENS.filter(lambda method: method != "CONNECT"),
    target=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30).map(
        lambda path: "/" + path
    ),
    fields=st.lists(
        st.tuples(
            NAMES.map(bytes.decode),
            FIELD_VALUES.filter(lambda value: not re.search(r"[\x80-\xa0]", value)),
        ),
        max_size=5,
    ),
    content=st.lists(st.binary(min_size=1, max_size=40), max_size=4),
    chunked=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_h11_reads_our_requests_as_we_meant_them(
    method: str, target: str, fields: list[tuple[str, str]], content: list[bytes], chunked: bool
) -> None:
    headers = Headers(fields)
    if chunked:
        headers.add("Transfer-Encoding", "chunked")
    else:
        headers.add("Content-Length", str(sum(map(len, content))))
    machine = H1Machine()
    sent = machine.start(method, target, "example.org:8080", headers)
    sent += b"".join(machine.send_body(piece) for piece in content) + machine.end_body()
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    server.receive_data(sent)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target, request.http_version) == (
        method.encode(),
        target.encode(),
        b"1.1",
    )
    expected = [("Host", "example.org:8080"), *headers.multi_items()]
    assert list(request.headers) == [
        (name.lower().encode(), value.encode("latin-1")) for name, value in expected
    ]
    received = b""
    while isinstance(event := server.next_event(), h11.Data):
        received += event.data
    assert received == b"".join(content)
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
