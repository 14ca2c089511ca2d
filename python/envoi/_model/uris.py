"""URLs as text, by requests' helper functions. Envoi itself works on `URL`."""

from __future__ import annotations

import re
from typing import Final

from envoi._model.exceptions import InvalidURL

UNRESERVED_SET: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
"""RFC 3986, section 2.3."""
_LEGAL: Final = "!#$&'()*+,/:;=?@[]~"
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")


def unquote_unreserved(uri: str) -> str:
    """Undo the percent-encoding of unreserved characters, which changes nothing in what a URL means
    (RFC 3986, section 2.3).

    Args:
        uri: the URL.

    Raises:
        InvalidURL: a `%` before two letters or digits that are not hexadecimal.

    Examples:
        >>> unquote_unreserved("http://e.org/%7Euser%2F")
        'http://e.org/~user%2F'
    """
    start, *escaped = uri.split("%")
    return start + "".join(map(_without_escape, escaped))


def requote_uri(uri: str) -> str:
    """Percent-encode the characters that a URL may not have; escapes that are there stay.

    Args:
        uri: the URL.

    Examples:
        >>> requote_uri("http://e.org/a b%20c")
        'http://e.org/a%20b%20c'
    """
    from urllib.parse import quote

    try:
        return quote(unquote_unreserved(uri), safe=_LEGAL + "%")
    except InvalidURL:
        # One percent sign does not begin an escape, so all are taken as characters and encoded.
        return quote(uri, safe=_LEGAL)


def prepend_scheme_if_needed(url: str, new_scheme: str) -> str:
    """The URL with a scheme, unless it has one; scheme and host in lower case.

    Args:
        url: such as "proxy.test:3128" or "http://proxy.test".
        new_scheme: such as "http".

    Examples:
        >>> prepend_scheme_if_needed("user:password@Proxy.test:3128", "http")
        'http://user:password@proxy.test:3128'
    """
    found = _SCHEME.match(url)
    scheme, rest = (
        (found[1].lower(), url[found.end() :]) if found else (new_scheme, url.removeprefix("//"))
    )
    end = min((at for at in (rest.find(mark) for mark in "/?#") if at >= 0), default=len(rest))
    user, at, host = rest[:end].rpartition("@")
    return f"{scheme}://{user}{at}{host.lower()}{rest[end:]}"


def get_auth_from_url(url: str) -> tuple[str, str]:
    """User name and password from a URL, decoded; two empty texts unless both are there.

    Args:
        url: the URL.

    Examples:
        >>> get_auth_from_url("https://user:pass%20word@e.org/")
        ('user', 'pass word')
    """
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if parts.username is None or parts.password is None:
        return "", ""
    return unquote(parts.username), unquote(parts.password)


def urldefragauth(url: str) -> str:
    """The URL without its fragment, user name and password.

    Args:
        url: the URL.

    Examples:
        >>> urldefragauth("https://user:password@e.org/page#top")
        'https://e.org/page'
    """
    from urllib.parse import urlparse, urlunparse

    scheme, authority, path, parameters, query, _ = urlparse(url)
    if not authority:
        # Without slashes in front the whole of it is taken for a path.
        authority, path = path, ""
    return urlunparse((scheme, authority.rpartition("@")[2], path, parameters, query, ""))


def _without_escape(part: str) -> str:
    """What followed a percent sign, with the sign, or with the character that it stands for."""
    digits = part[:2]
    if len(digits) != 2 or not digits.isalnum():
        return f"%{part}"
    try:
        character = chr(int(digits, 16))
    except ValueError:
        message = f"Invalid percent-escape sequence: {digits!r}"
        raise InvalidURL(message) from None
    return character + part[2:] if character in UNRESERVED_SET else f"%{part}"
