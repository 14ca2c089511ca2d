"""From a redirect to the request that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi import exceptions
from envoi._model.auth import user_of
from envoi._model.body import NO_BODY
from envoi._model.prepared import PreparedRequest
from envoi._model.url import URL, URLError, redact
from envoi._pipeline.auth import credentials
from envoi._pipeline.cookies import attach_cookies
from envoi._pipeline.reply import discard
from envoi._proto.plans.redirect import BODY_HEADERS, SENSITIVE_HEADERS, plan_redirect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._model.body_streams import Body
    from envoi._model.headers import Headers
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply
    from envoi._proto.plans.redirect import Redirect


def next_request(
    call: Call, request: PreparedRequest, reply: Reply
) -> tuple[PreparedRequest, Call]:
    """The request that a redirect asks for, and the call to make it with. Credentials are taken off
    when it leaves the origin.

    Raises:
        InvalidURL, InvalidSchema: Location is no URL, or not http(s).
    """
    plan = planned(request, reply, reply.location or "", request.parsed_url)
    strays = not plan.keep_credentials
    headers, content = going_along(
        request, plan.url, call.sensitive, keep_body=plan.keep_body, strays=strays
    )
    if strays:
        # For good: a chain that comes back to the first origin does not get them back.
        headers.pop("Authorization", None)
        call = call.copy()
        call.auth = call.cookies = None
        call.strayed = True
    elif call.auth is None and request.parsed_url.has_userinfo and not plan.url.has_userinfo:
        call = call.copy()  # a Location seldom repeats them
        call.auth = user_of(request.parsed_url)
    following = PreparedRequest(plan.method, plan.url, headers, content)
    following._hooks = request._hooks
    return following, call


def planned(request: PreparedRequest, reply: Reply, location: str, base: URL) -> Redirect:
    """How a redirect is followed.

    Args:
        request: what was answered.
        reply: the answer.
        location: where it says to go.
        base: what that is relative to.

    Raises:
        InvalidURL, InvalidSchema: it is no URL, or of a scheme that is not followed.
    """
    try:
        plan = plan_redirect(reply.status_code, request.method, location, base)
    except URLError as error:
        raise exceptions.InvalidURL(
            f"{redact(request.url)} redirects to something that is no URL: {error.args[-1]}",
            request=request,
            response=reply,
        ) from None
    require_followable(plan.url, request, reply)
    return plan


def going_along(
    request: PreparedRequest, url: URL, sensitive: Iterable[str], *, keep_body: bool, strays: bool
) -> tuple[Headers, Body]:
    """The fields and the body that go along with a redirect, all but Authorization, which is each
    caller's business.

    Args:
        request: what was answered.
        url: where it leads.
        sensitive: names of fields that stay within their origin besides the usual ones.
        keep_body: whether the body goes along.
        strays: whether credentials must not.
    """
    headers = request.headers.copy()
    headers.pop("Cookie", None)  # written anew from the jar
    if url.origin != request.parsed_url.origin:
        headers.pop("Host", None)
    if not keep_body:
        for name in BODY_HEADERS:
            headers.pop(name, None)
    if strays:
        for name in (*SENSITIVE_HEADERS, *sensitive, *request.auth_fields):
            if name != "Authorization":
                headers.pop(name, None)
    return headers, request.content if keep_body else NO_BODY


def require_followable(url: URL, request: PreparedRequest, reply: Reply) -> None:
    """Refuse a redirect to another scheme than http, https, and the one it comes from, which an
    adapter serves.

    Raises:
        InvalidSchema: such as `file:`.
    """
    if url.scheme not in {"http", "https", request.parsed_url.scheme}:
        raise exceptions.InvalidSchema(
            f"{redact(request.url)} redirects to a {url.scheme}: URL; only http and https are "
            "followed.",
            request=request,
            response=reply,
        )


def peek(call: Call, request: PreparedRequest, reply: Reply) -> PreparedRequest | None:
    """The request that a redirect asks for, ready to be sent, when it is not followed; None when it
    could not be.
    """
    try:
        following, call = next_request(call, request, reply)
        if call.cookies is not None or not call.jar.is_empty:
            attach_cookies(call, following)
        following.redirected = True
        if call.strayed:
            following.strayed = True
        auth = credentials(call, following)
        if auth is not None:
            following.prepare_auth(auth)
    except exceptions.RequestException:
        return None
    return following


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
        raise exceptions.TooManyRedirects(
            f"Exceeded {call.max_redirects} redirects. The last were: {trail}", response=reply
        )
    passed.append(reply)
    return passed
