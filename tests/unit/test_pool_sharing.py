"""Connections with room for several leases: joining, room that changes, draining, and dialling once where the protocol is not known."""

from __future__ import annotations

import pytest

from envoi._proto.pool import Lease, Permit, Place
from unit.pool_support import Log

ROOM = 100


def share(pool, key="a", now=0.0):
    return pool.ask(key, now, may_share=True)


@pytest.fixture
def pool():
    return Log()


def test_hundred_and_one_leases_of_a_connection_with_room_for_a_hundred(pool):
    first = pool.dial(room=ROOM, may_share=True)
    leases = [share(pool) for _ in range(99)]
    assert {lease.connection for lease in leases} == {first.connection}
    assert pool.counts == (1, 0, 0)
    permit = share(pool)
    assert type(permit) is Permit
    second = pool.dialled(permit, room=ROOM)
    assert pool.state.open == 2
    leases.pop().release(1.0)
    assert share(pool).connection is first.connection
    second.release(1.0)
    for lease in leases:
        lease.release(1.0)
    first.release(1.0)


def test_it_is_idle_with_its_last_lease_and_is_used_again(pool):
    first = pool.dial(room=2, may_share=True)
    second = share(pool)
    first.release(1.0)
    assert pool.state.idle == 0
    second.release(2.0)
    assert pool.counts == (1, 1, 0)
    again, joined = share(pool), share(pool)
    assert again.connection is joined.connection is first.connection


def test_who_asks_while_the_first_dial_is_under_way_is_held_and_joins(pool):
    permit = share(pool)
    places = [share(pool) for _ in range(3)]
    assert [type(place) for place in places] == [Place] * 3
    assert pool.counts == (1, 0, 3)
    lease = pool.dialled(permit, room=ROOM)
    assert pool.served() == [place.waiter for place in places]
    assert {place.take().connection for place in places} == {lease.connection}
    assert pool.state.open == 1


def test_more_than_there_is_room_for_dial_once_more(pool):
    permit = share(pool)
    places = [share(pool) for _ in range(4)]
    first = pool.dialled(permit, room=2)
    assert pool.served() == [place.waiter for place in places[:2]]
    assert places[0].take().connection is first.connection
    again = places[1].take()
    assert type(again) is Permit
    second = pool.dialled(again, room=2)
    # The lease of the first place was dropped, and drains its connection: no joins there.
    assert pool.served() == [places[2].waiter, places[3].waiter]
    assert places[2].take().connection is second.connection
    assert type(places[3].take()) is Permit


def test_where_it_turns_out_that_nothing_is_shared_all_dial(pool):
    permit = share(pool)
    places = [share(pool) for _ in range(3)]
    lease = pool.dialled(permit, room=1)
    assert pool.served() == [place.waiter for place in places]
    permits = [place.take() for place in places]
    assert [type(permit) for permit in permits] == [Permit] * 3
    assert type(share(pool)) is Permit  # known now: nobody is held any more
    assert lease.connection.fate is None


def test_where_it_turns_out_that_nothing_is_shared_limits_are_kept():
    pool = Log(2)
    permit = share(pool)
    places = [share(pool) for _ in range(3)]
    lease = pool.dialled(permit, room=1)
    assert pool.served() == [places[0].waiter]
    assert pool.counts == (2, 0, 2)
    lease.release(1.0)
    assert pool.served() == [places[1].waiter]
    assert places[1].take().connection is lease.connection


def test_failed_dial_hands_the_permit_to_the_next_who_is_held(pool):
    permit = share(pool)
    places = [share(pool) for _ in range(2)]
    permit.release()
    assert pool.served() == [places[0].waiter]
    again = places[0].take()
    assert type(again) is Permit
    assert pool.counts == (1, 0, 1)
    del again
    assert pool.served() == [places[1].waiter]
    places[1].leave(0.0)
    assert (pool.counts, pool.state.hosts) == ((0, 0, 0), 0)


def test_who_does_not_share_is_never_held(pool):
    assert [type(pool.ask()) for _ in range(2)] == [Permit] * 2
    held = [pool.ask() for _ in range(3)]
    assert [type(claim) for claim in held] == [Permit] * 3


def test_what_a_dial_found_is_remembered_after_the_connection_is_gone(pool):
    pool.dial(room=ROOM, may_share=True).release(None)
    pool.closing()
    pool.dial("b", room=1, may_share=True).release(None)
    assert pool.state.hosts == 0
    held = [share(pool, key) for key in "aabb"]
    assert [type(claim) for claim in held] == [Permit, Place, Permit, Permit]


