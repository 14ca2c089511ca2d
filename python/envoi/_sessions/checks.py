"""Settings looked at when they are set, so that what is wrong shows before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from envoi._model.cookies import CookieHolder
from envoi._model.exceptions import InvalidOption, RequestException

if TYPE_CHECKING:
    from collections.abc import Iterable


def cookie_holder(cookies: Any) -> CookieHolder:
    """A session's cookies.

    Raises:
        InvalidOption: nothing that cookies can be made of.
    """
    try:
        return CookieHolder(cookies)
    except RequestException:
        raise
    except (TypeError, ValueError, AttributeError):
        raise InvalidOption(
            "cookies= must be a mapping of names to values, pairs, or a cookie jar, not "
            f"{type(cookies).__name__}"
        ) from None


def hsts_store(value: Any) -> Any:
    """The store that `hsts=` stands for, or None.

    Raises:
        InvalidOption: neither a bool nor a store.
    """
    if value is None or value is False:
        return None
    if value is True:
        from envoi._model.hsts import HSTS

        return HSTS()
    if not (hasattr(value, "upgraded") and hasattr(value, "learn")):
        raise InvalidOption(f"hsts= must be True, False or an HSTS, not {type(value).__name__}")
    return value


def proxies_by_scheme(value: Any) -> dict[str, Any]:
    """A copy of a mapping of proxies, whose values are looked at when one is used.

    Raises:
        InvalidOption: not a mapping, or a key that is not text.
    """
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError  # noqa: TRY301 - "" is a sequence of no pairs
        found = dict(value)
    except (TypeError, ValueError):
        raise InvalidOption(
            f"proxies= must be a mapping such as {{'https': 'http://proxy:3128'}}, or None, not "
            f"{type(value).__name__}"
        ) from None
    for scheme in found:
        if not isinstance(scheme, str):
            raise InvalidOption(
                "proxies= must have schemes, or scheme://host, as its keys, not "
                f"{type(scheme).__name__}"
            )
    return found


def adapters_by_prefix(value: Any) -> dict[str, Any]:
    """A copy of a mapping of adapters.

    Raises:
        InvalidOption: not a mapping, or a key that is not text.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(prefix, str) for prefix in value):
        raise InvalidOption(
            "adapters= must be a mapping of URL prefixes to adapters, such as "
            f"{{'https://api.example.com/': HTTPAdapter(max_retries=3)}}, not {value!r}"
        )
    return dict(value)


def header_names(value: Iterable[str]) -> tuple[str, ...]:
    """`sensitive_headers`.

    Raises:
        InvalidOption: not a list of names.
    """
    if not isinstance(value, (str, bytes)) and hasattr(value, "__iter__"):
        names = tuple(value)
        if all(isinstance(name, str) for name in names):
            return names
    raise InvalidOption(
        f"sensitive_headers must be a list of header names, not {type(value).__name__}"
    )


def ip_address(value: str | None) -> str | None:
    """`local_address`.

    Raises:
        InvalidOption: not an IP address.
    """
    if value is None:
        return None
    from ipaddress import ip_address as parsed

    try:
        if isinstance(value, str) and parsed(value):
            return value
    except ValueError:
        pass
    raise InvalidOption(f"local_address must be an IP address of this machine, not {value!r}")


def limit(name: str, value: int | None) -> float:
    """How many; infinity for None.

    Raises:
        InvalidOption: not a whole number, or less than 1.
    """
    if value is None:
        return inf
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidOption(
            f"{name} must be a whole number of at least 1, or None for no limit, not {value!r}"
        )
    return value


def flag(name: str, value: Any) -> bool:
    """True or False.

    Raises:
        InvalidOption: something else.
    """
    if not isinstance(value, bool):
        raise InvalidOption(f"{name} must be True or False, not {value!r}")
    return value


def whole(name: str, value: Any) -> int:
    """A number of times or bytes.

    Raises:
        InvalidOption: not a whole number, or less than 0.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidOption(f"{name} must be a whole number of at least 0, not {value!r}")
    return value


def size(value: Any) -> int | None:
    """`max_body`.

    Raises:
        InvalidOption: neither None nor a whole number of at least 0.
    """
    return None if value is None else whole("max_body", value)


def seconds(name: str, value: float) -> float:
    """A number of seconds.

    Raises:
        InvalidOption: not a number, or less than 0.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise InvalidOption(f"{name} must be a number of seconds, not {value!r}")
    return float(value)
