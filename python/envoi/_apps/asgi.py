"""An ASGI application in the place of a server, for a blocking session: it runs in an event loop in
a thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from envoi._adapters.http import BaseAdapter
from envoi._adapters.translation import limits_of
from envoi._apps.asgi_app import answer
from envoi._apps.asgi_runner import ASGIRunner
from envoi._apps.async_asgi import AsyncASGIAdapter
from envoi._apps.request import CLIENT, require_sync_body
from envoi._io.run_sync import run_sync
from envoi._responses.response import Response
from envoi._wiring import blocking, start_loop_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from envoi._apps.asgi_app import T
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._pipeline.journey import Delivery, Told
    from envoi._pipeline.reply import Reply
    from envoi._wiring import LoopThread


class ASGIAdapter(BaseAdapter):
    """Gives requests to an ASGI application in this process, instead of sending them over a
    network.

    To be mounted in a `Session`, for which the application runs in an asyncio event loop in a
    thread of its own, from the first request to `close()`; or in an `AsyncSession`, where it runs
    in the session's loop, asyncio's or trio's.

    The application runs beside the reader: with `stream=True` the response is returned as soon as
    its head is there, and each part of the body is given out when the application has sent it. The
    request's body is read as the application receives it. The application waits while 64 KiB are
    unread. The body ends when the application has returned, so that its exceptions are raised, and
    its background work is done. A response that is closed early is `http.disconnect` for the
    application. `close()` gives calls that still run a second to end, then cancels them, and has
    the application shut down.

    Of a timeout `read` bounds the wait for the head and for each part of the body, `total`
    everything; when either is over, the application is cancelled. `verify`, `cert` and `proxies` do
    nothing here.

    Args:
        app: the application, a callable as in ASGI 3.0.
        lifespan: whether the application is started before the first request, and shut down on
            `close()`: "on", "off", or "auto", which tolerates an application without a lifespan.
            Its state goes into the scope of each request.
        raise_app_exceptions: whether an exception of the application is raised as it is; False
            makes it an answer of 500, or, once the head is there, `IncompleteBody`.
        root_path: where the application is mounted. A URL's path may begin with it.
        client: the client's address, or a pair of address and port.

    Raises:
        InvalidOption: an argument that cannot be used.

    Examples:
        >>> async def app(scope, receive, send):
        ...     headers = [(b"content-type", b"text/plain")]
        ...     await send({"type": "http.response.start", "status": 200, "headers": headers})
        ...     body = b"Hello from " + scope["path"].encode()
        ...     await send({"type": "http.response.body", "body": body})
        >>> with envoi.Session() as session:
        ...     session.mount("http://testserver/", envoi.adapters.ASGIAdapter(app, lifespan="off"))
        ...     session.get("http://testserver/here").text
        'Hello from /here'
    """

    _is_blocking: ClassVar[bool] = True
    _own_send: ClassVar[Any]

    def __init__(
        self,
        app: Any,
        *,
        lifespan: str = "auto",
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: str | tuple[str, int] = CLIENT,
    ) -> None:
        self._async_adapter = AsyncASGIAdapter(
            app,
            lifespan=lifespan,
            raise_app_exceptions=raise_app_exceptions,
            root_path=root_path,
            client=client,
        )
        # By process: a forked child has no threads. A dictionary lets two threads agree without a
        # lock, which a child might find held.
        self._running: dict[int, _OtherLoop] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The settings, without what runs."""
        return {"_async_adapter": self._async_adapter, "_running": {}}

    @property
    def app(self) -> Any:
        """The application."""
        return self._async_adapter.app

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - an adapter's interface, here and below
        timeout: TimeoutType = None,
        verify: VerifyType = True,  # noqa: ARG002
        cert: CertType = None,  # noqa: ARG002
        proxies: ProxiesType = None,  # noqa: ARG002
    ) -> Response:
        """Call the application, and return its response, the body not read.

        Args:
            request: the request.
            stream: ignored: the body comes as it is read.
            timeout: as for a session; `read` and `total` mean something.
            verify: ignored.
            cert: ignored.
            proxies: ignored.

        Raises:
            RemoteProtocolError: the application breaks the rules of the specification.
            ConnectionError: it did not start.
            InvalidBody: the request's body is asynchronous, or not of the length that it declares.
            ReadTimeout, TotalTimeout: the time is over.
            WrongEventLoop: the application itself sends the request, and would wait for itself.
            Exception: what the application raised, unless `raise_app_exceptions` is False.
        """
        require_sync_body(request)
        access = self._ensure_access()
        limits = limits_of(request, timeout)
        return run_sync(answer(access, Response, self, request, limits, None, start=True))

    async def _carry(
        self,
        delivery: Delivery,
        told: Told,  # noqa: ARG002 - TLS and proxies mean nothing here
        request: PreparedRequest,
        started: float,  # noqa: ARG002
        deadline: float,
    ) -> Reply:
        """What a session has in place of `send`."""
        require_sync_body(request)
        limits = delivery.timeout.until(deadline)
        return await answer(
            self._ensure_access(), Response, self, request, limits, delivery.max_body, start=True
        )

    def startup(self) -> None:
        """Start the application now, and not with the first request. Do nothing with
        `lifespan="off"`.

        Raises:
            ConnectionError: it did not start.
        """
        access = self._ensure_access()
        access.thread.run(access.runner.startup)

    def close(self) -> Any:
        """End the calls that run, have the application shut down, and end the thread. A later
        request starts it again.

        Returns:
            If the adapter is in use in an `AsyncSession`, an awaitable that closes it there; else
            None.

        Raises:
            ConnectionError: the application says that it failed to shut down.
            Exception: what it raised meanwhile, unless `raise_app_exceptions` is False.
        """
        access = self._running.pop(os.getpid(), None)
        if access is not None:
            try:
                access.thread.run(access.runner.close)
            finally:
                access.thread.close()
        return None if self._async_adapter._runner is None else _Closing(self._async_adapter)

    @property
    def _awaited(self) -> AsyncASGIAdapter:
        """The adapter that an `AsyncSession` uses instead."""
        return self._async_adapter

    def _ensure_access(self) -> _OtherLoop:
        process = os.getpid()
        found = self._running.get(process)
        if found is not None:
            return found
        thread = start_loop_thread("envoi-asgi")
        backend = thread.backend

        async def pull(content: Body) -> bytes:
            return await backend.call_blocking(content.next_piece)

        runner = ASGIRunner(
            backend, self._async_adapter._settings, self._async_adapter._lifespan, pull
        )
        made = _OtherLoop(thread, runner)
        found = self._running.setdefault(process, made)
        if found is not made:
            thread.close()
        return found


ASGIAdapter._own_send = ASGIAdapter.send


class _Closing:
    """Closes an adapter when it is awaited. A coroutine in its place would warn where nobody awaits
    it.
    """

    def __init__(self, adapter: AsyncASGIAdapter) -> None:
        self._adapter = adapter

    def __await__(self) -> Generator[Any, Any, None]:
        return self._adapter.close().__await__()


class _OtherLoop:
    """Access from any thread but the loop's own."""

    __slots__ = ("call", "call_soon", "runner", "thread")

    def __init__(self, thread: LoopThread, runner: ASGIRunner) -> None:
        self.thread = thread
        self.runner = runner
        self.call = self.call_soon = thread.call_soon

    def now(self) -> float:
        return blocking.now()

    def check_owner(self) -> None:
        """Any thread may read."""

    async def run(self, flow: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self.thread.run(flow)
