"""Iterating over an `AsyncResponse`: objects, not asynchronous generators, so that leaving a loop
early leaves nothing to clean up.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Self

from envoi._pipeline.reply import receive

if TYPE_CHECKING:
    from envoi._pipeline.reply import Reply
    from envoi._responses.pieces import Cutter, Lines


class AsyncPieces:
    """The pieces of a body.

    Args:
        reply: whose body it is.
        cutter: how it is cut.
    """

    def __init__(self, reply: Reply, cutter: Cutter) -> None:
        self._reply = reply
        self._cutter = cutter
        self._ready: deque[Any] = deque()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            await self._fill()
        return self._ready.popleft()

    async def aclose(self) -> None:
        """End the iteration. Not needed, but what `contextlib.aclosing` calls; the response itself
        stays open.
        """
        self._ended = True
        self._ready.clear()

    async def _fill(self) -> None:
        content = self._reply._content
        if content is not None:
            self._ended = True
            self._ready.extend(self._cutter.cut(content))
        else:
            if self._reply.body is not None:
                self._reply.body.check_owner()
            self._reply._touched = True
            if (piece := self._cutter.take(self._reply)) is not None:
                self._ready.append(piece)
                return
            data = await receive(self._reply)
            self._ended = not data
            if data:
                self._reply._left = (data, 0)
            else:
                self._reply._consumed = True
        if self._ended:
            self._ready.extend(self._cutter.end())


class AsyncLines:
    """The lines of a body.

    Args:
        pieces: the body in pieces.
        lines: what splits them.
    """

    def __init__(self, pieces: AsyncPieces, lines: Lines) -> None:
        self._pieces = pieces
        self._lines = lines
        self._ready: deque[Any] = deque()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            try:
                self._ready.extend(self._lines.feed(await anext(self._pieces)))
            except StopAsyncIteration:
                self._ended = True
                self._ready.extend(self._lines.end())
        return self._ready.popleft()

    async def aclose(self) -> None:
        """End the iteration, as for `AsyncPieces`."""
        self._ended = True
        self._ready.clear()
