"""What the two runs say about Envoi."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .running import Run

FEWEST_PASSED_BY_REQUESTS = 610
"""Where requests passes fewer of its own tests, something is wrong with the machine, and the comparison means little."""


@dataclass
class Comparison:
    """The tests, divided. Each stands in one place only."""

    passed: list[str] = field(default_factory=list)
    """Passed by both."""
    failed: dict[str, str] = field(default_factory=dict)
    """Passed by requests but not by Envoi, and what happened."""
    excused: dict[str, str] = field(default_factory=dict)
    """The same, with an excuse, and what happened."""
    set_aside: list[str] = field(default_factory=list)
    """Skipped by requests, or failed on this machine."""
    faults: list[str] = field(default_factory=list)
    """What else is wrong: with the runs, or with the list of excused tests."""

    @property
    def good(self) -> bool:
        """Whether Envoi passes all that it has to."""
        return not self.failed and not self.faults


def compare(
    requests: Run, envoi: Run, excuses: Mapping[str, str], *, whole: bool = True
) -> Comparison:
    """Hold Envoi's run against requests'.

    Args:
        requests: all the tests, run on requests.
        envoi: the tests, run on Envoi.
        excuses: the tests that Envoi need not pass.
        whole: Envoi's run should be all the tests. If not, those that it did not collect are left out.
    """
    found = Comparison(
        faults=[
            f"on {run.library}: {problem}" for run in (requests, envoi) for problem in run.problems
        ]
    )
    for node in requests.collected:
        if not whole and node not in envoi.collected:
            continue
        outcome = envoi.of(node)
        if requests.of(node).result != "passed":
            found.set_aside.append(node)
            if node not in envoi.collected:
                found.faults.append(f"{node} is not collected on envoi")
        elif node in excuses and outcome.result == "passed":
            found.faults.append(f"{node} is excused, but passes")
        elif node in excuses:
            found.excused[node] = outcome.message
        elif outcome.result == "passed":
            found.passed.append(node)
        else:
            found.failed[node] = (
                outcome.message if outcome.result == "failed" else f"skipped: {outcome.message}"
            )
    found.faults += _wrong_library(requests, envoi)
    found.faults += [
        f"{node} is excused, but there is no such test"
        for node in excuses
        if node not in requests.collected
    ]
    if requests.count("passed") < FEWEST_PASSED_BY_REQUESTS:
        found.faults.append(
            f"requests passes {requests.count('passed')} of its own tests; it should pass {FEWEST_PASSED_BY_REQUESTS} or more"
        )
    return found


def _wrong_library(*runs: Run) -> list[str]:
    return [
        f"on {run.library}: `requests.Session` is from {run.module}"
        for run in runs
        if run.module and run.module.partition(".")[0] != run.library
    ]
