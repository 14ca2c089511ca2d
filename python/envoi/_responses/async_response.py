"""The response of an `AsyncSession`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from envoi._pipeline.reply import load
from envoi._responses.async_pieces import AsyncLines, AsyncPieces
from envoi._responses.base import OpenReply
from envoi._responses.pieces import Cutter, Lines, require_untouched
from envoi._responses.raw import AsyncRaw
from envoi.exceptions import StreamConsumedError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class AsyncResponse(OpenReply):
    """What a server answered.

    Example:
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
        if not self._content and not isinstance(self._content, bytes):
            if self._is_bare():
                return None  # type: ignore[return-value]
            require_untouched(self)
            raise StreamConsumedError(
                "The body is not read yet: `await response.read()` first, or iterate over it.",
                response=self,
            )
        return self._content

    async def read(self) -> bytes:
        """Read the whole body, and return it: what `content` does.

        Raises:
            StreamConsumedError: it was already read in pieces.
            WrongEventLoop: another event loop sent the request.
        """
        if self._content is None:
            require_untouched(self)
            if self.body is not None:
                self.body.check_owner()
            await load(self)
        return self._content or b""

    def iter_content(
        self, chunk_size: int | None = None, decode_unicode: bool = False
    ) -> AsyncIterator[Any]:
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
        return AsyncPieces(self, cutter)

    def iter_lines(
        self,
        chunk_size: int | None = None,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> AsyncIterator[Any]:
        """The body line by line, each as soon as it is complete, without its end.

        Args:
            chunk_size: as for `iter_content`.
            decode_unicode: give text instead of bytes, when the response has an encoding.
            delimiter: what separates lines, instead of line ends.
        """
        self._take_from_raw()
        return AsyncLines(
            AsyncPieces(self, Cutter(self, chunk_size, decode_unicode)), Lines(delimiter)
        )

    async def close(self) -> None:
        """Give the connection back. A body that was not read to its end is lost, and its connection
        closed.
        """
        self._closed = True
        if self.body is not None:
            self.body.check_owner()
            self.body.close()

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

    def _loaded_content(self) -> bytes:
        return self.content
