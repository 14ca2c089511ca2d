"""Envoi: HTTP for Python, with the interface of requests, sync and async.

Examples:
    >>> with testing.Server() as server:
    ...     response = envoi.get(server.url + "/get")
    >>> response.status_code
    200
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# This file imports no public module: `envoi.aio`, `envoi.get` and so on are loaded when they are
# first asked for. Two threads may import Envoi for the first time, one this package, the other
# `envoi.exceptions`, say. The interpreter lets the second thread hold that module's lock while it
# waits for the package's; if the first thread, inside this file, then wanted that module, neither
# could go on, and one of them would get a `_DeadlockError` or half a module. For the same reason
# each public module imports `envoi` before anything else of ours, and a private module never does.
# (`envoi.__version__` is a text here, and a module there: to stay a text, it is imported first.)
from envoi.__version__ import __version__
from envoi._model import exceptions as _exceptions
from envoi._model.exceptions import *  # noqa: F403 - what is in its `__all__`
from envoi._model.headers import Headers
from envoi._model.lazy import lazy_names as _lazy_names
from envoi._model.lazy import shown_names as _shown_names
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.timeout import Timeout as Limits
from envoi._model.timing import ConnectionInfo, Timing
from envoi._model.url import URL
from envoi._responses.response import Response
from envoi._sessions.session import Session

if TYPE_CHECKING:
    from envoi import adapters as adapters
    from envoi import aio as aio
    from envoi import api as api
    from envoi import auth as auth
    from envoi import certs as certs
    from envoi import compat as compat
    from envoi import cookies as cookies
    from envoi import exceptions as exceptions
    from envoi import help as help  # noqa: A004 - requests' name
    from envoi import hooks as hooks
    from envoi import models as models
    from envoi import packages as packages
    from envoi import sessions as sessions
    from envoi import status_codes as status_codes
    from envoi import structures as structures
    from envoi import utils as utils
    from envoi._model.cookie_jar import RequestsCookieJar as Cookies
    from envoi._model.hsts import HSTS as HSTS
    from envoi._requests.install import install_as_requests as install_as_requests
    from envoi._responses.async_response import AsyncResponse
    from envoi._sessions.async_session import AsyncSession
    from envoi.api import delete, get, head, options, patch, post, put, request, session
    from envoi.status_codes import codes
else:
    _MODULES = (
        "adapters",
        "aio",
        "api",
        "auth",
        "certs",
        "compat",
        "cookies",
        "exceptions",
        "help",
        "hooks",
        "models",
        "packages",
        "sessions",
        "status_codes",
        "structures",
        "utils",
    )
    _VERBS = ("delete", "get", "head", "options", "patch", "post", "put", "request", "session")
    _LAZY = {
        "AsyncResponse": "envoi._responses.async_response:AsyncResponse",
        "HSTS": "envoi._model.hsts:HSTS",
        "AsyncSession": "envoi._sessions.async_session:AsyncSession",
        "Cookies": "envoi._model.cookie_jar:RequestsCookieJar",
        "codes": "envoi.status_codes:codes",
        "install_as_requests": "envoi._requests.install:install_as_requests",
        **{name: f"envoi.api:{name}" for name in _VERBS},
        **{name: f"envoi.{name}" for name in _MODULES},
    }
    __getattr__ = _lazy_names("envoi", _LAZY)

    def __dir__() -> list[str]:
        return _shown_names(globals(), _LAZY)


__all__ = [
    "HSTS",
    "URL",
    "AsyncResponse",
    "AsyncSession",
    "ConnectionInfo",
    "Cookies",
    "Headers",
    "Limits",
    "PreparedRequest",
    "Request",
    "Response",
    "Session",
    "Timing",
    "__version__",
    "aio",
    "codes",
    "delete",
    "exceptions",
    "get",
    "head",
    "install_as_requests",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "session",
]
__all__ += _exceptions.__all__
