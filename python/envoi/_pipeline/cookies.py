"""Cookies out with a request, and in with its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.cookies import with_request_cookies

if TYPE_CHECKING:
    from envoi._model.request import Request
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def attach_cookies(call: Call, request: Request) -> None:
    """Write the Cookie field from the session's jar and the call's own cookies; a Cookie header of the caller's wins, as in requests."""
    headers = request.headers
    if "Cookie" in headers:
        return
    value = with_request_cookies(call.jar, call.cookies, request.parsed_url)
    if value is not None:
        headers["Cookie"] = value


def keep_cookies(call: Call, request: Request, reply: Reply) -> None:
    """Take the cookies that a response sets into the session's jar."""
    call.jar.extract(request.parsed_url, reply.headers)
