"""HTTPAdapter's part that sync and async share: TLS and proxy settings, and the methods that a
subclass may override.
"""

from __future__ import annotations

import os
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from envoi._adapters.connection_settings import ConnectionSettings, PoolManager
from envoi._adapters.translation import as_argument, filled, limits_of
from envoi._io.protocols import SocketSettings
from envoi._model.auth import basic
from envoi._model.exceptions import InvalidOption
from envoi._model.headers import Headers
from envoi._model.prepared import PreparedRequest
from envoi._model.sentinel import NotGiven
from envoi._model.sockets import socket_options_of, socket_path
from envoi._model.url import Retargeted, parse_url
from envoi._net.routes import Routes, tls_config
from envoi._pipeline.carry import carry
from envoi._pipeline.journey import Delivery, Told
from envoi._responses.raw import AsyncRaw, Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from envoi._io.protocols import TLSConfig
    from envoi._model.types import CertType, ProxiesType, SocketOptionsType, TimeoutType, VerifyType
    from envoi._net.pool import Pool
    from envoi._pipeline.reply import Reply

SEAMS: Final = (
    "send",
    "add_headers",
    "build_response",
    "build_connection_pool_key_attributes",
    "cert_verify",
    "get_connection_with_tls_context",
    "init_poolmanager",
    "proxy_headers",
    "proxy_manager_for",
    "request_url",
)
"""What a subclass, or somebody who patches the class, may have changed."""

seams_of: Final = attrgetter(*SEAMS)
_TLS_SEAMS: Final = (
    "build_connection_pool_key_attributes",
    "cert_verify",
    "get_connection_with_tls_context",
)
_BUILD: Final = SEAMS.index("build_response")
_KEEPALIVE: Final = 60.0
_STATE: Final = (
    "max_retries",
    "config",
    "_pool_connections",
    "_pool_maxsize",
    "_pool_block",
    "_socket_options",
    "_uds",
)


