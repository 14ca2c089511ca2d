"""Has urllib3 carry the requests of an adapter whose settings only it knows; blocking."""

from __future__ import annotations

import sys
from math import inf
from typing import TYPE_CHECKING, Any, Final

from envoi._adapters.connection_settings import PoolManager, has_urllib3
from envoi._model import exceptions
from envoi._net.errors import invalid_message
from envoi._proto.h1 import H1Machine, InvalidMessage
from envoi._responses.foreign import ForeignBody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.types import ProxiesType
    from envoi._pipeline.journey import Delivery, Told
    from envoi._pipeline.reply import Reply
    from envoi._proto.plans.proxy import ProxyConfig

_SHORTEST: Final = 0.001
_NOT_OF_POOLS: Final = frozenset({"num_pools", "maxsize", "block", "strict", "retries", "timeout"})


class Urllib3Carrier:
    """urllib3's pools of one adapter: one manager for direct connections, and one for each proxy.

    Args:
        connections: how many hosts a manager keeps pools for.
        maxsize: connections that a pool keeps.
        block: whether a request waits when so many are in use.
    """

    def __init__(self, connections: int, maxsize: int, block: bool) -> None:
        self._connections = connections
        self._sizes: dict[str, Any] = {"maxsize": maxsize, "block": block}
        self._managers: dict[Any, Any] = {}

    def pool(
        self,
        host: Mapping[str, Any],
        settings: Mapping[str, Any],
        proxy: ProxyConfig | None,
        proxy_headers: Callable[[str], Mapping[str, str]],
    ) -> Any:
        """A pool of urllib3's for a host.

        Args:
            host: scheme, host and port.
            settings: of its connections, by urllib3's names.
            proxy: on the way, or None.
            proxy_headers: the fields for a proxy, by its URL.

        Raises:
            InvalidOption: by way of a SOCKS proxy.
        """
        key = proxy and (proxy.url, proxy.fields)
        manager = self._managers.get(key)
        if manager is None:
            made = self._manager(settings, proxy, proxy_headers)
            manager = self._managers.setdefault(key, made)
        return manager.connection_from_host(
            **host,
            pool_kwargs={
                name: value for name, value in settings.items() if name not in _NOT_OF_POOLS
            },
        )

    def clear(self) -> None:
        """Close the connections."""
        for manager in self._managers.values():
            manager.clear()

    def _manager(
        self,
        settings: Mapping[str, Any],
        proxy: ProxyConfig | None,
        proxy_headers: Callable[[str], Mapping[str, str]],
    ) -> Any:
        import urllib3

        if proxy is None:
            return urllib3.PoolManager(self._connections, **self._sizes)
        if proxy.url.startswith("http"):
            fields = {**proxy_headers(proxy.url), **dict(proxy.fields)}
            return urllib3.ProxyManager(
                proxy.url, self._connections, proxy_headers=fields, **self._sizes
            )
        raise exceptions.InvalidOption(
            f"HTTPAdapter: {unknown_of(settings)} cannot be combined with a SOCKS proxy"
        )


def carry_by_urllib3(
    adapter: Any,
    pool: Any,
    delivery: Delivery,
    told: Told,
    request: PreparedRequest,
    target: str | None,
    started: float,
    deadline: float,
) -> Reply:
    """Have a pool of urllib3's carry a request, under the limits of the call.

    Args:
        adapter: whose request it is.
        pool: urllib3's.
        delivery: the caller's.
        told: what the adapter was told.
        request: what to send.
        target: what the request line says, where the adapter has its own idea of it.
        started: when this part of the call began.
        deadline: the end of the whole.

    Raises:
        InvalidOption: in an asynchronous session.
        RequestException: whatever went wrong.
    """
    backend = delivery.pool.backend
    if backend.name != "blocking":
        raise exceptions.InvalidOption(
            f"{type(adapter).__name__} has settings for which urllib3 carries its requests, "
            "which is not asynchronous"
        )
    limits = delivery.timeout
    response = through_urllib3(
        adapter, pool, request, target, limits, deadline - started, told.proxies
    )
    if isinstance(response.body, ForeignBody):
        response.body.hold(deadline, backend.now, limits)
    return response  # type: ignore[no-any-return]


