"""The pool: `PoolState` decides under a lock, and here its decisions are carried out, outside
it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING, Final, cast
from weakref import ref

from envoi import exceptions
from envoi._io.protocols import Backend, TimedOut, Waiter
from envoi._net.errors import is_over, timed_out
from envoi._proto.pool_state import Freed, PoolState, Ticket, Verb

if TYPE_CHECKING:
    from envoi._model.timeout import Timeout
    from envoi._net.dial import Dialer
    from envoi._net.http1 import HTTP1Connection
    from envoi._net.route import Route

_MISSING: Final = object()


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
        self.state: PoolState[HTTP1Connection] = PoolState(max_connections, max_per_host, keepalive)
        self._dialer = dialer
        self._lock = backend.lock()
        self._orphans: deque[HTTP1Connection] = deque()
        # Who is in here is in use, and may be given back once. It also keeps the socket of a
        # response that is dropped in a reference cycle from being finalised, unclosed, along with
        # it.
        self._in_use: dict[HTTP1Connection, object] = {}
        self._doomed = False
        self._epoch = 0
        self._reference = ref(self)

    async def acquire(
        self,
        route: Route,
        timeout: Timeout,
        deadline: float,
        *,
        fresh: bool = False,  # noqa: ARG002
    ) -> HTTP1Connection:
        """A connection for one exchange; give it back with `release`.

        Raises:
            PoolTimeout: none became free in time.
            SessionClosed: the pool was closed.
            ConnectionError: and its kin, when dialling failed.
        """
        state = self.state
        backend = self.backend
        key = route.key
        until = inf
        while True:
            ticket: Ticket[HTTP1Connection] | None = None
            with self._lock:
                verb, connection, closing = state.acquire(key, backend.now())
                if connection is not None:
                    self._in_use[connection] = None
                elif verb is Verb.WAIT:
                    ticket = state.enqueue(key, backend.waiter())
            if closing:
                close_all(closing)
            if (
                self._orphans or self._doomed
            ):  # after the lock: the garbage collector may have run under it
                self._reap()
            if ticket is not None:
                if until == inf:
                    until = min(deadline, backend.now() + timeout.pool_seconds)
                verb, connection = await self._wait(ticket, route, timeout, deadline, until)
                if connection is not None:
                    self._in_use[connection] = None
            if verb is Verb.DIAL:
                return await self._dial(route, timeout, deadline)
            if connection is None:
                raise exceptions.SessionClosed(
                    "The session is closed: make a new one, or do not close it before its last "
                    "request."
                )
            # Closed by the peer while idle, or something said unasked: either way it is not to be
            # used.
            try:
                if not connection.stream.readable():
                    connection.reused = True
                    return connection
            except BaseException:  # Ctrl-C
                self.release(connection, reusable=False)
                raise
            self.release(connection, reusable=False)

    def release(self, connection: HTTP1Connection, *, reusable: bool) -> None:
        """Give a connection back; the second time it does nothing. Never waits, so that a cancelled
        task can do it.
        """
        if connection.epoch != self._epoch:
            # it is the parent's: this process was forked while it was in use
            connection.stream.forget()
            return
        if self._in_use.pop(connection, _MISSING) is _MISSING:
            return
        with self._lock:
            freed = self.state.release(connection, self.backend.now(), reusable=reusable)
        if freed is not None:
            self._carry_out(freed)
        if self._orphans or self._doomed:
            self._reap()

    def abandon(self, connection: HTTP1Connection) -> None:
        """Take back a connection whose response was dropped unread. Called by the garbage
        collector: in any thread, at any moment.
        """
        self._orphans.append(connection)
        self.backend.call_soon(self._reap)

    def close_soon(self) -> None:
        """`close` for the garbage collector, which may run under the pool's own lock."""
        self._doomed = True
        self.backend.call_soon(self._reap)

    def close(self) -> None:
        """Close idle connections now, and those in use when they come back."""
        with self._lock:
            freed = self.state.close()
        self._settle(freed)

    def forget(self) -> None:
        """In a forked child: start empty, and leave the parent's connections alone."""
        self._epoch += 1
        self._lock = (
            self.backend.lock()
        )  # the old one may have been held by a thread that does not exist here
        for connection in (*self.state.reset(), *self._orphans):
            connection.stream.forget()
        self._orphans.clear()
        self._in_use.clear()

    async def _wait(
        self,
        ticket: Ticket[HTTP1Connection],
        route: Route,
        timeout: Timeout,
        deadline: float,
        until: float,
    ) -> tuple[Verb, HTTP1Connection | None]:
        backend = self.backend
        try:
            await cast("Waiter", ticket.waiter).wait(until)
        except BaseException as error:
            with self._lock:
                freed = self.state.give_up(ticket, backend.now())
            self._settle(freed)
            if isinstance(error, TimedOut):
                raise timed_out(
                    "pool", route.where, timeout, total_passed=is_over(deadline, backend.now())
                ) from None
            raise
        return ticket.verb, ticket.connection

    async def _dial(self, route: Route, timeout: Timeout, deadline: float) -> HTTP1Connection:
        try:
            connection = await self._dialer.dial(route, timeout, deadline)
        except BaseException:
            with self._lock:
                freed = self.state.release_slot(route.key)
            self._settle(freed)
            raise
        connection.epoch = self._epoch
        connection.pool = self._reference
        self._in_use[connection] = None
        return connection

    def _reap(self) -> None:
        # When the lock is taken, perhaps by this very thread further up, its holder looks at the
        # orphans after it.
        while (self._orphans or self._doomed) and self._lock.acquire(blocking=False):
            freed: Freed[HTTP1Connection] | None = None
            try:
                if self._doomed:
                    self._doomed = False
                    freed = self.state.close()
                elif self._orphans:
                    freed = self._take_back(self._orphans.popleft())
            finally:
                self._lock.release()
            self._carry_out(freed)

    def _take_back(self, connection: HTTP1Connection) -> Freed[HTTP1Connection] | None:
        if connection.epoch != self._epoch:
            connection.stream.forget()
            return None
        if self._in_use.pop(connection, _MISSING) is _MISSING:
            return None
        return self.state.release(connection, self.backend.now(), reusable=False)

    def _settle(self, freed: Freed[HTTP1Connection] | None) -> None:
        self._carry_out(freed)
        if self._orphans or self._doomed:
            self._reap()

    @staticmethod
    def _carry_out(freed: Freed[HTTP1Connection] | None) -> None:
        if freed is None:
            return
        close_all(freed.closing)
        for ticket in freed.served:
            cast("Waiter", ticket.waiter).set()


def close_all(connections: Iterable[HTTP1Connection]) -> None:
    """Close connections that nobody holds any more."""
    for connection in connections:
        connection.close()
