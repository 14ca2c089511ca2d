"""What every test may use: servers, certificates, runners for flows, and a watch over what is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import settings

from envoi.testing import CertificateAuthority, RawConnection, RawServer, Server

# The servers under peers/ are importable in every import mode of pytest.
sys.path.insert(0, str(Path(__file__).parent))
pytest_plugins = ["tiers", "peers.servers.nginx", "peers.servers.httpbin_app", "peers.clients"]

# On a busy machine an example may be slow. In CI the examples are the same each time, so that a change is judged by what it changed.
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.register_profile("envoi", deadline=None, derandomize="CI" in os.environ)
settings.load_profile(os.environ.get("ENVOI_EXAMPLES", "envoi"))

T = TypeVar("T")
Runner: TypeAlias = Callable[..., Any]
RawServerFactory: TypeAlias = Callable[..., RawServer]

_AMBIENT = (
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "NETRC",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, authority or netrc from outside reaches a test."""
    for name in _AMBIENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    """A plain HTTP server with the ready-made routes."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def ca() -> Iterator[CertificateAuthority]:
    """A throw-away authority, one for the whole run."""
    with CertificateAuthority() as authority:
        yield authority


@pytest.fixture
def tls_server(ca: CertificateAuthority) -> Iterator[Server]:
    """An HTTPS server for localhost and 127.0.0.1, whose `ca_path` is to be trusted."""
    with Server(tls=ca.issue("localhost", "127.0.0.1", "::1")) as running:
        yield running


@pytest.fixture
def raw_server(ca: CertificateAuthority) -> Iterator[RawServerFactory]:
    """Makes raw servers: `raw_server(script)` or `raw_server([b"reply", …])`, with the options of `RawServer`; stopped after the test.

    What a script raised fails the test.
    """
    running: list[RawServer] = []

    def make(
        script: Callable[[RawConnection], object] | list[bytes | None],
        *,
        tls: Any = False,
        **options: Any,
    ) -> RawServer:
        tls = ca.issue("localhost", "127.0.0.1", "::1") if tls is True else tls
        made = (
            RawServer(script, tls=tls, **options)
            if callable(script)
            else RawServer.replies(script, tls=tls, **options)
        )
        running.append(made)
        return made

    yield make
    for one in running:
        one.close()
    errors = [error for one in running for error in one.errors]
    if errors:
        message = "scripts of raw servers failed"
        raise ExceptionGroup(message, errors)


def run_blocking(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Run a flow over the blocking backend."""
    from envoi._io.run_sync import run_sync

    return run_sync(function(*arguments))


def run_asyncio(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Run a flow on a new asyncio loop."""
    return asyncio.run(function(*arguments))


def run_trio(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Run a flow under trio."""
    trio = pytest.importorskip("trio")
    result: T = trio.run(function, *arguments)
    return result


_RUNNERS: dict[str, Runner] = {"blocking": run_blocking, "asyncio": run_asyncio, "trio": run_trio}


@pytest.fixture(params=list(_RUNNERS))
def backend_name(request: pytest.FixtureRequest) -> str:
    """ "blocking", "asyncio" and "trio" in turn."""
    name: str = request.param
    return name


@pytest.fixture
def run(backend_name: str) -> Runner:
    """`run(function, *arguments)` runs an `async def` under the backend of `backend_name`, and gives its result."""
    return _RUNNERS[backend_name]


class Leftovers:
    """Counts descriptors and threads, to show that an operation leaves none behind."""

    def __init__(self) -> None:
        self.descriptors = open_descriptors()
        self.threads = set(threading.enumerate())

    def check(self, allowed: int = 0) -> None:
        """Fail when more than `allowed` descriptors, or any thread, are left since this was made."""
        gc.collect()
        left = open_descriptors() - self.descriptors
        threads = [thread.name for thread in set(threading.enumerate()) - self.threads]
        assert left <= allowed, f"{left} descriptors left open"
        assert not threads, f"threads left running: {threads}"


@pytest.fixture
def leftovers() -> Leftovers:
    """A count of descriptors and threads taken now; `check()` compares."""
    gc.collect()
    return Leftovers()


def open_descriptors() -> int:
    """How many file descriptors this process has open."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return sum(_is_open(descriptor) for descriptor in range(1024))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Collect after each test marked `leaks`, so that an unclosed socket is warned of, and so fails, where it was made."""
    yield
    if item.get_closest_marker("leaks") is not None:
        gc.collect()


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers, and make an unclosed socket or file a failure even without -W error."""
    config.addinivalue_line(
        "markers", "leaks: collect garbage after the test, so that what it left open fails it"
    )
    config.addinivalue_line("filterwarnings", "error::ResourceWarning")
    config.addinivalue_line("filterwarnings", "error::pytest.PytestUnraisableExceptionWarning")
    config.addinivalue_line("filterwarnings", "error::pytest.PytestUnhandledThreadExceptionWarning")
