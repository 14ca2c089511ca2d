"""Which connection serves which request: the pool's decisions, without its I/O.

Every method is one synchronous step that the caller takes under its lock, and *returns* what is to
be done outside it: connections to close, waiters to wake. Nothing here scans: an operation costs
the same with ten connections as with ten thousand (waiters for the total limit sit in a heap, so
only a crowded pool pays a logarithm).

How a limit is kept: a *claim* on a host is an open connection, one being dialled, or a waiter that
waits for the total limit alone. A host never has more claims than `max_per_host`; further waiters
are *blocked* and become *ready* in the order they came. A freed slot goes to the waiter who has
waited longest, whichever host it wants.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from enum import Enum
from math import inf
from typing import Final, Generic, NamedTuple, Protocol, TypeVar


class Pooled(Protocol):
    """What the pool needs to know of a connection."""

    key: Hashable
    idle_since: float


C = TypeVar("C", bound=Pooled)

_NOTHING: Final = ()


class Verb(Enum):
    """What an `acquire` may do next."""

    USE = "use"
    DIAL = "dial"
    WAIT = "wait"
    CLOSED = "closed"


class Ticket(Generic[C]):
    """A place in the queue. When `verb` is no longer WAIT, it was served: `connection` to use, or a
    slot to dial in.
    """

    __slots__ = ("connection", "key", "number", "ready", "verb", "waiter")

    def __init__(self, key: Hashable, number: int, waiter: object) -> None:
        self.key: Hashable = key
        self.number: int = number
        self.waiter: object = waiter
        self.verb: Verb = Verb.WAIT
        self.connection: C | None = None
        self.ready: bool = False

    def __lt__(self, other: Ticket[C]) -> bool:
        return self.number < other.number


class Freed(NamedTuple, Generic[C]):
    """What is to be done after a step, outside the lock."""

    closing: Sequence[C] = _NOTHING
    served: Sequence[Ticket[C]] = _NOTHING


class _Host(Generic[C]):
    __slots__ = ("blocked", "claims", "idle", "ready")

    def __init__(self) -> None:
        self.idle: deque[C] = deque()
        self.claims = 0
        self.ready: OrderedDict[Ticket[C], None] = OrderedDict()
        self.blocked: OrderedDict[Ticket[C], None] = OrderedDict()


class PoolState(Generic[C]):
    """The state of one pool.

    Args:
        max_connections: open connections in total, dialling ones included; `inf` for no limit.
        max_per_host: the same for one key.
        keepalive: seconds that an idle connection is kept.
    """

    def __init__(
        self, max_connections: float = 100, max_per_host: float = inf, keepalive: float = 60.0
    ) -> None:
        self.max_connections = max_connections
        self.max_per_host = max_per_host
        self.keepalive = keepalive
        self.closed: bool = False
        self._open = 0
        self._hosts: dict[Hashable, _Host[C]] = {}
        self._idle: OrderedDict[C, None] = OrderedDict()  # oldest first
        self._queue: list[Ticket[C]] = []  # heap of ready tickets; those given up are skipped
        self._given_up = 0
        self._tickets = 0

    @property
    def open(self) -> int:
        """Connections that count against the total: in use, idle, or being dialled."""
        return self._open

    @property
    def idle(self) -> int:
        """Connections that wait to be used again."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """Tickets that wait."""
        return sum(len(host.ready) + len(host.blocked) for host in self._hosts.values())

    def acquire(self, key: Hashable, now: float) -> tuple[Verb, C | None, Sequence[C]]:
        """Ask for a connection.

        Args:
            key: what the connection must match: origin, TLS configuration, proxy.
            now: the time, in the clock's seconds.

        Returns:
            The verb, the connection when it is USE, and connections to close. After WAIT, call
            `enqueue` in the same locked step.
        """
        if self.closed:
            return Verb.CLOSED, None, _NOTHING
        host = self._hosts.get(key)
        if host is not None and host.idle:
            connection = host.idle.pop()  # the warmest
            self._idle.pop(connection, None)  # Ctrl-C in `release` may have left it out here
            if now - connection.idle_since <= self.keepalive:
                return Verb.USE, connection, self._expire(now) if self._idle else _NOTHING
            # The warmest has expired, hence all of this host's have: they are the oldest, and go
            # with it.
            self._drop(host, key)
            return self._open_new(key, [connection, *self._expire(now)])
        return self._open_new(key, self._expire(now) if self._idle else [])

    def enqueue(self, key: Hashable, waiter: object) -> Ticket[C]:
        """Queue up after `acquire` said WAIT."""
        self._tickets += 1
        ticket: Ticket[C] = Ticket(key, self._tickets, waiter)
        host = self._host(key)
        if host.claims >= self.max_per_host:
            host.blocked[ticket] = None
        else:
            self._make_ready(host, ticket)
        return ticket

    def release(self, connection: C, now: float, *, reusable: bool) -> Freed[C] | None:
        """Give a connection back: to the next waiter, to the idle ones, or to be closed. None when
        nothing else is to be done.
        """
        key = connection.key
        host = self._hosts[key]
        if not reusable or self.closed:
            self._drop(host, key)
            return Freed((connection,), self._serve())
        if self._queue or host.blocked:
            successor = next(iter(host.ready), None) or next(iter(host.blocked), None)
            oldest = self._first_ready()
            if successor is not None and (oldest is None or successor.number <= oldest.number):
                self._hand_over(host, successor, connection)
                return Freed(_NOTHING, (successor,))
            if oldest is not None:  # somebody has waited longer, for another host
                self._drop(host, key)
                return Freed((connection,), self._serve())
        connection.idle_since = now
        host.idle.append(connection)
        self._idle[connection] = None
        return None

    def release_slot(self, key: Hashable) -> Freed[C]:
        """Give back a slot whose dialling failed."""
        self._drop(self._hosts[key], key)
        return Freed(_NOTHING, self._serve())

    def give_up(self, ticket: Ticket[C], now: float) -> Freed[C] | None:
        """A waiter leaves the queue: timed out or cancelled. What it was given meanwhile goes to
        the next.
        """
        if ticket.verb is Verb.USE and ticket.connection is not None:
            return self.release(ticket.connection, now, reusable=True)
        if ticket.verb is Verb.DIAL:
            return self.release_slot(ticket.key)
        if ticket.verb is Verb.CLOSED:
            return None
        host = self._hosts[ticket.key]
        ticket.verb = Verb.CLOSED
        if ticket.ready:
            del host.ready[ticket]
            self._given_up += 1
            self._compact()
            self._unclaim(host, ticket.key)
        else:
            del host.blocked[ticket]
            self._forget_if_unused(host, ticket.key)
        return None

    def expire(self, now: float) -> list[C]:
        """Idle connections whose time is over, to be closed."""
        return self._expire(now)

    def close(self) -> Freed[C]:
        """Let nothing in any more: idle connections are to be closed, waiters to be woken; those in
        use are closed when they come back.
        """
        self.closed = True
        closing = list(self._idle)
        for connection in closing:
            host = self._hosts[connection.key]
            host.idle.popleft()
            self._drop(host, connection.key)
        self._idle.clear()
        served = []
        for key, host in list(self._hosts.items()):
            for ticket in (*host.ready, *host.blocked):
                ticket.verb = Verb.CLOSED
                served.append(ticket)
            host.claims -= len(host.ready)
            host.ready.clear()
            host.blocked.clear()
            self._forget_if_unused(host, key)
        self._queue.clear()
        return Freed(closing, served)

    def reset(self) -> list[C]:
        """Forget everything, and return the idle connections: what a forked child does."""
        idle = list(self._idle)
        self._open = 0
        self._hosts.clear()
        self._idle.clear()
        self._queue.clear()
        self._given_up = 0
        return idle

    def _open_new(self, key: Hashable, closing: list[C]) -> tuple[Verb, C | None, Sequence[C]]:
        host = self._host(key)
        if host.claims >= self.max_per_host:
            self._forget_if_unused(host, key)
            return Verb.WAIT, None, closing
        if self._open >= self.max_connections:
            if not self._idle:
                self._forget_if_unused(host, key)
                return Verb.WAIT, None, closing
            closing.append(self._evict_oldest())
        self._hosts[key] = host
        host.claims += 1
        self._open += 1
        return Verb.DIAL, None, closing

    def _host(self, key: Hashable) -> _Host[C]:
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = _Host()
        return host

    def _expire(self, now: float) -> list[C]:
        expired = []
        limit = now - self.keepalive
        while self._idle and next(iter(self._idle)).idle_since < limit:
            expired.append(self._evict_oldest())
        return expired

    def _evict_oldest(self) -> C:
        # The oldest of all is the oldest of its host, which keeps its idle connections in the same
        # order.
        connection, _ = self._idle.popitem(last=False)
        host = self._hosts[connection.key]
        if host.idle and host.idle[0] is connection:
            host.idle.popleft()
        self._drop(host, connection.key)
        return connection

    def _drop(self, host: _Host[C], key: Hashable) -> None:
        self._open -= 1
        self._unclaim(host, key)

    def _unclaim(self, host: _Host[C], key: Hashable) -> None:
        host.claims -= 1
        if host.blocked and host.claims < self.max_per_host:
            ticket, _ = host.blocked.popitem(last=False)
            self._make_ready(host, ticket)
        else:
            self._forget_if_unused(host, key)

    def _make_ready(self, host: _Host[C], ticket: Ticket[C]) -> None:
        host.claims += 1
        host.ready[ticket] = None
        ticket.ready = True
        heapq.heappush(self._queue, ticket)

    def _hand_over(self, host: _Host[C], ticket: Ticket[C], connection: C) -> None:
        ticket.verb = Verb.USE
        ticket.connection = connection
        if ticket.ready:
            del host.ready[ticket]
            self._given_up += 1  # its place in the heap is now void
            self._compact()
            self._unclaim(host, ticket.key)
        else:
            del host.blocked[ticket]

    def _serve(self) -> Sequence[Ticket[C]]:
        served: list[Ticket[C]] = []
        while self._open < self.max_connections and (ticket := self._first_ready()) is not None:
            heapq.heappop(self._queue)
            del self._hosts[ticket.key].ready[ticket]
            ticket.verb = Verb.DIAL  # its claim becomes the connection's
            self._open += 1
            served.append(ticket)
        return served

    def _first_ready(self) -> Ticket[C] | None:
        queue = self._queue
        while queue and queue[0].verb is not Verb.WAIT:
            heapq.heappop(queue)
            self._given_up -= 1
        return queue[0] if queue else None

    def _compact(self) -> None:
        if self._given_up > 32 and self._given_up * 2 > len(self._queue):
            self._queue = [ticket for ticket in self._queue if ticket.verb is Verb.WAIT]
            heapq.heapify(self._queue)
            self._given_up = 0

    def _forget_if_unused(self, host: _Host[C], key: Hashable) -> None:
        if not host.claims and not host.blocked:
            self._hosts.pop(key, None)
