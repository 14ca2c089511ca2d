"""Text out of bytes as they arrive: decoding, and splitting into lines. Pure: pieces in, results
out.
"""

from __future__ import annotations

import codecs
from typing import Any, Final, Generic, TypeVar

_Text = TypeVar("_Text", str, bytes)

# Codecs that are slow on hostile input, or are not character encodings in the sense of a
# Content-Type.
_REFUSED: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"}
)
_LINE_ENDS: Final = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def plain(text: str) -> str:
    """The characters of a text that may be of a subclass of str, such as a member of a `StrEnum`:
    what its own `__str__` and `__format__` would say instead is left out.
    """
    return text if type(text) is str else str.__str__(text)


def usable_encoding(name: str | None) -> str:
    """`name` if Python has such a text encoding, else "utf-8"."""
    if not name:
        return "utf-8"
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return "utf-8"
    normal = found.name.replace("-", "_")
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and normal not in _REFUSED else "utf-8"


def decode_text(content: bytes, encoding: str | None) -> str:
    """The whole of `content` as text; what cannot be decoded becomes U+FFFD, an unknown encoding is
    read as UTF-8.
    """
    if encoding is None or encoding in _COMMON:
        return content.decode(encoding or "utf-8", "replace")
    return content.decode(usable_encoding(encoding), "replace")


class TextDecoder:
    """Decode pieces; a character cut between two pieces comes with the second."""

    __slots__ = ("_decoder",)

    def __init__(self, encoding: str | None) -> None:
        self._decoder = codecs.getincrementaldecoder(usable_encoding(encoding))("replace")

    def feed(self, piece: bytes) -> str:
        """The characters that are complete now; "" when there is none."""
        return self._decoder.decode(piece)

    def finish(self) -> str:
        """What an input that ends inside a character leaves."""
        return self._decoder.decode(b"", final=True)


class LineSplitter(Generic[_Text]):
    r"""Lines without their ends, as `splitlines` finds them in the whole, or as `split(delimiter)`
    does.

    A line is given out with the piece that completes it: one that ends in `\r` does not wait for a
    `\n`. As in requests, text that ends with a delimiter has an empty last item; text that ends
    with a line end has none.

    Args:
        empty: `b""` to split bytes, `""` to split text.
        delimiter: what separates items, instead of line ends.
    """

    __slots__ = ("_delimiter", "_empty", "_fed", "_pending", "_skip_newline")

    _empty: _Text
    _delimiter: _Text | None
    _pending: list[_Text]

    def __init__(self, empty: _Text, delimiter: _Text | None = None) -> None:
        self._empty = empty
        self._delimiter = delimiter
        self._pending = []
        self._skip_newline = False
        self._fed = False

    def feed(self, piece: _Text) -> list[_Text]:
        """The lines that `piece` completes."""
        if not piece:
            return []
        self._fed = True
        return (
            self._feed_delimited(piece, self._delimiter)
            if self._delimiter
            else self._feed_lines(piece)
        )

    def finish(self) -> list[_Text]:
        """The last line, if it has no end of its own."""
        if self._pending or (self._delimiter and self._fed):
            return [self._joined(self._empty)]
        return []

    def _feed_lines(self, piece: _Text) -> list[_Text]:
        if self._skip_newline:
            self._skip_newline = False
            if piece[:1] in ("\n", b"\n"):
                piece = piece[1:]
                if not piece:
                    return []
        last = piece[-1:]
        self._skip_newline = last in ("\r", b"\r")
        lines = piece.splitlines()
        complete = last in _LINE_ENDS if isinstance(last, str) else last in b"\r\n"
        rest = None if complete else lines.pop()
        if lines and self._pending:
            lines[0] = self._joined(lines[0])
        if rest is not None:
            self._pending.append(rest)
        return lines

    def _feed_delimited(self, piece: _Text, delimiter: _Text) -> list[_Text]:
        overlap = self._overlap(len(delimiter) - 1)
        if delimiter not in overlap + piece:
            self._pending.append(piece)
            return []
        items = self._joined(piece).split(delimiter)
        self._pending = [items.pop()]
        return items

    def _joined(self, piece: _Text) -> _Text:
        """What waits and `piece` behind it; nothing waits any more."""
        if not self._pending:
            return piece
        pieces: Any = [*self._pending, piece]
        self._pending.clear()
        return self._empty.join(pieces)

    def _overlap(self, length: int) -> _Text:
        """The last `length` characters that wait: a delimiter may begin there."""
        tail = self._empty
        for part in reversed(self._pending):
            if len(tail) >= length:
                break
            tail = part + tail
        return tail[-length:] if length else self._empty


_COMMON: Final = frozenset(
    {"utf-8", "UTF-8", "utf8", "ISO-8859-1", "iso-8859-1", "ascii", "us-ascii"}
)
