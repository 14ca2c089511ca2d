"""Timeouts: what a `timeout=` argument stands for."""

from __future__ import annotations

import copy
import pickle
import sys
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


@pytest.mark.parametrize("value", [2, 2.5])
def test_number_is_one_object_each_time(value):
    default = Timeout(pool=70, total=90)
    parsed = Timeout.parse(value, default)
    assert parsed == Timeout(value, value, value, 70, 90)
    assert Timeout.parse(value, default) is parsed


def test_number_limits_connect_read_and_write_and_is_remembered():
    parsed = Timeout.parse(2.5, Timeout(pool=7, total=9))
    assert parsed == Timeout(2.5, 2.5, 2.5, 7, 9)
    assert Timeout.parse(2.5, Timeout(pool=7, total=9)) is parsed
    assert Timeout.parse(2.5, Timeout(pool=8)) == Timeout(2.5, 2.5, 2.5, 8)


def test_many_different_numbers_do_not_grow_the_memory():
    from envoi._model import timeout

    timeout._parsed.clear()
    sizes = []
    for number in range(1, 2000):
        Timeout.parse(number, DEFAULT_TIMEOUT)
        sizes.append(len(timeout._parsed))
    assert sizes[:256] == list(range(1, 257))  # nothing is forgotten before it must be
    assert max(sizes) == 256


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


class Odd:
    """A number that cannot be one of seconds."""

    def __init__(self, error):
        self.error = error

    def __float__(self):
        raise self.error("no")


@pytest.mark.parametrize("value", [Odd(TypeError), Odd(ValueError), Odd(OverflowError), 10**400])
def test_what_is_no_float_is_refused(value):
    with pytest.raises(InvalidOption, match="connect=.* must be a number of seconds or None"):
        Timeout.parse(value, DEFAULT_TIMEOUT)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("5", "must be an int, float or None .seconds., .* not str"),
        (b"5", "must be an int, float or None .seconds., .* not bytes"),
        (object(), "must be an int, float or None .seconds., .* not object"),
        (TimeoutError(3, 5), "an exception"),
        ((True, 1), "connect=True must be a number of seconds or None, not bool"),
        (("1", 2), "connect='1' must be a number of seconds or None, not str"),
        ((b"1", 2), "connect=b'1' must be a number of seconds or None, not bytes"),
        ((1, 2, 3), "a tuple has two items"),
    ],
)
def test_refusal_says_what_is_wrong(value, words):
    with pytest.raises(InvalidOption, match=words):
        Timeout.parse(value, DEFAULT_TIMEOUT)


class Half:
    """What is a float, and neither a float nor an int by its type."""

    def __float__(self):
        return 0.5


def test_what_can_be_a_float_is_seconds():
    value = Half()
    parsed = Timeout.parse(value, Timeout(1, 2, 3, 4, 5))
    assert (parsed.connect, parsed.read, parsed.write, parsed.pool, parsed.total) == (
        value,
        value,
        value,
        4,
        5,
    )
    assert parsed.read_seconds == 0.5


class Urllib3Timeout:
    """The attributes of a `urllib3.Timeout` that tell its limits."""

    DEFAULT = object()

    def __init__(self, connect=DEFAULT, read=DEFAULT, total=None):
        self._connect, self._read, self.total = connect, read, total
        self.connect_timeout = connect


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({}, (10, 20)),
        ({"connect": 1}, (1, 20)),
        ({"read": 2.5}, (10, 2.5)),
        ({"connect": 1, "read": 2.5}, (1, 2.5)),
        ({"connect": None, "read": None}, (None, None)),
        ({"connect": 1, "read": None}, (1, None)),
        ({"connect": 30, "read": 40, "total": 35}, (30, 35)),
        ({"connect": 40, "read": 30, "total": 35}, (35, 30)),
        ({"connect": None, "read": None, "total": 5}, (5, 5)),
    ],
)
def test_urllib3s_timeout(given, limits):
    parsed = Timeout.parse(Urllib3Timeout(**given), Timeout(10, 20, 30, 40, 50))
    connect, read = limits
    assert (parsed.connect, parsed.read, parsed.write) == (connect, read, read)
    assert (parsed.pool, parsed.total) == (40, 50)


