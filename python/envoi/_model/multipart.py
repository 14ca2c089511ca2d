"""multipart/form-data (RFC 7578): from `files=` and `data=` to a body."""

from __future__ import annotations

import re
import sys
from os import urandom
from typing import TYPE_CHECKING, Any, Final

from envoi._model.body_streams import PIECE_SIZE, Body
from envoi._model.challenges import quoted
from envoi._model.exceptions import InvalidBody
from envoi._model.multipart_parts import MEMORY_LIMIT, field_parts, file_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def encode_files(files: Any, data: Any = None, *, boundary: str | None = None) -> Body:
    """The body for `files=` and `data=`, fields first, as requests orders them.

    Up to a mebibyte of it is put together in memory; a longer one is a `MultipartBody`, read from
    its files as it is sent.

    Args:
        files: a mapping or pairs of a field's name and a file, its content as text or bytes, an
            iterable or asynchronous iterable of pieces, or a tuple `(filename, content[, content
            type[, headers]])`. None stands for no part.
        data: a mapping or pairs of further fields.
        boundary: what separates the parts; random when left out.

    Raises:
        InvalidBody: no files, `data` that is text, or something that cannot be sent.

    Examples:
        `encode_files({"photo": ("cat.jpg", open("cat.jpg", "rb"), "image/jpeg")}, {"title":
        "Cat"})`
    """
    if not files:
        raise InvalidBody("Files must be provided.")
    mark = _checked(_random_boundary() if boundary is None else boundary)
    fields = field_parts(data)
    room = MEMORY_LIMIT - sum(
        len(part.head) + len(part.content) for part in fields if isinstance(part.content, bytes)
    )
    segments: list[bytes | Body] = []
    before = f"--{mark}\r\n".encode("ascii")
    for part in (*fields, *file_parts(files, room)):
        segments += [before + part.head, part.content]
        before = f"\r\n--{mark}\r\n".encode("ascii")
    # Without any part there is the last line alone, as in requests.
    segments.append(before[:-2] + b"--\r\n")
    content_type = (
        f"multipart/form-data; boundary={mark if _PLAIN.fullmatch(mark) else quoted(mark)}"
    )
    whole = _joined(segments)
    return (
        MultipartBody(segments, content_type)
        if whole is None
        else Body(whole, content_type, len(whole), whole)
    )


class MultipartBody(Body):
    """Parts one after the other, those from files read as they are sent.

    Made when a part is asynchronous or the whole is longer than `MEMORY_LIMIT`. Before the first
    piece, `is_async` and `may_block` speak of all parts; later, of the next piece: one body may
    have pieces that need a thread and others that are awaited.

    Args:
        segments: what is sent, in order: bytes as they are, bodies in pieces.
        content_type: with the boundary.
    """

    __slots__ = ("_held", "_index", "_left", "_offset", "_rest", "_segments", "_touched", "sources")

    def __init__(self, segments: Sequence[bytes | Body], content_type: str) -> None:
        super().__init__(None, content_type, _total(segments), self)
        self._segments = segments
        self.sources = tuple(segment for segment in segments if isinstance(segment, Body))
        self._rest: bytes = b""
        self._start()

    @property
    # a constant of the class elsewhere, here it depends on the parts
    def is_async(self) -> bool:  # type: ignore[override]
        return (
            self._upcoming().is_async
            if self._touched
            else any(source.is_async for source in self.sources)
        )

    @property
    def may_block(self) -> bool:  # type: ignore[override]  # as above
        return (
            self._upcoming().may_block
            if self._touched
            else any(source.may_block for source in self.sources)
        )

    @property
    def replayable(self) -> bool:
        return all(source.replayable for source in self.sources)

    def rewind(self) -> None:
        for source in self.sources:
            source.rewind()
        self._start()

    def next_piece(self) -> bytes:
        while (source := self._source()) is not None:
            if source.is_async and self._held:
                break
            if piece := self._taken(source, source.next_piece()):
                return piece
        return self._give_held()

    async def anext_piece(self) -> bytes:
        while (source := self._source()) is not None:
            if source.may_block and self._held:
                break
            if piece := self._taken(source, await source.anext_piece()):
                return piece
        return self._give_held()

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, or all: for code that takes `request.body` for a file."""
        pieces = [self._rest]
        have = len(self._rest)
        while (size < 0 or have < size) and (piece := self.next_piece()):
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        wanted = have if size < 0 else size
        self._rest = whole[wanted:]
        return whole[:wanted]

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.next_piece():
            yield piece

    def _start(self) -> None:
        self._index = 0
        self._offset = 0
        self._held = b""
        self._rest = b""
        self._left: int | None = None
        self._touched = False

    def _source(self) -> Body | None:
        """The body to read next, with the bytes before it moved to `_held`; None when `_held` is
        full or the end is reached.
        """
        self._touched = True
        while self._index < len(self._segments):
            segment = self._segments[self._index]
            if not isinstance(segment, bytes):
                if self._left == 0:
                    self._advance()
                    continue
                if self._left is None:
                    self._left = segment.length
                return segment
            room = PIECE_SIZE - len(self._held)
            if room <= 0:
                return None
            taken = segment[self._offset : self._offset + room]
            self._held = self._held + taken if self._held else taken
            self._offset += len(taken)
            if self._offset >= len(segment):
                self._advance()
        return None

    def _taken(self, source: Body, piece: bytes) -> bytes:
        """What to send now that `source` gave `piece`; b"" when it has ended.

        Raises:
            InvalidBody: more or fewer bytes than the length that was announced.
        """
        if self._left is not None:
            if len(piece) > self._left or not piece:
                message = (
                    f"a part of the body was to have {source.length} bytes and has "
                    f"{'more' if piece else 'fewer'}: it changed meanwhile"
                )
                raise InvalidBody(message)
            self._left -= len(piece)
        elif not piece:
            self._advance()
            return b""
        return self._give_held() + piece

    def _advance(self) -> None:
        self._index += 1
        self._offset = 0
        self._left = None

    def _give_held(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _upcoming(self) -> Body:
        """The first body that is not at its end: the next piece touches no other."""
        for segment in self._segments[self._index :]:
            if isinstance(segment, Body) and not (
                segment is self._segments[self._index] and self._left == 0
            ):
                return segment
        return _NOTHING


_NOTHING: Final = Body(b"", None, 0, None)
_PLAIN: Final = re.compile(r"[0-9A-Za-z'+_\-.]+")
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


def _random_boundary() -> str:
    theirs = sys.modules.get(
        "urllib3.filepost"
    )  # which requests asks: a package built on requests replaces it, to have the same form twice
    return urandom(16).hex() if theirs is None else str(theirs.choose_boundary())


def _checked(boundary: str) -> str:
    if _BOUNDARY.fullmatch(boundary) is None:
        message = f"the boundary {boundary!r} is not one (RFC 2046, section 5.1.1)"
        raise InvalidBody(message)
    return boundary


def _joined(segments: Sequence[bytes | Body]) -> bytes | None:
    """All of it, when it is bytes and short."""
    pieces = [segment for segment in segments if isinstance(segment, bytes)]
    if len(pieces) < len(segments) or sum(map(len, pieces)) > MEMORY_LIMIT:
        return None
    return b"".join(pieces)


def _total(segments: Sequence[bytes | Body]) -> int | None:
    total = 0
    for segment in segments:
        length = len(segment) if isinstance(segment, bytes) else segment.length
        if length is None:
            return None
        total += length
    return total
