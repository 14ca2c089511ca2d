"""The verdict over the two runs, and the list of excused tests."""

from __future__ import annotations

import pytest

from compat.suite.comparison import FEWEST_PASSED_BY_REQUESTS, Comparison, compare
from compat.suite.excuses import EXCUSED, MOST, ExcusesError, read_excuses
from compat.suite.running import Outcome, Run

REST = [f"rest[{number}]" for number in range(FEWEST_PASSED_BY_REQUESTS)]


def run_of(library: str, **results: str) -> Run:
    """A run in which each test named had that result, and the rest passed; "unfinished" has none, "missing" is not collected."""
    run = Run(library, module=f"{library}.sessions")
    run.collected = [*(node for node, result in results.items() if result != "missing"), *REST]
    run.outcomes = {node: Outcome("passed") for node in REST}
    run.outcomes |= {
        node: Outcome(result, "why")
        for node, result in results.items()
        if result not in {"missing", "unfinished"}
    }
    return run


def verdict(
    on_requests: str, on_envoi: str, excuses: dict[str, str] | None = None, **options: bool
) -> Comparison:
    return compare(
        run_of("requests", one=on_requests), run_of("envoi", one=on_envoi), excuses or {}, **options
    )


def test_all_passed_by_both_is_good() -> None:
    found = verdict("passed", "passed")
    assert found.good
    assert found.passed == ["one", *REST]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("failed", "why"),
        ("skipped", "skipped: why"),
        ("missing", "not collected"),
        ("unfinished", "did not finish"),
    ],
)
def test_passed_by_requests_alone_is_a_failure(result: str, message: str) -> None:
    found = verdict("passed", result)
    assert not found.good
    assert found.failed == {"one": message}
    assert found.passed == REST


@pytest.mark.parametrize("result", ["failed", "skipped", "unfinished"])
def test_not_passed_by_requests_is_set_aside(result: str) -> None:
    found = verdict(result, "failed")
    assert found.good
    assert found.set_aside == ["one"]


def test_fewer_collected_is_a_fault_even_if_requests_skips_the_test() -> None:
    assert verdict("skipped", "missing").faults == ["one is not collected on envoi"]


def test_what_was_not_chosen_is_left_out() -> None:
    found = verdict("passed", "missing", whole=False)
    assert found.good
    assert found.passed == REST


def test_excused_failure_is_no_failure() -> None:
    found = verdict("passed", "failed", {"one": "a pool of urllib3's"})
    assert found.good
    assert found.excused == {"one": "why"}


def test_excused_test_that_passes_is_a_fault() -> None:
    found = verdict("passed", "passed", {"one": "a pool of urllib3's"})
    assert found.faults == ["one is excused, but passes"]


def test_excuse_for_a_test_that_is_not_there_is_a_fault() -> None:
    assert verdict("passed", "passed", {"other": "gone"}).faults == [
        "other is excused, but there is no such test"
    ]


def test_problem_of_a_run_is_a_fault() -> None:
    envoi = run_of("envoi")
    envoi.problems.append("pytest ended with -11")
    assert compare(run_of("requests"), envoi, {}).faults == ["on envoi: pytest ended with -11"]


def test_run_on_the_other_library_is_a_fault() -> None:
    envoi = run_of("envoi")
    envoi.module = "requests.sessions"
    assert compare(run_of("requests"), envoi, {}).faults == [
        "on envoi: `requests.Session` is from requests.sessions"
    ]


def test_requests_that_fails_its_own_tests_proves_nothing() -> None:
    requests, envoi = run_of("requests"), run_of("envoi")
    del requests.outcomes[REST[0]]
    assert compare(requests, envoi, {}).faults == [
        "requests passes 609 of its own tests; it should pass 610 or more"
    ]


def test_list_of_excused_tests_is_as_it_may_be() -> None:
    assert len(read_excuses(EXCUSED)) <= MOST


def test_a_ninth_excuse_is_refused(tmp_path) -> None:
    path = tmp_path / "excused.toml"
    path.write_text("[excused]\n" + "".join(f'"test_{number}" = "reason"\n' for number in range(9)))
    with pytest.raises(ExcusesError, match="9 tests are excused, and 8 may be"):
        read_excuses(path)


def test_excuse_without_reason_is_refused(tmp_path) -> None:
    path = tmp_path / "excused.toml"
    path.write_text('[excused]\n"test_one" = " "\n')
    with pytest.raises(ExcusesError, match="without a reason: test_one"):
        read_excuses(path)
