"""What the backends share about sockets: the system's limits, making one, beginning to connect."""

from __future__ import annotations

import _socket
import errno
import math
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING

from envoi._model.exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi._io.protocols import Address, SocketSettings

LINUX = sys.platform == "linux"
PLAIN_SOCKETS = issubclass(socket.socket, _socket.socket)
"""False where gevent has put sockets of its own in their place, which wait by its event loop."""
KERNEL_TIMEOUTS = LINUX and struct.calcsize("l") == 8 and PLAIN_SOCKETS
"""Whether SO_RCVTIMEO takes a `struct timeval` of two C longs, as on all 64-bit Linux, and the
kernel waits.
"""
NEVER_WAIT: int = getattr(socket, "MSG_DONTWAIT", 0)
LEAST_RECEIVE = 1 << 16
MAX_RECEIVE = 1 << 18
MAX_MILLISECONDS = (1 << 31) - 1
MAX_SECONDS = 86400.0
"""The longest that one wait is asked for where the system sets bounds; whoever waits asks again."""

KEEPALIVE_IDLE = 45
"""Seconds without traffic after which TCP asks whether the peer is there. Below the minute after
which many routers and load balancers forget a connection; the kernels wait for two hours.
"""
KEEPALIVE_INTERVAL = 15
"""Seconds between such questions."""
KEEPALIVE_COUNT = 5
"""How many go unanswered before the connection is given up."""


def _options_by_default() -> tuple[tuple[int, int, int], ...]:
    """Each system has its own names for how keepalive is timed; what one does not know is left
    out.
    """
    times = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE,  # Linux, BSD, Windows
        "TCP_KEEPALIVE": KEEPALIVE_IDLE,  # macOS' name for the same
        "TCP_KEEPINTVL": KEEPALIVE_INTERVAL,
        "TCP_KEEPCNT": KEEPALIVE_COUNT,
    }
    if hasattr(socket, "TCP_KEEPIDLE"):
        del times["TCP_KEEPALIVE"]
    return (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *(
            (socket.IPPROTO_TCP, getattr(socket, name), value)
            for name, value in times.items()
            if hasattr(socket, name)
        ),
    )


_BY_DEFAULT = _options_by_default()

_UNDER_WAY = {
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
}


def begin_connect(address: Address, settings: SocketSettings | None) -> tuple[socket.socket, bool]:
    """A non-blocking socket on its way to an address, and whether it has already arrived.

    Raises:
        OSError: it cannot even begin; the socket is closed.
    """
    made = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        prepare(made, settings)
        code = made.connect_ex(address.sockaddr)
        if code in _UNDER_WAY:
            return made, False
        if code:
            raise connect_error(code, address)  # noqa: TRY301 - closed below, as any failure
    except BaseException:
        made.close()
        raise
    return made, True


def prepare(made: socket.socket, settings: SocketSettings | None) -> None:
    """Set up a TCP socket that is about to be connected.

    Raises:
        InvalidOption: the system refuses one of the settings' options.
        OSError: the local address cannot be bound.
    """
    made.setblocking(False)
    for level, option, value in _BY_DEFAULT:
        made.setsockopt(level, option, value)
    if settings is not None:
        set_options(made, settings)
        if settings.local_address is not None:
            made.bind(settings.local_address)


def set_options(made: socket.socket, settings: SocketSettings) -> None:
    """Set the caller's own options.

    Raises:
        InvalidOption: the system refuses one.
    """
    for level, option, value in settings.options:
        try:
            made.setsockopt(level, option, value)
        except OSError as error:
            raise InvalidOption(
                f"socket_options: the system refuses {(level, option, value)!r}: "
                f"{error.strerror or error}. Leave it out, or look up its level and name in the "
                "socket module"
            ) from error


def connect_outcome(connecting: socket.socket, address: Address) -> OSError | None:
    """How a connect that was under way has ended; None is success."""
    code = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return connect_error(code, address) if code else None


def connect_error(code: int, address: Address) -> OSError:
    """The OSError (of the fitting subclass) that says which address failed, and how."""
    host, port = address.sockaddr[:2]
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return OSError(code, f"{os.strerror(code)} ({where})")


def usable(addresses: Sequence[Address], settings: SocketSettings | None) -> Sequence[Address]:
    """The addresses that can be reached from the settings' local address: those of its family.

    Raises:
        OSError: none is.
    """
    local_address = None if settings is None else settings.local_address
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


def begin_connect_unix(
    path: str, settings: SocketSettings | None = None
) -> tuple[socket.socket, bool]:
    """A non-blocking Unix socket, and whether it is connected: if not, the listener's backlog is
    full, and the caller has to try again.

    Raises:
        OSError: it cannot be connected, or this system has no Unix sockets; the socket is closed.
    """
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError(errno.EAFNOSUPPORT, "this system has no Unix sockets")
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        if settings is not None:
            set_options(made, settings)
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
    """Seconds as `poll` wants them: rounded up, so that a wait never ends early. None (no limit)
    beyond poll's maximum of 24 days.
    """
    if seconds * 1000 >= MAX_MILLISECONDS:
        return None
    return max(math.ceil(seconds * 1000), 0)
