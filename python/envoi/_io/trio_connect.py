"""Connecting under trio: attempts that race in one nursery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from envoi._io.happy_eyeballs import Attempts
from envoi._io.protocols import Address, TimedOut
from envoi._io.sockets import begin_connect, begin_connect_unix, connect_outcome
from envoi._io.trio_groups import only_exception

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from envoi._io.protocols import SocketSettings

_RETRY_SECONDS = 0.01


async def connect(
    addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
) -> tuple[socket.socket, Address]:
    """A connected socket to the first address that answers, and that address. The losers are
    closed.
    """
    race = _Race(addresses, settings)
    with trio.CancelScope(deadline=deadline) as scope:
        if len(addresses) == 1:  # the usual case needs no nursery
            taken = race.attempts.take(trio.current_time())
            if taken is not None:
                await race.attempt(*taken)
        else:
            await race.run()
    if race.winner is not None:
        return race.winner
    if scope.cancelled_caught:
        raise TimedOut
    if race.failure is not None:
        raise race.failure
    raise race.attempts.failure()


async def connect_unix(
    path: str, deadline: float, settings: SocketSettings | None
) -> socket.socket:
    """A connected Unix socket."""
    while True:
        connected, ready = begin_connect_unix(path, settings)
        if ready:
            return connected
        if trio.current_time() >= deadline:
            raise TimedOut
        await trio.sleep(_RETRY_SECONDS)


class _Race:
    def __init__(self, addresses: Sequence[Address], settings: SocketSettings | None) -> None:
        self.attempts = Attempts(addresses, trio.current_time())
        self.winner: tuple[socket.socket, Address] | None = None
        # Anything but an OSError, carried out by hand: the nursery would wrap it in a group.
        self.failure: Exception | None = None
        self._settings = settings
        self._one_failed = trio.Event()
        self._over = trio.CancelScope()

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as nursery:
                self._over = nursery.cancel_scope
                while not self.attempts.exhausted:
                    while (taken := self.attempts.take(trio.current_time())) is not None:
                        nursery.start_soon(self.attempt, *taken)
                    self._one_failed = trio.Event()
                    with trio.move_on_at(self.attempts.next_at):
                        await self._one_failed.wait()
        except BaseException as error:
            if self.winner is not None:
                self.winner[0].close()
                self.winner = None
            if isinstance(error, BaseExceptionGroup):
                raise only_exception(error) from None
            raise

    async def attempt(self, number: int, address: Address) -> None:
        try:
            connected = await _connect_one(address, self._settings)
        except OSError as error:
            self.attempts.fail(number, error, trio.current_time())
            self._one_failed.set()
        except Exception as error:  # noqa: BLE001 - raised by connect
            self.failure = error
            self._over.cancel()
        else:
            if self.winner is not None:
                connected.close()
                return
            self.winner = connected, address
            self._over.cancel()


async def _connect_one(address: Address, settings: SocketSettings | None) -> socket.socket:
    connecting, arrived = begin_connect(address, settings)
    try:
        if not arrived:
            await trio.lowlevel.wait_writable(connecting)
            error = connect_outcome(connecting, address)
            if error is not None:
                raise error  # noqa: TRY301 - closed below, as any failure
    except BaseException:
        trio.lowlevel.notify_closing(connecting)
        connecting.close()
        raise
    return connecting
