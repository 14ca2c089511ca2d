"""Connecting under asyncio: attempts that race by callbacks of the loop, without tasks of their
own.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from envoi._io.happy_eyeballs import Attempts
from envoi._io.protocols import Address, TimedOut
from envoi._io.sockets import begin_connect, begin_connect_unix, connect_outcome

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from envoi._io.protocols import SocketSettings

_RETRY_SECONDS = 0.01


async def connect(
    loop: asyncio.AbstractEventLoop,
    addresses: Sequence[Address],
    settings: SocketSettings | None,
    deadline: float,
) -> tuple[socket.socket, Address]:
    """A connected socket to the first address that answers, and that address. The losers are
    closed.
    """
    race = _Race(loop, addresses, settings)
    expiry = None if deadline == math.inf else loop.call_at(deadline, race.expire)
    try:
        race.advance()
        await race.finish
        winner = race.winner
    except BaseException:
        race.close()
        raise
    else:
        if winner is None:  # not reached: the future is resolved after the winner is known
            raise TimedOut
        race.close(but=winner[0])
        return winner
    finally:
        if expiry is not None:
            expiry.cancel()


async def connect_unix(
    loop: asyncio.AbstractEventLoop, path: str, deadline: float, settings: SocketSettings | None
) -> socket.socket:
    """A connected Unix socket."""
    while True:
        connected, ready = begin_connect_unix(path, settings)
        if ready:
            return connected
        if loop.time() >= deadline:
            raise TimedOut
        await asyncio.sleep(_RETRY_SECONDS)


class _Race:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        addresses: Sequence[Address],
        settings: SocketSettings | None,
    ) -> None:
        self._loop = loop
        self._settings = settings
        self._attempts = Attempts(addresses, loop.time())
        self._running: set[socket.socket] = set()
        self._next: asyncio.TimerHandle | None = None
        self.finish: asyncio.Future[None] = loop.create_future()
        self.winner: tuple[socket.socket, Address] | None = None

    def advance(self) -> None:
        """Begin every attempt that is due. What goes wrong is raised in the flow that waits."""
        try:
            self._begin_due()
        except BaseException as error:  # noqa: BLE001 - the flow's, or it would wait in vain
            self._fail(error)

    def _begin_due(self) -> None:
        attempts = self._attempts
        if self._next is not None:
            self._next.cancel()
            self._next = None
        while not self.finish.done() and (taken := attempts.take(self._loop.time())) is not None:
            self._begin(*taken)
        if self.finish.done():
            return
        if attempts.exhausted:
            self._fail(attempts.failure())
        elif attempts.next_at != math.inf:
            self._next = self._loop.call_at(attempts.next_at, self.advance)

    def expire(self) -> None:
        self._fail(TimedOut())

    def close(self, *, but: socket.socket | None = None) -> None:
        """Close every socket, except `but`."""
        if self._next is not None:
            self._next.cancel()
        for connecting in self._running:
            if not self._loop.is_closed():
                self._loop.remove_writer(connecting.fileno())
            connecting.close()
        self._running.clear()
        if self.winner is not None and self.winner[0] is not but:
            self.winner[0].close()

    def _begin(self, number: int, address: Address) -> None:
        try:
            connecting, arrived = begin_connect(address, self._settings)
        except OSError as error:
            self._attempts.fail(number, error, self._loop.time())
            return
        if arrived:
            self._win(connecting, address)
            return
        try:
            self._loop.add_writer(
                connecting.fileno(), self._on_writable, number, connecting, address
            )
        except BaseException:
            connecting.close()
            raise
        self._running.add(connecting)

    def _on_writable(self, number: int, connecting: socket.socket, address: Address) -> None:
        try:
            self._running.discard(connecting)
            self._loop.remove_writer(connecting.fileno())
            error = connect_outcome(connecting, address)
            if error is None and not self.finish.done():
                self._win(connecting, address)
                return
            connecting.close()
            if error is not None:
                self._attempts.fail(number, error, self._loop.time())
                self._begin_due()
        except BaseException as error:  # noqa: BLE001 - the flow's, or it would wait in vain
            connecting.close()
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self.finish.done():
            self.finish.set_exception(error)

    def _win(self, connected: socket.socket, address: Address) -> None:
        self.winner = connected, address
        if not self.finish.done():
            self.finish.set_result(None)