def require_urllib3(settings: Mapping[str, Any]) -> None:
    """Refuse settings that only urllib3 knows, where it is not installed.

    Raises:
        InvalidOption: it is not.
    """
    if not has_urllib3():
        raise exceptions.InvalidOption(
            f"HTTPAdapter: {unknown_of(settings)} is no setting of Envoi's connections; install "
            "urllib3 to have it carry the request"
        )


def unknown_of(settings: Mapping[str, Any]) -> str:
    """The names of settings that only urllib3 knows."""
    return ", ".join(
        name for name, value in settings.items() if not PoolManager.understands({name: value})
    )


def through_urllib3(
    adapter: Any,
    connection: Any,
    request: PreparedRequest,
    target: str | None,
    limits: Timeout,
    left: float,
    proxies: ProxiesType,
) -> Any:
    """Have a pool of urllib3's carry a request, for an adapter that insists on one; blocking.

    Args:
        adapter: whose `build_response` makes the response.
        connection: the pool.
        request: what to send.
        target: what the request line says, where the adapter has decided that.
        limits: for each phase.
        left: seconds until the end of the whole; every wait is bounded by that.
        proxies: as for a session.

    Raises:
        RequestException: whatever went wrong, as requests would raise it.
    """
    import urllib3

    content = request.content.content
    body = request.body if content is None else content or None
    headers = request.headers.copy()
    headers.pop("Proxy-Authorization", None)  # the pool has it, if it is a proxy's
    _require_sound(request, headers, content or b"")
    connect, read = (
        min(left, seconds) for seconds in (limits.connect_seconds, limits.read_seconds)
    )
    try:
        raw = connection.urlopen(
            method=request.method,
            url=adapter.request_url(request, proxies) if target is None else target,
            body=body,
            headers=dict(headers.items()),
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=urllib3.Retry(adapter.max_retries, read=False)
            if isinstance(adapter.max_retries, int)
            else adapter.max_retries,
            timeout=urllib3.Timeout(
                *(
                    None if seconds == inf else max(seconds, _SHORTEST)
                    for seconds in (connect, read)
                )
            ),
            chunked=body is not None and "Content-Length" not in headers,
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _ours(error, request) from error
    except ValueError as error:  # a context with which what else is said cannot be
        raise exceptions.InvalidOption(f"HTTPAdapter: {error}", request=request) from error
    return adapter.build_response(request, raw)


def _require_sound(request: PreparedRequest, headers: Headers, content: bytes) -> None:
    """Refuse what Envoi would not send either: a method, a target, a field or a framing that breaks
    the message.
    """
    try:
        H1Machine().start(
            request.method,
            request.parsed_url.target,
            request.parsed_url.authority,
            headers,
            content,
        )
    except InvalidMessage as error:
        raised = invalid_message(error)
        raised.request = request
        raise raised from None


def _ours(error: Exception, request: PreparedRequest) -> exceptions.RequestException:
    theirs = sys.modules["urllib3.exceptions"]
    reason = getattr(error, "reason", error)
    kinds = (
        (theirs.NewConnectionError, exceptions.ConnectionError),
        (theirs.ConnectTimeoutError, exceptions.ConnectTimeout),
        (theirs.ReadTimeoutError, exceptions.ReadTimeout),
        (theirs.ResponseError, exceptions.RetryError),
        (theirs.ProxyError, exceptions.ProxyError),
        (theirs.SSLError, exceptions.SSLError),
        (theirs.LocationValueError, exceptions.InvalidURL),
    )
    for kind, ours in kinds:
        if isinstance(reason, kind):
            return ours(str(error), request=request)
    return exceptions.ConnectionError(str(error), request=request)
