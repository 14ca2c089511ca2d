"""One-shot requests: `envoi.get(url)` and its kin. They share one pool of connections for the whole
process, and no cookies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.options import without_redirects
from envoi._sessions.session import Session
from envoi._sessions.shared import session_in_its_place, shared_session

if TYPE_CHECKING:
    from typing import Unpack

    from envoi._model.options import (
        OptionsWithoutData,
        OptionsWithoutDataAndJson,
        OptionsWithoutParams,
        RequestOptions,
    )
    from envoi._model.types import DataType, JsonType, ParamsType, URLType
    from envoi._responses.response import Response


def session() -> Session:
    """A new `Session`, under requests' old name for it."""
    return Session()


def request(
    method: str | bytes, url: URLType, *positional: Any, **options: Unpack[RequestOptions]
) -> Response:
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
    replaced = session_in_its_place()
    if replaced is not None:
        with replaced as session:
            return session.request(method, url, *positional, **options)  # type: ignore[no-any-return]
    return shared_session().request(method, url, *positional, **options)


def get(
    url: URLType, params: ParamsType = None, **options: Unpack[OptionsWithoutParams]
) -> Response:
    """Ask for a resource (RFC 9110, section 9.3.1).

    Args:
        url: where to.
        params: added to the query.
        **options: see `RequestOptions`.
    """
    if params is None:
        return request("GET", url, **options)
    return request("GET", url, params=params, **options)


def options(url: URLType, **options: Unpack[RequestOptions]) -> Response:
    """Ask what a resource allows (RFC 9110, section 9.3.7).

    Args:
        url: where to.
        **options: see `RequestOptions`.
    """
    return request("OPTIONS", url, **options)


def head(url: URLType, **options: Unpack[RequestOptions]) -> Response:
    """Ask for a resource's headers alone; redirects are not followed unless asked (RFC 9110,
    section 9.3.2).

    Args:
        url: where to.
        **options: see `RequestOptions`.
    """
    return request("HEAD", url, **without_redirects(options))


def post(
    url: URLType,
    data: DataType = None,
    json: JsonType = None,
    **options: Unpack[OptionsWithoutDataAndJson],
) -> Response:
    """Hand a body to a resource (RFC 9110, section 9.3.3).

    Args:
        url: where to.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        json: the body, as JSON.
        **options: see `RequestOptions`.
    """
    return request("POST", url, data=data, json=json, **options)


def put(url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]) -> Response:
    """Put a body in place of a resource (RFC 9110, section 9.3.4).

    Args:
        url: where to.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        **options: see `RequestOptions`.
    """
    return request("PUT", url, data=data, **options)


def patch(url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]) -> Response:
    """Change part of a resource (RFC 5789).

    Args:
        url: where to.
        data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
        **options: see `RequestOptions`.
    """
    return request("PATCH", url, data=data, **options)


def delete(url: URLType, **options: Unpack[RequestOptions]) -> Response:
    """Remove a resource (RFC 9110, section 9.3.5).

    Args:
        url: where to.
        **options: see `RequestOptions`.
    """
    return request("DELETE", url, **options)
