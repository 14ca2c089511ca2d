"""Figures of all scenarios, as a file keeps them, and as a table shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.instructions.measure import Figure
from benchmarks.instructions.scenarios import BY_NAME

BASELINE = Path(__file__).resolve().parent / "baseline.json"
START = "<!-- instructions: start, written by `make instructions` -->"
END = "<!-- instructions: end -->"


class Figures(NamedTuple):
    """What was measured in one run.

    Attributes:
        label: Which Envoi it was: a version or a commit.
        machine: What the figures depend on, beside Envoi.
        scenarios: A figure for each scenario that was measured.
    """

    label: str
    machine: dict[str, str]
    scenarios: dict[str, Figure]


def read(path: Path) -> Figures:
    """Figures from a file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    scenarios = {
        name: Figure(entry["instructions"], entry["spread"])
        for name, entry in document["scenarios"].items()
    }
    return Figures(document["label"], document["machine"], scenarios)


def write(figures: Figures, path: Path) -> None:
    """Keep figures in a file."""
    document: dict[str, Any] = {
        "label": figures.label,
        "machine": figures.machine,
        "scenarios": {
            name: {"instructions": round(entry.instructions, 1), "spread": _rounded(entry.spread)}
            for name, entry in figures.scenarios.items()
        },
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def table(before: Figures | None, after: Figures) -> str:
    """A Markdown table.

    Args:
        before: What to compare with; its scenarios may be others.
        after: A row is written for each of its scenarios.
    """
    if before is None:
        rows = [
            f"| {_title(name)} | {_number(entry.instructions)} | {_spread(entry)} |"
            for name, entry in after.scenarios.items()
        ]
        return "\n".join([f"| scenario | {after.label} | spread |", "|---|--:|--:|", *rows])
    rows = []
    for name, entry in after.scenarios.items():
        old = before.scenarios.get(name)
        known = ("-", "-") if old is None else (_number(old.instructions), _ratio(old, entry))
        rows.append(
            f"| {_title(name)} | {known[0]} | {_number(entry.instructions)} | {known[1]} "
            f"| {_spread(entry)} |"
        )
    head = f"| scenario | {before.label} | {after.label} | ratio | spread |"
    return "\n".join([head, "|---|--:|--:|--:|--:|", *rows])


def differing(before: Figures, after: Figures) -> list[str]:
    """What makes two measurements incomparable, in words: another Python, another processor."""
    return [
        f"{name}: {before.machine.get(name)}, then {value}"
        for name, value in after.machine.items()
        if before.machine.get(name) != value
    ]


def put_into_page(text: str, page: Path) -> None:
    """Replace what stands between the page's two marks.

    Raises:
        ValueError: The page does not have the marks.
    """
    old = page.read_text(encoding="utf-8")
    before, start, rest = old.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{page} has no place for figures")
    page.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def described(machine: dict[str, str]) -> str:
    """The machine in a sentence."""
    return "Measured with " + ", ".join(machine.values()) + "."


def _title(name: str) -> str:
    return BY_NAME[name].title if name in BY_NAME else name


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _ratio(old: Figure, new: Figure) -> str:
    return f"{new.instructions / old.instructions:.4f}"


def _spread(entry: Figure) -> str:
    return "-" if entry.spread is None else f"{entry.spread:.3%}"


def _rounded(spread: float | None) -> float | None:
    return None if spread is None else round(spread, 6)
