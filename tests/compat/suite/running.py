"""One run of requests' tests, on requests or on Envoi, and what became of each test."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .environment import HERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .environment import Environment

Library = Literal["requests", "envoi"]
PLUGINS = HERE / "plugins"
CHECKOUT = HERE.parents[2] / "python"
SECONDS_OF_A_TEST = 60
_SECONDS_OF_A_RUN = 1500
_SOME_FAILED = 1
_NONE_CHOSEN = 5

_NOT_HANDED_DOWN = frozenset(
    {
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NETRC",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONWARNINGS",
        "PYTEST_ADDOPTS",
        "PYTEST_PLUGINS",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
    }
)


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    result: Literal["passed", "failed", "skipped"]
    message: str = ""


@dataclass
class Run:
    """What a run of the tests gave."""

    library: str
    collected: list[str] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """Whatever went wrong that is no test's result."""
    module: str = ""
    """Where the `Session` that was tested comes from."""
    seconds: float = 0

    def count(self, result: str) -> int:
        """The number of tests with that result."""
        return sum(outcome.result == result for outcome in self.outcomes.values())

    def of(self, node: str) -> Outcome:
        """What became of a test; one during which the run ended has failed."""
        missing = "did not finish" if node in self.collected else "not collected"
        return self.outcomes.get(node, Outcome("failed", missing))


class Runner:
    """Runs pytest on requests' tests.

    Args:
        environment: where they are.
        network: what to put before the command.
    """

    def __init__(self, environment: Environment, network: tuple[str, ...]) -> None:
        self._environment = environment
        self._network = network

    def run(self, library: Library, options: Sequence[str] = ()) -> Run:
        """Run the tests, and read the outcomes.

        Args:
            library: what to test.
            options: more arguments for pytest.
        """
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder, "outcomes.jsonl")
            began = time.monotonic()
            problem = self._run_to_its_end(
                library, [f"--record-outcomes={record}", *options], folder
            )
            run = read_run(library, record)
            run.seconds = time.monotonic() - began
        if problem:
            run.problems.append(problem)
        return run

    def run_kept(self, library: Library, *, again: bool) -> Run:
        """Run all the tests unless there is a record of it for this environment.

        Args:
            library: what to test.
            again: do not use the record.
        """
        key = hashlib.sha256(repr(self._network).encode())
        for file in (*sorted(PLUGINS.glob("*.py")), Path(__file__)):
            key.update(file.read_bytes())
        record = self._environment.folder / f"{library}-{key.hexdigest()[:16]}.json"
        if record.exists() and not again:
            kept = json.loads(record.read_text(encoding="utf-8"))
            kept["outcomes"] = {
                node: Outcome(**outcome) for node, outcome in kept["outcomes"].items()
            }
            return Run(**kept)
        run = self.run(library)
        if not run.problems:
            _write_whole(record, json.dumps(run, default=vars))
        return run

    def show(self, library: Library, node: str) -> int:
        """Run one test with all that pytest has to say about it on the terminal, and return pytest's exit status.

        Args:
            library: what to test.
            node: the test, as pytest names it.
        """
        with tempfile.TemporaryDirectory() as folder:
            return self._pytest(library, ["-vv", "--tb=long", "-rA", node], folder).returncode

    def _run_to_its_end(self, library: Library, options: Sequence[str], home: str) -> str | None:
        try:
            done = self._pytest(
                library,
                ["-qq", "--tb=short", *options],
                home,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except subprocess.TimeoutExpired:
            return f"stopped after {_SECONDS_OF_A_RUN} s"
        if done.returncode in {0, _SOME_FAILED, _NONE_CHOSEN}:
            return None
        return (
            f"pytest ended with {done.returncode}; the last of its output:\n{done.stdout[-3000:]}"
        )

    def _pytest(
        self, library: Library, options: Sequence[str], home: str, **streams: int
    ) -> subprocess.CompletedProcess[str]:
        plugins = [
            "-p",
            "no:cacheprovider",
            "-p",
            "record_outcomes",
            *(["-p", "envoi_as_requests"] if library == "envoi" else []),
        ]
        limits = [f"--timeout={SECONDS_OF_A_TEST}", "--continue-on-collection-errors"]
        source = CHECKOUT if library == "envoi" else self._environment.requests / "src"
        return subprocess.run(
            [
                *self._network,
                str(self._environment.python),
                "-m",
                "pytest",
                *plugins,
                *limits,
                *options,
            ],
            cwd=self._environment.requests,
            env=clean_environment(os.environ)
            | {"PYTHONPATH": f"{source}{os.pathsep}{PLUGINS}", "HOME": home, "USERPROFILE": home},
            stdin=subprocess.DEVNULL,
            **streams,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS_OF_A_RUN,
        )


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that would change what the tests see.

    Args:
        variables: the ones of this process.
    """
    return {
        name: value
        for name, value in variables.items()
        if name not in _NOT_HANDED_DOWN and not name.lower().endswith("_proxy")
    }


def read_run(library: Library, record: Path) -> Run:
    """Read what the plugin wrote.

    Args:
        library: what was tested.
        record: the plugin's file, which may end anywhere.
    """
    run = Run(library)
    text = record.read_text(encoding="utf-8") if record.exists() else ""
    for line in text[: text.rfind("\n") + 1].splitlines():
        entry = json.loads(line)
        match entry["kind"]:
            case "collected":
                run.collected.append(entry["node"])
            case "outcome":
                run.outcomes[entry["node"]] = Outcome(entry["result"], entry["message"])
            case "uncollected":
                run.problems.append(f"{entry['node']} could not be collected: {entry['message']}")
            case "library":
                run.module = entry["module"]
    if not run.collected and not run.problems:
        run.problems.append("no test was collected")
    return run


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
