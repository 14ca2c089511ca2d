"""The pool's core: limits, order, and what a step closes and wakes; then the same against a naive model under random operations."""

from __future__ import annotations

import time
from itertools import count
from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from envoi._proto.pool import Lease, Permit, Place
from unit.pool_support import Log


def test_first_request_dials_and_the_next_uses_its_connection():
    pool = Log()
    lease = pool.dial()
    connection = lease.connection
    assert pool.counts == (1, 0, 0)
    lease.release(0.0)
    assert (pool.closing(), pool.served()) == ([], [])
    assert pool.counts == (1, 1, 0)
    again = pool.ask()
    assert type(again) is Lease
    assert again.connection is connection
    assert pool.closing() == []
    assert pool.counts == (1, 0, 0)


def test_warmest_connection_is_used_first():
    pool = Log()
    first, second = pool.dial(), pool.dial()
    first.release(1.0)
    second.release(2.0)
    assert pool.lease(now=3.0).connection is second.connection


def test_connection_of_another_host_is_not_used():
    pool = Log()
    pool.dial("a").release(0.0)
    other = pool.dial("b")
    assert pool.state.open == 2
    other.release(0.0)


def test_broken_connection_is_closed_and_frees_its_slot():
    pool = Log(1)
    lease = pool.dial()
    lease.release(None)
    assert (pool.closing(), pool.served(), pool.state.open) == ([lease.connection], [], 0)
    assert pool.state.hosts == 0


def test_full_pool_closes_the_oldest_idle_connection_of_another_host():
    pool = Log(2)
    old, young = pool.dial("a"), pool.dial("b")
    old.release(1.0)
    young.release(2.0)
    permit = pool.ask("c", 3.0)
    assert type(permit) is Permit
    assert (pool.closing(), pool.state.open) == ([old.connection], 2)


def test_full_pool_of_busy_connections_makes_wait():
    pool = Log(1)
    lease = pool.dial()
    place = pool.wait()
    assert pool.state.waiting == 1
    lease.release(0.0)
    assert pool.served() == [place.waiter]
    taken = place.take()
    assert type(taken) is Lease
    assert taken.connection is lease.connection
    assert (pool.state.waiting, pool.state.idle) == (0, 0)


def test_waiter_for_another_host_gets_the_slot_and_the_connection_is_closed():
    pool = Log(1)
    lease = pool.dial("a")
    place = pool.wait("b")
    lease.release(0.0)
    assert (pool.closing(), pool.served()) == ([lease.connection], [place.waiter])
    permit = place.take()
    assert type(permit) is Permit
    assert pool.state.open == 1


def test_first_come_is_first_served_across_hosts():
    pool = Log(1)
    lease = pool.dial("a")
    places = {place.waiter: place for place in (pool.wait(key) for key in "babcab")}
    keys = dict(zip(places, "babcab", strict=True))
    order = []
    while places:
        lease.release(0.0)
        (waiter,) = pool.served()
        place = places.pop(waiter)
        order.append(place.number)
        claim = place.take()
        lease = claim if type(claim) is Lease else pool.dialled(claim, keys[waiter])
    assert order == sorted(order)
    assert len(order) == 6


def test_limit_per_host_blocks_that_host_alone():
    pool = Log(10, 1)
    lease = pool.dial("a")
    place = pool.wait("a")
    other = pool.dial("b")
    lease.release(0.0)
    assert pool.served() == [place.waiter]
    assert place.take().connection is lease.connection
    other.release(0.0)


def test_blocked_waiter_gets_the_slot_of_a_broken_connection():
    pool = Log(10, 1)
    lease = pool.dial("a")
    place = pool.wait("a")
    lease.release(None)
    assert (pool.closing(), pool.served()) == ([lease.connection], [place.waiter])
    assert type(place.take()) is Permit


def test_failed_dialling_serves_the_next():
    pool = Log(1)
    permit = pool.ask("a")
    place = pool.wait("b")
    permit.release()
    assert pool.served() == [place.waiter]
    taken = place.take()
    assert (type(taken), pool.state.open) == (Permit, 1)
    taken.release()
    assert (pool.state.open, pool.state.hosts) == (0, 0)


