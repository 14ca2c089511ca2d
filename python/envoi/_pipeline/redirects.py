"""From a redirect to the request that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model import exceptions
from envoi._model.auth import user_of
from envoi._model.body import NO_BODY
from envoi._model.errors import blame
from envoi._model.prepared import PreparedRequest
from envoi._model.provenance import Provenance
from envoi._model.sockets import SCHEME as UNIX
from envoi._model.url import URL, URLError, public
from envoi._net.routes import tls_config
from envoi._pipeline.authenticate import credentials
from envoi._pipeline.cookies import attach_cookies
from envoi._pipeline.reply import Reply, discard
from envoi._proto.plans.redirect import (
    BODY_HEADERS,
    SENSITIVE_HEADERS,
    keeps_body,
    plan_redirect,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._model.body_streams import Body
    from envoi._model.headers import Headers
    from envoi._model.hsts import HSTS
    from envoi._pipeline.journey import Journey, Onward
    from envoi._proto.plans.redirect import Redirect


async def follow_redirects(journey: Journey, request: PreparedRequest, onward: Onward) -> Reply:
    """Send a request, and those that redirects ask for, and return the last answer. A stage.

    Raises:
        TooManyRedirects: the policy's `max_redirects` is used up.
        InvalidURL: a Location is no URL; `InvalidSchema` where it is not followed;
            `InvalidRedirect` where there are several.
        RequestException: whatever went wrong.
    """
    try:
        while True:
            reply = await onward(request)
            if not reply.is_redirect or not reply.location:
                break
            if not journey.policy.follow:
                reply.next = peek(journey, request, reply)
                break
            await retire(journey, request, reply)
            request = next_request(journey, request, reply)
            request.content.rewind()
            journey.started = journey.delivery.pool.backend.now()
    except exceptions.RequestException as error:
        blame(error, request)  # the one that was under way
        raise
    if journey.history is not None:
        reply.history = journey.history
    return reply


def next_request(journey: Journey, request: PreparedRequest, reply: Reply) -> PreparedRequest:
    """The request that a redirect asks for.

    Where it leaves the origin, credentials are taken off the request and off the journey, for good:
    a chain that comes back to the first origin does not get them back.

    Raises:
        InvalidURL, InvalidSchema: Location is no URL, or not http(s).
    """
    location = reply.location or ""
    plan = planned(request, reply, location, request.parsed_url, journey.policy.hsts)
    leaves = not plan.keep_credentials
    headers, content = carried_over(
        request, plan.url, journey.policy.sensitive, keep_body=plan.keep_body, leaves=leaves
    )
    if leaves:
        headers.pop("Authorization", None)
        journey.auth = journey.cookies = None
        journey.left_origin = True
        if journey.policy.told.cert is not None:
            drop_certificate(journey)
    elif journey.auth is None and request.parsed_url.has_userinfo and not plan.url.has_userinfo:
        journey.auth = user_of(request.parsed_url)  # a Location seldom repeats them
    following = PreparedRequest(plan.method, plan.url, headers, content)
    following._hooks = request._hooks
    return following


def drop_certificate(journey: Journey) -> None:
    """Take the client's certificate off a call: like `auth=`, it is for the origin that the call
    began with. One in a context of the caller's own stays.
    """
    told = journey.policy.told._replace(cert=None)
    journey.policy = journey.policy._replace(told=told)
    journey.delivery = journey.delivery._replace(tls=tls_config(told.verify, None))


def planned(
    request: PreparedRequest, reply: Reply, location: str, base: URL, hsts: HSTS | None
) -> Redirect:
    """How a redirect is followed.

    Args:
        request: what was answered.
        reply: the answer.
        location: where it says to go.
        base: what that is relative to.
        hsts: which hosts are to be asked by https only.

    Raises:
        InvalidURL, InvalidSchema: it is no URL, or of a scheme that is not followed.
        InvalidRedirect: there are several Location fields, and they differ.
    """
    require_one_location(request, reply)
    try:
        plan = plan_redirect(reply.status_code, request.method, location, base)
        if hsts is not None and (url := hsts.upgraded(plan.url)) is not plan.url:
            plan = plan_redirect(reply.status_code, request.method, str(url), base)
    except URLError as error:
        raise exceptions.InvalidURL(
            f"{public(request.url)} redirects to something that is no URL: {error.args[-1]}",
            request=request,
            response=reply,
        ) from None
    require_followable(plan.url, request, reply)
    return plan


def require_one_location(request: PreparedRequest | None, reply: Any) -> None:
    """Refuse a redirect to several places.

    Raises:
        InvalidRedirect: its Location fields differ.
    """
    head = reply._head if isinstance(reply, Reply) else None
    if head is not None:
        ambiguous = head.location_is_ambiguous
    else:  # made by hand, or by another library
        every = getattr(reply.headers, "get_all", None)
        ambiguous = every is not None and len(set(every("location") or ())) > 1
    if ambiguous:
        asked = "The server" if request is None else public(request.url)
        raise exceptions.InvalidRedirect(
            f"{asked} redirects to several places: its Location fields differ. Look at "
            "error.response.headers.get_all('Location'), and ask for the right one.",
            request=request,
            response=reply,
        )


def carried_over(
    request: PreparedRequest, url: URL, sensitive: Iterable[str], *, keep_body: bool, leaves: bool
) -> tuple[Headers, Body]:
    """The fields and the body that go along with a redirect, all but Authorization, which is each
    caller's business.

    Args:
        request: what was answered.
        url: where it leads.
        sensitive: names of fields that stay within their origin besides the usual ones.
        keep_body: whether the body goes along.
        leaves: whether credentials must not.
    """
    headers = request.headers.copy()
    headers.pop("Cookie", None)  # written anew from the jar
    if url.origin != request.parsed_url.origin:
        headers.pop("Host", None)
    if not keep_body:
        for name in BODY_HEADERS:
            headers.pop(name, None)
    if leaves:
        for name in (*SENSITIVE_HEADERS, *sensitive, *request.provenance.auth_fields):
            if name != "Authorization":
                headers.pop(name, None)
    return headers, request.content if keep_body else NO_BODY


def require_followable(url: URL, request: PreparedRequest, reply: Reply) -> None:
    """Refuse a redirect to another scheme than http, https, and the one it comes from, which an
    adapter serves, and one to another Unix socket.

    Raises:
        InvalidSchema: such as `file:`.
    """
    if url.scheme == UNIX and url.host != request.parsed_url.host:
        raise exceptions.InvalidSchema(
            f"{public(request.url)} redirects to another Unix socket, and a redirect never leads "
            "to one.",
            request=request,
            response=reply,
        )
    if url.scheme not in {"http", "https", request.parsed_url.scheme}:
        raise exceptions.InvalidSchema(
            f"{public(request.url)} redirects to a {url.scheme}: URL; only http and https are "
            "followed.",
            request=request,
            response=reply,
        )


def peek(journey: Journey, request: PreparedRequest, reply: Reply) -> PreparedRequest | None:
    """The request that a redirect asks for, ready to be sent, when it is not followed; None when it
    could not be.
    """
    journey = journey.fork()
    try:
        following = next_request(journey, request, reply)
        if journey.cookies is not None or not journey.jar.is_empty:
            attach_cookies(journey, following)
        following.provenance = Provenance(redirected=True, left_origin=journey.left_origin)
        auth = credentials(journey, following)
        if auth is not None:
            following.prepare_auth(auth)
    except exceptions.RequestException:
        return None
    return following


async def retire(journey: Journey, request: PreparedRequest, reply: Reply) -> None:
    """Discard a redirect's body and append it to the history.

    What it answers may not all be sent yet. Where the next request has the same body, the rest is
    not sent; else it is sent before, because that server may have taken it.

    Args:
        journey: the call.
        request: what was answered.
        reply: the redirect.

    Raises:
        TooManyRedirects: the policy's `max_redirects` is used up.
    """
    passed = [] if journey.history is None else journey.history
    reply.history = list(passed)
    await discard(reply, resends=keeps_body(reply.status_code, request.method))
    most = journey.policy.max_redirects
    if len(passed) >= most:
        trail = " → ".join(public(step.url) for step in [*passed, reply][-4:])
        raise exceptions.TooManyRedirects(
            f"Exceeded {most} redirects. The last were: {trail}", response=reply
        )
    journey.history = [*passed, reply]
