"""Request methods."""

from __future__ import annotations

import re
from typing import Final

from envoi._model.exceptions import InvalidMethod

TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""A token (RFC 9110, section 5.6.2): a method, the name of a field."""


def validate_method(method: str | bytes) -> str:
    """The method in upper case, as requests sends it.

    Raises:
        InvalidMethod: not a token (RFC 9110, section 9.1): empty, white space, control characters,
            beyond ASCII.
    """
    try:
        known = _KNOWN_METHODS.get(method)
    except TypeError:  # not hashable
        known = None
    if known is not None:
        return known
    text: object = method.decode("latin-1") if isinstance(method, bytes) else method
    if not isinstance(text, str):
        message = f"method must be str, not {type(method).__name__}"
        raise InvalidMethod(message)
    if TOKEN.fullmatch(text) is None:
        message = f"method {text[:40]!r} is not an HTTP token"
        raise InvalidMethod(message)
    if text.upper() == "CONNECT":
        raise InvalidMethod(
            "CONNECT makes tunnels through a proxy, and is not for requests: pass proxies="
        )
    return text.upper()


_VERBS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
_KNOWN_METHODS: Final[dict[object, str]] = {
    name: verb for verb in _VERBS for name in (verb, verb.lower())
}
