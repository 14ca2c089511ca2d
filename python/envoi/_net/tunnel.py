"""Connections to a proxy and through it: TCP, TLS with the proxy, then CONNECT or SOCKS.

What goes wrong at the proxy is a ProxyError that names it, without credentials; what runs out of
time is a ConnectTimeout.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, cast

from envoi._model import exceptions
from envoi._net.errors import is_over, require_http1, translate
from envoi._proto.tunnel import ConnectMachine, TunnelMachine, TunnelRefused

if TYPE_CHECKING:
    from envoi._io.protocols import Backend, SocketSettings, Stream, TLSConfig
    from envoi._model.timeout import Timeout
    from envoi._proto.plans.proxy import ProxyConfig


class ProxyDialer:
    """Makes one connection by way of a proxy.

    Args:
        backend: where the flow runs.
        proxy: the proxy.
        tls: how TLS is made with the proxy itself, when it is an https one.
        sockets: how connections are opened.

    Attributes:
        resolved_at: when the addresses were known, on the backend's clock.
    """

    __slots__ = (
        "_at_proxy",
        "_backend",
        "_phase",
        "_proxy",
        "_sockets",
        "_tls",
        "_where",
        "resolved_at",
    )

    def __init__(
        self,
        backend: Backend,
        proxy: ProxyConfig,
        tls: TLSConfig | None,
        sockets: SocketSettings,
    ) -> None:
        self._backend = backend
        self._proxy = proxy
        self._tls = tls
        self._sockets = sockets
        self._phase = "tls"
        self._where = f"the proxy {proxy.url}"
        self._at_proxy = True
        self.resolved_at = backend.now()

    async def open(
        self,
        target: tuple[str, int] | None,
        timeout: Timeout,
        deadline: float,
        total_deadline: float,
    ) -> Stream:
        """A stream to the proxy itself, or through it.

        Args:
            target: host and port of the tunnel's end; None for the proxy itself.
            timeout: the limits, for messages.
            deadline: the end of connecting.
            total_deadline: the end of the whole request.

        Raises:
            ProxyError: the proxy cannot be reached, is not to be trusted, or refused.
            NameResolutionError: the target has no address, and the proxy wants one.
            ConnectTimeout, TotalTimeout: at the deadlines.
            InvalidOption: a file of the TLS configuration cannot be used.
        """
        try:
            machine = None if target is None else await self._machine(*target, deadline)
            stream = await self._connect(deadline)
            if machine is not None:
                await self._negotiate(stream, machine, target, deadline)
        except Exception as error:
            raised = self._explain(
                error, target, timeout, total_passed=is_over(total_deadline, self._backend.now())
            )
            if raised is error:
                raise
            raise raised from error
        return stream

    async def _machine(self, host: str, port: int, deadline: float) -> TunnelMachine:
        """What will negotiate: made before anything is sent, so that what cannot be said shows
        first.
        """
        proxy = self._proxy
        if proxy.forwards:
            return ConnectMachine(host, port, proxy.fields)
        from envoi._proto.socks import Socks4Machine, Socks5Machine

        if proxy.kind == "socks4":
            host = await self._resolve_here(host, port, deadline)
        if proxy.kind in {"socks4", "socks4a"}:
            return Socks4Machine(host, port, proxy.username or "")
        return Socks5Machine(
            host, port, proxy.username, proxy.password, aimed=proxy.kind != "socks5"
        )

    async def _resolve_here(self, host: str, port: int, deadline: float) -> str:
        """An address of the target: an IPv4 one if there is any, because more proxies can reach
        it.
        """
        self._phase, proxy_where = "dns", self._where
        self._where, self._at_proxy = f"{host}:{port}", False
        addresses = [
            str(address.sockaddr[0])
            for address in await self._backend.resolve(host, port, deadline)
        ]
        self._where, self._at_proxy = proxy_where, True
        chosen = next((address for address in addresses if ":" not in address), addresses[0])
        if self._proxy.kind == "socks4" and ":" in chosen:
            raise TunnelRefused(
                f"SOCKS4 has no IPv6 addresses, and {host} has no other: use socks4a://, "
                "socks5:// or socks5h://"
            )
        return chosen

    async def _connect(self, deadline: float) -> Stream:
        """TCP to the proxy, and TLS with it."""
        backend, proxy, tls = self._backend, self._proxy, self._tls
        self._phase = "tls"
        if tls is not None:
            await backend.prepare_tls(tls)
        self._phase = "dns"
        addresses = await backend.resolve(proxy.host, proxy.port, deadline)
        self.resolved_at = backend.now()
        self._phase = "connect"
        stream = await backend.connect(addresses, self._sockets, deadline)
        if tls is not None:
            self._phase = "tls"
            secure = await backend.start_tls(
                stream, tls, proxy.host, deadline
            )  # closes it when it fails
            stream = secure
            try:
                require_http1(secure.alpn, self._where)
            except BaseException:
                secure.close()
                raise
        return stream

    async def _negotiate(
        self,
        stream: Stream,
        machine: TunnelMachine,
        target: tuple[str, int] | None,
        deadline: float,
    ) -> None:
        self._phase = "connect"
        try:
            sending = machine.start()
            while not machine.established:
                if sending:
                    await stream.send(sending, inf, deadline)
                await stream.pump(machine.feed, inf, deadline)
                if target is not None and getattr(machine, "awaits_address", False):
                    cast("Any", machine).aim(await self._resolve_here(*target, deadline))
                    self._phase = "connect"
                sending = machine.take_output()
            if machine.take_surplus():
                # Nobody has spoken to the tunnel's end yet: whatever this is, it is not from there.
                raise TunnelRefused("it sent more than its answer")  # noqa: TRY301 - closed below, as any failure
        except BaseException:
            stream.close()
            raise

    def _explain(
        self,
        error: Exception,
        target: tuple[str, int] | None,
        timeout: Timeout,
        *,
        total_passed: bool,
    ) -> Exception:
        if isinstance(error, TunnelRefused):
            host, port = target or ("", 0)
            end = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            return exceptions.ProxyError(
                f"The proxy {self._proxy.url} made no connection to {end}: {error}"
            )
        translated = translate(error, self._phase, self._where, timeout, total_passed=total_passed)
        if (
            translated is error
            or not self._at_proxy
            or not isinstance(translated, exceptions.ConnectionError)
        ):
            return translated
        return (
            translated
            if isinstance(translated, exceptions.Timeout)
            else exceptions.ProxyError(_sentence(str(translated)))
        )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
