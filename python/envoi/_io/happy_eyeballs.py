"""Which address to try next, and when (Happy Eyeballs, RFC 8305). A pure decision: time is an
argument.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi._io.protocols import Address

ATTEMPT_DELAY = 0.25
"""Seconds before the next address is tried while the last attempt still runs (RFC 8305, section
5).
"""


def interleave(addresses: Sequence[Address]) -> list[Address]:
    """The addresses with their families alternating, the resolver's first family first (RFC 8305,
    section 4).
    """
    queues: dict[int, deque[Address]] = {}
    for address in addresses:
        queues.setdefault(address.family, deque()).append(address)
    ordered: list[Address] = []
    while queues:
        for family in list(queues):
            ordered.append(queues[family].popleft())
            if not queues[family]:
                del queues[family]
    return ordered


class Attempts:
    """The attempts of one connection: the next begins 250 ms after the last did, or at once when
    one fails.

    Args:
        addresses: where to try; at least one.
        now: the time at which the first attempt is due.
    """

    __slots__ = ("_addresses", "_errors", "_running", "_taken", "next_at")

    next_at: float
    """When the next attempt is due; inf when there is none left."""

    def __init__(self, addresses: Sequence[Address], now: float) -> None:
        self._addresses = interleave(addresses)
        self._errors: dict[int, OSError] = {}
        self._taken = 0
        self._running = 0
        self.next_at = now if self._addresses else math.inf

    def take(self, now: float) -> tuple[int, Address] | None:
        """The number and address of an attempt to begin now, or None when none is due."""
        if now < self.next_at:
            return None
        number = self._taken
        self._taken += 1
        self._running += 1
        self.next_at = now + ATTEMPT_DELAY if self._taken < len(self._addresses) else math.inf
        return number, self._addresses[number]

    def fail(self, number: int, error: OSError, now: float) -> None:
        """Record the failure of an attempt: the next is due at once."""
        self._errors[number] = error
        self._running -= 1
        if self._taken < len(self._addresses):
            self.next_at = now

    @property
    def exhausted(self) -> bool:
        """Whether every address was tried and failed."""
        return self._running == 0 and self._taken == len(self._addresses)

    def failure(self) -> OSError:
        """The error of the first address, those of the others in its notes."""
        if not self._errors:
            return OSError("no address to connect to")
        first, *others = (self._errors[number] for number in sorted(self._errors))
        for other in others:
            first.add_note(f"also tried: {other}")
        return first
