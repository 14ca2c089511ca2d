"""An ASGI application in one event loop: its lifespan, and the calls that run."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from envoi._apps.asgi_call import ASGICall
from envoi._apps.asgi_lifespan import GRACE, Lifespan
from envoi._apps.length import request_length
from envoi._apps.request import fields_of, name_of
from envoi._io.protocols import TimedOut
from envoi._model import exceptions
from envoi._net.errors import is_over, timed_out

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.request import AppSettings
    from envoi._io.protocols import Backend
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._proto.h1 import ResponseHead


class ASGIRunner:
    """Calls an application in an event loop.

    Args:
        backend: the loop's.
        settings: how the application is called.
        lifespan: "auto", "on" or "off".
        pull: gives the next piece of a request's body.
    """

    def __init__(
        self,
        backend: Backend,
        settings: AppSettings,
        lifespan: str,
        pull: Callable[[Body], Coroutine[Any, Any, bytes]],
    ) -> None:
        self.backend = backend
        self.lifespan: Lifespan | None = (
            None if lifespan == "off" else Lifespan(backend, settings, lifespan == "on")
        )
        self._settings = settings
        self._pull = pull
        self._running: set[ASGICall] = set()

    async def begin(
        self, request: PreparedRequest, timeout: Timeout, deadline: float, *, start: bool
    ) -> tuple[ASGICall, ResponseHead]:
        """Call the application, and return when the head of its answer is there.

        Args:
            request: the request.
            timeout: `read_seconds` bounds the wait.
            deadline: the end of the whole, on the backend's clock.
            start: whether its lifespan is started first, if it was not.

        Raises:
            ReadTimeout, TotalTimeout: the time is over.
            RemoteProtocolError: the application breaks the rules of the specification.
            ConnectionError: it did not start.
            StreamClosed: the runner was closed meanwhile.
            Exception: whatever the application, or the request's body, raised.
        """
        request.settle()
        where = name_of(request)
        until = min(deadline, self.backend.now() + timeout.read_seconds)
        length = request_length(request)
        call: ASGICall | None = None
        try:
            if self.lifespan is not None and start:
                await self.lifespan.startup(until)
            scope = self._scope(request)
            call = ASGICall(
                self.backend,
                self._settings,
                scope,
                request,
                where,
                length,
                self._pull,
                self._running.discard,
            )
            self._running.add(call)
            call.start()
            return call, await call.head(until)
        except TimedOut:
            if call is not None:
                call.cancel()
            raise timed_out(
                "read", where, timeout, total_passed=is_over(deadline, self.backend.now())
            ) from None
        except exceptions.RequestException as error:
            if error.request is None:
                error.request = request
            raise

    @property
    def is_started(self) -> bool:
        """Whether the application was started, and not yet shut down."""
        return self.lifespan is not None and self.lifespan.running

    async def startup(self) -> None:
        """Start the application, if it was not.

        Raises:
            ConnectionError: it did not start.
        """
        if self.lifespan is not None:
            await self.lifespan.startup(inf)

    def cancel(self) -> None:
        """Cancel all that runs."""
        for call in list(self._running):
            call.cancel()
        if self.lifespan is not None:
            self.lifespan.cancel()

    async def close(self) -> None:
        """Disconnect the calls that run, cancel those that still run after `GRACE`, and have the
        application shut down.

        Raises:
            ConnectionError: the application says that it failed to shut down.
            Exception: what it raised meanwhile, where its exceptions are raised.
        """
        running = list(self._running)
        until = self.backend.now() + GRACE
        try:
            for call in running:
                call.disconnect()
            for call in running:
                await call.finish(until)
            if self.lifespan is not None:
                await self.lifespan.shutdown()
        finally:
            self.cancel()

    def _scope(self, request: PreparedRequest) -> dict[str, Any]:
        """The scope of a request (ASGI's HTTP specification, 2.4)."""
        url = request.parsed_url
        root = self._settings.root_path
        path = self._settings.path_below(request)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": root + unquote(path),
            "raw_path": (quote(root) + path).encode("ascii"),
            "query_string": (url.query or "").encode("ascii"),
            "root_path": root,
            "headers": [(name.lower(), value) for name, value in fields_of(request)],
            "client": self._settings.client,
            "server": (url.host, url.port or 80),
            "extensions": {},
        }
        if self.lifespan is not None:
            scope["state"] = self.lifespan.state.copy()
        return scope
