"""A plugin for pytest that puts Envoi under requests' name before anything imports that, and what the tests share."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import envoi

envoi.install_as_requests()

import pytest  # noqa: E402 - its plugins may import requests
import requests  # noqa: E402

from envoi.testing import CertificateAuthority, RawServer, Server  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_AMBIENT = (
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip


@pytest.fixture(autouse=True)
def on_envoi(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is about Envoi, and reads nothing of what this machine is set to."""
    assert requests.Session is envoi.Session
    for name in _AMBIENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture
def server() -> Iterator[Server]:
    """A plain HTTP server with the ready-made routes."""
    with Server() as running:
        yield running


@pytest.fixture
def options_set(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `setsockopt` is called with, call by call."""
    seen: list[tuple[Any, ...]] = []
    original = socket.socket.setsockopt

    def setsockopt(self: socket.socket, *arguments: Any) -> None:
        seen.append(arguments)
        original(self, *arguments)

    monkeypatch.setattr(socket.socket, "setsockopt", setsockopt)
    return seen


@pytest.fixture(scope="session")
def ca() -> Iterator[CertificateAuthority]:
    """A throw-away authority, one for the whole run."""
    with CertificateAuthority() as authority:
        yield authority


@pytest.fixture
def tls_server(ca: CertificateAuthority) -> Iterator[Server]:
    """An HTTPS server for localhost and 127.0.0.1, whose `ca_path` is to be trusted."""
    with Server(tls=ca.issue("localhost", "127.0.0.1")) as running:
        yield running


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    """Makes raw servers, `raw_server(script)`; stopped after the test."""
    running: list[RawServer] = []

    def make(script: Any, **options: Any) -> RawServer:
        made = (
            RawServer(script, **options)
            if callable(script)
            else RawServer.replies(script, **options)
        )
        running.append(made)
        return made

    yield make
    for one in running:
        one.close()
    assert [error for one in running for error in one.errors] == []
