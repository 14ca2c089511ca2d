"""From a redirect to the request that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi import exceptions
from envoi._model.auth import apply_auth, user_of
from envoi._model.body import NO_BODY
from envoi._model.prepared import PreparedRequest
from envoi._model.url import URL, URLError, redact
from envoi._pipeline.auth import credentials
from envoi._pipeline.cookies import attach_cookies
from envoi._pipeline.reply import discard
from envoi._proto.plans.redirect import BODY_HEADERS, SENSITIVE_HEADERS, plan_redirect

if TYPE_CHECKING:
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def next_request(call: Call, request: PreparedRequest, reply: Reply) -> tuple[PreparedRequest, Call]:
    """The request that a redirect asks for, and the call to make it with. Credentials are taken off when it leaves the origin.

    Raises:
        InvalidURL, InvalidSchema: Location is no URL, or not http(s).
    """
    location = reply.location or ""
    try:
        plan = plan_redirect(reply.status_code, request.method, location, request.parsed_url)
    except URLError as error:
        raise exceptions.InvalidURL(
            f"{redact(request.url)} redirects to something that is no URL: {error.args[-1]}", request=request, response=reply
        ) from None
    require_followable(plan.url, request, reply)
    headers = request.headers.copy()
    headers.pop("Cookie", None)  # written anew from the jar
    if plan.url.origin != request.parsed_url.origin:
        headers.pop("Host", None)
    content = request.content
    if not plan.keep_body:
        content = NO_BODY
        for name in BODY_HEADERS:
            headers.pop(name, None)
    if not plan.keep_credentials:
        # For good: a chain that comes back to the first origin does not get them back.
        call = call.copy()
        call.auth = call.cookies = None
        call.strayed = True
        for name in (*SENSITIVE_HEADERS, *call.sensitive):
            headers.pop(name, None)
    elif call.auth is None and request.parsed_url.has_userinfo and not plan.url.has_userinfo:
        call = call.copy()  # a Location seldom repeats them
        call.auth = user_of(request.parsed_url)
    following = PreparedRequest(plan.method, plan.url, headers, content)
    following._hooks = request._hooks
    return following, call


def require_followable(url: URL, request: PreparedRequest, reply: Reply) -> None:
    """Refuse a redirect to another scheme than http, https, and the one it comes from, which an adapter serves.

    Raises:
        InvalidSchema: such as `file:`.
    """
    if url.scheme not in {"http", "https", request.parsed_url.scheme}:
        raise exceptions.InvalidSchema(
            f"{redact(request.url)} redirects to a {url.scheme}: URL; only http and https are followed.", request=request, response=reply
        )


def peek(call: Call, request: PreparedRequest, reply: Reply) -> PreparedRequest | None:
    """The request that a redirect asks for, ready to be sent, when it is not followed; None when it could not be."""
    try:
        following, call = next_request(call, request, reply)
        if call.cookies is not None or not call.jar.is_empty:
            attach_cookies(call, following)
        auth = credentials(call, following)
        return following if auth is None else apply_auth(following, auth)
    except exceptions.RequestException:
        return None


async def follow(call: Call, reply: Reply, history: list[Reply] | None) -> list[Reply]:
    """Be done with a redirect: its body discarded, itself in the history.

    Raises:
        TooManyRedirects: `max_redirects` is used up.
    """
    passed = [] if history is None else history
    reply.history = list(passed)
    await discard(reply)
    if len(passed) >= call.max_redirects:
        trail = " → ".join(redact(step.url) for step in [*passed, reply][-4:])
        raise exceptions.TooManyRedirects(f"Exceeded {call.max_redirects} redirects. The last were: {trail}", response=reply)
    passed.append(reply)
    return passed
