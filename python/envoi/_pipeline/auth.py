"""Basic authentication (RFC 7617), from `auth=` or from the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.exceptions import InvalidOption

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


def basic(pair: tuple[str | bytes, str | bytes]) -> str:
    """The field's value for a user name and a password; text is sent as ISO 8859-1 where that can carry it, else as UTF-8.

    Raises:
        InvalidOption: not a pair of str or bytes.
    """
    from binascii import b2a_base64

    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(part, (str, bytes)) for part in pair):
        raise InvalidOption("auth= must be a pair of user name and password, both str or bytes")
    user, password = (part if isinstance(part, bytes) else _encoded(part) for part in pair)
    return "Basic " + b2a_base64(user + b":" + password, newline=False).decode("ascii")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def _unquoted(text: str | None) -> str:
    if not text:
        return ""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
