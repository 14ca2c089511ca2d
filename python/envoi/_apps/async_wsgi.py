"""A WSGI application in an async session: it runs in a thread, and the thread asks the event loop
for the pieces of an asynchronous body.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from envoi._adapters.async_http import AsyncBaseAdapter
from envoi._adapters.translation import limits_of
from envoi._apps.gate import Gate
from envoi._io.protocols import StreamClosed
from envoi._io.run_sync import run_sync
from envoi._model.body_streams import Body
from envoi._responses.async_response import AsyncResponse
from envoi._wiring import blocking, running_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.wsgi_app import T, WSGIApplication
    from envoi._io.protocols import Backend, Job
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._pipeline.journey import Delivery, Told
    from envoi._pipeline.reply import Reply


class AsyncWSGIAdapter(AsyncBaseAdapter):
    """The adapter that an `AsyncSession` uses for a `WSGIAdapter`.

    Args:
        application: the WSGIAdapter's.
    """

    _is_blocking: ClassVar[bool] = False
    _own_send: ClassVar[Any]

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - an adapter's interface, here and below
        timeout: TimeoutType = None,
        verify: VerifyType = True,  # noqa: ARG002
        cert: CertType = None,  # noqa: ARG002
        proxies: ProxiesType = None,  # noqa: ARG002
    ) -> AsyncResponse:
        """Call the application in a thread, and return its response.

        The arguments are those of `WSGIAdapter.send`, and so are the exceptions; the request's body
        may be asynchronous.
        """
        place = _WorkerThread(running_backend(), request.content)
        limits = limits_of(request, timeout)
        return await self._application.answer(AsyncResponse, self, request, limits, None, place)

    async def _carry(
        self,
        delivery: Delivery,
        told: Told,  # noqa: ARG002 - TLS and proxies mean nothing here
        request: PreparedRequest,
        started: float,  # noqa: ARG002
        deadline: float,
    ) -> Reply:
        """What a session has in place of `send`."""
        place = _WorkerThread(running_backend(), request.content)
        limits = delivery.timeout.until(deadline)
        return await self._application.answer(
            AsyncResponse, self, request, limits, delivery.max_body, place
        )

    async def close(self) -> None:
        """Nothing: responses that are being streamed go on to their end."""


AsyncWSGIAdapter._own_send = AsyncWSGIAdapter.send


class _WorkerThread:
    """The place of an application that runs in a thread of the event loop's.

    Args:
        backend: the loop's.
        content: the request's body.
    """

    __slots__ = ("check_owner", "content", "run")

    def __init__(self, backend: Backend, content: Body) -> None:
        backend.check_owner()
        self.check_owner = backend.check_owner
        self.content = content
        self.run = backend.call_blocking
        if content.is_async:
            self.content = pulled = _Pulled(backend, content)
            self.run = pulled.call_blocking


class _Pulled(Body):
    """An asynchronous body, read by a thread: for each piece it waits until the loop has it.

    Args:
        backend: the loop's.
        content: the body.
    """

    __slots__ = ("_abandoned", "_backend", "_content", "_job", "_waiter")

    def __init__(self, backend: Backend, content: Body) -> None:
        super().__init__(None, content.content_type, content.length, content.shown)
        self._backend = backend
        self._content = content
        self._abandoned = False
        self._job: Job | None = None
        self._waiter = blocking.waiter()

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """As the backend's, but a caller who is cancelled does not wait for the thread: that could
        wait for a piece for ever. It gets StreamClosed in place of the next piece.
        """
        outcome: list[T] = []
        failure: list[BaseException] = []
        gate = Gate(self._backend)

        async def run() -> None:
            try:
                outcome.append(await self._backend.call_blocking(function))
            except BaseException as error:
                failure.append(error)
                raise
            finally:
                gate.wake()

        self._backend.start(run)
        try:
            await gate.until(lambda: outcome or failure)
        except BaseException:
            self._abandoned = True
            self._waiter.set()
            if self._job is not None:
                self._job.cancel()
            raise
        if failure:
            raise failure[0]
        return outcome[0]

    def next_piece(self) -> bytes:
        outcome: list[bytes | Exception] = []
        waiter = self._waiter = blocking.waiter()

        async def pull() -> None:
            try:
                outcome.append(await self._content.anext_piece())
            except Exception as error:  # noqa: BLE001 - whatever the caller's body raises is raised in the thread
                outcome.append(error)
            finally:
                waiter.set()

        if not self._abandoned:
            self._backend.call_soon(lambda: self._start(pull))
            run_sync(waiter.wait(inf))
        if not outcome:  # the caller was cancelled
            raise StreamClosed
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _start(self, pull: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._job = self._backend.start(pull)
