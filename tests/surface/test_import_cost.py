"""What `import envoi` and `Session()` cost, and what they must not do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import timeit

import pytest

import envoi

BUDGET = 0.040
"""Seconds of the processor that `import envoi` may take over a bare interpreter's start: waiting for other processes does not count."""
BUSY = 2.0
"""By how much a busy machine may exceed that."""
SESSION_BUDGET = 0.0001
NOT_YET = (
    "asyncio", "certifi", "charset_normalizer", "concurrent.futures", "dataclasses", "email", "h11", "http.client", "http.cookiejar", "inspect",
    "logging", "publicsuffixlist", "random", "requests", "ssl", "tempfile", "trio", "truststore", "trustme", "urllib.request", "envoi.testing",
)  # fmt: skip
TIMED = """\
import sys, time
before = time.process_time()
import envoi
print(time.process_time() - before)
"""


def python(code: str) -> str:
    environ = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # compiling is not importing
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    ).stdout


def test_import_is_quick() -> None:
    best = min(float(python(TIMED)) for _ in range(7))
    assert best <= BUDGET * BUSY


def test_import_leaves_the_slow_modules_for_later() -> None:
    loaded = set(
        json.loads(python("import sys, json, envoi; print(json.dumps(sorted(sys.modules)))"))
    )
    before = set(json.loads(python("import sys, json; print(json.dumps(sorted(sys.modules)))")))
    assert (loaded - before).isdisjoint(NOT_YET), sorted((loaded - before) & set(NOT_YET))


def test_import_starts_no_thread_and_prints_nothing() -> None:
    assert python("import envoi, threading; assert threading.active_count() == 1") == ""


def test_import_reads_no_certificates() -> None:
    opened = python(
        "import sys; seen = []; sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event == 'open' else None); import envoi; print(*seen, sep='\\n')"
    )
    assert [path for path in opened.splitlines() if path.endswith((".pem", ".crt", ".netrc"))] == []


@pytest.mark.parametrize("make", [envoi.Session, envoi.AsyncSession])
def test_sessions_cost_next_to_nothing_to_make(make: type) -> None:
    assert min(timeit.repeat(make, number=20, repeat=10)) / 20 <= SESSION_BUDGET


def test_a_session_that_was_never_used_loads_no_tls() -> None:
    assert (
        python("import sys, envoi\nwith envoi.Session(): pass\nprint('ssl' in sys.modules)")
        == "False\n"
    )
