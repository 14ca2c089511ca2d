"""The body of an application's answer, WSGI or ASGI, as a response reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._apps.reply import has_body
from envoi._io.protocols import StreamClosed, TimedOut
from envoi._model import exceptions
from envoi._net.body import DRAIN, DRAIN_SECONDS
from envoi._net.decoded import DecodedBody
from envoi._net.errors import is_over, timed_out

if TYPE_CHECKING:
    from envoi._apps.reply import AppTrace
    from envoi._io.protocols import Backend
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._proto.h1 import ResponseHead


class AppBody(DecodedBody):
    """The body of an application's answer, read as the application gives it. A subclass says how
    it is reached: `_take` for the next piece, `_stop` and `_drop` to end it early.

    Args:
        backend: whose clock counts.
        where: the application, for messages.
        head: the head of the answer.
        trace: gets the time of the body's end.
        timeout: `read_seconds` bounds each wait, where a wait can be ended.
        deadline: the end of the whole, on the backend's clock.
        max_body: the largest decoded size in bytes; None for no limit.
        request: the request that is answered, for exceptions.
    """

    __slots__ = ("_backend", "_deadline", "_reading", "_timeout", "_trace")

    def __init__(
        self,
        backend: Backend,
        where: str,
        head: ResponseHead,
        trace: AppTrace,
        timeout: Timeout,
        deadline: float,
        max_body: int | None,
        request: PreparedRequest,
    ) -> None:
        self._backend = backend
        self._trace = trace
        self._timeout = timeout
        self._deadline = deadline
        self._reading = False
        self.ended = True  # nothing to clean up, should this go wrong
        super().__init__(where, head.content_encoding, max_body, request)
        if has_body(request, head):
            self._refuse(head.content_length)

    async def receive_raw(self, threshold: int = 1) -> bytes:
        """The next bytes as the application gave them; b"" when it has ended."""
        now = self._backend.now()
        try:
            return await self._next(
                threshold, min(self._deadline, now + self._timeout.read_seconds)
            )
        except TimedOut:
            self._abort()
            passed = is_over(self._deadline, self._backend.now())
            raise self._give_up(
                timed_out("body", self.where, self._timeout, total_passed=passed)
            ) from None

    async def discard(self) -> bytes:
        """Read a short body to its end, undecoded, so that the application ends by itself; close a
        longer one.

        Returns:
            What was read.
        """
        self._decoder = None
        until = min(self._deadline, self._backend.now() + DRAIN_SECONDS)
        pieces = []
        try:
            while self.received <= DRAIN and (piece := await self._next(1, until)):
                pieces.append(piece)
        except (TimedOut, exceptions.RequestException):
            pass
        self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Stop reading, and let the application know. Closing again does nothing."""
        if self.ended:
            return
        self.ended = True
        if self._failure is None:
            self._failure = self._about(
                exceptions.StreamConsumedError(
                    "The response was closed before its body was read to the end."
                )
            )
        self._stop()

    def __del__(self) -> None:
        if not getattr(self, "ended", True):
            self.ended = True
            self._drop()

    async def _next(self, threshold: int, deadline: float) -> bytes:
        if self.ended:
            if self._failure is not None:
                raise self._failure
            return b""
        if self._reading:
            raise self._about(
                exceptions.StreamConsumedError(
                    "The body is being read by another task or thread at this moment."
                )
            )
        if self._backend.now() >= deadline:  # although something may wait to be read
            raise TimedOut
        self._reading = True
        try:
            piece = await self._take(threshold, deadline)
        except TimedOut:
            raise
        except BaseException as error:
            self.ended = True
            if isinstance(error, StreamClosed):  # by another task or thread
                closed = exceptions.IncompleteBody(
                    f"{self.where} was closed: the rest of the body is lost."
                )
                self._failure = self._failure or self._about(closed)
                raise self._failure from None
            cancelled = exceptions.IncompleteBody(
                f"Reading from {self.where} was cancelled: the rest of the body is lost."
            )
            self._failure = self._about(error if isinstance(error, Exception) else cancelled)
            raise
        finally:
            self._reading = False
        if self._failure is not None:  # closed meanwhile
            raise self._failure
        self.received += len(piece)
        if not piece:
            self.ended = True
            self._trace.ended = self._backend.now()
        return piece

    async def _take(self, threshold: int, deadline: float) -> bytes:
        """The next bytes; b"" when the application has ended.

        Raises:
            TimedOut: at the deadline.
            StreamClosed: the application was stopped meanwhile.
        """
        raise NotImplementedError

    def _stop(self) -> None:
        """Let the application know that nobody reads on."""
        raise NotImplementedError

    def _abort(self) -> None:
        """The same after a timeout."""
        self._stop()

    def _drop(self) -> None:
        """The same, from the garbage collector."""
        raise NotImplementedError
