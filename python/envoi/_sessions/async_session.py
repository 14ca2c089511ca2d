"""The session, awaited."""

from __future__ import annotations

from sys import is_finalizing
from typing import TYPE_CHECKING, Any
from warnings import warn

from envoi._adapters.async_http import AsyncHTTPAdapter
from envoi._model.options import without_redirects
from envoi._responses.async_response import AsyncResponse
from envoi._sessions.base import BaseSession
from envoi._sessions.overrides import methods_of
from envoi._sessions.redirecting import RedirectChain
from envoi._wiring import open_async_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType
    from typing import Self, Unpack

    from envoi._model.options import (
        OptionsWithoutData,
        OptionsWithoutDataAndJson,
        OptionsWithoutParams,
        RequestOptions,
    )
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import (
        CertType,
        DataType,
        JsonType,
        ParamsType,
        ProxiesType,
        TimeoutType,
        URLType,
        VerifyType,
    )


class AsyncSession(BaseSession):
    """Cookies that persist, connections that are kept, settings for every request; on asyncio or
    trio, whichever runs the first request.

    A session belongs to the event loop of its first request; using it from another raises
    `WrongEventLoop`.

    Args:
        **settings: see `SessionSettings`.

    Example:
        >>> async def main():
        ...     with testing.Server() as server:
        ...         async with envoi.AsyncSession(base_url=server.url) as session:
        ...             await session.get("/cookies/set?flavour=vanilla")
        ...             return (await session.get("/cookies")).json()
        >>> asyncio.run(main())
        {'cookies': {'flavour': 'vanilla'}}
    """

    _kind = AsyncHTTPAdapter
    _new_reply = AsyncResponse
    _open_pool = staticmethod(open_async_pool)
    _belongs_to_loop = True

    async def request(
        self, method: str | bytes, url: URLType, *positional: Any, **options: Unpack[RequestOptions]
    ) -> AsyncResponse:
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
        return await self._start(method, url, positional, options)  # type: ignore[no-any-return]

    async def send(self, request: PreparedRequest, **options: Any) -> AsyncResponse:
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
        return await self._deliver(request, options)  # type: ignore[no-any-return]

    async def resolve_redirects(
        self,
        resp: Any,
        req: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutType = None,
        verify: VerifyType = True,
        cert: CertType = None,
        proxies: ProxiesType = None,
        yield_requests: bool = False,
        **adapter_kwargs: Any,
    ) -> AsyncIterator[Any]:
        """Follow the redirects that a response begins, one by one.

        Args:
            resp: the response.
            req: the request that it answers.
            stream: as for `send`.
            timeout: as for `send`, but None for the limits by default.
            verify: as for `send`.
            cert: as for `send`.
            proxies: as for `send`; the environment's are added.
            yield_requests: give the next request instead, without sending it.
            **adapter_kwargs: for the adapter's `send`.

        Yields:
            Each response. The body of one that redirects further is not read.

        Raises:
            TooManyRedirects: `max_redirects` is used up.
            InvalidURL, InvalidSchema: a redirect to what is no URL, or not followed.
            UnrewindableBodyError: the body is a stream that is gone.
        """
        options = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert}
        chain = RedirectChain(self, resp, req, proxies, {**options, **adapter_kwargs})
        while (step := await chain.step(sends=not yield_requests)) is not None:
            yield step

    async def get(
        self, url: URLType, params: ParamsType = None, **options: Unpack[OptionsWithoutParams]
    ) -> AsyncResponse:
        """Ask for a resource (RFC 9110, section 9.3.1).

        Args:
            url: where to.
            params: added to the query.
            **options: see `RequestOptions`.
        """
        if params is None:
            return await self.request("GET", url, **options)
        return await self.request("GET", url, params=params, **options)

    async def options(self, url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Ask what a resource allows (RFC 9110, section 9.3.7).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return await self.request("OPTIONS", url, **options)

    async def head(self, url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Ask for a resource's headers alone; redirects are not followed unless asked (RFC 9110,
        section 9.3.2).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return await self.request("HEAD", url, **without_redirects(options))

    async def post(
        self,
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
        return await self.request("POST", url, data=data, json=json, **options)

    async def put(
        self, url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]
    ) -> AsyncResponse:
        """Put a body in place of a resource (RFC 9110, section 9.3.4).

        Args:
            url: where to.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            **options: see `RequestOptions`.
        """
        return await self.request("PUT", url, data=data, **options)

    async def patch(
        self, url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]
    ) -> AsyncResponse:
        """Change part of a resource (RFC 5789).

        Args:
            url: where to.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            **options: see `RequestOptions`.
        """
        return await self.request("PATCH", url, data=data, **options)

    async def delete(self, url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Remove a resource (RFC 9110, section 9.3.5).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return await self.request("DELETE", url, **options)

    async def close(self) -> None:
        """Close the connections. Responses that are still being streamed keep theirs to their end.
        Closing again does nothing.

        Raises:
            WrongEventLoop: another event loop ran the session's first request.
        """
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self, is_finalizing: Callable[[], bool] = is_finalizing) -> None:
        pool = self._pool
        if pool is not None and pool.state.open and not is_finalizing():
            warn(
                f"unclosed {type(self).__name__}: close it with `await session.close()` or `async "
                "with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


AsyncSession._kind_methods = methods_of(AsyncSession)
AsyncSession._kind_seams = AsyncHTTPAdapter._original
