"""`response.raw`: the body as a file."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from envoi._io.run_sync import run_sync

if TYPE_CHECKING:
    from envoi._model.headers import Headers
    from envoi._pipeline.reply import Reply


class _Reader:
    """Reads a body in the sizes asked for."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._buffer, self._at = b"", 0
        """What was received and is given out from `_at` on: cutting it off each time would copy a
        large piece for each small read.
        """
        self._started = False
        self._told = 0

    async def take(self, amount: int | None, *, decode: bool) -> bytes:
        """`amount` bytes, fewer only at the end; all for None. What came before a failure is kept
        for the next call.
        """
        size = len(self._buffer) - self._at
        if amount is not None and 0 < amount <= size:
            return self._taken(amount)
        parts = [self._buffer[self._at :]]
        try:
            while (amount is None or size < amount) and (piece := await self._next(decode=decode)):
                parts.append(piece)
                size += len(piece)
        finally:
            self._buffer, self._at = b"".join(parts), 0
        return self._taken(size if amount is None else amount)

    async def next_piece(self, amount: int, *, decode: bool) -> bytes:
        """What has arrived, at most `amount` bytes."""
        if not self._buffer:
            self._buffer = await self._next(decode=decode)
        return self._taken(amount)

    async def _next(self, *, decode: bool) -> bytes:
        reply = self._reply
        body = reply.body
        if body is None or reply._consumed:
            return b""  # it was read to its end
        body.check_owner()
        self._started = reply._touched = True
        if reply._left is not None:  # what somebody who reads in pieces has left
            (data, start), reply._left = reply._left, None
            return data[start:]
        piece = await (body.receive() if decode else body.receive_raw())
        if not piece:
            reply._consumed = True
        return piece

    def give_back(self) -> None:
        """Leave what is held to whoever reads in another way from here on."""
        if self._buffer and self._reply._left is None:
            self._reply._left = self._buffer, self._at
            self._buffer, self._at = b"", 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        body = self._reply.body
        return not self._buffer and (body is None or body.ended or self._reply._consumed)

    @property
    def told(self) -> int:
        """How many bytes were given out here; or came, if they are given out elsewhere."""
        reply = self._reply
        if self._started:
            return self._told
        return (
            reply._received or len(reply._content or b"")
            if reply.body is None
            else reply.body.received
        )

    def _taken(self, amount: int) -> bytes:
        taken = self._buffer[self._at : self._at + amount]
        self._at += len(taken)
        self._told += len(taken)
        if self._at == len(self._buffer):
            self._buffer, self._at = b"", 0
        return taken


class _RawBase:
    """What sync and async `raw` have in common: reading, and what urllib3's and the standard
    library's responses tell of the head.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self._reply = reply
        self._reader = _Reader(reply)
        self.decode_content: bool = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._reply!r}>"

    @property
    def status(self) -> int:
        """The status code."""
        return self._reply.status_code

    @property
    def version(self) -> int:
        """11 for HTTP/1.1, 10 for HTTP/1.0, as in urllib3."""
        return 10 if self._reply.http_version == "HTTP/1.0" else 11

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self._reply.reason

    @property
    def headers(self) -> Headers:
        """The header fields."""
        return self._reply.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """A field's value, as in `http.client`."""
        return self._reply.headers.get(name, default)

    def getheaders(self) -> list[tuple[str, str]]:
        """All fields, as in `http.client`."""
        return self._reply.headers.multi_items()

    def tell(self) -> int:
        """How many bytes were read: off the wire, where they are not read here."""
        return self._reader.told

    def _take(self, amount: int | None, decode: bool | None) -> Coroutine[Any, Any, bytes]:
        if amount is not None and amount < 0:
            amount = None
        return self._reader.take(amount, decode=self.decode_content if decode is None else decode)

    def _next(self, amount: int, decode: bool | None) -> Coroutine[Any, Any, bytes]:
        return self._reader.next_piece(
            amount, decode=self.decode_content if decode is None else decode
        )


class Raw(_RawBase, io.RawIOBase):
    """The body of a streamed response as a binary file: encoded as it came, unless `decode_content`
    is set or asked for.

    Args:
        reply: whose body it is.

    Attributes:
        decode_content: whether `read` and `stream` undo Content-Encoding by default; False, as in
            requests.
    """

    @property
    def closed(self) -> bool:
        """Whether it, or the response, was closed."""
        return super().closed or self._reply._closed

    def isclosed(self) -> bool:
        """Whether nothing more will come."""
        return self.closed or self._reader.ended

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """At most `amt` bytes, fewer only at the end; all that is left when `amt` is None or
        negative.
        """
        return run_sync(self._take(amt, decode_content))

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; the number of bytes put there."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """All that is left."""
        return self.read()

    def __iter__(self) -> Iterator[bytes]:
        """Line by line, decoded, as urllib3 gives them."""
        rest = b""
        for piece in self.stream(decode_content=True):
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if rest:
            yield rest

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        """Pieces of at most `amt` bytes, as they arrive."""
        while piece := run_sync(self._next(amt, decode_content)):
            yield piece

    def release_conn(self) -> None:
        """Give the connection back."""
        if self._reply.body is not None:
            self._reply.body.close()

    def close(self) -> None:
        """Close it; the connection goes back."""
        self.release_conn()
        super().close()

    # Do nothing: io's finaliser must not close the body during garbage collection; its lease takes
    # the connection back. A builtin, because an interrupt in a finaliser in Python is swallowed.
    __del__ = object.__hash__  # type: ignore[assignment]


class AsyncRaw(_RawBase):
    """The same for an `AsyncSession`, with `read` and `stream` awaited."""

    @property
    def closed(self) -> bool:
        """Whether the response was closed."""
        return self._reply._closed

    async def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """At most `amt` bytes, fewer only at the end; all that is left when `amt` is None or
        negative.
        """
        return await self._take(amt, decode_content)

    async def stream(
        self, amt: int = 65536, decode_content: bool | None = None
    ) -> AsyncIterator[bytes]:
        """Pieces of at most `amt` bytes, as they arrive."""
        while piece := await self._next(amt, decode_content):
            yield piece
