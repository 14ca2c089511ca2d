"""One request, one answer: a connection from the pool, the exchange over it, and once more when the
connection was dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from envoi._io.protocols import TimedOut
from envoi._model.trace import Trace
from envoi._net.body import ResponseBody
from envoi._net.decoded import STEP
from envoi._net.errors import is_over, translate
from envoi._net.http1 import SOURCE
from envoi._pipeline.log import listening, log_exchange
from envoi._proto.h1 import IncompleteMessage
from envoi._proto.plans.resend import may_resend
from envoi.exceptions import ConnectionError as OurConnectionError
from envoi.exceptions import ProxyError, RemoteProtocolError, RequestException

if TYPE_CHECKING:
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.url import URL
    from envoi._net.http1 import HTTP1Connection
    from envoi._net.route import Route
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply
    from envoi._proto.h1 import ResponseHead

STREAM_AT_HEAD: Final = 0
_OF_A_PEER: Final = (OurConnectionError, RemoteProtocolError)


async def exchange(call: Call, request: PreparedRequest, started: float, deadline: float) -> Reply:
    """Send one request over one connection, and return its response: the body is complete when it
    was short, else still to be read.

    Args:
        call: how.
        request: what.
        started: when this part of the call began.
        deadline: the end of the whole.

    Raises:
        RequestException: whatever went wrong.
    """
    pool = call.pool
    backend = pool.backend
    url = request.parsed_url
    content = request.content
    route = call.route_for(url, call.tls)
    target = url.target
    headers = request.headers
    if route.proxy is not None:
        route, target, headers = for_proxy(url, headers, route)
    elif "Proxy-Authorization" in headers:
        headers = headers.copy()
        del headers["Proxy-Authorization"]  # there is no proxy to read it, and an origin must not
    resent = False
    while True:
        connection = await pool.acquire(route, call.timeout, deadline)
        try:
            acquired = backend.now()
            head = await connection.exchange(
                backend,
                request.method,
                target,
                url.authority,
                headers,
                content,
                call.timeout,
                deadline,
                STREAM_AT_HEAD if call.stream else STEP,
            )
            trace = Trace(
                started,
                acquired,
                connection.sent_at,
                backend.now(),
                connection,
                reused=connection.reused,
            )
            return _reply(call, request, connection, head, trace, deadline)
        except BaseException as error:
            pool.release(connection, reusable=False)
            if not isinstance(error, Exception) or _is_the_callers(error, connection):
                raise
            if not resent and call.resend and _may_resend(request, connection, error):
                resent = True
                content.rewind()
                continue
            passed = is_over(deadline, backend.now())
            phase = "body" if connection.machine.head_complete else _phase(connection)
            raised = translate(error, phase, connection.where, call.timeout, total_passed=passed)
            if (
                route.absolute_form
                and type(raised) in _OF_A_PEER
                and not connection.machine.response_started
            ):
                raised = ProxyError(f"The proxy broke off: {raised}")
            if isinstance(raised, RequestException) and raised.response is None:
                raised.response = _cut_short(call, request, connection)
            if raised is error:
                raise
            raise raised from error


def _is_the_callers(error: Exception, connection: HTTP1Connection) -> bool:
    """Whether the caller's own body raised: its exceptions stay what they are. A deadline that
    passed meanwhile is ours.
    """
    return connection.phase == SOURCE and not isinstance(error, TimedOut)


def _phase(connection: HTTP1Connection) -> str:
    return "write" if connection.phase == SOURCE else connection.phase


def for_proxy(url: URL, headers: Headers, route: Route) -> tuple[Route, str, Headers]:
    """The way, the request target and the header fields of a request that goes by way of a proxy.

    What is for the proxy goes along when the proxy forwards the request, and never into a tunnel
    (RFC 9110, section 11.7.2): there, a Proxy-Authorization among the request's fields goes with
    CONNECT. The request itself stays as it is: a redirect may take another way.

    Args:
        url: the request's.
        headers: the request's.
        route: with a proxy.
    """
    own = headers.get("Proxy-Authorization")
    if not route.absolute_form:
        if own is None:
            return route, url.target, headers
        headers = headers.copy()
        del headers["Proxy-Authorization"]
        return route.authorized(own), url.target, headers
    fields = route.proxy.fields if route.proxy is not None else ()
    if fields:
        headers = headers.copy()
        for name, value in fields:
            if name not in headers:
                headers.add(name, value)
    return route, f"{url.scheme}://{url.authority}{url.target}", headers


def _reply(
    call: Call,
    request: PreparedRequest,
    connection: HTTP1Connection,
    head: ResponseHead,
    trace: Trace,
    deadline: float,
) -> Reply:
    reply = call.new_reply(head, request, request.parsed_url)
    reply.trace = trace
    machine = connection.machine
    if (logger := listening()) is not None:
        log_exchange(logger, request, reply)
    if informational := machine.take_informational():
        reply.informational = informational
    if connection.interim:
        reply.informational = [*connection.interim, *informational]
        connection.interim = []
    short = (
        machine.body_ended
        and head.content_encoding is None
        and not call.stream
        and call.max_body is None
    )
    if short and (machine.keep_alive or connection.stream.closed_cleanly):
        content = machine.take_body()  # the short way: the whole answer is here
        trailers = machine.trailers
        call.pool.release(connection, reusable=machine.keep_alive)
        trace.ended = trace.headed
        reply.finish(content)
        reply.trailers = trailers
    else:
        reply.body = ResponseBody(
            connection, call.pool, head, trace, call.timeout, deadline, call.max_body, request
        )
        reply.body.settle()
    return reply


def _cut_short(call: Call, request: PreparedRequest, connection: HTTP1Connection) -> Reply | None:
    """The response whose body broke off, with what came of it; None when its head had not come."""
    head = connection.machine.take_head()
    if head is None:
        return None
    reply = call.new_reply(head, request, request.parsed_url)
    reply.finish(b"" if head.content_encoding is not None else connection.machine.take_body())
    return reply


def _may_resend(request: PreparedRequest, connection: HTTP1Connection, error: Exception) -> bool:
    died = isinstance(error, (OSError, IncompleteMessage)) and not isinstance(
        error, RequestException
    )
    return died and may_resend(
        method=request.method,
        reused=connection.reused,
        response_started=connection.machine.response_started,
        anything_sent=connection.anything_sent,
        replayable=request.content.replayable,
    )
