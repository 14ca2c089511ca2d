"""One request, one answer: a connection from the pool, the exchange on it, and a second one on a
new connection when the first was dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from envoi._io.protocols import TimedOut
from envoi._model.exceptions import ConnectionError as OurConnectionError
from envoi._model.exceptions import ProxyError, RemoteProtocolError, RequestException
from envoi._net.body import ResponseBody
from envoi._net.decoded import STEP
from envoi._net.errors import is_over, translate
from envoi._net.exchange import SOURCE
from envoi._pipeline.log import listening, log_exchange, log_failure
from envoi._proto.h1 import IncompleteMessage
from envoi._proto.plans.resend import may_resend

if TYPE_CHECKING:
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.url import URL
    from envoi._net.exchange import Exchange, Fate
    from envoi._net.route import Route
    from envoi._pipeline.journey import Delivery
    from envoi._pipeline.reply import Reply
    from envoi._proto.h1 import ResponseHead

_STREAM_AT_HEAD: Final = 0
_EXPECTATION_FAILED: Final = 417
_PEER_ERRORS: Final = (OurConnectionError, RemoteProtocolError)


async def carry(
    delivery: Delivery, request: PreparedRequest, started: float, deadline: float
) -> Reply:
    """Send one request over one connection, and return its response: the body is complete when it
    was short, else still to be read.

    Args:
        delivery: how.
        request: what.
        started: when this part of the call began.
        deadline: the end of the whole.

    Raises:
        RequestException: whatever went wrong.
    """
    pool = delivery.pool
    url = request.parsed_url
    route = delivery.route_for(url, delivery.tls)
    target = url.target
    headers = request.headers
    if route.proxy is not None:
        route, target, headers = for_proxy(url, headers, route)
    elif "Proxy-Authorization" in headers:
        headers = headers.copy()
        del headers["Proxy-Authorization"]  # no proxy reads it, and an origin must not
    timeout = delivery.timeout
    threshold = _STREAM_AT_HEAD if delivery.stream else STEP
    again = False
    while True:
        try:
            lease = await pool.acquire(route, timeout, deadline, fresh=again)
        except RequestException as error:
            log_failure(request, error, getattr(error, "phase", None) or "connect")
            raise
        connection = lease.connection
        exchange = connection.new_exchange(lease, connection, pool, started)
        try:
            head = await exchange.send(request, target, headers, timeout, deadline, threshold)
            if head.status == _EXPECTATION_FAILED and _may_drop(headers, request):
                headers = await _without_expectation(exchange, request, headers)
                continue
            return _reply(delivery, request, exchange, head, deadline)
        except BaseException as error:
            exchange.abandon()
            fate = exchange.fate()
            if not isinstance(error, Exception) or _is_the_callers(error, fate):
                raise
            if not again and delivery.resend and _may_resend(request, exchange, fate, error):
                again = True
                log_failure(request, error, fate.phase, again="on a new connection")
                await _take_back(exchange, request)
                continue
            raised = _explained(delivery, route, exchange, fate, error, deadline)
            if isinstance(raised, RequestException) and raised.response is None:
                raised.response = _cut_short(delivery, request, exchange)
            log_failure(request, raised, "body" if fate.head_complete else fate.phase)
            if raised is error:
                raise
            raise raised from error


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


def _may_drop(headers: Headers, request: PreparedRequest) -> bool:
    """Whether a refused request may be sent once more without its Expect (RFC 9110, section
    10.1.1: 417 speaks of the chain of proxies, not of the resource).
    """
    return "Expect" in headers and request.content.replayable


async def _take_back(exchange: Exchange, request: PreparedRequest) -> None:
    """Have a request's body ready to be sent anew."""
    await exchange.stop_sending()
    exchange.abandon()
    request.content.rewind()


async def _without_expectation(
    exchange: Exchange, request: PreparedRequest, headers: Headers
) -> Headers:
    await _take_back(exchange, request)
    headers = headers.copy()
    del headers["Expect"]
    return headers


def _reply(
    delivery: Delivery,
    request: PreparedRequest,
    exchange: Exchange,
    head: ResponseHead,
    deadline: float,
) -> Reply:
    reply = delivery.new_reply(head, request, request.parsed_url)
    reply.trace = exchange
    if (logger := listening()) is not None:
        log_exchange(logger, request, reply.status_code, exchange)
    if exchange.informational:
        reply.informational = exchange.informational
    max_body = delivery.max_body
    content: bytes | None = None
    if not delivery.stream and max_body is None and head.content_encoding is None:
        content = exchange.take_whole()
    if content is not None:
        reply.finish(content)
        reply.trailers = exchange.trailers
    else:
        reply.body = body = ResponseBody(
            exchange, head, delivery.timeout, deadline, max_body, request
        )
        body.settle()
    return reply


def _is_the_callers(error: Exception, fate: Fate) -> bool:
    """Whether the caller's own body raised: its exceptions stay what they are. A deadline that
    passed meanwhile is ours.
    """
    return fate.phase == SOURCE and not isinstance(error, TimedOut)


def _may_resend(request: PreparedRequest, exchange: Exchange, fate: Fate, error: Exception) -> bool:
    died = isinstance(error, (OSError, IncompleteMessage)) and not isinstance(
        error, RequestException
    )
    return died and may_resend(
        method=request.method,
        reused=exchange.reused,
        response_started=fate.response_started,
        anything_sent=fate.anything_sent,
        replayable=request.content.replayable,
    )


def _explained(
    delivery: Delivery,
    route: Route,
    exchange: Exchange,
    fate: Fate,
    error: Exception,
    deadline: float,
) -> Exception:
    """What is raised for an exchange that failed."""
    phase = "write" if fate.phase == SOURCE else fate.phase
    raised = translate(
        error,
        "body" if fate.head_complete else phase,
        exchange.where,
        delivery.timeout,
        total_passed=is_over(deadline, exchange.backend.now()),
    )
    if route.absolute_form and type(raised) in _PEER_ERRORS and not fate.response_started:
        return ProxyError(f"The proxy broke off: {raised}")
    return raised


def _cut_short(delivery: Delivery, request: PreparedRequest, exchange: Exchange) -> Reply | None:
    """The response whose body broke off, with what came of it; None when its head had not come."""
    head = exchange.take_head()
    if head is None:
        return None
    reply = delivery.new_reply(head, request, request.parsed_url)
    reply.finish(b"" if head.content_encoding is not None else exchange.take_arrived())
    return reply
