"""The counting of instructions: what of it needs no valgrind, and what is in the repository."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "instructions"
PAGE = ROOT / "docs" / "instructions.md"
ENTRY = '[[allowed]]\nscenario = "sync-get"\npercent = {}\nsince = "0.1.0"\nreason = "{}"\n'

sys.path.insert(0, str(ROOT))
from benchmarks.instructions import __main__ as command  # noqa: E402
from benchmarks.instructions import callgrind, figures, judge, previous  # noqa: E402
from benchmarks.instructions.figures import Figures  # noqa: E402
from benchmarks.instructions.measure import LAYOUTS, Figure, MeasuringError, cost, figure  # noqa: E402
from benchmarks.instructions.scenarios import BY_NAME, chosen  # noqa: E402

sys.path.remove(str(ROOT))


def of(label: str, **instructions: float) -> Figures:
    scenarios = {name.replace("_", "-"): Figure(n, None) for name, n in instructions.items()}
    return Figures(label, {"python": "CPython"}, scenarios)


def test_slope_leaves_out_what_each_part_costs_once() -> None:
    assert callgrind.slope(5_000 + 100 * 70, 5_000 + 300 * 70, 100) == 70


def test_counts_are_those_between_the_marks_in_their_order(tmp_path: Path) -> None:
    for number, total in {2: 20, 10: 100, 1: 11}.items():
        text = f"version: 1\nevents: Ir\nfn=(1) main\n1 7\n\ntotals: {total}\n"
        (tmp_path / f"counts.{number}").write_text(text)
    (tmp_path / "counts").write_text("totals: 999\n")
    assert callgrind.counts(tmp_path) == [11, 20, 100]


def test_file_without_a_total_is_refused() -> None:
    with pytest.raises(ValueError, match="no total"):
        callgrind.total("version: 1\nevents: Ir\n")


def test_figure_is_the_least_run_and_tells_the_spread() -> None:
    assert figure([101.0, 100.0, 110.0]) == Figure(100.0, 0.1)
    assert figure([100.0]) == Figure(100.0, None)


def test_cost_is_that_of_the_best_layout() -> None:
    count = BY_NAME["sync-get"].requests
    parts = [9999, count * 100, count * 300] * (LAYOUTS - 1) + [9999, count * 90, count * 270]
    assert cost(parts, BY_NAME["sync-get"]) == 90
    assert cost([9999, 1234], BY_NAME["import"]) == 1234
    with pytest.raises(MeasuringError, match="sync-get: 4 files"):
        cost(parts[:4], BY_NAME["sync-get"])


def test_unknown_scenario_is_refused_by_name() -> None:
    with pytest.raises(SystemExit, match="no such scenario: nonsense"):
        chosen("sync-get,nonsense")


def test_short_scenarios_are_a_part_of_all() -> None:
    short = chosen(None, short=True)
    assert {scenario.name for scenario in short} < set(BY_NAME)
    assert all(scenario.short for scenario in short)


def test_two_per_cent_are_allowed_and_more_is_not() -> None:
    before = of("0.1.0", sync_get=1000, one_shot=1000)
    assert judge.faults(before, of("now", sync_get=1020, one_shot=500), []) == []
    (fault,) = judge.faults(before, of("now", sync_get=1021, one_shot=500), [])
    assert fault.startswith("sync-get costs 2.1 % more than 0.1.0; 2.0 % are allowed")


def test_scenario_without_an_earlier_figure_is_not_judged() -> None:
    assert judge.faults(of("0.1.0"), of("now", sync_get=1000), []) == []


def test_reason_in_the_repository_allows_more_for_its_scenario_alone() -> None:
    allowed = judge.allowances(ENTRY.format(5, "checks more"))
    before = of("0.1.0", sync_get=1000, one_shot=1000)
    assert judge.faults(before, of("now", sync_get=1050, one_shot=1000), allowed) == []
    assert len(judge.faults(before, of("now", sync_get=1051, one_shot=1050), allowed)) == 2


def test_reasons_of_several_changes_multiply() -> None:
    text = ENTRY.format(10, "one") + ENTRY.format(10, "another")
    assert judge.limit("sync-get", judge.allowances(text)) == pytest.approx(21)


def test_reason_of_an_earlier_change_does_not_excuse_a_later_one() -> None:
    old, new = ENTRY.format(5, "an old one"), ENTRY.format(3, "a new one")
    assert judge.added(old, old) == []
    assert [allowance.reason for allowance in judge.added(old + new, old)] == ["a new one"]


@pytest.mark.parametrize(
    "text",
    [
        '[[allowed]]\nscenario = "sync-get"\npercent = 5\n',
        ENTRY.format(5, " "),
        ENTRY.format(1, "allowed anyway"),
        ENTRY.format(5, "why").replace("sync-get", "nonsense"),
    ],
    ids=["incomplete", "without a reason", "needless", "of no scenario"],
)
def test_faulty_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="entry|scenario"):
        judge.allowances(text)


def test_file_of_reasons_can_be_read() -> None:
    read = judge.allowances(judge.ALLOWED.read_text(encoding="utf-8"))
    assert all(one.scenario in BY_NAME for one in read)


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = Figures("0.1.0", {"python": "CPython"}, {"sync-get": Figure(1000.5, 0.001)})
    figures.write(written, tmp_path / "figures.json")
    assert figures.read(tmp_path / "figures.json") == written


def test_other_machine_is_told() -> None:
    other = of("now")._replace(machine={"python": "PyPy"})
    assert figures.differing(of("0.1.0"), other) == ["python: CPython, then PyPy"]
    assert figures.differing(of("0.1.0"), of("now")) == []


def test_table_shows_both_and_the_ratio() -> None:
    table = figures.table(of("0.1.0", sync_get=10_000), of("now", sync_get=10_150, one_shot=7))
    assert "| scenario | 0.1.0 | now | ratio | spread |" in table
    assert "| sync GET, kept connection | 10,000 | 10,150 | 1.0150 | - |" in table
    assert "| `envoi.get`, new connection | - | 7 | - | - |" in table


def test_page_gets_the_table_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{figures.START}\nold\n{figures.END}\nafter\n")
    figures.put_into_page("new", page)
    assert page.read_text() == f"before\n{figures.START}\n\nnew\n\n{figures.END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no place"):
        figures.put_into_page("new", page)


def test_comparing_kept_figures_fails_above_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(callgrind, "missing", list)
    paths = [str(tmp_path / "before.json"), str(tmp_path / "after.json")]
    for path, count in zip(paths, (1000, 1030), strict=True):
        figures.write(of("x", sync_get=count), Path(path))
    assert command.main(["compare", *paths]) == 1
    assert "sync-get costs 3.0 % more" in capsys.readouterr().err
    assert command.main(["compare", *reversed(paths)]) == 0


def test_missing_programs_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(callgrind, "missing", lambda: ["valgrind"])
    assert command.main([]) == 2
    assert "apt-get install valgrind" in capsys.readouterr().err
    assert command.main(["previous"]) == 0
    assert capsys.readouterr().out.startswith("instructions: not compared: needs")


def test_missing_commit_is_told_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(callgrind, "missing", list)
    assert command.main(["previous", "--base", "no-such-commit"]) == 0
    assert "not compared: " in capsys.readouterr().out
    monkeypatch.setattr(previous.shutil, "which", lambda _: None)
    assert command.main(["previous"]) == 0
    assert capsys.readouterr().out == "instructions: not compared: git is not installed\n"


def test_baseline_has_every_scenario_and_its_machine() -> None:
    baseline = figures.read(figures.BASELINE)
    assert set(baseline.scenarios) == set(BY_NAME)
    assert all(entry.instructions > 10_000 for entry in baseline.scenarios.values())
    assert {"python", "processor", "valgrind"} <= set(baseline.machine)


def test_page_shows_the_baseline() -> None:
    text = PAGE.read_text(encoding="utf-8").partition(figures.START)[2].partition(figures.END)[0]
    baseline = figures.read(figures.BASELINE)
    rows = dict(re.findall(r"^\| (.+?) \| ([\d,]+) \|", text, re.MULTILINE))
    assert rows == {
        BY_NAME[name].title: f"{entry.instructions:,.0f}"
        for name, entry in baseline.scenarios.items()
    }


@pytest.fixture
def peer() -> Iterator[tuple[int, socket.socket]]:
    """The server's port, and our end of its gate."""
    ours, theirs = socket.socketpair()
    started = [sys.executable, "-P", str(FOLDER / "server.py"), str(theirs.fileno())]
    with ours, theirs:
        process = subprocess.Popen(
            started, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        theirs.close()
        ours.settimeout(10)
        yield int(process.stdout.readline()), ours
        ours.close()  # nobody measures any more: the server ends by itself
        process.communicate(timeout=10)
        assert process.returncode == 0


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="callgrind runs on Linux")


