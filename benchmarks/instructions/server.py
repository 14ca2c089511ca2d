"""The peer, which is not counted: ``python server.py GATE [CERTIFICATE KEY]`` prints its port.

One thread, fixed answers. `/small` answers 75 bytes of JSON; `/large` answers 100,000 bytes while
the client is stopped; `/round/N` answers when N requests are there, in the order in which their
connections were opened, and then opens the gate.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import selectors
import signal
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

PORTS = range(18180, 18280)
"""A fixed port: the digits are part of each request."""
SIOCOUTQ = 0x5411
"""Linux' request for the number of bytes that the peer has not acknowledged."""
STOP_SECONDS = 5.0
DRAIN_SECONDS = 0.005
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def reply(body: bytes) -> bytes:
    """A whole answer with the fields that a usual server sends."""
    head = (
        "HTTP/1.1 200 OK\r\nServer: peer\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


SMALL = reply(b'{"id": 1, "name": "a small document", "tags": ["one", "two"], "ok": true  }')
LARGE = reply(b"[" + b"0," * 49_999 + b"]")


class Peer:
    """All connections, and the requests that wait for the rest of their round."""

    def __init__(self, gate: socket.socket, context: ssl.SSLContext | None) -> None:
        self._gate, self._context = gate, context
        self._selector = selectors.DefaultSelector()
        self._received: dict[socket.socket, bytearray] = {}
        self._order: dict[socket.socket, int] = {}
        self._waiting: list[socket.socket] = []
        self._client = 0  # its process, which a client that is to be stopped writes to the gate

    def run(self, listener: socket.socket) -> None:
        """Serve until the other end of the gate is closed: nobody measures any more."""
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._gate, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is listener:
                    self._accept(listener)
                elif key.fileobj is self._gate:
                    told = self._gate.recv(32)
                    if not told:
                        return
                    self._client = int(told)
                else:
                    self._receive(key.fileobj)  # type: ignore[arg-type]

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        self._received[connection] = bytearray()
        self._order[connection] = len(self._order)
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            data = connection.recv(65536)
            if data:
                received = self._received[connection]
                received += data
                if _is_whole(received):
                    path = bytes(received).split(b" ", 2)[1].decode()
                    received.clear()
                    self._answer(connection, path)
                return
        self._selector.unregister(connection)
        connection.close()

    def _answer(self, connection: socket.socket, path: str) -> None:
        if path == "/large":
            self._answer_stopped(connection)
        elif path.startswith("/round/"):
            self._waiting.append(connection)
            if len(self._waiting) == int(path.rpartition("/")[2]):
                for each in sorted(self._waiting, key=self._order.__getitem__):
                    each.sendall(SMALL)
                self._waiting.clear()
                self._gate.sendall(b".")
        else:
            connection.sendall(SMALL)

    def _answer_stopped(self, connection: socket.socket) -> None:
        """Send the large body while the client does not run."""
        if not self._client:
            self._client = int(self._gate.recv(32))
        os.kill(self._client, signal.SIGSTOP)
        try:
            _wait_until(lambda: _is_stopped(self._client), STOP_SECONDS)
            connection.sendall(LARGE)
            _wait_until(lambda: _unacknowledged(connection) == 0, DRAIN_SECONDS)
        finally:
            os.kill(self._client, signal.SIGCONT)


def _is_whole(received: bytearray) -> bool:
    end = received.find(b"\r\n\r\n")
    length = _LENGTH.search(received, 0, max(end, 0))
    return end >= 0 and len(received) >= end + 4 + (int(length[1]) if length else 0)


def _is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"


def _unacknowledged(connection: socket.socket) -> int:
    answer = fcntl.ioctl(connection, SIOCOUTQ, struct.pack("i", 0))
    number: int = struct.unpack("i", answer)[0]
    return number


def _wait_until(condition: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.0002)


def _listen() -> socket.socket:
    for port in PORTS:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
        except OSError:
            listener.close()
        else:
            return listener
    raise SystemExit("no port is free")


def main(gate: int, *pair: str) -> None:
    """Print the port, then serve."""
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
    listener = _listen()
    print(listener.getsockname()[1], flush=True)
    Peer(socket.socket(fileno=gate), context).run(listener)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
