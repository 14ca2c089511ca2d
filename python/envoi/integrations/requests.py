"""Envoi's connections under requests: an adapter to mount in a `requests.Session`.

requests does what it does: URLs, authentication, cookies, redirects, hooks, decoding. Envoi sends
one request and receives one answer. requests is not a dependency of Envoi: the one you have is
used.

Examples:
    >>> import requests
    >>> from envoi.integrations.requests import EnvoiAdapter
    >>> with testing.Server() as server, requests.Session() as session:
    ...     session.mount("http://", EnvoiAdapter())
    ...     session.get(server.url + "/get").status_code
    200
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn
from warnings import warn

from envoi import exceptions
from envoi._adapters.connection_settings import ConnectionSettings, PoolManager
from envoi._adapters.http import HTTPAdapter as _Envois
from envoi._net.routes import tls_config
from envoi._proto.plans.proxy import parse_proxy
from envoi.integrations._engine import BlockingEngine, EngineOptions

try:
    import requests
    from requests.adapters import HTTPAdapter as _Theirs
except ModuleNotFoundError as _missing:
    if _missing.name != "requests":
        raise
    raise ImportError(
        "envoi.integrations.requests is for who has requests installed: `pip install requests`",
        name="requests",
    ) from _missing
if issubclass(_Theirs, _Envois):
    raise ImportError(  # noqa: TRY004 - no type was given
        "requests is Envoi in this process, by install_as_requests(): there is nothing to put "
        "under it",
        name="requests",
    )

from urllib3 import Retry, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    InsecureRequestWarning,
    InvalidHeader,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    ResponseError,
    SSLError,
)

from envoi.integrations._requests_request import aim, prepared
from envoi.integrations._urllib3_response import Origin, broken_off, failure_of, response_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import HTTPResponse

    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.reply import Reply
    from envoi._proto.plans.proxy import ProxyConfig
    from envoi.integrations._engine import Limits

__all__ = ["EnvoiAdapter"]


class EnvoiAdapter(_Theirs):
    """Sends a `requests.Session`'s requests over Envoi's connections. The arguments are those of
    requests' `HTTPAdapter`.

    `verify=True` means the system's trust store, not certifi's file. A path is used as it is;
    `REQUESTS_CA_BUNDLE` is one, because requests makes it so. `timeout=None` waits for ever, as
    requests says.

    Subclasses may override what those of `HTTPAdapter` do. With settings that only urllib3 has
    (`assert_fingerprint`, an `ssl_context` that a request's `verify` or `cert`
    would have to change, a `get_connection_with_tls_context` of its own), urllib3 carries the
    requests, as without this adapter; and so does whatever has been put in the place of
    `HTTPAdapter.send`, such as `responses`.

    Args:
        pool_connections: kept for requests' sake: connections are not counted by host.
        pool_maxsize: with `pool_block`, the most connections to one host.
        max_retries: how often sending is tried again, or a `urllib3.Retry`; what that means is
            decided by urllib3, as in requests.
        pool_block: whether a request waits for a connection when `pool_maxsize` are in use;
            otherwise there is no limit.

    Examples:
        `requests_session.mount("https://", EnvoiAdapter(max_retries=2))`
    """

    _engine: BlockingEngine | None = None

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Set how connections are made; called when the adapter is. For subclasses to override.

        Args:
            connections: as `pool_connections`.
            maxsize: as `pool_maxsize`.
            block: as `pool_block`.
            **pool_kwargs: urllib3's settings of a connection, such as `ssl_context` or
                `source_address`.
        """
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.__dict__.pop("_engine", None)  # which closes itself

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request and return its response.

        Args:
            request: what to send.
            stream: nothing: the body is always left for requests to read.
            timeout: seconds, `(connect, read)`, a `urllib3.Timeout`, or None for no limit.
            verify: True, False, or a path.
            cert: a path, or `(certificate, key)`.
            proxies: by scheme.

        Raises:
            requests.exceptions.RequestException: requests' own exceptions, Envoi's as their
                `__cause__`.
            ValueError: a timeout that is none.
        """
        if verify is None or verify == "":  # nothing was said; only False is "no check"
            verify = True
        options: dict[str, Any] = {
            "stream": stream,
            "timeout": timeout,
            "verify": verify,
            "cert": cert,
            "proxies": proxies,
        }
        if _is_foreign(_Theirs.send):  # put there to answer in the place of all adapters
            return super().send(request, **options)
        try:
            manner = self._manner(request, timeout, verify, cert, proxies)
            if manner is None:
                return super().send(request, **options)
            target = self.request_url(request, proxies) if self._has_own("request_url") else None  # type: ignore[arg-type]
            self.add_headers(request, **options)
            ours = prepared(request)
            if target is not None:
                aim(ours, target, manner.proxy)
        except exceptions.RequestException as error:
            _raise_as_theirs(error, request)
        if not verify and ours.parsed_url.scheme == "https":
            warn(
                f"Nobody knows who answers for {ours.parsed_url.host}: verify={verify!r}",
                InsecureRequestWarning,
                stacklevel=2,
            )
        return self._sent(request, ours, manner)

    def close(self) -> None:
        """Close the connections. The adapter may be used again."""
        super().close()
        if self._engine is not None:
            self._engine.close()

    def _sent(
        self, request: requests.PreparedRequest, ours: PreparedRequest, manner: EngineOptions
    ) -> requests.Response:
        """The response to a request that is sent as often as `max_retries` says."""
        retries: Any = self.max_retries
        if not hasattr(retries, "increment"):
            retries = Retry.from_int(retries)
        engine = self._engine or self.__dict__.setdefault("_engine", self._new_engine())
        origin = Origin(ours.parsed_url)
        while True:
            raw: HTTPResponse | None = None
            reply: Reply | None
            try:
                reply = engine.exchange(ours, manner)
            except exceptions.RequestException as error:
                reply = broken_off(error)
                if reply is None:
                    retries = _after_failure(retries, request, error, origin)
            if reply is not None:
                raw = response_of(reply, origin, retries)
                again = _after_answer(retries, request, raw, origin)
                if again is None:
                    return self.build_response(request, raw)
                retries = again
            retries.sleep(raw)
            try:
                ours.content.rewind()
            except exceptions.RequestException as error:
                _raise_as_theirs(error, request)

    def _new_engine(self) -> BlockingEngine:
        # Made when it is first needed: a subclass may have made `poolmanager` without asking
        # anybody.
        address = self.poolmanager.connection_pool_kw.get(
            "source_address"
        )  # with a port, urllib3 carries the requests
        return BlockingEngine(
            max_connections=None,
            max_connections_per_host=self._pool_maxsize
            if self._pool_block and self._pool_maxsize > 0
            else None,
            local_address=address[0] or None if address else None,
            socket_options=self.poolmanager.connection_pool_kw.get("socket_options"),
        )

    def _manner(
        self, request: requests.PreparedRequest, timeout: Any, verify: Any, cert: Any, proxies: Any
    ) -> EngineOptions | None:
        """How a request is sent; None where urllib3 is to carry it."""
        proxy = requests.utils.select_proxy(str(request.url), proxies) if proxies else None
        if (
            not self.poolmanager.connection_pool_kw.keys() <= _SIZES
            or _seams_of(type(self)) != _SEAMS
        ):
            tls = self._tls_in_their_words(request, verify, cert, proxy)
            return None if tls is None else EngineOptions(_limits(timeout), tls, self._proxy(proxy))
        key = (timeout, verify, cert, proxy)
        known: dict[Any, EngineOptions] = self.__dict__.setdefault("_manners", {})
        try:
            found = known.get(key)
        except TypeError:  # a list among them
            return EngineOptions(_limits(timeout), _tls(verify, cert), self._proxy(proxy))
        if found is None:
            found = EngineOptions(_limits(timeout), _tls(verify, cert), self._proxy(proxy))
            if len(known) >= _MAX_MANNERS:
                known.clear()
            known[key] = found
        return found

    def _proxy(self, url: Any) -> ProxyConfig | None:
        if not url:
            return None
        if not isinstance(url, str):
            raise exceptions.InvalidProxyURL(f"A proxy's URL is text, not {url!r}")
        proxy = parse_proxy(url)
        return (
            proxy.with_headers(self.proxy_headers(url)) if self._has_own("proxy_headers") else proxy
        )

    def _tls_in_their_words(
        self, request: requests.PreparedRequest, verify: Any, cert: Any, proxy: str | None
    ) -> Any:
        """The TLS configuration where a subclass, or `init_poolmanager`, has its say; None where
        only urllib3 understands it.
        """
        if any(map(self._has_own, _CONNECTIONS)) or not hasattr(
            self, "build_connection_pool_key_attributes"
        ):  # requests 2.31
            return None
        manager: Any = self.poolmanager
        if proxy and self._has_own("proxy_manager_for"):
            manager = self.proxy_manager_for(proxy)
        settings = manager.connection_pool_kw
        if any(settings.get("_proxy_config") or ()):  # TLS with the proxy itself
            return None
        host, own = self.build_connection_pool_key_attributes(request, verify, cert)
        known = {name: value for name, value in settings.items() if not name.startswith("_")}
        connection = ConnectionSettings(host, {**known, **own})
        if self._has_own("cert_verify"):
            self.cert_verify(connection, str(request.url), verify, cert)
        if not PoolManager.understands(connection.settings()):
            return None
        context = connection.ssl_context
        if (
            context is not None
            and context.verify_mode
            and not context.cert_store_stats()["x509_ca"]
        ):
            # As in requests, where who makes a context for the sake of its ciphers need not think
            # of authorities.
            context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
        return connection.tls_config()

    def _has_own(self, name: str) -> bool:
        """Whether a method is not requests' own any more, because of a subclass or somebody who
        patched the class.
        """
        return getattr(type(self), name) is not _ORIGINAL.get(name)


_SIZES: Final = frozenset({"maxsize", "block", "strict"})
_MAX_MANNERS: Final = 64
_CONNECTIONS: Final = tuple(
    name for name in ("get_connection", "get_connection_with_tls_context") if hasattr(_Theirs, name)
)
_TLS: Final = tuple(
    name
    for name in ("build_connection_pool_key_attributes", "cert_verify", "proxy_manager_for")
    if hasattr(_Theirs, name)
)
_ORIGINAL: Final = {
    name: getattr(_Theirs, name) for name in (*_CONNECTIONS, *_TLS, "proxy_headers", "request_url")
}
_seams_of: Final = attrgetter(*_CONNECTIONS, *_TLS)
_SEAMS: Final = _seams_of(_Theirs)
_THEIR_FILE: Final = _Theirs.__init__.__code__.co_filename
_KINDS: Final = (
    (ResponseError, requests.exceptions.RetryError),
    (ProxyError, requests.exceptions.ProxyError),
    (SSLError, requests.exceptions.SSLError),
    (NewConnectionError, requests.exceptions.ConnectionError),
    (ConnectTimeoutError, requests.exceptions.ConnectTimeout),
)
_OTHER_NAMES: Final = {
    "InvalidMethod": requests.exceptions.InvalidHeader,
    "SessionClosed": requests.exceptions.ConnectionError,
    # what else there is to choose has been looked at before
    "InvalidOption": requests.exceptions.SSLError,
}


def _is_foreign(function: Any) -> bool:
    """Whether a function of requests' adapter has been replaced. It may have been so when this
    module was imported.
    """
    code = getattr(function, "__code__", None)
    return code is None or code.co_filename != _THEIR_FILE


def _limits(timeout: Any) -> Limits:
    """What `timeout=` means in requests. The wait for a free connection has no limit there; sending
    has the limit for reading here.

    Raises:
        ValueError: urllib3's, for what is no timeout.
    """
    if isinstance(timeout, tuple) and len(timeout) != 2:
        raise ValueError(f"timeout={timeout!r}: a tuple has two items, (connect, read)")
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    meant = timeout.clone() if isinstance(timeout, Timeout) else Timeout(connect=connect, read=read)
    meant.start_connect()  # only then its total can be asked for
    connect, read = map(
        Timeout.resolve_default_timeout, (meant.connect_timeout, meant.read_timeout)
    )
    return connect, read, read, None


def _tls(verify: Any, cert: Any) -> Any:
    """What `verify=` and `cert=` mean in requests; None for the engine's own."""
    return None if verify is True and not cert else tls_config(verify or False, cert or None)


