"""A listening socket, a thread that accepts, and a thread per connection. All of it ends when told
to.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HANDSHAKE_SECONDS = 30.0
_JOIN_SECONDS = 10.0


@dataclass(slots=True)
class Accepted:
    """A connection just accepted, its TLS handshake done.

    Args:
        socket: the socket; blocking.
        peer: the client's address.
        number: its number, from 1.
    """

    socket: socket.socket
    peer: tuple[str, int]
    number: int


class Listener:
    """Accepts connections on loopback, and runs `serve` in a thread for each.

    Args:
        serve: what to do with a connection; the socket is closed after it returns.
        context: for TLS; None for plain TCP.
        host: the address to listen on.
        max_connections: how many may be open at once; more are closed as they come.
        on_handshake_failure: told what went wrong in a TLS handshake.
    """

    def __init__(
        self,
        serve: Callable[[Accepted], None],
        *,
        context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        max_connections: int = 4096,
        on_handshake_failure: Callable[[OSError], None] | None = None,
    ) -> None:
        self.stopping = threading.Event()
        self.accepted = 0
        self._serve = serve
        self._context = context
        self._max_connections = max_connections
        self._on_handshake_failure = on_handshake_failure
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family, backlog=1024)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(
            target=self._accept_until_stopped, name=f"envoi.testing accept {self.port}", daemon=True
        )
        self._thread.start()

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._open)

    def close(self) -> None:
        """Stop accepting, break every connection, and wait for every thread. Again: nothing.

        Raises:
            RuntimeError: a thread would not end within ten seconds.
        """
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._wake_writer.send(b"x")
        self._thread.join()
        self._wake_reader.close()
        self._wake_writer.close()
        with self._lock:
            threads = [thread for thread in self._open if thread is not threading.current_thread()]
            for thread in threads:
                _break(self._open[thread])
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        stuck = [thread.name for thread in threads if thread.is_alive()]
        if stuck:
            message = f"these threads of a test server did not end: {', '.join(stuck)}"
            raise RuntimeError(message)

    def _accept_until_stopped(self) -> None:
        with selectors.DefaultSelector() as selector, self._socket:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not self.stopping.is_set():
                selector.select()
                while not self.stopping.is_set() and self._accept_one():
                    pass

    def _accept_one(self) -> bool:
        try:
            accepted, peer = self._socket.accept()
        except OSError:
            return False
        accepted.setblocking(True)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted += 1
        if self._context is not None:
            try:
                accepted = self._context.wrap_socket(
                    accepted, server_side=True, do_handshake_on_connect=False
                )
            except OSError:
                accepted.close()
                return True
        connection = Accepted(accepted, peer[:2], self.accepted)
        thread = threading.Thread(
            target=self._run,
            args=(connection,),
            name=f"envoi.testing {self.port}/{self.accepted}",
            daemon=True,
        )
        with self._lock:
            refused = len(self._open) >= self._max_connections
            if not refused:
                self._open[thread] = accepted
        if refused:
            accepted.close()
        else:
            thread.start()
        return True

    def _run(self, connection: Accepted) -> None:
        try:
            if self._shake_hands(connection.socket):
                self._serve(connection)
        finally:
            close_politely(connection.socket)
            with self._lock:
                self._open.pop(threading.current_thread(), None)

    def _shake_hands(self, accepted: socket.socket) -> bool:
        if not isinstance(accepted, ssl.SSLSocket):
            return True
        try:
            accepted.settimeout(_HANDSHAKE_SECONDS)
            accepted.do_handshake()
            accepted.settimeout(None)
        except OSError as error:
            if self._on_handshake_failure is not None and not self.stopping.is_set():
                self._on_handshake_failure(error)
            return False
        return True


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset instead of an end of stream."""
    with suppress(OSError):
        connection.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_LINGER,
            struct.pack("hh" if os.name == "nt" else "ii", 1, 0),
        )
    connection.close()


def close_politely(connection: socket.socket) -> None:
    """Say goodbye in TLS (close_notify, RFC 8446 section 6.1) without waiting for an answer, then
    end the stream and close.
    """
    with suppress(OSError, ValueError):
        if isinstance(connection, ssl.SSLSocket):
            connection.setblocking(False)
            connection.unwrap()
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
    connection.close()


def _break(connection: socket.socket) -> None:
    """Wake whoever reads or writes it. Not SSLSocket.shutdown, which would drop the TLS layer under
    a running thread.
    """
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
