"""What `dir` shows to somebody at the prompt, and that it is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import envoi
from envoi import aio
from envoi.testing import Server

LAZY = ("AsyncSession", "Cookies", "codes", "get", "install_as_requests", "sessions")


def test_fields_of_a_received_request_by_name(server: Server) -> None:
    envoi.get(server.url + "/get", headers={"X-Tag": "a"})
    headers = server.requests[0].headers
    assert headers["User-Agent"].startswith("envoi/")
    assert headers["x-tag"] == "a"
    assert ("x-TAG" in headers, "Cookie" in headers, ("X-Tag", "a") in headers) == (
        True,
        False,
        True,
    )
    assert headers[0] == next(iter(headers)) == headers[:1][0]
    with pytest.raises(KeyError, match="Cookie"):
        headers["Cookie"]


@pytest.mark.parametrize("module", [envoi, aio])
def test_a_module_shows_its_names_and_not_its_tools(module) -> None:
    shown = dir(module)
    assert not {"TYPE_CHECKING", "annotations", "_exceptions", "_LAZY"} & set(shown)
    assert {"__doc__", "__name__", "Session", "RequestException", *module.__all__} <= set(shown)
    assert shown == sorted(shown)
    assert all(hasattr(module, name) for name in shown)


def test_lazy_names_are_shown_before_they_are_asked_for() -> None:
    code = f"import envoi; missing = set({LAZY!r}) - set(dir(envoi)); assert not missing, missing"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.parametrize("kind", [envoi.Response, envoi.AsyncResponse])
def test_a_response_shows_what_a_caller_has_use_for(kind) -> None:
    response = kind()
    response.note = "mine"
    shown = set(dir(response))
    assert {"status_code", "json", "iter_lines", "headers", "timing", "note", "__class__"} <= shown
    assert not {name for name in shown if name[0] == "_" and not name.startswith("__")}
    assert not {"body", "finish", "trace", "location", "sets_cookies", "cookie_fields"} & shown


@pytest.mark.parametrize(
    "name",
    ["models", "sessions", "status_codes", "hooks", "api", "compat", "certs", "help", "packages"],
)
def test_the_awaited_module_has_requests_modules(name) -> None:
    assert getattr(aio, name).__name__


def test_the_awaited_modules_have_the_awaited_classes() -> None:
    assert aio.models.Response is aio.AsyncResponse
    assert aio.sessions.Session is aio.AsyncSession
    assert isinstance(aio.sessions.session(), aio.AsyncSession)
    assert aio.api.get is aio.get
    assert aio.models.REDIRECT_STATI == envoi.models.REDIRECT_STATI
    assert aio.sessions.merge_setting is envoi.sessions.merge_setting
    assert aio.status_codes.codes.ok == 200


def test_two_threads_import_at_once() -> None:
    code = (
        "import importlib, sys, threading\n"
        "barrier, failures = threading.Barrier(2), []\n"
        "def load(name):\n"
        "    barrier.wait()\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except BaseException as error:\n"
        "        failures.append(repr(error))\n"
        "names = sys.argv[1:]\n"
        "threads = [threading.Thread(target=load, args=(name,)) for name in names]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "sys.exit('; '.join(failures) or 0)\n"
    )
    for pair in [
        ("envoi.adapters", "envoi.exceptions"),
        ("envoi.exceptions", "envoi.adapters"),
        ("envoi.sessions", "envoi.models"),
        ("envoi.aio", "envoi.adapters"),
    ]:
        subprocess.run([sys.executable, "-c", code, *pair], check=True, timeout=60)
