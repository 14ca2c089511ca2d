"""One call of a WSGI application (PEP 3333): its input, its start_response, and its answer, piece
by piece.

A step (`begin`, `next`) runs the application until there is something to give; between two steps
nothing runs. One thread at a time may be in a step (`_busy`). Anybody may `close` at any moment:
while a step is under way that only sets `_closing`, and the step closes the iterable when it comes
out, because a generator that runs cannot be closed by another thread. Both flags change under the
lock, which is never held while the application runs.

The head is final from the first byte of the body, or from its end (`_sent`); until then an
application may replace it, by start_response with exc_info. A rule that the application broke, or
a failure of the request's body, is kept (`_failure`, `Input.failure`), so that it is raised even
where the application swallows it.
"""

from __future__ import annotations

import io
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from envoi._apps.length import response_length
from envoi._apps.reply import FAILED, failed_head, has_body, head_of
from envoi._io.protocols import StreamClosed
from envoi._model import exceptions
from envoi._pipeline.log import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi._apps.length import LengthCheck
    from envoi._io.protocols import Lock
    from envoi._model.prepared import PreparedRequest
    from envoi._proto.h1 import ResponseHead


class Input(io.RawIOBase):
    """The request's body as `wsgi.input`, below a buffer.

    Args:
        next_piece: gives the next piece of the body, b"" at its end.
        length: what the body is counted against.

    Attributes:
        failure: what the body raised.
    """

    def __init__(self, next_piece: Callable[[], bytes], length: LengthCheck) -> None:
        super().__init__()
        self._next_piece = next_piece
        self._length = length
        self._rest = memoryview(b"")
        self._ended = False
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As for any file; what the body raises is raised."""
        if not self._rest and not self._ended:
            if self.failure is not None:
                raise self.failure
            try:
                piece = self._next_piece()
                self._length.take(piece) if piece else self._length.end()
            except BaseException as error:
                self.failure = error
                raise
            self._ended = not piece
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class WSGICall:
    """Calls an application, and pulls its answer out of it. Any thread may do that, one at a time.

    The application sees a context (`contextvars`) of its own, the same from its call to the
    iterable's end, in whatever thread.

    Args:
        app: the application.
        environ: the environ that it is called with.
        source: what `wsgi.input` reads from; None for a body in memory.
        request: the request that is answered.
        where: the application's name in messages.
        raises: whether its exceptions are raised.
        lock: for the state of this object.

    Attributes:
        head: the head of the answer; None until `begin` has returned.
    """

    def __init__(
        self,
        app: Any,
        environ: dict[str, Any],
        source: Input | None,
        request: PreparedRequest,
        where: str,
        raises: bool,
        lock: Lock,
    ) -> None:
        self.head: ResponseHead | None = None
        self._app = app
        self._environ = environ
        self._source = source
        self._request = request
        self._where = where
        self._raises = raises
        self._lock = lock
        self._context = copy_context()
        self._length = response_length(where, None)
        self._pieces: deque[bytes] = deque()
        self._iterable: Any = None
        self._iterator: Iterator[bytes] | None = None
        self._sent = False
        self._exhausted = False
        self._busy = False
        self._closing = False
        self._failure: Exception | None = None

    def begin(self) -> ResponseHead:
        """Call the application, and return when the head of its answer is final: with the first
        byte of the body, or its end.

        Raises:
            RemoteProtocolError: it breaks the rules of PEP 3333.
            IncompleteBody: it ended the body too early.
            Exception: whatever the application, or the request's body, raised.
        """
        self._guarded(self._call)
        if self.head is None:
            self.close()
            raise exceptions.RemoteProtocolError(
                f"{self._where} returned without having called start_response"
            )
        if not has_body(self._request, self.head):
            self._pieces.clear()
            self.close()
        return self.head

    def next(self) -> bytes:
        """The next bytes of the body; b"" when the application has ended, and was closed.

        Raises:
            StreamClosed: it was closed before, or meanwhile.
            Exception: as for `begin`.
        """
        if not self._pieces and not self._exhausted:
            self._guarded(self._advance)
        return self._pieces.popleft() if self._pieces else b""

    def close(self) -> None:
        """Close the application's iterable; while another thread is in it, as soon as that comes
        out. Closing again does nothing.
        """
        with self._lock:
            self._closing = True
            busy = self._busy
        if not busy:
            self._context.run(self._close)

    def __del__(self) -> None:
        if getattr(self, "_iterable", None) is not None:
            self.close()

    def _guarded(self, step: Callable[[], None]) -> None:
        with self._lock:
            if self._closing:
                raise StreamClosed
            if self._busy:
                raise exceptions.StreamConsumedError(
                    "The body is being read by another task or thread at this moment."
                )
            self._busy = True
        try:
            self._context.run(step)
        except BaseException as error:
            self._leave()
            self.close()
            raised = self._judge(error)
            if raised is None:
                return
            if raised is error:
                raise
            raise raised from error
        self._leave()
        if (failure := self._kept_failure()) is not None:
            self.close()
            raise failure

    def _leave(self) -> None:
        with self._lock:
            self._busy = False
            closing = self._closing
        if closing:
            self._context.run(self._close)

    def _kept_failure(self) -> BaseException | None:
        """What is raised even if the application swallowed it: a rule that it broke, or a failure
        of the request's body.
        """
        return self._failure or (None if self._source is None else self._source.failure)

    def _judge(self, error: BaseException) -> BaseException | None:
        """The exception to raise for one that came out of the application; None when it became an
        answer of 500.
        """
        if (failure := self._kept_failure()) is not None:
            return failure
        if isinstance(error, StopIteration):  # no coroutine lets it through
            error = RuntimeError(f"{self._where} raised StopIteration")
        if self._raises or not isinstance(error, Exception):
            return error
        self._log(error)
        if self._sent:
            return exceptions.IncompleteBody(
                f"{self._where} raised {type(error).__name__} before the body ended"
            )
        self.head = failed_head(self._where)
        self._pieces.append(FAILED)
        self._exhausted = True
        return None

    def _call(self) -> None:
        self._iterable = self._app(self._environ, self._start_response)
        self._iterator = iter(self._iterable)
        while not self._sent and not self._exhausted:
            self._advance()

    def _advance(self) -> None:
        """Pull until there is a piece, or the end."""
        assert self._iterator is not None  # noqa: S101 - it was called
        while not self._pieces and not self._exhausted:
            try:
                piece = next(self._iterator)
            except StopIteration:
                self._exhausted = True
                self._close()
                if self.head is not None:
                    self._settle(self.head)
                    self._length.end()
                return
            self._add(piece)

    def _add(self, piece: Any) -> None:
        if not isinstance(piece, bytes):
            raise self._violation(f"gave {type(piece).__name__}, not bytes, as part of its body")
        if not piece:
            return
        if self.head is None:
            raise self._violation("began its body without having called start_response")
        self._settle(self.head)
        try:
            self._length.take(piece)
        except exceptions.RequestException as error:
            self._failure = error
            raise
        self._pieces.append(piece)

    def _settle(self, head: ResponseHead) -> None:
        """Make the head final."""
        if not self._sent:
            self._sent = True
            counted = head if has_body(self._request, head) else None
            self._length = response_length(self._where, counted)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        try:
            if exc_info is not None and self._sent:
                raise exc_info[1].with_traceback(exc_info[2])
        finally:
            given = exc_info is not None
            exc_info = None  # which would refer to this frame, and the frame to it
        if self.head is not None and not given:
            raise self._violation("called start_response twice")
        if (
            not isinstance(status, str)
            or not (status[:3].isascii() and status[:3].isdigit())
            or status[3:4] not in {" ", ""}
        ):
            raise self._violation(
                f"gave {status!r} as its status, which is to be text such as '200 OK'"
            )
        try:
            fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        except (AttributeError, TypeError, ValueError) as error:
            raise self._violation(
                f"gave header fields that are not pairs of str in latin-1: {error}"
            ) from None
        try:
            self.head = head_of(self._where, int(status[:3]), status[4:], fields)
        except exceptions.RequestException as error:
            self._failure = error
            raise
        return self._add

    def _violation(self, what: str) -> exceptions.RemoteProtocolError:
        self._failure = self._failure or exceptions.RemoteProtocolError(f"{self._where} {what}")
        return self._failure  # type: ignore[return-value] # either is one

    def _close(self) -> None:
        iterable, self._iterable = self._iterable, None
        close = getattr(iterable, "close", None)
        if close is None:
            return
        try:
            close()
        except Exception as error:
            if self._raises:
                raise
            self._log(error)

    def _log(self, error: Exception) -> None:
        if (logger := listening()) is not None:
            logger.debug("%s raised", self._where, exc_info=error)