@pytest.mark.parametrize("host", ["a", "b"])
def test_one_who_gives_up_is_passed_over(host):
    pool = Log(1)
    lease = pool.dial("a")
    first, second = pool.wait(host), pool.wait(host)
    first.leave(0.0)
    assert (pool.closing(), pool.served()) == ([], [])
    lease.release(0.0)
    assert pool.served() == [second.waiter]


def test_one_who_gives_up_when_already_served_passes_the_connection_on():
    pool = Log(1)
    lease = pool.dial()
    first, second = pool.wait(), pool.wait()
    lease.release(0.0)
    assert pool.served() == [first.waiter]
    first.leave(0.0)
    assert pool.served() == [second.waiter]
    assert second.take().connection is lease.connection


def test_one_who_gives_up_a_slot_passes_it_on():
    pool = Log(1)
    lease = pool.dial("a")
    first, second = pool.wait("b"), pool.wait("c")
    lease.release(0.0)
    assert pool.served() == [first.waiter]
    first.leave(0.0)
    assert pool.served() == [second.waiter]
    assert type(second.take()) is Permit
    assert pool.state.open == 0  # and its permit was dropped


def test_last_one_giving_up_what_it_got_leaves_it_idle():
    pool = Log(1, keepalive=10)
    lease = pool.dial()
    place = pool.wait()
    lease.release(0.0)
    place.leave(5.0)
    assert pool.counts == (1, 1, 0)
    pool.state.expire(15.0)
    assert pool.state.idle == 1
    pool.state.expire(15.5)
    assert pool.closing() == [lease.connection]


def test_expired_connections_are_closed_by_any_acquire():
    pool = Log(keepalive=10)
    old, young = pool.dial("a"), pool.dial("b")
    old.release(0.0)
    young.release(5.0)
    lease = pool.lease("b", 11.0)
    assert lease.connection is young.connection
    assert pool.closing() == [old.connection]


def test_expired_connections_of_the_wanted_host_are_closed_and_a_new_one_dialled():
    pool = Log(keepalive=10)
    leases = [pool.dial() for _ in range(3)]
    for lease in leases:
        lease.release(0.0)
    permit = pool.ask("a", 10.5)
    assert type(permit) is Permit
    assert set(pool.closing()) == {lease.connection for lease in leases}
    assert pool.state.open == 1


def test_connection_at_its_last_moment_is_still_used():
    pool = Log(keepalive=10)
    pool.dial().release(0.0)
    assert type(pool.ask("a", 10.0)) is Lease


def test_expire_closes_what_is_over():
    pool = Log(keepalive=1)
    lease = pool.dial()
    lease.release(0.0)
    pool.state.expire(1.0)
    assert pool.closing() == []
    pool.state.expire(1.5)
    assert pool.closing() == [lease.connection]
    assert (pool.state.open, pool.state.hosts) == (0, 0)


def test_close_closes_idle_connections_and_wakes_waiters():
    pool = Log(2, 1)
    busy, idle = pool.dial("a"), pool.dial("b")
    blocked = pool.wait("a")
    idle.release(0.0)
    pool.state.close()
    assert (pool.closing(), pool.served()) == ([idle.connection], [blocked.waiter])
    assert pool.state.closed
    assert pool.state.open == 1
    assert pool.ask("a") is None
    assert blocked.take() is None
    blocked.leave(0.0)
    busy.release(0.0)
    assert pool.closing() == [busy.connection]
    assert (pool.state.open, pool.state.hosts) == (0, 0)
    pool.state.close()
    assert (pool.closing(), pool.served()) == ([], [])


def test_forgetting_starts_anew():
    pool = Log(1)
    lease = pool.dial()
    lease.release(0.0)
    pool.state = pool.state.forget()
    assert pool.closing() == [lease.connection]
    assert lease.connection.fate == "forgotten"
    assert pool.counts == (0, 0, 0)
    pool.dial()


def test_hosts_are_forgotten_when_nothing_is_left_of_them():
    pool = Log(4, 2)
    for number in range(1000):
        pool.dial(number).release(float(number))
        pool.state.expire(number + 61.0)
        pool.closing()
    assert pool.counts == (0, 0, 0)
    assert pool.state.hosts == 0
    assert pool.state.keys <= 65


