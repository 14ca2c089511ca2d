"""Writing the figures as tables: on the terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
import platform
import ssl
from typing import TYPE_CHECKING, Any

from benchmarks.cases import BY_NAME, Case, shown

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.peer import Figure
    from benchmarks.runner import Results
    from benchmarks.targets import Verdict

START = "<!-- figures: start, written by `make bench` -->"
END = "<!-- figures: end -->"
_REFERENCES = ("floor",)
_HEADINGS = ("client", "wall", "CPU", "to floor", "to best peer")


def best_peer(figures: dict[str, Figure]) -> str | None:
    """Return the client with the lowest wall time that is neither envoi nor the floor."""
    peers = [name for name in figures if name not in ("envoi", "floor")]
    return min(peers, key=lambda name: figures[name].wall, default=None)


def rows(case: Case, figures: dict[str, Figure]) -> list[tuple[str, str, str, str, str]]:
    """Return a case's rows, fastest first: client, wall, CPU, ratio to the floor, ratio to the best
    peer.
    """
    best = best_peer(figures)
    floor = figures["floor"].wall if "floor" in figures else None
    peer = figures[best].wall if best is not None else None
    return [
        (
            name,
            shown(case, figure.wall),
            shown(case._replace(unit="ms") if case.unit == "MB/s" else case, figure.cpu)
            if figure.cpu
            else "-",
            _ratio(figure.wall, floor),
            _ratio(figure.wall, peer),
        )
        for name, figure in sorted(figures.items(), key=lambda item: item[1].wall)
    ]


def print_case(case: Case, results: Results) -> None:
    """Print one case's table and failures."""
    figures = results.figures.get(case.name, {})
    cpu = " (CPU in ms per body)" if case.unit == "MB/s" else ""
    print(f"\n{case.title}  [{case.unit}]{cpu}   {case.name}")
    print("  {:<18}{:>9}{:>9}{:>10}{:>14}".format(*_HEADINGS))
    for row in rows(case, figures):
        print("  {:<18}{:>9}{:>9}{:>10}{:>14}".format(*row))
    for name, problem in results.failures.get(case.name, {}).items():
        print(f"  {name:<18} failed: {problem}")


def print_verdicts(results: Results, verdicts: list[Verdict]) -> None:
    """Print the targets, and the clients that could not be measured."""
    print("\ntargets")
    for verdict in verdicts:
        print(f"  {'PASS' if verdict.passed else 'MISS'}  {verdict.text}: {verdict.value}")
    if not verdicts:
        print("  none can be judged without envoi's figures")
    for name, problem in results.missing.items():
        print(f"  {name}: {'not built' if name == 'envoi' else 'not installed'} ({problem})")


def write_markdown(
    path: Path, results: Results, verdicts: list[Verdict], machine: dict[str, str]
) -> None:
    """Put the tables between the markers of a page, or make the page.

    Args:
        path: The page.
        results: The figures.
        verdicts: The targets.
        machine: What the run ran on.
    """
    lines = [
        START,
        "",
        f"Measured with {', '.join(f'{key} {value}' for key, value in machine.items())}.",
    ]
    # What a peer is beaten in is what a reader wants to know first; the targets are our own.
    won = sorted((each for each in verdicts if each.passed), key=lambda each: ":" not in each.text)
    lines += _judged("What was won", won)
    lines += _judged("What was missed", [each for each in verdicts if not each.passed])
    lines += ["", "## Every case"]
    for name, figures in results.figures.items():
        case = BY_NAME[name]
        lines += [
            "",
            f"### {case.title} ({case.unit})",
            "",
            "| " + " | ".join(_HEADINGS) + " |",
            "|---|--:|--:|--:|--:|",
        ]
        lines += ["| " + " | ".join(_emphasised(row)) + " |" for row in rows(case, figures)]
        lines += [
            "",
            *[
                f"{peer} failed: {problem}"
                for peer, problem in results.failures.get(name, {}).items()
            ],
        ]
    section = "\n".join([*lines, "", END])
    page = path.read_text() if path.exists() else f"# Benchmarks\n\n{START}\n{END}\n"
    before, _, rest = page.partition(START)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before + section + (rest.partition(END)[2] or "\n"))


def write_json(
    path: Path, results: Results, verdicts: list[Verdict], machine: dict[str, str]
) -> None:
    """Write all figures, in seconds per operation or bytes."""
    content: dict[str, Any] = {
        "machine": machine,
        "cases": {
            name: {
                "title": BY_NAME[name].title,
                "figures": {peer: figure._asdict() for peer, figure in figures.items()},
            }
            for name, figures in results.figures.items()
        },
        "failures": results.failures,
        "missing": results.missing,
        "targets": [verdict._asdict() for verdict in verdicts],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def describe_machine(cpus: int) -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "CPython": platform.python_version(),
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "cores": str(cpus),
        "system": platform.system(),
    }


def _judged(heading: str, verdicts: list[Verdict]) -> list[str]:
    """A section with the targets that were met, or were not."""
    if not verdicts:
        return []
    table = [f"| {each.text} | {each.value} |" for each in verdicts]
    return ["", f"## {heading}", "", "| target | figure |", "|---|--:|", *table]


def _ratio(value: float, reference: float | None) -> str:
    return "-" if not reference else f"{value / reference:.2f}"


def _emphasised(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"**{cell}**" for cell in row) if row[0] == "envoi" else row
