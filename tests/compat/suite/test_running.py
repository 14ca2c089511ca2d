"""What a run records, and what surrounds it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from compat.suite.network import private_network
from compat.suite.running import PLUGINS, Outcome, clean_environment, read_run

TESTS = """
import os
import pytest

@pytest.fixture
def broken(): raise ValueError("no such thing")

@pytest.fixture
def broken_after():
    yield
    raise ValueError("not closed")

def test_good(): pass
def test_bad(): assert 1 == 2
def test_skipped(): pytest.skip("not here")
def test_set_up(broken): pass
def test_torn_down(broken_after): pass
@pytest.mark.xfail
def test_expected(): assert False
"""


def record(tmp_path, **files: str):
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    path = tmp_path / "outcomes.jsonl"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "record_outcomes",
        "-p",
        "no:randomly",
        f"--record-outcomes={path}",
    ]
    environment = clean_environment(os.environ) | {"PYTHONPATH": str(PLUGINS)}
    subprocess.run(
        [*command, "--continue-on-collection-errors", "."],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    return read_run("envoi", path)


def test_each_result_is_recorded(tmp_path) -> None:
    run = record(tmp_path, test_all=TESTS)
    results = {node.partition("::")[2]: outcome.result for node, outcome in run.outcomes.items()}
    assert results == {
        "test_good": "passed",
        "test_bad": "failed",
        "test_skipped": "skipped",
        "test_set_up": "failed",
        "test_torn_down": "failed",
        "test_expected": "skipped",
    }
    assert run.collected == list(run.outcomes)
    assert run.of("test_all.py::test_bad").message.startswith("assert 1 == 2  (")
    assert run.of("test_all.py::test_skipped").message == "Skipped: not here"
    assert not run.problems


def test_module_that_cannot_be_imported_is_a_problem_and_the_others_run(tmp_path) -> None:
    run = record(tmp_path, test_all=TESTS, test_broken="import no_such_module")
    assert len(run.outcomes) == 6
    assert run.problems == [
        "test_broken.py could not be collected: E   ModuleNotFoundError: No module named 'no_such_module'"
    ]


def test_process_that_dies_leaves_what_was_done(tmp_path) -> None:
    run = record(
        tmp_path,
        test_all="import os\ndef test_good(): pass\ndef test_deadly(): os._exit(3)\ndef test_later(): pass\n",
    )
    assert run.of("test_all.py::test_good") == Outcome("passed")
    assert run.of("test_all.py::test_deadly") == Outcome("failed", "did not finish")
    assert run.of("test_all.py::test_later") == Outcome("failed", "did not finish")


def test_half_a_line_is_not_read(tmp_path) -> None:
    path = tmp_path / "outcomes.jsonl"
    path.write_text('{"kind": "collected", "node": "one"}\n{"kind": "outc')
    assert read_run("envoi", path).collected == ["one"]


def test_no_test_at_all_is_a_problem(tmp_path) -> None:
    assert read_run("envoi", tmp_path / "missing").problems == ["no test was collected"]


def test_certificates_and_proxies_of_the_machine_are_not_handed_down() -> None:
    ambient = {
        "REQUESTS_CA_BUNDLE": "a",
        "SSL_CERT_FILE": "b",
        "NETRC": "c",
        "https_proxy": "d",
        "NO_PROXY": "e",
        "PYTHONPATH": "f",
        "LANG": "C",
    }
    assert clean_environment(ambient) == {"LANG": "C"}


_CONNECT = """
import socket
for address in (("10.255.255.1", 80), ("127.0.0.1", 1)):
    try:
        socket.create_connection(address, timeout=0.2)
    except OSError as error:
        print(type(error).__name__)
"""


def test_private_network_swallows_what_goes_to_the_black_hole_and_has_loopback() -> None:
    network = private_network()
    if not network:
        pytest.skip("this system gives no network of one's own")
    done = subprocess.run(
        [*network, sys.executable, "-c", _CONNECT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["TimeoutError", "ConnectionRefusedError"]
