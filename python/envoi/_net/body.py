"""The body of one response on its way in from the network; at its end the connection goes back to
the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from envoi import exceptions
from envoi._net.decoded import DecodedBody
from envoi._net.errors import is_over, timed_out, translate
from envoi._proto.h1 import IncompleteMessage

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.trace import Trace
    from envoi._net.http1 import HTTP1Connection
    from envoi._net.pool import Pool
    from envoi._proto.h1 import ResponseHead

DRAIN: Final = 65536
"""How many bytes of an unwanted body are read to save the connection."""

DRAIN_SECONDS: Final = 1.0
"""How long that may take: a new connection costs less than a longer wait."""


class ResponseBody(DecodedBody):
    """A response's body, not yet read.

    Args:
        connection: where it comes from.
        pool: where the connection goes back to.
        head: the response's head.
        trace: gets the time of the end.
        timeout: `read_seconds` bounds each wait.
        deadline: the end of the whole.
        max_body: the largest decoded size in bytes; None for no limit.
        request: what it answers, for exceptions.
    """

    __slots__ = (
        "_close_delimited",
        "_connection",
        "_deadline",
        "_pool",
        "_reading",
        "_timeout",
        "_trace",
    )

    def __init__(
        self,
        connection: HTTP1Connection,
        pool: Pool,
        head: ResponseHead,
        trace: Trace,
        timeout: Timeout,
        deadline: float,
        max_body: int | None,
        request: PreparedRequest,
    ) -> None:
        self._connection: HTTP1Connection | None = connection
        self._pool = pool
        self._timeout = timeout
        self._trace = trace
        self._deadline = deadline
        self._close_delimited = (
            head.content_length is None and "transfer-encoding" not in head.headers
        )
        self._reading = False
        super().__init__(connection.where, head.content_encoding, max_body, request)
        if not connection.machine.body_ended:
            self._refuse(head.content_length)

    def settle(self) -> None:
        """Give the connection back at once where nothing is left to read: HEAD, 204, an empty
        body.
        """
        connection = self._connection
        if (
            connection is not None
            and connection.machine.body_ended
            and not connection.machine.pending
        ):
            self._finish(connection)

    def check_owner(self) -> None:
        """Refuse another event loop than the connection's.

        Raises:
            WrongEventLoop: it is another.
        """
        if self._connection is not None:
            self._pool.backend.check_owner()

    async def receive_raw(self, threshold: int = 1) -> bytes:
        """The next bytes as they came, only the transfer coding removed; b"" at the end."""
        connection = self._connection
        if connection is None:
            if self._failure is not None:
                raise self._failure
            return b""
        if self._reading:
            raise self._about(
                exceptions.StreamConsumedError(
                    "The body is being read by another task or thread at this moment."
                )
            )
        self._reading = True
        try:
            piece = await connection.receive(threshold, self._timeout, self._deadline)
        except BaseException as error:
            if self._connection is not connection:  # closed meanwhile, by another task or thread
                raise (self._failure or error) from error
            piece = connection.machine.take_body() if isinstance(error, IncompleteMessage) else b""
            self._fail(connection, error)
            if (
                piece
            ):  # what did arrive is given out, and the failure when the next piece is asked for
                self.received += len(piece)
                return piece
            if self._failure is not None and isinstance(error, Exception):
                raise self._failure from error
            raise
        finally:
            self._reading = False
        if self._connection is not connection and self._failure is not None:
            raise self._failure
        self.received += len(piece)
        if connection.machine.body_ended and not connection.machine.pending:
            self._finish(connection)
            if self._failure is not None and not piece:
                raise self._failure
        return piece

    async def discard(self) -> bytes:
        """Be done with a body that nobody waits for: a short one is read, undecoded, to save the
        connection; a long one costs it.

        Returns:
            What was read.
        """
        self._decoder = None
        self._deadline = min(self._deadline, self._pool.backend.now() + DRAIN_SECONDS)
        pieces = []
        try:
            while self.received <= DRAIN and (piece := await self.receive_raw()):
                pieces.append(piece)
        except exceptions.RequestException:
            pass
        self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Stop here: what was not read is lost, and the connection with it unless all has arrived.
        Calling it again does nothing.
        """
        connection = self._connection
        if connection is not None:
            self._connection = None
            self.ended = True
            if self._failure is None and connection.machine.body_ended and not self._reading:
                connection.machine.take_body()
                self._failure = self._about(
                    exceptions.StreamConsumedError(
                        "The response was closed before its body was read."
                    )
                )
                self._pool.release(connection, reusable=connection.machine.keep_alive)
                return
            if self._failure is None:
                self._failure = self._about(
                    exceptions.StreamConsumedError(
                        "The response was closed before its body was read to the end."
                    )
                )
            self._pool.release(connection, reusable=False)

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            self._connection = None
            self._pool.abandon(connection)

    async def _breathe(self) -> None:
        """Let others run, and look at the clock."""
        backend = self._pool.backend
        await backend.checkpoint()
        if is_over(self._deadline, backend.now()):
            raise self._give_up(timed_out("body", self.where, self._timeout, total_passed=True))

    def _finish(self, connection: HTTP1Connection) -> None:
        self._connection = None
        self.ended = True
        self._trace.ended = self._pool.backend.now()
        self.trailers = connection.machine.trailers
        if self._close_delimited and not connection.stream.closed_cleanly:
            self._pool.release(connection, reusable=False)
            self._failure = self._about(
                exceptions.IncompleteBody(
                    f"{connection.where} ended TLS without saying so: the body may be cut short "
                    "(RFC 8446, 6.1)."
                )
            )
            return
        self._pool.release(connection, reusable=connection.machine.keep_alive)

    def _fail(self, connection: HTTP1Connection, error: BaseException) -> None:
        self._connection = None
        self.ended = True
        pool = self._pool
        if isinstance(error, Exception):
            passed = is_over(self._deadline, pool.backend.now())
            self._failure = self._about(
                translate(error, "body", connection.where, self._timeout, total_passed=passed)
            )
        else:
            self._failure = self._about(
                exceptions.IncompleteBody(
                    f"Reading from {connection.where} was cancelled: the rest of the body is lost."
                )
            )
        pool.release(connection, reusable=False)
