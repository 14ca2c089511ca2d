"""Cookies out with a request, and in with its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.cookies import with_request_cookies
from envoi._model.exceptions import InvalidHeader, InvalidOption, RequestException
from envoi._proto.h1 import InvalidHeaderError

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Journey, Onward
    from envoi._pipeline.reply import Reply


async def exchange_cookies(journey: Journey, request: PreparedRequest, onward: Onward) -> Reply:
    """Send the cookies that belong to a request, and keep those that its answer sets. A stage.

    Raises:
        InvalidHeader: a cookie cannot be sent.
        RequestException: whatever went wrong.
    """
    if journey.cookies is not None or not journey.jar.is_empty:
        attach_cookies(journey, request)
    return await take_cookies(journey, request, onward)


async def take_cookies(journey: Journey, request: PreparedRequest, onward: Onward) -> Reply:
    """Keep the cookies that an answer sets. A stage.

    Raises:
        RequestException: whatever went wrong.
    """
    reply = await onward(request)
    if reply.sets_cookies:
        keep_cookies(journey, request, reply)
    return reply


def attach_cookies(journey: Journey, request: PreparedRequest) -> None:
    """Write the Cookie field from the session's jar and the call's own cookies; a Cookie header of
    the caller's wins, as in requests.
    """
    headers = request.headers
    if "Cookie" in headers:
        return
    try:
        jar = journey.jar.with_domains() if journey.left_origin else journey.jar
        value = with_request_cookies(jar, journey.cookies, request.parsed_url)
    except (TypeError, AttributeError, ValueError) as error:
        if isinstance(error, RequestException):
            raise
        raise InvalidOption(
            "cookies= must be a mapping of names to values, pairs, or a cookie jar, not "
            f"{type(journey.cookies).__name__}"
        ) from None
    if value is not None:
        try:
            headers["Cookie"] = value
        except InvalidHeaderError as error:
            raise InvalidHeader(f"A cookie cannot be sent: {error}") from None


def keep_cookies(journey: Journey, request: PreparedRequest, reply: Reply) -> None:
    """Take the cookies that a response sets into the session's jar."""
    fields = reply.cookie_fields
    if fields is None:
        journey.jar.extract(request.parsed_url, reply.headers)
    else:
        journey.jar.take(request, fields)


def renew_cookies(
    journey: Journey, request: PreparedRequest, reply: Reply, following: PreparedRequest
) -> None:
    """Take the cookies of a response into the jar, and into the request that comes next, if its
    Cookie field was written from the jar.

    Args:
        journey: the call.
        request: what was answered.
        reply: the answer.
        following: what is sent next, to authenticate.
    """
    written = with_request_cookies(journey.jar, journey.cookies, request.parsed_url)
    keep_cookies(journey, request, reply)
    if (
        following.parsed_url.origin == request.parsed_url.origin
        and following.headers.get("Cookie") == written
    ):
        following.headers.pop("Cookie", None)
        attach_cookies(journey, following)
