"""From a redirect to the request that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi import exceptions
from envoi._model.body import NO_BODY
from envoi._model.request import Request
from envoi._model.url import URLError, redact
from envoi._pipeline.auth import user_of
from envoi._pipeline.reply import discard
from envoi._proto.plans.redirect import BODY_HEADERS, SENSITIVE_HEADERS, plan_redirect

if TYPE_CHECKING:
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def next_request(call: Call, request: Request, reply: Reply) -> tuple[Request, Call]:
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
    if plan.url.scheme not in {"http", "https"}:
        raise exceptions.InvalidSchema(
            f"{redact(request.url)} redirects to a {plan.url.scheme}: URL; only http and https are followed.",
            request=request,
            response=reply,
        )
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
    following = Request(plan.method, plan.url, headers, content)
    following._hooks = request._hooks
    return following, call


def peek(call: Call, request: Request, reply: Reply) -> Request | None:
    """The request that a redirect asks for, when it is not followed; None when it could not be."""
    try:
        return next_request(call, request, reply)[0]
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
    if sum(step.is_redirect for step in passed) >= call.max_redirects:  # attempts to authenticate are no redirects
        trail = " → ".join(redact(step.url) for step in [*passed, reply][-4:])
        raise exceptions.TooManyRedirects(f"Exceeded {call.max_redirects} redirects. The last were: {trail}", response=reply)
    passed.append(reply)
    return passed
