"""Sessions, under requests' names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.environment import get_netrc_auth
from envoi._model.lazy import names_of as _names_of
from envoi._requests.merging import merge_hooks, merge_setting
from envoi._sessions.overrides import watch_netrc as _watch_netrc
from envoi._sessions.redirecting import SessionRedirectMixin
from envoi._sessions.session import Session
from envoi.api import session
from envoi.models import DEFAULT_REDIRECT_LIMIT, REDIRECT_STATI

__all__ = [
    "DEFAULT_REDIRECT_LIMIT",
    "REDIRECT_STATI",
    "Session",
    "SessionRedirectMixin",
    "get_netrc_auth",
    "merge_hooks",
    "merge_setting",
    "session",
]

if not TYPE_CHECKING:
    _ELSEWHERE = {
        "_basic_auth_str": "envoi.auth:_basic_auth_str",
        "preferred_clock": "time:perf_counter",
        "timedelta": "datetime:timedelta",
        "to_native_string": "envoi._internal_utils:to_native_string",
        "urljoin": "urllib.parse:urljoin",
    }
    _MODULES = [
        f"envoi.{name}"
        for name in (
            "exceptions",
            "utils",
            "models",
            "adapters",
            "structures",
            "cookies",
            "hooks",
            "status_codes",
            "compat",
        )
    ]
    __getattr__ = _names_of(__name__, _MODULES, _ELSEWHERE)

_watch_netrc(__name__, get_netrc_auth)
