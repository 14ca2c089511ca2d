"""Relative URLs below a session's `base_url`, which they cannot leave unnoticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from envoi._model.exceptions import InvalidURL
from envoi._model.url import URL, URLError, parse_url, public, require_http

if TYPE_CHECKING:
    from envoi._model.types import URLType


def base(value: URLType) -> URL:
    """What relative URLs are joined to: the URL without its query, a slash at its end."""
    url = parse_url(value)
    require_http(url)
    return url.with_query(None) if url.path.endswith("/") else url.join(url.path + "/")


def joined(below: URL, url: URLType) -> URL:
    """`url` below a base; an absolute one stands for itself.

    Args:
        below: the base.
        url: relative, with a slash at its start or without.

    Raises:
        InvalidURL: it leaves the base: for another host, or with dot segments (RFC 3986, section
            5.2.4), encoded ones among them, which the core keeps as they are, but servers decode.
    """
    if not isinstance(url, str) or _ABSOLUTE.match(url):
        return parse_url(url)
    if url.startswith(("//", "\\")):
        raise InvalidURL(
            f"Invalid URL {public(url)!r}: it leaves base_url for another host; write it in full "
            "if that is meant"
        )
    try:
        found = below.join(url.removeprefix("/"))
    except URLError as error:
        raise InvalidURL(f"Invalid URL {public(url)!r}: {error.args[-1]}") from None
    if (
        found.origin != below.origin
        or not found.path.startswith(below.path)
        or _climbs(found.path[len(below.path) :])
    ):
        raise InvalidURL(
            f"Invalid URL {public(url)!r}: it leaves base_url "
            f"{public(below.without_userinfo())!r}; write it in full if you mean it"
        )
    return found


_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_DOT: Final = re.compile("%2e", re.IGNORECASE)
_SLASH: Final = re.compile(r"%2f|%5c|\\", re.IGNORECASE)


def _climbs(path: str) -> bool:
    """Whether a path, once a server has decoded it, names something above where it starts."""
    if "%" not in path:
        return False  # the core has removed plain dot segments, and encodes a backslash
    depth = 0
    for segment in _SLASH.sub("/", _DOT.sub(".", path)).split("/"):
        if segment == "..":
            depth -= 1
            if depth < 0:
                return True
        elif segment not in {"", "."}:
            depth += 1
    return False
