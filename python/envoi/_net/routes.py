"""From a URL and TLS arguments to a route: what makes connections interchangeable."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from envoi._io.protocols import TLSConfig
from envoi._model import exceptions
from envoi._model.sentinel import NotGiven
from envoi._model.url import require_http
from envoi._net.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.url import URL
    from envoi._proto.plans.proxy import ProxyConfig

_MAX_ROUTES: Final = 4096


class Routes:
    """The routes of a session, remembered.

    Args:
        socket_path: a Unix socket to which all of them lead, by way of no proxy.
    """

    def __init__(self, socket_path: str | None = None) -> None:
        self._socket_path = socket_path
        self._known: dict[tuple[str, int], Route] = {}
        self._proxied: dict[tuple[str, int, ProxyConfig], tuple[TLSConfig, Route]] = {}

    def __call__(self, url: URL, tls: TLSConfig, proxy: ProxyConfig | None = None) -> Route:
        """The route to `url`'s origin under a TLS configuration from `tls_config`, by way of a
        proxy if there is one.

        Raises:
            InvalidSchema: neither http nor https.
        """
        if proxy is not None and self._socket_path is None:
            return self._through(url, tls, proxy)
        # A configuration is known by its identity: `tls_config` gives the same object for the same
        # arguments, and a route keeps it alive. One with a context of the caller's is neither
        # remembered here nor there: the session may outlive it.
        key = (url.origin, id(tls))
        route = self._known.get(key)
        if route is None or (route.tls is not tls and route.tls is not None):
            require_http(url)
            secure = url.scheme == "https"
            route = Route(
                (url.origin, tls if secure else None, self._socket_path),
                url.host,
                url.port,
                tls if secure else None,
                socket_path=self._socket_path,
            )
            if tls.context is None:
                if len(self._known) >= _MAX_ROUTES:
                    self._known.clear()
                self._known[key] = route
        return route

    def known(self) -> dict[Any, Route]:
        """The routes that were asked for."""
        return {**self._known, **{key: route for key, (_, route) in self._proxied.items()}}

    def for_proxies(
        self,
        proxies: Mapping[str, str | ProxyConfig | None],
        no_proxy: str = "",
        explicit: Mapping[str, str | ProxyConfig | None] | None = None,
    ) -> RouteChoice:
        """As this object when called, with the proxy chosen anew for each URL: what a call that may
        be redirected needs.

        Args:
            proxies: as for `choose_proxy`.
            no_proxy: what is exempt from `proxies`, as for `bypasses`; "" exempts nothing.
            explicit: proxies that nothing is exempt from, and that go before `proxies`.
        """
        return RouteChoice(self, proxies, no_proxy, explicit or {})

    def _through(self, url: URL, tls: TLSConfig, proxy: ProxyConfig) -> Route:
        forwards = proxy.forwards and url.scheme == "http"
        key = ("" if forwards else url.origin, id(tls), proxy)
        known = self._proxied.get(key)
        if known is not None and known[0] is tls:
            return known[1]
        require_http(url)
        proxy_tls = None
        if proxy.kind == "https":
            proxy_tls = proxy_tls_config(tls) if proxy.tls is None else cast("TLSConfig", proxy.tls)
        if forwards:
            route = Route(
                (proxy, proxy_tls),
                proxy.host,
                proxy.port,
                None,
                proxy,
                proxy_tls,
                absolute_form=True,
            )
        else:
            secure = url.scheme == "https"
            identity = (url.origin, tls if secure else None, proxy, proxy_tls)
            route = Route(identity, url.host, url.port, tls if secure else None, proxy, proxy_tls)
        if tls.context is None:
            if len(self._proxied) >= _MAX_ROUTES:
                self._proxied.clear()
            self._proxied[key] = (tls, route)
        return route


class RouteChoice:
    """Routes by way of proxies, for one call.

    Args:
        routes: the session's.
        proxies: as for `choose_proxy`.
        no_proxy: as for `bypasses`.
        explicit: as for `choose_proxy`; goes before `proxies`.
    """

    __slots__ = ("_ambient", "_explicit", "_no_proxy", "_routes")

    def __init__(
        self,
        routes: Routes,
        proxies: Mapping[str, str | ProxyConfig | None],
        no_proxy: str,
        explicit: Mapping[str, str | ProxyConfig | None],
    ) -> None:
        self._routes = routes
        self._explicit = explicit
        self._ambient = proxies
        self._no_proxy = no_proxy

    def __call__(self, url: URL, tls: TLSConfig) -> Route:
        """The route to `url`'s origin.

        Raises:
            InvalidProxyURL: what the mapping names for this URL is no proxy.
            InvalidSchema: neither http nor https.
        """
        from envoi._proto.plans.no_proxy import bypasses
        from envoi._proto.plans.proxy import choose_proxy, find_proxy

        proxy = find_proxy(url, self._explicit)
        if isinstance(proxy, NotGiven):
            proxy = None if bypasses(url, self._no_proxy) else choose_proxy(url, self._ambient)
        return self._routes(url, tls, proxy)


def proxy_tls_config(tls: TLSConfig) -> TLSConfig:
    """How TLS is made with a proxy, from how it is made with origins: the same trust, but the
    client's certificate is not for the proxy.

    A context of the caller's own is used for both.
    """
    return tls if tls.context is not None else TLSConfig(verify=tls.verify)


def tls_config(verify: Any, cert: Any) -> TLSConfig:
    """The TLS configuration for `verify=` and `cert=`; the same object for the same arguments, an
    equal one for the same context.

    Raises:
        InvalidOption: a value of the wrong type.
    """
    verify, cert = _verify(verify), _cert(cert)
    if isinstance(verify, (bool, str)):
        return _config(verify, cert)
    if cert is not None:
        raise exceptions.InvalidOption(
            "cert= cannot be combined with a context of your own: load the certificate into the "
            "context"
        )
    return TLSConfig(context=verify)


@lru_cache(256)
def _config(verify: bool | str, cert: Any) -> TLSConfig:
    return TLSConfig(verify=verify, cert=cert)


def _verify(verify: Any) -> Any:
    if isinstance(verify, (bool, str)):
        return verify
    if isinstance(verify, os.PathLike):
        return os.fspath(verify)
    if hasattr(verify, "wrap_bio"):
        return verify
    raise exceptions.InvalidOption(
        f"verify must be True, False, a path or an ssl.SSLContext, not {type(verify).__name__}"
    )


def _cert(cert: Any) -> Any:
    if cert is None or isinstance(cert, str):
        return cert
    if isinstance(cert, os.PathLike):
        return os.fspath(cert)
    if (
        isinstance(cert, (tuple, list))
        and len(cert) in {2, 3}
        and all(part is None or isinstance(part, (str, os.PathLike)) for part in cert)
    ):
        return tuple(part if part is None else os.fspath(part) for part in cert)
    raise exceptions.InvalidOption(
        "cert must be a path, (certificate, key) or (certificate, key, password)"
    )
