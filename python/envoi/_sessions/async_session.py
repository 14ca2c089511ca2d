"""The session, awaited."""

from __future__ import annotations

from sys import is_finalizing
from typing import TYPE_CHECKING, Any
from warnings import warn

from envoi._adapters.async_http import AsyncHTTPAdapter
from envoi._responses.async_response import AsyncResponse
from envoi._sessions.async_verbs import AsyncSessionVerbs
from envoi._sessions.base import BaseSession
from envoi._sessions.overrides import methods_of
from envoi._sessions.redirecting import RedirectChain
from envoi._wiring import open_async_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType
    from typing import Self

    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import (
        CertType,
        ProxiesType,
        TimeoutType,
        VerifyType,
    )


class AsyncSession(BaseSession, AsyncSessionVerbs):
    """Cookies that persist, connections that are kept, settings for every request; on asyncio or
    trio, whichever runs the first request.

    A session belongs to the event loop of its first request; using it from another raises
    `WrongEventLoop`.

    Args:
        base_url: relative URLs are joined to it.
        headers: sent with every request, over Envoi's own; None as a value leaves one of those out.
        params: added to every URL's query.
        cookies: in the jar from the start; or a `http.cookiejar.CookieJar` of your own, which is
            used as it is.
        auth: user name and password, an `envoi.auth.Auth`, or a callable that takes the request and
            returns it.
        proxies: by scheme or `scheme://host`: `{"https": "http://user:password@proxy:3128"}`; None
            for none at all, whatever the environment says.
        hooks: `{"response": function}`: called with each response.
        timeout: a number of seconds for connecting and for each wait, `(connect, read)`, a
            `Timeout`, or None for none at all.
        verify: True for the system's trust store, a path to a PEM file or folder, an
            `ssl.SSLContext`, or False for no check at all.
        cert: a client certificate: a PEM file's path, `(certificate, key)` or `(certificate, key,
            password)`.
        max_redirects: how many redirects are followed.
        trust_env: whether the environment has a say where nothing explicit was said: proxies,
            REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, netrc.
        max_connections: open connections in total; None for no limit.
        max_connections_per_host: the same for one origin.
        keepalive: seconds that an idle connection is kept.
        resend: whether a request that met a connection which the server had just closed is sent
            once more, where that is safe.
        max_body: the largest response body in bytes, decoded; None for no limit.
        sensitive_headers: names of headers that a redirect to another origin must not take along,
            besides Authorization, Cookie and Proxy-Authorization.
        local_address: the address to connect from.
        socket_options: `(level, option, value)` for `setsockopt`, as a list; set after what is set
            by default (TCP_NODELAY, TCP's keepalive after 45 s).
        uds: the path of a Unix socket to which every request goes, whatever its URL's host; no
            proxy is used then.
        stream: whether bodies are left for the caller to read, where a request does not say.
        adapters: what to mount from the start, by prefix: see `mount`.
        raise_for_status: whether `request` and the verbs raise HTTPError for a 4xx or 5xx, as
            `Response.raise_for_status` does; a request may say otherwise.
        hsts: whether hosts that ask for it are asked by https only (RFC 6797); or an `envoi.HSTS`
            that remembers them, which several sessions may share.

    Examples:
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
