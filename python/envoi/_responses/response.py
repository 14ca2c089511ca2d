"""The response of a `Session`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from envoi._io.run_sync import run_sync
from envoi._pipeline.reply import load, receive
from envoi._responses.base import OpenReply
from envoi._responses.foreign import ForeignBody
from envoi._responses.pieces import Cutter, Lines, require_untouched
from envoi._responses.raw import Raw

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Response(OpenReply):
    """What a server answered.

    Example:
        >>> with testing.Server() as server:
        ...     response = envoi.get(server.url + "/get", params={"page": 2})
        >>> response.status_code, response.ok, response.json()["args"]
        (200, True, {'page': '2'})
    """

    _make_raw: ClassVar[Any] = Raw

    @property
    def content(self) -> bytes:
        """The whole body, decoded; read now if it was streamed and not yet read. None for a
        response made by hand, without a body.

        Raises:
            StreamConsumedError: it was already read in pieces.
        """
        if not self._content and not isinstance(
            self._content, bytes
        ):  # requests, and those who set it, say False
            self._content = None
            if self._is_bare():
                return None  # type: ignore[return-value]
            self.read()
        return self._content  # type: ignore[return-value]

    def read(self) -> bytes:
        """Read the whole body, and return it: what `content` does.

        Raises:
            StreamConsumedError: it was already read in pieces.
        """
        if self._content is None:
            require_untouched(self)
            run_sync(load(self))
        return self._content or b""

    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> Iterator[Any]:
        """The body in pieces, as they arrive.

        Args:
            chunk_size: the most bytes of a piece; None for whatever arrived. A piece is never held
                back to fill it up.
            decode_unicode: give text instead of bytes, when the response has an encoding.

        Raises:
            StreamConsumedError: it was already read in pieces.
            IncompleteBody, ReadTimeout, …: while iterating.
        """
        self._take_from_raw()
        cutter = Cutter(self, chunk_size, decode_unicode)
        if isinstance(self.body, ForeignBody):
            self.body.amount = chunk_size
        return self._iterate(cutter)

    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]:
        """The body line by line, each as soon as it is complete, without its end.

        Args:
            chunk_size: as for `iter_content`.
            decode_unicode: give text instead of bytes, when the response has an encoding.
            delimiter: what separates lines, instead of line ends.
        """
        pieces = self.iter_content(chunk_size, decode_unicode)
        return self._iterate_lines(pieces, Lines(delimiter))

    def close(self) -> None:
        """Give the connection back. A body that was not read to its end is lost, and its connection
        closed.
        """
        self._closed = True
        if self.body is not None:
            self.body.close()

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _iterate(self, cutter: Cutter) -> Iterator[Any]:
        if isinstance(self._content, bytes):
            yield from cutter.cut(self._content)
        else:
            self._touched = True
            while True:
                while (piece := cutter.take(self)) is not None:
                    yield piece
                if not (data := run_sync(receive(self))):
                    break
                self._left = (data, 0)
            self._consumed = True
        yield from cutter.end()

    @staticmethod
    def _iterate_lines(pieces: Iterator[Any], lines: Lines) -> Iterator[Any]:
        for piece in pieces:
            yield from lines.feed(piece)
        yield from lines.end()

    def _loaded_content(self) -> bytes:
        return self.content
