"""Which address is tried when (RFC 8305)."""

from __future__ import annotations

import math

from envoi._io.happy_eyeballs import ATTEMPT_DELAY, Attempts, interleave
from envoi._io.protocols import Address

SIX = [Address(10, (f"2001:db8::{n}", 80, 0, 0)) for n in range(3)]
FOUR = [Address(2, (f"192.0.2.{n}", 80)) for n in range(3)]


def test_families_alternate_the_resolvers_first_family_first():
    assert interleave([*SIX, *FOUR]) == [SIX[0], FOUR[0], SIX[1], FOUR[1], SIX[2], FOUR[2]]
    assert interleave([FOUR[0], SIX[0], SIX[1]]) == [FOUR[0], SIX[0], SIX[1]]
    assert interleave(FOUR) == FOUR


def test_next_attempt_is_due_after_the_delay():
    attempts = Attempts([SIX[0], FOUR[0]], 5.0)
    assert attempts.take(5.0) == (0, SIX[0])
    assert attempts.take(5.0) is None
    assert attempts.next_at == 5.0 + ATTEMPT_DELAY
    assert attempts.take(5.0 + ATTEMPT_DELAY) == (1, FOUR[0])
    assert attempts.next_at == math.inf
    assert not attempts.exhausted


def test_failure_makes_the_next_due_at_once():
    attempts = Attempts([SIX[0], FOUR[0]], 5.0)
    attempts.take(5.0)
    attempts.fail(0, OSError("first"), 5.1)
    assert attempts.take(5.1) == (1, FOUR[0])
    attempts.fail(1, OSError("second"), 5.2)
    assert attempts.exhausted
    assert attempts.take(9.0) is None
    failure = attempts.failure()
    assert str(failure) == "first"
    assert failure.__notes__ == ["also tried: second"]


def test_no_address_at_all_is_a_failure():
    attempts = Attempts([], 5.0)
    assert attempts.exhausted
    assert "no address" in str(attempts.failure())
