"""One request, one answer: a connection from the pool, the exchange over it, and once more when the connection was dead."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from envoi._model.trace import Trace
from envoi._net.body import STEP, ResponseBody
from envoi._net.errors import translate
from envoi._proto.plans.resend import may_resend

if TYPE_CHECKING:
    from envoi._core import ResponseHead
    from envoi._model.request import Request
    from envoi._model.response import BaseResponse
    from envoi._net.http1 import HTTP1Connection
    from envoi._pipeline.call import Call

STREAM_AT_HEAD: Final = 0


async def exchange(call: Call, request: Request) -> BaseResponse:
    """Send one request over one connection, and return its response: the body is complete when it was short, else still to be read.

    Raises:
        RequestException: whatever went wrong.
    """
    pool = call.pool
    backend = pool.backend
    url = request.parsed_url
    content = request.content
    route = call.route_for(url, call.tls)
    started = backend.now() if call.started < 0 else call.started
    resent = False
    while True:
        connection = await pool.acquire(route, call.timeout, call.deadline)
        acquired = backend.now()
        try:
            head = await connection.exchange(
                backend,
                request.method,
                url.target,
                url.authority,
                request.headers,
                content,
                call.timeout,
                call.deadline,
                STREAM_AT_HEAD if call.stream else STEP,
            )
        except BaseException as error:
            pool.release(connection, reusable=False)
            if not isinstance(error, Exception):
                raise
            if not resent and call.resend and _may_resend(request, connection, error):
                resent = True
                content.rewind()
                continue
            passed = call.deadline < inf and backend.now() >= call.deadline
            raised = translate(error, connection.phase, connection.where, call.timeout, total_passed=passed)
            if raised is error:
                raise
            raise raised from error
        trace = Trace(started, acquired, connection.sent_at, backend.now(), connection, reused=connection.reused)
        return _reply(call, request, connection, head, trace)


def _reply(call: Call, request: Request, connection: HTTP1Connection, head: ResponseHead, trace: Trace) -> BaseResponse:
    reply = call.new_reply(head, request, request.parsed_url)
    reply.trace = trace
    machine = connection.machine
    if machine.body_ended and head.content_encoding is None and not call.stream and call.max_body is None and not machine.close_delimited:
        content = machine.take_body()  # the short way: the whole answer is here
        call.pool.release(connection, reusable=machine.keep_alive)
        trace.ended = trace.headed
        reply.set_content(content)
    else:
        reply.body = ResponseBody(connection, call.pool, head, trace, call.timeout, call.deadline, call.max_body)
    if machine.has_informational:
        reply.informational = machine.take_informational()
    return reply


def _may_resend(request: Request, connection: HTTP1Connection, error: Exception) -> bool:
    return isinstance(error, (OSError, ValueError)) and may_resend(
        method=request.method,
        reused=connection.reused,
        response_started=connection.machine.response_started,
        anything_sent=connection.anything_sent,
        replayable=request.content.replayable,
    )
