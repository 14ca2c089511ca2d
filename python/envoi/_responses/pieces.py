"""What both responses' readers share: checks, slices, and turning pieces into text or lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from envoi._model.text import LineSplitter, TextDecoder
from envoi.exceptions import InvalidOption, StreamConsumedError

if TYPE_CHECKING:
    from envoi._pipeline.reply import Reply


class Cutter:
    """Cuts received bytes into pieces of at most `chunk_size`, decoded to text if asked.

    Args:
        reply: whose body it is.
        chunk_size: the most bytes of a piece; None for pieces as they arrive.
        decode_unicode: give text instead of bytes, when the response has an encoding.

    Raises:
        InvalidOption: a chunk size that is not a whole number of at least 1.
        StreamConsumedError: the body was streamed before, and is gone.
    """

    def __init__(self, reply: Reply, chunk_size: int | None, decode_unicode: bool) -> None:
        if chunk_size is not None and (
            isinstance(chunk_size, bool) or not isinstance(chunk_size, int) or chunk_size < 1
        ):
            raise InvalidOption(
                f"chunk_size must be a whole number of at least 1, or None, not {chunk_size!r}"
            )
        if reply._consumed and reply._content is None:
            raise _gone(reply)
        self._size = chunk_size
        self._decoder = TextDecoder(reply.encoding) if decode_unicode and reply.encoding else None

    def cut(self, data: bytes) -> Iterator[Any]:
        """The pieces of what came."""
        size = self._size
        if self._decoder is None and (size is None or len(data) <= size):
            if data:
                yield data
            return
        step = len(data) if size is None else size
        for start in range(0, len(data), step or 1):
            piece: Any = data[start : start + step]
            if self._decoder is not None:
                piece = self._decoder.feed(piece)
            if piece:
                yield piece

    def take(self, reply: Reply) -> Any:
        """The next piece of what has come and was not given out yet, by whomever it was asked for;
        None when there is nothing.

        Args:
            reply: whose body it is.
        """
        while reply._left is not None:
            data, start = reply._left
            end = len(data) if self._size is None else min(len(data), start + self._size)
            reply._left = None if end == len(data) else (data, end)
            piece: Any = data[start:end]
            if self._decoder is not None:
                piece = self._decoder.feed(piece)
            if piece:
                return piece
        return None

    def end(self) -> Iterator[Any]:
        """What is left at the end."""
        if self._decoder is not None and (rest := self._decoder.finish()):
            yield rest


class Lines:
    """Splits pieces, text or bytes, into lines."""

    def __init__(self, delimiter: str | bytes | None) -> None:
        self._delimiter = delimiter
        self._splitter: LineSplitter[Any] | None = None

    def feed(self, piece: Any) -> list[Any]:
        """The lines that are complete now."""
        if self._splitter is None:
            empty: Any = "" if isinstance(piece, str) else b""
            delimiter: Any = self._delimiter
            if isinstance(delimiter, str) and isinstance(empty, bytes):
                delimiter = delimiter.encode()
            elif isinstance(delimiter, bytes) and isinstance(empty, str):
                delimiter = delimiter.decode()
            self._splitter = LineSplitter(empty, delimiter)
        return self._splitter.feed(piece)

    def end(self) -> list[Any]:
        """The line that had no end."""
        return [] if self._splitter is None else self._splitter.finish()


def require_untouched(reply: Reply) -> None:
    """Refuse to take the rest of a body that was read in pieces for the whole."""
    if reply._touched and reply._content is None:
        raise _gone(reply)


def _gone(reply: Reply) -> StreamConsumedError:
    return StreamConsumedError(
        "The body was already streamed, and is gone. Read .content first to keep it.",
        response=reply,
    )
