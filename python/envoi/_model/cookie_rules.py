"""What the standard library's cookie policy lacks: limits, prefixes, and Secure as RFC 6265bis has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from envoi.exceptions import InvalidHeader, InvalidOption

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

    from envoi._core import URL

MAX_COOKIES_PER_RESPONSE: Final = 50
MAX_COOKIE_SIZE: Final = 4096
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
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


class CookieConflictError(RuntimeError):
    """Several cookies have that name: say which `domain` or `path` with `get` or `set`."""


def acceptable_set_cookies(fields: Iterable[str], url: URL, known: Iterable[Any]) -> list[str]:
    """The Set-Cookie fields that may go on to the jar.

    Refused are: all after the 50th, those above 4096 characters, those with control characters, Secure ones from plain http,
    `__Secure-` and `__Host-` names that lack what their prefix promises (RFC 6265bis, section 4.1.3), and from plain http
    those that would overlay a Secure cookie (section 5.7).

    Args:
        fields: the response's Set-Cookie values.
        url: what was asked for.
        known: the jar's cookies.
    """
    is_secure = url.scheme in _SECURE_SCHEMES
    accepted: list[str] = []
    for count, field in enumerate(fields):
        if count >= MAX_COOKIES_PER_RESPONSE:
            break
        if len(field) > MAX_COOKIE_SIZE or _CONTROLS.search(field):
            continue
        name, attributes = _dissect(field)
        if not is_secure and ("secure" in attributes or _overlays_secure(name, url.host, known)):
            continue
        if _names_possible_domain(attributes, url) and _keeps_its_promise(name, attributes, is_secure=is_secure):
            accepted.append(field)
    return accepted


def as_cookie(name: str, value: Any, attributes: dict[str, Any]) -> Cookie:
    """A standard `Cookie` from a name, a value (text or a `Morsel`) and whatever attributes are known.

    Raises:
        InvalidOption: an attribute that is not one.
        InvalidHeader: a control character in name or value.
    """
    from http.cookiejar import Cookie

    if hasattr(value, "coded_value"):
        name, value, attributes = value.key, value.value, _from_morsel(value)
    unknown = attributes.keys() - _DEFAULTS.keys() - {"rest"}
    if unknown:
        message = f"a cookie has no attribute {min(unknown)!r}"
        raise InvalidOption(message)
    check_cookie_text(name if isinstance(name, str) else str(name))
    check_cookie_text(value if isinstance(value, str) else str(value))
    full = {"rest": {"HttpOnly": None}, **_DEFAULTS, **attributes}
    return Cookie(
        name=name,
        value=value if isinstance(value, str) else str(value),
        port_specified=bool(full["port"]),
        domain_specified=bool(full["domain"]),
        domain_initial_dot=full["domain"].startswith("."),
        path_specified=bool(full["path"]),
        **full,
    )


def check_cookie_text(text: str) -> None:
    """Refuse what could break the Cookie field. Raises InvalidHeader for a control character."""
    if _CONTROLS.search(text):
        message = "a cookie's name or value has a control character"
        raise InvalidHeader(message)


_SECURE_SCHEMES: Final = frozenset({"https", "wss"})


def _dissect(field: str) -> tuple[str, dict[str, str]]:
    """The cookie's name, and its attributes in lower case; of a repeated one the last (RFC 6265, section 5.3)."""
    pair, *parts = field.split(";")
    attributes: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        attributes[name.strip().lower()] = value.strip()
    return pair.partition("=")[0].strip(), attributes


def _names_possible_domain(attributes: dict[str, str], url: URL) -> bool:
    """Refuse `com.`, which must not pass where `com` would not, and parts of an address, which have no subdomains."""
    domain = attributes.get("domain", "").lower()
    if domain.endswith("."):
        return False
    return not (url.is_ip_literal and domain and domain != url.host)


def _keeps_its_promise(name: str, attributes: dict[str, str], *, is_secure: bool) -> bool:
    prefix = name[:9].lower()
    if prefix.startswith("__host-"):
        return is_secure and "secure" in attributes and not attributes.get("domain") and attributes.get("path") == "/"
    if prefix == "__secure-":
        return is_secure and "secure" in attributes
    return True


def _overlays_secure(name: str, host: str, known: Iterable[Any]) -> bool:
    return any(cookie.secure and cookie.name == name and _related(cookie.domain.lstrip("."), host) for cookie in known)


def _related(domain: str, host: str) -> bool:
    return domain == host or host.endswith("." + domain) or domain.endswith("." + host)


def _from_morsel(morsel: Any) -> dict[str, Any]:
    return {
        "comment": morsel["comment"] or None,
        "discard": False,
        "domain": morsel["domain"],
        "expires": _morsel_expiry(morsel),
        "path": morsel["path"],
        "rest": {"HttpOnly": morsel["httponly"]},
        "secure": bool(morsel["secure"]),
        "version": morsel["version"] or 0,
    }


def _morsel_expiry(morsel: Any) -> int | None:
    from envoi._model.cookie_adapters import parse_date

    if morsel["max-age"]:
        message = "a Morsel with max-age needs a clock: give it `expires`, or set the cookie with expires="
        raise InvalidOption(message)
    return parse_date(morsel["expires"]) if morsel["expires"] else None
