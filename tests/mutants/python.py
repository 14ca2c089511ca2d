"""Runs tests against a changed copy of the package, each time in a child of this process.

The working tree is not touched: the package is copied once, and one module of the copy is replaced
at a time. What all tests import is imported before the first child is made.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.mutants.mutations import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
_SHARED = (
    "hypothesis",
    "httpbin",
    "httpx",
    "requests",
    "trio",
    "trustme",
    "_pytest.unraisableexception",
)
_OPTIONS = (
    "-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:logging",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
_SLOWER = 5
"""A run may take so many times as long as the run of the unchanged code, and some seconds more."""
_SECONDS_MORE = 20


class BrokenTests(Exception):
    """The tests fail without any mutant."""


def run(file: str, tests: list[str], functions: list[str]) -> tuple[list[Mutant], list[Mutant]]:
    """All mutants of a module, and those that its tests let live.

    Args:
        file: the module, from the root of the repository.
        tests: what to run, from there as well.
        functions: those to mutate; all when empty.

    Raises:
        BrokenTests: the tests fail before anything was changed.
    """
    for name in _SHARED:
        __import__(name)
    with TemporaryDirectory(prefix="envoi-mutants-") as folder:
        package = Path(folder, "envoi")
        shutil.copytree(
            ROOT / "python" / "envoi", package, ignore=shutil.ignore_patterns("__pycache__")
        )
        module = Path(folder, Path(file).relative_to("python"))
        source = module.read_text(encoding="utf-8")
        began = time.monotonic()
        if not _passes(tests, folder, 600):
            raise BrokenTests(f"{', '.join(tests)}: they fail without a change in {file}")
        patience = _SLOWER * (time.monotonic() - began) + _SECONDS_MORE
        every = list(mutants(source, frozenset(functions)))
        survivors = []
        for number, mutant in enumerate(every, 1):
            module.write_text(mutant.source, encoding="utf-8")
            if _passes(tests, folder, patience):
                survivors.append(mutant)
            _progress(f"{file}: {number} of {len(every)}, {len(survivors)} alive")
        return every, survivors


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


def _passes(tests: list[str], folder: str, seconds: float) -> bool:
    """Whether all tests pass; when they take too long, they do not."""
    child = os.fork()
    if child == 0:
        _run_tests(tests, folder)
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run_tests(tests: list[str], folder: str) -> None:
    """In the child: run the tests, and end."""
    code = 3
    try:
        os.setpgid(0, 0)
        os.chdir(ROOT)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.dont_write_bytecode = True
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = folder
        code = int(pytest.main([*_OPTIONS, *tests]))
    finally:
        os._exit(code)
