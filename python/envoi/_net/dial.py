"""From a route to a connection: name, TCP, TLS."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from envoi._net.errors import is_over, translate
from envoi._net.http1 import HTTP1Connection

if TYPE_CHECKING:
    from envoi._io.protocols import Address, Backend, Stream, TLSConfig
    from envoi._model.timeout import Timeout


class Route(NamedTuple):
    """How to reach an origin.

    Attributes:
        key: what makes connections interchangeable.
        host: where to connect.
        port: its port.
        tls: the TLS configuration; None for plain http.
    """

    key: Hashable
    host: str
    port: int
    tls: TLSConfig | None

    @property
    def where(self) -> str:
        """The peer, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Dialer:
    """Makes connections.

    Args:
        backend: where the flow runs.
        local_address: the address to connect from.
    """

    def __init__(self, backend: Backend, local_address: tuple[str, int] | None = None) -> None:
        self._backend = backend
        self._local_address = local_address

    async def dial(self, route: Route, timeout: Timeout, total_deadline: float) -> HTTP1Connection:
        """A new connection, ready for a request.

        Raises:
            NameResolutionError, ConnectionRefused, ConnectTimeout, TotalTimeout, SSLError, CertificateError, ConnectionError: as they say.
        """
        backend = self._backend
        began = backend.now()
        deadline = min(began + timeout.connect_seconds, total_deadline)
        phase = "tls"
        stream: Stream | None = None
        try:
            if route.tls is not None:
                await backend.prepare_tls(route.tls)
            phase = "dns"
            addresses: Sequence[Address] = await backend.resolve(route.host, route.port, deadline)
            resolved = backend.now()
            phase = "connect"
            stream = await backend.connect(addresses, self._local_address, deadline)
            connected = secured = backend.now()
            if route.tls is not None:
                phase = "tls"
                stream = await backend.start_tls(stream, route.tls, route.host, deadline)
                secured = backend.now()
        except BaseException as error:
            if stream is not None:
                stream.close()
            if isinstance(error, Exception):
                raise translate(error, phase, route.where, timeout, total_passed=is_over(total_deadline, backend.now())) from error
            raise
        connection = HTTP1Connection(stream, route)
        connection.dns_seconds = resolved - began
        connection.connect_seconds = connected - resolved
        connection.tls_seconds = secured - connected
        return connection
