"""`files=` in every form that requests takes, sent with requests and with Envoi: the forms and their framing byte for byte."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest

from compat.differential_support import Case, Peer, assert_same, assert_same_in_colour

pytestmark = pytest.mark.timeout(30)

CASES: dict[str, Case] = {}


def case(
    name: str, options: Callable[[Peer], dict[str, Any]], method: str = "POST", path: str = "/d"
) -> None:
    assert name not in CASES
    CASES[name] = lambda peer: peer.request(method, path, **options(peer))


class _Named(io.BytesIO):
    def __init__(self, content: bytes, name: Any) -> None:
        super().__init__(content)
        self.name = name


class _Reader:
    """Has `read` and nothing else."""

    def __init__(self, content: Any) -> None:
        self._content = content

    def read(self, size: int = -1) -> Any:
        taken, self._content = self._content, self._content[:0]
        return taken


class _Items:
    """Has `items` and nothing else of a mapping."""

    def items(self) -> Any:
        return [("a", b"1"), ("a", b"2")]


def _pieces() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


def _sought(content: bytes, position: int) -> io.BytesIO:
    file = io.BytesIO(content)
    file.seek(position)
    return file


def _ended() -> io.BytesIO:
    return _sought(b"read already", 12)


def _closed() -> io.BytesIO:
    file = io.BytesIO(b"closed")
    file.close()
    return file


def _twice() -> dict[str, Any]:
    file = io.BytesIO(b"shared")
    return {"a": file, "b": file}


LARGE = b"0123456789abcdef" * 100_000

# What files= may be, the object made anew for each of the two.
FILES: dict[str, Callable[[Peer], Any]] = {
    # contents
    "text": lambda _: {"f": "text"}, "wide text": lambda _: {"f": "é☃🦀"}, "bytes": lambda _: {"f": b"\x00\xff\r\n"}, "bytearray": lambda _: {"f": bytearray(b"array")},
    "memoryview": lambda _: {"f": memoryview(b"view")}, "BytesIO": lambda _: {"f": io.BytesIO(b"memory")}, "StringIO": lambda _: {"f": io.StringIO("wide é")}, "open file": lambda p: {"f": p.file(b"disk")},
    "open text file": lambda p: {"f": p.file("disk é".encode(), "r")}, "BytesIO in the middle": lambda _: {"f": _sought(b"0123456789", 4)}, "file in the middle": lambda p: {"f": p.file(b"0123456789", position=4)},
    "file at its end": lambda p: {"f": p.file(b"0123", position=4)}, "BytesIO at its end": lambda _: {"f": _ended()}, "empty BytesIO": lambda _: {"f": io.BytesIO()}, "empty file": lambda p: {"f": p.file(b"")},
    "empty bytes": lambda _: {"f": b""}, "empty text": lambda _: {"f": ""}, "number": lambda _: {"f": 12}, "None": lambda _: {"f": None}, "None among others": lambda _: {"f": None, "g": b"x"}, "list": lambda _: {"f": [b"a", b"b"]},
    "reader": lambda _: {"f": _Reader(b"read")}, "reader of text": lambda _: {"f": _Reader("read é")}, "generator": lambda _: {"f": _pieces()}, "object": lambda _: {"f": object()}, "float": lambda _: {"f": 1.5},
    "one file twice": lambda _: _twice(), "closed file": lambda _: {"f": _closed()}, "a line of dashes": lambda _: {"f": b"\r\n--\r\n--x--\r\n"},
    "large file": lambda p: {"f": p.file(LARGE)}, "large BytesIO": lambda _: {"f": io.BytesIO(LARGE)}, "large bytes": lambda _: {"f": LARGE},
    # what holds them
    "pairs": lambda _: [("a", b"1"), ("b", b"2")], "tuple of pairs": lambda _: (("a", b"1"), ("b", b"2")), "several in a field": lambda _: [("f", ("1.txt", b"1")), ("f", ("2.txt", b"2")), ("g", b"3"), ("f", b"4")],
    "several in a dict": lambda _: {"b": b"2", "a": b"1", "c": b"3"}, "OrderedDict": lambda _: OrderedDict(b=b"2", a=b"1"), "mapping proxy": lambda _: MappingProxyType({"a": b"1"}), "items alone": lambda _: _Items(),
    "pairs as lists": lambda _: [["a", b"1"]], "iterator of pairs": lambda _: iter([("a", b"1")]), "empty dict": lambda _: {}, "empty list": lambda _: [], "empty tuple": lambda _: (), "no files": lambda _: None,
    "text in place of files": lambda _: "text", "bytes in place of files": lambda _: b"bytes", "a number in place of files": lambda _: 3, "a file in place of files": lambda _: io.BytesIO(b"x"), "a list of no pairs": lambda _: [b"abc"],
    # tuples
    "2-tuple": lambda _: {"f": ("name.txt", b"x")}, "3-tuple": lambda _: {"f": ("name.txt", b"x", "text/plain")}, "4-tuple": lambda _: {"f": ("name.txt", b"x", "text/plain", {"X-A": "1"})},
    "1-tuple": lambda _: {"f": (b"x",)}, "5-tuple": lambda _: {"f": ("n", b"x", "t/p", {}, 1)}, "empty tuple as a file": lambda _: {"f": ()}, "list as a tuple": lambda _: {"f": ["name.txt", b"x", "text/plain"]},
    "tuple with a file": lambda p: {"f": ("given.txt", p.file(b"x"))}, "tuple with None": lambda _: {"f": ("given.txt", None)}, "tuple with text": lambda _: {"f": ("given.txt", "é")}, "tuple with a number": lambda _: {"f": ("n", 7)},
    # names
    "no filename": lambda _: {"f": (None, b"x")}, "no filename, a type": lambda _: {"f": (None, b'{"a": 1}', "application/json")}, "empty filename": lambda _: {"f": ("", b"x")}, "bytes filename": lambda _: {"f": (b"name.txt", b"x")},
    "wide filename": lambda _: {"f": ("é☃.txt", b"x")}, "UTF-8 bytes filename": lambda _: {"f": ("é".encode(), b"x")}, "latin bytes filename": lambda _: {"f": (b"\xe9", b"x")}, "quoted filename": lambda _: {"f": ('a"b.txt', b"x")},
    "filename with line ends": lambda _: {"f": ("a\r\nb.txt", b"x")}, "filename with a backslash": lambda _: {"f": ("a\\b.txt", b"x")}, "filename with percent": lambda _: {"f": ("a%22b.txt", b"x")}, "filename with a path": lambda _: {"f": ("/etc/../a.txt", b"x")},
    "filename with a semicolon": lambda _: {"f": ("a;b=c.txt", b"x")}, "filename with a NUL": lambda _: {"f": ("a\x00b", b"x")}, "filename with a tab": lambda _: {"f": ("a\tb", b"x")}, "number as a filename": lambda _: {"f": (3, b"x")},
    "filename with a lone surrogate": lambda _: {"f": ("a\udcffb", b"x")}, "wide name": lambda _: {"é☃": b"x"}, "quoted name": lambda _: {'a"b': b"x"}, "name with line ends": lambda _: {"a\r\nb": b"x"}, "empty name": lambda _: {"": b"x"},
    "bytes name": lambda _: {b"f": b"x"}, "number as a name": lambda _: {1: b"x"}, "None as a name": lambda _: {None: b"x"}, "brackets in a name": lambda _: [("f[]", b"1"), ("f[]", b"2")],
    "name of the file": lambda p: {"f": p.file(b"x", name="é x.bin")}, "name with a folder": lambda _: {"f": _Named(b"x", "folder/name.txt")}, "name in brackets": lambda _: {"f": _Named(b"x", "<stdin>")}, "name is a number": lambda _: {"f": _Named(b"x", 5)},
    "name is bytes": lambda _: {"f": _Named(b"x", b"folder/name.txt")}, "name is empty": lambda _: {"f": _Named(b"x", "")}, "name ends in a slash": lambda _: {"f": _Named(b"x", "folder/")}, "name in half a bracket": lambda _: {"f": _Named(b"x", "<x")},
    # types and headers
    "type with a parameter": lambda _: {"f": ("n", b"x", "text/plain; charset=utf-8")}, "empty type": lambda _: {"f": ("n", b"x", "")}, "type None": lambda _: {"f": ("n", b"x", None)}, "type with a line end": lambda _: {"f": ("n", b"x", "a/b\r\nX: y")},
    "type as bytes": lambda _: {"f": ("n", b"x", b"text/plain")}, "wide type": lambda _: {"f": ("n", b"x", "text/é")}, "headers empty": lambda _: {"f": ("n", b"x", "text/plain", {})}, "headers None": lambda _: {"f": ("n", b"x", "text/plain", None)},
    "several headers": lambda _: {"f": ("n", b"x", "text/plain", {"X-B": "2", "X-A": "1", "Expires": "0"})}, "type in the headers": lambda _: {"f": ("n", b"x", None, {"Content-Type": "a/b"})}, "two types": lambda _: {"f": ("n", b"x", "text/plain", {"Content-Type": "a/b"})},
    "two types, one in lower case": lambda _: {"f": ("n", b"x", "text/plain", {"content-type": "a/b"})}, "disposition of mine": lambda _: {"f": ("n", b"x", None, {"Content-Disposition": "attachment"})}, "location of mine": lambda _: {"f": ("n", b"x", None, {"Content-Location": "/x", "X-A": "1"})},
    "header None": lambda _: {"f": ("n", b"x", None, {"X-A": None, "X-B": "1"})}, "empty header": lambda _: {"f": ("n", b"x", None, {"X-A": ""})}, "wide header": lambda _: {"f": ("n", b"x", None, {"X-A": "é"})}, "number as a header": lambda _: {"f": ("n", b"x", None, {"X-A": 1})},
    "bytes header": lambda _: {"f": ("n", b"x", None, {"X-A": b"1"})}, "header with a line end": lambda _: {"f": ("n", b"x", None, {"X-A": "1\r\nX-B: 2"})}, "headers as pairs": lambda _: {"f": ("n", b"x", None, [("X-A", "1")])}, "length in the headers": lambda _: {"f": ("n", b"x", None, {"Content-Length": "1"})},
}  # fmt: skip
for _name, _files in FILES.items():
    case(_name, lambda peer, files=_files: {"files": files(peer)})

DATA: dict[str, Callable[[], Any]] = {
    "a dict": lambda: {"a": "1", "b": "two"}, "pairs": lambda: [("a", "1"), ("a", "2"), ("b", "3")], "tuple of pairs": lambda: (("a", "1"),), "a list as a value": lambda: {"a": ["1", "2"]}, "a tuple as a value": lambda: {"a": ("1", 2)},
    "an empty list as a value": lambda: {"a": [], "b": "1"}, "numbers": lambda: {"a": 1, "b": 1.5, "c": True}, "None as a value": lambda: {"a": None, "b": "1"}, "None in a list": lambda: {"a": [None, "1"]}, "bytes as a value": lambda: {"a": b"\xff\x00"},
    "bytearray as a value": lambda: {"a": bytearray(b"ab")}, "wide text": lambda: {"é": "☃"}, "bytes as a name": lambda: {b"a": "1"}, "number as a name": lambda: {1: "1"}, "a dict as a value": lambda: {"a": {"k": "v"}}, "a generator as a value": lambda: {"a": (str(n) for n in range(2))},
    "an object as a value": lambda: {"a": OSError("text of it")}, "a line end": lambda: {"a": "x\r\ny"}, "an empty value": lambda: {"a": ""}, "an empty dict": lambda: {}, "an empty list": lambda: [], "text": lambda: "a=1", "empty text": lambda: "", "empty bytes": lambda: b"", "bytes": lambda: b"a=1",
    "a file": lambda: io.BytesIO(b"file"), "a generator": _pieces, "a mapping proxy": lambda: MappingProxyType({"a": "1"}), "quotes in a name": lambda: {'a"b': "1"}, "a number": lambda: 5, "bytearray": lambda: bytearray(b"a=1"),
}  # fmt: skip
for _name, _data in DATA.items():
    case(f"with data: {_name}", lambda _, data=_data: {"files": {"f": b"x"}, "data": data()})

case("with json", lambda _: {"files": {"f": b"x"}, "json": {"a": 1}})
case("with json and data", lambda _: {"files": {"f": b"x"}, "json": {"a": 1}, "data": {"b": "2"}})
case("no files, and json", lambda _: {"files": {}, "json": {"a": 1}})
case("no files, and data", lambda _: {"files": [], "data": {"a": 1}})
case(
    "with params and cookies",
    lambda _: {"files": {"f": b"x"}, "params": {"a": 1}, "cookies": {"c": "1"}},
)
case("with auth", lambda _: {"files": {"f": b"x"}, "auth": ("user", "pass")})
for _header, _value in {
    "Content-Type": "multipart/form-data", "content-type": "application/x-mine", "Content-Length": "1", "Transfer-Encoding": "chunked", "X-Mine": "1", "Expect": "x",
}.items():  # fmt: skip
    case(
        f"with the header {_header}",
        lambda _, header=_header, value=_value: {"files": {"f": b"x"}, "headers": {header: value}},
    )
for _method in ("PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS", "REPORT"):
    case(
        f"with {_method}",
        lambda _: {"files": {"f": ("n", io.BytesIO(b"x"))}, "data": {"a": "1"}},
        _method,
    )
for _status in (301, 302, 303, 307, 308):
    case(
        f"{_status} with bytes",
        lambda _: {"files": {"f": b"x"}, "data": {"a": "1"}},
        path=f"/to-{_status}",
    )
    case(
        f"{_status} with a file",
        lambda peer: {"files": {"f": peer.file(b"0123", position=1)}},
        path=f"/to-{_status}",
    )
    case(
        f"{_status} with a large file",
        lambda peer: {"files": {"f": peer.file(LARGE)}},
        path=f"/to-{_status}",
    )
    case(
        f"{_status} with PUT", lambda _: {"files": {"f": io.BytesIO(b"x")}}, "PUT", f"/to-{_status}"
    )
case("307 with a reader", lambda _: {"files": {"f": _Reader(b"read")}}, path="/to-307")

FORM = {"request.body", "request.headers", "wire.body", "wire.Content-Length"}
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **dict.fromkeys(("reader", "reader of text"), (FORM | {"wire.Transfer-Encoding"}, "a file of unknown length is sent as it is read, not read into memory")),
    **dict.fromkeys(("large file", "large BytesIO", "large bytes", "307 with a large file", "308 with a large file"), ({"request.body"}, "a form above 1 MiB is put together as it is sent")),
    **dict.fromkeys(
        ("name with a folder", "name in brackets", "name is a number", "name is bytes", "name is empty", "name ends in a slash", "name in half a bracket"),
        ({"request.body"}, "only the standard library's own files are read at once; a subclass is read as it is sent"),
    ),
    **dict.fromkeys(("object", "float"), ({"error"}, "requests lets a bare TypeError through")),
    **dict.fromkeys(("with data: a file", "with data: a generator", "with data: bytearray"), ({"error"}, "requests raises NotImplementedError; InvalidBody is a RequestException")),
    **dict.fromkeys(("number as a name", "number as a filename", "with data: number as a name"), ({"error"}, "a number is sent as text, as everywhere else; requests raises AttributeError")),
    **dict.fromkeys(("type with a line end", "header with a line end", "filename with a NUL"), ({"error"}, "what would end a header or a name early is refused; requests sends it")),
    **dict.fromkeys(("type as bytes", "bytes header"), (FORM, "bytes are text in ASCII; requests sends Python's b'…'")),
    **dict.fromkeys(("type in the headers", "location of mine"), (FORM, "a header that the caller gave is sent; requests drops these two")),
    "two types, one in lower case": (FORM, "one part has one Content-Type, whatever its case; requests sends two"),
    "generator": ({"error"}, "an iterable of pieces is a content, too"),
    "latin bytes filename": ({"error"}, "bytes of a name are sent as they are"),
    "filename with a lone surrogate": ({"error"}, "the name of a file that is not UTF-8, as Python reads it, is sent as its bytes"),
    "with data: bytearray as a value": (FORM, "a bytearray is bytes; requests makes a field of each of them"),
    "with the header Transfer-Encoding": ({"error"}, "requests sends Content-Length as well, which no server may accept (RFC 9112, section 6.3)"),
    "301 with PUT": ({"request.body", "request.headers", "wire.2.body", "wire.2.Content-Length", "wire.2.Content-Type"}, "a method that is not rewritten keeps its body (RFC 9110, section 15.4.2)"),
    "307 with a reader": ({"error"}, "what was sent as it was read, and cannot be rewound, cannot be sent again"),
    **dict.fromkeys(("with json", "with json and data"), ({"error"}, "requests drops the JSON without a word")),
    "None as a name": ({"error"}, "a field without a name cannot be read (RFC 7578, section 4.2); requests sends it"),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", CASES)
def test_same_as_requests(name: str) -> None:
    assert_same(CASES[name], DIFFERENCES.get(name))


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str, part: int) -> None:
    assert_same_in_colour({name: CASES[name] for name in list(CASES)[part::2]}, colour)


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= CASES.keys()
    assert len(CASES) >= 150
