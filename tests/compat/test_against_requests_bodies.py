"""Bodies other than files: streams, objects, forms and JSON of every kind, sent with requests and with Envoi, their framing byte for byte."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import os
from collections import ChainMap, OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, SimpleNamespace
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


def _pieces(*pieces: Any) -> Iterator[Any]:
    yield from pieces


def _broken() -> Iterator[bytes]:
    yield b"one"
    raise RuntimeError("the source broke")


def _with(base: Any, **attributes: Any) -> Any:
    """An instance of a new class with these attributes."""
    return type("Made", (base,) if base else (), attributes)()


class Sized:
    """Iterable as often as one likes, with a length that it declares."""

    def __init__(self, length: int, *pieces: bytes) -> None:
        self._length, self._all = length, pieces

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._all)


class Again:
    """Iterable as often as one likes, without a length."""

    def __iter__(self) -> Iterator[bytes]:
        return iter((b"one", b"two"))


class Reader:
    """Has `read`, as an upload that somebody watches; more by subclasses."""

    def __init__(self, content: Any = b"0123456789") -> None:
        self._file = io.StringIO(content) if isinstance(content, str) else io.BytesIO(content)

    def read(self, size: int = -1) -> Any:
        return self._file.read(size)


class IterableReader(Reader):
    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


class ReaderWithLength(IterableReader):
    def __len__(self) -> int:
        return len(self._file.getvalue())


class ReaderWithLen(IterableReader):
    """As the encoder of requests-toolbelt."""

    @property
    def len(self) -> int:
        return len(self._file.getvalue()) - self._file.tell()


class ReaderThatTells(IterableReader):
    def tell(self) -> int:
        return self._file.tell()


class ReaderThatSeeks(ReaderThatTells):
    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)


class ReaderThatCannotTell(ReaderThatSeeks):
    def tell(self) -> int:
        raise OSError("no position")


class ReaderInBits(ReaderThatSeeks):
    def read(self, size: int = -1) -> Any:
        return self._file.read(min(size, 3) if size > 0 else 3)


class Pairs:
    """Has `items` and `__iter__`, as a multi-dict, and is no Mapping."""

    def items(self) -> Any:
        return [("a", "1"), ("a", "2")]

    def __iter__(self) -> Iterator[str]:
        return iter(["a", "a"])


class OwnMapping(Mapping[str, str]):
    def __getitem__(self, key: str) -> str:
        return {"a": "1", "b": "2"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["a", "b"])

    def __len__(self) -> int:
        return 2


class Proxy:
    """Gives out another object's attributes, as lazy wrappers do."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


def _sought(file: Any, position: int) -> Any:
    file.seek(position)
    return file


def _pipe(peer: Peer, content: bytes) -> Any:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return peer.stack.enter_context(os.fdopen(reader, "rb"))


def _closed() -> io.BytesIO:
    file = io.BytesIO(b"closed")
    file.close()
    return file


LARGE = b"0123456789abcdef" * 20_000

