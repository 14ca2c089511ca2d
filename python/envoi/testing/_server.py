"""The embedded HTTP server."""

from __future__ import annotations

import threading
import traceback as traceback_module
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from envoi.testing._builtin import NO_HEADERS
from envoi.testing._builtin import router as builtin_router
from envoi.testing._certificates import Certificate, CertificateAuthority
from envoi.testing._listener import Accepted, Listener, reset
from envoi.testing._messages import Answer, Answerable, Content, Pairs, Request, as_answer
from envoi.testing._routes import Router
from envoi.testing._wire import Malformed, Reader, read_request, write_answer

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self

Handler: TypeAlias = Callable[[Request], Answerable]
"""A route: takes the request, gives an Answer, text, bytes, a mapping (JSON) or (status, body)."""

_RECORDED = 10_000
_RECORDED_BODY = 64 * 1024


class Server:
    """An HTTP/1.1 server inside the process, on loopback, for tests and demonstrations.

    It starts when made and stops when closed. Connections are kept alive. It answers each path with
    a function that you give, and unless `builtin` is false a set of ready ones: `/get /post
    /anything` echo as JSON, `/status/<code>`, `/redirect/<n>`, `/cookies/set?name=value`,
    `/delay/<seconds>`, `/bytes/<n>`, `/stream/<n>`, `/gzip` and more (`/` lists them).

    Args:
        tls: True for HTTPS with a throw-away authority (`ca_path`); or a certificate, or a ready
            context.
        builtin: whether to serve the ready-made paths.
        host: the loopback address to listen on.
        max_body: the largest request body accepted, in bytes; a larger one is answered with 413.

    Examples:
        >>> with Server() as server:
        ...     @server.route("/hello/<name>")
        ...     def hello(request):
        ...         return {"hello": request.parameters["name"]}
        ...     envoi.get(f"{server.url}/hello/you").json()
        {'hello': 'you'}
    """

    def __init__(
        self,
        *,
        tls: bool | Certificate | ssl.SSLContext = False,
        builtin: bool = True,
        host: str = "127.0.0.1",
        max_body: int = 512 * 1024 * 1024,
    ) -> None:
        self.authority: CertificateAuthority | None = None
        self.tls_failures: list[str] = []
        self.errors: list[Exception] = []
        self._changed = threading.Condition()
        self._requests: deque[Request] = deque(maxlen=_RECORDED)
        self._served = 0
        self._max_body = max_body
        self._routes: Router[Handler] = Router()
        self._builtin: Router[Handler] = builtin_router() if builtin else Router()
        self._ca_path = tls.ca_path if isinstance(tls, Certificate) else None
        context = self._context(tls)
        self._secure = context is not None
        self._listener = Listener(
            self._serve, context=context, host=host, on_handshake_failure=self._note_tls_failure
        )
        self.host: str = f"[{host}]" if ":" in host else host
        self.port: int = self._listener.port

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end: "http://127.0.0.1:40123"."""
        return f"{'https' if self._secure else 'http'}://{self.host}:{self.port}"

    @property
    def ca_path(self) -> str:
        """The file to trust (`verify=server.ca_path`).

        Raises:
            AttributeError: the server has no TLS, or a context of which it does not know the
                authority.
        """
        if self._ca_path is None:
            message = "this server has no certificate authority: make it with Server(tls=True)"
            raise AttributeError(message)
        return self._ca_path

    @property
    def requests(self) -> list[Request]:
        """The requests that came, oldest first: the last ten thousand, bodies over 64 KiB left
        out.
        """
        with self._changed:
            return list(self._requests)

    @property
    def served(self) -> int:
        """How many requests came."""
        with self._changed:
            return self._served

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._listener.accepted

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return self._listener.open_connections

    @property
    def stopping(self) -> threading.Event:
        """Set when the server is told to stop: what a slow route should wait on."""
        return self._listener.stopping

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> list[Request]:
        """Wait until so many requests came in all.

        Args:
            count: how many.
            timeout: seconds to wait at most.

        Raises:
            TimeoutError: they did not come.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._served >= count, timeout):
                message = f"{self._served} of {count} requests came within {timeout} seconds"
                raise TimeoutError(message)
            return list(self._requests)

    def route(
        self, pattern: str, methods: Iterable[str] = ("GET",)
    ) -> Callable[[Handler], Handler]:
        """Decorate a function to answer a path.

        Args:
            pattern: the path; `<name>` stands for one segment, `<name...>` at the end for all that
                follows.
            methods: which methods; HEAD is answered wherever GET is. ("*",) is every method.
        """

        def register(handler: Handler) -> Handler:
            self._routes.add(pattern, methods, handler)
            return handler

        return register

    def add(
        self,
        pattern: str,
        body: Content | Answer = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | Pairs = (),
        methods: Iterable[str] = ("*",),
    ) -> None:
        """Answer a path always with the same thing.

        Args:
            pattern: the path, as for `route`.
            body: text, bytes, a mapping (JSON), or a whole `Answer`.
            status: the status code.
            headers: header fields.
            methods: which methods; by default every one.
        """
        answer = body if isinstance(body, Answer) else Answer(status, body, headers)
        self._routes.add(pattern, methods, lambda _: answer)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}, {self.served} requests>"

    def close(self) -> None:
        """Stop, and wait until every thread has ended. Again: nothing."""
        self._listener.close()
        if self.authority is not None:
            self.authority.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if error is None and self.errors:
            message = "routes of the test server failed"
            raise ExceptionGroup(message, self.errors)

    def _context(self, tls: bool | Certificate | ssl.SSLContext) -> ssl.SSLContext | None:
        if tls is True:
            self.authority = CertificateAuthority()
            self._ca_path = self.authority.path
            return self.authority.issue("localhost", "127.0.0.1", "::1").server_context()
        if isinstance(tls, Certificate):
            return tls.server_context()
        return tls or None

    def _serve(self, accepted: Accepted) -> None:
        connection = accepted.socket
        reader = Reader(connection.recv)
        try:
            while not self.stopping.is_set():
                request = read_request(
                    reader, connection.sendall,
                    limit=self._max_body, peer=accepted.peer,
                    secure=self._secure, connection=accepted.number,
                )  # fmt: skip
                if request is None:
                    return
                self._record(request)
                answer = self._answer(request)
                if answer.delay and self.stopping.wait(answer.delay):
                    return
                keep = write_answer(connection, request, answer, self.stopping)
                if answer.reset:
                    reset(connection)
                if not keep or answer.reset:
                    return
        except Malformed as error:
            refusal = Answer(error.status, f"{error}\n", close=True)
            write_answer(connection, _NOBODY, refusal, self.stopping)
        except OSError:
            return  # the client went away

    def _record(self, request: Request) -> None:
        if len(request.body) > _RECORDED_BODY:
            request = Request(**{**request.__dict__, "body": b""})
        with self._changed:
            self._requests.append(request)
            self._served += 1
            self._changed.notify_all()

    def _answer(self, request: Request) -> Answer:
        found = self._routes.find(request.method, request.path) or self._builtin.find(
            request.method, request.path
        )
        if found is None:
            allowed = self._routes.methods(request.path) or self._builtin.methods(request.path)
            if allowed:
                return Answer(
                    405, f"{request.method} is not allowed here\n", [("Allow", ", ".join(allowed))]
                )
            return Answer(404, f"nothing at {request.path}\n")
        handler, parameters = found
        if parameters:
            request = Request(**{**request.__dict__, "parameters": parameters})
        try:
            return as_answer(handler(request))
        except Exception as error:  # raised again by __exit__
            self.errors.append(error)
            return Answer(500, "".join(traceback_module.format_exception(error)), close=True)

    def _note_tls_failure(self, error: OSError) -> None:
        self.tls_failures.append(str(error))


_NOBODY = Request("GET", "/", "/", "", headers=NO_HEADERS)
