"""Measuring: the batches of all clients interleaved, case by case."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.cases import FRESH_KINDS, LARGE_BYTES, Case
from benchmarks.peer import (
    Figure,
    MissingClientError,
    Peer,
    PeerError,
    UnsupportedCaseError,
    checked,
)
from benchmarks.processes import start, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.server import Site

_FRESH_SECONDS = 30.0
_MOST_OPERATIONS = 50_000


class Effort(NamedTuple):
    """How long to measure.

    Attributes:
        rounds: Batches per client and case; the best counts.
        batch_seconds: What a batch should take.
        fresh_rounds: New processes per client and case, where each measurement needs one.
    """

    rounds: int
    batch_seconds: float
    fresh_rounds: int


FULL = Effort(rounds=5, batch_seconds=0.2, fresh_rounds=6)
QUICK = Effort(rounds=3, batch_seconds=0.08, fresh_rounds=3)


class Results:
    """Figures and failures of a run."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, Figure]] = {}
        self.failures: dict[str, dict[str, str]] = {}
        self.missing: dict[str, str] = {}

    def keep_best(self, case: Case, peer: Peer, figure: Figure) -> None:
        """Take in a batch's figure."""
        best = self.figures.setdefault(case.name, {}).get(peer.name)
        kept = (
            figure
            if best is None
            else Figure(min(best.wall, figure.wall), min(best.cpu, figure.cpu))
        )
        self.figures[case.name][peer.name] = kept

    def fail(self, case: Case, peer: Peer, problem: PeerError) -> None:
        """Take in a failure, and drop the client's figure for the case."""
        self.figures.get(case.name, {}).pop(peer.name, None)
        if isinstance(problem, MissingClientError):
            self.missing[peer.name] = str(problem)
        else:
            self.failures.setdefault(case.name, {})[peer.name] = str(problem)


def measure(
    cases: Iterable[Case],
    peers: Sequence[Peer],
    site: Site,
    effort: Effort,
    report: Callable[[Case, Results], None],
) -> Results:
    """Measure every case with every client that can do it.

    Args:
        cases: What to measure.
        peers: The clients.
        site: The server's pages.
        effort: How long to measure.
        report: Called after each case.
    """
    results = Results()
    for peer in peers:
        peer.launch()
    for case in cases:
        taking_part = [
            peer
            for peer in peers
            if peer.name not in results.missing and (case.peers is None or peer.name in case.peers)
        ]
        if case.kind in FRESH_KINDS:
            _measure_fresh(case, taking_part, site, effort, results)
        else:
            _measure_interleaved(case, taking_part, site, effort, results)
        report(case, results)
    return results


def _measure_interleaved(
    case: Case, peers: list[Peer], site: Site, effort: Effort, results: Results
) -> None:
    counts: dict[Peer, int] = {}

    def warm_up(peer: Peer) -> None:
        counts[peer] = _warm_up(case, peer, site, effort)

    def run(peer: Peer) -> None:
        results.keep_best(case, peer, peer.run(counts[peer]))

    for peer in peers:
        _guarded(case, peer, results, warm_up)
    for _ in range(effort.rounds):
        for peer in list(counts):
            if not _guarded(case, peer, results, run):
                del counts[peer]
    for peer in counts:
        _guarded(case, peer, results, Peer.close_case)


def _warm_up(case: Case, peer: Peer, site: Site, effort: Effort) -> int:
    peer.open(case, site)
    if case.size >= LARGE_BYTES:
        first = peer.run(1)
        return max(1, min(20, int(effort.batch_seconds / first.wall)))
    peer.run(case.at_once)
    estimate = peer.run(max(2 * case.at_once, 10)).wall
    return max(case.at_once, min(_MOST_OPERATIONS, int(effort.batch_seconds / estimate)))


def _measure_fresh(
    case: Case, peers: list[Peer], site: Site, effort: Effort, results: Results
) -> None:
    # For imports, the bare interpreter is the floor, and is subtracted.
    remaining = [peer for peer in peers if case.kind != "import" or peer.name != "floor"]
    bare: dict[str, Figure] = {}
    rounds = 1 if case.unit == "MB" else effort.fresh_rounds

    def once(peer: Peer) -> None:
        if case.kind == "import":
            bare[peer.name] = _lower(bare.get(peer.name), _time_program(peer, "pass"))
            results.keep_best(case, peer, _time_program(peer, peer.imports))
        else:
            results.keep_best(case, peer, _fresh(case, peer, site))

    for _ in range(rounds):
        for peer in list(remaining):
            if not _guarded(case, peer, results, once):
                remaining.remove(peer)
    for name, figure in list(results.figures.get(case.name, {}).items()):
        if name in bare:
            results.figures[case.name][name] = Figure(
                max(figure.wall - bare[name].wall, 0.0), max(figure.cpu - bare[name].cpu, 0.0)
            )


def _fresh(case: Case, peer: Peer, site: Site) -> Figure:
    command = [
        peer.python,
        "-m",
        "benchmarks.fresh",
        case.kind,
        peer.name,
        site.page(case.page),
        site.ca,
        str(case.size),
    ]
    process = start(command, peer.cpu, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        output, _ = process.communicate(timeout=_FRESH_SECONDS)
    except subprocess.TimeoutExpired as problem:
        message = f"not done within {_FRESH_SECONDS:.0f} s"
        raise PeerError(message) from problem
    finally:
        stop(process)
    if not output:
        message = f"the process ended with status {process.returncode}"
        raise PeerError(message)
    answer = checked(json.loads(output.splitlines()[-1]))
    return Figure(float(answer["wall"]), float(answer["cpu"]))


def _time_program(peer: Peer, statement: str) -> Figure:
    began, cpu = time.perf_counter(), _children_cpu()
    process = start(
        [peer.python, "-c", statement], peer.cpu, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        # The end of its output tells when it ends; waiting with a timeout would poll every 50 ms.
        process.communicate(timeout=_FRESH_SECONDS)
        wall = time.perf_counter() - began
    except subprocess.TimeoutExpired as problem:
        message = "the import did not end"
        raise PeerError(message) from problem
    finally:
        stop(process)
    if process.returncode != 0:
        message = f"`{statement}` fails"
        raise PeerError(message)
    return Figure(wall, _children_cpu() - cpu)


def _children_cpu() -> float:
    if sys.platform == "win32":
        return 0.0
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lower(one: Figure | None, other: Figure) -> Figure:
    return other if one is None else Figure(min(one.wall, other.wall), min(one.cpu, other.cpu))


def _guarded(case: Case, peer: Peer, results: Results, work: Callable[[Peer], None]) -> bool:
    try:
        work(peer)
    except UnsupportedCaseError:
        return False
    except PeerError as problem:
        results.fail(case, peer, problem)
        peer.stop()
        return False
    return True
