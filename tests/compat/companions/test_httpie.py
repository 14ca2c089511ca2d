"""HTTPie: a program on top of requests, run as `python -m envoi.as_requests -m httpie`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import requests

import envoi
from envoi.testing import Answer

assert requests.Session is envoi.Session


@pytest.fixture
def http(tmp_path):
    """Runs it, and gives what it wrote."""

    def run(
        *arguments: str, module: str = "httpie", expected: int = 0, stdin: str | None = None
    ) -> str:
        command = [
            sys.executable,
            "-m",
            "envoi.as_requests",
            "-m",
            module,
            *([] if stdin is not None else ["--ignore-stdin"]),
            *arguments,
        ]
        environment = {
            **os.environ,
            "HTTPIE_CONFIG_DIR": str(tmp_path / "config"),
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env=environment,
            cwd=tmp_path,
            input=stdin,
        )
        assert done.returncode == expected, done.stderr
        return done.stdout + done.stderr

    return run


def test_a_request_is_printed_without_being_sent(http) -> None:
    printed = http(
        "--offline", "POST", "http://nobody.invalid/path", "name=value", "X-Mine:1", "page==2"
    )
    assert printed.startswith("POST /path?page=2 HTTP/1.1\n")
    assert "Host: nobody.invalid\n" in printed
    assert "X-Mine: 1\n" in printed
    assert printed.rstrip().endswith('{"name": "value"}')


def test_a_resource_is_fetched(http, server) -> None:
    assert json.loads(http("--body", server.url + "/get", "a==1"))["args"] == {"a": "1"}
    printed = http(
        "--print=HhBb", "--form", server.url + "/post", "field=value", "X-Twice:1", "X-Twice:2"
    )
    assert "field=value" in printed
    assert "HTTP/1.1 200 OK" in printed
    assert server.requests[-1].headers.all("x-twice") == ["1", "2"]
    assert server.requests[-1].headers.get("user-agent").startswith("HTTPie/")


def test_repeated_fields_of_an_answer_are_shown(http, server) -> None:
    server.add(
        "/twice", Answer(200, "body", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    )
    printed = http("--headers", server.url + "/twice")
    assert "Set-Cookie: a=1\n" in printed
    assert "Set-Cookie: b=2\n" in printed


def test_a_field_is_left_out(http, server) -> None:
    http(server.url + "/get", "User-Agent:", "Accept-Encoding:")
    assert not server.requests[-1].headers.has("user-agent")
    assert not server.requests[-1].headers.has("accept-encoding")


def test_files_redirects_and_authentication(http, server, tmp_path) -> None:
    (tmp_path / "a.txt").write_text("content")
    http("--form", server.url + "/post", "field=value", "file@a.txt")
    assert server.requests[-1].files() == {"file": ("a.txt", b"content")}
    assert (
        json.loads(http("--body", "--follow", server.url + "/redirect/2"))["url"]
        == server.url + "/get"
    )
    assert "authenticated" in http(
        "--body", "--auth=me:secret", server.url + "/basic-auth/me/secret"
    )
    assert http("--check-status", server.url + "/status/404", expected=4)
    assert http("--body", "--chunked", server.url + "/post", "a=1")
    assert server.requests[-1].headers.get("transfer-encoding") == "chunked"
    http(server.url + "/post", stdin="from the pipe")
    assert server.requests[-1].body == b"from the pipe"


def test_a_session_is_kept(http, server) -> None:
    http("--session=mine", server.url + "/cookies/set?flavour=mint", "X-Mine:1")
    kept = json.loads(http("--body", "--session=mine", server.url + "/anything"))
    assert kept["headers"]["X-Mine"] == "1"
    assert kept["headers"]["Cookie"] == "flavour=mint"


def test_a_download(http, server, tmp_path) -> None:
    server.add("/file", Answer(200, b"x" * 100_000))
    assert "Done." in http("--download", "--output=given.bin", server.url + "/file")
    assert (tmp_path / "given.bin").read_bytes() == b"x" * 100_000


def test_tls(http, tls_server) -> None:
    assert (
        json.loads(http("--body", f"--verify={tls_server.ca_path}", tls_server.url + "/get"))["url"]
        == tls_server.url + "/get"
    )
    assert "certificate" in http(tls_server.url + "/get", expected=1)
    assert http("--body", "--verify=no", tls_server.url + "/get")
    assert http("--body", "--ssl=tls1.2", f"--verify={tls_server.ca_path}", tls_server.url + "/get")


def test_what_fails_is_told(http) -> None:
    assert "error: Connection" in http("http://127.0.0.1:1/", expected=1)
