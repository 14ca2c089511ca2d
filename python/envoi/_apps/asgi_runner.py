"""An ASGI application in one event loop: its lifespan, and the calls that run."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from envoi import exceptions
from envoi._apps.asgi_call import ASGIExchange
from envoi._apps.asgi_lifespan import GRACE, Lifespan
from envoi._apps.request import Expected, fields_of, name_of
from envoi._io.protocols import StreamClosed, TimedOut
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
        self._running: set[ASGIExchange] = set()

    async def begin(
        self, request: PreparedRequest, limits: Timeout, deadline: float, *, start: bool
    ) -> tuple[ASGIExchange, ResponseHead]:
        """Call the application, and return when the head of its answer is there.

        Args:
            request: what to give it.
            limits: `read_seconds` bounds the wait.
            deadline: the end of the whole, on the backend's clock.
            start: whether the application is started first, if it was not.

        Raises:
            ReadTimeout, TotalTimeout: the time is over.
            RemoteProtocolError: the application does not do as the specification says.
            ConnectionError: it did not start, or was closed meanwhile.
            Exception: whatever the application, or the request's body, raised.
        """
        request.settle()
        where = name_of(request)
        until = min(deadline, self.backend.now() + limits.read_seconds)
        expected = Expected(request)
        exchange: ASGIExchange | None = None
        try:
            if self.lifespan is not None and start:
                await self.lifespan.startup(until)
            scope = self._scope(request)
            exchange = ASGIExchange(
                self.backend,
                self._settings,
                scope,
                request,
                where,
                expected,
                self._pull,
                self._running.discard,
            )
            self._running.add(exchange)
            exchange.start()
            return exchange, await exchange.head(until)
        except TimedOut:
            if exchange is not None:
                exchange.cancel()
            raise timed_out(
                "read", where, limits, total_passed=is_over(deadline, self.backend.now())
            ) from None
        except StreamClosed:
            raise exceptions.ConnectionError(
                f"{where} was closed while it was asked", request=request
            ) from None
        except exceptions.RequestException as error:
            if error.request is None:
                error.request = request
            raise

    @property
    def is_started(self) -> bool:
        """Whether the application was started, and waits to be shut down."""
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
        for exchange in list(self._running):
            exchange.cancel()
        if self.lifespan is not None:
            self.lifespan.cancel()

    async def close(self) -> None:
        """End what runs: the calls have a second to end of their own after they were told. Then the
        application shuts down.

        Raises:
            ConnectionError: it says that it failed to.
            Exception: what it raised meanwhile, where its exceptions are raised.
        """
        running = list(self._running)
        until = self.backend.now() + GRACE
        try:
            for exchange in running:
                exchange.disconnect()
            for exchange in running:
                await exchange.finish(until)
            if self.lifespan is not None:
                await self.lifespan.shutdown()
        finally:
            self.cancel()

    def _scope(self, request: PreparedRequest) -> dict[str, Any]:
        """As ASGI's HTTP specification has it, 2.4."""
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
