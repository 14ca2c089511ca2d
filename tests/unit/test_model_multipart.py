"""multipart/form-data: the bytes of requests, read from disk as they are sent."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from unittest import mock

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from envoi._core import Headers
from envoi._model.body import set_framing
from envoi._model.body_streams import PIECE_SIZE
from envoi._model.multipart import MultipartBody, encode_files
from envoi._model.multipart_parts import MEMORY_LIMIT, guess_filename
from envoi.exceptions import FileModeWarning, InvalidBody, UnrewindableBodyError

MARK = "b0undary"


def of_requests(files, data=None):
    with mock.patch("urllib3.filepost.choose_boundary", return_value=MARK):
        prepared = requests.Request("POST", "http://example.org/", files=files, data=data).prepare()
    return prepared.body, prepared.headers["Content-Type"]


def whole(body):
    if body.content is not None:
        return body.content
    return b"".join(iter(body.next_piece, b""))


async def whole_async(body, calls=None):
    """Read as the pipeline reads: asked before each piece what it wants."""
    found = []
    while True:
        if body.is_async:
            kind, piece = "await", await body.anext_piece()
        elif body.may_block:
            kind, piece = "thread", await asyncio.to_thread(body.next_piece)
        else:
            kind, piece = "call", body.next_piece()
        if calls is not None:
            calls.append(kind)
        if not piece:
            return b"".join(found)
        found.append(piece)


def named(content, name):
    file = io.BytesIO(content)
    file.name = name
    return file


FORMS = [
    lambda: ({"a": "text"},),
    lambda: ({"a": b"bytes\x00\xff"},),
    lambda: ({"a": bytearray(b"array")},),
    lambda: ([("a", "1"), ("a", "2"), ("b", b"3")],),
    lambda: ({"a": io.BytesIO(b"file")},),
    lambda: ({"a": io.StringIO("fil\u00e9")},),
    lambda: ({"a": named(b"x", "/tmp/dir/pic.png")},),
    lambda: ({"a": named(b"x", b"/tmp/dir/pic.png")},),
    lambda: ({"a": named(b"x", "<stdin>")},),
    lambda: ({"a": named(b"x", 3)},),
    lambda: ({"a": named(b"x", "")},),
    lambda: ({"a": ("name.txt", "content")},),
    lambda: ({"a": ["name.txt", "content"]},),
    lambda: ({"a": ("name.txt", io.BytesIO(b"content"), "text/plain")},),
    lambda: (
        {"a": ("name.txt", b"content", "text/plain", {"X-A": "1", "Expires": "0", "X-Empty": ""})},
    ),
    lambda: ({"a": ("name.txt", b"content", None, {"X-A": "1"})},),
    lambda: ({"a": (None, "no name")},),
    lambda: ({"a": ("", "empty name")},),
    lambda: ({"a": ("n\u00e4me \u65e5\u672c.txt", "x"), "f\u00fcld": "y"},),
    lambda: ({"a": ('quo"te\r\nX-Injected: 1\\.txt', "x"), 'fi"eld\r\n': "y"},),
    lambda: ({"a": ("bytes \u00e9".encode(), "x")},),
    lambda: ({"a": None, "b": 1, "c": ("d", None)},),
    lambda: ({"a": None},),
    lambda: (
        {"f": b"x"},
        {"k": "v", "n": 5, "none": None, "list": ["1", 2, None, b"3"], "t": ("x",)},
    ),
    lambda: ({"f": b"x"}, [("k", "v"), (b"k", b"\xff"), ("\u00e9", "\u00e9")]),
    lambda: ({"f": b"x"}, {"f": {"a": 1}, "empty": []}),
    lambda: ({"f": b"x"}, {}),
    lambda: ((("a", "1"), ("b", ("n", "2"))), (("k", "v"),)),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_bytes_of_requests(form):
    body = encode_files(*form(), boundary=MARK)
    content, content_type = of_requests(*form())
    assert (whole(body), body.content_type) == (content, content_type)
    assert body.length == len(content)
    assert body.shown == content


_VALUES = st.one_of(st.text(max_size=20), st.binary(max_size=20))
_NAMES = st.text(
    st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=10
)
_FILES = st.one_of(
    _VALUES,
    st.tuples(_NAMES, _VALUES),
    st.tuples(_NAMES, _VALUES, st.sampled_from(["text/plain", "image/png", None])),
    st.tuples(
        _NAMES,
        _VALUES,
        st.none(),
        st.dictionaries(st.sampled_from(["X-A", "X-B"]), st.sampled_from(["1", "\u00e9", ""])),
    ),
)


@given(
    st.lists(st.tuples(_NAMES, _FILES), min_size=1, max_size=4),
    st.lists(st.tuples(_NAMES, _VALUES), max_size=4),
)
def test_any_names_and_contents_give_the_bytes_of_requests(files, data):
    assert encode_files(files, data, boundary=MARK).content == of_requests(files, data)[0]


@given(
    st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=30)
)
def test_no_name_ends_its_quotes_or_its_line(name):
    content = encode_files({name: (name, b"")}, boundary=MARK).content
    head, _, rest = content.partition(b"\r\n\r\n")
    assert head.count(b"\r\n") == 1
    assert head.count(b'"') == 4
    assert rest == b"\r\n--b0undary--\r\n"


@pytest.mark.parametrize("mode", ["rb", "r"])
@pytest.mark.parametrize("content", [b"", b"few", b"\xc3\xa9\r\n" * 10])
def test_a_short_file_is_held_and_outlives_its_closing(tmp_path, mode, content):
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    with path.open(mode, encoding=None if mode == "rb" else "utf-8") as file:
        body = encode_files({"f": file}, boundary=MARK)
    with path.open(mode, encoding=None if mode == "rb" else "utf-8") as file:
        assert whole(body) == of_requests({"f": file})[0]
    assert body.length == len(whole(body))


class Watched(io.BytesIO):
    """A file that tells how much was asked of it."""

    def __init__(self, content):
        super().__init__(content)
        self.asked = []

    def read(self, size=-1):
        self.asked.append(size)
        return super().read(size)


@pytest.fixture
def long_file(tmp_path):
    path = tmp_path / "long.bin"
    path.write_bytes(os.urandom(MEMORY_LIMIT + 10))
    with path.open("rb") as file:
        yield file


def test_a_long_file_is_streamed_with_the_length_known(long_file):
    body = encode_files({"f": long_file, "g": b"x"}, {"k": "v"}, boundary=MARK)
    assert isinstance(body, MultipartBody)
    assert body.may_block
    assert not body.is_async
    assert long_file.tell() == 0
    found = list(iter(body.next_piece, b""))
    assert max(map(len, found)) <= PIECE_SIZE * 2
    content = b"".join(found)
    assert len(content) == body.length
    long_file.seek(0)
    assert content == of_requests({"f": long_file, "g": b"x"}, {"k": "v"})[0]
    headers = Headers()
    set_framing(headers, "POST", body)
    assert headers["Content-Length"] == str(len(content))
    assert headers["Content-Type"] == "multipart/form-data; boundary=b0undary"


def test_files_are_never_asked_for_all_they_have():
    file = Watched(b"x" * (3 * PIECE_SIZE))
    body = encode_files({"f": file})
    assert file.asked == []
    whole(body)
    assert set(file.asked) == {PIECE_SIZE}


def test_a_file_starts_where_it_stands(long_file):
    long_file.seek(5)
    body = encode_files({"f": long_file}, boundary=MARK)
    content = whole(body)
    assert len(content) == body.length
    long_file.seek(5)
    assert content == of_requests({"f": long_file})[0]


def test_one_file_may_be_in_two_parts(long_file):
    body = encode_files([("a", long_file), ("b", long_file)], boundary=MARK)
    assert len(whole(body)) == body.length > 2 * MEMORY_LIMIT


def test_a_body_is_sent_twice_after_rewinding(long_file):
    body = encode_files([("a", long_file), ("b", ("n", ["x", "y"]))], boundary=MARK)
    first = body.next_piece()
    assert body.replayable
    body.rewind()
    once = whole(body)
    assert once.startswith(first)
    body.rewind()
    assert whole(body) == once


def test_a_generator_in_a_part_can_be_sent_once():
    body = encode_files({"a": ("n", (piece for piece in [b"x", "y"]))}, boundary=MARK)
    assert body.length is None
    assert body.replayable
    assert whole(body) == of_requests({"a": ("n", b"xy")})[0]
    assert not body.replayable
    with pytest.raises(UnrewindableBodyError):
        body.rewind()


def test_a_pipe_makes_the_body_chunked():
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)
    with open(reader, "rb") as file:
        body = encode_files({"f": ("pipe", file)}, boundary=MARK)
        assert body.length is None
        assert whole(body) == of_requests({"f": ("pipe", b"from a pipe")})[0]


def test_long_content_in_memory_is_not_copied_together():
    content = os.urandom(MEMORY_LIMIT + 1)
    body = encode_files({"f": content, "g": content}, boundary=MARK)
    assert isinstance(body, MultipartBody)
    assert not body.may_block
    assert body.replayable
    found = list(iter(body.next_piece, b""))
    assert max(map(len, found)) <= PIECE_SIZE
    assert b"".join(found) == of_requests({"f": content, "g": content})[0]
    assert body.length == len(b"".join(found))


def test_files_in_memory_together_stay_within_the_limit():
    body = encode_files([("f", io.BytesIO(b"x" * (MEMORY_LIMIT // 2 + 1))) for _ in range(3)])
    assert isinstance(body, MultipartBody)
    assert len(body.sources) == 2


@pytest.mark.parametrize("change", [b"", b"longer" * PIECE_SIZE])
def test_a_file_that_changes_while_it_is_sent_is_told(tmp_path, change):
    path = tmp_path / "file"
    path.write_bytes(b"x" * (MEMORY_LIMIT + 1))
    with path.open("rb") as file:
        body = encode_files({"f": file})
        path.write_bytes(change)
        with pytest.raises(InvalidBody, match="changed meanwhile"):
            whole(body)


def test_a_long_text_file_is_sent_as_utf_8_with_a_warning(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("\u00e9" * MEMORY_LIMIT, encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        with pytest.warns(FileModeWarning):
            body = encode_files({"f": file}, boundary=MARK)
        assert body.length is None
        content = whole(body)
        file.seek(0)
        assert content == of_requests({"f": file})[0]


async def pieces(*given):
    for piece in given:
        await asyncio.sleep(0)
        yield piece


class AsyncFile:
    """What asynchronous file libraries give."""

    name = "/tmp/async.txt"

    def __init__(self, content):
        self._file = io.BytesIO(content)

    async def read(self, size=-1):
        await asyncio.sleep(0)
        return self._file.read(size)


def test_asynchronous_files_and_iterators_are_awaited():
    body = encode_files(
        {"f": AsyncFile(b"file"), "g": ("n", pieces(b"a", "b", b""))}, {"k": "v"}, boundary=MARK
    )
    assert body.is_async
    assert body.length is None
    assert (
        asyncio.run(whole_async(body))
        == of_requests({"f": named(b"file", "async.txt"), "g": ("n", b"ab")}, {"k": "v"})[0]
    )
    assert not body.replayable


def test_in_a_mixed_body_files_are_read_in_threads_and_the_others_awaited(long_file):
    body = encode_files(
        {"f": long_file, "g": ("n", pieces(b"a", "b")), "h": long_file, "i": "x"}, boundary=MARK
    )
    assert body.is_async
    assert body.may_block
    calls = []
    content = asyncio.run(whole_async(body, calls))
    long_file.seek(0)
    all_of_it = long_file.read()
    expected = {
        "f": ("long.bin", all_of_it),
        "g": ("n", b"ab"),
        "h": ("long.bin", all_of_it),
        "i": "x",
    }
    assert content == of_requests(expected)[0]
    assert calls[0] == "await"
    assert calls.count("thread") >= 2 * (MEMORY_LIMIT // PIECE_SIZE)
    # Only the head before the first file, the two pieces and the end of the iterator are awaited.
    assert calls.count("await") <= 4


def test_an_asynchronous_part_is_refused_where_nothing_awaits():
    body = encode_files({"g": ("n", pieces(b"a"))})
    assert body.next_piece().endswith(b"\r\n\r\n")
    with pytest.raises(InvalidBody, match="AsyncSession"):
        body.next_piece()


def test_a_streamed_body_can_be_read_like_a_file(long_file):
    body = encode_files({"f": long_file}, boundary=MARK)
    assert body.shown is body
    taken = [body.read(7), body.read(0), body.read(PIECE_SIZE), body.read()]
    assert list(map(len, taken[:3])) == [7, 0, PIECE_SIZE]
    assert len(b"".join(taken)) == body.length
    assert body.read() == b""
    body.rewind()
    assert b"".join(body) == b"".join(taken)


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ({}, None),
        (None, {"a": 1}),
        (["bad file data"], None),
        ("ab", None),
        (5, None),
        ({"f": b"x"}, "text"),
        ({"f": b"x"}, b"bytes"),
        ({"f": b"x"}, 5),
        ({"f": ("one",)}, None),
        ({"f": ("1", "2", "3", {}, "5")}, None),
        ({"f": object()}, None),
        ({"f": {"a": 1}}, None),
        ({"f": 1.5}, None),
        ({"f": ("n", "\ud800")}, None),
        ({"f": ("\ud800", "x")}, None),
        ({"f": ("n\x00", "x")}, None),
        ({"f": ("n", "x", "text/plain\r\nX: 1")}, None),
        ({"f": ("n", "x", None, {"X": "1\r\nY: 2"})}, None),
        ({"f": ("n", "x", None, {"X: y\r\n": "1"})}, None),
        ({"f": ("n", "x", None, {"X": "\x00"})}, None),
        ({"f": ("n", "x", None, {"": "1"})}, None),
    ],
)
def test_what_cannot_be_sent_is_a_value_error(files, data):
    with pytest.raises(ValueError) as caught:
        encode_files(files, data)
    assert isinstance(caught.value, InvalidBody)


def test_the_callers_content_type_header_of_a_part_stays():
    content = encode_files(
        {"f": ("n", "x", None, {"content-type": "text/x", "content-disposition": "evil"})},
        boundary=MARK,
    ).content
    assert (
        b'Content-Disposition: form-data; name="f"; filename="n"\r\nContent-Type: text/x\r\n\r\nx'
        in content
    )
    assert b"evil" not in content


def test_a_file_name_that_is_no_utf_8_keeps_its_bytes():
    assert b'filename="\xff"' in encode_files({"f": (os.fsdecode(b"\xff"), "x")}).content


@pytest.mark.parametrize(
    "boundary", ["", "a\r\nb", "ends with space ", "x" * 71, 'quo"te', "\u00e9"]
)
def test_a_boundary_that_is_none_is_refused(boundary):
    with pytest.raises(InvalidBody):
        encode_files({"f": "x"}, boundary=boundary)


def test_a_boundary_with_specials_is_quoted():
    assert (
        encode_files({"f": "x"}, boundary="a b:c").content_type
        == 'multipart/form-data; boundary="a b:c"'
    )


def test_boundaries_are_random():
    assert len({encode_files({"f": "x"}).content_type for _ in range(20)}) == 20


def test_file_names_are_the_last_component():
    with tempfile.NamedTemporaryFile() as file:
        assert guess_filename(file) == os.path.basename(file.name)
    assert guess_filename(object()) is None