def test_queue_does_not_grow_with_those_who_give_up():
    pool = Log(1)
    lease = pool.dial()
    for _ in range(1000):
        pool.wait().leave(0.0)
    assert pool.counts == (1, 0, 0)
    lease.release(None)
    assert pool.state.hosts == 0


def _seconds(size, act, keep=False):
    """How long `act` takes, at its quickest, with `size` hosts and connections in the pool."""
    pool = Log(size)
    for number in range(size):
        lease = pool.dial(number)
        lease.release(float(number) / size)
    held = [pool.lease(key, 1.0) for key in range(size)] if keep else None
    quickest = inf
    for _ in range(300):
        before = time.perf_counter()
        act(pool)
        quickest = min(quickest, time.perf_counter() - before)
    del held
    return quickest


_numbers = count(10_000)


def use_and_release(pool):
    pool.state.acquire(3, 1.0, None).release(1.0)


def evict(pool):
    pool.dialled(pool.state.acquire(next(_numbers), 1.0, None)).release(1.0)
    pool.closing()


def queue_up(pool):
    places = [pool.wait(key) for key in range(8)]
    for place in places:
        place.leave(1.0)


@pytest.mark.parametrize(
    ("act", "keep"), [(use_and_release, False), (evict, False), (queue_up, True)]
)
def test_operations_cost_about_the_same_in_a_pool_of_16_and_of_4096(act, keep):
    """A scan would cost 256 times as much."""
    assert _seconds(4096, act, keep) <= _seconds(16, act, keep) * 6


KEYS = st.sampled_from("abc")


