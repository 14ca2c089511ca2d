"""What in-process applications, WSGI and ASGI alike, answer: the head, and the body that is pulled
out of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi import exceptions
from envoi._io.protocols import StreamClosed, TimedOut
from envoi._model.headers import Headers
from envoi._model.timeout import FOREVER
from envoi._model.timing import Timing
from envoi._model.trace import Trace
from envoi._net.body import DRAIN, DRAIN_SECONDS
from envoi._net.decoded import DecodedBody
from envoi._net.errors import is_over, timed_out, translate
from envoi._proto.h1 import H1Machine, ProtocolViolation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._io.protocols import Backend
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.timing import ConnectionInfo
    from envoi._proto.h1 import ResponseHead

FAILED: Final = b"Internal Server Error"
"""What is answered for an application that failed."""

_WITHOUT_BODY: Final = frozenset({204, 304})
_BLANK: Final = b" \t"


def read_head(
    where: str, status: int, reason: str, fields: Iterable[tuple[bytes, bytes]]
) -> ResponseHead:
    """The head that an application gives, under the rules that hold for a server's.

    Args:
        where: the application, for messages.
        status: the status.
        reason: the reason phrase.
        fields: the header fields. Transfer-Encoding is left out: there is no transfer.

    Raises:
        RemoteProtocolError: it is none.
    """
    if not 200 <= status <= 999 or not reason.isprintable():
        raise exceptions.RemoteProtocolError(
            f"{where} gave a status that no answer can have: {status!r} {reason!r}"
        )
    try:
        kept = Headers(
            [
                (name, value.strip(_BLANK))
                for name, value in fields
                if name.lower() != b"transfer-encoding"
            ]
        )
        kept.validate()
        machine = H1Machine()
        machine.start("GET", "/", "localhost", Headers())
        lines = [
            f"HTTP/1.1 {status} {reason}".encode("latin-1"),
            *(name + b": " + value for name, value in kept.raw),
        ]
        machine.feed(b"\r\n".join([*lines, b"", b""]))
        head = machine.take_head()
    except ProtocolViolation as error:
        raise translate(error, "read", where, FOREVER, total_passed=False) from error
    except ValueError as error:
        raise exceptions.RemoteProtocolError(
            f"{where} gave a head that cannot be sent: {error}"
        ) from error
    if head is None:
        raise exceptions.RemoteProtocolError(f"{where} gave a head that cannot be sent")
    return head


def failed_head(where: str) -> ResponseHead:
    """The head of the answer for an application that failed."""
    fields = [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(FAILED)).encode()),
    ]
    return read_head(where, 500, FAILED.decode(), fields)


def has_body(request: PreparedRequest, head: ResponseHead) -> bool:
    """Whether a response has a body (RFC 9112, section 6.3): what an application gives in spite of
    that is dropped.
    """
    return request.method != "HEAD" and head.status not in _WITHOUT_BODY


class Declared:
    """Holds a body to its Content-Length.

    Args:
        where: the application, for messages.
        head: what it gave; None for a response without a body, which is not counted.
    """

    __slots__ = ("_left", "_where")

    def __init__(self, where: str, head: ResponseHead | None) -> None:
        self._where = where
        self._left = None if head is None else head.content_length

    def take(self, piece: bytes) -> None:
        """Count a piece.

        Raises:
            RemoteProtocolError: it is more than was declared.
        """
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise exceptions.RemoteProtocolError(
                    f"{self._where} gave a body that is longer than its Content-Length"
                )

    def end(self) -> None:
        """Say that the body ends here.

        Raises:
            IncompleteBody: it is less than was declared.
        """
        if self._left:
            raise exceptions.IncompleteBody(
                f"{self._where} ended the body {self._left} bytes before its Content-Length says so"
            )


class AppTrace(Trace):
    """A trace without a connection.

    Args:
        started: when the request was given to the application.
        headed: when the response's head was there.
    """

    __slots__ = ()

    def __init__(self, started: float, headed: float) -> None:
        super().__init__(started, started, started, headed, None, reused=False)  # type: ignore[arg-type]

    def timing(self) -> Timing:
        """The phases, in seconds."""
        body, total = (
            (None, None)
            if self.ended is None
            else (self.ended - self.headed, self.ended - self.started)
        )
        return Timing(first_byte=self.headed - self.started, body=body, total=total)

    def connection(self) -> ConnectionInfo:
        """None: there is none."""
        return None  # type: ignore[return-value]


def new_reply(
    kind: Any, adapter: Any, request: PreparedRequest, head: ResponseHead, trace: AppTrace
) -> Any:
    """A response without a body so far.

    Args:
        kind: `Response` or `AsyncResponse`.
        adapter: who sent the request.
        request: what was sent.
        head: what came.
        trace: when.
    """
    reply = kind(head, request, request.parsed_url)
    reply.trace = trace
    reply.connection = adapter
    return reply


class AppBody(DecodedBody):
    """A body that is pulled out of an application; a subclass says how, with `_take`, `_stop` and
    `_drop`.

    Args:
        backend: where its clock is.
        where: the application, for messages.
        head: what it gave.
        trace: gets the time of the end.
        timeout: `read_seconds` bounds each wait, where a wait can be ended.
        deadline: the end of the whole.
        request: what it answers.
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
        request: PreparedRequest,
    ) -> None:
        self._backend = backend
        self._trace = trace
        self._timeout = timeout
        self._deadline = deadline
        self._reading = False
        self.ended = True  # nothing to clean up, should this go wrong
        super().__init__(where, head.content_encoding, request.__dict__.get("_max_body"), request)
        if has_body(request, head):
            self._refuse(head.content_length)

    async def receive_raw(self, threshold: int = 1) -> bytes:
        """The next bytes as the application gave them; b"" when it has ended."""
        now = self._backend.now()
        try:
            return await self._taken(
                threshold, min(self._deadline, now + self._timeout.read_seconds)
            )
        except TimedOut:
            self._abort()
            passed = is_over(self._deadline, self._backend.now())
            raise self._give_up(
                timed_out("body", self.where, self._timeout, total_passed=passed)
            ) from None

    async def discard(self) -> bytes:
        """Be done with it: a short body is read, undecoded, which lets the application end; a
        longer one is left.
        """
        self._decoder = None
        until = min(self._deadline, self._backend.now() + DRAIN_SECONDS)
        pieces = []
        try:
            while self.received <= DRAIN and (piece := await self._taken(1, until)):
                pieces.append(piece)
        except (TimedOut, exceptions.RequestException):
            pass
        self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Tell the application that nobody reads on. Calling it again does nothing."""
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

    async def _taken(self, threshold: int, deadline: float) -> bytes:
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
            if isinstance(
                error, StreamClosed
            ):  # by another task or thread, which perhaps closed the response
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
        """The next bytes; b"" when the application has ended. Raises TimedOut, and StreamClosed
        when it was stopped meanwhile.
        """
        raise NotImplementedError

    def _stop(self) -> None:
        """Tell the application that nobody reads on."""
        raise NotImplementedError

    def _abort(self) -> None:
        """Tell it so after a timeout."""
        self._stop()

    def _drop(self) -> None:
        """The same, from the garbage collector."""
        raise NotImplementedError
