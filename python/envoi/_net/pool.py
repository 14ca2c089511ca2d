"""The pool: the core decides, and here its claims are waited for, dialled and given back.

A claim (`Permit`, `Lease`, `Place`) is an object of the core whose destructor gives it back, and
each step is one call. So an interrupt, which Python delivers between two bytecodes, finds a claim
either in somebody's hands or given back. Flows release in `except` and `finally` all the same: an
exception that somebody keeps holds its frames, and with them the claim.

The session holds the `Pool`, and with it the pool's owner: when it is dropped, idle connections are
closed, and those in use when they come back. Who has a lease must not hold the `Pool` too.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING
from weakref import ref

from envoi._io.protocols import Backend, TimedOut
from envoi._model import exceptions
from envoi._net.errors import is_over, timed_out
from envoi._proto.pool import Lease, Permit, Place, PoolOwner, PoolState

if TYPE_CHECKING:
    from envoi._model.timeout import Timeout
    from envoi._net.dial import Dialer
    from envoi._net.http1 import HTTP1Connection
    from envoi._net.route import Route


class Pool:
    """Connections that are shared by all requests of a session, by threads or by tasks.

    Args:
        backend: where the flows run.
        dialer: makes new connections.
        max_connections: open connections in total; `inf` for no limit.
        max_per_host: the same for one route; `inf` for no limit.
        keepalive: seconds that an idle connection is kept.
    """

    def __init__(
        self,
        backend: Backend,
        dialer: Dialer,
        max_connections: float,
        max_per_host: float,
        keepalive: float,
    ) -> None:
        self.backend = backend
        # In threads, destructors close sockets and wake waiters themselves.
        hand_over = None if backend.name == "blocking" else backend.call_soon
        self.state: PoolState[HTTP1Connection] = PoolState(
            max_connections, max_per_host, keepalive, hand_over
        )
        self._owner: PoolOwner = self.state.owner()
        self._dialer = dialer
        self._reference = ref(self)

    async def acquire(
        self, route: Route, timeout: Timeout, deadline: float, *, fresh: bool = False
    ) -> Lease[HTTP1Connection]:
        """A connection for one exchange; give it back with `release`.

        Args:
            route: where to.
            timeout: `pool_seconds` bounds the wait for a free connection.
            deadline: the end of the whole.
            fresh: dial a new connection, because kept ones turned out to be dead.

        Raises:
            PoolTimeout: none became free in time.
            SessionClosed: the pool was closed.
            ConnectionError: and its kin, when dialling failed.
        """
        backend = self.backend
        state = self.state
        until = inf
        while True:
            claim = state.acquire(route.key, backend.now(), backend.waiter, fresh=fresh)
            if type(claim) is Place:
                if until == inf:
                    until = min(deadline, backend.now() + timeout.pool_seconds)
                await self._wait(claim, route, timeout, deadline, until)
                claim = claim.take()
            if type(claim) is Lease:
                connection = claim.connection
                # Closed by the peer while idle, or something said unasked: either way it is not to
                # be used. Nor is one that the server is about to close, as it has said.
                try:
                    if (
                        not (connection.is_limited and connection.expires <= backend.now())
                        and not connection.stream.readable()
                    ):
                        connection.reused = True
                        return claim
                except BaseException:  # Ctrl-C
                    claim.release(None)
                    raise
                claim.release(None)
            elif type(claim) is Permit:
                return await self._dial(claim, route, timeout, deadline)
            else:
                raise exceptions.SessionClosed(
                    "The session is closed: make a new one, or do not close it before its last "
                    "request."
                )

    def release(self, lease: Lease[HTTP1Connection], *, reusable: bool) -> None:
        """Give a connection back; the second time it does nothing. Never waits, so that a cancelled
        task can do it.
        """
        lease.release(self.backend.now() if reusable else None)

    def close(self) -> None:
        """Close idle connections now, and those in use when they come back."""
        self.state.close()

    def forget(self, *, in_use: bool = False) -> None:
        """Start empty, and leave the connections alone: in a forked child they are the parent's.

        Args:
            in_use: let go of those that are in use as well.
        """
        self.state = self.state.forget(in_use=in_use)
        self._owner = self.state.owner()

    async def _wait(
        self,
        place: Place[HTTP1Connection],
        route: Route,
        timeout: Timeout,
        deadline: float,
        until: float,
    ) -> None:
        try:
            await place.waiter.wait(until)
        except BaseException as error:
            now = self.backend.now()
            place.leave(now)
            if isinstance(error, TimedOut):
                raise timed_out(
                    "pool", route.where, timeout, total_passed=is_over(deadline, now)
                ) from None
            raise

    async def _dial(
        self, permit: Permit[HTTP1Connection], route: Route, timeout: Timeout, deadline: float
    ) -> Lease[HTTP1Connection]:
        try:
            connection = await self._dialer.dial(route, timeout, deadline)
            connection.pool = self._reference
            return permit.dialled(connection, connection.stream.closer())
        except BaseException:
            permit.release()
            raise
