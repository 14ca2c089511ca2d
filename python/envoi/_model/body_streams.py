"""The kinds of body: in memory, from a file, from an iterator, and the asynchronous ones."""

from __future__ import annotations

import io
import os
from stat import S_ISREG
from typing import Any, Final

from envoi._model.exceptions import FileModeWarning, InvalidBody, UnrewindableBodyError

PIECE_SIZE: Final = 256 * 1024
_CO_COROUTINE: Final = 0x80  # inspect.CO_COROUTINE, without importing inspect


class Body:
    """A body in memory, and the interface of the streamed kinds below.

    Attributes:
        content: the whole body; None when it is streamed.
        content_type: what Content-Type says unless the caller says something else.
        length: bytes from here to the end; None when it is not known, which is sent chunked.
        shown: what `request.body` gives, as in requests: text for a form, the caller's object for a
            stream.
        is_async: whether pieces come from `anext_piece` alone.
        may_block: whether `next_piece` may block (a file, a generator): an event loop has it run in
            a thread.
    """

    __slots__ = ("content", "content_type", "length", "shown")

    is_async: bool = False
    may_block: bool = False

    def __init__(
        self, content: bytes | None, content_type: str | None, length: int | None, shown: Any
    ) -> None:
        self.content: bytes | None = content
        self.content_type: str | None = content_type
        self.length: int | None = length
        self.shown: Any = shown

    @property
    def replayable(self) -> bool:
        """Whether `rewind` would succeed now."""
        return True

    def rewind(self) -> None:
        """Go back to the first byte, to send the body again.

        Raises:
            UnrewindableBodyError: part of it is gone.
        """

    def next_piece(self) -> bytes:
        """The next bytes; b"" at the end. A body in memory is not read in pieces: it has
        `content`.
        """
        message = "a body in memory has no pieces: send its content"
        raise InvalidBody(message)

    async def anext_piece(self) -> bytes:
        """As `next_piece`, awaited: asynchronous kinds have this method only, others have both."""
        return self.next_piece()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a body in memory as it is, and a stream as `GoneBody`."""
        if self.content is None:
            return GoneBody, (self.content_type, self.length)
        shown = self.shown if isinstance(self.shown, (str, bytes)) else self.content
        return Body, (self.content, self.content_type, self.length, shown)

    def __repr__(self) -> str:
        size = "of unknown length" if self.length is None else f"[{self.length} bytes]"
        return f"<{type(self).__name__} {size}>"


class GoneBody(Body):
    """A streamed body after pickling: its bytes stayed in the process that had them.

    Args:
        content_type: the original's.
        length: the original's.
    """

    __slots__ = ()

    def __init__(self, content_type: str | None, length: int | None) -> None:
        super().__init__(None, content_type, length, None)

    @property
    def replayable(self) -> bool:
        return False

    def rewind(self) -> None:
        message = "the body must be sent again, and was left in the process that sent it"
        raise UnrewindableBodyError(message)

    def next_piece(self) -> bytes:
        self.rewind()
        return b""


class FileBody(Body):
    """A file, from its present position to its end."""

    __slots__ = ("_file", "_start", "_started")

    may_block = True

    def __init__(self, file: Any, length: int | None, start: int | None, shown: Any) -> None:
        super().__init__(None, None, length, shown)
        self._file = file
        self._start = start
        self._started = False

    @property
    def replayable(self) -> bool:
        return not self._started or (self._start is not None and hasattr(self._file, "seek"))

    def rewind(self) -> None:
        if not self._started:
            return
        if self._start is None or not hasattr(self._file, "seek"):
            message = (
                f"the body must be sent again, and {type(self._file).__name__} cannot be rewound"
            )
            raise UnrewindableBodyError(message)
        try:
            self._file.seek(self._start)
        except (OSError, ValueError) as error:
            message = f"the body must be sent again, and rewinding its file failed: {error}"
            raise UnrewindableBodyError(message) from error
        self._started = False

    def next_piece(self) -> bytes:
        self._started = True
        return _to_bytes(self._file.read(PIECE_SIZE))


class _IterableBody(Body):
    """An iterable of pieces, plain or asynchronous. One that gives a new iterator each time can be
    sent again; a generator cannot.
    """

    __slots__ = ("_iterable", "_iterator")

    def __init__(self, iterable: Any) -> None:
        super().__init__(None, None, _declared_length(iterable), iterable)
        self._iterable = iterable
        self._iterator: Any = None

    @property
    def replayable(self) -> bool:
        return self._iterator is None or self._iterator is not self._iterable

    def rewind(self) -> None:
        if not self.replayable:
            raise UnrewindableBodyError(_ONE_SHOT.format(type(self._iterable).__name__))
        self._iterator = None


class IteratorBody(_IterableBody):
    """An iterable of pieces."""

    __slots__ = ()

    @property
    def may_block(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        return type(self._iterable) not in _IN_MEMORY

    def next_piece(self) -> bytes:
        if self._iterator is None:
            self._iterator = iter(self._iterable)
        for piece in self._iterator:
            if data := _to_bytes(piece):
                return data
        return b""


class AsyncIteratorBody(_IterableBody):
    """An asynchronous iterable of pieces."""

    __slots__ = ()

    is_async = True

    def next_piece(self) -> bytes:
        raise InvalidBody(_ASYNC_BODY)

    async def anext_piece(self) -> bytes:
        if self._iterator is None:
            self._iterator = aiter(self._iterable)
        while (piece := await anext(self._iterator, None)) is not None:
            if data := _to_bytes(piece):
                return data
        return b""


class AsyncFileBody(Body):
    """A file whose `read` is awaited. Its length is not known, and it cannot be rewound once read
    from.
    """

    __slots__ = ("_file", "_started")

    is_async = True

    def __init__(self, file: Any) -> None:
        super().__init__(None, None, _declared_length(file), file)
        self._file = file
        self._started = False

    @property
    def replayable(self) -> bool:
        return not self._started

    def rewind(self) -> None:
        if self._started:
            raise UnrewindableBodyError(_ONE_SHOT.format(type(self._file).__name__))

    def next_piece(self) -> bytes:
        raise InvalidBody(_ASYNC_BODY)

    async def anext_piece(self) -> bytes:
        self._started = True
        piece = self._file.read(PIECE_SIZE)
        return _to_bytes(await piece if hasattr(piece, "__await__") else piece)


def describe_file(file: Any) -> tuple[Any, int | None, int | None, Any]:
    """What `FileBody` is made of: the file to read, the bytes left in it (None: unknown), its
    position, and the caller's object.
    """
    if isinstance(file, io.StringIO):
        # Its positions count characters. Over the encoded bytes, length and rewinding are right.
        return (encoded := io.BytesIO(file.read().encode())), len(encoded.getvalue()), 0, file
    if getattr(file, "closed", False) is True:
        message = f"data= is a file that is closed: {getattr(file, 'name', type(file).__name__)}"
        raise InvalidBody(message)
    position = _position(file)
    if _is_text(file):
        _warn_of_text_mode(file)
        return file, None, position, file
    total = _total_length(file)
    if total is None:
        total = _length_by_seeking(file, position)
    elif position is None and hasattr(file, "tell"):
        total = None
    return file, None if total is None else max(0, total - (position or 0)), position, file


def is_coroutine_function(function: Any) -> bool:
    """Whether a function, a method or a `functools.partial` of one is an `async def`."""
    function = getattr(function, "func", function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return bool(code is not None and code.co_flags & _CO_COROUTINE)


_ONE_SHOT: Final = "the body must be sent again, and {} gives its pieces only once"
_ASYNC_BODY: Final = "an asynchronous body needs an AsyncSession"
_IN_MEMORY: Final = frozenset(
    {type(iter(())), type(iter([])), set, frozenset, type({}.keys()), type({}.values())}
)
"""Iterables that are known to have their pieces at hand."""
_COUNTS_ITEMS: Final = frozenset({"builtins", "collections"})


def _to_bytes(piece: Any) -> bytes:
    if type(piece) is bytes:
        return piece
    if isinstance(piece, str):
        try:
            return piece.encode()
        except UnicodeEncodeError as error:
            message = f"a piece of the body has text that UTF-8 cannot carry: {error.reason}"
            raise InvalidBody(message) from None
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    if piece is None:
        return b""
    message = f"a piece of the body must be bytes or str, not {type(piece).__name__}"
    raise InvalidBody(message)


def _declared_length(source: Any) -> int | None:
    """`len(source)` where that counts bytes: an object made for uploading, not a set or a deque of
    pieces.
    """
    if type(source).__module__ in _COUNTS_ITEMS:
        return None
    length = len(source) if hasattr(source, "__len__") else getattr(source, "len", None)
    return length if isinstance(length, int) else None


def _position(file: Any) -> int | None:
    try:
        position = file.tell()
    except (AttributeError, OSError, ValueError):
        return None
    return position if isinstance(position, int) else None


def _is_text(file: Any) -> bool:
    mode = getattr(file, "mode", None)
    return isinstance(file, io.TextIOBase) or (
        isinstance(mode, str) and "b" not in mode and hasattr(file, "encoding")
    )


def _warn_of_text_mode(file: Any) -> None:
    import warnings

    message = (
        f"{getattr(file, 'name', 'the file')!r} is open in text mode: it is sent as UTF-8, "
        "chunked; open it with 'rb'"
    )
    warnings.warn(message, FileModeWarning, stacklevel=5)


def _total_length(file: Any) -> int | None:
    if hasattr(file, "__len__"):
        return len(file)
    if isinstance(length := getattr(file, "len", None), int):
        return length
    try:
        status = os.fstat(file.fileno())
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    # Pipes have no size, and files under /proc say 0 although they have content.
    return status.st_size if S_ISREG(status.st_mode) and status.st_size else None


def _length_by_seeking(file: Any, position: int | None) -> int | None:
    if (
        position is None
        or not hasattr(file, "seek")
        or (hasattr(file, "fileno") and _has_descriptor(file))
    ):
        return None
    try:
        file.seek(0, 2)
        end = file.tell()
        file.seek(position)
    except (OSError, TypeError, ValueError):
        return None
    return end if isinstance(end, int) else None


def _has_descriptor(file: Any) -> bool:
    try:
        return isinstance(file.fileno(), int)
    except (OSError, AttributeError, ValueError):
        return False
