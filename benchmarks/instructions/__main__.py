"""``python -m benchmarks.instructions``, which is what ``make instructions`` runs.

``measure`` (the default) counts with the Envoi of this checkout, and shows the baseline beside it.
``compare BEFORE AFTER`` counts with two trees, and fails when a scenario costs too much more.
``previous`` does that for an earlier commit and this checkout.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.instructions import callgrind, figures, judge
from benchmarks.instructions.figures import Figures
from benchmarks.instructions.measure import MeasuringError, machine, measure
from benchmarks.instructions.previous import ROOT, UnavailableError, previous
from benchmarks.instructions.scenarios import Scenario, chosen

COMMANDS = ("measure", "compare", "previous")


def main(arguments: list[str]) -> int:
    """Do what the command line says; the process's exit code."""
    if not arguments or (arguments[0] not in COMMANDS and arguments[0] not in {"-h", "--help"}):
        arguments = ["measure", *arguments]
    options = _parser().parse_args(arguments)
    missing = callgrind.missing()
    if missing:
        return _missing(missing, skip=options.command == "previous")
    if not callgrind.addresses_can_be_fixed():
        print("address randomisation stays on: figures vary a little more", file=sys.stderr)
    try:
        code: int = options.run(options)
    except MeasuringError as error:
        print(error, file=sys.stderr)
        return 2
    return code


def _missing(packages: list[str], *, skip: bool) -> int:
    """Tell what to install."""
    told = f"needs what Debian has in: {' '.join(packages)} (apt-get install {' '.join(packages)})"
    if skip:
        print(f"instructions: not compared: {told}")
        return 0
    print(f"make instructions {told}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make instructions", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("measure", help="count, and show the baseline beside it")
    one.add_argument("--tree", type=Path, default=ROOT / "python", help="a folder with an envoi")
    one.add_argument("--label", default="now", help="the heading of its column")
    one.add_argument("--write", type=Path, help="a page of the documentation to put the table in")
    one.set_defaults(run=_measure)
    two = commands.add_parser("compare", help="count with two trees")
    two.add_argument("before", type=Path, help="a folder with an envoi, or a file of --json")
    two.add_argument("after", type=Path, help="the same for the change")
    two.set_defaults(run=_compare)
    three = commands.add_parser("previous", help="count with an earlier commit and this checkout")
    three.add_argument("--base", help="the commit; otherwise ENVOI_BASE, otherwise HEAD^")
    three.set_defaults(run=_previous)
    for each in (one, two, three):
        each.add_argument("--only", help="names of scenarios, with commas between them")
        each.add_argument("--short", action="store_true", help="only those that take seconds")
        each.add_argument("--repeat", type=int, default=1, help="times that each is counted")
        each.add_argument("--json", type=Path, help="write the (newer) figures into this file")
    return parser


def _measure(options: argparse.Namespace) -> int:
    found = _count(options.label, options.tree, options)
    before = figures.read(figures.BASELINE) if figures.BASELINE.exists() else None
    if before is not None:
        _warn(before, found)
    shown = figures.table(before, found)
    print(shown)
    if options.write is not None:
        figures.put_into_page(f"{figures.described(found.machine)}\n\n{shown}", options.write)
    return 0


def _compare(options: argparse.Namespace) -> int:
    before = _figures("before", options.before, options)
    after = _figures("after", options.after, options)
    return _judged(before, after, judge.allowances(judge.ALLOWED.read_text(encoding="utf-8")))


def _previous(options: argparse.Namespace) -> int:
    try:
        with previous(options.base) as base:
            try:
                before = _count(base.commit, base.tree, options)
            except MeasuringError as error:
                raise UnavailableError(f"{base.commit} cannot be measured: {error}") from error
            after = _count("this change", ROOT / "python", options)
            now = judge.ALLOWED.read_text(encoding="utf-8")
            return _judged(before, after, judge.added(now, base.allowed))
    except UnavailableError as error:
        print("instructions: not compared: " + " ".join(str(error).split()))
        return 0


def _figures(label: str, source: Path, options: argparse.Namespace) -> Figures:
    if source.suffix != ".json":
        return _count(label, source, options)
    names = {scenario.name for scenario in _scenarios(options)}
    kept = figures.read(source)
    return kept._replace(
        scenarios={name: entry for name, entry in kept.scenarios.items() if name in names}
    )


def _count(label: str, tree: Path, options: argparse.Namespace) -> Figures:
    measured = {}
    for scenario in _scenarios(options):
        print(f"{label}: {scenario.name}", file=sys.stderr, flush=True)
        measured[scenario.name] = measure(scenario, tree, options.repeat)
    found = Figures(label, machine(), measured)
    if options.json is not None:
        figures.write(found, options.json)
    return found


def _scenarios(options: argparse.Namespace) -> list[Scenario]:
    return chosen(options.only, short=options.short)


def _judged(before: Figures, after: Figures, allowed: list[judge.Allowance]) -> int:
    """Print the table and what is wrong; the exit code."""
    _warn(before, after)
    print(figures.table(before, after), flush=True)
    faults = judge.faults(before, after, allowed)
    for fault in faults:
        print(fault, file=sys.stderr, flush=True)
    return 1 if faults else 0


def _warn(before: Figures, after: Figures) -> None:
    for difference in figures.differing(before, after):
        print(f"not measured alike: {difference}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
