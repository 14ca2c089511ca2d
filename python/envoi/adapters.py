"""Adapters, under requests' names: what a session sends requests with, by the beginning of their
URLs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._adapters.async_http import AsyncBaseAdapter, AsyncHTTPAdapter
from envoi._adapters.http import BaseAdapter, HTTPAdapter
from envoi._adapters.local import DataAdapter, FileAdapter
from envoi._adapters.unix import AsyncUnixAdapter, UnixAdapter
from envoi._apps.asgi import ASGIAdapter
from envoi._apps.async_asgi import AsyncASGIAdapter
from envoi._apps.wsgi import WSGIAdapter
from envoi._model.lazy import names_of as _names_of

__all__ = [
    "ASGIAdapter",
    "AsyncASGIAdapter",
    "AsyncBaseAdapter",
    "AsyncHTTPAdapter",
    "AsyncUnixAdapter",
    "BaseAdapter",
    "DataAdapter",
    "FileAdapter",
    "HTTPAdapter",
    "UnixAdapter",
    "WSGIAdapter",
]

DEFAULT_POOLBLOCK: Final = False
DEFAULT_POOLSIZE: Final = 10
DEFAULT_RETRIES: Final = 0
DEFAULT_POOL_TIMEOUT: Final = None

if not TYPE_CHECKING:
    _ELSEWHERE = {
        "ClosedPoolError": "urllib3.exceptions:ClosedPoolError",
        "ConnectTimeoutError": "urllib3.exceptions:ConnectTimeoutError",
        "LocationValueError": "urllib3.exceptions:LocationValueError",
        "MaxRetryError": "urllib3.exceptions:MaxRetryError",
        "NewConnectionError": "urllib3.exceptions:NewConnectionError",
        "PoolManager": "urllib3.poolmanager:PoolManager",
        "ProtocolError": "urllib3.exceptions:ProtocolError",
        "ReadTimeoutError": "urllib3.exceptions:ReadTimeoutError",
        "ResponseError": "urllib3.exceptions:ResponseError",
        "Retry": "urllib3.util.retry:Retry",
        "SOCKSProxyManager": "urllib3.contrib.socks:SOCKSProxyManager",
        "TimeoutSauce": "urllib3.util:Timeout",
        "_basic_auth_str": "envoi.auth:_basic_auth_str",
        "parse_url": "urllib3.util:parse_url",
        "proxy_from_url": "urllib3.poolmanager:proxy_from_url",
    }
    _MODULES = [
        f"envoi.{name}"
        for name in ("exceptions", "utils", "models", "structures", "cookies", "compat")
    ]
    __getattr__ = _names_of(__name__, _MODULES, _ELSEWHERE)
