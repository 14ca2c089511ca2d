"""The floor: bare sockets and a prepared request. Nothing is parsed but the first response, whose length is expected again."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_OK = b"HTTP/1.1 200"


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
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: floor\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def connect(endpoint: Endpoint) -> socket.socket:
    """Open a TCP connection without delay."""
    connection = socket.create_connection(endpoint.address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class FloorSync(SyncDriver):
    """A blocking socket for each thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._context = ssl.create_default_context(cafile=endpoint.ca) if endpoint.secure else None
        self._open: list[socket.socket] = []

    def getter(self) -> Callable[[str], int]:
        """Return a function over a socket of its own; over TLS, over a new connection each time."""
        request = request_for(self._endpoint, self._endpoint.url)
        answer = Answer()
        if self._endpoint.secure:
            return lambda _: self._get_over_new_connection(request)
        connection = self._connect()
        self._open.append(connection)
        send, receive = connection.send, connection.recv

        def get(_: str) -> int:
            send(request)
            data = receive(65_536)
            if len(data) != answer.total:
                data = _rest(connection, data, answer)
            return answer.body if data.startswith(_OK) else FAILED

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
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_hostname=self._endpoint.address[0])
        return connection

    def _get_over_new_connection(self, request: bytes) -> int:
        answer = Answer()
        with self._connect() as connection:
            connection.send(request)
            data = _rest(connection, connection.recv(65_536), answer)
        return answer.body if data.startswith(_OK) else FAILED


class FloorConnection:
    """A non-blocking socket whose reader callback completes the waiting future."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, answer: Answer) -> None:
        self._socket = connect(endpoint)
        self._socket.setblocking(False)
        self._receive = self._socket.recv
        self._send = self._socket.send
        self._loop = loop
        self._answer = answer
        self._request = request_for(endpoint, endpoint.url)
        self._waiter: asyncio.Future[int] | None = None
        self._data = b""
        loop.add_reader(self._socket.fileno(), self._ready)

    def get(self, _: str) -> asyncio.Future[int]:
        """Send the request; the future is done with the response."""
        waiter = self._waiter = self._loop.create_future()
        self._write(self._request)
        return waiter

    def close(self) -> None:
        """Close the socket."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _write(self, data: bytes) -> None:
        self._send(data)

    def _ready(self) -> None:
        self._arrived(self._receive(65_536))

    def _arrived(self, data: bytes) -> None:
        answer = self._answer
        if self._data:
            data = self._data + data
        if not answer.total:
            answer.learn(data)
        if not answer.total or len(data) < answer.total:
            self._data = data
            return
        self._data = b""
        waiter = self._waiter
        if waiter is not None:
            waiter.set_result(answer.body if data.startswith(_OK) else FAILED)


class FloorTlsConnection(FloorConnection):
    """The same over TLS, through memory buffers."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, answer: Answer, context: ssl.SSLContext) -> None:
        super().__init__(endpoint, loop, answer)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=endpoint.address[0])
        self._handshake()

    def _handshake(self) -> None:
        self._socket.setblocking(True)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._socket.sendall(self._outgoing.read())
                self._incoming.write(self._receive(65_536))
            else:
                break
        self._socket.sendall(self._outgoing.read())
        self._socket.setblocking(False)

    def _write(self, data: bytes) -> None:
        self._tls.write(data)
        self._send(self._outgoing.read())

    def _ready(self) -> None:
        self._incoming.write(self._receive(65_536))
        try:
            data = self._tls.read(65_536)
        except ssl.SSLWantReadError:
            return
        self._arrived(data)


class FloorAsync(AsyncDriver):
    """A stack of connections."""

    def __init__(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        answer = Answer()
        if endpoint.secure:
            context = ssl.create_default_context(cafile=endpoint.ca)
            self._idle: list[FloorConnection] = [FloorTlsConnection(endpoint, loop, answer, context) for _ in range(endpoint.at_once)]
        else:
            self._idle = [FloorConnection(endpoint, loop, answer) for _ in range(endpoint.at_once)]

    async def get(self, url: str) -> int:
        """Take a connection, use it, put it back."""
        connection = self._idle.pop()
        length = await connection.get(url)
        self._idle.append(connection)
        return length

    async def close(self) -> None:
        """Close the connections."""
        for each in self._idle:
            each.close()


class FloorTrio(AsyncDriver):
    """A stack of non-blocking sockets, with trio's waiting for readiness."""

    def __init__(self, endpoint: Endpoint) -> None:
        import trio  # noqa: PLC0415  (only where it is measured)

        self._wait: Callable[[socket.socket], Awaitable[None]] = trio.lowlevel.wait_readable
        self._request = request_for(endpoint, endpoint.url)
        self._idle = [connect(endpoint) for _ in range(endpoint.at_once)]
        for each in self._idle:
            each.setblocking(False)
        self._answer = Answer()

    async def get(self, _: str) -> int:
        """Take a socket, use it, put it back."""
        connection = self._idle.pop()
        connection.send(self._request)
        await self._wait(connection)
        data = connection.recv(65_536)
        if not self._answer.total:
            self._answer.learn(data)
        self._idle.append(connection)
        return self._answer.body if len(data) == self._answer.total and data.startswith(_OK) else FAILED

    async def close(self) -> None:
        """Close the sockets."""
        for each in self._idle:
            each.close()


class Floor(Client):
    """Bare sockets."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use blocking sockets."""
        return FloorSync(endpoint)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use the loop's readers."""
        return FloorAsync(endpoint)

    async def open_trio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use trio's low level."""
        return FloorTrio(endpoint)

    def once(self, url: str) -> int:
        """Connect, ask, read."""
        endpoint = Endpoint(url, "", 1)
        answer = Answer()
        with connect(endpoint) as connection:
            connection.send(request_for(endpoint, url))
            data = _rest(connection, connection.recv(65_536), answer)
        return answer.body if data.startswith(_OK) else FAILED


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
