"""What callers say about sockets: options, and which paths and URLs name a Unix one."""

from __future__ import annotations

import os
from typing import Any, Final

from envoi._model.exceptions import InvalidOption

SCHEME: Final = "http+unix"


def socket_options_of(value: Any) -> tuple[tuple[int, int, int | bytes], ...]:
    """`socket_options=`.

    Args:
        value: a list of `(level, option, value)`, or None.

    Raises:
        InvalidOption: something else.
    """
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise _no_options(value)
    options = []
    for entry in value:
        if not isinstance(entry, (tuple, list)) or len(entry) != 3:
            raise _no_options(entry)
        level, option, setting = entry
        if isinstance(setting, (bytearray, memoryview)):
            setting = bytes(setting)
        if (
            not isinstance(level, int)
            or not isinstance(option, int)
            or not isinstance(setting, (int, bytes))
        ):
            raise _no_options(entry)
        options.append((int(level), int(option), setting))
    return tuple(options)


def socket_path(value: Any) -> str | None:
    """`uds`: a path, or a name of Linux's abstract namespace, which begins with a NUL.

    Raises:
        InvalidOption: no path, or this system has no Unix sockets.
    """
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)) or not (path := os.fspath(value)):
        raise InvalidOption(f"uds= must be the path of a Unix socket, not {value!r}")
    if os.name == "nt":
        raise InvalidOption("uds= needs Unix sockets, which Python does not have on this system")
    return path if isinstance(path, str) else os.fsdecode(path)


def _no_options(value: Any) -> InvalidOption:
    return InvalidOption(
        "socket_options must be a list of (level, option, value), such as "
        f"[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)], not {value!r}"
    )
