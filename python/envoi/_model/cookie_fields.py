"""The Set-Cookie field, read as RFC 6265bis, section 5.6, has it: whatever a server writes is
either a cookie with the attributes that mean something, or nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from envoi._model.cookie_dates import parse_date
from envoi._model.cookie_values import CONTROLS

MAX_COOKIE_SIZE: Final = 4096
"""Octets of a name and its value together."""
MAX_ATTRIBUTE_SIZE: Final = 1024
"""Octets of an attribute's value."""
MAX_AGE: Final = 400 * 24 * 60 * 60
"""Seconds that a cookie is kept at most (RFC 6265bis, section 5.5)."""


class SetCookie(NamedTuple):
    """What a Set-Cookie field says. A character is an octet.

    Of an attribute that is there several times, the last counts.
    """

    name: str
    value: str
    expires: int | None = None
    """Seconds since 1970, from Max-Age or Expires; None for a cookie of the session."""
    domain: str = ""
    """Without a leading dot, in lower case; "" where there is none."""
    has_initial_dot: bool = False
    """Whether Domain began with a dot, which means nothing."""
    path: str | None = None
    """Begins with "/"; "" where a Path attribute means the default; None without one."""
    is_secure: bool = False
    is_http_only: bool = False
    same_site: str | None = None
    """Strict, Lax or None as a word; None where it is missing or another word."""
    others: tuple[tuple[str, str | None], ...] = ()
    """Attributes of which RFC 6265bis knows nothing, such as Priority and Partitioned."""


def parse_set_cookie(field: str, now: int) -> SetCookie | None:
    """What a field says; None when it is to be ignored.

    Args:
        field: the value of one Set-Cookie field.
        now: seconds since 1970.
    """
    if CONTROLS.search(field):
        return None
    pair, *attributes = field.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    name, value = name.strip(_BLANKS), value.strip(_BLANKS)
    if not (name or value) or len(name) + len(value) > MAX_COOKIE_SIZE:
        return None
    if not attributes:
        return SetCookie(name, value)
    return _with_attributes(name, value, attributes, now)


def _with_attributes(name: str, value: str, attributes: list[str], now: int) -> SetCookie:
    said: dict[str, str] = {}
    others: dict[str, str | None] = {}
    age = date = None
    for attribute in attributes:
        key, equals, text = attribute.partition("=")
        key, text = key.strip(_BLANKS), text.strip(_BLANKS)
        if len(text) > MAX_ATTRIBUTE_SIZE or len(key) > MAX_ATTRIBUTE_SIZE:
            continue
        lowered = key.lower()
        if lowered == "max-age":
            age = _age(text, age)
        elif lowered == "expires":
            found = parse_date(text)
            date = date if found is None else found
        elif lowered in _KNOWN:
            said[lowered] = text
        elif key:
            others[key] = text if equals else None
    path, domain = said.get("path"), said.get("domain", "")
    if path is not None and not path.startswith("/"):
        path = ""
    return SetCookie(
        name,
        value,
        _expiry(age, date, now),
        domain.removeprefix(".").lower(),
        domain.startswith("."),
        path,
        "secure" in said,
        "httponly" in said,
        _SAME_SITE.get(said.get("samesite", "").lower()),
        tuple(others.items()),
    )


def _age(text: str, before: int | None) -> int | None:
    """Seconds of a Max-Age; what was known before where it is no number."""
    if not _NUMBER.fullmatch(text):
        return before
    if text.startswith("-"):
        return 0
    digits = text.lstrip("0")
    return MAX_AGE if len(digits) > _MOST_DIGITS else min(int(digits or 0), MAX_AGE)


def _expiry(age: int | None, date: int | None, now: int) -> int | None:
    if age is not None:
        return now + age if age > 0 else 0
    return None if date is None else min(date, now + MAX_AGE)


_BLANKS: Final = " \t"
_NUMBER: Final = re.compile(r"-?[0-9]+")
_MOST_DIGITS: Final = 9
_KNOWN: Final = frozenset({"domain", "path", "secure", "httponly", "samesite"})
_SAME_SITE: Final = {"strict": "Strict", "lax": "Lax", "none": "None"}
