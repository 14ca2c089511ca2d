"""From a route to a connection: name, TCP, TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._io.protocols import SocketSettings
from envoi._net.errors import is_over, require_http1, translate
from envoi._net.http1 import HTTP1Connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi._io.protocols import Address, Backend, Stream
    from envoi._model.timeout import Timeout
    from envoi._net.route import Route


class Dialer:
    """Makes connections.

    Args:
        backend: where the flow runs.
        sockets: how connections are opened.
    """

    def __init__(self, backend: Backend, sockets: SocketSettings | None = None) -> None:
        self._backend = backend
        self._sockets = sockets or SocketSettings()

    async def dial(self, route: Route, timeout: Timeout, total_deadline: float) -> HTTP1Connection:
        """A new connection, ready for a request.

        Raises:
            ConnectionError: the name was not found, nothing listens, or TLS failed.
            Timeout: it took too long.
            ProxyError: the proxy on the way cannot be reached, or refuses.
        """
        backend = self._backend
        began = backend.now()
        deadline = min(began + timeout.connect_seconds, total_deadline)
        phase = "tls"
        stream: Stream | None = None
        try:
            if route.tls is not None:
                await backend.prepare_tls(route.tls)
            if route.socket_path is not None:
                phase = "connect"
                resolved = backend.now()
                stream = await backend.connect_unix(route.socket_path, deadline, self._sockets)
            elif route.proxy is None:
                phase = "dns"
                addresses: Sequence[Address] = await backend.resolve(
                    route.host, route.port, deadline
                )
                resolved = backend.now()
                phase = "connect"
                stream = await backend.connect(addresses, self._sockets, deadline)
            else:
                stream, resolved = await self._dial_proxy(route, timeout, deadline, total_deadline)
            connected = secured = backend.now()
            if route.tls is not None:
                phase = "tls"
                secure = await backend.start_tls(stream, route.tls, route.host, deadline)
                stream = secure
                require_http1(secure.alpn, route.where)
                secured = backend.now()
        except BaseException as error:
            if stream is not None:
                stream.close()
            if isinstance(error, Exception):
                raised = translate(
                    error,
                    phase,
                    route.where,
                    timeout,
                    total_passed=is_over(total_deadline, backend.now()),
                )
                if raised is not error:
                    raise raised from error
            raise
        connection = HTTP1Connection(stream, route)
        connection.dns_seconds = resolved - began
        connection.connect_seconds = connected - resolved
        connection.tls_seconds = secured - connected
        return connection

    async def _dial_proxy(
        self, route: Route, timeout: Timeout, deadline: float, total_deadline: float
    ) -> tuple[Stream, float]:
        """A stream by way of the route's proxy, and when its address was known."""
        from envoi._net.tunnel import ProxyDialer

        assert route.proxy is not None  # noqa: S101 - for the type checker
        dialer = ProxyDialer(self._backend, route.proxy, route.proxy_tls, self._sockets)
        target = None if route.absolute_form else (route.host, route.port)
        stream = await dialer.open(target, timeout, deadline, total_deadline)
        return stream, dialer.resolved_at
