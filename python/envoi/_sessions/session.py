"""The session: settings, cookies and connections that outlive a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._adapters.http import HTTPAdapter
from envoi._io.run_sync import run_sync
from envoi._model.options import without_redirects
from envoi._responses.response import Response
from envoi._sessions.base import BaseSession
from envoi._sessions.overrides import methods_of
from envoi._sessions.redirecting import SessionRedirectMixin
from envoi._wiring import open_blocking_pool

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, Unpack

    from envoi._model.options import (
        OptionsWithoutData,
        OptionsWithoutDataAndJson,
        OptionsWithoutParams,
        RequestOptions,
    )
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import DataType, JsonType, ParamsType, URLType


class Session(BaseSession, SessionRedirectMixin):
    """Cookies that persist, connections that are kept, settings for every request. Safe to use from
    many threads at once.

    Args:
        **settings: see `SessionSettings`.

    Example:
        >>> with testing.Server() as server, envoi.Session(base_url=server.url) as session:
        ...     _ = session.get("/cookies/set?flavour=vanilla")
        ...     session.get("/cookies").json()
        {'cookies': {'flavour': 'vanilla'}}
    """

    _kind = HTTPAdapter
    _new_reply = Response
    _open_pool = staticmethod(open_blocking_pool)
    _belongs_to_loop = False

    def request(
        self, method: str | bytes, url: URLType, *positional: Any, **options: Unpack[RequestOptions]
    ) -> Response:
        """Send a request.

        Args:
            method: such as "GET".
            url: where to.
            *positional: options by their position, in requests' order: params, data, headers,
                cookies, files, auth, timeout, allow_redirects, proxies, hooks, stream, verify,
                cert, json. None says nothing.
            **options: see `RequestOptions`.

        Returns:
            The response, its body read, unless `stream=True`.

        Raises:
            RequestException: or one of its many precise subclasses, `.request` telling what it
                happened to.
        """
        return run_sync(self._start(method, url, positional, options))  # type: ignore[no-any-return]

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        """Send a request that is prepared, as it is: the session adds no header, cookie or
        authentication.

        Args:
            request: what to send.
            **options: `stream`, `timeout`, `verify`, `cert`, `proxies`, `allow_redirects`,
                `max_body`, as for `request`; what else there is goes to the adapter.

        Returns:
            The response, its body read, unless `stream=True`.

        Raises:
            InvalidOption: a `Request` that is not prepared.
            RequestException: whatever went wrong.
        """
        return run_sync(self._deliver(request, options))  # type: ignore[no-any-return]

    def get(
        self, url: URLType, params: ParamsType = None, **options: Unpack[OptionsWithoutParams]
    ) -> Response:
        """Ask for a resource (RFC 9110, section 9.3.1).

        Args:
            url: where to.
            params: added to the query.
            **options: see `RequestOptions`.
        """
        if params is None:
            return self.request("GET", url, **options)
        return self.request("GET", url, params=params, **options)

    def options(self, url: URLType, **options: Unpack[RequestOptions]) -> Response:
        """Ask what a resource allows (RFC 9110, section 9.3.7).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return self.request("OPTIONS", url, **options)

    def head(self, url: URLType, **options: Unpack[RequestOptions]) -> Response:
        """Ask for a resource's headers alone; redirects are not followed unless asked (RFC 9110,
        section 9.3.2).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return self.request("HEAD", url, **without_redirects(options))

    def post(
        self,
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
        return self.request("POST", url, data=data, json=json, **options)

    def put(
        self, url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]
    ) -> Response:
        """Put a body in place of a resource (RFC 9110, section 9.3.4).

        Args:
            url: where to.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            **options: see `RequestOptions`.
        """
        return self.request("PUT", url, data=data, **options)

    def patch(
        self, url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]
    ) -> Response:
        """Change part of a resource (RFC 5789).

        Args:
            url: where to.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            **options: see `RequestOptions`.
        """
        return self.request("PATCH", url, data=data, **options)

    def delete(self, url: URLType, **options: Unpack[RequestOptions]) -> Response:
        """Remove a resource (RFC 9110, section 9.3.5).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return self.request("DELETE", url, **options)

    def close(self) -> None:
        """Close the connections. Responses that are still being streamed keep theirs to their end.
        Closing again does nothing.
        """
        run_sync(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


Session._kind_methods = methods_of(Session)
Session._kind_seams = HTTPAdapter._original
