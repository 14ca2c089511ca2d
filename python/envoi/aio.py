"""Envoi, awaited: `from envoi import aio as requests`, then `await requests.get(url)`.

The one-shot functions share a pool per event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi import exceptions
from envoi._model import exceptions as _exceptions
from envoi._model.exceptions import *  # noqa: F403 - what is in its `__all__`
from envoi._model.headers import Headers
from envoi._model.lazy import lazy_names as _lazy_names
from envoi._model.options import without_redirects
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.timeout import Timeout as Limits
from envoi._model.url import URL
from envoi._responses.async_response import AsyncResponse
from envoi._sessions.async_session import AsyncSession
from envoi._sessions.shared import shared_async_session
from envoi.status_codes import codes

if TYPE_CHECKING:
    from typing import Unpack

    from envoi import adapters as adapters  # noqa: PLC0414 - exported
    from envoi import auth as auth  # noqa: PLC0414 - exported
    from envoi import cookies as cookies  # noqa: PLC0414 - exported
    from envoi import structures as structures  # noqa: PLC0414 - exported
    from envoi import utils as utils  # noqa: PLC0414 - exported
    from envoi._adapters.async_http import AsyncHTTPAdapter as HTTPAdapter
    from envoi._apps.asgi_session import ASGISession
    from envoi._model.cookie_jar import RequestsCookieJar as Cookies
    from envoi._model.options import (
        OptionsWithoutData,
        OptionsWithoutDataAndJson,
        OptionsWithoutParams,
        RequestOptions,
    )
    from envoi._model.types import DataType, JsonType, ParamsType, URLType
else:
    # With what is the same for sync and async, and in requests-async comes from requests.
    _LAZY = {
        "ASGISession": "envoi._apps.asgi_session:ASGISession",
        "Cookies": "envoi._model.cookie_jar:RequestsCookieJar",
        "HTTPAdapter": "envoi._adapters.async_http:AsyncHTTPAdapter",
        **{
            name: f"envoi.{name}" for name in ("adapters", "auth", "cookies", "structures", "utils")
        },
    }
    __getattr__ = _lazy_names("envoi.aio", _LAZY)

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


async def request(
    method: str | bytes, url: URLType, *positional: Any, **options: Unpack[RequestOptions]
) -> AsyncResponse:
    """Send a request.

    Args:
        method: such as "GET".
        url: where to.
        *positional: options by their position, in requests' order: params, data, headers, cookies,
            files, auth, timeout, allow_redirects, proxies, hooks, stream, verify, cert, json. None
            says nothing.
        **options: see `RequestOptions`.

    Returns:
        The response, its body read, unless `stream=True`.

    Raises:
        RequestException: or one of its many precise subclasses, `.request` telling what it happened
            to.
    """
    opened = await shared_async_session()
    if opened is None:
        async with AsyncSession() as own:
            return await own.request(method, url, *positional, **options)
    return await opened.request(method, url, *positional, **options)


async def get(
    url: URLType, params: ParamsType = None, **options: Unpack[OptionsWithoutParams]
) -> AsyncResponse:
    """Ask for a resource (RFC 9110, section 9.3.1).

    Args:
        url: where to.
        params: added to the query.
        **options: see `RequestOptions`.
    """
    if params is None:
        return await request("GET", url, **options)
    return await request("GET", url, params=params, **options)


async def options(url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
    """Ask what a resource allows (RFC 9110, section 9.3.7).

    Args:
        url: where to.
        **options: see `RequestOptions`.
    """
    return await request("OPTIONS", url, **options)


async def head(url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
    """Ask for a resource's headers alone; redirects are not followed unless asked (RFC 9110,
    section 9.3.2).

    Args:
        url: where to.
        **options: see `RequestOptions`.
    """
    return await request("HEAD", url, **without_redirects(options))


async def post(
    url: URLType,
    data: DataType = None,
    json: JsonType = None,
    **options: Unpack[OptionsWithoutDataAndJson],
) -> AsyncResponse:
    """Hand a body to a resource (RFC 9110, section 9.3.3).

    Args:
        url: where to.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        json: the body, as JSON.
        **options: see `RequestOptions`.
    """
    return await request("POST", url, data=data, json=json, **options)


async def put(
    url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]
) -> AsyncResponse:
    """Put a body in place of a resource (RFC 9110, section 9.3.4).

    Args:
        url: where to.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        **options: see `RequestOptions`.
    """
    return await request("PUT", url, data=data, **options)


async def patch(
    url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]
) -> AsyncResponse:
    """Change part of a resource (RFC 5789).

    Args:
        url: where to.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        **options: see `RequestOptions`.
    """
    return await request("PATCH", url, data=data, **options)


async def delete(url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
    """Remove a resource (RFC 9110, section 9.3.5).

    Args:
        url: where to.
        **options: see `RequestOptions`.
    """
    return await request("DELETE", url, **options)
