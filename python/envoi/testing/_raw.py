"""A server that misbehaves byte by byte."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.testing._certificates import Certificate, CertificateAuthority
from envoi.testing._listener import Accepted, Listener, close_politely, reset
from envoi.testing._wire import (
    Disconnected,
    Malformed,
    Reader,
    body_length,
    parse_head,
    read_chunked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

_MAX_BODY = 1024**3
_MAX_RECORDED = 1000


class RawConnection:
    """One connection of a `RawServer`, as its script sees it.

    Every wait is bounded by the server's `timeout`. When the client goes away, sending and reading
    raise ConnectionError, which ends the script without counting as its failure.

    Args:
        accepted: the connection.
        timeout: seconds that each read and write may take.
        record: is given each request read.
        stopping: set when the server is to stop.
    """

    def __init__(
        self,
        accepted: Accepted,
        timeout: float,
        record: Callable[[bytes], None],
        stopping: threading.Event,
    ) -> None:
        self.socket: socket.socket = accepted.socket
        self.peer: tuple[str, int] = accepted.peer
        self.number: int = accepted.number
        self.stopping = stopping
        self._record = record
        self._reader = Reader(accepted.socket.recv)
        self.socket.settimeout(timeout)

    def read_request(self) -> bytes:
        """The next request's bytes, head and body, framing included.

        Raises:
            ConnectionError: the client closed instead.
        """
        head = self._reader.head()
        if not head:
            message = "the client closed the connection"
            raise Disconnected(message)
        length = body_length(parse_head(head)[3])
        if length is None:
            framed = bytearray()
            read_chunked(self._reader, _MAX_BODY, framed.extend)
            whole = head + framed
        else:
            whole = head + self._reader.exactly(length)
        self._record(whole)
        return whole

    def read_head(self) -> bytes:
        """The next request's head alone, to answer before its body came."""
        head = self._reader.head()
        if not head:
            message = "the client closed the connection"
            raise Disconnected(message)
        return head

    def read_exactly(self, size: int) -> bytes:
        """`size` bytes, whatever they are."""
        return self._reader.exactly(size)

    def take_buffered(self) -> bytes:
        """What was received behind the last thing read; does not wait. To pass on before relaying
        the socket itself.
        """
        return self._reader.take_buffered()

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.socket.sendall(data)

    def send_slowly(
        self,
        data: bytes,
        piece: int = 1,
        event: threading.Event | None = None,
        seconds: float = 0.01,
    ) -> None:
        """Send in small pieces, each in a packet of its own.

        Args:
            data: what to send.
            piece: how many bytes at once.
            event: ends the sending when set; the server's stop does so too.
            seconds: how long to wait between two pieces.
        """
        wait = (event or self.stopping).wait
        for start in range(0, len(data), piece):
            self.socket.sendall(data[start : start + piece])
            if self.stopping.is_set() or wait(seconds):
                return

    def reset(self) -> None:
        """Close with a TCP reset."""
        reset(self.socket)

    def half_close(self) -> None:
        """End our side of the stream without TLS's goodbye (a truncation, under TLS); reading goes
        on.
        """
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def close(self) -> None:
        """Close in order; under TLS with close_notify."""
        close_politely(self.socket)

    def wait_closed(self) -> bytes:
        """Read until the client closes or resets; returns what came until then.

        Raises:
            TimeoutError: it did not, within the server's timeout.
        """
        received = bytearray()
        with suppress(ConnectionError, ssl.SSLError):
            while data := self.socket.recv(65536):
                received += data
        return bytes(received)


