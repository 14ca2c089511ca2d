"""Claims as objects: dropping one gives it back, in whatever thread and at whatever moment that is."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from math import inf

import pytest

from envoi._io.blocking import BlockingWaiter
from envoi._io.run_sync import run_sync
from envoi._proto.pool import Lease, Permit, Place
from unit.pool_support import Connection, Log


def test_dropped_lease_closes_its_connection_without_its_python_code():
    pool = Log()
    lease = pool.dial()
    connection = lease.connection
    del lease
    assert (connection.fate, pool.state.open) == ("discarded", 0)


def test_released_lease_is_dropped_without_further_ado():
    pool = Log()
    lease = pool.dial()
    lease.release(0.0)
    del lease
    assert (pool.closing(), pool.counts) == ([], (1, 1, 0))


def test_dropped_permit_serves_the_next():
    pool = Log(1)
    permit = pool.ask()
    place = pool.wait("b")
    del permit
    assert pool.served() == [place.waiter]


def test_dropped_place_is_passed_over():
    pool = Log(1)
    lease = pool.dial()
    first, second = pool.wait(), pool.wait()
    del first
    assert pool.state.waiting == 1
    lease.release(0.0)
    assert pool.served() == [second.waiter]


def test_dropped_place_passes_on_what_it_was_served_with():
    pool = Log(1)
    lease = pool.dial()
    first, second = pool.wait(), pool.wait()
    lease.release(0.0)
    del first
    pool.served()
    assert second.take().connection is lease.connection


def test_permit_serves_for_one_connection():
    pool = Log()
    permit = pool.ask()
    pool.dialled(permit)
    with pytest.raises(RuntimeError, match="used before"):
        pool.dialled(permit)
    permit.release()


def test_place_that_still_waits_cannot_be_taken():
    pool = Log(1)
    lease = pool.dial()
    place = pool.wait()
    with pytest.raises(RuntimeError, match="not served"):
        place.take()
    lease.release(0.0)
    assert type(place.take()) is Lease
    assert place.take() is None


def test_dropped_owner_closes_the_pool_while_claims_live_on():
    pool = Log(2, 1)
    owner = pool.state.owner()
    used, kept = pool.dial("a"), pool.dial("b")
    place = pool.wait("a")
    kept.release(0.0)
    del owner
    assert (pool.state.closed, pool.state.open) == (True, 1)
    assert kept.connection.fate == "discarded"
    assert pool.served() == [place.waiter]
    assert place.take() is None
    used.release(0.0)
    assert used.connection.fate == "closed"


def test_dropped_state_closes_what_is_left():
    pool = Log()
    lease = pool.dial()
    connection = lease.connection
    lease.release(0.0)
    del lease
    pool.state = None
    assert connection.fate == "discarded"


def test_under_a_loop_what_is_dropped_is_handed_over():
    handed_over = []
    pool = Log(1, hand_over=handed_over.append)
    lease = pool.dial("a")
    connection = lease.connection
    place = pool.wait("b")
    thread = threading.Thread(target=lambda leases: leases.clear(), args=([lease],))
    del lease
    thread.start()
    thread.join()
    del thread
    assert connection.fate is None
    assert pool.served() == []
    (settle,) = handed_over
    settle()
    assert connection.fate == "closed"
    assert pool.served() == [place.waiter]
    assert type(place.take()) is Permit


def test_loop_that_takes_nothing_any_more_leaves_the_closing_to_the_end():
    pool = Log(1, hand_over=lambda settle: None)
    lease = pool.dial()
    connection = lease.connection
    del lease
    assert (connection.fate, pool.state.open) == (None, 0)
    pool.state = None
    assert connection.fate == "discarded"


def test_lease_from_before_a_fork_is_forgotten():
    pool = Log()
    released, dropped = pool.dial(), pool.dial()
    permit = pool.ask()
    connections = [released.connection, dropped.connection]
    fresh = pool.state.forget()
    assert [one.fate for one in connections] == [None, None]
    released.release(0.0)
    del dropped
    del permit
    assert [one.fate for one in connections] == ["forgotten", "forgotten"]
    assert fresh.open == 0


def test_connections_in_use_can_be_forgotten_too():
    pool = Log()
    lease = pool.dial()
    pool.state.forget(in_use=True)
    assert lease.connection.fate == "forgotten"


def test_equal_keys_are_one_host_and_others_are_not():
    pool = Log()
    pool.dial(("a", (1, None))).release(0.0)
    assert type(pool.ask(("a", (1, None)))) is Lease
    assert type(pool.ask(("a", (2, None)))) is Permit


def test_keys_of_one_hash_are_told_apart():
    class Key:
        def __init__(self, name):
            self.name = name

        def __hash__(self):
            return 7

        def __eq__(self, other):
            gc.collect()
            return self.name == other.name

    pool = Log()
    leases = {name: pool.dial(Key(name)) for name in "abc"}
    for lease in leases.values():
        lease.release(0.0)
    for name in "cab":
        assert pool.ask(Key(name)).connection is leases[name].connection


def test_key_that_cannot_be_hashed_or_compared():
    class Broken:
        def __hash__(self):
            return 7

        def __eq__(self, other):
            raise ZeroDivisionError

    pool = Log()
    with pytest.raises(TypeError):
        pool.ask([])
    lease = pool.dial(Broken())
    with pytest.raises(ZeroDivisionError):
        pool.ask(Broken())
    lease.release(None)
    assert pool.state.open == 0


def test_waiter_that_cannot_be_made_leaves_the_queue_as_it_was():
    pool = Log(1)
    lease = pool.dial()
    with pytest.raises(ZeroDivisionError):
        pool.state.acquire("a", 0.0, lambda: 1 / 0)
    assert pool.counts == (1, 0, 0)
    lease.release(None)


def test_step_whose_closing_fails_raises_and_loses_nothing():
    pool = Log(keepalive=1)
    for key in "abc":
        lease = pool.dial(key)
        lease.release(0.0)

    def fail():
        raise KeyboardInterrupt

    lease.connection.close = fail
    with pytest.raises(KeyboardInterrupt):
        pool.ask("d", 9.0)
    assert len(pool.closing()) == 3
    assert lease.connection.fate == "discarded"
    assert (pool.counts, pool.state.hosts) == ((0, 0, 0), 0)


def test_lease_dropped_by_an_exception_that_passes_leaves_it_alone():
    pool = Log()

    def fail():
        lease = pool.dial()
        lease.connection.discard()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert pool.state.open == 0


def test_swept_keys_leave_room_for_others():
    pool = Log(2)
    for number in range(500):
        pool.dial((number, "x")).release(None)
        pool.closing()
    assert pool.state.keys <= 65


def test_step_within_a_step():
    """A key's hash, a waiter's making, a connection's end: whatever runs in a step may take steps."""
    pool = Log(1)
    lease = pool.dial()

    class Key:
        def __hash__(self):
            assert type(pool.ask("b")) is Place
            return 1

    def make():
        lease.release(0.0)
        return BlockingWaiter()

    claim = pool.state.acquire(Key(), 0.0, make)
    assert type(claim) is Permit
    assert pool.state.open == 1


