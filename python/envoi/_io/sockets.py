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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi._io.protocols import Address

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
