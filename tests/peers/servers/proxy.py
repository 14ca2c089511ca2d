"""Proxies that keep a record of every byte they are shown: HTTP (forwarding and CONNECT) and SOCKS5."""

from __future__ import annotations

import base64
import selectors
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Any

from envoi.testing import RawConnection, RawServer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_DENIED = b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'


class HttpProxy:
    """A forward proxy (RFC 9110, sections 7.6 and 9.3.6) on loopback.

    Args:
        credentials: (user, password) to demand; None lets everybody through.
        resolve: where to connect instead, by "host:port" as the client named it: so that made-up host names can be used.
        tls: as for RawServer: the client speaks TLS with the proxy itself.
        connect_reply: what to answer to CONNECT instead of opening a tunnel.
    """

    def __init__(
        self,
        *,
        credentials: tuple[str, str] | None = None,
        resolve: dict[str, tuple[str, int]] | None = None,
        tls: Any = False,
        connect_reply: bytes | None = None,
    ) -> None:
        self.heads: list[bytes] = []
        self._expected = (
            None
            if credentials is None
            else b"Basic " + base64.b64encode(":".join(credentials).encode())
        )
        self._resolve = resolve or {}
        self._connect_reply = connect_reply
        self._server = RawServer(self._script, tls=tls)
        self.url, self.port, self.ca_path = (
            self._server.url,
            self._server.port,
            self._server.ca_path,
        )

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._server.connections

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, error, traceback)

    def _script(self, connection: RawConnection) -> None:
        while True:
            head = connection.read_head()
            self.heads.append(head)
            method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
            if not self._allowed(head):
                connection.send(_DENIED)
            elif method == "CONNECT":
                self._tunnel(connection, target)
                return
            else:
                self._forward(connection, head, target)
                return

    def _allowed(self, head: bytes) -> bool:
        return self._expected is None or self._expected in [
            field_value(head, b"proxy-authorization")
        ]

    def _tunnel(self, connection: RawConnection, authority: str) -> None:
        if self._connect_reply is not None:
            connection.send(self._connect_reply)
            connection.wait_closed()
            return
        with self._dial(authority) as upstream:
            connection.send(_ESTABLISHED)
            upstream.sendall(connection.take_buffered())
            relay(connection.socket, upstream)

    def _forward(self, connection: RawConnection, head: bytes, target: str) -> None:
        authority, slash, rest = target.partition("://")[2].partition("/")
        first, _, fields = head.partition(b"\r\n")
        method = first.split(b" ")[0]
        kept = [
            line
            for line in fields.split(b"\r\n")
            if not line.lower().startswith((b"proxy-", b"connection:"))
        ]
        with self._dial(authority if ":" in authority else f"{authority}:80") as upstream:
            origin_form = (slash + rest or "/").encode("latin-1")
            upstream.sendall(
                method
                + b" "
                + origin_form
                + b" HTTP/1.1\r\nConnection: close\r\n"
                + b"\r\n".join(kept)
            )
            upstream.sendall(connection.take_buffered())
            relay(connection.socket, upstream)

    def _dial(self, authority: str) -> socket.socket:
        host, _, port = authority.rpartition(":")
        return socket.create_connection(
            self._resolve.get(authority, (host.strip("[]"), int(port))), timeout=20
        )


class Socks5Proxy:
    """A SOCKS5 proxy (RFC 1928, RFC 1929) on loopback.

    Args:
        credentials: (user, password) to demand; None lets everybody through.
        resolve: where to connect instead, by "host:port" as the client named it.
        reply_code: what to answer to CONNECT: 0 opens the tunnel, anything else refuses.
    """

    def __init__(
        self,
        *,
        credentials: tuple[str, str] | None = None,
        resolve: dict[str, tuple[str, int]] | None = None,
        reply_code: int = 0,
    ) -> None:
        self.targets: list[str] = []
        self.credentials: list[tuple[str, str]] = []
        self._expected = credentials
        self._resolve = resolve or {}
        self._reply_code = reply_code
        self._server = RawServer(self._script)
        self.port = self._server.port
        self.url = f"socks5://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, error, traceback)

    def _script(self, connection: RawConnection) -> None:
        _, count = connection.read_exactly(2)
        methods = connection.read_exactly(count)
        wanted = 0 if self._expected is None else 2
        if wanted not in methods:
            connection.send(b"\x05\xff")
            return
        connection.send(bytes([5, wanted]))
        if wanted and not self._authenticate(connection):
            return
        host, port = self._target(connection)
        self.targets.append(f"{host}:{port}")
        if self._reply_code:
            connection.send(bytes([5, self._reply_code]) + b"\x00\x01" + bytes(6))
            return
        with socket.create_connection(
            self._resolve.get(f"{host}:{port}", (host, port)), timeout=20
        ) as upstream:
            connection.send(b"\x05\x00\x00\x01" + bytes(6))
            relay(connection.socket, upstream)

    def _authenticate(self, connection: RawConnection) -> bool:
        _, length = connection.read_exactly(2)
        user = connection.read_exactly(length).decode()
        password = connection.read_exactly(connection.read_exactly(1)[0]).decode()
        self.credentials.append((user, password))
        right = (user, password) == self._expected
        connection.send(b"\x01\x00" if right else b"\x01\x01")
        return right

    def _target(self, connection: RawConnection) -> tuple[str, int]:
        kind = connection.read_exactly(4)[3]
        if kind == 1:
            host = socket.inet_ntop(socket.AF_INET, connection.read_exactly(4))
        elif kind == 4:
            host = socket.inet_ntop(socket.AF_INET6, connection.read_exactly(16))
        else:
            host = connection.read_exactly(connection.read_exactly(1)[0]).decode()
        (port,) = struct.unpack("!H", connection.read_exactly(2))
        return host, port


def field_value(head: bytes, name: bytes) -> bytes | None:
    """The first value of a field in a head, or None."""
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return None


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while len(selector.get_map()) == 2:
            for key, _ in selector.select(20):
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                if not _carry(source, sink):
                    selector.unregister(source)


def _carry(source: socket.socket, sink: socket.socket) -> bool:
    data = source.recv(65536)
    while isinstance(source, ssl.SSLSocket) and source.pending():
        data += source.recv(65536)
    if data:
        sink.sendall(data)
    return bool(data)
