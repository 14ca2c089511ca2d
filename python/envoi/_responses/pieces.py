"""Reads a response's body in pieces and lines, whether its reader awaits or not.

`Pieces` is the state of one iteration: `take` gives what is there, `fill` gets more, and the
iterators of sync and async responses are shells around the two. What was received and not given out
yet belongs to the response (`Reply._left`), so that another reader goes on where this one stopped.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Self

from envoi._io.run_sync import run_sync
from envoi._model.exceptions import InvalidOption, StreamConsumedError
from envoi._model.text import LineSplitter, TextDecoder
from envoi._pipeline.reply import receive

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

    from envoi._pipeline.reply import Reply


class Pieces:
    """A body in pieces of at most `chunk_size`, decoded to text if asked.

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
        if reply._consumed and not isinstance(reply._content, bytes):
            raise _gone(reply)
        self._reply = reply
        self._size = chunk_size
        self._decoder = TextDecoder(reply.encoding) if decode_unicode and reply.encoding else None
        self._left: tuple[bytes, int] | None = None
        self._holder: Any = reply  # who has what is left: the response, or this
        self._ended = False

    def take(self) -> Any:
        """The next piece of what is there; None when there is nothing."""
        holder = self._holder
        while holder._left is not None:
            data, start = holder._left
            end = len(data) if self._size is None else min(len(data), start + self._size)
            holder._left = None if end == len(data) else (data, end)
            piece: Any = data[start:end]
            if self._decoder is not None:
                piece = self._decoder.feed(piece)
            if piece:
                return piece
        if self._ended and self._decoder is not None:
            piece, self._decoder = self._decoder.finish(), None
            return piece or None
        return None

    async def fill(self) -> bool:
        """Get more, for `take`; False at the end.

        Raises:
            RequestException: the body ended early, or did not come in time.
        """
        if self._ended:
            return False
        reply = self._reply
        content = reply._content
        if isinstance(content, bytes):
            # Read as a whole already: this iteration has it to itself.
            self._holder, self._ended = self, True
            self._left = (content, 0) if content else None
            return True
        if reply.body is not None:
            reply.body.check_owner()
        reply._touched = True
        data = await receive(reply)
        if data:
            reply._left = (data, 0)
        else:
            reply._consumed = self._ended = True
        return True


class Lines:
    """Splits pieces, text or bytes, into lines.

    Args:
        delimiter: what separates lines; None for line ends.
    """

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


def iterate(pieces: Pieces) -> Iterator[Any]:
    """The pieces, in a sync session."""
    while True:
        while (piece := pieces.take()) is not None:
            yield piece
        if not run_sync(pieces.fill()):
            return


def iterate_lines(pieces: Iterable[Any], lines: Lines) -> Iterator[Any]:
    """The lines of pieces, in a sync session."""
    for piece in pieces:
        yield from lines.feed(piece)
    yield from lines.end()


class AsyncPieces:
    """The pieces, in an async session.

    An object, not an asynchronous generator, so that leaving a loop early leaves nothing to clean
    up.
    """

    def __init__(self, pieces: Pieces) -> None:
        self._pieces: Pieces | None = pieces

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        pieces = self._pieces
        while pieces is not None:
            if (piece := pieces.take()) is not None:
                return piece
            if not await pieces.fill():
                break
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the iteration. Not needed, but what `contextlib.aclosing` calls; the response itself
        stays open.
        """
        self._pieces = None


class AsyncLines:
    """The lines of pieces, in an async session.

    Args:
        pieces: the body in pieces.
        lines: what splits them.
    """

    def __init__(self, pieces: AsyncIterable[Any], lines: Lines) -> None:
        self._source: AsyncIterator[Any] | None = aiter(pieces)
        self._lines = lines
        self._ready: deque[Any] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._ready:
            if self._source is None:
                raise StopAsyncIteration
            try:
                self._ready.extend(self._lines.feed(await anext(self._source)))
            except StopAsyncIteration:
                self._source = None
                self._ready.extend(self._lines.end())
        return self._ready.popleft()

    async def aclose(self) -> None:
        """End the iteration, as for `AsyncPieces`."""
        self._source = None
        self._ready.clear()


def require_untouched(reply: Reply) -> None:
    """Refuse to take the rest of a body that was read in pieces for the whole.

    Raises:
        StreamConsumedError: it was.
    """
    if reply._touched and not isinstance(reply._content, bytes):
        raise _gone(reply)


def _gone(reply: Reply) -> StreamConsumedError:
    return StreamConsumedError(
        "The body was already streamed, and is gone. Read .content first to keep it.",
        response=reply,
    )
