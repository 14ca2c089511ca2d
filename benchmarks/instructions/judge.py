"""Whether a change may cost what it costs.

A scenario may cost 2 % more than before. Whoever needs more writes an entry in `allowed.toml`,
which says why. When a change is compared with the commit before it, only the entries that the
change itself adds count: an old reason does not excuse a new cost.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.instructions.scenarios import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.instructions.figures import Figures

ALLOWED = Path(__file__).resolve().parent / "allowed.toml"
LIMIT = 2.0
"""Per cent that every scenario may cost more."""
ROUNDING = 1e-9
"""Per cent by which arithmetic with fractions may miss."""


class Allowance(NamedTuple):
    """A reason why a scenario may cost more than 2 %.

    Attributes:
        scenario: The scenario's name.
        percent: How much more it may cost.
        since: The version, or the commit, that it was cheaper in.
        reason: Why it is worth that.
    """

    scenario: str
    percent: float
    since: str
    reason: str


def allowances(text: str) -> list[Allowance]:
    """The entries of `allowed.toml`.

    Raises:
        ValueError: An entry is incomplete, or names no scenario.
    """
    found = []
    for entry in tomllib.loads(text).get("allowed", []):
        if set(entry) != set(Allowance._fields):
            raise ValueError(f"an entry has {', '.join(Allowance._fields)}, and not {entry}")
        allowance = Allowance(**entry)
        if allowance.scenario not in BY_NAME:
            raise ValueError(f"no such scenario: {allowance.scenario}")
        if allowance.percent <= LIMIT or not allowance.reason.strip():
            raise ValueError(f"an entry allows more than {LIMIT} % and says why: {entry}")
        found.append(allowance)
    return found


def added(now: str, then: str) -> list[Allowance]:
    """The entries that one text of `allowed.toml` has and an older one has not."""
    old = allowances(then)
    return [allowance for allowance in allowances(now) if allowance not in old]


def limit(scenario: str, allowed: Iterable[Allowance]) -> float:
    """Per cent that a scenario may cost more: each entry was a change of its own, so they multiply.

    The usual 2 % are the least; they are not added to what the entries allow.
    """
    factor = 1.0
    for allowance in allowed:
        if allowance.scenario == scenario:
            factor *= 1 + allowance.percent / 100
    return max(LIMIT, (factor - 1) * 100)


def faults(before: Figures, after: Figures, allowed: Iterable[Allowance]) -> list[str]:
    """A line for each scenario that costs too much."""
    allowed = list(allowed)
    found = []
    for name, entry in after.scenarios.items():
        old = before.scenarios.get(name)
        if old is None:
            continue
        percent = (entry.instructions / old.instructions - 1) * 100
        permitted = limit(name, allowed)
        if percent > permitted + ROUNDING:
            found.append(
                f"{name} costs {percent:.1f} % more than {before.label}; {permitted:.1f} % are "
                f"allowed. Make it cheaper, or say why in benchmarks/instructions/{ALLOWED.name}."
            )
    return found
