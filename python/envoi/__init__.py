"""Envoi: HTTP for Python, with the interface of requests, sync and async.

Example:
    >>> with testing.Server() as server:
    ...     response = envoi.get(server.url + "/get")
    >>> response.status_code
    200
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi import aio, exceptions
from envoi.__version__ import __version__
from envoi._model.headers import Headers
from envoi._model.lazy import lazy_names as _lazy_names
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.timeout import Timeout as Limits
from envoi._model.timing import ConnectionInfo, Timing
from envoi._model.url import URL
from envoi._responses.async_response import AsyncResponse
from envoi._responses.response import Response
from envoi._sessions.async_session import AsyncSession
from envoi._sessions.session import Session
from envoi.api import delete, get, head, options, patch, post, put, request, session
from envoi.exceptions import (
    AlreadyImported,
    BodyTooLarge,
    CertificateError,
    ChunkedEncodingError,
    ConnectionError,  # noqa: A004 - requests' name
    ConnectionRefused,
    ConnectTimeout,
    ContentDecodingError,
    CookieFileError,
    CookieFileNotFound,
    FileModeWarning,
    HTTPError,
    IncompleteBody,
    IncompleteHead,
    InvalidBody,
    InvalidFraming,
    InvalidHeader,
    InvalidJSONError,
    InvalidMethod,
    InvalidOption,
    InvalidProxyURL,
    InvalidSchema,
    InvalidURL,
    JSONDecodeError,
    MissingSchema,
    NameResolutionError,
    PoolTimeout,
    ProxyError,
    ReadTimeout,
    RemoteProtocolError,
    RequestException,
    RequestsDependencyWarning,
    RequestsWarning,
    RetryError,
    SessionClosed,
    SSLError,
    StreamConsumedError,
    Timeout,
    TooManyRedirects,
    TotalTimeout,
    UnrewindableBodyError,
    URLRequired,
    WriteTimeout,
    WrongEventLoop,
)
from envoi.status_codes import codes

if TYPE_CHECKING:
    from envoi import adapters as adapters
    from envoi import auth as auth
    from envoi import certs as certs
    from envoi import compat as compat
    from envoi import cookies as cookies
    from envoi import help as help  # noqa: A004 - requests' name
    from envoi import hooks as hooks
    from envoi import models as models
    from envoi import packages as packages
    from envoi import sessions as sessions
    from envoi import structures as structures
    from envoi import utils as utils
    from envoi._model.cookie_jar import RequestsCookieJar as Cookies
    from envoi._requests.install import install_as_requests as install_as_requests
else:
    # The modules of requests that are there after `import requests`, loaded when they are first
    # asked for.
    _MODULES = (
        "adapters",
        "auth",
        "certs",
        "compat",
        "cookies",
        "help",
        "hooks",
        "models",
        "packages",
        "sessions",
        "structures",
        "utils",
    )
    _LAZY = {
        "Cookies": "envoi._model.cookie_jar:RequestsCookieJar",
        "install_as_requests": "envoi._requests.install:install_as_requests",
    }
    __getattr__ = _lazy_names("envoi", {**_LAZY, **{name: f"envoi.{name}" for name in _MODULES}})

__all__ = [
    "URL",
    "AlreadyImported",
    "AsyncResponse",
    "AsyncSession",
    "BodyTooLarge",
    "CertificateError",
    "ChunkedEncodingError",
    "ConnectTimeout",
    "ConnectionError",
    "ConnectionInfo",
    "ConnectionRefused",
    "ContentDecodingError",
    "CookieFileError",
    "CookieFileNotFound",
    "Cookies",
    "FileModeWarning",
    "HTTPError",
    "Headers",
    "IncompleteBody",
    "IncompleteHead",
    "InvalidBody",
    "InvalidFraming",
    "InvalidHeader",
    "InvalidJSONError",
    "InvalidMethod",
    "InvalidOption",
    "InvalidProxyURL",
    "InvalidSchema",
    "InvalidURL",
    "JSONDecodeError",
    "Limits",
    "MissingSchema",
    "NameResolutionError",
    "PoolTimeout",
    "PreparedRequest",
    "ProxyError",
    "ReadTimeout",
    "RemoteProtocolError",
    "Request",
    "RequestException",
    "RequestsDependencyWarning",
    "RequestsWarning",
    "Response",
    "RetryError",
    "SSLError",
    "Session",
    "SessionClosed",
    "StreamConsumedError",
    "Timeout",
    "Timing",
    "TooManyRedirects",
    "TotalTimeout",
    "URLRequired",
    "UnrewindableBodyError",
    "WriteTimeout",
    "WrongEventLoop",
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
