"""PoolState: limits, order, and what is returned to be done; then the same against a naive model under random operations."""

from __future__ import annotations

import sys
from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from envoi._proto.pool_state import PoolState, Verb


class Connection:
    def __init__(self, key):
        self.key = key
        self.idle_since = 0.0


def dial(state, key="a", now=0.0):
    verb, connection, closing = state.acquire(key, now)
    assert (verb, connection, list(closing)) == (Verb.DIAL, None, [])
    return Connection(key)


def wait(state, key="a", now=0.0):
    assert state.acquire(key, now)[0] is Verb.WAIT
    return state.enqueue(key, object())


def give(state, connection, now=0.0):
    return state.release(connection, now, reusable=True)


def test_first_request_dials_and_the_next_uses_its_connection():
    state = PoolState()
    connection = dial(state)
    assert (state.open, state.idle) == (1, 0)
    assert give(state, connection) is None
    assert (state.open, state.idle) == (1, 1)
    assert state.acquire("a", 0.0) == (Verb.USE, connection, ())
    assert (state.open, state.idle) == (1, 0)


def test_warmest_connection_is_used_first():
    state = PoolState()
    first, second = dial(state), dial(state)
    give(state, first, 1.0)
    give(state, second, 2.0)
    assert state.acquire("a", 3.0)[1] is second


def test_connection_of_another_host_is_not_used():
    state = PoolState()
    give(state, dial(state, "a"))
    dial(state, "b")
    assert state.open == 2


def test_broken_connection_is_closed_and_frees_its_slot():
    state = PoolState(1)
    connection = dial(state)
    freed = state.release(connection, 0.0, reusable=False)
    assert (list(freed.closing), list(freed.served), state.open) == ([connection], [], 0)
    assert not state._hosts


def test_full_pool_closes_the_oldest_idle_connection_of_another_host():
    state = PoolState(2)
    old, young = dial(state, "a"), dial(state, "b")
    give(state, old, 1.0)
    give(state, young, 2.0)
    verb, _, closing = state.acquire("c", 3.0)
    assert (verb, list(closing), state.open) == (Verb.DIAL, [old], 2)


def test_full_pool_of_busy_connections_makes_wait():
    state = PoolState(1)
    connection = dial(state)
    ticket = wait(state)
    assert state.waiting == 1
    assert list(give(state, connection).served) == [ticket]
    assert (ticket.verb, ticket.connection, state.waiting, state.idle) == (
        Verb.USE,
        connection,
        0,
        0,
    )


def test_waiter_for_another_host_gets_the_slot_and_the_connection_is_closed():
    state = PoolState(1)
    connection = dial(state, "a")
    ticket = wait(state, "b")
    freed = give(state, connection)
    assert (list(freed.closing), list(freed.served)) == ([connection], [ticket])
    assert (ticket.verb, ticket.connection, state.open) == (Verb.DIAL, None, 1)


def test_first_come_is_first_served_across_hosts():
    state = PoolState(1)
    connection = dial(state, "a")
    tickets = [wait(state, key) for key in "babcab"]
    order = []
    while tickets:
        freed = give(state, connection)
        (ticket,) = freed.served
        order.append(ticket)
        tickets.remove(ticket)
        connection = ticket.connection or Connection(ticket.key)
    assert [ticket.number for ticket in order] == [1, 2, 3, 4, 5, 6]


def test_limit_per_host_blocks_that_host_alone():
    state = PoolState(10, 1)
    connection = dial(state, "a")
    ticket = wait(state, "a")
    dial(state, "b")
    assert list(give(state, connection).served) == [ticket]
    assert ticket.connection is connection


def test_blocked_waiter_gets_the_slot_of_a_broken_connection():
    state = PoolState(10, 1)
    connection = dial(state, "a")
    ticket = wait(state, "a")
    freed = state.release(connection, 0.0, reusable=False)
    assert (list(freed.closing), list(freed.served), ticket.verb) == (
        [connection],
        [ticket],
        Verb.DIAL,
    )


