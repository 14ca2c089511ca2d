"""Cookies as JSON: an object with all attributes for each cookie, under the names that
`http.cookiejar.Cookie` gives them. What a jar makes of the file is what it was made of.
"""

from __future__ import annotations

import json
from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


def to_json(cookies: Iterable[Cookie]) -> bytes:
    """A file with these cookies, a line for each.

    Args:
        cookies: any of the standard library's.
    """
    lines = [json.dumps(_as_object(cookie)) for cookie in cookies]
    return ('{"cookies": [\n' + ",\n".join(lines) + "\n]}\n").encode("ascii")


def from_json(content: bytes) -> list[Cookie]:
    """The cookies of such a file.

    Args:
        content: the file.

    Raises:
        ValueError: it is not one.
    """
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    objects = found.get("cookies") if isinstance(found, dict) else None
    if not isinstance(objects, list):
        raise ValueError('it is no JSON object with a list of "cookies"')  # noqa: TRY004
    return [_as_cookie(each, number) for number, each in enumerate(objects, start=1)]


def _as_object(cookie: Cookie) -> dict[str, Any]:
    rest: dict[str, Any] = getattr(cookie, "_rest", {})
    return {
        **{name: getattr(cookie, name) for name in _ATTRIBUTES},
        "rest": {
            name: value if value is None or isinstance(value, str) else str(value)
            for name, value in rest.items()
        },
    }


def _as_cookie(said: Any, number: int) -> Cookie:
    if not isinstance(said, dict):
        message = f"cookie {number} is no object"
        raise ValueError(message)  # noqa: TRY004
    known: dict[str, Any] = {}
    for name, (kinds, default) in _ATTRIBUTES.items():
        value = said.get(name, default)
        # JSON's true and false are numbers for Python.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            message = f"cookie {number} has {type(value).__name__} as its {name!r}"
            raise ValueError(message)
        known[name] = value
    rest = said.get("rest", {})
    if not isinstance(rest, dict) or not all(
        value is None or isinstance(value, str) for value in rest.values()
    ):
        message = f"cookie {number} has no texts in its 'rest'"
        raise ValueError(message)
    return Cookie(**known, rest=rest)


_NoneType: Final = type(None)
_ATTRIBUTES: Final[dict[str, tuple[tuple[type, ...], Any]]] = {
    "name": ((str,), None),
    "value": ((str, _NoneType), None),
    "domain": ((str,), None),
    "domain_specified": ((bool,), False),
    "domain_initial_dot": ((bool,), False),
    "path": ((str,), "/"),
    "path_specified": ((bool,), False),
    "secure": ((bool,), False),
    "expires": ((int, float, _NoneType), None),
    "discard": ((bool,), False),
    "version": ((int, _NoneType), 0),
    "port": ((str, _NoneType), None),
    "port_specified": ((bool,), False),
    "comment": ((str, _NoneType), None),
    "comment_url": ((str, bool, _NoneType), None),
    "rfc2109": ((bool,), False),
}
