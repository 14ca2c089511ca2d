"""A WSGI application in an async session: called in a thread, to which asynchronous uploads are handed over."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from envoi._facade.async_adapters import AsyncBaseAdapter
from envoi._facade.in_thread import sent_in_thread
from envoi._facade.opening import _running_backend
from envoi._io.blocking import BlockingWaiter
from envoi._io.protocols import StreamClosed
from envoi._io.run_sync import run_sync
from envoi._model.body_streams import Body

if TYPE_CHECKING:
    from envoi._facade.async_response import AsyncResponse
    from envoi._facade.response import Response
    from envoi._facade.wsgi import WSGIAdapter
    from envoi._io.protocols import Backend
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType


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
        """Call the application in a thread, and return its response. For the rest see `WSGIAdapter.send`.

        Args:
            request: what to give it.
            stream: not looked at.
            timeout: as for a session, but only `total` means something.
            verify: not looked at.
            cert: not looked at.
            proxies: not looked at.
        """
        backend = _running_backend()
        backend.check_owner()
        response = await sent_in_thread(backend, _InLoop(self._adapter, backend), request, {"timeout": timeout})
        response.connection = self
        return response  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Nothing: responses that are being streamed go on to their end."""


class _InLoop:
    """The adapter, in a thread for which a loop waits."""

    def __init__(self, adapter: WSGIAdapter, backend: Backend) -> None:
        self._adapter = adapter
        self._backend = backend

    def send(self, request: PreparedRequest, timeout: TimeoutType) -> Response:
        content = request.content
        return self._adapter._answer(request, _Pulled(self._backend, content) if content.is_async else content, timeout)


class _Pulled(Body):
    """An asynchronous body, each piece of which a thread asks the loop for."""

    __slots__ = ("_backend", "_content")

    def __init__(self, backend: Backend, content: Body) -> None:
        super().__init__(None, content.content_type, content.length, content.shown)
        self._backend = backend
        self._content = content

    def next_piece(self) -> bytes:
        waiter = BlockingWaiter()
        outcome: list[Any] = [StreamClosed()]

        async def pull() -> None:
            try:
                outcome[0] = await self._content.anext_piece()
            except Exception as error:  # noqa: BLE001 - whatever the caller's body raises is raised in the thread
                outcome[0] = error
            finally:
                waiter.set()

        self._backend.call_soon(lambda: _start(self._backend, pull))
        run_sync(waiter.wait(inf))
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        piece: bytes = outcome[0]
        return piece


def _start(backend: Backend, pull: Any) -> None:
    backend.start(pull)
