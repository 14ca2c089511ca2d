"""One call of an ASGI application (ASGI's HTTP specification, 2.4).

The application runs in a task of its own (`_run`); the flow that reads its answer runs beside it,
in the same event loop, so that a change of state needs no lock. Two gates connect them: the
application waits at `_for_app` (in its `receive` and `send`), the reader at `_for_reader` (in
`head` and `piece`); whoever changes what the other waits for wakes that gate.

- The request's body: `_pulling` while a piece is fetched, `_asked` once its end was given out.
- The answer: `_head`, then `_pieces`, of which `MAX_WAITING` bytes may wait, then `_complete`,
  when the application has said that the body is over.
- The end: `ended` when the application has returned or raised, perhaps long after `_complete`. The
  reader's body ends only then, so that the reader is given what the application raised.
- `_disconnected`: nobody reads any more. `receive` gives http.disconnect, `send` raises.

Two kinds of failure are kept apart. `_failure` is a rule that the application broke, or a failure
of the request's body: it is raised whatever the application makes of it. `_error` is what came out
of the application: it is raised if that is wanted, and else becomes an answer of 500 or
IncompleteBody.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from envoi._apps.gate import Gate
from envoi._apps.length import response_length
from envoi._apps.reply import FAILED, failed_head, has_body, head_of
from envoi._io.protocols import StreamClosed, TimedOut
from envoi._model import exceptions
from envoi._pipeline.log import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.length import LengthCheck
    from envoi._apps.request import AppSettings
    from envoi._io.protocols import Backend, Job
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._proto.h1 import ResponseHead

MAX_WAITING: Final = 65536
"""How many bytes of a body may wait for their reader before the application waits, too."""


class Disconnected(OSError):  # noqa: N818 - what happened, not a kind of error
    """The response was closed: the application's `send` raises it (ASGI's HTTP specification,
    2.4).
    """


class ASGICall:
    """One call: for the application its `receive` and `send`, for the reader `head` and `piece`.

    Args:
        backend: the event loop's.
        settings: how the application is called.
        scope: the scope that it is called with.
        request: the request that is answered.
        where: the application's name in messages.
        length: what the request's body is counted against.
        pull: gives the next piece of the request's body, b"" at its end.
        on_end: called when the application has ended.

    Attributes:
        ended: whether the application has returned or raised.
    """

    def __init__(
        self,
        backend: Backend,
        settings: AppSettings,
        scope: dict[str, Any],
        request: PreparedRequest,
        where: str,
        length: LengthCheck,
        pull: Callable[[Body], Coroutine[Any, Any, bytes]],
        on_end: Callable[[ASGICall], object],
    ) -> None:
        self._backend = backend
        self._settings = settings
        self._scope = scope
        self._request = request
        self._where = where
        self._request_length = length
        self._pull = pull
        self._on_end = on_end
        self._job: Job | None = None
        self._for_app = Gate(backend)
        self._for_reader = Gate(backend)
        self._pulling = False
        self._asked = False
        self._head: ResponseHead | None = None
        self._length = response_length(where, None)
        self._with_body = False
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._complete = False
        self._disconnected = False
        self.ended: bool = False
        self._error: BaseException | None = None
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Call the application."""
        self._job = self._backend.start(self._run)

    async def head(self, deadline: float) -> ResponseHead:
        """The head of the answer, once it is there.

        Args:
            deadline: until when to wait.

        Raises:
            TimedOut: at the deadline.
            StreamClosed: the call was ended meanwhile.
            RemoteProtocolError: the application breaks the rules of the specification.
            Exception: whatever the application, or the request's body, raised.
        """
        await self._until(
            lambda: self._head or self._failure or self.ended or self._disconnected, deadline
        )
        if self._head is None or self._failure is not None:
            self._raise()
            raise exceptions.RemoteProtocolError(f"{self._where} returned without an answer")
        return self._head

    async def piece(self, threshold: int, deadline: float) -> bytes:
        """The next bytes of the body; b"" when the application has ended.

        Args:
            threshold: above 1, all that wait are given at once.
            deadline: until when to wait.

        Raises:
            TimedOut: at the deadline.
            StreamClosed: the call was ended meanwhile.
            RemoteProtocolError: the application breaks the rules of the specification.
            IncompleteBody: it ended before its body did.
            Exception: whatever the application, or the request's body, raised.
        """
        await self._until(
            lambda: self._pieces or self._failure or self.ended or self._disconnected, deadline
        )
        if self._pieces and not self._disconnected:
            piece = b"".join(self._pieces) if threshold > 1 else self._pieces.popleft()
            if threshold > 1:
                self._pieces.clear()
            self._waiting -= len(piece)
            self._for_app.wake()
            return piece
        self._raise()
        if not self._complete:
            raise exceptions.IncompleteBody(f"{self._where} returned before its body had ended")
        return b""

    def disconnect(self) -> None:
        """Let the application know that nobody reads: `receive` gives http.disconnect, `send`
        raises.
        """
        if not self._disconnected:
            self._disconnected = True
            self._for_app.wake()
            self._for_reader.wake()

    def cancel(self) -> None:
        """Disconnect, and cancel the application."""
        self.disconnect()
        if self._job is not None and not self.ended:
            self._job.cancel()

    async def finish(self, deadline: float) -> None:
        """Disconnect, and return when the application has ended; it is cancelled at the
        deadline.
        """
        self.disconnect()
        try:
            await self._for_reader.until(lambda: self.ended, deadline)
        except TimedOut:
            pass
        finally:
            if self._job is not None and not self.ended:
                await self._job.stop()
                self.ended = True

    async def _until(self, condition: Callable[[], object], deadline: float) -> None:
        try:
            await self._for_reader.until(condition, deadline)
        except Exception:
            raise
        except GeneratorExit:  # in which nothing can be awaited
            self._backend.call_soon(self.cancel)
            raise
        except BaseException:  # the reader is cancelled: nobody else would end the application
            self.disconnect()
            if self._job is not None:
                await self._job.stop()
            raise

    def _raise(self) -> None:
        """Raise the failure, or the application's exception, if there is one to raise."""
        if self._failure is not None:
            self.disconnect()
            raise self._failure
        if self._disconnected:
            raise StreamClosed
        error = self._error
        if error is None:
            return
        if self._settings.raises or not isinstance(error, Exception):
            raise error
        if not self._complete:
            raise exceptions.IncompleteBody(
                f"{self._where} raised {type(error).__name__} before the body ended"
            ) from error

    async def _run(self) -> None:
        try:
            await self._settings.app(self._scope, self._receive, self._send)
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - the reader gets it
            self._fail(error)
        except BaseException:
            if not self._complete:
                self._error = exceptions.RemoteProtocolError(f"{self._where} was cancelled")
            raise
        finally:
            self.ended = True
            self._for_reader.wake()
            self._on_end(self)

    def _fail(self, error: BaseException) -> None:
        self._error = error
        is_raised = self._settings.raises and not self._disconnected
        if is_raised or isinstance(error, Disconnected) or error is self._failure:
            return
        if (logger := listening()) is not None:
            logger.debug("%s raised", self._where, exc_info=error)
        if (
            self._head is None
            and self._failure is None
            and not self._disconnected
            and isinstance(error, Exception)
        ):
            self._take_head(failed_head(self._where))
            if self._with_body:
                self._pieces.append(FAILED)
                self._waiting = len(FAILED)
            self._complete = True

    async def _receive(self) -> dict[str, Any]:
        """The application's `receive`."""
        await self._for_app.until(lambda: not self._pulling or self._disconnected)
        if not self._asked and not self._disconnected:
            return await self._next_request()
        await self._for_app.until(lambda: self._complete or self._disconnected)
        return {"type": "http.disconnect"}

    async def _next_request(self) -> dict[str, Any]:
        content = self._request.content.content
        if content is not None:
            self._asked = True
            return {"type": "http.request", "body": content, "more_body": False}
        self._pulling = True
        try:
            piece = await self._pull(self._request.content)
            self._request_length.take(piece) if piece else self._request_length.end()
        except Exception as error:  # noqa: BLE001 - of the caller's own body: raised to the caller, not in the application
            self._failure = error
            self.disconnect()
            return {"type": "http.disconnect"}
        finally:
            self._pulling = False
            self._for_app.wake()
        self._asked = not piece
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def _send(self, message: dict[str, Any]) -> None:
        """The application's `send`."""
        if self._disconnected:
            raise Disconnected(f"the response of {self._where} was closed")
        kind = message.get("type")
        if kind == "http.response.start":
            self._take_start(message)
        elif kind == "http.response.body":
            self._take_body(message)
            await self._for_app.until(lambda: self._waiting <= MAX_WAITING or self._disconnected)
        else:
            raise self._violation(f"sent a message of an unknown type, {kind!r}")

    def _take_start(self, message: dict[str, Any]) -> None:
        if self._head is not None:
            raise self._violation("sent http.response.start twice")
        if message.get("trailers"):
            raise self._violation("announced trailers, which were not offered")
        status = message.get("status")
        if not isinstance(status, int):
            raise self._violation(f"sent a status that is no whole number, {status!r}")
        fields = [tuple(field) for field in message.get("headers") or ()]
        if any([type(part) for part in field] != [bytes, bytes] for field in fields):
            raise self._violation("sent header fields that are not pairs of bytes")
        try:
            self._take_head(head_of(self._where, status, _reason(status), fields))
        except exceptions.RequestException as error:
            self._failure = error
            self._for_reader.wake()
            raise

    def _take_head(self, head: ResponseHead) -> None:
        self._head = head
        self._with_body = has_body(self._request, head)
        self._length = response_length(self._where, head if self._with_body else None)
        self._for_reader.wake()

    def _take_body(self, message: dict[str, Any]) -> None:
        if self._head is None:
            raise self._violation("sent http.response.body before http.response.start")
        if self._complete:
            raise self._violation("sent http.response.body after the body's end")
        piece = message.get("body", b"")
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise self._violation(f"sent {type(piece).__name__}, not bytes, as part of its body")
        more = bool(message.get("more_body", False))
        try:
            self._length.take(bytes(piece))
            if not more:
                self._length.end()
        except exceptions.RequestException as error:
            self._failure = error
            self._for_reader.wake()
            raise
        if piece and self._with_body:
            self._pieces.append(bytes(piece))
            self._waiting += len(piece)
            self._for_reader.wake()
        if not more:
            self._complete = True
            self._for_app.wake()

    def _violation(self, what: str) -> exceptions.RemoteProtocolError:
        error = exceptions.RemoteProtocolError(f"{self._where} {what}")
        self._failure = self._failure or error
        self._for_reader.wake()
        return error


def _reason(status: int) -> str:
    """The reason phrase of a status, which ASGI leaves to the server."""
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
