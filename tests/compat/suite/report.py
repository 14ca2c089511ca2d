"""What is printed. The last line is the summary, in a form that other programs can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .running import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .comparison import Comparison
    from .environment import Environment
    from .running import Run

_LONGEST = 240
_TITLE = "requests' own tests on"


def print_comparison(
    comparison: Comparison, requests: Run, envoi: Run, environment: Environment
) -> None:
    """The figures of both, each test that Envoi does not pass though requests does, and the summary.

    Args:
        comparison: the verdict.
        requests: the run on requests.
        envoi: the run on Envoi.
        environment: whose paths are shortened.
    """
    _print_figures(requests, envoi)
    on_requests = {
        node: requests.of(node).message
        for node in comparison.set_aside
        if requests.of(node).result == "failed"
    }
    _print_tests("set aside, because requests fails them on this machine", on_requests, environment)
    _print_tests("excused", comparison.excused, environment)
    _print_tests("passed by requests, not by envoi", comparison.failed, environment)
    if comparison.faults:
        print("\nfaults")
        for fault in comparison.faults:
            print(f"  {_shortened(fault, environment)}")
    print()
    failed = len(comparison.failed) + len(comparison.faults)
    print(
        f"{len(comparison.passed)} passed, {failed} failed, {len(comparison.excused) + len(comparison.set_aside)} skipped",
        flush=True,
    )


def print_run(run: Run, environment: Environment) -> None:
    """One run by itself.

    Args:
        run: the run.
        environment: whose paths are shortened.
    """
    _print_figures(run)
    failed = {
        node: run.of(node).message for node in run.collected if run.of(node).result == "failed"
    }
    _print_tests("failed", failed, environment)
    for problem in run.problems:
        print(f"\n{_shortened(problem, environment)}")
    print()
    print(
        f"{run.count('passed')} passed, {len(failed) + len(run.problems)} failed, {run.count('skipped')} skipped",
        flush=True,
    )


def _print_figures(*runs: Run) -> None:
    print(f"\n{_TITLE:<24}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for run in runs:
        failed = sum(run.of(node).result == "failed" for node in run.collected)
        print(
            f"{run.library:<24}{run.count('passed'):>8}{failed:>8}{run.count('skipped'):>8}{run.seconds:>9.0f}"
        )


def _print_tests(title: str, tests: Mapping[str, str], environment: Environment) -> None:
    if not tests:
        return
    print(f"\n{title}: {len(tests)}")
    unrun: dict[str, int] = {}
    for node, message in tests.items():
        if message in {"not collected", "did not finish"}:
            unrun[message] = unrun.get(message, 0) + 1
            if unrun[message] > 1:
                continue  # a run that breaks off leaves hundreds, and the first tells where
        print(f"  {node}")
        print(f"      {_shortened(message, environment)[:_LONGEST]}")
    for message, number in unrun.items():
        if number > 1:
            print(f"  … and {number - 1} more: {message}")


def _shortened(message: str, environment: Environment) -> str:
    for long, short in (
        (f"{environment.requests}/", ""),
        (f"{environment.folder}/", ""),
        (f"{CHECKOUT}/", ""),
    ):
        message = message.replace(long, short)
    return message
