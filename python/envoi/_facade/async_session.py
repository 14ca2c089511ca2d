"""The session, awaited."""

from __future__ import annotations

from sys import is_finalizing
from typing import TYPE_CHECKING
from warnings import warn

from envoi._facade.async_response import AsyncResponse
from envoi._facade.defaults import SessionSettings
from envoi._facade.opening import open_async_pool
from envoi._pipeline.send import send

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self, Unpack

    from envoi._model.options import OptionsWithoutData, OptionsWithoutDataAndJson, OptionsWithoutParams, RequestOptions
    from envoi._model.types import DataType, JsonType, ParamsType, URLType
    from envoi._net.pool import Pool


class AsyncSession(SessionSettings):
    """Cookies that persist, connections that are kept, settings for every request; on asyncio or trio, whichever runs the first request.

    A session belongs to the event loop of its first request; using it from another raises `WrongEventLoop`.

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

    async def request(self, method: str | bytes, url: URLType, **options: Unpack[RequestOptions]) -> AsyncResponse:
        """Send a request.

        Args:
            method: such as "GET".
            url: where to.
            **options: see `RequestOptions`.

        Returns:
            The response, its body read, unless `stream=True`.

        Raises:
            RequestException: or one of its many precise subclasses, `.request` telling what it happened to.
        """
        pool = self._pool
        if pool is None:
            pool = self._open()
        pool.backend.check_owner()
        call, request = self._call(pool, AsyncResponse, method, url, options)
        return await send(call, request)  # type: ignore[return-value] # the class that the call was given

    async def get(self, url: URLType, params: ParamsType = None, **options: Unpack[OptionsWithoutParams]) -> AsyncResponse:
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
        """Ask for a resource's headers alone; redirects are not followed unless asked (RFC 9110, section 9.3.2).

        Args:
            url: where to.
            **options: see `RequestOptions`.
        """
        return await self.request("HEAD", url, **options)

    async def post(
        self, url: URLType, data: DataType = None, json: JsonType = None, **options: Unpack[OptionsWithoutDataAndJson]
    ) -> AsyncResponse:
        """Hand a body to a resource (RFC 9110, section 9.3.3).

        Args:
            url: where to.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            json: the body, as JSON.
            **options: see `RequestOptions`.
        """
        return await self.request("POST", url, data=data, json=json, **options)

    async def put(self, url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]) -> AsyncResponse:
        """Put a body in place of a resource (RFC 9110, section 9.3.4).

        Args:
            url: where to.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            **options: see `RequestOptions`.
        """
        return await self.request("PUT", url, data=data, **options)

    async def patch(self, url: URLType, data: DataType = None, **options: Unpack[OptionsWithoutData]) -> AsyncResponse:
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
        """Close the connections. Responses that are still being streamed keep theirs to their end. Closing again does nothing.

        Raises:
            WrongEventLoop: another event loop ran the session's first request.
        """
        pool = self._pool
        if pool is not None:
            pool.backend.check_owner()
        self._closed = True
        self._shut()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __del__(self, is_finalizing: Callable[[], bool] = is_finalizing) -> None:
        pool = self._pool
        if pool is not None and pool.state.open and not is_finalizing():
            warn(
                f"unclosed {type(self).__name__}: close it with `await session.close()` or `async with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            pool.close_soon()  # its loop may run in another thread, or run no more

    def _open(self) -> Pool:
        return self._opened(open_async_pool)
