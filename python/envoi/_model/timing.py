"""Times and connection of a response."""

from __future__ import annotations

from typing import Any


class Timing:
    """Seconds spent in each phase; None for a phase that did not take place (a reused connection
    has no dns, connect, tls).

    Attributes:
        pool: waiting for a connection.
        dns: resolving the name.
        connect: TCP.
        tls: the handshake.
        send: writing the request.
        first_byte: from there to the response's head.
        body: from there to its last byte.
        total: everything.
    """

    __slots__ = ("body", "connect", "dns", "first_byte", "pool", "send", "tls", "total")

    def __init__(
        self,
        pool: float | None = None,
        dns: float | None = None,
        connect: float | None = None,
        tls: float | None = None,
        send: float | None = None,
        first_byte: float | None = None,
        body: float | None = None,
        total: float | None = None,
    ) -> None:
        self.pool: float | None = pool
        self.dns: float | None = dns
        self.connect: float | None = connect
        self.tls: float | None = tls
        self.send: float | None = send
        self.first_byte: float | None = first_byte
        self.body: float | None = body
        self.total: float | None = total

    @property
    def until_head(self) -> float:
        """Seconds until the response's head was there: what requests calls `elapsed`."""
        phases = (self.pool, self.dns, self.connect, self.tls, self.send, self.first_byte)
        return sum(phase for phase in phases if phase is not None)

    def __repr__(self) -> str:
        known = (
            (name, getattr(self, name))
            for name in ("pool", "dns", "connect", "tls", "send", "first_byte", "body", "total")
        )
        return (
            "<Timing "
            + " ".join(
                f"{name}={seconds * 1000:.1f}ms" for name, seconds in known if seconds is not None
            )
            + ">"
        )


class ConnectionInfo:
    """The connection that carried a response.

    Attributes:
        peer: the server's address, as the socket gives it.
        local: ours.
        tls_version: such as "TLSv1.3"; None without TLS.
        cipher: the cipher suite's name.
        certificate: the server's certificate, DER.
        alpn: the protocol agreed on, such as "http/1.1".
        reused: whether an earlier request had opened it.
    """

    __slots__ = ("alpn", "certificate", "cipher", "local", "peer", "reused", "tls_version")

    def __init__(
        self,
        peer: Any = None,
        local: Any = None,
        tls_version: str | None = None,
        cipher: str | None = None,
        certificate: bytes | None = None,
        alpn: str | None = None,
        *,
        reused: bool = False,
    ) -> None:
        self.peer: Any = peer
        self.local: Any = local
        self.tls_version: str | None = tls_version
        self.cipher: str | None = cipher
        self.certificate: bytes | None = certificate
        self.alpn: str | None = alpn
        self.reused: bool = reused

    def __repr__(self) -> str:
        reused = " reused" if self.reused else ""
        return f"<ConnectionInfo {self.peer} {self.tls_version or 'plain'}{reused}>"