@linux
def test_server_answers_a_round_together_in_the_order_of_connections(
    peer: tuple[int, socket.socket],
) -> None:
    port, gate = peer
    with (
        socket.create_connection(("127.0.0.1", port), 10) as first,
        socket.create_connection(("127.0.0.1", port), 10) as second,
    ):
        second.sendall(b"GET /round/2 HTTP/1.1\r\nHost: peer\r\n\r\n")
        second.settimeout(0.05)
        with pytest.raises(TimeoutError):
            second.recv(1)
        first.sendall(b"GET /round/2 HTTP/1.1\r\nHost: peer\r\n\r\n")
        assert gate.recv(1) == b"."
        second.settimeout(10)
        assert first.recv(1000) == second.recv(1000)


@linux
@pytest.mark.parametrize("name", [name for name in BY_NAME if not BY_NAME[name].tls])
def test_client_runs_in_step_with_the_server(name: str, peer: tuple[int, socket.socket]) -> None:
    port, gate = peer
    arguments = [name, f"http://127.0.0.1:{port}", str(gate.fileno()), "", "16", "16", "2", "1"]
    done = subprocess.run(
        [sys.executable, str(FOLDER / "client.py"), *arguments],
        pass_fds=[gate.fileno()], capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    gate.settimeout(0.05)
    with pytest.raises(TimeoutError):
        gate.recv(1)  # the client saw every round
