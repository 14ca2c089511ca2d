"""Conversions between cookie jars and dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model.cookie_values import as_cookie

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def dict_from_cookiejar(cj: Iterable[Any]) -> dict[str, str | None]:
    """A jar's names and values; of cookies with the same name, the last.

    Args:
        cj: the jar.
    """
    return {cookie.name: cookie.value for cookie in cj}


def add_dict_to_cookiejar(cj: Any, cookie_dict: Mapping[str, str]) -> Any:
    """The jar, with a cookie for each item put in; they are sent to every host.

    Args:
        cj: any jar with `set_cookie`.
        cookie_dict: names and values.
    """
    for name, value in cookie_dict.items():
        cj.set_cookie(as_cookie(name, value, {}))
    return cj