def _after_failure(
    retries: Any,
    request: requests.PreparedRequest,
    error: exceptions.RequestException,
    origin: Origin,
) -> Any:
    """The retries that are left; raises what requests would when there are none."""
    failure = failure_of(error, origin, request.path_url)
    if failure is None:
        _raise_as_theirs(error, request)
    if isinstance(failure, InvalidHeader):
        raise requests.exceptions.InvalidHeader(failure, request=request) from error
    try:
        return retries.increment(
            request.method,
            request.path_url,
            error=failure,
            _pool=origin,
            _stacktrace=error.__traceback__,
        )
    except (type(failure), MaxRetryError) as exhausted:
        raise _kind_for(exhausted)(exhausted, request=request) from error


def _after_answer(
    retries: Any, request: requests.PreparedRequest, raw: HTTPResponse, origin: Origin
) -> Any:
    """The retries that are left after an answer that is to be tried again; None for one that is
    not.
    """
    if not retries.is_retry(request.method, raw.status, "retry-after" in raw.headers):
        return None
    try:
        left = retries.increment(request.method, request.path_url, response=raw, _pool=origin)
    except MaxRetryError as exhausted:
        if not retries.raise_on_status:
            return None
        raw.drain_conn()
        raise requests.exceptions.RetryError(exhausted, request=request) from exhausted
    raw.drain_conn()
    return left


def _kind_for(failure: Exception) -> type[requests.exceptions.RequestException]:
    """The class of requests that stands for a failure of urllib3."""
    if isinstance(failure, ReadTimeoutError):
        return requests.exceptions.ReadTimeout
    reason = failure.reason if isinstance(failure, MaxRetryError) else failure
    return next(
        (kind for cause, kind in _KINDS if isinstance(reason, cause)),
        requests.exceptions.ConnectionError,
    )


def _raise_as_theirs(
    error: exceptions.RequestException, request: requests.PreparedRequest
) -> NoReturn:
    """Raise the exception that requests has for one of ours: that of the nearest class whose name
    it knows.
    """
    named = (
        _OTHER_NAMES.get(kind.__name__) or getattr(requests.exceptions, kind.__name__, None)
        for kind in type(error).__mro__
    )
    theirs = next(filter(None, named), requests.exceptions.RequestException)
    raise theirs(str(error), request=request) from error
