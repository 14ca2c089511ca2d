"""The response of an `AsyncSession`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal, overload

from envoi._model.exceptions import StreamConsumedError
from envoi._responses.base import OpenReply
from envoi._responses.pieces import AsyncLines, AsyncPieces, Lines, require_untouched
from envoi._responses.raw import AsyncRaw

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class AsyncResponse(OpenReply):
    """What a server answered.

    Examples:
        >>> async def main():
        ...     with testing.Server() as server:
        ...         async with envoi.AsyncSession() as session:
        ...             response = await session.get(server.url + "/get", params={"page": 2})
        ...     return response.status_code, response.ok, response.json()["args"]
        >>> asyncio.run(main())
        (200, True, {'page': '2'})
    """

    _make_raw = AsyncRaw

    @property
    def content(self) -> bytes:
        """The whole body, decoded; a streamed one is to be read with `await response.read()`
        before. None for a response made by hand, without a body.

        Raises:
            StreamConsumedError: it was already read in pieces, or not read at all.
        """
        if self._is_to_be_read():
            require_untouched(self)
            raise StreamConsumedError(
                "The body is not read yet: `await response.read()` first, or iterate over it.",
                response=self,
            )
        return self._content  # type: ignore[return-value]

    async def read(self) -> bytes:
        """Read the whole body, and return it: what `content` does.

        Raises:
            StreamConsumedError: it was already read in pieces.
            WrongEventLoop: another event loop sent the request.
        """
        return await self._read()

    @overload
    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: Literal[False] = False
    ) -> AsyncIterator[bytes]: ...
    @overload
    def iter_content(
        self, chunk_size: int | None = None, *, decode_unicode: Literal[True]
    ) -> AsyncIterator[str]: ...
    @overload
    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> AsyncIterator[Any]: ...
    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> AsyncIterator[Any]:
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
        return AsyncPieces(self._pieces(chunk_size, decode_unicode))

    @overload
    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: Literal[False] = False,
        delimiter: str | bytes | None = None,
    ) -> AsyncIterator[bytes]: ...
    @overload
    def iter_lines(
        self,
        chunk_size: int | None = None,
        *,
        decode_unicode: Literal[True],
        delimiter: str | bytes | None = None,
    ) -> AsyncIterator[str]: ...
    @overload
    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> AsyncIterator[Any]: ...
    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> AsyncIterator[Any]:
        """The body line by line, each as soon as it is complete, without its end.

        Args:
            chunk_size: as for `iter_content`.
            decode_unicode: give text instead of bytes, when the response has an encoding; without
                one bytes come after all, as in requests.
            delimiter: what separates lines, instead of line ends.
        """
        return AsyncLines(self.iter_content(chunk_size, decode_unicode), Lines(delimiter))

    async def close(self) -> None:
        """Give the connection back. A body that was not read to its end is lost, and its connection
        closed.
        """
        self._close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.iter_content()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
