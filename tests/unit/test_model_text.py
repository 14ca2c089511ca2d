"""Decoding and line splitting, piece by piece."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._model.text import LineSplitter, TextDecoder, decode_text, usable_encoding


def in_pieces(whole, cuts):
    positions = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    return [whole[start:end] for start, end in itertools.pairwise(positions)]


def split(splitter, pieces):
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines + splitter.finish()


texts = st.text(alphabet="ab\r\n\x0b\x85\u2028é")
cuts = st.lists(st.integers(0, 40))


@given(texts, cuts)
def test_text_lines_do_not_depend_on_the_pieces(whole, cuts):
    assert split(LineSplitter(""), in_pieces(whole, cuts)) == whole.splitlines()


@given(texts, cuts)
def test_byte_lines_do_not_depend_on_the_pieces(whole, cuts):
    data = whole.encode()
    assert split(LineSplitter(b""), in_pieces(data, cuts)) == data.splitlines()


@given(st.text(alphabet="ab|-", min_size=1), cuts, st.sampled_from(["|", "||", "|-|"]))
def test_delimited_items_do_not_depend_on_the_pieces(whole, cuts, delimiter):
    assert split(LineSplitter("", delimiter), in_pieces(whole, cuts)) == whole.split(delimiter)


def test_nothing_gives_no_item():
    assert split(LineSplitter(b"", b"|"), []) == []
    assert split(LineSplitter(b""), [b""]) == []


def test_line_is_given_out_with_the_piece_that_ends_it():
    splitter = LineSplitter(b"")
    assert splitter.feed(b"one\r") == [b"one"]
    assert splitter.feed(b"\n") == []
    assert splitter.feed(b"\n") == [b""]
    assert splitter.feed(b"tw") == []
    assert splitter.feed(b"o\nthree") == [b"two"]
    assert splitter.finish() == [b"three"]


def test_an_empty_piece_changes_nothing():
    splitter = LineSplitter(b"")
    assert splitter.feed(b"one\r") == [b"one"]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"\ntwo\n") == [b"two"]


def test_delimiter_across_pieces():
    splitter = LineSplitter(b"", b"\r\n")
    assert splitter.feed(b"a\r") == []
    assert splitter.feed(b"\nb") == [b"a"]
    assert splitter.finish() == [b"b"]


@given(st.text(), cuts, st.sampled_from(["utf-8", "utf-16", "utf-32-be", "utf-8-sig"]))
def test_characters_cut_between_pieces(whole, cuts, encoding):
    data = whole.encode(encoding, "replace")
    decoder = TextDecoder(encoding)
    assert "".join(
        [decoder.feed(piece) for piece in in_pieces(data, cuts)]
    ) + decoder.finish() == data.decode(encoding)


def test_an_unfinished_character_becomes_the_replacement():
    decoder = TextDecoder("utf-8")
    assert decoder.feed(b"\xc3") == ""
    assert decoder.finish() == "\ufffd"


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "no-such",
        "hex",
        "rot13",
        "punycode",
        "idna",
        "undefined",
        "unicode_escape",
        "a\x00b",
        "é",
    ],
)
def test_unusable_encodings_are_read_as_utf8(name):
    assert usable_encoding(name) == "utf-8"
    assert decode_text("é".encode(), name) == "é"
    assert TextDecoder(name).feed("é".encode()) == "é"


def test_usual_encodings():
    assert decode_text(b"\xe9", "ISO-8859-1") == "é"
    assert decode_text(b"\xe9", "latin-1") == "é"
    assert decode_text(b"\xe9", "utf-8") == "\ufffd"
