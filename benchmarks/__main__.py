"""``python -m benchmarks``: measure, print, and on request write the figures for the docs."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import BY_NAME, CASES, Case
from benchmarks.chart import write_chart
from benchmarks.clients import BY_NAME as CLIENTS
from benchmarks.peer import Peer
from benchmarks.processes import client_and_server_cpus, raise_open_files_limit
from benchmarks.report import (
    describe_machine,
    print_case,
    print_verdicts,
    write_json,
    write_markdown,
)
from benchmarks.runner import FULL, QUICK, Effort, Results, measure
from benchmarks.server import MissingProgramError, serve
from benchmarks.targets import judge

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: The command line, without the program's name.
    """
    options = _parser().parse_args(arguments)
    cases = _chosen_cases(options.only, quick=options.quick)
    effort = QUICK if options.quick else FULL
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        results = run(
            cases,
            options.peers.split(",") if options.peers else list(CLIENTS),
            effort,
            options.envoi_python,
        )
    except MissingProgramError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    verdicts = judge(results.figures)
    print_verdicts(results, verdicts)
    print(f"\n{time.monotonic() - began:.0f} s")
    if options.write:
        stem = Path(options.write)
        machine = describe_machine(_cores())
        write_markdown(stem.with_suffix(".md"), results, verdicts, machine)
        write_json(stem.with_suffix(".json"), results, verdicts, machine)
        write_chart(stem.parent / "assets" / "benchmark.svg", results.figures)
    return 1 if options.strict and not all(verdict.passed for verdict in verdicts) else 0


def run(
    cases: Sequence[Case], names: Sequence[str], effort: Effort, envoi_python: str | None = None
) -> Results:
    """Start the server and the clients, measure, and stop them all.

    Args:
        cases: What to measure.
        names: The clients, by name.
        effort: How long to measure.
        envoi_python: Interpreter for envoi, where it is not the benchmark's own.

    Raises:
        MissingProgramError: nginx or openssl is not on the PATH.
    """
    client_cpu, server_cpu = client_and_server_cpus()
    peers = [Peer(CLIENTS[name], envoi_python, client_cpu) for name in names]
    try:
        with serve(server_cpu, raise_open_files_limit()) as site:
            return measure(cases, peers, site, effort, print_case)
    finally:
        for peer in peers:
            peer.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure envoi beside its peers and bare sockets."
    )
    parser.add_argument(
        "--only", metavar="CASE[,CASE]", help=f"cases to measure: {', '.join(BY_NAME)}"
    )
    parser.add_argument("--peers", metavar="A,B", help=f"clients to measure: {', '.join(CLIENTS)}")
    parser.add_argument(
        "--quick", action="store_true", help="the main cases with short batches, within 90 seconds"
    )
    parser.add_argument(
        "--write",
        metavar="PATH",
        help="write PATH.md, PATH.json and assets/benchmark.svg beside them (docs/benchmarks)",
    )
    parser.add_argument(
        "--envoi-python",
        metavar="PYTHON",
        help="interpreter that has envoi, instead of the benchmark's venv",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with status 1 if a target is missed"
    )
    return parser


def _chosen_cases(only: str | None, *, quick: bool) -> list[Case]:
    if only:
        unknown = [name for name in only.split(",") if name not in BY_NAME]
        if unknown:
            message = f"no such case: {', '.join(unknown)} (there are {', '.join(BY_NAME)})"
            raise SystemExit(message)
        return [BY_NAME[name] for name in only.split(",")]
    return [case for case in CASES if case.quick or not quick]


def _cores() -> int:
    import os

    return os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
