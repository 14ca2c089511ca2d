"""Interrupts at random instants: nothing is lost, no lock stays held, and none is swallowed."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import envoi

PROGRAM = Path(__file__).parent / "interrupted.py"
SOURCES = Path(envoi.__file__).parent

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer") or not Path("/proc/self/fd").exists(), reason="Linux's timers"
)


def interrupted(kind, count, limit):
    # Warnings are off: a coroutine that an interrupt kept from being awaited is warned of.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM), kind, str(count), "7"],
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    figures = json.loads(done.stdout)
    assert figures["interrupts"] >= count
    assert figures["swallowed"] == []
    assert figures["raised"] == figures["interrupts"]
    assert figures["failures"] == []
    assert figures["stuck"] == 0
    assert figures["lost"] == figures["waiting"] == 0
    assert figures["can_be_had"] == 3
    if kind != "core":
        assert figures["sockets"] == 0
        assert figures["open_at_last"] == 0


@pytest.mark.parametrize(("kind", "count"), [("core", 5000), ("requests", 2000), ("threads", 1000)])
def test_pool_is_whole_after_thousands_of_interrupts(kind, count):
    interrupted(kind, count, 50)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["core", "requests"])
def test_pool_is_whole_after_a_hundred_thousand_interrupts(kind):
    interrupted(kind, 100_000, 800)


def test_with_is_the_one_lock_idiom():
    """An interrupt between `acquire()` and `try` leaves a lock held for ever; `with` never does."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "acquire"
            ):
                inside = [
                    one.name for one in classes if one.lineno <= node.lineno <= one.end_lineno
                ]
                found.append((path.relative_to(SOURCES).as_posix(), *inside, len(node.args)))
    assert set(found) == {
        ("_io/blocking.py", "BlockingWaiter", 0),  # a signal, no lock
        ("_net/pool.py", "Pool", 3),  # the pool's, and no lock's
        ("_pipeline/carry.py", 3),
    }
