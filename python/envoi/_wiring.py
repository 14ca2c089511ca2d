"""The composition root: chooses the backend of a session and opens its pool.

The only module outside `_io` that imports concrete backends.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from typing import TYPE_CHECKING, Final
from weakref import ref

from envoi._io.blocking import BlockingBackend
from envoi._net.dial import Dialer
from envoi._net.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._io.loop_thread import LoopThread as LoopThread  # noqa: PLC0414 - for `_apps`
    from envoi._io.protocols import Backend, SocketSettings

    NewDialer = Callable[[Backend, SocketSettings], Dialer]

_pools: dict[int, ref[Pool]] = {}
"""All that are open. No WeakSet: that runs Python code when one is dropped, where an interrupt
would be swallowed.
"""

_numbers: Final = count()

blocking: Final = BlockingBackend()
"""The backend of flows that run in the calling thread; it has no state of its own."""


def open_blocking_pool(
    max_connections: float,
    max_per_host: float,
    keepalive: float,
    sockets: SocketSettings,
    new_dialer: NewDialer = Dialer,
) -> Pool:
    """A pool for threads."""
    return _open(BlockingBackend(), max_connections, max_per_host, keepalive, sockets, new_dialer)


def open_async_pool(
    max_connections: float,
    max_per_host: float,
    keepalive: float,
    sockets: SocketSettings,
    new_dialer: NewDialer = Dialer,
) -> Pool:
    """A pool for the event loop that runs now.

    Raises:
        RuntimeError: none does.
    """
    return _open(running_backend(), max_connections, max_per_host, keepalive, sockets, new_dialer)


def drop_pool(pool: Pool) -> None:
    """Close all that a pool has, without a word to its event loop, which is closed.

    Args:
        pool: of that loop.
    """
    pool.forget(in_use=True)


def in_trio() -> bool:
    """Whether a trio task runs now; trio is not imported to find out."""
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()


def _open(
    backend: Backend,
    max_connections: float,
    max_per_host: float,
    keepalive: float,
    sockets: SocketSettings,
    new_dialer: NewDialer,
) -> Pool:
    dialer = new_dialer(backend, sockets)
    pool = Pool(backend, dialer, max_connections, max_per_host, keepalive)
    number = next(_numbers)
    if number & (number - 1) == 0:  # each time that their number has doubled
        for key, reference in list(_pools.items()):
            if reference() is None:
                del _pools[key]
    _pools[number] = ref(pool)
    return pool


def running_backend() -> Backend:
    """The backend of the event loop that runs now.

    Raises:
        RuntimeError: none does.
    """
    if in_trio():
        from envoi._io.trio_ import TrioBackend

        return TrioBackend()
    from envoi._io.asyncio_ import AsyncioBackend

    return AsyncioBackend()


def start_loop_thread(name: str) -> LoopThread:
    """A thread with an asyncio loop of its own, started.

    Args:
        name: the thread's.
    """
    from envoi._io.loop_thread import LoopThread

    return LoopThread(name)


def require_file(path: str | os.PathLike[str], what: str) -> None:
    """Refuse a path that leads nowhere.

    Args:
        path: of a file or folder.
        what: it is to be, for the message.

    Raises:
        InvalidOption: it is not there.
    """
    from envoi._io.tls_context import check_there

    check_there(os.fspath(path), what)


def _forget_all() -> None:
    # A child shares the parent's sockets: bytes it sent would land in the middle of the parent's.
    for reference in list(_pools.values()):
        pool = reference()
        if pool is not None:
            pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
