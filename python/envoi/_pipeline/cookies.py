"""Cookies out with a request, and in with its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.cookies import with_request_cookies
from envoi._proto.h1 import InvalidHeaderError
from envoi.exceptions import InvalidHeader, InvalidOption

if TYPE_CHECKING:
    from envoi._model.request import Request
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def attach_cookies(call: Call, request: Request) -> None:
    """Write the Cookie field from the session's jar and the call's own cookies; a Cookie header of the caller's wins, as in requests."""
    headers = request.headers
    if "Cookie" in headers:
        return
    try:
        value = with_request_cookies(call.jar, call.cookies, request.parsed_url)
    except (TypeError, AttributeError) as error:
        raise InvalidOption(f"cookies= must be a mapping of names to values, or a cookie jar: {error}") from None
    if value is not None:
        try:
            headers["Cookie"] = value
        except InvalidHeaderError as error:
            raise InvalidHeader(f"A cookie cannot be sent: {error}") from None


def keep_cookies(call: Call, request: Request, reply: Reply) -> None:
    """Take the cookies that a response sets into the session's jar."""
    call.jar.extract(request.parsed_url, reply.headers)
