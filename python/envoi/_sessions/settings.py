"""The settings of a session, sync or async, each also an attribute that may be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Never

from envoi._io.protocols import SocketSettings
from envoi._model import exceptions
from envoi._model.headers import Headers, default_headers, merge_headers
from envoi._model.hooks import checked_hooks
from envoi._model.sentinel import NOT_GIVEN, NotGiven
from envoi._model.sockets import socket_options_of, socket_path
from envoi._model.timeout import DEFAULT_TIMEOUT, Timeout
from envoi._model.url import public
from envoi._net.routes import Routes
from envoi._sessions import checks, unknown
from envoi._sessions.base_url import base
from envoi._sessions.environment import NOTHING, read_environment

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from envoi._model.cookie_jar import RequestsCookieJar
    from envoi._model.hsts import HSTS
    from envoi._model.types import (
        AuthType,
        CertType,
        CookiesType,
        HeadersType,
        HooksType,
        ParamsType,
        ProxiesType,
        SocketOptionsType,
        TimeoutType,
        URLType,
        VerifyType,
    )
    from envoi._net.pool import Pool
    from envoi._pipeline.journey import Usual
    from envoi._sessions.environment import Environment

_OF_THIS_PROCESS: Final = frozenset(
    {"_pool", "_changed", "_closed", "_routes", "_kept", "_environment", "_seen"}
)


class SessionSettings:
    """The settings of a session, each also an attribute that may be changed.

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
        **others: refused.

    Raises:
        InvalidOption: an argument of the wrong type or out of range, or one that there is not; the
            message says which was meant.
    """

    _pool: Pool | None = None
    _kept: list[Usual]
    _keeps_cookies: bool = True
    _socket_options: tuple[tuple[int, int, int | bytes], ...] = ()
    _uds: str | None = None
    _hsts: HSTS | None = None

    def __init__(
        self,
        *,
        base_url: URLType | None = None,
        headers: HeadersType = None,
        params: ParamsType = None,
        cookies: CookiesType = None,
        auth: AuthType = None,
        proxies: ProxiesType | NotGiven = NOT_GIVEN,
        hooks: HooksType = None,
        timeout: TimeoutType | NotGiven = NOT_GIVEN,
        verify: VerifyType | NotGiven = NOT_GIVEN,
        cert: CertType = None,
        max_redirects: int = 30,
        trust_env: bool = True,
        max_connections: int | None = 100,
        max_connections_per_host: int | None = None,
        keepalive: float = 60.0,
        resend: bool = True,
        max_body: int | None = None,
        sensitive_headers: Iterable[str] = (),
        local_address: str | None = None,
        socket_options: SocketOptionsType = None,
        uds: str | os.PathLike[str] | None = None,
        stream: bool = False,
        adapters: Mapping[str, Any] | None = None,
        raise_for_status: bool = False,
        hsts: bool | HSTS | None = False,
        **others: Never,
    ) -> None:
        if others:
            unknown.refuse_settings(others, _NAMES)
        self._socket_options = socket_options_of(socket_options)
        self._uds = socket_path(uds)
        self._reset()
        self._pool_sizes = (
            checks.limit("max_connections", max_connections),
            checks.limit("max_connections_per_host", max_connections_per_host),
            checks.seconds("keepalive", keepalive),
        )
        self._local_address = checks.ip_address(local_address)
        self._headers = (
            default_headers() if headers is None else merge_headers(default_headers(), headers)
        )
        self._cookies = checks.cookie_holder(cookies)
        self._base_url = None if base_url is None else base(base_url)
        self._verify = verify
        self._cert = cert
        self._timeout = Timeout.parse(timeout, DEFAULT_TIMEOUT)
        self.proxies = {} if isinstance(proxies, NotGiven) else proxies
        self.hooks = hooks
        self.params: Any = {} if params is None else params
        self.auth: AuthType = auth
        self.max_redirects: int = checks.whole("max_redirects", max_redirects)
        self.trust_env: bool = trust_env
        self.stream = stream
        self.raise_for_status: bool = checks.flag("raise_for_status", raise_for_status)
        self.resend: bool = resend
        self.max_body: int | None = checks.size(max_body)
        self.sensitive_headers = sensitive_headers
        if hsts is not False:
            self.hsts = hsts
        for prefix, adapter in checks.adapters_by_prefix(adapters).items():
            self.mount(prefix, adapter)

    if TYPE_CHECKING:
        stream: bool

        def mount(self, prefix: str, adapter: Any) -> None: ...
    else:

        @property
        def stream(self) -> int:
            """Whether bodies are left for the caller to read, where a request does not say."""
            return self._stream

        @stream.setter
        def stream(self, value: object) -> None:
            self._stream = unknown.StreamSetting(bool(value))

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0] != "_" and not hasattr(type(self), name):
            unknown.refuse_attribute(type(self), name, _NAMES)
        object.__setattr__(self, name, value)
        # Another object, not an emptied one: a thread that has read the former settings keeps what
        # it makes of them in the former.
        object.__setattr__(self, "_kept", [])

    def __repr__(self) -> str:
        said = (
            [f"base_url={public(str(self._base_url))!r}"] if self.__dict__.get("_base_url") else []
        )
        connections = 0 if self._pool is None else self._pool.state.open
        said.append("closed" if self.__dict__.get("_closed") else f"connections={connections}")
        return f"<{type(self).__name__} {' '.join(said)}>"

    def __getstate__(self) -> dict[str, Any]:
        """The settings, without connections and what else belongs to this process, as in
        requests.
        """
        return {
            name: value for name, value in self.__dict__.items() if name not in _OF_THIS_PROCESS
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    @property
    def headers(self) -> Headers:
        """Sent with every request."""
        return self._headers

    @headers.setter
    def headers(self, value: HeadersType) -> None:
        self._headers = merge_headers(Headers(), value)

    @property
    def cookies(self) -> RequestsCookieJar:
        """The jar: what servers set, and what you put in. Any `http.cookiejar.CookieJar` may take
        its place, and is used as it is.
        """
        return self._cookies.jar

    @cookies.setter
    def cookies(self, value: Any) -> None:
        self._cookies = checks.cookie_holder(value)

    @property
    def base_url(self) -> str | None:
        """Relative URLs are joined to it."""
        return None if self._base_url is None else str(self._base_url)

    @base_url.setter
    def base_url(self, value: URLType | None) -> None:
        self._base_url = None if value is None else base(value)

    @property
    def proxies(self) -> dict[str, Any]:
        """Proxies by scheme or `scheme://host`. Setting None turns all off, those of the
        environment too.
        """
        return self._proxies

    @proxies.setter
    def proxies(self, value: ProxiesType) -> None:
        self._direct = value is None
        self._proxies: dict[str, Any] = {} if value is None else checks.proxies_by_scheme(value)

    @property
    def hooks(self) -> dict[str, Any]:
        """What is called with each response: `{"response": [function, …]}`."""
        return self._hooks

    @hooks.setter
    def hooks(self, value: HooksType) -> None:
        self._hooks: dict[str, Any] = {"response": checked_hooks(value) if value else []}

    @property
    def timeout(self) -> Timeout:
        """The limits in force where a request names none of its own."""
        return self._timeout

    @timeout.setter
    def timeout(self, value: TimeoutType) -> None:
        self._timeout = Timeout.parse(value, DEFAULT_TIMEOUT)

    @property
    def sensitive_headers(self) -> tuple[str, ...]:
        """Names of headers that a redirect to another origin does not take along."""
        return self._sensitive

    @sensitive_headers.setter
    def sensitive_headers(self, value: Iterable[str]) -> None:
        self._sensitive = checks.header_names(value)

    @property
    def hsts(self) -> HSTS | None:
        """The hosts that are asked by https only; None where that is off. Setting True makes a new
        store.
        """
        return self._hsts

    @hsts.setter
    def hsts(self, value: bool | HSTS | None) -> None:
        self._hsts = checks.hsts_store(value)

    @property
    def verify(self) -> VerifyType:
        """How certificates are checked; True until you say otherwise."""
        return True if isinstance(self._verify, NotGiven) else self._verify

    @verify.setter
    def verify(self, value: VerifyType) -> None:
        self._verify = value

    @property
    def cert(self) -> CertType:
        """The client certificate."""
        return self._cert

    @cert.setter
    def cert(self, value: CertType) -> None:
        self._cert = value

    @property
    def uds(self) -> str | None:
        """The Unix socket to which every request goes; None for TCP."""
        return self._uds

    @uds.setter
    def uds(self, value: str | os.PathLike[str] | None) -> None:
        self._uds = socket_path(value)
        self._routes = Routes(self._uds)

    def _reset(self) -> None:
        """Begin without connections, and without what was read of the environment."""
        self._closed = False
        self._routes = Routes(self._uds)
        self._forget_environment()

    def _forget_environment(self) -> None:
        self._environment: list[
            Environment
        ] = []  # one, once it was read; another list, for the reason that `_kept` is

    def _ensure_pool(self, open_pool: Callable[..., Pool], *more: Any) -> Pool:
        """The pool, opened if it is not. Without a lock, which a forked child might find held."""
        pool: Pool | None = None
        if not self._closed:
            pool = self.__dict__.setdefault(
                "_pool", open_pool(*self._pool_sizes, self._socket_settings(), *more)
            )
        if pool is None or self._closed:
            self._close_pool()  # close() came meanwhile, and perhaps found nothing to close
            raise exceptions.SessionClosed(
                "The session is closed: make a new one, or do not close it before its last request."
            )
        return pool

    def _socket_settings(self) -> SocketSettings:
        address = self._local_address
        return SocketSettings(None if address is None else (address, 0), self._socket_options)

    def _close_pool(self) -> None:
        pool = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.close()

    def _surroundings(self) -> Environment:
        if not self.trust_env:
            return NOTHING
        found = self._environment
        if not found:
            found.append(read_environment())
        return found[0]

    def _verify_by_default(self) -> Any:
        """The session's, or else the environment's authorities, or else True."""
        return (
            (self._surroundings().bundle or True)
            if isinstance(self._verify, NotGiven)
            else self._verify
        )


_NAMES: Final = frozenset(SessionSettings.__init__.__kwdefaults__ or ())
SessionSettings.__init__.__qualname__ = (
    "Session.__init__"  # what Python's own complaint about a wrong argument names
)
