"""The floor: bare sockets and a prepared request. Nothing is parsed but the first response, whose
length is expected again.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

OK = b"HTTP/1.1 200"


class Answer:
    """Knows when a response is complete: the first is parsed, the others are as long."""

    __slots__ = ("body", "total")

    def __init__(self) -> None:
        self.total = 0
        self.body = 0

    def learn(self, data: bytes) -> None:
        """Take the lengths from the first response's head."""
        head, found, _ = data.partition(b"\r\n\r\n")
        if found:
            lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self.body = int(lines[b"content-length"])
            self.total = len(head) + 4 + self.body


def request_for(endpoint: Endpoint, url: str) -> bytes:
    """Return the bytes of a GET."""
    host, port = endpoint.address
    path = "/" + url.split("/", 3)[3]
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: floor\r\nAccept: */*\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    ).encode()


def connect(endpoint: Endpoint) -> socket.socket:
    """Open a TCP connection without delay."""
    connection = socket.create_connection(endpoint.address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class FloorSync(SyncDriver):
    """A blocking socket for each thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._context = _tls_context(endpoint.ca) if endpoint.secure else None
        self._session: ssl.SSLSession | None = None
        self._open: list[socket.socket] = []

    def getter(self) -> Callable[[str], int]:
        """Return a function over a socket of its own; over TLS, over a new connection each time."""
        request = request_for(self._endpoint, self._endpoint.url)
        answer = Answer()
        context = self._context
        if context is not None:
            return lambda _: self._get_over_new_connection(context, request)
        connection = self._connect()
        self._open.append(connection)
        send, receive = connection.send, connection.recv

        def get(_: str) -> int:
            send(request)
            data = receive(65_536)
            if len(data) != answer.total:
                data = _rest(connection, data, answer)
            return answer.body if data.startswith(OK) else FAILED

        return get

    def stream(self, url: str) -> int:
        """Read into one buffer until the body is complete."""
        if not self._open:
            self._open.append(self._connect())
        connection = self._open[0]
        connection.sendall(request_for(self._endpoint, url))
        buffer = bytearray(CHUNK_BYTES)
        answer = Answer()
        received = connection.recv_into(buffer)
        answer.learn(bytes(buffer[:received]))
        while received < answer.total:
            received += connection.recv_into(buffer)
        return answer.body

    def close(self) -> None:
        """Close the sockets."""
        for each in self._open:
            each.close()

    def _connect(self) -> socket.socket:
        connection = connect(self._endpoint)
        return connection if self._context is None else self._secured(self._context, connection)

    def _secured(self, context: ssl.SSLContext, connection: socket.socket) -> ssl.SSLSocket:
        return context.wrap_socket(
            connection, server_hostname=self._endpoint.address[0], session=self._session
        )

    def _get_over_new_connection(self, context: ssl.SSLContext, request: bytes) -> int:
        answer = Answer()
        with self._secured(context, connect(self._endpoint)) as connection:
            connection.send(request)
            data = _rest(connection, connection.recv(65_536), answer)
            # The ticket came with the answer: the next handshake is a short one.
            self._session = connection.session
        return answer.body if data.startswith(OK) else FAILED


class Floor(Client):
    """Bare sockets."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use blocking sockets."""
        return FloorSync(endpoint)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use the loop's readers."""
        from benchmarks.clients.floor_async import FloorAsync

        return FloorAsync(endpoint)

    async def open_trio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use trio's low level."""
        from benchmarks.clients.floor_async import FloorTrio

        return FloorTrio(endpoint)

    def once(self, url: str) -> int:
        """Connect, ask, read."""
        endpoint = Endpoint(url, "", 1)
        answer = Answer()
        with connect(endpoint) as connection:
            connection.send(request_for(endpoint, url))
            data = _rest(connection, connection.recv(65_536), answer)
        return answer.body if data.startswith(OK) else FAILED


def _tls_context(ca: str) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=ca)


def _rest(connection: socket.socket, data: bytes, answer: Answer) -> bytes:
    if not answer.total:
        answer.learn(data)
    while not answer.total or len(data) < answer.total:
        more = connection.recv(65_536)
        if not more:
            break
        data += more
        if not answer.total:
            answer.learn(data)
    return data


CLIENT = Floor()
