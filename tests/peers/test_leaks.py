"""Many thousand requests and failures: descriptors, tasks, threads and memory stay where they were."""

from __future__ import annotations

import asyncio
import gc
import os
import threading

import pytest

import envoi
from envoi.testing import RawConnection, Server
from peers.clients import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

COUNT = 20_000
FAILURES = 2_000


def resident() -> int:
    """This process's memory in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class Watch:
    """What there is before, and what must not have grown after."""

    def __init__(self) -> None:
        gc.collect()
        self.memory, self.descriptors, self.threads = (
            resident(),
            descriptors(),
            threading.active_count(),
        )

    def check(self, megabytes: float, extra: int = 2) -> None:
        gc.collect()
        assert descriptors() - self.descriptors <= extra
        assert threading.active_count() - self.threads <= extra
        assert resident() - self.memory < megabytes * 1_000_000


needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/statm"), reason="memory is read from /proc"
)


@needs_proc
def test_many_requests_leave_nothing(nginx) -> None:
    with envoi.Session() as session:
        for _ in range(2000):
            session.get(nginx.url + "/small")
        watch = Watch()
        for _ in range(COUNT):
            session.get(nginx.url + "/small")
        watch.check(megabytes=4)


@needs_proc
def test_many_tasks_leave_nothing(nginx) -> None:
    async def main() -> None:
        async with envoi.AsyncSession(timeout=30) as session:

            async def worker(count: int) -> None:
                for _ in range(count):
                    await session.get(nginx.url + "/small")

            await asyncio.gather(*(worker(60) for _ in range(32)))
            watch = Watch()
            await asyncio.gather(*(worker(COUNT // 32) for _ in range(32)))
            watch.check(megabytes=4)
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


@needs_proc
def test_many_requests_under_trio_leave_nothing(nginx) -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        async with envoi.AsyncSession() as session:
            for _ in range(500):
                await session.get(nginx.url + "/small")
            watch = Watch()
            for _ in range(COUNT // 4):
                await session.get(nginx.url + "/small")
            watch.check(megabytes=4)
            assert trio.lowlevel.current_statistics().tasks_living <= 4

    trio.run(main)


@needs_proc
@pytest.mark.parametrize(
    "failure",
    ["handshake", "refused", "read timeout", "broken body", "certificate", "pool timeout"],
)
def test_many_failures_leave_nothing(failure: str, colour: str, ca, raw_server) -> None:
    if failure == "certificate":
        with Server(tls=ca.issue("localhost")) as server:
            _fail(
                colour,
                f"https://127.0.0.1:{server.port}/",
                envoi.CertificateError,
                FAILURES // 4,
                verify=ca.path,
            )
            server.tls_failures.clear()
    elif failure == "handshake":
        server = raw_server(lambda connection: None)
        _fail(colour, server.url.replace("http", "https"), envoi.ConnectionError, FAILURES // 2)
    elif failure == "refused":
        _fail(colour, "http://127.0.0.1:1/", envoi.ConnectionRefused, FAILURES)
    elif failure == "read timeout":
        server = raw_server(lambda connection: connection.wait_closed())
        _fail(colour, server.url, envoi.ReadTimeout, FAILURES // 4, timeout=(10, 0.001))
    elif failure == "broken body":
        server = raw_server(
            [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"] * FAILURES, close=True
        )
        _fail(colour, server.url, envoi.IncompleteBody, FAILURES // 2)
    else:
        server = raw_server(_holding)
        with Client(colour, max_connections=1) as client, client.get(server.url, stream=True):
            _repeat(
                client,
                server.url,
                envoi.PoolTimeout,
                FAILURES // 4,
                timeout=envoi.Timeout(pool=0.0005),
            )


def _holding(connection: RawConnection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort")
    connection.wait_closed()


def _fail(colour: str, url: str, expected: type[Exception], count: int, **options) -> None:
    with Client(colour) as client:
        _repeat(client, url, expected, count, **options)


def _repeat(client: Client, url: str, expected: type[Exception], count: int, **options) -> None:
    watch: Watch | None = None
    for number in range(count):
        if number == count // 4:
            watch = Watch()
        try:
            client.get(url, **options)
        except expected:
            continue
        pytest.fail("it did not fail")
    assert watch is not None
    watch.check(megabytes=6, extra=12)