def test_room_may_become_less_than_there_are_leases(pool):
    first = pool.dial(room=3, may_share=True)
    second = share(pool)
    first.set_room(1)
    assert type(share(pool)) is Permit
    first.release(0.0)
    assert type(share(pool)) is Permit
    second.set_room(5)
    assert share(pool).connection is second.connection


def test_more_room_serves_those_who_wait():
    pool = Log(1)
    lease = pool.dial(room=1, may_share=True)
    places = [share(pool) for _ in range(3)]
    lease.set_room(3)
    assert pool.served() == [place.waiter for place in places[:2]]
    taken = [place.take() for place in places[:2]]
    assert {one.connection for one in taken} == {lease.connection}
    taken[0].release(1.0)
    assert pool.served() == [places[2].waiter]


def test_room_of_none_closes_the_connection_with_its_last_lease(pool):
    first = pool.dial(room=2, may_share=True)
    second = share(pool)
    first.set_room(0)
    first.release(0.0)
    assert pool.closing() == []
    second.release(0.0)
    assert pool.closing() == [first.connection]
    assert pool.state.open == 0


def test_room_of_none_closes_an_idle_connection(pool):
    lease = pool.dial(room=2, may_share=True)
    lease.release(0.0)
    lease.set_room(0)
    assert (pool.closing(), pool.state.open) == ([lease.connection], 0)


@pytest.mark.parametrize("how", ["drain", "broken", "dropped"])
def test_draining_connection_is_joined_by_nobody_and_closed_with_its_last_lease(pool, how):
    first = pool.dial(room=ROOM, may_share=True)
    second, third = share(pool), share(pool)
    if how == "drain":
        second.drain()
    elif how == "broken":
        third.release(None)
    del third
    assert type(share(pool)) is Permit
    first.release(0.0)
    assert pool.closing() == []
    second.release(0.0)
    assert pool.closing() == [second.connection]


def test_draining_an_idle_connection_closes_it_and_serves_who_waits():
    pool = Log(1)
    lease = pool.dial(room=2, may_share=True)
    lease.release(0.0)
    lease.drain()
    assert (pool.closing(), pool.state.open) == ([lease.connection], 0)


def test_lease_of_a_shared_connection_that_is_given_up_makes_room_for_the_next():
    pool = Log(1)
    first = pool.dial(room=2, may_share=True)
    second = share(pool)
    places = [share(pool) for _ in range(2)]
    second.release(0.0)
    assert pool.served() == [places[0].waiter]
    places[0].leave(0.0)
    assert pool.served() == [places[1].waiter]
    assert places[1].take().connection is first.connection


def test_closing_the_pool_wakes_those_who_are_held(pool):
    permit = share(pool)
    place = share(pool)
    pool.state.close()
    assert pool.served() == [place.waiter]
    assert place.take() is None
    lease = pool.dialled(permit, room=ROOM)
    lease.release(0.0)
    assert pool.closing() == [lease.connection]
    assert pool.state.hosts == 0


def test_fresh_one_is_dialled_though_there_is_one_that_was_kept(pool):
    kept = pool.dial()
    kept.release(0.0)
    fresh = pool.ask(fresh=True)
    assert type(fresh) is Permit
    assert (pool.closing(), pool.counts) == ([], (2, 1, 0))


@pytest.mark.parametrize(("total", "per_host"), [(2, 2), (9, 2), (2, 9)])
def test_fresh_one_closes_one_of_its_own_host_when_the_limit_is_reached(total, per_host):
    pool = Log(total, per_host)
    other = pool.dial("b" if per_host == 9 else "a")
    kept = pool.dial("a")
    other.release(0.0)
    kept.release(1.0)
    fresh = pool.ask("a", 1.0, fresh=True)
    assert type(fresh) is Permit
    oldest = other if per_host == 2 else kept
    assert (pool.closing(), pool.state.open) == ([oldest.connection], 2)


def test_fresh_one_closes_the_oldest_of_another_host():
    pool = Log(1)
    kept = pool.dial("b")
    kept.release(0.0)
    assert type(pool.ask("a", fresh=True)) is Permit
    assert pool.closing() == [kept.connection]


def test_fresh_one_that_waits_is_not_served_with_a_connection_that_comes_back():
    pool = Log(1)
    lease = pool.dial()
    place = pool.wait(fresh=True)
    lease.release(0.0)
    assert (pool.closing(), pool.served()) == ([lease.connection], [place.waiter])
    assert type(place.take()) is Permit


def test_fresh_one_neither_joins_nor_is_held(pool):
    lease = pool.dial(room=ROOM, may_share=True)
    assert type(pool.ask(may_share=True, fresh=True)) is Permit
    assert type(pool.ask("b", may_share=True)) is Permit
    assert type(share(pool)) is Lease
    del lease
