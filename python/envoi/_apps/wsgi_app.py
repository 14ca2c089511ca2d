"""One WSGI application, asked by a blocking or an asynchronous session.

The flow is the same for both (`WSGIApplication.answer`). They differ in the thread that the
application runs in, which is their `Place`: the caller's own, or, so that an event loop is not held
up, one of its backend's threads. Every step of an application (the call, each piece of its
iterable, its close) goes through the place.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from envoi._apps.body import AppBody
from envoi._apps.length import request_length
from envoi._apps.reply import AppTrace, has_body, new_reply
from envoi._apps.request import fields_of, name_of
from envoi._apps.wsgi_call import Input, WSGICall
from envoi._model import exceptions
from envoi._model.errors import blame
from envoi._net.errors import is_over, timed_out
from envoi._wiring import blocking

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._apps.request import AppSettings
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._proto.h1 import ResponseHead
    from envoi._responses.base import OpenReply

T = TypeVar("T")
R = TypeVar("R", bound="OpenReply")


class Place(Protocol):
    """Where the steps of an application run.

    Attributes:
        content: the request's body, to be read there.
    """

    content: Body

    def check_owner(self) -> None:
        """Refuse an event loop that the answer does not belong to."""

    async def run(self, step: Callable[[], T]) -> T:
        """Run one step, and return its result."""
        ...


class WSGIApplication:
    """An application and the settings that it is called with.

    Args:
        settings: the application and how it is called.
        errors: a text file for `wsgi.errors`; None for standard error.
    """

    __slots__ = ("errors", "settings")

    def __init__(self, settings: AppSettings, errors: Any) -> None:
        self.settings = settings
        self.errors = errors

    async def answer(
        self,
        kind: type[R],
        adapter: Any,
        request: PreparedRequest,
        limits: Timeout,
        max_body: int | None,
        place: Place,
    ) -> R:
        """Call the application, and return its response, the body not read.

        Args:
            kind: `Response` or `AsyncResponse`.
            adapter: the adapter that sends the request.
            request: the request.
            limits: only the end of the whole means something.
            max_body: the largest decoded body in bytes; None for no limit.
            place: where the application runs.

        Raises:
            RequestException: whatever went wrong; see `WSGIAdapter.send`.
            Exception: what the application raised, if that is wanted.
        """
        where = name_of(request)
        started = blocking.now()
        deadline = limits.deadline_from(started)
        try:
            call, head = await place.run(lambda: self._begin(request, place.content, where))
        except exceptions.RequestException as error:
            blame(error, request)
            raise
        now = blocking.now()
        if is_over(deadline, now):
            await place.run(call.close)
            raise timed_out("read", where, limits, total_passed=True)
        trace = AppTrace(started, now)
        reply = new_reply(kind, adapter, request, head, trace)
        if has_body(request, head):
            reply.body = WSGIBody(
                call, place, where, head, trace, limits, deadline, max_body, request
            )
        else:
            trace.ended = trace.headed
            reply.finish(b"")
        return reply

    def _begin(
        self, request: PreparedRequest, content: Body, where: str
    ) -> tuple[WSGICall, ResponseHead]:
        """Call the application, and return when its head is final."""
        request.settle()
        environ = self._environ(request)
        source = None
        length = request_length(request)
        if content.content is not None:
            environ["wsgi.input"] = io.BytesIO(content.content)
        else:
            source = Input(content.next_piece, length)
            environ["wsgi.input"] = io.BufferedReader(source)
        call = WSGICall(
            self.settings.app,
            environ,
            source,
            request,
            where,
            self.settings.raises,
            blocking.lock(),
        )
        return call, call.begin()

    def _environ(self, request: PreparedRequest) -> dict[str, Any]:
        """The environ that PEP 3333 asks for, without `wsgi.input`."""
        url = request.parsed_url
        host, port = self.settings.client
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": self.settings.root_path.encode().decode("latin-1"),
            "PATH_INFO": unquote_to_bytes(self.settings.path_below(request)).decode("latin-1"),
            "QUERY_STRING": url.query or "",
            "REQUEST_URI": url.target,
            "SERVER_NAME": url.host,
            "SERVER_PORT": str(url.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": host,
            "REMOTE_PORT": str(port),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.errors": sys.stderr if self.errors is None else self.errors,
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


class WSGIBody(AppBody):
    """The body of an answer, pulled out of the application piece by piece.

    Args:
        call: the call that goes on as the body is read.
        place: where it goes on.
        where: the application, for messages.
        head: the head of the answer.
        trace: gets the time of the body's end.
        timeout: only its end of the whole counts: nothing can interrupt an application.
        deadline: that end.
        max_body: the largest decoded size in bytes; None for no limit.
        request: the request that is answered.
    """

    __slots__ = ("_call", "_place")

    def __init__(
        self,
        call: WSGICall,
        place: Place,
        where: str,
        head: ResponseHead,
        trace: AppTrace,
        timeout: Timeout,
        deadline: float,
        max_body: int | None,
        request: PreparedRequest,
    ) -> None:
        self._call = call
        self._place = place
        super().__init__(blocking, where, head, trace, timeout, deadline, max_body, request)

    def check_owner(self) -> None:
        """Refuse another event loop than the request's."""
        self._place.check_owner()

    async def _take(self, _threshold: int, _deadline: float) -> bytes:
        return await self._place.run(self._call.next)

    def _stop(self) -> None:
        self._call.close()

    def _drop(self) -> None:
        """Do nothing: the call closes itself when it is collected."""
