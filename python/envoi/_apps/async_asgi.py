"""An ASGI application in the place of a server, for an async session: it runs in the session's
event loop.
"""

from __future__ import annotations

from sys import is_finalizing
from typing import TYPE_CHECKING, Any
from warnings import warn

from envoi._adapters.async_http import AsyncBaseAdapter
from envoi._adapters.base import limits_of
from envoi._apps.asgi_lifespan import checked_mode
from envoi._apps.asgi_runner import ASGIRunner
from envoi._apps.reply import AppBody, AppTrace, new_reply
from envoi._apps.request import CLIENT, AppSettings, name_of
from envoi._net.http1 import next_piece
from envoi._responses.async_response import AsyncResponse
from envoi._wiring import running_backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._apps.asgi_call import ASGIExchange
    from envoi._io.protocols import Backend
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._proto.h1 import ResponseHead


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

    _starts: bool = True

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
            request: what to give it.
            stream: not looked at: the body comes as it is read.
            timeout: as for a session; `read` and `total` mean something.
            verify: not looked at.
            cert: not looked at.
            proxies: not looked at.

        Raises:
            RemoteProtocolError: the application does not do as the specification says.
            ConnectionError: it did not start.
            InvalidBody: the request's body is not of the length that it declares.
            ReadTimeout, TotalTimeout: the time is over.
            WrongEventLoop: another event loop sent the first request.
            Exception: what the application raised, unless `raise_app_exceptions` is False.
        """
        runner = self._opened()
        backend = runner.backend
        limits = limits_of(request, timeout)
        started = backend.now()
        deadline = min(started + limits.total_seconds, limits.deadline)
        exchange, head = await runner.begin(request, limits, deadline, start=self._starts)
        trace = AppTrace(started, backend.now())
        response: AsyncResponse = new_reply(AsyncResponse, self, request, head, trace)
        response.body = ASGIBody(
            exchange, backend, name_of(request), head, trace, limits, deadline, request
        )
        return response

    async def startup(self) -> None:
        """Start the application now, and not with the first request. Nothing with `lifespan="off"`.

        Raises:
            ConnectionError: it did not start.
        """
        await self._opened().startup()

    async def close(self) -> None:
        """End what runs, and have the application shut down. A request after that starts it again.

        Raises:
            ConnectionError: it says that it failed to shut down.
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

    def _opened(self) -> ASGIRunner:
        if self._runner is None:
            backend = running_backend()

            def pull(content: Body) -> Any:
                return next_piece(backend, content)

            self._runner = ASGIRunner(backend, self._settings, self._lifespan, pull)
        self._runner.backend.check_owner()
        return self._runner


class ASGIBody(AppBody):
    """What an exchange's body is read from, in its event loop."""

    __slots__ = ("_exchange",)

    def __init__(
        self,
        exchange: ASGIExchange,
        backend: Backend,
        where: str,
        head: ResponseHead,
        trace: AppTrace,
        timeout: Timeout,
        deadline: float,
        request: PreparedRequest,
    ) -> None:
        self._exchange = exchange
        super().__init__(backend, where, head, trace, timeout, deadline, request)

    def check_owner(self) -> None:
        """Refuse another event loop than the exchange's."""
        self._backend.check_owner()

    async def _take(self, threshold: int, deadline: float) -> bytes:
        return await self._exchange.piece(threshold, deadline)

    def _stop(self) -> None:
        self._exchange.disconnect()

    def _abort(self) -> None:
        self._exchange.cancel()

    def _drop(self) -> None:
        self._backend.call_soon(self._exchange.disconnect)
