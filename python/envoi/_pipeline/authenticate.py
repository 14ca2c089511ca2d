"""Authentication: whose credentials a request gets, and the exchanges that a scheme makes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from envoi._model.auth import as_flow, found_credentials, needs_response_body
from envoi._model.exceptions import InvalidOption
from envoi._pipeline.cookies import renew_cookies
from envoi._pipeline.drive import drive

if TYPE_CHECKING:
    from envoi._model.auth import Flow
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Journey, Onward
    from envoi._pipeline.reply import Reply


def credentials(journey: Journey, request: PreparedRequest) -> Any:
    """What authenticates a request: `auth=`, else what its URL and netrc know; or None.

    Netrc is not asked where the request has an Authorization field.
    """
    if journey.auth is not None:
        return journey.auth
    netrc = journey.netrc
    if netrc is not None and "Authorization" in request.headers:
        netrc = None
    return found_credentials(request.parsed_url, netrc)


async def authenticate(journey: Journey, request: PreparedRequest, onward: Onward) -> Reply:
    """Send a request as its scheme wants it, which may take several exchanges.

    A stage. The scheme works on a copy of the request.

    Raises:
        InvalidOption: `auth` is nothing that authenticates, or its flow makes no request.
        RequestException: whatever went wrong.
    """
    auth = credentials(journey, request)
    if auth is None:
        return await onward(request)
    return await _authenticate_by(auth, journey, request, onward)


async def authenticate_as_prepared(
    journey: Journey, request: PreparedRequest, onward: Onward
) -> Reply:
    """Send a prepared request as the scheme wants it that it was prepared with. A stage.

    A scheme of one exchange has written its field already; only one of several is left to be run.

    Raises:
        RequestException: whatever went wrong.
    """
    auth = request.flow
    if auth is None:
        return await onward(request)
    return await _authenticate_by(auth, journey, request, onward)


async def _authenticate_by(
    auth: Any, journey: Journey, request: PreparedRequest, onward: Onward
) -> Reply:
    redirected = journey.history is not None or request.provenance.redirected
    copied = request.copy()
    hooks, copied._hooks = copied.response_hooks, None
    flow = as_flow(auth, redirected=redirected)(copied)
    try:
        first = _first(flow, auth, request)
        # After those that `auth` registers, as in requests: they see what came of its answer.
        for hook in hooks or ():
            first.register_hook("response", hook)
        return await drive(
            flow,
            first,
            onward,
            needs_body=needs_response_body(auth),
            between=partial(_take_cookies, journey),
        )
    finally:
        flow.close()


def _first(flow: Flow, auth: Any, request: PreparedRequest) -> PreparedRequest:
    for sending in flow:
        return sending
    raise InvalidOption(
        f"The flow of {type(auth).__name__}, given as auth=, yielded no request", request=request
    )


def _take_cookies(
    journey: Journey, request: PreparedRequest, reply: Reply, following: PreparedRequest
) -> None:
    if reply.sets_cookies:
        renew_cookies(journey, request, reply, following)
