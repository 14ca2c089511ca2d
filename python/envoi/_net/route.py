"""Where a connection goes, and what is on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

    from envoi._io.protocols import TLSConfig
    from envoi._proto.plans.proxy import ProxyConfig


class Route(NamedTuple):
    """How to reach an origin.

    Attributes:
        key: what makes connections interchangeable.
        host: where to connect.
        port: its port.
        tls: the TLS configuration; None for plain http, and for what the proxy forwards.
        proxy: the proxy on the way, if any.
        proxy_tls: how TLS is made with the proxy itself, when it is an https one.
        absolute_form: whether the proxy forwards requests, which then name the whole URL (RFC 9112,
            section 3.2.2); host and port are the proxy's, and origins share its connections.
            Otherwise the proxy makes a tunnel to host and port.
        socket_path: the Unix socket to connect to in the place of host and port.
    """

    key: Hashable
    host: str
    port: int
    tls: TLSConfig | None
    proxy: ProxyConfig | None = None
    proxy_tls: TLSConfig | None = None
    absolute_form: bool = False
    socket_path: str | None = None

    @property
    def where(self) -> str:
        """The peer, for messages."""
        peer = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        if self.socket_path is not None:
            return f"{peer} (at {self.socket_path})"
        if self.proxy is None:
            return peer
        return f"{peer} (proxy)" if self.absolute_form else f"{peer} (through {self.proxy.url})"

    def authorized(self, value: str) -> Route:
        """The same way with another Proxy-Authorization for its HTTP proxy: the connections of one
        are not used by the other.

        Args:
            value: the field's value.
        """
        if self.proxy is None or not self.proxy.forwards:
            return self
        return self._replace(
            key=(self.key, value), proxy=self.proxy.with_headers({"Proxy-Authorization": value})
        )
