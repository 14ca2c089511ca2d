"""Envoi, awaited: `from envoi import aio as requests`, then `await requests.get(url)`.

The one-shot functions share a pool per event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi import exceptions
from envoi._model import exceptions as _exceptions
from envoi._model.exceptions import *  # noqa: F403 - what is in its `__all__`
from envoi._model.headers import Headers
from envoi._model.lazy import lazy_names as _lazy_names
from envoi._model.lazy import shown_names as _shown_names
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.timeout import Timeout as Limits
from envoi._model.url import URL
from envoi._responses.async_response import AsyncResponse
from envoi._sessions.async_functions import (
    delete,
    get,
    head,
    options,
    patch,
    post,
    put,
    request,
)
from envoi._sessions.async_session import AsyncSession
from envoi.status_codes import codes

if TYPE_CHECKING:
    from envoi import adapters as adapters  # noqa: PLC0414 - exported
    from envoi import auth as auth  # noqa: PLC0414 - exported
    from envoi import certs as certs  # noqa: PLC0414 - exported
    from envoi import compat as compat  # noqa: PLC0414 - exported
    from envoi import cookies as cookies  # noqa: PLC0414 - exported
    from envoi import help as help  # noqa: A004, PLC0414 - requests' name
    from envoi import hooks as hooks  # noqa: PLC0414 - exported
    from envoi import packages as packages  # noqa: PLC0414 - exported
    from envoi import status_codes as status_codes  # noqa: PLC0414 - exported
    from envoi import structures as structures  # noqa: PLC0414 - exported
    from envoi import utils as utils  # noqa: PLC0414 - exported
    from envoi._adapters.async_http import AsyncHTTPAdapter as HTTPAdapter
    from envoi._apps.asgi_session import ASGISession
    from envoi._model.cookie_jar import RequestsCookieJar as Cookies
else:
    # With what is the same for sync and async, and in requests-async comes from requests.
    _SHARED = (
        "adapters",
        "auth",
        "certs",
        "compat",
        "cookies",
        "help",
        "hooks",
        "packages",
        "status_codes",
        "structures",
        "utils",
    )
    _LAZY = {
        "ASGISession": "envoi._apps.asgi_session:ASGISession",
        "Cookies": "envoi._model.cookie_jar:RequestsCookieJar",
        "HTTPAdapter": "envoi._adapters.async_http:AsyncHTTPAdapter",
        "api": "envoi.aio",
        "models": "envoi._requests.aio_models",
        "sessions": "envoi._requests.aio_sessions",
        **{name: f"envoi.{name}" for name in _SHARED},
    }
    __getattr__ = _lazy_names("envoi.aio", _LAZY)

    def __dir__() -> list[str]:
        return _shown_names(globals(), _LAZY)


Session = AsyncSession
Response = AsyncResponse

__all__ = [
    "URL",
    "ASGISession",
    "AsyncResponse",
    "AsyncSession",
    "Cookies",
    "HTTPAdapter",
    "Headers",
    "Limits",
    "PreparedRequest",
    "Request",
    "Response",
    "Session",
    "codes",
    "delete",
    "exceptions",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "session",
]
__all__ += _exceptions.__all__


def session() -> AsyncSession:
    """A new `AsyncSession`."""
    return AsyncSession()
