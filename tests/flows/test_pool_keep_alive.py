"""`Keep-Alive: timeout=…, max=…`: a kept connection is not used beyond what its server has said."""

from __future__ import annotations

import pytest

from envoi._net.http1 import HTTP1Connection
from envoi._net.route import Route

ROUTE = Route(("example.org", None), "example.org", 80, None)


@pytest.fixture
def connection():
    return HTTP1Connection(FakeStreamOf(), ROUTE)


class FakeStreamOf:
    """Nothing is sent here."""


@pytest.mark.parametrize(
    ("told", "expires"),
    [
        ("timeout=5", 104.0),
        ("timeout=5, max=100", 104.0),
        ("max=100, timeout=60", 159.0),
        ("Timeout = 5", 104.0),
        ('timeout="5"', 104.0),
        ("timeout=2", 101.5),
        ("timeout=1", 100.75),
        ("timeout=99999999999999", 100.0 + 999999998),
    ],
)
def test_timeout_is_heeded_with_a_margin(connection, told, expires):
    connection.heed(told)
    assert connection.is_limited
    assert connection.rest(100.0) == 100.0
    assert connection.expires == expires


@pytest.mark.parametrize(
    "told", ["", "timeout", "timeout=", "timeout=-5", "timeout=x", "5", "timeout=٥"]
)
def test_what_says_nothing_changes_nothing(connection, told):
    connection.heed(told)
    assert not connection.is_limited


@pytest.mark.parametrize("told", ["timeout=0", "max=0", "timeout=5, max=0"])
def test_connection_that_will_not_be_kept_is_not_kept(connection, told):
    connection.heed(told)
    assert connection.rest(100.0) is None


@pytest.mark.parametrize("numbers", [(2, 1, 0), (2, 2, 2)])
def test_max_counts_down_whether_or_not_the_server_does(connection, numbers):
    kept = []
    for number in numbers:
        connection.heed(f"timeout=5, max={number}")
        kept.append(connection.rest(100.0))
    assert kept == [100.0, 100.0, None]
