"""A transport for other HTTP clients: one request, one response; no cookies, no redirects, the body
not decoded.
"""

from __future__ import annotations

from functools import partial
from math import inf
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from envoi._io.run_sync import run_sync
from envoi._model.body import NO_BODY
from envoi._model.body_streams import AsyncIteratorBody, Body, IteratorBody
from envoi._model.headers import Headers
from envoi._model.prepared import PreparedRequest
from envoi._model.timeout import Timeout
from envoi._model.url import URL, Retargeted, parse_url
from envoi._net.dial import Dialer
from envoi._net.routes import tls_config
from envoi._pipeline.carry import carry
from envoi._pipeline.reply import Reply
from envoi._sessions.calls import usual
from envoi._sessions.settings import SessionSettings
from envoi._wiring import open_async_pool, open_blocking_pool
from envoi.exceptions import ConnectionError as OurConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._io.protocols import Backend, SocketSettings, TLSConfig
    from envoi._model.types import CertType, SocketOptionsType, VerifyType
    from envoi._net.http1 import HTTP1Connection
    from envoi._net.pool import Pool
    from envoi._net.route import Route
    from envoi._pipeline.journey import Delivery
    from envoi._pipeline.reply import BodySource
    from envoi._proto.plans.proxy import ProxyConfig

Limits = tuple[float | None, float | None, float | None, float | None]
"""Seconds for connect, read, write and pool; None for no limit."""

_MAX_DELIVERIES: Final = 64
_SHORTEST: Final = 1e-6
_FIRST_DELAY: Final = 0.5


class EngineRequest(NamedTuple):
    """One request, as another client made it.

    Attributes:
        method: in the case it is sent in.
        url: where to, absolute.
        target: what the request line carries; None for the URL's own path and query.
        headers: every field in its order, the framing among them.
        content: the body's bytes, or None when `pieces` has them.
        pieces: a sync or async iterable of bytes.
        limits: how long each phase may take.
    """

    method: str
    url: str
    target: str | None
    headers: Iterable[tuple[bytes, bytes]]
    content: bytes | None
    pieces: Any
    limits: Limits


class EngineOptions(NamedTuple):
    """How a request is sent.

    Attributes:
        limits: how long each phase may take.
        tls: from `tls_config`; None for the engine's own.
        proxy: on the way; None for none.
    """

    limits: Limits
    tls: TLSConfig | None = None
    proxy: ProxyConfig | None = None


class EngineResponse(NamedTuple):
    """What came back: the head, and a body still to be read; None when there is nothing to read."""

    status: int
    reason: str
    version: str
    headers: list[tuple[bytes, bytes]]
    body: BodySource | None


class Engine(SessionSettings):
    """A pool with settings, opened when first used, and again after it was closed.

    Args:
        verify: as for a session.
        cert: as for a session.
        max_connections: open connections in total; None for no limit.
        keepalive: seconds that an idle connection is kept; 0 for no second request on any.
        local_address: the address to connect from.
        socket_path: a Unix socket to connect to, whatever the URL's host.
        retries: how often connecting is tried again, at once and then after 0.5 s, 1 s, 2 s and so
            on.
        socket_options: as for a session.
        max_connections_per_host: the same as `max_connections` for one route.
    """

    def __init__(
        self,
        *,
        verify: VerifyType = True,
        cert: CertType = None,
        max_connections: int | None = 100,
        keepalive: float = 60.0,
        local_address: str | None = None,
        socket_path: str | None = None,
        retries: int = 0,
        socket_options: SocketOptionsType = None,
        max_connections_per_host: int | None = None,
    ) -> None:
        super().__init__(
            verify=verify,
            cert=cert,
            trust_env=False,
            max_connections=max_connections,
            max_connections_per_host=max_connections_per_host,
            keepalive=keepalive,
            local_address=local_address,
            uds=socket_path,
            socket_options=socket_options,
        )
        total, per_host, seconds = self._pool_sizes
        self._pool_sizes = (
            total,
            per_host,
            seconds or -1.0,
        )  # at 0 a connection would be kept for the rest of the clock's tick
        self._retries = retries
        self._deliveries: dict[EngineOptions, Delivery] = {}
        tls_config(
            self._verify_by_default(), self._cert
        )  # what is wrong with verify or cert shows here

    def close(self) -> None:
        """Close the connections; bodies that are being read keep theirs to their end."""
        self._deliveries.clear()
        self._close_pool()

    def _new_dialer(self, backend: Backend, sockets: SocketSettings) -> Dialer:
        return (
            _RetryingDialer(backend, sockets, self._retries)
            if self._retries
            else Dialer(backend, sockets)
        )

    def _delivery(self, pool: Pool, options: EngineOptions) -> Delivery:
        found = self._deliveries.get(options)
        if found is None or found.pool is not pool:
            found = usual(self, pool, Reply).delivery._replace(pool=pool, stream=True)
            limits = (None if limit is None else max(limit, _SHORTEST) for limit in options.limits)
            found = found._replace(timeout=Timeout(*limits))
            if options.tls is not None:
                found = found._replace(tls=options.tls)
            if options.proxy is not None:
                found = found._replace(route_for=partial(self._routes, proxy=options.proxy))
            if len(self._deliveries) >= _MAX_DELIVERIES:
                self._deliveries.clear()
            self._deliveries[options] = found
        return found


