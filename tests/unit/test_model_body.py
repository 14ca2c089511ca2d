"""Bodies: from `data=` and `json=` to bytes and framing."""

from __future__ import annotations

import array
import asyncio
import collections
import copy
import functools
import io
import os
import tempfile

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from envoi._core import Headers
from envoi._model.body import NO_BODY, encode_body, set_framing
from envoi._model.body_streams import PIECE_SIZE
from envoi._model.multipart import encode_files
from envoi.exceptions import FileModeWarning, InvalidBody, InvalidJSONError, UnrewindableBodyError


def pieces(body):
    return list(iter(body.next_piece, b""))


async def async_pieces(body):
    found = []
    while piece := await body.anext_piece():
        found.append(piece)
    return found


def framing(body, method="POST", headers=None):
    headers = Headers(headers)
    set_framing(headers, method, body)
    return {name.lower(): value for name, value in headers.multi_items()}


def of_requests(method="POST", **arguments):
    prepared = requests.Request(method, "http://example.org/", **arguments).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return body, {name.lower(): value for name, value in prepared.headers.items()}, prepared.body


WHOLE = [
    {"data": {"a": "b c", "é": ["x", 1, None]}},
    {"data": [("a", "1"), ("a", "2")]},
    {"data": (("a", "1"),)},
    {"data": "plain é text"},
    {"data": b"bytes \x00\xff"},
    {"data": {}},
    {"data": []},
    {"data": ""},
    {"data": b""},
    {},
    {"json": {"a": [1, 2.5, None, True, "é\u2028"]}},
    {"json": []},
    {"json": 0},
    {"json": ""},
    {"json": False},
    {"data": {}, "json": {"a": 1}},
    {"data": "", "json": {"a": 1}},
    {"data": {"a": "b"}, "json": {"a": 1}},
]


@pytest.mark.parametrize("arguments", WHOLE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_bodies_in_memory_are_those_of_requests(method, arguments):
    expected, headers, shown = of_requests(method, **copy.deepcopy(arguments))
    body = encode_body(arguments.get("data"), arguments.get("json"))
    assert body.content == (expected or b"")
    assert framing(body, method) == headers
    assert body.shown == shown
    assert type(body.shown) is type(shown)


@given(
    st.dictionaries(
        st.text(), st.one_of(st.text(), st.integers(), st.binary(), st.none(), st.lists(st.text()))
    )
)
def test_forms_are_encoded_as_requests_does(data):
    try:
        expected, _, _ = of_requests(data=data)
    except UnicodeEncodeError:
        return
    assert encode_body(data).content == (expected or b"")


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(json_values)
def test_json_is_written_as_requests_does(value):
    expected, _, _ = of_requests(json=value)
    assert encode_body(None, value).content == (expected or b"")


def circular():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), object(), {"a": {1}}, {(1, 2): 3}, circular()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_json_is_refused(value):
    with pytest.raises(InvalidJSONError, match="json="):
        encode_body(None, value)


@pytest.mark.parametrize(
    "data",
    [bytearray(b"abc"), memoryview(b"abc"), array.array("B", b"abc"), memoryview(b"a-b-c-")[::2]],
)
def test_buffers_are_sent_whole(data):
    assert encode_body(data).content == b"abc"
    assert encode_body(data).content_type is None


@pytest.mark.parametrize("data", [1, 1.5, True, object(), ["abc"], [b"x"], [1], [("a",)]])
def test_other_types_are_refused(data):
    with pytest.raises(InvalidBody, match="data="):
        encode_body(data)


def test_text_that_utf8_cannot_carry_is_refused():
    with pytest.raises(InvalidBody, match="UTF-8"):
        encode_body("\ud800")


def test_no_body_has_no_pieces_and_can_be_sent_again():
    assert encode_body(None) is NO_BODY
    assert NO_BODY.replayable
    NO_BODY.rewind()
    with pytest.raises(InvalidBody):
        NO_BODY.next_piece()


def test_file_is_sent_from_where_it_stands():
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.seek(4)
        expected = (
            requests.Request("POST", "http://e.org/", data=file).prepare().headers["Content-Length"]
        )
        body = encode_body(file)
        assert body.content is None
        assert body.may_block
        assert not body.is_async
        assert str(body.length) == expected == "6"
        assert body.shown is file
        assert framing(body) == {"content-length": "6"}
        assert pieces(body) == [b"456789"]
        assert body.replayable
        body.rewind()
        assert pieces(body) == [b"456789"]


def test_large_file_comes_in_pieces():
    body = encode_body(io.BytesIO(bytes(PIECE_SIZE + 1)))
    assert body.length == PIECE_SIZE + 1
    assert [len(piece) for piece in pieces(body)] == [PIECE_SIZE, 1]


def test_empty_file_has_a_length():
    assert encode_body(io.BytesIO()).length == 0


def test_string_file_is_counted_in_bytes():
    file = io.StringIO("éé!")
    file.read(1)
    body = encode_body(file)
    assert body.length == 3
    assert pieces(body) == ["é!".encode()]
    body.rewind()
    assert pieces(body) == ["é!".encode()]


def test_file_in_text_mode_warns_and_is_sent_as_utf8(tmp_path):
    path = tmp_path / "text"
    path.write_text("é", encoding="latin-1")
    with path.open(encoding="latin-1") as file:
        with pytest.warns(FileModeWarning, match="rb"):
            body = encode_body(file)
        assert body.length is None
        assert pieces(body) == ["é".encode()]
        body.rewind()
        assert pieces(body) == ["é".encode()]


