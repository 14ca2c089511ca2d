"""The body of a response that another library, or somebody's adapter, made: a file, or what has
urllib3's `stream`.
"""

from __future__ import annotations

import sys
from math import inf
from typing import TYPE_CHECKING, Any, Final

from envoi._model import exceptions
from envoi._net.body import DRAIN
from envoi._net.decoded import SO_MUCH_CAME, too_large
from envoi._net.errors import is_over, timed_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout

_AMOUNT: Final = 65536
# urllib3's stream(None) reads to the end unless the body is chunked; stream(n) blocks until n bytes
# are there.
_DEFAULT_READ: Final = 10 * 1024


class ForeignBody:
    """Reads `response.raw` where that is not ours. It has what of `DecodedBody` responses use;
    `raw` itself decodes, or nobody does.

    Args:
        raw: a binary file, or what has `stream(amount, decode_content=True)`; either may be
            asynchronous in an async session.

    Attributes:
        amount: how many bytes are asked for at a time; None for whatever there is.
        trailers: None; `raw` has them, if anybody.
        ended: whether there is nothing more to come.
        received: how many bytes came.
    """

    __slots__ = (
        "_deadline",
        "_most",
        "_now",
        "_pieces",
        "_request",
        "_timeout",
        "amount",
        "ended",
        "raw",
        "received",
        "trailers",
    )

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.amount: int | None = _AMOUNT
        self.trailers: Headers | None = None
        self.ended = False
        self.received = 0
        self._pieces: Any = None  # an iterator or an asynchronous one
        self._most: int | None = None
        self._request: PreparedRequest | None = None
        self._deadline = inf
        self._now: Callable[[], float] | None = None
        self._timeout: Timeout | None = None

    def limit(self, max_body: int | None, request: PreparedRequest) -> None:
        """Have a larger body refused.

        Args:
            max_body: the most bytes; None for no limit.
            request: what it answers, for the exception.
        """
        self._most, self._request = max_body, request

    def hold(self, deadline: float, now: Callable[[], float], timeout: Timeout) -> None:
        """Have a body refused that is not there in time; looked at between its pieces.

        Args:
            deadline: the end of the whole.
            now: the clock.
            timeout: the limits, for the exception.
        """
        self._deadline, self._now, self._timeout = deadline, now, timeout

    def check_owner(self) -> None:
        """Nothing to check."""

    async def receive(self, _threshold: int = 1) -> bytes:
        """The next bytes; b"" at the end.

        Raises:
            ChunkedEncodingError, ContentDecodingError, ConnectionError, SSLError: for urllib3's
                exceptions.
        """
        return await self._next(decode=True)

    async def receive_raw(self, _threshold: int = 1) -> bytes:
        """The next bytes, as they came where `raw` can tell."""
        return await self._next(decode=False)

    async def read(self) -> bytes:
        """All that is left."""
        pieces = []
        while piece := await self.receive():
            pieces.append(piece)
        return b"".join(pieces)

    async def discard(self) -> bytes:
        """Be done with it; what of a short body was read, undecoded."""
        pieces = []
        try:
            while self.received <= DRAIN and (piece := await self.receive_raw()):
                pieces.append(piece)
        except Exception:  # noqa: BLE001 - whatever it is, nobody waits for it
            pieces.clear()
        self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Close `raw`, and give its connection back where it has one."""
        self.ended = True
        for name in ("close", "release_conn"):
            method = getattr(self.raw, name, None)
            if method is not None:
                method()

    async def _next(self, *, decode: bool) -> bytes:
        try:
            if self._pieces is None:
                self._pieces = self._start(decode=decode)
            if hasattr(type(self._pieces), "__next__"):
                piece = next(self._pieces, b"")
                if not isinstance(piece, bytes) and hasattr(piece, "__await__"):
                    piece = await piece
            else:
                piece = await anext(self._pieces, b"")
        except Exception as error:
            raised = _ours(error)
            if raised is error:
                raise
            raise raised from error
        if type(piece) is not bytes:
            piece = self._as_bytes(piece)
        if not piece:
            self.ended = True
            return b""
        self.received += len(piece)
        if (
            self._now is not None
            and self._timeout is not None
            and is_over(self._deadline, self._now())
        ):
            self.close()
            late = timed_out("body", "the adapter", self._timeout, total_passed=True)
            late.request = self._request
            raise late
        if self._most is not None and self.received > self._most:
            self.close()
            failure = too_large(self._most, SO_MUCH_CAME)
            failure.request = self._request
            raise failure
        return piece

    def _start(self, *, decode: bool) -> Any:
        if (
            self._deadline != inf
            and hasattr(self.raw, "read1")
            and hasattr(self.raw, "release_conn")
        ):
            # urllib3's `stream` waits for as much as it is told; this gives what is there, so that
            # the clock can be looked at.
            return iter(lambda: self.raw.read1(self.amount or _AMOUNT, decode_content=decode), b"")
        stream = getattr(self.raw, "stream", None)
        if stream is not None:
            as_it_comes = self.amount is None and getattr(self.raw, "chunked", False)
            pieces = stream(
                None if as_it_comes else self.amount or _DEFAULT_READ, decode_content=decode
            )
            # The sync way first: a `MagicMock` has both, and the async one would not end.
            return iter(pieces) if hasattr(type(pieces), "__iter__") else aiter(pieces)
        return iter(self._read, b"")

    def _as_bytes(self, piece: Any) -> bytes:
        if isinstance(piece, (bytes, bytearray, memoryview)):
            return bytes(piece)
        if isinstance(piece, str):
            return piece.encode()  # a StringIO, as tests have them
        self.close()
        raise exceptions.InvalidOption(
            f"response.raw, a {type(self.raw).__name__}, gave {type(piece).__name__} for a piece "
            "of the body: it must give bytes",
            request=self._request,
        )

    def _read(self) -> Any:
        return self.raw.read(self.amount)


def _ours(error: Exception) -> Exception:
    """The exception for one of urllib3's, as requests maps them; urllib3 is not imported to find
    out.
    """
    if isinstance(error.__cause__, exceptions.RequestException):
        return error.__cause__  # one of ours, which urllib3 was told in its words
    theirs: Any = sys.modules.get("urllib3.exceptions")
    if theirs is None or not isinstance(error, theirs.HTTPError):
        return error
    kinds = (
        ("ProtocolError", exceptions.ChunkedEncodingError),
        ("DecodeError", exceptions.ContentDecodingError),
        ("ReadTimeoutError", exceptions.ConnectionError),
        ("SSLError", exceptions.SSLError),
    )
    found = (ours(str(error)) for name, ours in kinds if isinstance(error, getattr(theirs, name)))
    return next(found, error)
