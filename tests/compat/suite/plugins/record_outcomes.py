"""A plugin for pytest that writes what became of each test, one JSON object a line, so that a crash loses nothing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-outcomes", metavar="FILE", help="where to write what became of each test"
    )


def pytest_configure(config: pytest.Config) -> None:
    if path := config.getoption("--record-outcomes"):
        config.pluginmanager.register(_Recorder(path))


class _Recorder:
    def __init__(self, path: str) -> None:
        self._file = open(path, "w", encoding="utf-8", buffering=1)
        self._phases: dict[str, list[pytest.TestReport]] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._write(
                kind="uncollected",
                node=report.nodeid or "tests",
                message=_last_line(report.longreprtext),
            )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self._write(kind="collected", node=item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        phases = self._phases.setdefault(report.nodeid, [])
        phases.append(report)
        if report.when == "teardown":
            del self._phases[report.nodeid]
            decisive = next((one for one in phases if one.failed), None) or next(
                (one for one in phases if one.skipped), phases[-1]
            )
            self._write(
                kind="outcome",
                node=report.nodeid,
                result=decisive.outcome,
                message=_reason(decisive),
            )

    def pytest_sessionfinish(self) -> None:
        sessions = sys.modules.get("requests.sessions")
        library = sessions.Session.__module__ if sessions else "none"
        self._write(
            kind="library",
            module=library,
            version=getattr(sys.modules.get("requests"), "__version__", ""),
        )
        self._file.close()

    def _write(self, **entry: Any) -> None:
        self._file.write(json.dumps(entry) + "\n")


def _reason(report: pytest.TestReport) -> str:
    if report.passed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return f"{_first_line(crash.message)}  ({crash.path}:{crash.lineno})"
    return _last_line(
        report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longreprtext
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