def test_pipe_has_no_length_and_cannot_be_rewound():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        os.write(writing, b"abc")
        os.close(writing)
        body = encode_body(file)
        assert body.length is None
        assert body.replayable
        assert pieces(body) == [b"abc"]
        assert not body.replayable
        with pytest.raises(UnrewindableBodyError):
            body.rewind()


class ReaderOnly:
    def __init__(self, data, **attributes):
        self.file = io.BytesIO(data)
        self.__dict__.update(attributes)

    def read(self, size=-1):
        return self.file.read(size)


def test_reader_is_enough():
    body = encode_body(ReaderOnly(b"abc"))
    assert body.length is None
    assert framing(body) == {"transfer-encoding": "chunked"}
    assert pieces(body) == [b"abc"]
    assert encode_body(ReaderOnly(b"abc", len=3)).length == 3


def test_failing_seek_is_an_unrewindable_body():
    class Broken(io.BytesIO):
        def seek(self, *where):
            if where == (0,):
                raise OSError("gone")
            return super().seek(*where)

    file = Broken(b"abc")
    file.getbuffer()
    body = encode_body(file)
    pieces(body)
    with pytest.raises(UnrewindableBodyError, match="gone"):
        body.rewind()


def test_generator_is_chunked_and_goes_by_once():
    body = encode_body(part for part in ["é", b"", bytearray(b"b"), memoryview(b"c")])
    assert body.length is None
    assert framing(body) == {"transfer-encoding": "chunked"}
    body.rewind()
    assert pieces(body) == ["é".encode(), b"b", b"c"]
    assert body.next_piece() == b""
    assert not body.replayable
    with pytest.raises(UnrewindableBodyError, match="generator"):
        body.rewind()


class Again:
    def __iter__(self):
        return iter([b"a", b"b"])

    def __len__(self):
        return 2


def test_iterable_can_be_sent_again():
    body = encode_body(Again())
    assert body.length == 2
    assert pieces(body) == [b"a", b"b"]
    body.rewind()
    assert pieces(body) == [b"a", b"b"]


def test_count_of_pieces_is_not_taken_for_their_length():
    assert encode_body(collections.deque([b"abc", b"def"])).length is None


def test_piece_of_another_type_is_refused():
    with pytest.raises(InvalidBody, match="int"):
        encode_body(iter([1])).next_piece()


async def agenerate():
    yield b"a"
    yield b""
    yield "é"


class AsyncAgain:
    def __aiter__(self):
        return agenerate()


def test_async_iterables():
    body = encode_body(agenerate())
    assert body.is_async
    assert body.length is None
    assert asyncio.run(async_pieces(body)) == [b"a", "é".encode()]
    with pytest.raises(UnrewindableBodyError):
        body.rewind()
    with pytest.raises(InvalidBody, match="AsyncSession"):
        body.next_piece()
    again = encode_body(AsyncAgain())
    for _ in range(2):
        assert asyncio.run(async_pieces(again)) == [b"a", "é".encode()]
        again.rewind()


class AsyncFile:
    def __init__(self):
        self.file = io.BytesIO(b"abc")

    async def read(self, size=-1):
        return self.file.read(size)


class AsyncFileOfLines(AsyncFile):
    def __aiter__(self):
        raise AssertionError("lines are not asked for")


@pytest.mark.parametrize("kind", [AsyncFile, AsyncFileOfLines])
def test_async_files(kind):
    body = encode_body(kind())
    assert body.is_async
    assert body.replayable
    body.rewind()
    assert asyncio.run(async_pieces(body)) == [b"abc"]
    assert not body.replayable
    with pytest.raises(UnrewindableBodyError):
        body.rewind()
    with pytest.raises(InvalidBody, match="AsyncSession"):
        body.next_piece()


def test_sync_bodies_give_their_pieces_asynchronously_too():
    assert asyncio.run(async_pieces(encode_body(io.BytesIO(b"abc")))) == [b"abc"]


def test_framing_keeps_what_the_caller_set():
    form = encode_body({"a": "b"})
    assert framing(form, headers={"content-type": "x/y"}) == {
        "content-type": "x/y",
        "content-length": "3",
    }
    assert framing(form, headers={"Transfer-Encoding": "chunked", "Content-Type": "x"}) == {
        "transfer-encoding": "chunked",
        "content-type": "x",
    }
    assert framing(encode_body(iter([b"a"])), headers={"Content-Length": "1"}) == {
        "content-length": "1"
    }
    assert framing(NO_BODY, "POST", {"Content-Length": "5"}) == {"content-length": "5"}


def test_framing_corrects_a_wrong_length_of_a_known_body():
    assert framing(encode_body(b"abc"), headers={"Content-Length": "99"})["content-length"] == "3"


def test_body_says_what_it_is():
    assert repr(encode_body(b"abc")) == "<Body [3 bytes]>"
    assert repr(encode_body(iter([]))) == "<IteratorBody of unknown length>"


@pytest.mark.parametrize("read", ["method", "partial"])
def test_a_file_whose_read_is_awaited_is_known_by_its_function(read):
    class File:
        async def read(self, size=-1):
            return b""

    file = File()
    if read == "partial":
        file.read = functools.partial(file.read)
    assert encode_body(file).is_async
    assert encode_files({"f": file}).is_async
