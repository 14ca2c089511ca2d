"""The body of one response on its way in from the network; at its end the exchange is finished."""

from __future__ import annotations

from os import getpid
from typing import TYPE_CHECKING, Final

from envoi._io.protocols import TimedOut
from envoi._model import exceptions
from envoi._net.decoded import DecodedBody
from envoi._net.errors import is_over, timed_out, translate
from envoi._net.exchange import SOURCE
from envoi._proto.h1 import IncompleteMessage

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._net.exchange import Exchange
    from envoi._proto.h1 import ResponseHead

DRAIN: Final = 65536
"""How many bytes of an unwanted body are read to save the connection."""

DRAIN_SECONDS: Final = 1.0
"""How long that may take: a new connection costs less than a longer wait."""


class ResponseBody(DecodedBody):
    """A response's body, not yet read.

    Args:
        exchange: where it comes from.
        head: the response's head.
        timeout: `read_seconds` bounds each wait.
        deadline: the end of the whole.
        max_body: the largest decoded size in bytes; None for no limit.
        request: what it answers, for exceptions.
    """

    __slots__ = (
        "_backend",
        "_close_delimited",
        "_deadline",
        "_exchange",
        "_process",
        "_reading",
        "_timeout",
    )

    def __init__(
        self,
        exchange: Exchange,
        head: ResponseHead,
        timeout: Timeout,
        deadline: float,
        max_body: int | None,
        request: PreparedRequest,
    ) -> None:
        self._backend = exchange.backend
        self._exchange: Exchange | None = exchange
        self._timeout = timeout
        self._deadline = deadline
        self._close_delimited = (
            head.content_length is None and "transfer-encoding" not in head.headers
        )
        self._reading = False
        self._process = getpid()
        super().__init__(exchange.where, head.content_encoding, max_body, request)
        if not exchange.body_ended:
            self._refuse(head.content_length)

    def settle(self) -> None:
        """Finish the exchange at once where nothing is left to read: HEAD, 204, an empty body."""
        exchange = self._exchange
        if exchange is not None and exchange.exhausted:
            self._finish(exchange)

    def check_owner(self) -> None:
        """Refuse another event loop than the connection's.

        Raises:
            WrongEventLoop: it is another.
        """
        exchange = self._exchange
        if exchange is not None:
            if self._process != getpid():
                self._leave_to_parent(exchange)  # asked for a piece, it says so
            else:
                self._backend.check_owner()

    async def receive_raw(self, threshold: int = 1) -> bytes:
        """The next bytes as they came, only the transfer coding removed; b"" at the end."""
        exchange = self._exchange
        if exchange is None:
            if self._failure is not None:
                raise self._failure
            return b""
        if self._process != getpid():
            raise self._leave_to_parent(exchange)
        if self._reading:
            raise self._about(
                exceptions.StreamConsumedError(
                    "The body is being read by another task or thread at this moment."
                )
            )
        self._reading = True
        try:
            piece = await exchange.receive(threshold, self._timeout, self._deadline)
        except BaseException as error:
            if self._exchange is not exchange:  # closed meanwhile, by another task or thread
                raise (self._failure or error) from error
            piece = exchange.take_arrived() if isinstance(error, IncompleteMessage) else b""
            self._fail(exchange, error)
            if piece:  # what arrived is given out; the failure when the next piece is asked for
                self.received += len(piece)
                return piece
            if self._failure is not None and isinstance(error, Exception):
                raise self._failure from error
            raise
        finally:
            self._reading = False
        if self._exchange is not exchange and self._failure is not None:
            raise self._failure
        self.received += len(piece)
        if exchange.exhausted:
            self._finish(exchange)
            if self._failure is not None and not piece:
                raise self._failure
        return piece

    async def discard(self) -> bytes:
        """Read a short body that nobody waits for, undecoded, to save the connection; close the
        connection of a long one. Before that, the rest of the request is sent.

        Returns:
            What was read.
        """
        self._decoder = None
        pieces = []
        try:
            exchange = self._exchange
            while exchange is not None and exchange.sending and (piece := await self.receive_raw()):
                if self.received <= DRAIN:
                    pieces.append(piece)
            self._deadline = min(self._deadline, self._backend.now() + DRAIN_SECONDS)
            while self.received <= DRAIN and (piece := await self.receive_raw()):
                pieces.append(piece)
        except exceptions.RequestException:
            pass
        self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Stop reading; the rest of the body is lost, and the connection closed unless all of it
        has arrived. Calling it again does nothing.
        """
        exchange = self._exchange
        if exchange is None:
            return
        if self._process != getpid():
            self._leave_to_parent(exchange)
            return
        self._exchange = None
        self.ended = True
        arrived = self._failure is None and exchange.body_ended and not self._reading
        if self._failure is None:
            where = "" if arrived else " to the end"
            self._failure = self._about(
                exceptions.StreamConsumedError(
                    f"The response was closed before its body was read{where}."
                )
            )
        if arrived:
            exchange.take_arrived()
            exchange.finish()
        else:
            exchange.abandon()

    async def _breathe(self) -> None:
        """Let others run, and look at the clock."""
        backend = self._backend
        await backend.checkpoint()
        if is_over(self._deadline, backend.now()):
            raise self._give_up(timed_out("body", self.where, self._timeout, total_passed=True))

    def _leave_to_parent(self, exchange: Exchange) -> Exception:
        """In a forked child: let go of the parent's connection without a word to the peer. What to
        raise.
        """
        self._exchange = None
        self.ended = True
        exchange.forget()
        failure = self._failure = self._failure or self._about(
            exceptions.StreamConsumedError(
                f"The response from {self.where} was begun before this process was forked, and is "
                "the parent's to read: read it there, or send the request here once more."
            )
        )
        return failure

    def _finish(self, exchange: Exchange) -> None:
        self._exchange = None
        self.ended = True
        exchange.ended = self._backend.now()
        if self._close_delimited and not exchange.ended_cleanly:
            exchange.abandon()
            self._failure = self._about(
                exceptions.IncompleteBody(
                    f"{exchange.where} ended TLS without saying so: the body may be cut short "
                    "(RFC 8446, 6.1)."
                )
            )
            return
        exchange.finish()
        self.trailers = exchange.trailers

    def _fail(self, exchange: Exchange, error: BaseException) -> None:
        self._exchange = None
        self.ended = True
        if isinstance(error, Exception):
            self._failure = self._about(self._explained(exchange, error))
        else:
            self._failure = self._about(
                exceptions.IncompleteBody(
                    f"Reading from {exchange.where} was cancelled: the rest of the body is lost."
                )
            )
        exchange.abandon()

    def _explained(self, exchange: Exchange, error: Exception) -> Exception:
        """What is raised for a failure while the body was read, or the request's sent meanwhile."""
        late = isinstance(error, TimedOut)
        if exchange.phase == SOURCE and not late:
            return error  # the caller's own
        return translate(
            error,
            "body" if exchange.phase == "body" or not late else "write",
            exchange.where,
            self._timeout,
            total_passed=is_over(self._deadline, self._backend.now()),
        )
