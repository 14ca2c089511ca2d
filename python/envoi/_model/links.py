"""The Link header field (RFC 8288)."""

from __future__ import annotations

import re
from typing import Final

from envoi._core import URL, URLError

_TARGET: Final = re.compile(r"[\s,]*<([^>]*)>")
_PARAMETER: Final = re.compile(
    r"""\s*;\s*([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?"""
)
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ESCAPED: Final = re.compile(r"\\(.)")


def parse_links(value: str) -> list[dict[str, str]]:
    """The links in a field value, each as a dict with "url" and its parameters; a parameter without
    a value is "".

    What is malformed is skipped, up to the next `<`.

    Examples:
        >>> parse_links('<https://e.org/?page=2>; rel="next"; title="on, and on"')
        [{'url': 'https://e.org/?page=2', 'rel': 'next', 'title': 'on, and on'}]
    """
    links: list[dict[str, str]] = []
    position = 0
    while (start := value.find("<", position)) >= 0:
        target = _TARGET.match(value, start)
        if target is None:
            break
        link = {"url": target[1].strip()}
        position = target.end()
        while (parameter := _PARAMETER.match(value, position)) is not None:
            name, quoted, plain = parameter.groups()
            # RFC 8288, section 3.3: only the first `rel` counts; the same is done for the others.
            link.setdefault(
                name,
                _ESCAPED.sub(r"\1", quoted)
                if quoted is not None
                else plain.strip("'")
                if plain
                else "",
            )
            position = parameter.end()
        links.append(link)
    return links


def links_by_relation(value: str, base: URL | None) -> dict[str, dict[str, str]]:
    """Links by their `rel`, or by URL as it is written where there is none.

    Args:
        value: the field's.
        base: what their URLs are relative to (RFC 8288, section 3.1); None leaves them as they are.
    """
    found = {}
    for link in parse_links(value):
        name = link.get("rel") or link["url"]
        link["url"] = _resolved(link["url"], base)
        found[name] = link
    return found


def _resolved(url: str, base: URL | None) -> str:
    if base is None or _ABSOLUTE.match(url):
        return url
    try:
        return str(base.join(url))
    except URLError:
        return url
