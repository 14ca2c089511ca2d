"""Streams of bytes that a server might answer with: most are correct, some are slightly broken."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

NAMES = st.sampled_from(
    [b"A", b"Date", b"Server", b"X-Empty", b"x-lower", b"Set-Cookie", b"Vary", b"ETag"]
)
VALUES = st.sampled_from(
    [
        b"",
        b"1",
        b"a, b",
        b" padded\t",
        b"\xff\xfe",
        b'"quoted"',
        b"a=b; path=/",
        b"tab\there",
        b"close",
    ]
)
LENGTH_NAMES = st.sampled_from([b"Content-Length", b"content-length", b"CONTENT-LENGTH"])
ODD_BYTES = st.sampled_from(
    [
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"\0",
        b"\x01",
        b"\x7f",
        b"\xff",
        b"0",
        b"9",
        b"f",
        b"-",
        b"+",
    ]
)
ODD_LENGTHS = st.sampled_from(
    [
        b"",
        b"+5",
        b"-1",
        b"0x5",
        b"5, 5",
        b"5,6",
        b"5 5",
        b"05",
        b"1e1",
        b"18446744073709551616",
        b"5,",
    ]
)
ODD_CODINGS = st.sampled_from(
    [
        b"Chunked",
        b"gzip, chunked",
        b"chunked, chunked",
        b"identity",
        b"",
        b"chunked;a",
        b"xchunked",
        b" chunked ",
    ]
)


@st.composite
def status_lines(draw: st.DrawFn) -> bytes:
    version = draw(
        st.sampled_from(
            [b"HTTP/1.1"] * 30
            + [b"HTTP/1.0"] * 6
            + [b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1"]
        )
    )
    status = draw(
        st.sampled_from(
            [b"200", b"404", b"204", b"304", b"301", b"206", b"205", b"999"] * 4
            + [b"099", b"20", b"2000"]
        )
    )
    reason = draw(
        st.sampled_from([b" OK", b" ", b"", b" Not Found", b" \xc3\xa9", b"  two", b" tab\t"])
    )
    return version + b" " + status + reason + b"\r\n"


@st.composite
def field_lines(draw: st.DrawFn) -> bytes:
    fields = draw(
        st.lists(
            st.tuples(NAMES, st.sampled_from([b": ", b":", b":\t"] * 10 + [b" : "]), VALUES),
            max_size=4,
        )
    )
    return b"".join(name + colon + value + b"\r\n" for name, colon, value in fields)


@st.composite
def chunked_bodies(draw: st.DrawFn) -> bytes:
    chunks = draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4))
    extension = draw(
        st.sampled_from([b"", b"", b";a", b";a=b"] * 6 + [b' ;a="b"', b" ", b"\t", b";\x01"])
    )
    size = draw(st.sampled_from([b"%x", b"%X", b"0%x", b"000%x"]))
    body = b"".join(size % len(chunk) + extension + b"\r\n" + chunk + b"\r\n" for chunk in chunks)
    return (
        body
        + draw(st.sampled_from([b"0", b"00", b"000"]))
        + b"\r\n"
        + draw(st.one_of(st.just(b""), field_lines()))
        + b"\r\n"
    )


@st.composite
def framed(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Framing fields, and a body to go with them."""
    kind = draw(
        st.sampled_from(["length", "chunked", "close"] * 5 + ["odd length", "odd coding", "both"])
    )
    content = draw(st.binary(max_size=30))
    length = draw(LENGTH_NAMES) + b": %d\r\n" % len(content)
    match kind:
        case "length":
            return length + (length if draw(st.integers(0, 9)) == 0 else b""), content
        case "chunked":
            return b"Transfer-Encoding: chunked\r\n", draw(chunked_bodies())
        case "odd length":
            return b"Content-Length: " + draw(ODD_LENGTHS) + b"\r\n", content
        case "odd coding":
            return b"Transfer-Encoding: " + draw(ODD_CODINGS) + b"\r\n", draw(chunked_bodies())
        case "both":
            return length + b"Transfer-Encoding: chunked\r\n", draw(chunked_bodies())
    return b"", content


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """The bytes of an answer, of what came before it and of what follows it."""
    before = draw(
        st.sampled_from(
            [
                b"",
                b"",
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            ]
            * 5
            + [b"\r\n"]
        )
    )
    connection = draw(
        st.sampled_from(
            [b""] * 4
            + [b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: a, Close\r\n"]
        )
    )
    framing, body = draw(framed())
    head = draw(status_lines()) + draw(field_lines()) + connection + framing + b"\r\n"
    after = draw(
        st.sampled_from(
            [b""] * 8 + [b"x", b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
        )
    )
    return before + head + body + after


@st.composite
def broken(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> bytes:
    """A stream with one or two bytes put in, taken out or changed, or cut short."""
    stream = draw(streams)
    for _ in range(draw(st.integers(1, 2))):
        last = max(0, len(stream) - 1)
        position = draw(st.integers(min(last, draw(st.sampled_from([0, 13, 20, 40, 60]))), last))
        how = draw(st.sampled_from(["insert", "delete", "replace"] * 3 + ["cut"]))
        odd = draw(ODD_BYTES)
        rest = {
            "insert": odd + stream[position:],
            "delete": stream[position + 1 :],
            "replace": odd + stream[position + 1 :],
            "cut": b"",
        }
        stream = stream[:position] + rest[how]
    return stream


@st.composite
def pieces(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> list[bytes]:
    """A stream as it might arrive: in one piece, byte by byte, or cut anywhere."""
    stream = draw(streams)
    cuts = draw(
        st.one_of(
            st.just([]),
            st.just(list(range(len(stream)))),
            st.lists(st.integers(0, len(stream)), max_size=6),
        )
    )
    edges = [0, *sorted(cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges) if start < end]