class AdapterSettings:
    """A pool of connections with settings of its own, to mount in a session for the URLs that begin
    with some prefix.

    Args:
        pool_connections: kept for requests' sake: connections are not counted by host.
        pool_maxsize: with `pool_block`, the most connections to one host.
        max_retries: how often connecting is tried again, or a `urllib3.util.Retry`, which may also
            have answers tried again. A request of which something may have arrived is never sent
            again by a number alone.
        pool_block: whether a request waits for a connection when `pool_maxsize` are in use;
            otherwise there is no limit.
        socket_options: `(level, option, value)` for `setsockopt`, as a list; set after what is set
            by default.
        uds: the path of a Unix socket to which every request goes, whatever its URL's host; no
            proxy is used then.

    Attributes:
        max_retries: as above.
        poolmanager: what `init_poolmanager` was told; packages built on requests put one of
            urllib3's here.
        proxy_manager: empty; kept for requests' sake.
        config: empty; kept for requests' sake.
    """

    __attrs__: ClassVar[list[str]] = list(_STATE)

    poolmanager: Any
    _socket_options: tuple[tuple[int, int, int | bytes], ...] = ()
    _uds: str | None = None
    _session: Callable[[], Any] | None = None
    _pool: Pool | None = None
    _open_pool: ClassVar[Callable[..., Pool]]
    _original: ClassVar[tuple[Any, ...]]
    _own_send: ClassVar[Any]
    _is_blocking: ClassVar[bool]
    _new_reply: ClassVar[Any]

    def __init__(
        self,
        pool_connections: int = 10,
        pool_maxsize: int = 10,
        max_retries: Any = 0,
        pool_block: bool = False,
        *,
        socket_options: SocketOptionsType = None,
        uds: str | os.PathLike[str] | None = None,
    ) -> None:
        if not hasattr(max_retries, "increment") and (
            not isinstance(max_retries, int) or isinstance(max_retries, bool) or max_retries < 0
        ):
            raise InvalidOption(
                "max_retries must be a whole number of at least 0 or a urllib3.util.Retry, not "
                f"{max_retries!r}"
            )
        from envoi._adapters.retrying import Attempts

        super().__init__()
        self.max_retries: Any = (
            Attempts(max_retries) if isinstance(max_retries, int) else max_retries
        )
        self.config: dict[str, Any] = {}
        self.proxy_manager: dict[str, Any] = {}
        self._pool_connections = pool_connections
        self._pool_maxsize = pool_maxsize
        self._pool_block = pool_block
        self._socket_options = socket_options_of(socket_options)
        self._uds = socket_path(uds)
        self._reset()
        self.init_poolmanager(pool_connections, pool_maxsize, block=pool_block)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} max_retries={self.__dict__.get('max_retries')!r}>"

    @classmethod
    def over(cls, pool: Pool) -> Self:
        """An adapter for one more request over a pool that belongs to somebody else."""
        made = cls()
        made._pool = pool
        made._borrowed = True
        return made

    @classmethod
    def of_session(cls, session: Callable[[], Any]) -> Self:
        """The adapter that a session has for http and https from the start: it uses the session's
        pool.

        Args:
            session: a weak reference to it.
        """
        made = cls()
        made._session = session
        made._borrowed = True
        made.poolmanager.known = lambda: getattr(session(), "_routes", None)
        return made

    @property
    def is_untouched(self) -> bool:
        """Whether it is a session's own, and as it was made."""
        return (
            self._session is not None
            and self.__dict__.keys().isdisjoint(SEAMS)
            and seams_of(type(self)) == self._original
            and self.max_retries == 0
            and type(self.poolmanager) is PoolManager
            and not self.poolmanager.connection_pool_kw
        )

    def __getstate__(self) -> dict[str, Any]:
        """The settings, without connections, as in requests."""
        return {name: self.__dict__.get(name) for name in self.__attrs__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.config = {}
        self.proxy_manager = {}
        self.__dict__.update(state)
        self._reset()
        self.init_poolmanager(self._pool_connections, self._pool_maxsize, block=self._pool_block)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Set how connections are made; called when the adapter is. For subclasses to override.

        Args:
            connections: as `pool_connections`.
            maxsize: as `pool_maxsize`.
            block: as `pool_block`.
            **pool_kwargs: `ssl_context`, `ca_certs`, `ca_cert_dir`, `cert_reqs`, `cert_file`,
                `key_file`, `key_password`, `assert_hostname=False`, `source_address`. With others,
                urllib3 carries the adapter's requests.

        Raises:
            InvalidOption: another one, and urllib3 is not installed.
        """
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block
        self.poolmanager = PoolManager(maxsize, block, pool_kwargs)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The settings for connections by way of a proxy, where urllib3 carries the requests. For
        subclasses to override.

        Args:
            proxy: its URL.
            **proxy_kwargs: as `init_poolmanager` takes.
        """
        if proxy not in self.proxy_manager:
            self.proxy_manager[proxy] = PoolManager(
                self._pool_maxsize, self._pool_block, proxy_kwargs
            )
        return self.proxy_manager[proxy]

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: VerifyType, cert: CertType = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Where a request's connection goes, and how TLS is made there: `(host, TLS)`. For
        subclasses to override.

        Args:
            request: about to be sent.
            verify: as for a session.
            cert: as for a session.
        """
        url = request.parsed_url
        host = {"scheme": url.scheme, "host": url.host, "port": url.explicit_port}
        tls: dict[str, Any] = {"cert_reqs": "CERT_NONE" if verify is False else "CERT_REQUIRED"}
        if hasattr(verify, "wrap_bio"):
            tls["ssl_context"] = verify
        elif verify and not isinstance(verify, bool):
            tls["ca_cert_dir" if os.path.isdir(verify) else "ca_certs"] = os.fspath(verify)  # noqa: PTH112
        if isinstance(cert, (tuple, list)):
            tls.update(zip(("cert_file", "key_file", "key_password"), cert, strict=False))
        elif cert is not None:
            tls["cert_file"] = cert
        return host, tls

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: VerifyType,
        proxies: ProxiesType = None,
        cert: CertType = None,
    ) -> Any:
        """How a request's connection is made. For subclasses to override; one that returns a pool
        of urllib3's has that carry the request.

        Args:
            request: about to be sent.
            verify: as for a session.
            proxies: as for a session.
            cert: as for a session.
        """
        host, tls = self.build_connection_pool_key_attributes(request, verify, cert)
        manager = self.poolmanager
        if not isinstance(manager, PoolManager) and not PoolManager.understands(
            manager.connection_pool_kw
        ):
            return self._urllib3_pool(host, tls, request, proxies)
        return ConnectionSettings(host, {**manager.connection_pool_kw, **tls})

    def get_connection(self, url: str, proxies: ProxiesType = None) -> Any:
        """Requests' former name for `get_connection_with_tls_context`; deprecated there as well,
        and asked by nobody.

        Args:
            url: where to.
            proxies: as for a session.
        """
        import warnings

        warnings.warn(
            "get_connection is deprecated: use get_connection_with_tls_context",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.get_connection_with_tls_context(
            PreparedRequest("GET", parse_url(url), Headers()), True, proxies
        )

    def cert_verify(self, conn: Any, url: str, verify: VerifyType, cert: CertType) -> None:
        """Put trust and the client's certificate into a connection's settings. For subclasses to
        override.

        Args:
            conn: what `get_connection_with_tls_context` returned.
            url: the request's.
            verify: as for a session.
            cert: as for a session.
        """
        if not url.lower().startswith("https"):
            verify = False
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        path = (
            None if isinstance(verify, bool) or hasattr(verify, "wrap_bio") else os.fspath(verify)
        )
        if path is not None:
            from envoi._wiring import require_file

            require_file(path, "a suitable TLS CA certificate bundle")
        if path is not None or not verify:
            folder = path is not None and os.path.isdir(path)  # noqa: PTH112
            conn.ca_certs, conn.ca_cert_dir = (None, path) if folder else (path, None)
        if cert:
            parts = (cert, None) if isinstance(cert, (str, os.PathLike)) else (*cert, None)
            conn.cert_file, conn.key_file = parts[0], parts[1]

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The fields that go to a proxy, and to nobody else. For subclasses to override.

        Args:
            proxy: its URL.
        """
        url = parse_url(proxy)
        if not url.has_userinfo:
            return {}
        from envoi._model.auth import user_of

        return {"Proxy-Authorization": basic(user_of(url))}

    def request_url(self, request: PreparedRequest, proxies: ProxiesType) -> str:
        """What the request line says: the path, or the whole URL for a proxy that forwards. For
        subclasses to override.

        Args:
            request: about to be sent.
            proxies: as for a session.
        """
        proxy = self._proxy_for(request, proxies)
        if proxy is None or request.parsed_url.scheme == "https" or not proxy.forwards:
            return request.path_url
        return str(request.parsed_url.without_userinfo().with_fragment(None))

    def add_headers(self, request: PreparedRequest, **kwargs: Any) -> None:
        """Nothing. For subclasses to override: called before a request is sent.

        Args:
            request: about to be sent.
            **kwargs: the other arguments of `send`.
        """

    def _reset(self) -> None:
        self._routes = Routes(self._uds)
        self._borrowed = False
        self.__dict__.pop("_pool", None)

    def _ensure_pool(self) -> Pool:
        session = None if self._session is None else self._session()
        if session is not None:
            return session._pool or session._open()  # type: ignore[no-any-return]
        return self._pool or self.__dict__.setdefault("_pool", self._open_pool(*self._pool_sizes()))

    def _overrides(self, name: str) -> bool:
        return name in self.__dict__ or getattr(type(self), name) is not getattr(
            AdapterSettings, name
        )

    def _pool_sizes(self) -> tuple[float, float, float, SocketSettings]:
        """The pool's: in total, per host, seconds idle, how connections are opened."""
        told = self.poolmanager.connection_pool_kw
        address = told.get("source_address")
        options = (*socket_options_of(told.get("socket_options")), *self._socket_options)
        return (
            inf,
            max(1, self._pool_maxsize) if self._pool_block else inf,
            _KEEPALIVE,
            SocketSettings(address and (address[0], 0), options),
        )

    def _close_pool(self) -> None:
        for proxy in self.proxy_manager.values():
            proxy.clear()
        self.poolmanager.clear()
        carrier = self.__dict__.pop("_carrier", None)
        if carrier is not None:
            carrier.clear()
        pool = self.__dict__.pop("_pool", None)
        if pool is not None and not self._borrowed:
            pool.close()

    async def _send(
        self,
        request: PreparedRequest,
        stream: bool,
        timeout: TimeoutType,
        verify: VerifyType,
        cert: CertType,
        proxies: ProxiesType,
    ) -> Reply:
        """The flow of `send`: what its arguments stand for, carried."""
        limits = limits_of(request, timeout)
        pool = self._ensure_pool()
        pool.backend.check_owner()
        delivery = Delivery(
            pool,
            self._routes_for(request),
            tls_config(verify, cert),
            limits,
            stream,
            None,
            True,
            self._new_reply,
        )
        started = pool.backend.now()
        told = Told(verify, cert, proxies)
        return await self._carry(delivery, told, request, started, limits.deadline_from(started))

    async def _carry(
        self,
        delivery: Delivery,
        told: Told,
        request: PreparedRequest,
        started: float,
        deadline: float,
    ) -> Reply:
        """Send a request as the settings and the overridden methods say.

        Args:
            delivery: the caller's; the connections are this adapter's.
            told: what the methods that may be overridden are told.
            request: what to send.
            started: when this part of the call began.
            deadline: the end of the whole.

        Raises:
            RequestException: whatever went wrong.
        """
        verify, cert, proxies = told
        request.settle()
        settings = self._connection_settings(request, told)
        target = self.request_url(request, proxies) if self._overrides("request_url") else None
        timeout = as_argument(delivery.timeout)
        self.add_headers(
            request,
            stream=delivery.stream,
            timeout=timeout,
            verify=verify,
            cert=cert,
            proxies=proxies,
        )
        request.settle()
        if hasattr(settings, "urlopen"):
            from envoi._adapters.urllib3_carrier import carry_by_urllib3

            return carry_by_urllib3(
                self, settings, delivery, told, request, target, started, deadline
            )
        sending = self._as_sent(request)
        if target is not None and target != AdapterSettings.request_url(self, request, proxies):
            sending = request.copy()
            sending.parsed_url = Retargeted(request.parsed_url, target)  # type: ignore[assignment] # a URL in all but its type
        pool = self._ensure_pool()
        pool.backend.check_owner()
        delivery = delivery._replace(
            pool=pool,
            route_for=self._route_choice(request, proxies),
            tls=tls_config(verify, cert) if settings is None else settings.tls_config(),
            stream=delivery.stream or self._builds(),
        )
        if self.max_retries == 0:
            reply = await carry(delivery, sending, started, deadline)
        else:
            from envoi._adapters.retrying import carry_with_retries

            reply = await carry_with_retries(self.max_retries, delivery, sending, started, deadline)
        if sending is not request:
            reply.request, reply.url = request, request.url
        return self._built(request, reply)

    def _connection_settings(self, request: PreparedRequest, told: Told) -> Any:
        """How the overridden methods want the connection made: a `ConnectionSettings`, a pool of
        urllib3's, or None where none was overridden.
        """
        if not self._pool_needs_settings():
            return None
        verify, cert, proxies = told
        found = self.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        self.cert_verify(found, request.url, verify, cert)
        if isinstance(found, ConnectionSettings) and not PoolManager.understands(
            settings := found.settings()
        ):
            host = {"scheme": found.scheme, "host": found.host, "port": found.port}
            return self._urllib3_pool(host, settings, request, proxies)
        return found

    def _urllib3_pool(
        self,
        host: Mapping[str, Any],
        settings: Mapping[str, Any],
        request: PreparedRequest,
        proxies: ProxiesType,
    ) -> Any:
        """A pool of urllib3's, for settings that mean nothing to Envoi."""
        from envoi._adapters.urllib3_carrier import Urllib3Carrier, require_urllib3

        require_urllib3(settings)
        manager = self.poolmanager
        proxy = self._proxy_for(request, proxies)
        own = request.headers.get("Proxy-Authorization")
        if proxy is not None and own is not None:
            proxy = proxy.with_headers({"Proxy-Authorization": own})
        if proxy is None and not isinstance(manager, PoolManager):
            # One of urllib3's own: the settings come on top of what it has.
            secure = host["scheme"] == "https"
            return manager.connection_from_host(
                **host, pool_kwargs=dict(settings) if secure else None
            )
        settings = {**manager.connection_pool_kw, **settings}
        if proxy is not None:
            settings.update(self.proxy_manager_for(proxy.url).connection_pool_kw)
        carrier = self.__dict__.get("_carrier")
        if carrier is None:
            made = Urllib3Carrier(self._pool_connections, self._pool_maxsize, self._pool_block)
            carrier = self.__dict__.setdefault("_carrier", made)
        return carrier.pool(host, settings, proxy, self.proxy_headers)

    def _built(self, request: PreparedRequest, reply: Any) -> Reply:
        if self._builds():
            from envoi._responses.urllib3_response import raw_for_companions

            try:
                return self.build_response(request, raw_for_companions(reply))  # type: ignore[attr-defined,no-any-return]
            except BaseException:
                if reply.body is not None:
                    reply.body.close()
                raise
        reply.connection = self
        return reply  # type: ignore[no-any-return]

    def _response_from(self, request: PreparedRequest, resp: Any) -> Any:
        """What `build_response` makes of one of urllib3's responses, or of a `raw` of ours."""
        if isinstance(resp, (Raw, AsyncRaw)):
            response: Any = resp._reply
        else:
            response = filled(self._new_reply(), request, resp)
        response.connection = self
        return response

    def _builds(self) -> bool:
        built: Any = getattr(type(self), "build_response", None)
        return "build_response" in self.__dict__ or built is not self._original[_BUILD]

    def _pool_needs_settings(self) -> bool:
        manager = self.poolmanager
        return (
            type(manager) is not PoolManager
            or bool(manager.connection_pool_kw)
            or any(map(self._overrides, _TLS_SEAMS))
        )

    def _proxy_for(self, request: PreparedRequest, proxies: ProxiesType) -> Any:
        if not proxies:
            return None
        from envoi._proto.plans.proxy import find_proxy

        found = find_proxy(request.parsed_url, proxies)
        return None if isinstance(found, NotGiven) else found

    def _route_choice(self, request: PreparedRequest, proxies: Mapping[str, Any] | None) -> Any:
        routes = self._routes_for(request)
        proxy = self._proxy_for(request, proxies)
        if proxy is None:
            return routes
        if self._overrides("proxy_headers"):
            proxy = proxy.with_headers(self.proxy_headers(proxy.url))

        def through(url: Any, tls: TLSConfig) -> Any:
            return routes(url, tls, proxy)

        return through

    def _routes_for(self, request: PreparedRequest) -> Routes:  # noqa: ARG002 - for subclasses
        session = None if self._session is None else self._session()
        return self._routes if session is None else session._routes

    def _as_sent(self, request: PreparedRequest) -> PreparedRequest:
        """The request as it goes over the connection, where that is another. For subclasses."""
        return request
