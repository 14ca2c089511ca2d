"""Timeouts: what a `timeout=` argument stands for."""

from __future__ import annotations

import copy
import pickle
from math import inf, nan

import pytest

from envoi._model.sentinel import NOT_GIVEN
from envoi._model.timeout import DEFAULT_TIMEOUT, FOREVER, Timeout
from envoi.exceptions import InvalidOption


def test_defaults_are_those_of_the_design():
    assert (
        DEFAULT_TIMEOUT.connect,
        DEFAULT_TIMEOUT.read,
        DEFAULT_TIMEOUT.write,
        DEFAULT_TIMEOUT.pool,
    ) == (10, 60, 60, 60)
    assert DEFAULT_TIMEOUT.total is None
    assert DEFAULT_TIMEOUT.total_seconds == inf


def test_not_given_is_the_default_itself():
    default = Timeout(1, 2, 3, 4, 5)
    assert Timeout.parse(NOT_GIVEN, default) is default
    assert not NOT_GIVEN
    assert repr(NOT_GIVEN) == "NOT_GIVEN"


def test_none_waits_for_ever():
    assert Timeout.parse(None, DEFAULT_TIMEOUT) is FOREVER
    assert {
        getattr(FOREVER, name + "_seconds")
        for name in ("connect", "read", "write", "pool", "total")
    } == {inf}


def test_number_limits_connect_read_and_write_and_is_remembered():
    parsed = Timeout.parse(2.5, Timeout(pool=7, total=9))
    assert parsed == Timeout(2.5, 2.5, 2.5, 7, 9)
    assert Timeout.parse(2.5, Timeout(pool=7, total=9)) is parsed
    assert Timeout.parse(2.5, Timeout(pool=8)) == Timeout(2.5, 2.5, 2.5, 8)


def test_many_different_numbers_do_not_grow_the_memory():
    from envoi._model import timeout

    for number in range(1, 2000):
        Timeout.parse(number, DEFAULT_TIMEOUT)
    assert len(timeout._parsed) <= 256


def test_tuple_is_connect_and_read():
    assert Timeout.parse((3, None), DEFAULT_TIMEOUT) == Timeout(3, None, None)


def test_timeout_passes_unchanged():
    own = Timeout(total=4)
    assert Timeout.parse(own, DEFAULT_TIMEOUT) is own


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        nan,
        -inf,
        True,
        False,
        "5",
        b"5",
        (1,),
        (1, 2, 3),
        (True, 1),
        ("1", 2),
        (0, 1),
        [1, 2],
        {},
        object(),
    ],
)
def test_bad_values_are_refused(value):
    with pytest.raises(InvalidOption, match="timeout"):
        Timeout.parse(value, DEFAULT_TIMEOUT)


def test_bad_fields_are_named():
    with pytest.raises(InvalidOption, match="read=-1"):
        Timeout(read=-1)


def test_timeout_is_a_value():
    one = Timeout(1, total=3)
    assert one == Timeout(connect=1, total=3)
    assert one != 1
    assert hash(one) == hash(Timeout(connect=1, total=3))
    assert pickle.loads(pickle.dumps(one)) == one == copy.copy(one)
    assert repr(one) == "Timeout(connect=1, read=60.0, write=60.0, pool=60.0, total=3)"
    with pytest.raises(AttributeError, match="new one"):
        one.read = 4
    with pytest.raises(AttributeError, match="new one"):
        del one.read
