"""The backend without a network does what the real ones do."""

from __future__ import annotations

import math

import pytest

from envoi._io.protocols import StreamClosed, TimedOut, TLSConfig
from flows.fake_backend import (
    CANCELLED,
    RUNNERS,
    End,
    FakeBackend,
    NeverEnds,
    Receive,
    Reset,
    Send,
    Stall,
    cancelled_at_each_wait,
    pieces,
    run,
)


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


async def ask(backend, message=b"ping", enough=4, timeout=5.0):
    addresses = await backend.resolve("a.example", 80, math.inf)
    stream = await backend.connect(addresses, None, math.inf)
    received = []

    def feed(data):
        received.append(data)
        return sum(map(len, received)) >= enough

    try:
        await stream.send(message, timeout, math.inf, feed)
        await stream.pump(feed, timeout, math.inf)
    except BaseException:
        stream.close()
        raise
    return received


def test_script_is_followed(runner):
    backend = FakeBackend(runner, [[Send(b"ping"), *pieces(b"pong")]])
    assert run(backend, ask(backend)) == [b"p", b"o", b"n", b"g"]
    assert backend.streams[0].sent == b"ping"
    assert not backend.streams[0].script_left
    assert backend.resolved == [("a.example", 80)]


def test_other_bytes_than_the_scripts_fail(runner):
    backend = FakeBackend(runner, [[Send(b"pong")]])
    with pytest.raises(AssertionError, match="where the script has"):
        run(backend, ask(backend))


def test_server_is_a_function(runner):
    backend = FakeBackend(runner, [lambda data: data.upper()])
    assert run(backend, ask(backend)) == [b"PING"]


@pytest.mark.parametrize(
    ("steps", "error", "clock"),
    [
        ([Send(), Stall()], TimedOut, 1005.0),
        ([Send(), Stall(4), Receive(b"po"), Stall(6)], TimedOut, 1009.0),
        ([Stall(6)], TimedOut, 1005.0),
        ([Send()], TimedOut, 1005.0),
        ([Send(), Reset()], ConnectionResetError, 1000.0),
        ([Reset()], ConnectionResetError, 1000.0),
    ],
)
def test_what_goes_wrong(runner, steps, error, clock):
    backend = FakeBackend(runner, [steps])
    with pytest.raises(error):
        run(backend, ask(backend))
    assert backend.clock == clock
    assert not backend.open_streams


def test_end_is_fed_and_stays(runner):
    backend = FakeBackend(runner, [[Send(), End(cleanly=False)]])
    assert run(backend, ask(backend)) == [b""]
    assert backend.streams[0].readable()
    assert not backend.streams[0].closed_cleanly


def test_early_answer_stops_sending(runner):
    async def flow():
        stream = await backend.connect(await backend.resolve("a", 1, math.inf), None, math.inf)
        return await stream.send(b"long", 5, math.inf, lambda data: True)

    backend = FakeBackend(runner, [[Send(b"lo"), Receive(b"413")]])
    assert run(backend, flow()) is False
    assert backend.streams[0].sent == b"lo"


def test_wait_without_limit_is_an_error_of_the_test(runner):
    backend = FakeBackend(runner, [[Send()]])
    with pytest.raises(NeverEnds):
        run(backend, ask(backend, timeout=math.inf))


def test_flow_is_cancelled_at_each_of_its_waits(runner):
    def make(cancel_at):
        return FakeBackend(runner, [[Send(b"ping"), Receive(b"pong")]], cancel_at=cancel_at)

    backends = list(cancelled_at_each_wait(make, ask))
    assert len(backends) == 4
    assert not any(backend.open_streams for backend in backends)


def test_cancelled_flow_says_so(runner):
    backend = FakeBackend(runner, [[]], cancel_at=1)
    assert run(backend, ask(backend)) is CANCELLED


def test_waiter_moves_the_clock_when_nobody_sets_it(runner):
    async def flow():
        waiter = backend.waiter()
        with pytest.raises(TimedOut):
            await waiter.wait(1003.0)
        waiter.set()
        await waiter.wait(math.inf)
        await backend.sleep(2)
        return backend.now()

    backend = FakeBackend(runner)
    assert run(backend, flow()) == 1005.0


def test_tls_names_and_connections_fail_as_told(runner):
    async def flow():
        with pytest.raises(OSError, match="no such name"):
            await backend.resolve("missing", 1, math.inf)
        addresses = await backend.resolve("a", 1, math.inf)
        with pytest.raises(ConnectionRefusedError):
            await backend.connect(addresses, None, math.inf)
        stream = await backend.connect(addresses, None, math.inf)
        with pytest.raises(OSError, match="bad certificate"):
            await backend.start_tls(stream, TLSConfig(), "a", math.inf)
        with pytest.raises(StreamClosed):
            await stream.send(b"", 1, math.inf)
        stream = await backend.connect(addresses, None, math.inf)
        return (await backend.start_tls(stream, TLSConfig(alpn=("h2",)), "a", math.inf)).alpn

    refusal, failure = ConnectionRefusedError(111, "refused"), OSError("bad certificate")
    backend = FakeBackend(
        runner,
        [refusal, [], []],
        names={"missing": OSError("no such name")},
        tls_failures=[failure, None],
    )
    assert run(backend, flow()) == "h2"


def test_within_looks_at_the_clock(runner):
    async def flow():
        await backend.within(math.inf, backend.sleep(1))
        await backend.within(1003.0, backend.sleep(1))
        with pytest.raises(TimedOut):
            await backend.within(1003.0, backend.sleep(2))
        with pytest.raises(TimedOut):
            await backend.within(1003.0, backend.sleep(100))
        return backend.now()

    backend = FakeBackend(runner)
    assert run(backend, flow()) == 1004.0
