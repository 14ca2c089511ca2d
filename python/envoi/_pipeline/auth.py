"""Basic authentication (RFC 7617), from `auth=` or from the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.auth import basic

if TYPE_CHECKING:
    from envoi._model.request import Request
    from envoi._pipeline.call import Call


def authorize(call: Call, request: Request) -> None:
    """Write the Authorization field. `auth=` wins over the URL's user and password, and both over a header, as in requests."""
    pair = call.auth
    if pair is None:
        url = request.parsed_url
        pair = (_unquoted(url.username), _unquoted(url.password))
    request.headers["Authorization"] = basic(pair)


def _unquoted(text: str | None) -> str:
    if not text:
        return ""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
