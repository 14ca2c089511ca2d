"""The response of a `Session`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from envoi._io.run_sync import run_sync
from envoi._responses.base import OpenReply
from envoi._responses.pieces import Lines, iterate, iterate_lines
from envoi._responses.raw import Raw

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Response(OpenReply):
    """What a server answered.

    Examples:
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
        if self._is_to_be_read():
            self.read()
        return self._content  # type: ignore[return-value]

    def read(self) -> bytes:
        """Read the whole body, and return it: what `content` does.

        Raises:
            StreamConsumedError: it was already read in pieces.
        """
        return run_sync(self._read())

    @overload
    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: Literal[False] = False
    ) -> Iterator[bytes]: ...
    @overload
    def iter_content(
        self, chunk_size: int | None = None, *, decode_unicode: Literal[True]
    ) -> Iterator[str]: ...
    @overload
    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> Iterator[Any]: ...
    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> Iterator[Any]:
        """The body in pieces, as they arrive.

        Args:
            chunk_size: the most bytes of a piece; None for whatever arrived. A piece is never held
                back to fill it up.
            decode_unicode: give text instead of bytes, when the response has an encoding; without
                one bytes come after all, as in requests.

        Raises:
            StreamConsumedError: it was already read in pieces.
            IncompleteBody, ReadTimeout, …: while iterating.
        """
        return iterate(self._pieces(chunk_size, decode_unicode))

    @overload
    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: Literal[False] = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[bytes]: ...
    @overload
    def iter_lines(
        self,
        chunk_size: int | None = None,
        *,
        decode_unicode: Literal[True],
        delimiter: str | bytes | None = None,
    ) -> Iterator[str]: ...
    @overload
    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]: ...
    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]:
        """The body line by line, each as soon as it is complete, without its end.

        Args:
            chunk_size: as for `iter_content`.
            decode_unicode: give text instead of bytes, when the response has an encoding; without
                one bytes come after all, as in requests.
            delimiter: what separates lines, instead of line ends.
        """
        return iterate_lines(self.iter_content(chunk_size, decode_unicode), Lines(delimiter))

    def close(self) -> None:
        """Give the connection back. A body that was not read to its end is lost, and its connection
        closed.
        """
        self._close()

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
