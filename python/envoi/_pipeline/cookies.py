"""Cookies out with a request, and in with its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.cookies import with_request_cookies
from envoi._proto.h1 import InvalidHeaderError
from envoi.exceptions import InvalidHeader, InvalidOption, RequestException

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def attach_cookies(call: Call, request: PreparedRequest) -> None:
    """Write the Cookie field from the session's jar and the call's own cookies; a Cookie header of
    the caller's wins, as in requests.
    """
    headers = request.headers
    if "Cookie" in headers:
        return
    try:
        jar = call.jar.with_domains() if call.strayed else call.jar
        value = with_request_cookies(jar, call.cookies, request.parsed_url)
    except (TypeError, AttributeError, ValueError) as error:
        if isinstance(error, RequestException):
            raise
        raise InvalidOption(
            "cookies= must be a mapping of names to values, pairs, or a cookie jar, not "
            f"{type(call.cookies).__name__}"
        ) from None
    if value is not None:
        try:
            headers["Cookie"] = value
        except InvalidHeaderError as error:
            raise InvalidHeader(f"A cookie cannot be sent: {error}") from None


def keep_cookies(call: Call, request: PreparedRequest, reply: Reply) -> None:
    """Take the cookies that a response sets into the session's jar."""
    fields = reply.cookie_fields
    if fields is None:
        call.jar.extract(request.parsed_url, reply.headers)
    else:
        call.jar.take(request, fields)


def renew_cookies(
    call: Call, request: PreparedRequest, reply: Reply, following: PreparedRequest
) -> None:
    """Take the cookies of a response into the jar, and into the request that comes next, if its
    Cookie field was written from the jar.

    Args:
        call: how.
        request: what was answered.
        reply: the answer.
        following: what is sent next, to authenticate.
    """
    written = with_request_cookies(call.jar, call.cookies, request.parsed_url)
    keep_cookies(call, request, reply)
    if (
        following.parsed_url.origin == request.parsed_url.origin
        and following.headers.get("Cookie") == written
    ):
        following.headers.pop("Cookie", None)
        attach_cookies(call, following)
