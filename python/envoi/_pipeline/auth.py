"""Authentication: whose credentials a request gets, and the exchange that a scheme makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model.auth import as_flow, found_credentials, needs_response_body
from envoi._pipeline.cookies import renew_cookies
from envoi._pipeline.reply import discard, load
from envoi.exceptions import InvalidOption

if TYPE_CHECKING:
    from envoi._model.auth import Flow
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def credentials(call: Call, request: PreparedRequest) -> Any:
    """What authenticates a request: `auth=`, else what its URL and netrc know, the latter unless a
    header says something; or None.
    """
    if call.auth is not None:
        return call.auth
    netrc = call.netrc
    if netrc is not None and "Authorization" in request.headers:
        netrc = None
    return found_credentials(request.parsed_url, netrc)


async def authenticated(
    call: Call,
    request: PreparedRequest,
    auth: Any,
    started: float,
    deadline: float,
    *,
    redirected: bool,
) -> tuple[Reply, list[Reply]]:
    """Send a request as its scheme wants it, which may take several exchanges; the last response,
    and those before it.

    Raises:
        InvalidOption: `auth` is nothing that authenticates, or its flow makes no request.
        RequestException: whatever went wrong.
    """
    copied = request.copy()
    hooks, copied._hooks = copied.response_hooks, None
    flow = as_flow(auth, redirected=redirected)(copied)
    needs_body = needs_response_body(auth)
    unanswered: list[Reply] = []
    try:
        sending = _first(flow, auth, request)
        for hook in (
            hooks or ()
        ):  # after those that `auth` registers, as in requests: they see what came of its answer
            sending.register_hook("response", hook)
        while True:
            reply = await call.exchange(call, sending, started, deadline)
            try:
                if needs_body:
                    await load(reply)
                following = flow.send(reply)
            except StopIteration:
                return reply, unanswered
            except BaseException:
                if reply.body is not None:
                    reply.body.close()
                raise
            if reply.sets_cookies:
                renew_cookies(call, sending, reply, following)
            await discard(reply)
            reply.history = list(unanswered)
            unanswered.append(reply)
            following.content.rewind()
            sending = following
    finally:
        flow.close()


def _first(flow: Flow, auth: Any, request: PreparedRequest) -> PreparedRequest:
    for sending in flow:
        return sending
    raise InvalidOption(
        f"The flow of {type(auth).__name__}, given as auth=, yielded no request", request=request
    )
