"""The benchmark's harness runs from end to end with the standard library alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEARCH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pins processes as Linux does"),
    pytest.mark.skipif(shutil.which("nginx", path=SEARCH) is None, reason="nginx is not installed"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]


def run_benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_quick_run_prints_a_table_and_writes_page_figures_and_chart(tmp_path: Path) -> None:
    cases = (
        "sync,threads-8,asyncio-64,tls-asyncio-64,tls-connect,body,session,one-shot,memory-body-1"
    )
    done = run_benchmark(
        "--quick",
        "--only",
        cases,
        "--peers",
        "floor,http.client",
        "--write",
        str(tmp_path / "benchmarks"),
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout
    figures = json.loads((tmp_path / "benchmarks.json").read_text())["cases"]
    assert set(figures["sync"]["figures"]) == {"floor", "http.client"}
    assert set(figures["asyncio-64"]["figures"]) == {"floor"}
    assert set(figures) == set(cases.split(","))
    assert all(
        figure["wall"] > 0 for case in figures.values() for figure in case["figures"].values()
    )
    assert "| http.client |" in (tmp_path / "benchmarks.md").read_text()
    assert (tmp_path / "assets" / "benchmark.svg").read_text().startswith("<svg")


def test_unknown_case_is_refused_by_name() -> None:
    done = run_benchmark("--only", "nonsense")
    assert done.returncode != 0
    assert "no such case: nonsense" in done.stderr


def test_targets_are_judged_by_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peer import Figure
    from benchmarks.targets import judge

    sync = {"envoi": Figure(9.0, 5.0), "pycurl": Figure(10.0, 10.0), "floor": Figure(5.0, 2.0)}
    verdicts = {verdict.text: verdict for verdict in judge({"sync": sync})}
    assert verdicts["sync CPU <= 0.7 x pycurl"].passed
    assert not verdicts["sync CPU <= 1.7 x floor"].passed
    assert verdicts["sync: ahead of the best peer (pycurl)"].value == "0.90 (CPU 0.50)"
