"""An ASGI application in the place of a server, for an async session: it runs in the session's
event loop.
"""

from __future__ import annotations

from sys import is_finalizing
from typing import TYPE_CHECKING, Any, ClassVar
from warnings import warn

from envoi._adapters.async_http import AsyncBaseAdapter
from envoi._adapters.translation import limits_of
from envoi._apps.asgi_app import answer
from envoi._apps.asgi_lifespan import checked_mode
from envoi._apps.asgi_runner import ASGIRunner
from envoi._apps.request import CLIENT, AppSettings
from envoi._net.source import next_piece
from envoi._responses.async_response import AsyncResponse
from envoi._wiring import running_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.asgi_app import T
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._pipeline.journey import Delivery, Told
    from envoi._pipeline.reply import Reply


class AsyncASGIAdapter(AsyncBaseAdapter):
    """Gives requests to an ASGI application in this process, instead of sending them over a
    network; for an `AsyncSession`.

    An `ASGIAdapter` mounted in an `AsyncSession` does the same; see there for the arguments and for
    what holds of both.

    Args:
        app: as for `ASGIAdapter`.
        lifespan: as for `ASGIAdapter`.
        raise_app_exceptions: as for `ASGIAdapter`.
        root_path: as for `ASGIAdapter`.
        client: as for `ASGIAdapter`.
    """

    _starts_lifespan: bool = True  # with the first request; `ASGISession` starts it itself

    _is_blocking: ClassVar[bool] = False
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
        self._settings = AppSettings.checked(app, raise_app_exceptions, root_path, client)
        self._lifespan = checked_mode(lifespan)
        self._runner: ASGIRunner | None = None

    def __getstate__(self) -> dict[str, Any]:
        """The settings, without what runs."""
        return {**self.__dict__, "_runner": None}

    @property
    def app(self) -> Any:
        """The application."""
        return self._settings.app

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - an adapter's interface, here and below
        timeout: TimeoutType = None,
        verify: VerifyType = True,  # noqa: ARG002
        cert: CertType = None,  # noqa: ARG002
        proxies: ProxiesType = None,  # noqa: ARG002
    ) -> AsyncResponse:
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
            InvalidBody: the request's body is not of the length that it declares.
            ReadTimeout, TotalTimeout: the time is over.
            WrongEventLoop: another event loop sent the first request.
            Exception: what the application raised, unless `raise_app_exceptions` is False.
        """
        access = _OwnLoop(self._ensure_runner())
        limits = limits_of(request, timeout)
        return await answer(
            access, AsyncResponse, self, request, limits, None, start=self._starts_lifespan
        )

    async def _carry(
        self,
        delivery: Delivery,
        told: Told,  # noqa: ARG002 - TLS and proxies mean nothing here
        request: PreparedRequest,
        started: float,  # noqa: ARG002
        deadline: float,
    ) -> Reply:
        """What a session has in place of `send`."""
        access = _OwnLoop(self._ensure_runner())
        return await answer(
            access,
            AsyncResponse,
            self,
            request,
            delivery.timeout.until(deadline),
            delivery.max_body,
            start=self._starts_lifespan,
        )

    async def startup(self) -> None:
        """Start the application now, and not with the first request. Do nothing with
        `lifespan="off"`.

        Raises:
            ConnectionError: it did not start.
        """
        await self._ensure_runner().startup()

    async def close(self) -> None:
        """End the calls that run, and have the application shut down. A later request starts it
        again.

        Raises:
            ConnectionError: the application says that it failed to shut down.
            Exception: what it raised meanwhile, unless `raise_app_exceptions` is False.
        """
        runner = self._runner
        if runner is not None:
            runner.backend.check_owner()
            self._runner = None
            await runner.close()

    def __del__(self, is_finalizing: Callable[[], bool] = is_finalizing) -> None:
        runner = self.__dict__.get("_runner")
        if runner is not None and runner.is_started and not is_finalizing():
            warn(
                f"unclosed {type(self).__name__}: close the session that has it",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            runner.backend.call_soon(runner.cancel)

    def _ensure_runner(self) -> ASGIRunner:
        if self._runner is None:
            backend = running_backend()

            def pull(content: Body) -> Any:
                return next_piece(backend, content)

            self._runner = ASGIRunner(backend, self._settings, self._lifespan, pull)
        self._runner.backend.check_owner()
        return self._runner


AsyncASGIAdapter._own_send = AsyncASGIAdapter.send


class _OwnLoop:
    """Access from the application's own event loop."""

    __slots__ = ("call_soon", "check_owner", "now", "runner")

    def __init__(self, runner: ASGIRunner) -> None:
        self.runner = runner
        self.now = runner.backend.now
        self.check_owner = runner.backend.check_owner
        self.call_soon = runner.backend.call_soon

    async def run(self, flow: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await flow()

    def call(self, function: Callable[[], None]) -> None:
        function()
