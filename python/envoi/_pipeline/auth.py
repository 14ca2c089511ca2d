"""Authentication: whose credentials a request gets, and the exchange that a scheme makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model.auth import as_flow, needs_response_body
from envoi._pipeline.cookies import keep_cookies
from envoi._pipeline.exchange import exchange
from envoi._pipeline.reply import discard, load

if TYPE_CHECKING:
    from envoi._model.request import Request
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply


def credentials(call: Call, request: Request) -> Any:
    """What authenticates a request: `auth=`, else the URL's user and password, else netrc unless a header says something; or None."""
    if call.auth is not None:
        return call.auth
    url = request.parsed_url
    if url.has_userinfo:
        return _unquoted(url.username), _unquoted(url.password)
    if call.netrc is not None and "Authorization" not in request.headers:
        return call.netrc.credentials_for(url.host)
    return None


async def authenticated(
    call: Call, request: Request, auth: Any, started: float, deadline: float, *, redirected: bool
) -> tuple[Reply, list[Reply]]:
    """Send a request as its scheme wants it, which may take several exchanges; the last response, and those before it.

    Raises:
        InvalidOption: `auth` is nothing that authenticates.
        RequestException: whatever went wrong.
    """
    flow = as_flow(auth, redirected=redirected)(request.copy())
    needs_body = needs_response_body(auth)
    unanswered: list[Reply] = []
    try:
        sending = next(flow)
        while True:
            reply = await exchange(call, sending, started, deadline)
            if needs_body:
                await load(reply)
            try:
                following = flow.send(reply)
            except StopIteration:
                return reply, unanswered
            if reply.sets_cookies:
                keep_cookies(call, sending, reply)
            await discard(reply)
            reply.history = list(unanswered)
            unanswered.append(reply)
            following.content.rewind()
            sending = following
    finally:
        flow.close()


def _unquoted(text: str | None) -> str:
    if not text:
        return ""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
