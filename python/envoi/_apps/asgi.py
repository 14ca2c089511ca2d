"""An ASGI application in the place of a server: for a blocking session in an event loop in a
thread, for an async one in its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from envoi import exceptions
from envoi._adapters.base import limits_of
from envoi._adapters.http import BaseAdapter
from envoi._apps.asgi_runner import ASGIRunner
from envoi._apps.async_asgi import ASGIBody, AsyncASGIAdapter
from envoi._apps.reply import AppTrace, new_reply
from envoi._apps.request import CLIENT, name_of
from envoi._io.protocols import StreamClosed
from envoi._responses.response import Response
from envoi._wiring import blocking, start_loop_thread

if TYPE_CHECKING:
    from collections.abc import Generator

    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._wiring import LoopThread


class ASGIAdapter(BaseAdapter):
    """Gives requests to an ASGI application in this process, instead of sending them over a
    network.

    To be mounted in a `Session`, for which the application runs in an asyncio event loop in a
    thread of its own, from the first request to `close()`; or in an `AsyncSession`, where it runs
    in the session's loop, be that asyncio's or trio's.

    The application runs beside the reader: with `stream=True` the response is there when its head
    is, each part of the body when the application has sent it, and the application pulls the
    request's body as it receives. It waits when 64 KiB wait to be read. The body ends when the
    application has returned, so that its exceptions are raised, and what it does after the response
    is done. A response that is closed early is `http.disconnect` for the application. `close()`
    gives what still runs a second to end, cancels it then, and has the application shut down.

    Of a timeout `read` bounds the wait for the head and for each part of the body, `total`
    everything; the application is cancelled then. `verify`, `cert` and `proxies` do nothing here.

    Args:
        app: the application, a callable as in ASGI 3.0.
        lifespan: whether the application is started before the first request, and shut down on
            `close()`: "on", "off", or "auto", which tolerates an application that knows nothing of
            it. Its state goes into the scope of each request.
        raise_app_exceptions: whether an exception of the application is raised as it is; False
            makes it an answer of 500, or, once the head is there, `IncompleteBody`.
        root_path: where the application is mounted. A URL's path may begin with it.
        client: who asks: an address, or a pair of address and port.

    Raises:
        InvalidOption: an argument that cannot be used.

    Example:
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

    def __init__(
        self,
        app: Any,
        *,
        lifespan: str = "auto",
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: str | tuple[str, int] = CLIENT,
    ) -> None:
        self._twin = AsyncASGIAdapter(
            app,
            lifespan=lifespan,
            raise_app_exceptions=raise_app_exceptions,
            root_path=root_path,
            client=client,
        )
        # By process: a forked child has no threads. A dictionary lets two threads agree without a
        # lock, which a child might find held.
        self._running: dict[int, tuple[LoopThread, ASGIRunner]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The settings, without what runs."""
        return {"_twin": self._twin, "_running": {}}

    @property
    def app(self) -> Any:
        """The application."""
        return self._twin.app

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
            request: what to give it.
            stream: not looked at: the body comes as it is read.
            timeout: as for a session; `read` and `total` mean something.
            verify: not looked at.
            cert: not looked at.
            proxies: not looked at.

        Raises:
            RemoteProtocolError: the application does not do as the specification says.
            ConnectionError: it did not start.
            InvalidBody: the request's body is asynchronous, or not of the length that it declares.
            ReadTimeout, TotalTimeout: the time is over.
            WrongEventLoop: the application itself sends the request, and would wait for itself.
            Exception: what the application raised, unless `raise_app_exceptions` is False.
        """
        if request.content.is_async:
            raise exceptions.InvalidBody(
                "an asynchronous body needs an AsyncSession", request=request
            )
        limits = limits_of(request, timeout)
        now = blocking.now()
        left = min(limits.total_seconds, limits.deadline - now)  # the loop may have another clock
        thread, runner = self._opened()
        clock = thread.backend.now
        started = clock()
        deadline = started + left
        where = name_of(request)
        try:
            exchange, head = thread.run(lambda: runner.begin(request, limits, deadline, start=True))
        except StreamClosed:
            raise exceptions.ConnectionError(
                f"{where} was closed while it was asked", request=request
            ) from None
        trace = AppTrace(started, clock())
        response: Response = new_reply(Response, self, request, head, trace)
        response.body = _ThreadedBody(
            thread, exchange, thread.backend, where, head, trace, limits, deadline, request
        )
        return response

    def startup(self) -> None:
        """Start the application now, and not with the first request. Nothing with `lifespan="off"`.

        Raises:
            ConnectionError: it did not start.
        """
        thread, runner = self._opened()
        thread.run(runner.startup)

    def close(self) -> Any:
        """End what runs, have the application shut down, and end the thread. A request after that
        starts it again.

        Returns:
            What an `AsyncSession` awaits, if the adapter is in use in one; else None.

        Raises:
            ConnectionError: it says that it failed to shut down.
            Exception: what it raised meanwhile, unless `raise_app_exceptions` is False.
        """
        running = self._running.pop(os.getpid(), None)
        if running is not None:
            thread, runner = running
            try:
                thread.run(runner.close)
            finally:
                thread.close()
        return None if self._twin._runner is None else _Closing(self._twin)

    @property
    def _awaited(self) -> AsyncASGIAdapter:
        """What an `AsyncSession` uses in its place."""
        return self._twin

    def _opened(self) -> tuple[LoopThread, ASGIRunner]:
        process = os.getpid()
        found = self._running.get(process)
        if found is not None:
            return found
        thread = start_loop_thread("envoi-asgi")
        backend = thread.backend

        async def pull(content: Body) -> bytes:
            return await backend.call_blocking(content.next_piece)

        made = thread, ASGIRunner(backend, self._twin._settings, self._twin._lifespan, pull)
        found = self._running.setdefault(process, made)
        if found is not made:
            thread.close()
        return found


class _Closing:
    """What closes an adapter when it is awaited, and may be left alone where nobody can."""

    def __init__(self, adapter: AsyncASGIAdapter) -> None:
        self._adapter = adapter

    def __await__(self) -> Generator[Any, Any, None]:
        return self._adapter.close().__await__()


class _ThreadedBody(ASGIBody):
    """The same, read from outside the loop."""

    __slots__ = ("_thread",)

    def __init__(self, thread: LoopThread, *arguments: Any) -> None:
        self._thread = thread
        super().__init__(*arguments)

    def check_owner(self) -> None:
        """Any thread may read."""

    async def _take(self, threshold: int, deadline: float) -> bytes:
        if self._exchange.ended:  # nothing there changes any more, nor is it waited for
            return await self._exchange.piece(threshold, deadline)
        return self._thread.run(lambda: self._exchange.piece(threshold, deadline))

    def _stop(self) -> None:
        self._thread.call_soon(self._exchange.disconnect)

    def _abort(self) -> None:
        self._thread.call_soon(self._exchange.cancel)

    _drop = _stop