@pytest.mark.parametrize("name", ["connect_timeout", "total"])
def test_what_has_but_one_of_urllib3s_attributes_is_refused(name):
    value = type("Other", (), {name: 1})()
    with pytest.raises(InvalidOption, match="must be an int"):
        Timeout.parse(value, DEFAULT_TIMEOUT)


def test_deadline_comes_later_and_never_moves_back():
    one = Timeout(1, 2, 3, 4, 5)
    assert one.deadline == inf
    assert one.until(inf) is one
    bounded = one.until(100.0)
    assert bounded == one
    assert (bounded.deadline, one.deadline) == (100.0, inf)
    assert bounded.until(100.0) is bounded
    assert bounded.until(101.0) is bounded
    assert bounded.until(99.0).deadline == 99.0


def test_deadline_is_the_earlier_of_total_and_the_one_that_runs():
    assert Timeout(total=5).deadline_from(10.0) == 15.0
    assert Timeout().deadline_from(10.0) == inf
    assert Timeout(total=5).until(12.0).deadline_from(10.0) == 12.0
    assert Timeout(total=5).until(20.0).deadline_from(10.0) == 15.0


@pytest.mark.parametrize(
    ("timeout", "words"),
    [
        (DEFAULT_TIMEOUT, None),
        (Timeout(5, 5, 5), 5),
        (Timeout(3, 4, 4), (3, 4)),
        (Timeout(10, 4, 4), (10, 4)),
        (Timeout(None, 4, 4), (None, 4)),
        (Timeout(4, None, None), (4, None)),
        (Timeout(None, None, None), (None, None)),  # None alone means the limits by default
    ],
)
def test_what_requests_can_say_is_said_so(timeout, words):
    assert timeout.in_plain_words() == words


@pytest.mark.parametrize(
    "timeout",
    [
        Timeout(3, 4, 5),
        Timeout(3, 4, 4, pool=1),
        Timeout(3, 4, 4, total=1),
        Timeout(3, 4, 4).until(100.0),
        FOREVER,
    ],
)
def test_what_requests_cannot_say_stays_a_timeout(timeout):
    assert timeout.in_plain_words() is timeout


def test_timeout_is_a_value():
    one = Timeout(1, total=3)
    assert one == Timeout(connect=1, total=3)
    assert one != 1
    for other in (Timeout(2), Timeout(read=2), Timeout(write=2), Timeout(pool=2), Timeout(total=2)):
        assert other != Timeout()
    assert hash(one) == hash(Timeout(connect=1, total=3))
    assert pickle.loads(pickle.dumps(one)) == one == copy.copy(one)
    assert repr(one) == "Timeout(connect=1, read=60.0, write=60.0, pool=60.0, total=3)"
    with pytest.raises(AttributeError, match="new one"):
        one.read = 4
    with pytest.raises(AttributeError, match="new one"):
        del one.read


@pytest.mark.parametrize(
    ("timeout", "deadline"),
    [
        (Timeout(total=None), inf),
        (Timeout(total=30), 130),
        (Timeout(total=None).until(110), 110),
        (Timeout(total=30).until(110), 110),
        (Timeout(total=5).until(110), 105),
    ],
)
def test_deadline_is_the_earlier_of_total_and_what_has_begun_to_run(timeout, deadline):
    assert timeout.deadline_from(100.0) == deadline


@pytest.mark.parametrize("number", [2**53, 10**300, 1e308])
def test_large_numbers_are_limits(number):
    assert Timeout.parse(number, DEFAULT_TIMEOUT).read_seconds == float(number)


def frames_entered(call):
    entered = []

    def note(frame, event, _argument):
        if event == "call":
            entered.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return entered[1:]  # without `call` itself


def test_plain_numbers_cost_few_frames():
    fresh = frames_entered(lambda: Timeout.parse(3.125, DEFAULT_TIMEOUT))
    again = frames_entered(lambda: Timeout.parse(3.125, DEFAULT_TIMEOUT))
    pair = frames_entered(lambda: Timeout.parse((3.125, 5), DEFAULT_TIMEOUT))
    assert (len(fresh), len(again), len(pair)) == (3, 1, 3)
