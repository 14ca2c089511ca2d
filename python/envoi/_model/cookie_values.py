"""Cookies made by hand: of a name, a value and what else is known, as requests makes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from envoi._model.exceptions import InvalidHeader, InvalidOption

if TYPE_CHECKING:
    from http.cookiejar import Cookie


class CookieConflictError(RuntimeError):
    """Several cookies have that name: say which `domain` or `path` with `get` or `set`."""


def as_cookie(name: str, value: Any, attributes: dict[str, Any]) -> Cookie:
    """A standard `Cookie` from a name, a value (text or a `Morsel`) and whatever attributes are
    known.

    Raises:
        InvalidOption: an attribute that is not one, or a value that is bytes.
        InvalidHeader: a control character in name or value.
    """
    from http.cookiejar import Cookie

    if hasattr(value, "coded_value"):
        name, value, attributes = value.key, value.value, _from_morsel(value)
    unknown = attributes.keys() - _DEFAULTS.keys() - {"rest"}
    if unknown:
        message = f"a cookie has no attribute {min(unknown)!r}"
        raise InvalidOption(message)
    if isinstance(value, (bytes, bytearray)):
        message = f"the cookie {name!r} must be text, not {type(value).__name__}"
        raise InvalidOption(message)
    text = value if value is None or isinstance(value, str) else str(value)
    check_cookie_text(name if isinstance(name, str) else str(name))
    check_cookie_text(text or "")
    full = {"rest": {"HttpOnly": None}, **_DEFAULTS, **attributes}
    return Cookie(
        name=name,
        value=text,
        port_specified=bool(full["port"]),
        domain_specified=bool(full["domain"]),
        domain_initial_dot=full["domain"].startswith("."),
        path_specified=bool(full["path"]),
        **full,
    )


def check_cookie_text(text: str) -> None:
    """Refuse what could break the Cookie field. Raises InvalidHeader for a control character."""
    if CONTROLS.search(text):
        message = "a cookie's name or value has a control character"
        raise InvalidHeader(message)


CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_DEFAULTS: Final[dict[str, Any]] = {
    "version": 0,
    "port": None,
    "domain": "",
    "path": "/",
    "secure": False,
    "expires": None,
    "discard": True,
    "comment": None,
    "comment_url": None,
    "rfc2109": False,
}


def _from_morsel(morsel: Any) -> dict[str, Any]:
    return {
        "comment": morsel["comment"],
        "comment_url": bool(morsel["comment"]),
        "discard": False,
        "domain": morsel["domain"],
        "expires": _morsel_expiry(morsel),
        "path": morsel["path"],
        "rest": {"HttpOnly": morsel["httponly"]},
        "secure": bool(morsel["secure"]),
        "version": morsel["version"] or 0,
    }


def _morsel_expiry(morsel: Any) -> int | None:
    from envoi._model.cookie_adapters import seconds_now
    from envoi._model.cookie_dates import parse_date

    age, date = morsel["max-age"], morsel["expires"]
    try:
        if age:
            return seconds_now() + int(age)
    except (TypeError, ValueError):
        message = f"max-age: {age} must be integer"
        raise InvalidOption(message) from None
    if not date:
        return None
    seconds = parse_date(date) if isinstance(date, str) else None
    if seconds is None:
        message = f"expires: {date!r} is no date such as 'Wed, 21-Oct-2099 07:28:00 GMT'"
        raise InvalidOption(message)
    return seconds