def test_failed_dialling_serves_the_next():
    state = PoolState(1)
    dial(state, "a")
    ticket = wait(state, "b")
    assert list(state.release_slot("a").served) == [ticket]
    assert (ticket.verb, state.open) == (Verb.DIAL, 1)
    state.release_slot("b")
    assert (state.open, dict(state._hosts)) == (0, {})


@pytest.mark.parametrize("host", ["a", "b"])
def test_one_who_gives_up_is_passed_over(host):
    state = PoolState(1)
    connection = dial(state, "a")
    first, second = wait(state, host), wait(state, host)
    assert state.give_up(first, 0.0) is None
    assert list(give(state, connection).served) == [second]


def test_one_who_gives_up_when_already_served_passes_the_connection_on():
    state = PoolState(1)
    connection = dial(state)
    first, second = wait(state), wait(state)
    give(state, connection)
    assert list(state.give_up(first, 0.0).served) == [second]
    assert second.connection is connection


def test_one_who_gives_up_a_slot_passes_it_on():
    state = PoolState(1)
    connection = dial(state, "a")
    first, second = wait(state, "b"), wait(state, "c")
    give(state, connection)
    assert first.verb is Verb.DIAL
    assert list(state.give_up(first, 0.0).served) == [second]
    assert state.open == 1


def test_last_one_giving_up_what_it_got_leaves_it_idle():
    state = PoolState(1)
    connection = dial(state)
    ticket = wait(state)
    give(state, connection)
    assert state.give_up(ticket, 5.0) is None
    assert (state.idle, connection.idle_since) == (1, 5.0)


def test_expired_connections_are_closed_by_any_acquire():
    state = PoolState(keepalive=10)
    old, young = dial(state, "a"), dial(state, "b")
    give(state, old, 0.0)
    give(state, young, 5.0)
    verb, connection, closing = state.acquire("b", 11.0)
    assert (verb, connection, list(closing)) == (Verb.USE, young, [old])


def test_expired_connections_of_the_wanted_host_are_closed_and_a_new_one_dialled():
    state = PoolState(keepalive=10)
    connections = [dial(state) for _ in range(3)]
    for connection in connections:
        give(state, connection, 0.0)
    verb, _, closing = state.acquire("a", 10.5)
    assert verb is Verb.DIAL
    assert set(closing) == set(connections)
    assert state.open == 1


def test_connection_at_its_last_moment_is_still_used():
    state = PoolState(keepalive=10)
    connection = dial(state)
    give(state, connection, 0.0)
    assert state.acquire("a", 10.0)[0] is Verb.USE


def test_expire_returns_what_is_over():
    state = PoolState(keepalive=1)
    connection = dial(state)
    give(state, connection, 0.0)
    assert state.expire(1.0) == []
    assert state.expire(1.5) == [connection]
    assert (state.open, dict(state._hosts)) == (0, {})


def test_close_returns_idle_connections_and_wakes_waiters():
    state = PoolState(2, 1)
    busy, idle = dial(state, "a"), dial(state, "b")
    blocked = wait(state, "a")
    give(state, idle, 0.0)
    freed = state.close()
    assert (list(freed.closing), list(freed.served)) == ([idle], [blocked])
    assert blocked.verb is Verb.CLOSED
    assert state.open == 1
    assert state.acquire("a", 0.0)[0] is Verb.CLOSED
    assert state.give_up(blocked, 0.0) is None
    assert list(give(state, busy).closing) == [busy]
    assert (state.open, dict(state._hosts)) == (0, {})
    again = state.close()
    assert (list(again.closing), list(again.served)) == ([], [])


def test_reset_forgets_everything():
    state = PoolState(1)
    connection = dial(state)
    give(state, connection)
    assert state.reset() == [connection]
    assert (state.open, state.idle, state.waiting) == (0, 0, 0)
    dial(state)


def test_hosts_are_forgotten_when_nothing_is_left_of_them():
    state = PoolState(4, 2)
    for number in range(1000):
        connection = dial(state, number)
        give(state, connection, float(number))
        state.expire(number + 61.0)
    assert not state._hosts
    assert not state._idle
    assert not state._queue


