"""A SOCKS4 proxy that keeps a record."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from envoi.testing import RawConnection, RawServer
from peers.servers.proxy import relay

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Socks4Proxy:
    """A SOCKS4 and SOCKS4a proxy on loopback.

    Args:
        resolve: where to connect instead, by "host:port" as the client named it.
        reply_code: what to answer: 90 opens the tunnel, anything else refuses.
    """

    def __init__(
        self, *, resolve: dict[str, tuple[str, int]] | None = None, reply_code: int = 90
    ) -> None:
        self.targets: list[str] = []
        self.users: list[str] = []
        self._resolve = resolve or {}
        self._reply_code = reply_code
        self._server = RawServer(self._script)
        self.port = self._server.port
        self.url = f"socks4://127.0.0.1:{self.port}"

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
        version, command, port, packed = struct.unpack("!BBH4s", connection.read_exactly(8))
        assert (version, command) == (4, 1)
        self.users.append(_text(connection))
        host = socket.inet_ntoa(packed)
        if packed[:3] == b"\0\0\0" and packed[3]:
            host = _text(connection)
        self.targets.append(f"{host}:{port}")
        if self._reply_code != 90:
            connection.send(bytes([0, self._reply_code]) + bytes(6))
            return
        with socket.create_connection(
            self._resolve.get(f"{host}:{port}", (host, port)), timeout=20
        ) as upstream:
            connection.send(b"\x00\x5a" + bytes(6))
            relay(connection.socket, upstream)


def _text(connection: RawConnection) -> str:
    text = bytearray()
    while (byte := connection.read_exactly(1)) != b"\0":
        text += byte
    return text.decode()
