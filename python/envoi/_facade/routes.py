"""From a URL and TLS arguments to a route: what makes connections interchangeable."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from envoi import exceptions
from envoi._io.protocols import TLSConfig
from envoi._model.url import require_http
from envoi._net.dial import Route

if TYPE_CHECKING:
    from envoi._model.url import URL

_MOST_ROUTES: Final = 4096


class Routes:
    """The routes of a session, remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Route] = {}

    def __call__(self, url: URL, tls: TLSConfig) -> Route:
        """The route to `url`'s origin under a TLS configuration from `tls_config`.

        Raises:
            InvalidSchema: neither http nor https.
        """
        # A configuration is known by its identity: `tls_config` gives the same object for the same arguments, and a route keeps it alive.
        key = (url.origin, id(tls))
        route = self._known.get(key)
        if route is None or (route.tls is not tls and route.tls is not None):
            if len(self._known) >= _MOST_ROUTES:
                self._known.clear()
            require_http(url)
            secure = url.scheme == "https"
            route = Route((url.origin, id(tls) if secure else 0), url.host, url.port, tls if secure else None)
            self._known[key] = route
        return route


def tls_config(verify: Any, cert: Any) -> TLSConfig:
    """The TLS configuration for `verify=` and `cert=`; the same object for the same arguments.

    Raises:
        InvalidOption: a value of the wrong type.
    """
    return _config(_verify(verify), _cert(cert))


@lru_cache(256)
def _config(verify: Any, cert: Any) -> TLSConfig:
    if isinstance(verify, (bool, str)):
        return TLSConfig(verify=verify, cert=cert)
    if cert is not None:
        raise exceptions.InvalidOption("cert= cannot be combined with a context of your own: load the certificate into the context")
    return TLSConfig(context=verify)


def _verify(verify: Any) -> Any:
    if isinstance(verify, (bool, str)):
        return verify
    if isinstance(verify, os.PathLike):
        return os.fspath(verify)
    if hasattr(verify, "wrap_bio"):
        return verify
    raise exceptions.InvalidOption(f"verify must be True, False, a path or an ssl.SSLContext, not {type(verify).__name__}")


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
    raise exceptions.InvalidOption("cert must be a path, (certificate, key) or (certificate, key, password)")
