"""What of requests' interface was overridden or patched, so that it is to be called."""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import Any, Final

METHODS: Final = (
    "send",
    "prepare_request",
    "merge_environment_settings",
    "get_adapter",
    "resolve_redirects",
    "get_redirect_target",
    "should_strip_auth",
    "rebuild_auth",
    "rebuild_method",
    "rebuild_proxies",
)
"""requests' methods that a subclass may override, and a package patch: where one was, requests are
sent by their parts.
"""

methods_of: Final = attrgetter(*METHODS)


def watch_netrc(module: str, function: Any) -> None:
    """Look out for another `get_netrc_auth` in requests' module of sessions, where programs patch
    it.

    Args:
        module: its name.
        function: what is there now.
    """
    watched_netrc.update(module=module, function=function)


def patched_netrc() -> Any:
    """The function that somebody has put in the place of `get_netrc_auth`, or None."""
    if not watched_netrc:
        return None
    there = getattr(sys.modules.get(watched_netrc["module"]), "get_netrc_auth", None)
    return None if there is watched_netrc["function"] else there


watched_netrc: dict[str, Any] = {}
"""Where `get_netrc_auth` may be patched, and what was there; empty until somebody imports that
module.
"""
