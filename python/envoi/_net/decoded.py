"""A body that is pulled piece by piece, decoded and bounded, wherever its bytes come from."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from envoi._model import exceptions
from envoi._proto.decoding import DecodeError, Decoder

if TYPE_CHECKING:
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest

STEP: Final = 262144
"""The decoder's output per step, and how many bytes are gathered before a buffered read is woken,
in bytes.
"""

YIELD_EVERY: Final = 4 << 20
"""How many decoded bytes are given out before others may run, in bytes."""


SO_MUCH_CAME: Final = "so much has come"


def too_large(max_body: float, how: str) -> exceptions.BodyTooLarge:
    """The exception for a body beyond `max_body`.

    Args:
        max_body: the most bytes.
        how: what shows it.
    """
    return exceptions.BodyTooLarge(
        f"The body is larger than max_body={max_body:.0f} bytes: {how}. Raise it, or pass None."
    )


class DecodedBody:
    """A response's body; a subclass says where its bytes come from, with `receive_raw` and `close`.

    Args:
        where: who sends it, for messages.
        encoding: the Content-Encoding, or None.
        max_body: the largest decoded size in bytes; None for no limit.
        request: what it answers, for exceptions.

    Attributes:
        ended: whether there is nothing more to come.
        received: how many bytes came, before decoding.
        trailers: the fields after a chunked body, once that is read.

    Raises:
        ContentDecodingError: the encoding is chained too deeply.
    """

    __slots__ = (
        "_decoder",
        "_decoding_ended",
        "_failure",
        "_max_body",
        "_request",
        "_size",
        "_undisturbed",
        "ended",
        "received",
        "trailers",
        "where",
    )

    def __init__(
        self, where: str, encoding: str | None, max_body: int | None, request: PreparedRequest
    ) -> None:
        self.where = where
        self._request = request
        self._max_body = inf if max_body is None else max_body
        self._size = 0
        self._failure: Exception | None = None
        self._decoding_ended = False
        self._undisturbed = 0
        self.ended: bool = False
        self.received: int = 0
        self.trailers: Headers | None = None
        self._decoder: Decoder | None = None
        if encoding is not None:
            try:
                self._decoder = Decoder.for_encoding(encoding)
            except DecodeError as error:
                raise self._give_up(self._undecodable(error)) from error

    @property
    def max_body(self) -> int | None:
        """The largest decoded size; None for no limit."""
        return None if self._max_body == inf else int(self._max_body)

    def limit(self, max_body: int) -> None:
        """Have a larger body refused from now on.

        Args:
            max_body: the most bytes, decoded.
        """
        self._max_body = max_body

    def check_owner(self) -> None:
        """Refuse another event loop than the one that the body belongs to.

        Raises:
            WrongEventLoop: it is another.
        """

    async def receive(self, threshold: int = 1) -> bytes:
        """The next bytes, decoded; b"" at the end.

        Args:
            threshold: how many encoded bytes are worth waking up for.

        Raises:
            IncompleteBody: the connection ended before the body did.
            Timeout: the next bytes did not come in time.
            RequestException: the body is broken, cannot be decoded, or is larger than `max_body`.
        """
        decoder = self._decoder
        if decoder is None:
            piece = await self.receive_raw(threshold)
        else:
            piece = b""
            while not piece and not self._decoding_ended:
                piece = await self._decode(decoder, threshold)
            self._undisturbed += len(piece)
            if self._undisturbed > YIELD_EVERY:
                self._undisturbed = 0
                await self._breathe()
            if not piece and self._failure is not None:
                raise self._failure
        self._size += len(piece)
        if self._size > self._max_body:
            raise self._give_up(too_large(self._max_body, SO_MUCH_CAME))
        return piece

    async def receive_raw(self, threshold: int = 1) -> bytes:
        """The next bytes as they came, only the transfer coding removed; b"" at the end. For
        subclasses to say.
        """
        raise NotImplementedError

    async def read(self) -> bytes:
        """All that is left, decoded."""
        first = await self.receive(STEP)
        if not first:
            return b""
        pieces = [first]
        while piece := await self.receive(STEP):
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def discard(self) -> bytes:
        """Be done with a body that nobody waits for, and return what of it was read, undecoded."""
        self._decoder = None
        self.close()
        return b""

    def close(self) -> None:
        """Stop reading; the rest of the body is lost. Calling it again does nothing.

        A subclass implements it.
        """
        raise NotImplementedError

    async def _decode(self, decoder: Decoder, threshold: int) -> bytes:
        # A body that grows beyond max_body is not decoded further than the byte that shows it.
        step = int(min(STEP, self._max_body - self._size + 1))
        try:
            piece = decoder.read(step)
            if piece:
                return piece
            raw = await self.receive_raw(threshold)
            if raw:
                decoder.feed(raw)
            else:
                self._decoding_ended = True
                decoder.finish()
        except DecodeError as error:
            raise self._give_up(self._undecodable(error)) from error
        return b""

    async def _breathe(self) -> None:
        """A body that is decoded from little can keep a loop busy for long: let others run."""

    def _undecodable(self, error: DecodeError) -> exceptions.ContentDecodingError:
        return exceptions.ContentDecodingError(
            f"The body from {self.where} cannot be decoded: {error}"
        )

    def _refuse(self, declared: int | None) -> None:
        """Refuse a body whose Content-Length alone says that it is too large, before any of it is
        read.
        """
        if declared is not None and declared > self._max_body and self._decoder is None:
            raise self._give_up(too_large(self._max_body, f"its Content-Length is {declared}"))

    def _give_up(self, failure: Exception) -> Exception:
        self._failure = self._about(
            failure
        )  # asked again, the body must not look as if it had ended
        self._decoder = None
        self.close()
        return failure

    def _about(self, failure: Exception) -> Exception:
        if isinstance(failure, exceptions.RequestException) and failure.request is None:
            failure.request = self._request
        return failure
