"""What type checkers are told is true of the built module and useful to callers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import envoi

ROOT = Path(__file__).resolve().parents[2]

USE = """\
from collections.abc import Generator
from typing import Any, assert_type
import envoi
from envoi import aio
from envoi.auth import Auth, AuthBase, BearerAuth, HTTPBasicAuth, HTTPDigestAuth

class Scheme(Auth):
    def auth_flow(self, request: envoi.PreparedRequest) -> Generator[envoi.PreparedRequest, envoi.Response, None]:
        response = yield request
        assert_type(response.status_code, int)

class Old(AuthBase):
    def __call__(self, r: envoi.PreparedRequest) -> envoi.PreparedRequest:
        return r

def hook(response: envoi.Response, **options: Any) -> None: ...

async def async_hook(response: envoi.AsyncResponse, **options: Any) -> envoi.AsyncResponse:
    return response

def sync() -> None:
    limits = envoi.Timeout(connect=3, total=30)
    as_limits: envoi.Limits = limits
    assert_type(limits.total, float | None)
    try:
        response = envoi.get("http://example.org/", timeout=as_limits, params={"page": 2}, headers=[("A", "b")])
    except envoi.Timeout as error:
        assert_type(error, envoi.Timeout)
        assert_type(error.phase, str | None)
        assert_type(error.seconds, float | None)
    except envoi.HTTPError as error:
        assert_type(error.response.status_code, int)
        assert_type(error.response.text, str)
        assert_type(error.response.headers, envoi.Headers)
    except envoi.RequestException as error:
        if error.request is not None:
            assert_type(error.request.url, str)
            assert_type(error.request.headers, envoi.Headers)
        if error.response is not None:
            assert_type(error.response.status_code, int)
    else:
        assert_type(response, envoi.Response)
        assert_type(response.status_code, int)
        assert_type(response.content, bytes)
        assert_type(response.text, str)
        assert_type(response.json(), Any)
        assert_type(response.headers["A"], str)
        assert_type(next(response.iter_content(10)), bytes)
        assert_type(next(response.iter_content(10, decode_unicode=True)), str)
        assert_type(list(response.iter_lines()), list[bytes])
        assert_type(list(response.iter_lines(decode_unicode=True)), list[str])
        assert_type(response.raise_for_status(), envoi.Response)
    for auth in (Scheme(), Old(), BearerAuth("t"), HTTPBasicAuth("a", "b"), HTTPDigestAuth("a", "b"), envoi.auth.HTTPProxyAuth("a", "b")):
        envoi.get("http://example.org/", auth=auth, hooks={"response": hook}, proxies={"https": None})
    envoi.post("http://example.org/", auth=("a", "b"), files={"a": ("n", b"x", "text/plain"), "b": open("f", "rb")})
    envoi.put("http://example.org/", auth=lambda request: request, files=[("a", "text")], hooks={"response": [hook]}, proxies=None)
    with envoi.Session(timeout=(3, 60)) as session:
        session.hooks["response"].append(hook)
        session.proxies = {"all": "socks5h://p.test"}
        session.auth = Scheme()
        assert_type(session, envoi.Session)
        assert_type(session.post("http://example.org/", json={"a": 1}), envoi.Response)
        for line in response.iter_lines():
            assert_type(line, bytes)
        for text in response.iter_content(10, decode_unicode=True):
            assert_type(text, str)

async def awaited() -> None:
    assert_type(await aio.get("http://example.org/"), envoi.AsyncResponse)
    async with envoi.AsyncSession(auth=HTTPDigestAuth("a", "b"), hooks={"response": async_hook}) as session:
        response = await session.get("http://example.org/", stream=True)
        async for piece in response:
            assert_type(piece, bytes)
        async for line in response.iter_lines(decode_unicode=True):
            assert_type(line, str)
        async for encoded in response.iter_lines():
            assert_type(encoded, bytes)
"""
MISUSE = """\
import envoi
envoi.get("http://example.org/", tiemout=3)
envoi.get("http://example.org/", stream="yes")
envoi.Session(colour=1)
"""


def mypy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.timeout(240)
def test_stubs_agree_with_the_built_core() -> None:
    done = mypy("mypy.stubtest", "envoi._core")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(240)
def test_ordinary_use_is_well_typed(tmp_path: Path) -> None:
    path = tmp_path / "use.py"
    path.write_text(USE, encoding="utf-8")
    done = mypy(
        "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-incremental", str(path)
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(240)
def test_type_checkers_see_every_exported_name(tmp_path: Path) -> None:
    path = tmp_path / "names.py"
    imports = [
        f"from {module.__name__} import {name} as {module.__name__.replace('.', '_')}_{name}"
        for module in (envoi, envoi.aio, envoi.exceptions)
        for name in module.__all__
    ]
    path.write_text("\n".join(imports), encoding="utf-8")
    done = mypy(
        "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-incremental", str(path)
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(240)
def test_misuse_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "misuse.py"
    path.write_text(MISUSE, encoding="utf-8")
    done = mypy(
        "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-incremental", str(path)
    )
    assert {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line} == {
        "2",
        "3",
        "4",
    }, done.stdout
