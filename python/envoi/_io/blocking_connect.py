"""Connecting from a thread: attempts that race in one poll loop, without threads of their own."""

from __future__ import annotations

import math
import selectors
import socket
import time
from typing import TYPE_CHECKING

from envoi._io.happy_eyeballs import Attempts
from envoi._io.protocols import Address, TimedOut
from envoi._io.sockets import (
    MAX_SECONDS,
    begin_connect,
    begin_connect_unix,
    connect_outcome,
    usable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi._io.protocols import SocketSettings

_RETRY_SECONDS = 0.01


def connect(
    addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
) -> tuple[socket.socket, Address]:
    """A connected socket to the first address that answers, and that address. The losers are
    closed.
    """
    attempts = Attempts(usable(addresses, settings), time.monotonic())
    running: dict[socket.socket, tuple[int, Address]] = {}
    try:
        # Not the default selector: epoll costs a descriptor and three system calls more.
        with getattr(selectors, "PollSelector", selectors.SelectSelector)() as selector:
            winner = _race(attempts, running, selector, settings, deadline)
        return winner, running.pop(winner)[1]
    finally:
        for loser in running:
            loser.close()


def connect_unix(path: str, deadline: float, settings: SocketSettings | None) -> socket.socket:
    """A connected Unix socket."""
    while True:
        connected, ready = begin_connect_unix(path, settings)
        if ready:
            return connected
        if time.monotonic() >= deadline:
            raise TimedOut
        time.sleep(_RETRY_SECONDS)


def _race(
    attempts: Attempts,
    running: dict[socket.socket, tuple[int, Address]],
    selector: selectors.BaseSelector,
    settings: SocketSettings | None,
    deadline: float,
) -> socket.socket:
    while True:
        winner = _begin_due(attempts, running, selector, settings)
        if winner is not None:
            return winner
        if attempts.exhausted:
            raise attempts.failure()
        now = time.monotonic()
        if now >= deadline:
            raise TimedOut
        until = min(deadline, attempts.next_at)
        for key, _ in selector.select(
            None if until == math.inf else min(max(until - now, 0), MAX_SECONDS)
        ):
            connecting = key.fileobj
            if not isinstance(connecting, socket.socket):
                continue
            number, address = running[connecting]
            error = connect_outcome(connecting, address)
            if error is None:
                return connecting
            selector.unregister(connecting)
            del running[connecting]
            connecting.close()
            attempts.fail(number, error, time.monotonic())


def _begin_due(
    attempts: Attempts,
    running: dict[socket.socket, tuple[int, Address]],
    selector: selectors.BaseSelector,
    settings: SocketSettings | None,
) -> socket.socket | None:
    while (taken := attempts.take(time.monotonic())) is not None:
        number, address = taken
        try:
            connecting, arrived = begin_connect(address, settings)
        except OSError as error:
            attempts.fail(number, error, time.monotonic())
            continue
        running[connecting] = taken
        if arrived:
            return connecting
        selector.register(connecting, selectors.EVENT_WRITE)
    return None
