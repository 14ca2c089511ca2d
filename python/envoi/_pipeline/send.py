"""The whole of one call: every stage of a request, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._pipeline.auth import authenticated, credentials
from envoi._pipeline.cookies import attach_cookies, keep_cookies
from envoi._pipeline.hooks import run_hooks
from envoi._pipeline.redirects import follow, next_request, peek
from envoi._pipeline.reply import load
from envoi.exceptions import RequestException

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


async def send(call: Call, request: PreparedRequest) -> Reply:
    """Send a request and return its final response, the body read unless `call.stream`.

    Raises:
        RequestException: whatever went wrong, with the request it happened to.
    """
    backend = call.pool.backend
    started = backend.now()
    deadline = min(started + call.timeout.total_seconds, call.timeout.deadline)
    history: list[Reply] | None = None
    try:
        while True:
            if call.cookies is not None or not call.jar.is_empty:
                attach_cookies(call, request)
            if call.auth is None and call.netrc is None and not request.parsed_url.has_userinfo:
                reply = await call.exchange(call, request, started, deadline)
            else:
                redirected = history is not None
                auth = credentials(call, request)
                reply, unanswered = await authenticated(
                    call, request, auth, started, deadline, redirected=redirected
                )
                if unanswered:
                    reply.history = unanswered
            if (hooks := reply.request.response_hooks) is not None:
                reply = await run_hooks(call, reply, hooks)
            if reply.sets_cookies:
                keep_cookies(call, request, reply)
            if not reply.is_redirect or not reply.location:
                break
            if not call.follow:
                reply.next = peek(call, request, reply)
                break
            history = await follow(call, reply, history)
            request, call = next_request(call, request, reply)
            request.content.rewind()
            started = backend.now()
        if history is not None:
            reply.history = history
        if reply.body is not None and not call.stream:
            await load(reply)
    except RequestException as error:
        if error.request is None:
            error.request = request
        raise
    return reply


async def send_prepared(call: Call, request: PreparedRequest) -> Reply:
    """Send a request as it is, nothing added to it, and return its response: a redirect is not
    followed, the body not read.

    Raises:
        RequestException: whatever went wrong, with the request it happened to.
    """
    started = call.pool.backend.now()
    deadline = min(started + call.timeout.total_seconds, call.timeout.deadline)
    try:
        if request.flow is None:
            reply = await call.exchange(call, request, started, deadline)
        else:
            reply, unanswered = await authenticated(
                call, request, request.flow, started, deadline, redirected=request.redirected
            )
            if unanswered:
                reply.history = unanswered
        if (hooks := reply.request.response_hooks) is not None:
            reply = await run_hooks(call, reply, hooks)
        if reply.sets_cookies:
            keep_cookies(call, request, reply)
    except RequestException as error:
        if error.request is None:
            error.request = request
        raise
    return reply