def test_waiting_thread_is_woken_by_a_lease_that_is_dropped():
    pool = Log(1)
    lease = pool.dial("a")
    place = pool.state.acquire("b", 0.0, BlockingWaiter)
    got = []

    def wait():
        run_sync(place.waiter.wait(inf))
        got.append(type(place.take()))

    thread = threading.Thread(target=wait)
    thread.start()
    del lease
    thread.join(10)
    assert got == [Permit]


def test_threads_claim_and_drop_at_once():
    """No lock is kept for long: threads take steps while the interpreter switches between them."""
    pool = Log(3, 2)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    failures = []

    def work(seed):
        try:
            for number in range(500):
                claim = pool.state.acquire("ab"[(seed + number) % 2], 0.0, BlockingWaiter)
                if type(claim) is Permit and number % 3:
                    claim = pool.dialled(claim)
                if type(claim) is Place:
                    run_sync(claim.waiter.wait(inf))
                    claim = claim.take()
                if type(claim) is Lease and number % 5:
                    claim.release(0.0)
                del claim
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    sys.setswitchinterval(before)
    assert failures == []
    assert pool.state.open == pool.state.idle
    assert pool.state.waiting == 0


@pytest.mark.parametrize("how", ["released", "dropped", "expired", "failed", "left"])
def test_key_is_let_go_of_with_the_last_claim_on_its_host(how):
    class Key:
        pass

    pool = Log(1, keepalive=1)
    other = pool.dial("other") if how == "left" else None
    key = Key()
    reference = weakref.ref(key)
    claim = pool.ask(key)
    if type(claim) is Permit and how != "failed":
        claim = claim.dialled(Connection(pool, None), int)
    del key
    assert reference() is not None
    if how == "left":
        claim.leave(0.0)
    elif how == "failed":
        claim.release()
    elif how != "dropped":
        claim.release(0.0 if how == "expired" else None)
    del claim
    pool.state.expire(9.0)
    assert reference() is None
    assert pool.state.keys == (other is not None)
