"""A WSGI application in the place of a server (PEP 3333)."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

from envoi import exceptions
from envoi._adapters.base import limits_of
from envoi._adapters.http import BaseAdapter
from envoi._apps.reply import AppBody, AppTrace, has_body, new_reply
from envoi._apps.request import CLIENT, AppSettings, Expected, fields_of, name_of
from envoi._apps.wsgi_call import Input, WSGICall
from envoi._net.errors import is_over, timed_out
from envoi._responses.response import Response
from envoi._wiring import blocking

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._apps.async_wsgi import AsyncWSGIAdapter
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType
    from envoi._proto.h1 import ResponseHead


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
        client: who asks: an address, or a pair of address and port.
        errors: a text file for `wsgi.errors`; None for standard error.

    Raises:
        InvalidOption: an argument that cannot be used.

    What concerns connections does nothing here: `verify`, `cert`, `proxies`, and the limits of a
    timeout but for `total`, at which the next part of the body is refused: nothing can interrupt an
    application that is busy.

    Example:
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [b"Hello from ", environ["PATH_INFO"].encode()]
        >>> with envoi.Session() as session:
        ...     session.mount("http://testserver/", envoi.adapters.WSGIAdapter(app))
        ...     session.get("http://testserver/here").text
        'Hello from /here'
    """

    def __init__(
        self,
        app: Any,
        *,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: str | tuple[str, int] = CLIENT,
        errors: Any = None,
    ) -> None:
        self._settings = AppSettings.checked(app, raise_app_exceptions, root_path, client)
        self._errors = errors

    @property
    def app(self) -> Any:
        """The application."""
        return self._settings.app

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
            timeout: as for a session, but only `total` means something.
            verify: not looked at.
            cert: not looked at.
            proxies: not looked at.

        Raises:
            RemoteProtocolError: the application does not do as PEP 3333 says.
            InvalidBody: the request's body is asynchronous, or not of the length that it declares.
            TotalTimeout: the time is over.
            Exception: what the application raised, unless `raise_app_exceptions` is False.
        """
        if request.content.is_async:
            raise exceptions.InvalidBody(
                "an asynchronous body needs an AsyncSession", request=request
            )
        response: Response = self.call(request, request.content, timeout).response(
            Response, self, request, WSGIBody
        )
        return response

    def close(self) -> None:
        """Nothing: responses that are being streamed go on to their end."""

    @property
    def _awaited(self) -> AsyncWSGIAdapter:
        """What an `AsyncSession` uses in its place."""
        from envoi._apps.async_wsgi import AsyncWSGIAdapter

        return AsyncWSGIAdapter(self)

    def call(self, request: PreparedRequest, content: Body, timeout: TimeoutType) -> Called:
        """Call the application, and return when its head is there. For sessions; see `send`.

        Args:
            request: what to give it.
            content: the request's body.
            timeout: as for `send`.
        """
        request.settle()
        where = name_of(request)
        limits = limits_of(request, timeout)
        started = blocking.now()
        deadline = min(started + limits.total_seconds, limits.deadline)
        environ = self._environ(request)
        source = None
        expected = Expected(request)
        if content.content is not None:
            environ["wsgi.input"] = io.BytesIO(content.content)
        else:
            source = Input(content.next_piece, expected)
            environ["wsgi.input"] = io.BufferedReader(source)
        call = WSGICall(
            self.app, environ, source, request, where, self._settings.raises, blocking.lock()
        )
        try:
            head = call.begin()
        except exceptions.RequestException as error:
            if error.request is None:
                error.request = request
            raise
        now = blocking.now()
        if is_over(deadline, now):
            call.close()
            raise timed_out("read", where, limits, total_passed=True)
        return Called(call, where, head, AppTrace(started, now), limits, deadline)

    def _environ(self, request: PreparedRequest) -> dict[str, Any]:
        """What PEP 3333 asks for, but for `wsgi.input`."""
        url = request.parsed_url
        host, port = self._settings.client
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": self._settings.root_path.encode().decode("latin-1"),
            "PATH_INFO": unquote_to_bytes(self._settings.path_below(request)).decode("latin-1"),
            "QUERY_STRING": url.query or "",
            "REQUEST_URI": url.target,
            "SERVER_NAME": url.host,
            "SERVER_PORT": str(url.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": host,
            "REMOTE_PORT": str(port),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.errors": sys.stderr if self._errors is None else self._errors,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        for raw_name, raw_value in fields_of(request):
            name, value = (
                raw_name.decode("latin-1").upper().replace("-", "_"),
                raw_value.decode("latin-1"),
            )
            if name not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                name = f"HTTP_{name}"
            separator = "; " if name == "HTTP_COOKIE" else ","
            environ[name] = f"{environ[name]}{separator}{value}" if name in environ else value
        return environ


class Called(NamedTuple):
    """What a call has come to.

    Args:
        call: goes on with it.
        where: the application, for messages.
        head: what it gave.
        trace: when.
        limits: as the request has them.
        deadline: the end of the whole.
    """

    call: WSGICall
    where: str
    head: ResponseHead
    trace: AppTrace
    limits: Timeout
    deadline: float

    def response(
        self,
        kind: Any,
        adapter: Any,
        request: PreparedRequest,
        body: Callable[[Called, PreparedRequest], WSGIBody],
    ) -> Any:
        """The response, its body not read.

        Args:
            kind: `Response` or `AsyncResponse`.
            adapter: who sent the request.
            request: what was sent.
            body: what reads the body.
        """
        response = new_reply(kind, adapter, request, self.head, self.trace)
        if has_body(request, self.head):
            response.body = body(self, request)
        else:
            self.trace.ended = self.trace.headed
            response.finish(b"")
        return response


class WSGIBody(AppBody):
    """What a call's body is read from.

    Args:
        called: the call.
        request: what it answers.
    """

    __slots__ = ("_call",)

    def __init__(self, called: Called, request: PreparedRequest) -> None:
        self._call = called.call
        super().__init__(
            blocking,
            called.where,
            called.head,
            called.trace,
            called.limits,
            called.deadline,
            request,
        )

    async def _take(self, _threshold: int, _deadline: float) -> bytes:
        return self._call.next()

    def _stop(self) -> None:
        self._call.close()

    def _drop(self) -> None:
        """Nothing: the call closes itself."""
