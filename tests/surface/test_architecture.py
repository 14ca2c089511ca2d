"""ARCHITECTURE.md says what the code does: its table of limits, and the files that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
UNITS = {"": 1.0, "KiB": 1024.0, "MiB": 1024.0**2, "s": 1.0, "ms": 0.001}
ROW = re.compile(
    r"^\| (?P<limit>[^|]+) \| (?P<value>[\d,.]+) ?(?P<unit>\w*) \| `(?P<file>[^`]+)` \| `(?P<name>\w+)` \|",
    re.MULTILINE,
)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE)]


def in_the_code(file: str, name: str) -> float:
    """The number that a constant, a field or an argument's default has in a file."""
    path = ROOT / file if file.startswith("crates/") else ROOT / "python" / "envoi" / file
    definition = (
        rf"^ *(?:pub )?(?:const )?{name}(?:: ?[^=\n]+?)?(?: = |: )(?P<number>[\d_][\d_ .*<]*)"
    )
    found = re.search(definition, path.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{file} has no {name}"
    number: float = eval(found["number"])
    return number


def test_every_row_of_the_table_is_read() -> None:
    table = PAGE[PAGE.index("## Limits") : PAGE.index("## Tests")]
    assert len(ROWS) == table.count("\n| ") - 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_limit_is_what_the_code_has(row: dict[str, str]) -> None:
    told = float(row["value"].replace(",", "")) * UNITS[row["unit"]]
    assert in_the_code(row["file"], row["name"]) == pytest.approx(told)


@pytest.mark.parametrize("file", sorted(set(re.findall(r"`(_\w+(?:/\w+)*\.py)`", PAGE))))
def test_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / "python" / "envoi" / file).is_file()
