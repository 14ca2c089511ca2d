"""Envoi: HTTP for Python, with the interface of requests, sync and async.

Example:
    >>> with testing.Server() as server:
    ...     response = envoi.get(server.url + "/get")
    >>> response.status_code
    200
"""

from __future__ import annotations

from envoi import aio, exceptions
from envoi._core import URL, Headers, __version__
from envoi._facade.async_response import AsyncResponse
from envoi._facade.async_session import AsyncSession
from envoi._facade.response import Response
from envoi._facade.session import Session
from envoi._model.cookies import Cookies
from envoi._model.request import Request
from envoi._model.timeout import Timeout
from envoi._model.timing import ConnectionInfo, Timing
from envoi.api import delete, get, head, options, patch, post, put, request
from envoi.exceptions import *  # noqa: F403 - the exceptions' own list
from envoi.status_codes import codes


def session() -> Session:
    """A new `Session`, under requests' old name for it."""
    return Session()
