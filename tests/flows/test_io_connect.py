"""Connecting: Happy Eyeballs, failures, and what is left behind."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys

import pytest

from envoi._io import happy_eyeballs
from envoi._io.protocols import Address, SocketSettings, TimedOut
from flows.io_support import KINDS, Collector, loopback, read, run_flow, turns


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def echo(connection):
    while data := connection.socket.recv(65536):
        connection.socket.sendall(data)


def closed_port(host="127.0.0.2"):
    """An address where nobody listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as taken:
        taken.bind((host, 0))
        return loopback(taken.getsockname()[1], host)


@pytest.fixture
def silent():
    """An address whose backlog is full: SYNs go unanswered."""
    listener = socket.create_server(("127.0.0.3", 0), backlog=0)
    fillers = []
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    yield loopback(listener.getsockname()[1], "127.0.0.3")
    for filler in fillers:
        filler.close()
    listener.close()


async def exchange(backend, addresses, settings=None):
    stream = await backend.connect(addresses, settings, backend.now() + 10)
    try:
        await stream.send(b"x", 5, math.inf)
        assert await read(stream, 1) == b"x"
        return stream.peer_address, stream.local_address
    finally:
        stream.close()


def test_refused_address_is_passed_over(kind, raw_server):
    server = raw_server(echo)
    peer, _ = run_flow(kind, exchange, [closed_port(), loopback(server.port)])
    assert peer == ("127.0.0.1", server.port)


@pytest.mark.parametrize("seconds", [1e7, 1e12, 1e300, sys.maxsize])
def test_far_deadlines_are_no_trouble(kind, raw_server, silent, seconds, monkeypatch):
    """None of the systems' bounds on one wait is met."""
    server = raw_server(echo)
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", 0.01)

    async def flow(backend):
        stream = await backend.connect(
            [closed_port(), loopback(server.port)], None, backend.now() + seconds
        )
        for timeout, deadline in ((seconds, math.inf), (seconds, backend.now() + seconds)):
            await stream.send(b"x", timeout, deadline)
            collector = Collector(1)
            await stream.pump(collector, timeout, deadline)
            await stream.send(bytes(8 << 20), timeout, deadline, Collector())
            await stream.pump(Collector(1), timeout, deadline)
        stream.close()

    run_flow(kind, flow)


def test_silent_address_is_overtaken_after_a_quarter_second(kind, raw_server, silent):
    server = raw_server(echo)

    async def flow(backend):
        began = backend.now()
        peer, _ = await exchange(backend, [silent, loopback(server.port)])
        assert peer == ("127.0.0.1", server.port)
        assert 0.2 < backend.now() - began < 2

    run_flow(kind, flow)


def test_first_failure_is_raised_with_the_others_as_notes(kind):
    first, second = closed_port(), closed_port("::1")

    async def flow(backend):
        await backend.connect([first, second], None, backend.now() + 5)

    with pytest.raises(ConnectionRefusedError) as caught:
        run_flow(kind, flow)
    if kind != "asyncio-proactor":
        assert "127.0.0.2" in str(caught.value)
        assert "::1" in caught.value.__notes__[0]


def test_deadline_ends_connecting(kind, silent):
    async def flow(backend):
        began = backend.now()
        with pytest.raises(TimedOut):
            await backend.connect([silent], None, began + 0.05)
        assert 0.045 <= backend.now() - began < 2

    run_flow(kind, flow)


@pytest.mark.parametrize("error", [MemoryError, LookupError])
def test_what_goes_wrong_while_attempts_race_is_raised_in_the_flow(
    kind, error, raw_server, silent, monkeypatch
):
    """Also where a callback of the loop meets it, long after the flow began to wait."""
    real = happy_eyeballs.Attempts.take

    def take(self, now):
        taken = real(self, now)
        if taken is not None and taken[0] > 0:
            raise error
        return taken

    monkeypatch.setattr(happy_eyeballs.Attempts, "take", take)

    async def flow(backend):
        began = backend.now()
        with pytest.raises(error):
            await backend.connect([silent, loopback(1)], None, began + 8)
        assert backend.now() - began < 5

    run_flow(kind, flow)


def test_losers_are_closed(kind, raw_server, silent):
    server = raw_server(echo)

    async def flow(backend):
        before = count_descriptors()
        stream = await backend.connect([silent, loopback(server.port)], None, backend.now() + 5)
        assert count_descriptors() <= before + 2  # ours, and the server's end of it
        stream.close()

    run_flow(kind, flow)


def count_descriptors():
    return sum(
        os.path.realpath(f"/proc/self/fd/{name}").split("/")[-1].startswith("socket:")
        for name in os.listdir("/proc/self/fd")
    )


def test_local_address_is_bound(kind, raw_server):
    server = raw_server(echo)
    v6 = Address(int(socket.AF_INET6), ("::1", server.port, 0, 0))
    _, local = run_flow(
        kind, exchange, [v6, loopback(server.port)], SocketSettings(("127.0.0.9", 0))
    )
    assert local[0] == "127.0.0.9"


def test_local_address_of_the_wrong_family_is_refused(kind):
    async def flow(backend):
        await backend.connect([loopback(1)], SocketSettings(("::1", 0)), backend.now() + 5)

    with pytest.raises(OSError, match="same family"):
        run_flow(kind, flow)


def test_unix_socket(kind, tmp_path):
    path = str(tmp_path / "socket")

    async def flow(backend):
        stream = await backend.connect_unix(path, backend.now() + 5)
        accepted, _ = listener.accept()
        accepted.send(b"hi")
        assert await read(stream, 2) == b"hi"
        assert stream.peer_address == path
        accepted.close()
        stream.close()
        with pytest.raises(FileNotFoundError, match="missing"):
            await backend.connect_unix(path + "missing", math.inf)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        run_flow(kind, flow)


@pytest.mark.parametrize("kind", ["asyncio", "asyncio-proactor", "uvloop"])
@pytest.mark.parametrize("addresses", [1, 2])
def test_asyncio_connect_cancelled(kind, addresses, silent, leftovers):
    async def flow(backend):
        connecting = asyncio.create_task(backend.connect([silent] * addresses, None, math.inf))
        await turns(backend)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        if kind == "asyncio":
            loop = asyncio.get_running_loop()
            assert len(loop._selector.get_map()) == 1
            assert not [handle for handle in loop._scheduled if not handle.cancelled()]

    run_flow(kind, flow)
    leftovers.check()


@pytest.mark.parametrize("addresses", [1, 2])
def test_trio_connect_cancelled(addresses, silent, leftovers):
    import trio

    async def flow(backend):
        cancelled = False
        with trio.move_on_after(0.02) as scope:
            try:
                await backend.connect([silent] * addresses, None, math.inf)
            except trio.Cancelled:
                cancelled = True
                raise
        assert scope.cancelled_caught
        assert cancelled

    run_flow("trio", flow)
    leftovers.check()


def test_loop_without_add_writer_falls_back(raw_server, monkeypatch):
    from envoi._io.asyncio_proactor import ProactorStream

    server = raw_server(echo)

    async def flow(backend):
        loop = asyncio.get_running_loop()

        def refuse(*args):
            raise NotImplementedError

        monkeypatch.setattr(type(loop), "add_writer", refuse)
        stream = await backend.connect([loopback(server.port)], None, math.inf)
        assert isinstance(stream, ProactorStream)
        stream.close()

    run_flow("asyncio", flow)
