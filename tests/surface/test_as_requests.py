"""Envoi under requests' name: in a process of its own, because it is for the rest of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import envoi
from envoi._requests.install import MODULES
from envoi.testing import Server

pytestmark = pytest.mark.timeout(60)


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=cwd,
    )


def printed(code: str) -> list[str]:
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_import_requests_gives_envoi() -> None:
    code = """
import envoi
envoi.install_as_requests()
envoi.install_as_requests()
import requests, requests.adapters, requests.exceptions as errors
from requests import Session, get, codes
from requests.sessions import Session as again
from requests.packages.urllib3.util import Retry
import importlib.util
print(Session is again is envoi.Session, requests.adapters.HTTPAdapter is envoi.adapters.HTTPAdapter, errors is envoi.exceptions)
print(requests.__version__.split(".")[0], codes.ok, Retry.__name__, importlib.util.find_spec("requests").name)
print(requests.exceptions.JSONDecodeError is requests.JSONDecodeError, hasattr(requests, "nothing"))
"""
    assert printed(code) == ["True True True", "2 200 Retry requests", "True False"]


def test_every_module_of_requests_is_there() -> None:
    names = ", ".join(f"requests.{name}" for name in MODULES)
    code = f"import envoi, sys; envoi.install_as_requests(); import {names}"
    check = "print([name for name in sys.modules if name.startswith('requests.') and not sys.modules[name].__name__.startswith('envoi')])"
    assert printed(f"{code}; {check}") == ["[]"]


def test_the_real_requests_has_no_module_that_is_missing() -> None:
    import requests

    real = {path.stem for path in Path(requests.__file__).parent.glob("*.py")} - {
        "__init__",
        "_types",
    }
    assert real <= set(MODULES)
    public = (
        {name for name in requests.__all__ if not name.startswith("_")}
        if hasattr(requests, "__all__")
        else {"get", "Session"}
    )
    assert {name for name in public if not hasattr(envoi, name)} == set()


def test_too_late_is_told() -> None:
    code = """
import requests, envoi
try:
    envoi.install_as_requests()
except envoi.exceptions.AlreadyImported as error:
    print("before anything does" in str(error), requests.__file__ in str(error), isinstance(error, RuntimeError))
"""
    assert printed(code) == ["True True True"]


def test_patching_the_alias_reaches_the_classes(server: Server) -> None:
    code = f"""
import envoi
envoi.install_as_requests()
from unittest import mock
import requests
seen = []
former = requests.adapters.HTTPAdapter.send
def send(self, request, **options):
    seen.append(request.url)
    return former(self, request, **options)
with mock.patch("requests.adapters.HTTPAdapter.send", send):
    print(requests.get({server.url!r} + "/redirect/1").status_code, len(seen))
with mock.patch("requests.sessions.Session.request", lambda self, method, url, **options: method):
    print(requests.get("http://x/"))
print(requests.get({server.url!r} + "/get").status_code, len(seen))
"""
    assert printed(code) == ["200 2", "GET", "200 2"]


PROGRAM = "import sys, requests; print(requests.Session.__module__, sys.argv[1:], __name__)\n"


def test_a_program_runs_with_envoi_in_the_place_of_requests(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import beside; " + PROGRAM, encoding="utf-8")
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    for arguments in (["program.py"], ["-m", "program"]):
        done = python("-m", "envoi.as_requests", *arguments, "--flag", "value", cwd=tmp_path)
        assert (
            done.stdout.split("\n")[0] == "envoi._sessions.session ['--flag', 'value'] __main__"
        ), done.stderr
    done = python("-m", "envoi.as_requests", "-c", PROGRAM, "x")
    assert done.stdout == "envoi._sessions.session ['x'] __main__\n", done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "usage:"),
        (["-h"], 0, "usage:"),
        (["missing.py"], 2, "no file 'missing.py'"),
        (["-m"], 2, "usage:"),
    ],
)
def test_wrong_command_lines_are_told(arguments: list[str], code: int, told: str) -> None:
    done = python("-m", "envoi.as_requests", *arguments)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
