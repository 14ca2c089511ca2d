"""A WSGI application in the place of a server (PEP 3333), for a blocking session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from envoi._adapters.http import BaseAdapter
from envoi._adapters.translation import limits_of
from envoi._apps.request import CLIENT, AppSettings, require_sync_body
from envoi._apps.wsgi_app import WSGIApplication
from envoi._io.run_sync import run_sync
from envoi._responses.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._apps.async_wsgi import AsyncWSGIAdapter
    from envoi._apps.wsgi_app import T
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._pipeline.journey import Delivery, Told
    from envoi._pipeline.reply import Reply


class WSGIAdapter(BaseAdapter):
    """Gives requests to a WSGI application in this process, instead of sending them over a network.

    To be mounted in a `Session`, or in an `AsyncSession`, which calls the application in a thread.
    The application is called in the thread of the request, and goes on as the body is read: with
    `stream=True` piece by piece. Any number of threads may use an adapter.

    Args:
        app: the application, a callable as in PEP 3333.
        raise_app_exceptions: whether an exception of the application is raised as it is; False
            makes it an answer of 500, or, once there is part of the body, `IncompleteBody`.
        root_path: where the application is mounted: its SCRIPT_NAME. A URL's path may begin with
            it.
        client: the client's address, or a pair of address and port.
        errors: a text file for `wsgi.errors`; None for standard error.

    Raises:
        InvalidOption: an argument that cannot be used.

    `verify`, `cert` and `proxies` do nothing here. Of a timeout only `total` counts, and it ends
    nothing that is under way, because nothing can interrupt an application: the next part of the
    body is refused.

    Examples:
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [b"Hello from ", environ["PATH_INFO"].encode()]
        >>> with envoi.Session() as session:
        ...     session.mount("http://testserver/", envoi.adapters.WSGIAdapter(app))
        ...     session.get("http://testserver/here").text
        'Hello from /here'
    """

    _is_blocking: ClassVar[bool] = True
    _own_send: ClassVar[Any]

    def __init__(
        self,
        app: Any,
        *,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: str | tuple[str, int] = CLIENT,
        errors: Any = None,
    ) -> None:
        settings = AppSettings.checked(app, raise_app_exceptions, root_path, client)
        self._application = WSGIApplication(settings, errors)

    @property
    def app(self) -> Any:
        """The application."""
        return self._application.settings.app

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
            stream: ignored: the application goes on as the body is read.
            timeout: as for a session, but only `total` means something.
            verify: ignored.
            cert: ignored.
            proxies: ignored.

        Raises:
            RemoteProtocolError: the application breaks the rules of PEP 3333.
            InvalidBody: the request's body is asynchronous, or not of the length that it declares.
            TotalTimeout: the time is over.
            Exception: what the application raised, unless `raise_app_exceptions` is False.
        """
        place = _CallingThread(request)
        limits = limits_of(request, timeout)
        return run_sync(self._application.answer(Response, self, request, limits, None, place))

    async def _carry(
        self,
        delivery: Delivery,
        told: Told,  # noqa: ARG002 - TLS and proxies mean nothing here
        request: PreparedRequest,
        started: float,  # noqa: ARG002
        deadline: float,
    ) -> Reply:
        """What a session has in place of `send`."""
        return await self._application.answer(
            Response,
            self,
            request,
            delivery.timeout.until(deadline),
            delivery.max_body,
            _CallingThread(request),
        )

    def close(self) -> None:
        """Nothing: responses that are being streamed go on to their end."""

    @property
    def _awaited(self) -> AsyncWSGIAdapter:
        """The adapter that an `AsyncSession` uses instead."""
        from envoi._apps.async_wsgi import AsyncWSGIAdapter

        return AsyncWSGIAdapter(self._application)


WSGIAdapter._own_send = WSGIAdapter.send


class _CallingThread:
    """The place of an application that runs in the thread of its caller."""

    __slots__ = ("content",)

    def __init__(self, request: PreparedRequest) -> None:
        require_sync_body(request)
        self.content = request.content

    def check_owner(self) -> None:
        """Any thread may read."""

    async def run(self, step: Callable[[], T]) -> T:
        return step()