# What data= may be, made anew for each of the two.
DATA: dict[str, Callable[[Peer], Any]] = {
    # files
    "file": lambda p: p.file(b"0123456789"), "file in the middle": lambda p: p.file(b"0123456789", position=4), "file at its end": lambda p: p.file(b"0123", position=4), "empty file": lambda p: p.file(b""), "file beyond its end": lambda p: p.file(b"01", position=9),
    "text file": lambda p: p.file(b"plain", "r"), "wide text file": lambda p: p.file("é☃".encode(), "r"), "file to read and write": lambda p: p.file(b"0123", "r+b"), "large file": lambda p: p.file(LARGE), "pipe": lambda p: _pipe(p, b"through a pipe"),
    "empty pipe": lambda p: _pipe(p, b""), "StringIO in the middle": lambda _: _sought(io.StringIO("0123456789"), 4), "wide StringIO": lambda _: io.StringIO("é☃"), "empty StringIO": lambda _: io.StringIO(), "BytesIO at its end": lambda _: _sought(io.BytesIO(b"01"), 2),
    "large BytesIO": lambda _: io.BytesIO(LARGE), "closed BytesIO": lambda _: _closed(), "BufferedReader": lambda _: io.BufferedReader(io.BytesIO(b"buffered")), "proxy of a BytesIO": lambda _: Proxy(io.BytesIO(b"behind")), "proxy of a dict": lambda _: Proxy({"a": "1"}),
    # readers
    "reader": lambda _: Reader(), "reader of text": lambda _: Reader("text é"), "empty reader": lambda _: Reader(b""), "iterable reader": lambda _: IterableReader(), "iterable reader of text": lambda _: IterableReader("text é"), "empty iterable reader": lambda _: IterableReader(b""),
    "reader with a length": lambda _: ReaderWithLength(), "reader with len": lambda _: ReaderWithLen(), "reader that tells": lambda _: ReaderThatTells(), "reader that seeks": lambda _: ReaderThatSeeks(), "reader sought": lambda _: _sought(ReaderThatSeeks(), 3),
    "reader that cannot tell": lambda _: ReaderThatCannotTell(), "reader in bits": lambda _: ReaderInBits(), "reader of lines": lambda _: IterableReader(b"a\nb\nc"), "large reader": lambda _: IterableReader(LARGE), "reader of length 0": lambda _: ReaderWithLen(b""),
    # iterables
    "generator": lambda _: _pieces(b"one", b"two"), "empty generator": lambda _: _pieces(), "generator of text": lambda _: _pieces("one", "é"), "generator of empty pieces": lambda _: _pieces(b"", b"one", b"", b"two", b""), "generator of bytearrays": lambda _: _pieces(bytearray(b"ab")),
    "generator of memoryviews": lambda _: _pieces(memoryview(b"abc")), "generator of numbers": lambda _: _pieces(1, 2), "generator of None": lambda _: _pieces(None), "generator that breaks": lambda _: _broken(), "generator of large pieces": lambda _: _pieces(LARGE, b"x"),
    "iterator": lambda _: iter([b"a", b"bc"]), "map": lambda _: map(str.encode, ["a", "b"]), "deque": lambda _: deque([b"a", b"bc"]), "set": lambda _: {b"abc"}, "frozenset of text": lambda _: frozenset({"abc"}), "dict keys": lambda _: {"ab": 1}.keys(), "range": lambda _: range(3),
    "iterable": lambda _: Again(), "sized iterable": lambda _: Sized(6, b"one", b"two"), "sized iterable of length 0": lambda _: Sized(0), "iterable that declares less": lambda _: Sized(4, b"one", b"two"), "iterable with len": lambda _: _with(None, len=6, __iter__=lambda _: iter((b"one", b"two"))),
    "array": lambda _: __import__("array").array("b", b"abc"), "empty bytearray": lambda _: bytearray(), "sub-class of bytes": lambda _: type("B", (bytes,), {})(b"abc"), "sub-class of str": lambda _: type("S", (str,), {})("abc"), "text with a surrogate": lambda _: "a\udc00",
    "large bytes": lambda _: LARGE, "large text": lambda _: LARGE.decode(), "text of spaces": lambda _: " ",
    # forms
    "OrderedDict": lambda _: OrderedDict(b="2", a="1"), "UserDict": lambda _: UserDict(a="1"), "mapping proxy": lambda _: MappingProxyType({"a": "1"}), "ChainMap": lambda _: ChainMap({"a": "1"}, {"b": "2"}), "defaultdict": lambda _: defaultdict(list, a=["1", "2"]), "own Mapping": lambda _: OwnMapping(),
    "items and iteration": lambda _: Pairs(), "dict items": lambda _: {"a": "1"}.items(), "tuple of pairs": lambda _: (("a", "1"), ("b", "2")), "pairs as lists": lambda _: [["a", "1"]], "pairs as text": lambda _: ["ab", "cd"], "list of text": lambda _: ["abc"], "list of numbers": lambda _: [1, 2], "list of bytes": lambda _: [b"one"],
    "list of dicts": lambda _: [{"a": 1}], "triples": lambda _: [("a", "b", "c")], "empty tuple": lambda _: (), "nested dict": lambda _: {"a": {"b": "c"}}, "nested list": lambda _: {"a": [["x", "y"], "z"]}, "tuple as a value": lambda _: {"a": (1, 2)}, "set as a value": lambda _: {"a": {1}},
    "generator as a value": lambda _: {"a": _pieces("1", "2")}, "dates": lambda _: {"a": dt.date(2024, 2, 29)}, "decimals": lambda _: {"a": decimal.Decimal("1.50")}, "bools": lambda _: {"a": True, "b": False}, "floats": lambda _: {"a": 1.0, "b": 1e100, "c": float("nan")},
    "objects": lambda _: {"a": SimpleNamespace(b=1)}, "number as a key": lambda _: {1: "a"}, "bytes as a key": lambda _: {b"\xff": "a"}, "None as a key": lambda _: {None: "a"}, "tuple as a key": lambda _: {("a", "b"): "c"}, "empty key": lambda _: {"": "a"}, "empty value": lambda _: {"a": ""},
    "empty list as a value": lambda _: {"a": []}, "all None": lambda _: {"a": None, "b": [None]}, "bytearray as a value": lambda _: {"a": bytearray(b"ab")}, "file as a value": lambda _: {"a": io.BytesIO(b"x\ny")}, "line ends": lambda _: {"a": "x\r\ny"}, "plus, tilde and star": lambda _: {"a": "+~*-._ /"},
    "emoji": lambda _: {"🦀": "🦀"}, "surrogate in a value": lambda _: {"a": "\udc00"},
    # neither
    "0": lambda _: 0, "False": lambda _: False, "1": lambda _: 1, "1.5": lambda _: 1.5, "True": lambda _: True, "object": lambda _: object(), "function": lambda _: len,
}  # fmt: skip
for _name, _data in DATA.items():
    case(_name, lambda peer, data=_data: {"data": data(peer)})

