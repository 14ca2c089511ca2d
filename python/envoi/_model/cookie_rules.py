"""What the standard library's cookie policy lacks: limits, prefixes, and Secure as RFC 6265bis has
them.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from envoi._model.exceptions import InvalidHeader, InvalidOption

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from http.cookiejar import Cookie

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


def within_limits(fields: Iterable[str]) -> list[str]:
    """The Set-Cookie fields that may go on to a jar of any kind.

    Refused are all after the 50th, those above 4096 characters and those with control characters.

    Args:
        fields: the response's Set-Cookie values.
    """
    first = islice(fields, MAX_COOKIES_PER_RESPONSE)
    return [
        field for field in first if len(field) <= MAX_COOKIE_SIZE and not _CONTROLS.search(field)
    ]


def acceptable_set_cookies(
    fields: Iterable[str], scheme: str, hosts: Collection[str], known: Iterable[Any]
) -> list[str]:
    """The Set-Cookie fields that may go on to a jar under Envoi's own policy; of a repeated
    attribute only the last.

    Refused are those for a host that is not the sender, Secure ones from plain http, `__Secure-`
    and `__Host-` names that lack what their prefix promises (RFC 6265bis, section 4.1.3), and from
    plain http those that would overlay a Secure cookie (section 5.7).

    Args:
        fields: the response's Set-Cookie values.
        scheme: of the URL that was asked for.
        hosts: its host, under the names that the jar has for it.
        known: the jar's cookies.
    """
    is_secure = scheme in _SECURE_SCHEMES
    accepted: list[str] = []
    for field in fields:
        name, attributes, unambiguous = _dissect(field)
        if not is_secure and ("secure" in attributes or _overlays_secure(name, hosts, known)):
            continue
        if _names_possible_domain(attributes, hosts) and _keeps_its_promise(
            name, attributes, is_secure=is_secure
        ):
            accepted.append(unambiguous)
    return accepted


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
    if _CONTROLS.search(text):
        message = "a cookie's name or value has a control character"
        raise InvalidHeader(message)


_SECURE_SCHEMES: Final = frozenset({"https", "wss"})


def _dissect(field: str) -> tuple[str, dict[str, str], str]:
    """The cookie's name, its attributes in lower case, and the field with each attribute once.

    Of a repeated attribute the last counts (RFC 6265, section 5.3), and the standard library would
    take the first.
    """
    pair, *parts = field.split(";")
    attributes: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        attributes[name.strip().lower()] = value.strip()
    if len(attributes) != len(parts):
        last = {part.partition("=")[0].strip().lower(): part for part in parts}
        field = ";".join((pair, *last.values()))
    return pair.partition("=")[0].strip(), attributes, field


def _names_possible_domain(attributes: dict[str, str], hosts: Collection[str]) -> bool:
    """Whether Domain is the host or above it. The standard policy checks this too, but only after
    an expiry date in the past has deleted a cookie.

    `com.` must not pass where `com` would not, and the parts of an address are no domains.
    """
    domain = attributes.get("domain", "").lower().removeprefix(".")
    if not domain or domain in hosts:
        return True
    if domain.endswith(".") or any(_is_address(host) for host in hosts):
        return False
    return any(host.endswith("." + domain) for host in hosts)


def _is_address(host: str) -> bool:
    return host.startswith("[") or host.replace(".", "").isdigit()


def _keeps_its_promise(name: str, attributes: dict[str, str], *, is_secure: bool) -> bool:
    prefix = name[:9].lower()
    if prefix.startswith("__host-"):
        return (
            is_secure
            and "secure" in attributes
            and not attributes.get("domain")
            and attributes.get("path") == "/"
        )
    if prefix == "__secure-":
        return is_secure and "secure" in attributes
    return True


def _overlays_secure(name: str, hosts: Iterable[str], known: Iterable[Any]) -> bool:
    return any(
        cookie.secure
        and cookie.name == name
        and any(_related(cookie.domain.lstrip("."), host) for host in hosts)
        for cookie in known
    )


def _related(domain: str, host: str) -> bool:
    return domain == host or host.endswith("." + domain) or domain.endswith("." + host)


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
    from envoi._model.cookie_adapters import parse_date, seconds_now

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
