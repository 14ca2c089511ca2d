"""What the backends share about sockets: making one, beginning to connect, and the part of a stream
that never waits.
"""

from __future__ import annotations

import errno
import math
import os
import select
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, cast

from envoi._io.protocols import Address, Feed, SocketAddress, StreamClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LINUX = sys.platform == "linux"
KERNEL_TIMEOUTS = LINUX and struct.calcsize("l") == 8
"""Whether SO_RCVTIMEO takes a `struct timeval` of two C longs, as on all 64-bit Linux."""
NEVER_WAIT: int = getattr(socket, "MSG_DONTWAIT", 0)
LEAST_RECEIVE = 1 << 16
MOST_RECEIVE = 1 << 18
MOST_MILLISECONDS = (1 << 31) - 1
MOST_SECONDS = 86400.0
"""The longest that one wait is asked for where the system sets bounds; whoever waits asks again."""

_UNDER_WAY = {
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
}


def begin_connect(
    address: Address, local_address: tuple[str, int] | None
) -> tuple[socket.socket, bool]:
    """A non-blocking socket on its way to an address, and whether it has already arrived.

    Raises:
        OSError: it cannot even begin; the socket is closed.
    """
    made = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if local_address is not None:
            made.bind(local_address)
        code = made.connect_ex(address.sockaddr)
        if code in _UNDER_WAY:
            return made, False
        if code:
            raise connect_error(code, address)  # noqa: TRY301 - closed below, as any failure
    except BaseException:
        made.close()
        raise
    return made, True


def connect_outcome(connecting: socket.socket, address: Address) -> OSError | None:
    """How a connect that was under way has ended; None is success."""
    code = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return connect_error(code, address) if code else None


def connect_error(code: int, address: Address) -> OSError:
    """The OSError (of the fitting subclass) that says which address failed, and how."""
    host, port = address.sockaddr[:2]
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return OSError(code, f"{os.strerror(code)} ({where})")


def usable(
    addresses: Sequence[Address], local_address: tuple[str, int] | None
) -> Sequence[Address]:
    """The addresses that can be reached from `local_address`: those of its family.

    Raises:
        OSError: none is.
    """
    if local_address is None:
        return addresses
    family = socket.AF_INET6 if ":" in local_address[0] else socket.AF_INET
    chosen = [address for address in addresses if address.family == family]
    if not chosen:
        message = (
            f"no address of the host is of the same family as the local address {local_address[0]}"
        )
        raise OSError(errno.EAFNOSUPPORT, message)
    return chosen


def begin_connect_unix(path: str) -> tuple[socket.socket, bool]:
    """A non-blocking Unix socket, and whether it is connected: if not, the listener's backlog is
    full, and to try again is all one can do.

    Raises:
        OSError: it cannot be connected, or this system has no Unix sockets; the socket is closed.
    """
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError(errno.EAFNOSUPPORT, "this system has no Unix sockets")
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.connect(path)
    except BlockingIOError:
        made.close()
        return made, False
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"{error.strerror or error} ({path})") from None
    except BaseException:
        made.close()
        raise
    return made, True


def milliseconds(seconds: float) -> int | None:
    """Seconds as `poll` wants them: rounded up, so that a wait never ends early; None, for ever, is
    also what 24 days are.
    """
    if seconds * 1000 >= MOST_MILLISECONDS:
        return None
    return max(math.ceil(seconds * 1000), 0)


class SocketStream:
    """The part of a stream over a socket that is the same in every backend: all that never
    waits.
    """

    __slots__ = (
        "_closed",
        "_local",
        "_peer",
        "_poll",
        "_receive",
        "_send",
        "_size",
        "_socket",
        "bytes_sent",
    )

    closed_cleanly = True

    def __init__(self, connected: socket.socket, peer: SocketAddress | str | None) -> None:
        self._socket = connected
        self._receive = connected.recv
        self._send = connected.send
        self._size = LEAST_RECEIVE
        self._closed = False
        self.bytes_sent = 0
        self._peer = peer
        self._local: SocketAddress | str | None = None
        self._poll: Any = None

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`."""
        if self._closed:
            raise StreamClosed
        try:
            sent = self._send(data, NEVER_WAIT)
        except (BlockingIOError, InterruptedError):
            return 0
        self.bytes_sent += sent
        return sent

    def receive_nowait(self) -> bytes | None:
        """What one `recv` gives, b"" at the end of the stream, None when nothing waits."""
        try:
            return self._receive(self._size, NEVER_WAIT)
        except (BlockingIOError, InterruptedError):
            return None

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        while not self._closed and (data := self.receive_nowait()) is not None:
            if feed(data) or not data:
                return True
        return False

    def readable(self) -> bool:
        """As in `Stream`."""
        if self._closed:
            return True
        poll = self._poll or self.make_poll()
        return bool(poll(0))

    def make_poll(self) -> Callable[[int | None], object]:
        """The connection's one `poll`: registering costs more than asking."""
        if hasattr(select, "poll"):
            poller = select.poll()
            poller.register(self._socket, select.POLLIN)
            self._poll = poller.poll
        else:
            self._poll = self._select
        return cast("Callable[[int | None], object]", self._poll)

    def rescue(self, feed: Feed | None) -> bool:
        """After a failed send: whether the answer came before the failure (a server that refuses a
        body answers, then resets).
        """
        try:
            return feed is not None and self.drain_nowait(lambda data: bool(data) and feed(data))
        except OSError:
            return False

    def adapt(self, received: int) -> None:
        """Ask for more next time when a recv came back full, and for less when it came back nearly
        empty.
        """
        if received == self._size:
            self._size = min(received * 2, MOST_RECEIVE)
        elif received < self._size >> 2 and self._size > LEAST_RECEIVE:
            self._size >>= 1

    def forget(self) -> None:
        """As in `Stream`. Closing a descriptor that the parent has open as well sends nothing."""
        self._closed = True
        self._socket.close()

    @property
    def peer_address(self) -> SocketAddress | str | None:
        """Where the stream leads to."""
        return self._peer

    @property
    def local_address(self) -> SocketAddress | str | None:
        """Our end's address; None when it was not asked for before the stream was closed."""
        if self._local is None and not self._closed:
            self._local = self._socket.getsockname()
        return self._local

    def _select(self, wait_milliseconds: int | None) -> object:
        seconds = None if wait_milliseconds is None else wait_milliseconds / 1000
        return select.select([self._socket], [], [], seconds)[0]
