"""The session: settings, cookies and connections that outlive a request."""

from __future__ import annotations

from sys import is_finalizing
from typing import TYPE_CHECKING, Any

from envoi._adapters.base import seams_of
from envoi._adapters.http import HTTPAdapter
from envoi._io.run_sync import run_sync
from envoi._pipeline.reply import load
from envoi._pipeline.send import send, send_prepared
from envoi._responses.response import Response
from envoi._sessions.mounting import methods_of, watched_netrc
from envoi._sessions.preparing import Preparing, by_name
from envoi._sessions.redirect_mixin import SessionRedirectMixin
from envoi._wiring import open_blocking_pool
from envoi.exceptions import RequestException

if TYPE_CHECKING:
    from collections.abc import Callable
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
    from envoi._net.pool import Pool


class Session(Preparing, SessionRedirectMixin):
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
        given: Any = by_name(positional, options) if positional else options
        # The two questions are asked for each request, and written out: a call would cost as much
        # as the answer.
        if (
            self._changed
            or methods_of(type(self)) != self._kind_methods
            or (watched_netrc and self._is_by_parts())
        ):
            prepared, arguments = self._parts(method, url, given)
            return self.send(prepared, **arguments)
        pool = self._pool
        if pool is None:
            pool = self._open()
        call, request = self._call(pool, Response, method, url, given)
        if self._adapters is not None or seams_of(self._kind) != self._kind_seams:
            call = self._adapted(call)
        return run_sync(send(call, request))  # type: ignore[return-value] # the class that the call was given

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
        pool = self._pool
        if pool is None:
            pool = self._open()
        call, follow = self._prepared_call(pool, Response, request, options)
        response: Any = run_sync(send_prepared(call, request))
        try:
            if follow:
                hop = self._hop_options(call, request, options)
                passed = [response, *self.resolve_redirects(response, request, **hop)]
                if len(passed) > 1:
                    response = passed.pop()
                    response.history = passed
            elif response.is_redirect and not request._in_chain:
                response.next = self._peek(
                    response, request, self._hop_options(call, request, options)
                )
            if not call.stream and not (request._in_chain and response.is_redirect and not follow):
                run_sync(load(response))
        except BaseException:
            response.close()
            raise
        return response  # type: ignore[no-any-return]

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
        options.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **options)

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
        self._closed = True
        self._shut()
        for adapter in list((self._adapters or {}).values()):
            adapter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self, is_finalizing: Callable[[], bool] = is_finalizing) -> None:
        # As in requests: a session that is dropped closes itself.
        pool = self._pool
        if pool is not None:
            try:
                pool.close_soon()
            except (AttributeError, TypeError):
                if (
                    not is_finalizing()
                ):  # when the interpreter ends, modules lose their names before this is called
                    raise

    def _open(self) -> Pool:
        return self._opened(open_blocking_pool)

    def _peek(
        self, response: Response, request: PreparedRequest, hop: dict[str, Any]
    ) -> PreparedRequest | None:
        """The request that following a redirect would send; None when it could not be."""
        try:
            return next(self.resolve_redirects(response, request, yield_requests=True, **hop), None)
        except RequestException:
            return None


Session._kind_methods = methods_of(Session)
Session._kind_seams = HTTPAdapter._original