JSON: dict[str, Any] = {
    "nested": {"a": [1, {"b": None}], "c": {"d": 1.5}}, "wide": {"é": "☃🦀"}, "number as a key": {2: 1, None: 3, True: 4}, "tuple": (1, 2), "long number": 10**30, "float": 1.0, "1e100": 1e100, "-0.0": -0.0, "text": 'a"b\\c\n\x00/', "surrogate": "\udc00", "empty text": "",
    "True": True, "None in a list": [None], "infinity": float("inf"), "bytes": b"x", "set": {1}, "decimal": decimal.Decimal("1.5"), "date": dt.date(2024, 2, 29), "OrderedDict": OrderedDict(b=1, a=2), "mapping proxy": MappingProxyType({"a": 1}),
    "generator": (n for n in ()), "tuple as a key": {(1, 2): 3}, "sub-class of int": True.__class__(1), "spaces": {"a": 1, "b": [1, 2]},
}  # fmt: skip
for _name, _value in JSON.items():
    case(f"json: {_name}", lambda _, value=_value: {"json": value})
_circular: list[Any] = []
_circular.append(_circular)
case("json: circular", lambda _: {"json": _circular})

for _method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"):
    case(f"{_method} with a generator", lambda _: {"data": _pieces(b"one")}, _method)
    case(f"{_method} with a file", lambda peer: {"data": peer.file(b"0123")}, _method)
    case(f"{_method} with json", lambda _: {"json": {"a": 1}}, _method)
    case(f"{_method} with empty data", lambda _: {"data": {}}, _method)

for _header, _value in {
    "Content-Length": "3", "Content-length": "99", "Transfer-Encoding": "chunked", "Content-Type": "text/x", "Content-Encoding": "gzip", "Expect": "100-continue", "Trailer": "X-T",
}.items():  # fmt: skip
    _headers = {_header: _value}
    case(
        f"{_header}: {_value} with bytes",
        lambda _, headers=_headers: {"data": b"abc", "headers": headers},
    )
    case(
        f"{_header}: {_value} with a file",
        lambda peer, headers=_headers: {"data": peer.file(b"abc"), "headers": headers},
    )
    case(
        f"{_header}: {_value} with a generator",
        lambda _, headers=_headers: {"data": _pieces(b"abc"), "headers": headers},
    )
    case(
        f"{_header}: {_value} with nothing",
        lambda _, headers=_headers: {
            "headers": {**headers, "Content-Length": "0"} if "ength" in str(headers) else headers
        },
    )
case("Content-Type: None with json", lambda _: {"json": {}, "headers": {"Content-Type": None}})
case(
    "Content-Type: None with a form",
    lambda _: {"data": {"a": "1"}, "headers": {"Content-Type": None}},
)
case(
    "Content-Length: None with bytes",
    lambda _: {"data": b"abc", "headers": {"Content-Length": None}},
)

