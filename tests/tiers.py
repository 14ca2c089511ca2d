"""Which tests a run has: pairs of parameters, all combinations, or a share of the rest.

`make test` runs every test function, and of one with three or more parameters so many combinations
that each pair of values is met. The other combinations are marked `full`: `make test-all` runs them
too, and `ENVOI_SHARE=3/8` with `-m full` runs the third eighth of them, which is how CI gets round.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from zlib import crc32

import pytest

Indices = dict[str, int]


def pairwise(choices: list[Indices]) -> list[int]:
    """Of combinations, the numbers of so many that each pair of values is among them.

    Args:
        choices: for each combination, the number of the value that a parameter has, by its name.
    """
    seen: set[tuple[str, int, str, int]] = set()
    kept = []
    for number in sorted(range(len(choices)), key=lambda one: crc32(str(one).encode())):
        pairs = {
            (first, left, second, right)
            for (first, left), (second, right) in combinations(sorted(choices[number].items()), 2)
        }
        if not pairs <= seen:
            seen |= pairs
            kept.append(number)
    return sorted(kept)


def mark_other_combinations(items: Iterable[pytest.Item]) -> None:
    """Mark with `full` what a run of pairs leaves out."""
    groups: dict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        specification = getattr(item, "callspec", None)
        if specification is not None and len(specification.indices) >= 3:
            groups[item.path.as_posix(), getattr(item, "originalname", item.name)].append(item)
    for group in groups.values():
        kept = set(pairwise([item.callspec.indices for item in group]))  # type: ignore[attr-defined]
        for number, item in enumerate(group):
            if number not in kept:
                item.add_marker(pytest.mark.full)


def share_of(items: list[pytest.Item], share: str) -> list[pytest.Item]:
    """One of several equal parts of the tests, such as "3/8".

    Raises:
        pytest.UsageError: it is no such part.
    """
    part, _, parts = share.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise pytest.UsageError(f"ENVOI_SHARE={share!r}: such as 3/8")
    return [item for item in items if crc32(item.nodeid.encode()) % int(parts) == int(part) - 1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark_other_combinations(items)
    share = os.environ.get("ENVOI_SHARE")
    if share:
        kept = share_of(items, share)
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
