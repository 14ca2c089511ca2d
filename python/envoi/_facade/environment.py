"""What the environment says: proxies, trust, netrc. Read once for a session, and only where nothing explicit was said."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, NamedTuple

from envoi._model.netrc import Netrc, load_netrc
from envoi._proto.plans.proxy import environment_no_proxy, environment_proxies

_WATCHED: Final = tuple(
    case(name)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    for case in (str.lower, str.upper)
) + ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "HOME")


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


NOTHING: Final = Environment({}, "", None, None)
"""The environment of a session that trusts none."""


def read_environment() -> Environment:
    """Look around."""
    proxies, no_proxy = _proxies()
    return Environment(
        proxies=proxies,
        no_proxy=no_proxy,
        bundle=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None,
        netrc=load_netrc(os.environ, lambda path: Path(path).read_bytes()) or None,
    )


def fingerprint() -> tuple[str | None, ...]:
    """Something that changes when `read_environment` would find something else (the contents of a netrc file aside)."""
    return tuple(map(os.environ.get, _WATCHED))


def _proxies() -> tuple[dict[str, str], str]:
    found, exempt = environment_proxies(os.environ), environment_no_proxy(os.environ)
    if found or sys.platform not in {"darwin", "win32"}:
        return found, exempt
    from urllib.request import getproxies  # the system's settings

    system = getproxies()
    return {scheme: url for scheme, url in system.items() if scheme in {"http", "https", "all"}}, exempt or system.get("no", "")