for _status in (301, 302, 303, 307, 308):
    for _name in (
        "file in the middle",
        "iterable",
        "sized iterable",
        "StringIO in the middle",
        "reader",
        "reader sought",
        "reader that cannot tell",
        "reader with len",
        "iterable reader",
        "pipe",
        "own Mapping",
        "text of spaces",
        "large file",
    ):
        case(
            f"{_status} with {_name}",
            lambda peer, data=DATA[_name]: {"data": data(peer)},
            path=f"/to-{_status}",
        )
    case(
        f"{_status} with headers of the body",
        lambda _: {
            "data": b"abc",
            "headers": {
                "Content-Type": "a/b",
                "Content-Language": "fr",
                "Content-MD5": "x",
                "X-Mine": "1",
            },
        },
        path=f"/to-{_status}",
    )

FRAMING = {"request.headers", "wire.body", "wire.Content-Length", "wire.Transfer-Encoding"}
TYPE_ERRORS = (
    "generator of numbers", "range", "dict items", "list of numbers", "1", "1.5", "True", "object", "function",
    *(f"json: {name}" for name in ("bytes", "set", "decimal", "date", "mapping proxy", "generator", "tuple as a key")),
)  # fmt: skip
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **dict.fromkeys(TYPE_ERRORS, ({"error"}, "requests lets a bare TypeError through")),
    **dict.fromkeys(("text with a surrogate", "surrogate in a value"), ({"error"}, "requests lets a bare UnicodeEncodeError through")),
    **dict.fromkeys(("text file", "wide text file"), (FRAMING, "how many bytes the text of a file makes is not known before it is read")),
    "wide StringIO": (FRAMING - {"wire.Transfer-Encoding"}, "requests counts characters, and cuts the text off"),
    "proxy of a dict": ({"error"}, "what has items is a form; requests takes it for a stream, and fails"),
    "items and iteration": (FRAMING | {"wire.Content-Type", "request.body"}, "what has items is a form; requests sends its keys as a stream"),
    **dict.fromkeys(("reader", "reader of text", "empty reader"), ({"request.headers", "wire.order"}, "Transfer-Encoding stands where it does with other streams; requests leaves it to urllib3, which puts it first")),
    **dict.fromkeys((f"{status} with reader" for status in (301, 302, 303)), ({"wire.1.order"}, "as without a redirect")),
    **dict.fromkeys(("large reader", "generator of large pieces"), ({"wire.body"}, "the sizes of chunks mean nothing (RFC 9112, section 7.1); Envoi's are of up to 256 KiB")),
    **dict.fromkeys(("deque", "set", "frozenset of text", "dict keys"), (FRAMING, "requests takes the number of pieces for the number of bytes, and cuts the body off")),
    "iterable that declares less": ({"error"}, "a body longer than its Content-Length would be taken for another request"),
    **dict.fromkeys(("0", "False"), ({"error"}, "what cannot be sent is refused; requests ignores it, because it is false")),
    **dict.fromkeys(("empty list as a value", "all None"), (FRAMING, "an empty form has the length 0; requests sends it in chunks")),
    **dict.fromkeys(("Content-Length: 3 with a generator", "Content-length: 99 with a generator", "Transfer-Encoding: chunked with bytes", "Transfer-Encoding: chunked with a file"), ({"error"}, "the caller's framing is taken; requests adds the other kind, which no server may accept (RFC 9112, section 6.3)")),
    **dict.fromkeys((f"{status} with headers of the body" for status in (301, 302, 303)), ({"request.headers", "wire.2.Content-Language"}, "what describes a body goes with it (RFC 9110, section 15.4)")),
    **dict.fromkeys((f"{status} with {name}" for status in (307, 308) for name in ("reader", "iterable reader")), ({"error"}, "requests sends the used-up reader as an empty body; that would be a lie")),
    "Transfer-Encoding: chunked with nothing": ({"error"}, "requests announces a length as well"),
    **dict.fromkeys((f"{status} with reader with len" for status in (307, 308)), ({"error"}, "requests announces the length again, and sends nothing")),
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
    assert len(CASES) >= 250