class BlockingEngine(Engine):
    """For threads."""

    def send(self, asked: EngineRequest) -> EngineResponse:
        """Send a request, and return once the answer's head is there.

        Raises:
            RequestException: whatever went wrong.
        """
        return _answer(self.exchange(_request(asked, IteratorBody), EngineOptions(asked.limits)))

    def exchange(self, request: PreparedRequest, options: EngineOptions) -> Reply:
        """As `send`, for a request that is one of ours already, with options of its own.

        Args:
            request: what to send, its framing among its fields.
            options: how.

        Raises:
            RequestException: whatever went wrong.
        """
        pool = self._pool or self._ensure_pool(open_blocking_pool, self._new_dialer)
        return run_sync(carry(self._delivery(pool, options), request, pool.backend.now(), inf))

    @staticmethod
    def receive(body: BodySource, threshold: int = 1) -> bytes:
        """The next bytes of a body as they came, only the transfer coding removed; b"" at the end.
        `threshold` are worth waking up for.
        """
        return run_sync(body.receive_raw(threshold))


class AsyncEngine(Engine):
    """For the event loop, asyncio's or trio's, that runs the first request."""

    async def send(self, asked: EngineRequest) -> EngineResponse:
        """As `BlockingEngine.send`.

        Raises:
            RequestException: whatever went wrong.
        """
        pool = self._pool or self._ensure_pool(open_async_pool, self._new_dialer)
        pool.backend.check_owner()
        request = _request(asked, AsyncIteratorBody)
        reply: Reply | None = None
        try:
            delivery = self._delivery(pool, EngineOptions(asked.limits))
            reply = await carry(delivery, request, pool.backend.now(), inf)
            return _answer(reply)
        finally:
            # While an answer is read, the rest of the request is still being sent.
            if reply is None or not getattr(reply.trace, "sending", False):
                await _close_pieces(request.content)


def _request(
    asked: EngineRequest, streamed: type[IteratorBody | AsyncIteratorBody]
) -> PreparedRequest:
    url = parse_url(asked.url)
    if asked.target is not None and asked.target != url.target:
        url = cast("URL", Retargeted(url, asked.target))
    headers = Headers(asked.headers)
    content = asked.content
    body: Body
    if content is None:
        body = streamed(asked.pieces)
    elif content or headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        body = Body(content, None, len(content), content)
    else:
        body = NO_BODY
    return PreparedRequest(asked.method, url, headers, body)


async def _close_pieces(body: Body) -> None:
    """Close an asynchronous generator that was not asked for its end, because the answer was there
    before or something failed.
    """
    iterator = getattr(body, "_iterator", None)
    # One that runs is being cancelled in the task that asks it.
    if isinstance(iterator, AsyncGeneratorType) and not iterator.ag_running:
        await iterator.aclose()


def _answer(reply: Reply) -> EngineResponse:
    head = reply._head
    if head is None:
        raise RuntimeError("an exchange ended without a head")
    return EngineResponse(head.status, head.reason, head.http_version, head.headers.raw, reply.body)


class _RetryingDialer(Dialer):
    """Tries again when there was no connection; what happens on one is not its concern."""

    def __init__(self, backend: Backend, sockets: SocketSettings, retries: int) -> None:
        super().__init__(backend, sockets)
        self._clock = backend
        self._retries = retries

    async def dial(self, route: Route, timeout: Timeout, total_deadline: float) -> HTTP1Connection:
        delay = 0.0
        for _ in range(self._retries):
            try:
                return await super().dial(route, timeout, total_deadline)
            except OurConnectionError:
                await self._clock.sleep(delay)
            delay = delay * 2 or _FIRST_DELAY
        return await super().dial(route, timeout, total_deadline)