def test_queue_does_not_grow_with_those_who_give_up():
    state = PoolState(1)
    dial(state)
    for _ in range(1000):
        state.give_up(wait(state), 0.0)
    assert len(state._queue) <= 66
    assert state.waiting == 0


def _steps(size, act, prepare=lambda state: None):
    """How many lines of pool_state run in `act`, with `size` hosts and connections in the pool."""
    state = PoolState(size)
    connections = [dial(state, number) for number in range(size)]
    for number, connection in enumerate(connections):
        give(state, connection, float(number) / size)
    prepare(state)
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename.endswith("pool_state.py"):
            lines += event == "line"
            return trace
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act(state)
    finally:
        sys.settrace(before)
    return lines


def use_and_release(state):
    _, connection, _ = state.acquire(3, 1.0)
    state.release(connection, 1.0, reusable=True)


def evict(state):
    state.acquire("new", 1.0)
    state.release_slot("new")


def test_waiting_costs_the_same_in_a_pool_of_16_and_of_4096():
    def queue_up(state):
        tickets = [state.enqueue(key, None) for key in range(8)]
        for ticket in tickets[1:]:
            state.give_up(ticket, 1.0)
        state.release(used[3], 1.0, reusable=True)

    def cost(size):
        used.clear()
        return _steps(
            size,
            queue_up,
            lambda state: used.extend(state.acquire(key, 1.0)[1] for key in range(size)),
        )

    used = []
    assert cost(4096) <= cost(16) * 1.5


@pytest.mark.parametrize("act", [use_and_release, evict])
def test_operations_cost_the_same_in_a_pool_of_16_and_of_4096(act):
    assert _steps(4096, act) <= _steps(16, act) * 1.5


KEYS = st.sampled_from("abc")


