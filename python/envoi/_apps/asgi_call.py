"""One call of an ASGI application, in a task beside the flow that reads its answer."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from envoi import exceptions
from envoi._apps.gate import Gate
from envoi._apps.reply import FAILED, Declared, failed_head, has_body, read_head
from envoi._io.protocols import StreamClosed, TimedOut
from envoi._pipeline.log import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.request import AppSettings, Expected
    from envoi._io.protocols import Backend, Job
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._proto.h1 import ResponseHead

MOST_WAITING: Final = 65536
"""How many bytes of a body wait for their reader before the application waits, too."""


class Disconnected(OSError):  # noqa: N818 - what happened, not a kind of error
    """What the application's `send` raises once the response was closed (ASGI's HTTP specification,
    2.4).
    """


class ASGIExchange:
    """Calls an application and holds both ends of the conversation: its `receive` and `send`, and
    the reader's `head` and `piece`.

    Args:
        backend: where both run.
        settings: how the application is called.
        scope: what it is called with.
        request: what it answers.
        where: its name in messages.
        expected: counts the request's body.
        pull: gives the next piece of the request's body, b"" at its end.
        on_end: called when the application has ended.

    Attributes:
        ended: whether the application has.
    """

    def __init__(
        self,
        backend: Backend,
        settings: AppSettings,
        scope: dict[str, Any],
        request: PreparedRequest,
        where: str,
        expected: Expected,
        pull: Callable[[Body], Coroutine[Any, Any, bytes]],
        on_end: Callable[[ASGIExchange], object],
    ) -> None:
        self._backend = backend
        self._settings = settings
        self._scope = scope
        self._request = request
        self._where = where
        self._expected = expected
        self._pull = pull
        self._on_end = on_end
        self._job: Job | None = None
        self._for_app = Gate(backend)
        self._for_reader = Gate(backend)
        # The request's body.
        self._pulling = False
        self._asked = False
        # The answer.
        self._head: ResponseHead | None = None
        self._declared = Declared(where, None)
        self._with_body = False
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._complete = False
        # How it ends.
        self._disconnected = False
        self.ended: bool = False
        self._error: BaseException | None = None
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Call the application."""
        self._job = self._backend.start(self._run)

    async def head(self, deadline: float) -> ResponseHead:
        """The head of the answer, once it is there.

        Raises:
            TimedOut: at the deadline.
            RemoteProtocolError: the application does not do as the specification says.
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

        Raises:
            TimedOut: at the deadline.
            StreamClosed: the application was told that nobody reads.
            RemoteProtocolError, IncompleteBody: the application does not do as the specification
                says.
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
        """Tell the application that nobody reads: `receive` gives http.disconnect, `send`
        raises.
        """
        if not self._disconnected:
            self._disconnected = True
            self._for_app.wake()
            self._for_reader.wake()

    def cancel(self) -> None:
        """Tell it so, and cancel it."""
        self.disconnect()
        if self._job is not None and not self.ended:
            self._job.cancel()

    async def finish(self, deadline: float) -> None:
        """Tell it so, and return when it has ended; it is cancelled at the deadline."""
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
        except GeneratorExit:  # nothing can be waited for
            self._backend.call_soon(self.cancel)
            raise
        except BaseException:  # cancelled: and so is the application, which is waited for
            self.disconnect()
            if self._job is not None:
                await self._job.stop()
            raise

    def _raise(self) -> None:
        """Raise what there is to raise, if anything."""
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
        heard = self._settings.raises and not self._disconnected
        if heard or isinstance(error, Disconnected) or error is self._failure:
            return
        if (logger := listening()) is not None:
            logger.debug("%s raised", self._where, exc_info=error)
        if (
            self._head is None
            and self._failure is None
            and not self._disconnected
            and isinstance(error, Exception)
        ):
            self._begin(failed_head(self._where))
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
            piece = self._expected.take(await self._pull(self._request.content))
        except Exception as error:  # noqa: BLE001 - the caller's own body: the caller hears of it, and not the application
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
            await self._for_app.until(lambda: self._waiting <= MOST_WAITING or self._disconnected)
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
            self._begin(read_head(self._where, status, _reason(status), fields))
        except exceptions.RequestException as error:
            self._failure = error
            self._for_reader.wake()
            raise

    def _begin(self, head: ResponseHead) -> None:
        self._head = head
        self._with_body = has_body(self._request, head)
        self._declared = Declared(self._where, head if self._with_body else None)
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
            self._declared.take(bytes(piece))
            if not more:
                self._declared.end()
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
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
