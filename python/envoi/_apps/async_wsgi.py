"""A WSGI application in an async session: called in a thread, to which asynchronous uploads are
handed over.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from envoi._adapters.async_http import AsyncBaseAdapter
from envoi._apps.gate import Gate
from envoi._apps.wsgi import WSGIBody
from envoi._io.protocols import StreamClosed
from envoi._io.run_sync import run_sync
from envoi._model.body_streams import Body
from envoi._responses.async_response import AsyncResponse
from envoi._wiring import blocking, running_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.wsgi import Called, WSGIAdapter
    from envoi._io.protocols import Backend, Job
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType

T = TypeVar("T")


class AsyncWSGIAdapter(AsyncBaseAdapter):
    """What an `AsyncSession` uses for a `WSGIAdapter`.

    Args:
        adapter: that.
    """

    def __init__(self, adapter: WSGIAdapter) -> None:
        self._adapter = adapter

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - an adapter's interface, here and below
        timeout: TimeoutType = None,
        verify: VerifyType = True,  # noqa: ARG002
        cert: CertType = None,  # noqa: ARG002
        proxies: ProxiesType = None,  # noqa: ARG002
    ) -> AsyncResponse:
        """Call the application in a thread, and return its response. For the rest see
        `WSGIAdapter.send`.

        Args:
            request: what to give it.
            stream: not looked at.
            timeout: as for a session, but only `total` means something.
            verify: not looked at.
            cert: not looked at.
            proxies: not looked at.
        """
        backend = running_backend()
        backend.check_owner()
        content = request.content
        in_thread: Any = backend.call_blocking
        if content.is_async:
            content = pulled = _Pulled(backend, content)
            in_thread = pulled.call_blocking
        called = await in_thread(lambda: self._adapter.call(request, content, timeout))

        def body(called: Called, request: PreparedRequest) -> WSGIBody:
            return _InThread(called, request, backend, in_thread)

        response: AsyncResponse = called.response(AsyncResponse, self, request, body)
        return response

    async def close(self) -> None:
        """Nothing: responses that are being streamed go on to their end."""


class _InThread(WSGIBody):
    """The same, each piece waited for in a thread."""

    __slots__ = ("_in_thread", "_loop")

    def __init__(
        self, called: Called, request: PreparedRequest, loop: Backend, in_thread: Any
    ) -> None:
        self._loop = loop
        self._in_thread = in_thread
        super().__init__(called, request)

    def check_owner(self) -> None:
        self._loop.check_owner()

    async def _take(self, _threshold: int, _deadline: float) -> bytes:
        piece: bytes = await self._in_thread(self._call.next)
        return piece


class _Pulled(Body):
    """An asynchronous body, each piece of which a thread asks the loop for.

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
        """As the backend's, but a caller who is cancelled waits no longer: the thread is told that
        there is nothing more to pull.
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
        if not outcome:  # nobody is there any more
            raise StreamClosed
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _start(self, pull: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._job = self._backend.start(pull)
