"""What the environment says: proxies, trust, netrc. Read once for a session, and only where nothing
explicit was said.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from envoi._model.netrc import Netrc

_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_WATCHED: Final = (
    *_PROXIES,
    *map(str.upper, _PROXIES),
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "HOME",
)


class Environment(NamedTuple):
    """What was found.

    Attributes:
        proxies: by scheme.
        no_proxy: hosts that are reached directly.
        bundle: the file or folder of certificate authorities, or None.
        netrc: user names and passwords by host, or None when there are none.
    """

    proxies: dict[str, str]
    no_proxy: str
    bundle: str | None
    netrc: Netrc | None


_MAX_NETRC: Final = 1 << 20

NOTHING: Final = Environment({}, "", None, None)
"""The environment of a session that trusts none."""


def read_environment() -> Environment:
    """Read proxies, CA bundle and netrc from the environment."""
    from envoi._model.netrc import load_netrc

    proxies, no_proxy = _proxies()
    return Environment(
        proxies=proxies,
        no_proxy=no_proxy,
        bundle=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None,
        netrc=load_netrc(os.environ, _read) or None,
    )


def fingerprint() -> tuple[str | None, ...]:
    """Something that changes when `read_environment` would find something else (the contents of a
    netrc file aside).
    """
    return tuple(map(os.environ.get, _WATCHED))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs more to import than the file to read
        return file.read(_MAX_NETRC)


def _proxies() -> tuple[dict[str, str], str]:
    if not any(map(os.environ.get, _WATCHED[: 2 * len(_PROXIES)])) and not _system_has_settings():
        return {}, ""
    from envoi._proto.plans.proxy import environment_no_proxy, environment_proxies

    found, exempt = environment_proxies(os.environ), environment_no_proxy(os.environ)
    if found or not _system_has_settings():
        return found, exempt
    from urllib.request import getproxies  # the system's settings

    system = getproxies()
    return {
        scheme: url for scheme, url in system.items() if scheme in {"http", "https", "all"}
    }, exempt or system.get("no", "")


def _system_has_settings() -> bool:
    return sys.platform in {"darwin", "win32"}