class RawServer:
    r"""Accepts on loopback and runs a script for each connection, in a thread. For peers that break
    the rules.

    Args:
        script: called with each connection; the connection is closed when it returns.
        tls: True for TLS with a throw-away authority (`ca_path`); or a certificate, or a ready
            context.
        timeout: seconds that each read or write of a script may take.
        max_connections: how many connections may be open at once.
        host: the loopback address to listen on.

    Examples:
        >>> def script(connection):
        ...     connection.read_request()
        ...     connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
        >>> with RawServer(script) as server:
        ...     envoi.get(server.url)
        Traceback (most recent call last):
        envoi.exceptions.IncompleteBody: ...
    """

    def __init__(
        self,
        script: Callable[[RawConnection], object],
        *,
        tls: bool | Certificate | ssl.SSLContext = False,
        timeout: float = 20.0,
        max_connections: int = 256,
        host: str = "127.0.0.1",
    ) -> None:
        self.errors: list[Exception] = []
        self.tls_failures: list[str] = []
        self.authority: CertificateAuthority | None = None
        self.ca_path: str = ""
        self._script = script
        self._timeout = timeout
        self._changed = threading.Condition()
        self._requests: list[bytes] = []
        context = self._context(tls)
        self._secure = context is not None
        self._listener = Listener(
            self._serve,
            context=context,
            host=host,
            max_connections=max_connections,
            on_handshake_failure=lambda error: self.tls_failures.append(str(error)),
        )
        self.host: str = f"[{host}]" if ":" in host else host
        self.port: int = self._listener.port

    @classmethod
    def replies(
        cls,
        replies: Sequence[bytes | None],
        *,
        close: bool = False,
        tls: bool | Certificate | ssl.SSLContext = False,
        timeout: float = 20.0,
    ) -> RawServer:
        r"""A server that answers the n-th request, over whichever connection, with the n-th bytes.

        Args:
            replies: exact bytes; None closes the connection without a word. A request after the
                last is not answered but closed.
            close: close the connection after each reply, instead of waiting for its next request.
            tls: as for the class.
            timeout: as for the class.

        Examples:
            >>> with RawServer.replies([b"HTTP/1.1 204 No Content\r\n\r\n"]) as server:
            ...     envoi.get(server.url).status_code
            204
        """
        lock = threading.Lock()
        left = iter(list(replies))

        def script(connection: RawConnection) -> None:
            while True:
                connection.read_request()
                with lock:
                    reply = next(left, None)
                if reply is None:
                    return
                connection.send(reply)
                if close:
                    return

        return cls(script, tls=tls, timeout=timeout)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"{'https' if self._secure else 'http'}://{self.host}:{self.port}"

    @property
    def requests(self) -> list[bytes]:
        """What `read_request` gave so far, over all connections."""
        with self._changed:
            return list(self._requests)

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._listener.accepted

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return self._listener.open_connections

    @property
    def stopping(self) -> threading.Event:
        """Set when the server is told to stop."""
        return self._listener.stopping

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> list[bytes]:
        """Wait until `count` requests were read in all; TimeoutError when they do not come within
        `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, timeout):
                message = f"{len(self._requests)} of {count} requests came within {timeout} seconds"
                raise TimeoutError(message)
            return list(self._requests)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}, {len(self.requests)} requests>"

    def close(self) -> None:
        """Stop, and wait until every script has ended. Again: nothing."""
        self._listener.close()
        if self.authority is not None:
            self.authority.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if self.errors and error is None:
            message = "scripts of the raw server failed"
            raise ExceptionGroup(message, self.errors)

    def _context(self, tls: bool | Certificate | ssl.SSLContext) -> ssl.SSLContext | None:
        if tls is True:
            self.authority = CertificateAuthority()
            tls = self.authority.issue("localhost", "127.0.0.1", "::1")
        if isinstance(tls, Certificate):
            self.ca_path = tls.ca_path
            return tls.server_context()
        return tls or None

    def _serve(self, accepted: Accepted) -> None:
        connection = RawConnection(accepted, self._timeout, self._note, self.stopping)
        try:
            self._script(connection)
        except (ConnectionError, ssl.SSLError, Malformed) as error:
            if isinstance(error, Malformed):
                self.errors.append(error)
        except Exception as error:  # raised again by __exit__
            if not (self.stopping.is_set() and isinstance(error, OSError)):
                self.errors.append(error)

    def _note(self, request: bytes) -> None:
        with self._changed:
            if len(self._requests) < _MAX_RECORDED:
                self._requests.append(request)
            self._changed.notify_all()
