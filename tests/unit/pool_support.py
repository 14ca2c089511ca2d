"""What the tests of the pool's core share: a pool whose connections and waiters keep a log."""

from __future__ import annotations

from math import inf

from envoi._proto.pool import Lease, Permit, Place, PoolState


class Connection:
    def __init__(self, log, key):
        self.log = log
        self.key = key
        self.idle_since = None
        self.stream = self
        self.fate = None

    def close(self):
        self.log.closed(self, "closed")

    def discard(self):
        self.log.closed(self, "discarded")

    def forget(self):
        self.log.closed(self, "forgotten")


class Waiter:
    def __init__(self, log):
        self.log = log
        self.woken = False

    def wake(self):
        assert not self.woken
        self.woken = True
        self.log.woken.append(self)


class Log:
    """A pool of the core, and what its steps have closed and woken since that was last asked."""

    def __init__(self, max_connections=100, max_per_host=inf, keepalive=60.0, hand_over=None):
        self.state = PoolState(max_connections, max_per_host, keepalive, hand_over)
        self.woken = []
        self.ended = []
        self.connections = {}

    def closed(self, connection, fate):
        connection.fate = connection.fate or fate
        self.ended.append(connection)

    def closing(self):
        """The connections that were closed since."""
        ended, self.ended = self.ended, []
        return ended

    def served(self):
        """The waiters that were woken since."""
        woken, self.woken = self.woken, []
        return woken

    def ask(self, key="a", now=0.0, **wish):
        return self.state.acquire(key, now, lambda: Waiter(self), **wish)

    def dialled(self, permit, key="a", room=1):
        connection = Connection(self, key)
        return permit.dialled(connection, connection.discard, room)

    def dial(self, key="a", now=0.0, room=1, **wish):
        """A lease of a new connection."""
        permit = self.ask(key, now, **wish)
        assert type(permit) is Permit
        assert self.closing() == []
        return self.dialled(permit, key, room)

    def wait(self, key="a", now=0.0, **wish):
        place = self.ask(key, now, **wish)
        assert type(place) is Place
        return place

    def lease(self, key="a", now=0.0, **wish):
        """A lease of a connection that was there."""
        lease = self.ask(key, now, **wish)
        assert type(lease) is Lease
        return lease

    @property
    def counts(self):
        return self.state.open, self.state.idle, self.state.waiting
