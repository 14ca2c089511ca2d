"""Streamed bodies, read with requests and with Envoi: pieces, lines, text, the file below, what is left when it was read or closed."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from compat.differential_support import (
    Case,
    Peer,
    Reply,
    World,
    assert_same,
    assert_same_in_colour,
    reply,
)

pytestmark = pytest.mark.timeout(30)


def chunked(*chunks: bytes, fields: Iterable[str] = ()) -> bytes:
    """An answer in these chunks."""
    head = "\r\n".join(["HTTP/1.1 200 OK", *fields, "Transfer-Encoding: chunked", "", ""]).encode(
        "latin-1"
    )
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


BODY = bytes(range(256)) * 5
WIDE = "aé☃🦀\n" * 50
_GZIPPED = gzip.compress(BODY, mtime=0)
REPLIES: dict[str, Reply] = {
    "/length": reply("200 OK", BODY),
    "/chunks": chunked(BODY[:100], BODY[100:107], BODY[107:]),
    "/gzip": reply("200 OK", _GZIPPED, "Content-Encoding: gzip"),
    "/gzip-chunks": chunked(
        *(_GZIPPED[start : start + 50] for start in range(0, len(_GZIPPED), 50)),
        fields=["Content-Encoding: gzip"],
    ),
    "/close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
    "/nothing": reply("200 OK", b""),
    "/no-chunks": chunked(),
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/large": reply("200 OK", BODY * 400),
    "/wide": reply("200 OK", WIDE.encode(), "Content-Type: text/plain; charset=utf-8"),
    "/wide-chunks": chunked(
        *(bytes([one]) for one in WIDE[:20].encode()),
        fields=["Content-Type: text/plain; charset=utf-8"],
    ),
    "/utf-16": reply("200 OK", WIDE.encode("utf-16"), "Content-Type: text/plain; charset=utf-16"),
    "/latin": reply("200 OK", b"caf\xe9\nna\xefve", "Content-Type: text/plain"),
    "/broken-utf-8": reply("200 OK", b"a\xffb\xc3", "Content-Type: text/plain; charset=utf-8"),
    "/no-encoding": reply("200 OK", WIDE.encode(), "Content-Type: application/octet-stream"),
    "/unknown-encoding": reply("200 OK", b"abc", "Content-Type: text/plain; charset=klingon"),
    "/json-lines": chunked(
        b'{"a": 1}\n{"b"', b": 2}\n", b'\n{"c": 3}', fields=["Content-Type: application/json"]
    ),
    "/events": chunked(
        b"data: one\n\ndata: t", b"wo\n\n", fields=["Content-Type: text/event-stream"]
    ),
    "/bad-gzip": reply("200 OK", b"not gzip", "Content-Encoding: gzip"),
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nshort",
    "/short-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n5\r\nhe",
}
LINES: dict[str, bytes] = {
    "newlines": b"one\ntwo\nthree", "ended": b"one\ntwo\n", "carriage returns": b"one\rtwo\rthree", "both": b"one\r\ntwo\r\nthree\r\n", "mixed": b"a\nb\r\nc\rd\n\re", "empty lines": b"\n\na\n\n\nb\n", "no line": b"alone", "nothing": b"", "a line end alone": b"\n", "both alone": b"\r\n", "other ends": b"a\x0bb\x0cc\x1cd\x1de\x1ef\xc2\x85g",
    "separators": "a\u2028b\u2029c\x85d".encode(), "long": b"x" * 2000 + b"\n" + b"y" * 2000, "commas": b"a,b,,c", "commas, ended": b"a,b,", "commas and line ends": b"a,\nb,\r\nc", "two signs": b"a||b||c", "two signs, ended": b"a||b||", "wide": WIDE.encode(),
}  # fmt: skip
REPLIES |= {
    f"/lines/{number}": reply("200 OK", text, "Content-Type: text/plain; charset=utf-8")
    for number, text in enumerate(LINES.values())
}
REPLIES["/lines/in-chunks"] = chunked(
    b"on",
    b"e\r",
    b"\ntwo\r\n",
    b"\r\n",
    b"three",
    b"\n",
    fields=["Content-Type: text/plain; charset=utf-8"],
)
CASES: dict[str, Case] = {}
SYNC: dict[str, Case] = {}
"""Cases that need the synchronous session, because they read the file below the response."""


def make_world() -> World:
    return World(REPLIES)


def reading(
    name: str, path: str, read: Callable[[Any], Any], cases: dict[str, Case] = CASES, **options: Any
) -> None:
    assert name not in CASES.keys() | SYNC.keys()

    def play(peer: Peer) -> None:
        response = peer.open("GET", path, stream=True, **options)
        peer.see("read", lambda: read(response))
        response.close()

    cases[name] = play


for _path in (
    "/length",
    "/chunks",
    "/gzip",
    "/gzip-chunks",
    "/close",
    "/nothing",
    "/no-chunks",
    "/204",
    "/wide",
    "/bad-gzip",
    "/short",
    "/short-chunks",
):
    for _size in (None, 1, 7, 512, 100_000):
        reading(
            f"content of {_path} by {_size}",
            _path,
            lambda response, size=_size: b"".join(response.iter_content(size)),
        )
    reading(
        f"content of {_path} by default", _path, lambda response: b"".join(response.iter_content())
    )
for _path in ("/length", "/nothing", "/wide", "/chunks"):
    for _size in (3, 512, 100_000):
        reading(
            f"pieces of {_path} by {_size}",
            _path,
            lambda response, size=_size: list(response.iter_content(size)),
        )
for _path in (
    "/wide",
    "/wide-chunks",
    "/utf-16",
    "/latin",
    "/broken-utf-8",
    "/no-encoding",
    "/unknown-encoding",
    "/gzip",
    "/nothing",
):
    for _size in (1, 3, None):
        reading(
            f"text of {_path} by {_size}",
            _path,
            lambda response, size=_size: (
                "|".join(map(str, response.iter_content(size, decode_unicode=True)))
                if size == 1
                else _joined(response.iter_content(size, decode_unicode=True))
            ),
        )
    reading(
        f"text of {_path} line by line",
        _path,
        lambda response: list(response.iter_lines(decode_unicode=True)),
    )


def _joined(pieces: Iterable[Any]) -> Any:
    every = list(pieces)
    return type(every[0])().join(every) if every else None


for _number, _name in enumerate(LINES):
    for _size in (1, 2, 512):
        reading(
            f"lines: {_name}, by {_size}",
            f"/lines/{_number}",
            lambda response, size=_size: list(response.iter_lines(size)),
        )
    reading(
        f"lines: {_name}, as text",
        f"/lines/{_number}",
        lambda response: list(response.iter_lines(decode_unicode=True)),
    )
    for _delimiter in (b",", b"||", b"\n", b"\r\n", b""):
        reading(
            f"lines: {_name}, between {_delimiter!a}",
            f"/lines/{_number}",
            lambda response, delimiter=_delimiter: list(response.iter_lines(delimiter=delimiter)),
        )
    reading(
        f"lines: {_name}, as text between commas",
        f"/lines/{_number}",
        lambda response: list(response.iter_lines(decode_unicode=True, delimiter=",")),
    )
reading("lines in chunks", "/lines/in-chunks", lambda response: list(response.iter_lines()))
reading(
    "lines of JSON",
    "/json-lines",
    lambda response: [json.loads(line) for line in response.iter_lines() if line],
)
reading(
    "lines of events", "/events", lambda response: list(response.iter_lines(decode_unicode=True))
)
reading(
    "lines, a delimiter of the wrong type",
    "/lines/0",
    lambda response: list(response.iter_lines(delimiter=",")),
)
for _size in (0, -1, "x", 1.5, True):
    reading(
        f"size {_size!r}",
        "/length",
        lambda response, size=_size: _joined(response.iter_content(size)),
    )


def _twice(response: Any) -> Any:
    return b"".join(response.iter_content(100)), list(response.iter_content(100))


def _half_then_rest(response: Any) -> Any:
    pieces = response.iter_content(100)
    return next(pieces), b"".join(response.iter_content(100))


reading("content twice", "/length", _twice)
reading("half, then the rest", "/length", _half_then_rest)


def _loaded(peer: Peer) -> None:
    response = peer.open("GET", "/wide")
    for name, read in {
        "by 7": lambda: list(response.iter_content(7)), "again": lambda: list(response.iter_content(700)), "text": lambda: "".join(response.iter_content(7, decode_unicode=True)), "lines": lambda: list(response.iter_lines()), "whole": lambda: list(response.iter_content(None)),
    }.items():  # fmt: skip
        peer.see(name, read)


def _of_the_session(peer: Peer) -> None:
    peer.session.stream = True
    response = peer.open("GET", "/wide")
    peer.see("pieces", lambda: list(response.iter_content(100)))
    response.close()


def _connections(path: str, leave: Callable[[Any], Any]) -> Case:
    """Over which connection the next request goes, when this was done with a response."""

    def play(peer: Peer) -> None:
        response = peer.open("GET", path, stream=True)
        peer.see("left", lambda: leave(response))
        other = peer.open("GET", "/final", stream=True)
        response.close()
        other.close()

    return play


CASES |= {
    "loaded": _loaded,
    "stream of the session": _of_the_session,
    "connection after all": _connections(
        "/length", lambda response: b"".join(response.iter_content(None))
    ),
    "connection after all chunks": _connections(
        "/chunks", lambda response: b"".join(response.iter_content(None))
    ),
    "connection after no body": _connections("/nothing", lambda response: None),
    "connection after close": _connections("/large", lambda response: response.close()),
    "connection meanwhile": _connections("/large", lambda response: None),
}

# The file below the response.
RAW: dict[str, Callable[[Any], Any]] = {
    "raw": lambda raw: raw.read(), "raw read some": lambda raw: (raw.read(10), raw.read(3), raw.read()), "raw read nothing": lambda raw: (raw.read(0), raw.read(1)), "raw read beyond": lambda raw: (raw.read(10**7), raw.read(1), raw.read()), "raw read decoded": lambda raw: raw.read(decode_content=True), "raw read some decoded": lambda raw: (raw.read(10, decode_content=True), raw.read(decode_content=True)),
    "raw decode_content set": lambda raw: (setattr(raw, "decode_content", True), raw.read())[1], "raw stream": lambda raw: b"".join(raw.stream(100)), "raw stream decoded": lambda raw: b"".join(raw.stream(100, decode_content=True)), "raw stream by default": lambda raw: b"".join(raw.stream()), "raw data": lambda raw: raw.data, "raw lines": lambda raw: list(io.BufferedReader(raw)),
    "raw readinto": lambda raw: _into(raw, 10), "raw tell": lambda raw: (raw.tell(), raw.read(10), raw.tell(), len(raw.read()), raw.tell()), "raw closed": lambda raw: (raw.closed, len(raw.read()), raw.closed, raw.close(), raw.closed), "raw copied": lambda raw: _copied(raw), "raw gzip": lambda raw: gzip.GzipFile(fileobj=raw).read(), "raw text": lambda raw: io.TextIOWrapper(io.BufferedReader(raw), encoding="latin-1").read(),
    "raw status": lambda raw: (raw.status, raw.reason, raw.version), "raw headers": lambda raw: sorted((name.lower(), value) for name, value in raw.headers.items()), "raw getheader": lambda raw: (raw.headers.get("content-LENGTH"), raw.headers.get("x", "none")), "raw flags": lambda raw: (raw.readable(), raw.writable(), raw.seekable()), "raw iterated": lambda raw: b"".join(raw),
    "raw readline": lambda raw: raw.readline(), "raw readlines": lambda raw: len(raw.readlines()), "raw seek": lambda raw: raw.seek(0), "raw write": lambda raw: raw.write(b"x"), "raw fileno": lambda raw: raw.fileno() > 0, "raw isatty": lambda raw: raw.isatty(), "raw with": lambda raw: _within(raw), "raw release": lambda raw: (raw.read(), raw.release_conn())[0], "raw drain": lambda raw: raw.drain_conn(),
    "raw read after close": lambda raw: (raw.close(), raw.read())[1], "raw read1": lambda raw: raw.read1(5), "raw length": lambda raw: raw.length_remaining, "raw info": lambda raw: raw.info().get("content-length"), "raw truth": lambda raw: bool(raw),
}  # fmt: skip


def _into(raw: Any, size: int) -> Any:
    buffer = bytearray(size)
    return raw.readinto(buffer), bytes(buffer)


def _copied(raw: Any) -> bytes:
    file = io.BytesIO()
    shutil.copyfileobj(raw, file)
    return file.getvalue()


def _within(raw: Any) -> Any:
    with raw as inner:
        content = inner.read()
    return content, raw.closed


PATHS = ("/length", "/chunks", "/gzip", "/nothing", "/short")
for _name, _read in RAW.items():
    for _path in PATHS:
        reading(f"{_name} of {_path}", _path, lambda response, read=_read: read(response.raw), SYNC)
    reading(
        f"{_name} behind the content",
        "/length",
        lambda response, read=_read: (response.content, read(response.raw))[1],
        SYNC,
    )

# What is left of a response, after what was done with it.
LEFT: dict[str, Callable[[Any], Any]] = {
    "content": lambda response: response.content, "content twice": lambda response: response.content is response.content, "text": lambda response: response.text, "content after pieces": lambda response: (list(response.iter_content(500)), response.content), "content after some": lambda response: (next(response.iter_content(100)), response.content), "content after raw": lambda response: (response.raw.read(10), response.content),
    "content after close": lambda response: (response.close(), response.content), "pieces after close": lambda response: (response.close(), list(response.iter_content(500))), "pieces after content": lambda response: (response.content, list(response.iter_content(500))), "pieces after raw": lambda response: (response.raw.read(10), list(response.iter_content(500))), "iterated": lambda response: b"".join(response),
    "closed twice": lambda response: (response.close(), response.close()), "within": lambda response: _within_response(response), "json after pieces": lambda response: (list(response.iter_content(500)), response.json()), "text after raw": lambda response: (response.raw.read(), response.text), "status after close": lambda response: (response.close(), response.status_code, response.ok),
}  # fmt: skip


def _within_response(response: Any) -> Any:
    with response as inner:
        return next(inner.iter_content(5))


reading(
    "tell while iterating",
    "/gzip",
    lambda response: [(len(piece), response.raw.tell()) for piece in response.iter_content(10**6)],
    SYNC,
)
for _name, _read in LEFT.items():
    for _path in ("/length", "/gzip", "/wide-chunks"):
        reading(f"left of {_path}: {_name}", _path, _read, SYNC)


def _raw(
    names: Iterable[str], where: Iterable[str], differing: str, reason: str
) -> dict[str, tuple[set[str], str]]:
    every = [f"of {path}" if path.startswith("/") else path for path in where]
    return {
        f"raw {name} {place}".replace("raw  ", "raw "): ({differing}, reason)
        for name in names
        for place in every
    }


BEHIND = "behind the content"
EVERYWHERE = (*PATHS, BEHIND)
LEFT_OF = ("/length", "/gzip", "/wide-chunks")
CLOSED = "raw stays open at its end, so that io.TextIOWrapper can read it; requests' raises there"
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **{f"pieces of /chunks by {size}": ({"read"}, "a piece is what arrived, whatever chunks it came in") for size in (3, 512, 100_000)},
    "left of /wide-chunks: within": ({"read"}, "as above"),
    **{f"text of /unknown-encoding {how}": ({"error"}, "requests lets a bare LookupError through") for how in ("by 1", "by 3", "by None", "line by line")},
    **{f"lines: {name}": ({"read"}, "a CR LF that two pieces share ends one line, not two") for name in ("both, by 1", "both, by 2", "mixed, by 1", "mixed, by 2", "both alone, by 1", "commas and line ends, by 1", "commas and line ends, by 2")},
    "lines in chunks": ({"read"}, "as above"),
    "lines, a delimiter of the wrong type": ({"error"}, "text as a delimiter does for bytes"),
    **{f"size {size}": ({"error"}, "what is no size is refused; requests reads nothing for 0, and all for -1") for size in (0, -1, True)},
    "connection after no body": ({"wire.2.connection"}, "a body that is at its end gives its connection back at once"),
    **_raw(("", "read some", "read beyond", "read decoded", "read some decoded", "decode_content set", "stream", "stream decoded", "stream by default", "readinto", "tell", "closed", "copied", "text", "iterated", "readline", "readlines", "with", "release"), ["/short"], "error", "the exception is ours, a ChunkedEncodingError, and not urllib3's"),
    **_raw(("data", "drain", "read1", "length", "info"), EVERYWHERE, "error", "raw is a file, and has nothing else of urllib3's response"),
    **_raw(("fileno",), EVERYWHERE, "error", "who reads the socket gets what raw has not taken yet"),
    **_raw(("write",), EVERYWHERE, "error", "neither can be written to; the errors have other names"),
    **_raw(("lines",), ("/length", "/chunks", "/gzip", "/short", BEHIND), "error", "a BufferedReader can be put around it: urllib3's closes itself when it is at its end, and raises"),
    **_raw(("text", "isatty", "with"), [BEHIND], "error", "as above"),
    **_raw(("read after close",), ("/length", "/chunks", "/gzip", "/short"), "error", "what was closed before its end is not empty, but gone"),
    **{f"left of {path}: {what}": ({"error"}, "as above") for what in ("content after close", "pieces after close") for path in LEFT_OF},
    **{f"left of {path}: {what}": ({"error"}, "content is the whole body or an error, never what is left of it") for what in ("content after some", "content after raw", "text after raw") for path in LEFT_OF},
    **{f"left of {path}: pieces after raw": ({"error"}, "what raw has left is given out as it is; requests decodes from the middle, and fails") for path in LEFT_OF if path != "/length"},
    **{f"raw closed of {path}": ({"read"}, CLOSED) for path in PATHS if path != "/short"},
    f"raw closed {BEHIND}": ({"read"}, CLOSED),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", [*CASES, *SYNC])
def test_same_as_requests(name: str) -> None:
    assert_same((CASES | SYNC)[name], DIFFERENCES.get(name), make_world)


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str, part: int) -> None:
    assert_same_in_colour({name: CASES[name] for name in list(CASES)[part::2]}, colour, make_world)


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= (CASES | SYNC).keys()
    assert len(CASES | SYNC) >= 300
