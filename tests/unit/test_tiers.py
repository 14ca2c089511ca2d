"""The choice of tests: each pair of values is met, and the shares make up the whole."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from tiers import pairwise, share_of


@pytest.mark.parametrize("sizes", [(3, 2, 5), (3, 2, 4, 6), (2, 2, 2), (1, 1, 7)])
def test_each_pair_of_values_is_met(sizes: tuple[int, ...]) -> None:
    choices = [
        dict(zip("abcd", combination, strict=False))
        for combination in product(*(range(size) for size in sizes))
    ]
    kept = [choices[number] for number in pairwise(choices)]
    for first, second in combinations("abcd"[: len(sizes)], 2):
        pairs = {(one[first], one[second]) for one in choices}
        assert {(one[first], one[second]) for one in kept} == pairs
    assert len(kept) <= len(choices)


def test_fewer_combinations_are_kept_than_there_are() -> None:
    choices = [
        dict(zip("abc", combination, strict=True))
        for combination in product(range(3), range(2), range(20))
    ]
    assert len(pairwise(choices)) <= 0.75 * len(choices)


class Item:
    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def test_shares_are_the_whole_and_overlap_nowhere() -> None:
    items = [Item(f"test_{number}") for number in range(1000)]
    parts = [share_of(items, f"{part}/8") for part in range(1, 9)]  # type: ignore[arg-type]
    assert sorted(item.nodeid for part in parts for item in part) == sorted(
        item.nodeid for item in items
    )
    assert all(80 < len(part) < 170 for part in parts)


@pytest.mark.parametrize("share", ["0/8", "9/8", "x", "1"])
def test_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(pytest.UsageError):
        share_of([], share)
