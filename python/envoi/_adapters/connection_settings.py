"""How an adapter's connections are made, in urllib3's words, which subclasses of requests'
HTTPAdapter use.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from envoi._model.exceptions import InvalidOption
from envoi._net.routes import tls_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._io.protocols import TLSConfig
    from envoi._net.routes import Routes

_TLS: Final = (
    "ssl_context",
    "cert_reqs",
    "ca_certs",
    "ca_cert_dir",
    "cert_file",
    "key_file",
    "key_password",
    "assert_hostname",
)
_SETTABLE: Final = (*_TLS, "assert_fingerprint")
_NO_CHECK: Final = frozenset({"CERT_NONE", "NONE", 0})
_KNOWN: Final = frozenset(
    {
        *_TLS,
        "source_address",
        "socket_options",
        "maxsize",
        "block",
        "num_pools",
        "strict",
        "retries",
        "timeout",
    }
)


class PoolManager:
    """What `init_poolmanager` was told.

    Args:
        maxsize: the most connections to one host, if `block`.
        block: whether to wait for one.
        settings: further ones, by urllib3's names.

    Attributes:
        connection_pool_kw: the further settings; may be added to.

    Raises:
        InvalidOption: a setting that means nothing here, where urllib3 is not installed to carry
            the requests.
    """

    def __init__(self, maxsize: int, block: bool, settings: Mapping[str, Any]) -> None:
        self.maxsize = maxsize
        self.block = block
        self.connection_pool_kw: dict[str, Any] = dict(settings)
        self.known: Any = lambda: None
        unknown = [name for name, value in settings.items() if not _is_ours(name, value)]
        if unknown and not has_urllib3():
            raise InvalidOption(
                f"HTTPAdapter: {', '.join(unknown)} is no setting of Envoi's connections; install "
                "urllib3 to have it carry such an "
                "adapter's requests"
            )

    @staticmethod
    def understands(settings: Mapping[str, Any]) -> bool:
        """Whether connections can be made so without urllib3.

        That changes a context to suit what else is said. Envoi does not: where urllib3 is not
        installed, the context decides alone.
        """
        if settings.get("ssl_context") is not None and (
            settings.get("cert_reqs") in _NO_CHECK
            or any(settings.get(name) for name in ("ca_certs", "ca_cert_dir", "cert_file"))
        ):
            return not has_urllib3()
        return all(_is_ours(name, value) for name, value in settings.items())

    @property
    def pools(self) -> dict[Any, Any]:
        """The routes in use so far, by what makes connections interchangeable."""
        routes: Routes | None = self.known()
        return {} if routes is None else routes.known()

    def clear(self) -> None:
        """Nothing: the adapter closes its connections."""


class ConnectionSettings:
    """How one request's connection is made: attributes that `cert_verify` may set.

    Args:
        host: scheme, host and port.
        settings: the rest.
    """

    def __init__(self, host: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self.scheme = host.get("scheme")
        self.host = host.get("host")
        self.port = host.get("port")
        self.ssl_context = settings.get("ssl_context")
        self.cert_reqs: Any = settings.get("cert_reqs")
        self.ca_certs = settings.get("ca_certs")
        self.ca_cert_dir = settings.get("ca_cert_dir")
        self.cert_file = settings.get("cert_file")
        self.key_file = settings.get("key_file")
        self.key_password = settings.get("key_password")
        self.assert_hostname = settings.get("assert_hostname")
        self.assert_fingerprint = settings.get("assert_fingerprint")
        self._others = {name: value for name, value in settings.items() if name not in _SETTABLE}

    def settings(self) -> dict[str, Any]:
        """All of them, by urllib3's names."""
        return {
            **self._others,
            **{name: value for name in _SETTABLE if (value := getattr(self, name)) is not None},
        }

    def tls_config(self) -> TLSConfig:
        """The TLS configuration that these settings stand for.

        Raises:
            InvalidOption: a context, and something that it does not say.
        """
        if self.ssl_context is not None:
            if self.ca_certs or self.ca_cert_dir or self.cert_file:
                raise InvalidOption(
                    "HTTPAdapter: a path in verify=, and cert=, do not go with an ssl_context: "
                    "load them into it, or install urllib3"
                )
            return tls_config(self.ssl_context, None)
        verify: Any = (
            False if self.cert_reqs in _NO_CHECK else self.ca_certs or self.ca_cert_dir or True
        )
        cert: Any = self.cert_file
        if cert is not None and (self.key_file is not None or self.key_password is not None):
            cert = (cert, self.key_file, self.key_password)
        made = tls_config(verify, cert)
        return (
            made._replace(check_hostname=False)
            if self.assert_hostname is False and verify
            else made
        )


def has_urllib3() -> bool:
    """Whether urllib3 is installed."""
    return "urllib3" in sys.modules or find_spec("urllib3") is not None


def _is_ours(name: str, value: Any) -> bool:
    """Whether a setting can be kept here."""
    if value is None:
        return True
    if name == "assert_hostname":
        return value is False
    if name == "source_address":
        return not value[1]  # a port that the system chooses
    return name in _KNOWN