class PoolModel(RuleBasedStateMachine):
    """A naive pool: lists, scanned. After each step both agree, and nothing that could go on waits."""

    @initialize(
        total=st.sampled_from([1, 2, 3, 5, inf]),
        per_host=st.sampled_from([1, 2, inf]),
        keepalive=st.sampled_from([0.0, 3.0, 60.0]),
    )
    def start(self, total, per_host, keepalive):
        self.state = PoolState(total, per_host, keepalive)
        self.now = 0.0
        self.dialling = []
        self.busy = []
        self.idle = []
        self.waiting = []
        self.served = []
        self.closed = False

    def close_all(self, connections):
        for connection in connections:
            self.idle.remove(connection)

    def settle(self, freed, returned=None):
        for connection in () if freed is None else freed.closing:
            if connection is returned:
                returned = None
            else:
                self.idle.remove(connection)
        for ticket in () if freed is None else freed.served:
            self.waiting.remove(ticket)
            if ticket.verb is Verb.USE:
                assert ticket.connection.key == ticket.key
                assert ticket.connection is returned
                returned = None
                self.served.append(ticket)
            elif ticket.verb is Verb.DIAL:
                self.served.append(ticket)
            else:
                assert ticket.verb is Verb.CLOSED
                assert self.closed
        if returned is not None:
            self.idle.append(returned)

    def could_wait(self, key):
        """Whether a newcomer for `key` really has nowhere to go."""
        state = self.state
        here = [*self.busy, *self.idle, *self.in_flight()]
        if (
            sum(one.key == key for one in here) + sum(one.key == key for one in self.waiting)
            >= state.max_per_host
        ):
            return True
        return len(here) >= state.max_connections and not self.idle

    def in_flight(self):
        return [
            *(Connection(key) for key in self.dialling),
            *(ticket.connection or Connection(ticket.key) for ticket in self.served),
        ]

    @rule(key=KEYS)
    def acquire(self, key):
        verb, connection, closing = self.state.acquire(key, self.now)
        fresh = [
            one
            for one in self.idle
            if one.key == key and self.now - one.idle_since <= self.state.keepalive
        ]
        self.close_all(closing)
        if self.closed:
            assert verb is Verb.CLOSED
        elif fresh:
            assert verb is Verb.USE
            assert connection.idle_since == max(one.idle_since for one in fresh)
            self.idle.remove(connection)
            self.busy.append(connection)
        elif verb is Verb.WAIT:
            assert self.could_wait(key)
            self.waiting.append(self.state.enqueue(key, None))
        else:
            assert verb is Verb.DIAL
            self.dialling.append(key)

    @precondition(lambda self: self.dialling)
    @rule(data=st.data(), succeeds=st.booleans())
    def dialled(self, data, succeeds):
        key = self.dialling.pop(data.draw(st.integers(0, len(self.dialling) - 1)))
        if succeeds:
            self.busy.append(Connection(key))
        else:
            self.settle(self.state.release_slot(key))

    @precondition(lambda self: self.busy)
    @rule(data=st.data(), reusable=st.booleans())
    def release(self, data, reusable):
        connection = self.busy.pop(data.draw(st.integers(0, len(self.busy) - 1)))
        longest = min(
            (ticket for ticket in self.waiting), key=lambda ticket: ticket.number, default=None
        )
        freed = self.state.release(connection, self.now, reusable=reusable)
        if longest is not None and self.state.max_per_host == inf:
            assert list(freed.served) == [longest]
        if not reusable or self.closed:
            assert connection in freed.closing
        self.settle(freed, connection)

    @precondition(lambda self: self.served)
    @rule(data=st.data())
    def wake(self, data):
        ticket = self.served.pop(data.draw(st.integers(0, len(self.served) - 1)))
        if ticket.verb is Verb.USE:
            self.busy.append(ticket.connection)
        else:
            self.dialling.append(ticket.key)

    @precondition(lambda self: self.waiting or self.served)
    @rule(data=st.data())
    def give_up(self, data):
        ticket = data.draw(st.sampled_from([*self.waiting, *self.served]))
        if ticket in self.served:
            self.served.remove(ticket)
            self.settle(self.state.give_up(ticket, self.now), ticket.connection)
        else:
            self.waiting.remove(ticket)
            self.settle(self.state.give_up(ticket, self.now))

    @rule(seconds=st.sampled_from([0.5, 2.0, 10.0, 100.0]))
    def later(self, seconds):
        self.now += seconds

    @rule()
    def expire(self):
        self.close_all(self.state.expire(self.now))
        assert all(self.now - one.idle_since <= self.state.keepalive for one in self.idle)

    @precondition(lambda self: not self.closed and self.busy)
    @rule()
    def close(self):
        self.closed = True
        self.settle(self.state.close())
        assert not self.idle
        assert not self.waiting

    @invariant()
    def books_are_right(self):
        if not hasattr(self, "state"):
            return
        state = self.state
        taken = [*self.busy, *self.idle, *self.in_flight()]
        assert state.open == len(taken) <= state.max_connections
        assert state.idle == len(self.idle)
        assert state.waiting == len(self.waiting)
        keys = {one.key for one in (*taken, *self.waiting)}
        assert set(state._hosts) == keys
        for key in keys:
            assert sum(one.key == key for one in taken) <= state.max_per_host

    @invariant()
    def nobody_waits_for_what_is_free(self):
        if not hasattr(self, "state") or not self.waiting:
            return
        state = self.state
        taken = [*self.busy, *self.idle, *self.in_flight()]
        for ticket in self.waiting:
            full = sum(one.key == ticket.key for one in taken) >= state.max_per_host
            assert full or (len(taken) >= state.max_connections and not self.idle)
            assert not any(one.key == ticket.key for one in self.idle)

    def teardown(self):
        if not hasattr(self, "state"):
            return
        while self.dialling or self.busy or self.served:
            while self.dialling:
                self.settle(self.state.release_slot(self.dialling.pop()))
            while self.busy:
                connection = self.busy.pop()
                self.settle(self.state.release(connection, self.now, reusable=True), connection)
            for ticket in self.served:
                (
                    self.busy.append(ticket.connection)
                    if ticket.verb is Verb.USE
                    else self.dialling.append(ticket.key)
                )
            self.served.clear()
        assert not self.waiting
        self.close_all(self.state.expire(inf))
        assert not self.state._hosts
        assert self.state.open == 0


TestPoolModel = PoolModel.TestCase
TestPoolModel.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