class PoolModel(RuleBasedStateMachine):
    """A naive pool: lists, scanned. After each step both agree, and nothing that could go on waits."""

    @initialize(
        total=st.sampled_from([1, 2, 3, 5, inf]),
        per_host=st.sampled_from([1, 2, inf]),
        keepalive=st.sampled_from([0.0, 3.0, 60.0]),
    )
    def start(self, total, per_host, keepalive):
        self.pool = Log(total, per_host, keepalive)
        self.now = 0.0
        self.dialling = []  # (key, permit)
        self.busy = []  # leases
        self.idle = []  # connections
        self.waiting = []  # (key, place), in the order in which they came
        self.served = []  # the same
        self.closed = False

    def close_all(self):
        for connection in self.pool.closing():
            assert connection.fate == "closed"
            self.idle.remove(connection)

    def settle(self, returned=None):
        """Look at what a step did, in which `returned` came back; the waiters that it served."""
        for connection in self.pool.closing():
            if connection is returned:
                returned = None
            else:
                self.idle.remove(connection)
        waiters = self.pool.served()
        for waiter in waiters:
            (found,) = (one for one in self.waiting if one[1].waiter is waiter)
            self.waiting.remove(found)
            if self.closed:
                assert found[1].take() is None
            else:  # with what came back, else with a slot
                self.served.append((*found, returned))
                returned = None
        if returned is not None:
            returned.idle_since = self.now
            self.idle.append(returned)
        return waiters

    def taken(self):
        """The keys of all that counts against the total."""
        return [
            *(key for key, _ in self.dialling),
            *(lease.connection.key for lease in self.busy),
            *(connection.key for connection in self.idle),
            *(key for key, _, _ in self.served),
        ]

    def could_wait(self, key):
        """Whether a newcomer for `key` really has nowhere to go."""
        taken = self.taken()
        here = taken.count(key) + sum(one == key for one, _ in self.waiting)
        if here >= self.pool.state.max_per_host:
            return True
        return len(taken) >= self.pool.state.max_connections and not self.idle

    @rule(key=KEYS, fresh=st.sampled_from([False, False, False, True]))
    def acquire(self, key, fresh):
        claim = self.pool.ask(key, self.now, fresh=fresh)
        kept = [
            one
            for one in self.idle
            if one.key == key and self.now - one.idle_since <= self.pool.state.keepalive
        ]
        if type(claim) is Lease:
            self.idle.remove(claim.connection)
        self.close_all()
        if self.closed:
            assert claim is None
        elif kept and not fresh:
            assert type(claim) is Lease
            assert claim.connection.idle_since == max(one.idle_since for one in kept)
            self.busy.append(claim)
        elif type(claim) is Place:
            assert self.could_wait(key)
            self.waiting.append((key, claim))
        else:
            assert type(claim) is Permit
            self.dialling.append((key, claim))

    @precondition(lambda self: self.dialling)
    @rule(data=st.data(), succeeds=st.booleans(), dropped=st.booleans())
    def dialled(self, data, succeeds, dropped):
        key, permit = self.dialling.pop(data.draw(st.integers(0, len(self.dialling) - 1)))
        if succeeds:
            self.busy.append(self.pool.dialled(permit, key))
            return
        if not dropped:
            permit.release()
        del permit
        self.settle()

    @precondition(lambda self: self.busy)
    @rule(data=st.data(), how=st.sampled_from(["reusable", "broken", "dropped"]))
    def release(self, data, how):
        lease = self.busy.pop(data.draw(st.integers(0, len(self.busy) - 1)))
        connection = lease.connection
        longest = self.waiting[0] if self.waiting else None
        if how == "dropped":
            del lease
        else:
            lease.release(self.now if how == "reusable" else None)
            lease.release(self.now)  # does nothing
        closed = connection.fate is not None
        served = self.settle(connection)
        if longest is not None and self.pool.state.max_per_host == inf:
            assert served == [longest[1].waiter]
        if how != "reusable" or self.closed:
            assert closed

    @precondition(lambda self: self.served)
    @rule(data=st.data())
    def wake(self, data):
        self.take(self.served.pop(data.draw(st.integers(0, len(self.served) - 1))))

    def take(self, served):
        key, place, connection = served
        claim = place.take()
        if connection is None:
            assert type(claim) is Permit
            self.dialling.append((key, claim))
        else:
            assert claim.connection is connection
            assert connection.key == key
            assert connection.fate is None
            self.busy.append(claim)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), dropped=st.booleans())
    def give_up(self, data, dropped):
        place = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))[1]
        if not dropped:
            place.leave(self.now)
        del place
        assert self.settle() == []

    @precondition(lambda self: self.served)
    @rule(data=st.data(), dropped=st.booleans())
    def give_up_when_served(self, data, dropped):
        place, connection = self.served.pop(data.draw(st.integers(0, len(self.served) - 1)))[1:]
        if not dropped:
            place.leave(self.now)
        del place
        self.settle(connection)

    @rule(seconds=st.sampled_from([0.5, 2.0, 10.0, 100.0]))
    def later(self, seconds):
        self.now += seconds
        self.pool.state.expire(self.now)
        self.close_all()
        assert all(self.now - one.idle_since <= self.pool.state.keepalive for one in self.idle)

    @precondition(lambda self: not self.closed and self.busy)
    @rule()
    def close(self):
        self.closed = True
        self.pool.state.close()
        self.settle()
        assert not self.idle
        assert not self.waiting

    @invariant()
    def books_are_right(self):
        if not hasattr(self, "pool"):
            return
        state = self.pool.state
        taken = self.taken()
        assert state.open == len(taken) <= state.max_connections
        assert state.idle == len(self.idle)
        assert state.waiting == len(self.waiting)
        keys = {*taken, *(key for key, _ in self.waiting)}
        assert state.hosts == len(keys)
        assert all(taken.count(key) <= state.max_per_host for key in keys)

    @invariant()
    def nobody_waits_for_what_is_free(self):
        if not hasattr(self, "pool") or not self.waiting:
            return
        state = self.pool.state
        taken = self.taken()
        for key, _ in self.waiting:
            full = taken.count(key) >= state.max_per_host
            assert full or (len(taken) >= state.max_connections and not self.idle)
            assert not any(one.key == key for one in self.idle)

    def teardown(self):
        if not hasattr(self, "pool"):
            return
        while self.dialling or self.busy or self.served:
            while self.dialling:
                self.dialling.pop()
                self.settle()
            while self.busy:
                lease = self.busy.pop()
                lease.release(self.now)
                self.settle(lease.connection)
            while self.served:
                self.take(self.served.pop())
        assert not self.waiting
        self.pool.state.expire(inf)
        self.close_all()
        assert (self.pool.counts, self.pool.state.hosts) == ((0, 0, 0), 0)


TestPoolModel = PoolModel.TestCase
TestPoolModel.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
