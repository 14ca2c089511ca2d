"""The floor for event loops: own non-blocking sockets, one reader callback for a connection's
life.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from benchmarks.clients.base import FAILED, AsyncDriver, Endpoint
from benchmarks.clients.floor import OK, Answer, connect, request_for

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable


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
            waiter.set_result(answer.body if data.startswith(OK) else FAILED)


class FloorTlsConnection(FloorConnection):
    """The same over TLS, through memory buffers."""

    def __init__(
        self,
        endpoint: Endpoint,
        loop: asyncio.AbstractEventLoop,
        answer: Answer,
        context: ssl.SSLContext,
    ) -> None:
        super().__init__(endpoint, loop, answer)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=endpoint.address[0]
        )
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
            self._idle: list[FloorConnection] = [
                FloorTlsConnection(endpoint, loop, answer, context) for _ in range(endpoint.at_once)
            ]
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
        import trio

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
        return (
            self._answer.body if len(data) == self._answer.total and data.startswith(OK) else FAILED
        )

    async def close(self) -> None:
        """Close the sockets."""
        for each in self._idle:
            each.close()
