"""Limits that hold whatever happens meanwhile: signals, bytes that keep coming, another user of the stream, closing."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import threading

import pytest

from envoi._io import blocking_stream
from envoi._io.protocols import StreamBusy, StreamClosed, TimedOut, TLSConfig
from flows.io_support import (
    KINDS,
    Collector,
    become,
    beside,
    open_stream,
    read,
    run_flow,
    turns,
    wait_for_bytes,
)

MEGABYTE = 1 << 20


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def localhost(ca):
    return ca.issue("localhost", "127.0.0.1", "::1")


@pytest.fixture
def silent_server(raw_server):
    done = threading.Event()
    yield raw_server(lambda _: done.wait(20))
    done.set()


def flood(connection):
    """Send until nobody wants it any more."""
    piece = bytes(MEGABYTE)
    for _ in range(4000):
        connection.socket.sendall(piece)


def flood_after_a_byte(connection):
    connection.socket.recv(1)
    flood(connection)


def echo(connection):
    while data := connection.socket.recv(65536):
        connection.socket.sendall(data)


@pytest.fixture
def ticking():
    """A signal every 20 ms, for 3 s."""
    left = 150

    def tick(*_):
        nonlocal left
        left -= 1
        if not left:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers")
@pytest.mark.parametrize("limit", ["timeout", "deadline"])
@pytest.mark.timeout(20, method="thread")  # the other method is a SIGALRM
def test_signals_do_not_prolong_a_wait(kind, limit, silent_server, ticking):
    async def flow(backend):
        stream = await open_stream(backend, silent_server)
        began = backend.now()
        with pytest.raises(TimedOut):
            await stream.pump(
                Collector(), *((0.1, math.inf) if limit == "timeout" else (math.inf, began + 0.1))
            )
        assert 0.095 <= backend.now() - began < 1
        stream.close()

    run_flow(kind, flow)


@pytest.mark.parametrize("secure", [False, True])
def test_deadline_passes_between_pumps_of_a_flood(kind, secure, raw_server, ca, localhost):
    server = raw_server(flood_after_a_byte, tls=localhost if secure else None)

    async def flow(backend):
        stream = await open_stream(backend, server)
        if secure:
            stream = await backend.start_tls(
                stream, TLSConfig(verify=ca.path), "localhost", math.inf
            )
        await stream.send(b"x", 5, math.inf)
        began = backend.now()
        with pytest.raises(TimedOut):
            while backend.now() - began < 3:
                await stream.pump(Collector(1), 5, began + 0.1)
                wait_for_bytes(stream)
        assert 0.095 <= backend.now() - began < 1
        stream.close()

    run_flow(kind, flow)


def test_deadline_passes_within_one_pump_of_a_flood(kind, raw_server):
    server = raw_server(flood)

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.pump(Collector(MEGABYTE), 5, math.inf)
        began = backend.now()
        with pytest.raises(TimedOut):
            await stream.pump(lambda _: backend.now() - began > 3, 5, began + 0.1)
        assert 0.095 <= backend.now() - began < 1
        stream.close()

    run_flow(kind, flow)


@pytest.mark.parametrize("secure", [False, True])
def test_nothing_is_sent_after_the_deadline(kind, secure, raw_server, ca, localhost):
    server = raw_server(echo, tls=localhost if secure else None)

    async def flow(backend):
        stream = await open_stream(backend, server)
        if secure:
            stream = await backend.start_tls(
                stream, TLSConfig(verify=ca.path), "localhost", math.inf
            )
        before = stream.bytes_sent
        with pytest.raises(TimedOut):
            await stream.send(b"x", 5, backend.now() - 0.001)
        assert stream.bytes_sent == before
        stream.close()

    run_flow(kind, flow)


@pytest.mark.parametrize("secure", [False, True])
def test_second_pump_is_refused_and_the_first_goes_on(kind, secure, raw_server, ca, localhost):
    go = threading.Event()

    def answer(connection):
        go.wait(10)
        connection.socket.sendall(b"hello")
        connection.wait_closed()

    server = raw_server(answer, tls=localhost if secure else None)

    async def flow(backend):
        stream = await open_stream(backend, server)
        if secure:
            stream = await backend.start_tls(
                stream, TLSConfig(verify=ca.path), "localhost", math.inf
            )
        async with beside(kind, read, stream, 5) as first:
            await become(backend, lambda: stream.receiving)
            with pytest.raises(StreamBusy, match="in use"):
                await stream.pump(Collector(), 5, math.inf)
            assert stream.receiving
            assert not stream.drain_nowait(Collector(1))
            go.set()
        assert first == [b"hello"]
        assert not stream.receiving
        stream.close()

    run_flow(kind, flow)


@pytest.mark.parametrize("second", ["pump", "send", "send_nowait"])
@pytest.mark.parametrize("feeding", [False, True])
def test_second_sender_or_receiver_is_refused_while_one_sends(kind, second, feeding, raw_server):
    go, taken = threading.Event(), threading.Event()
    received = bytearray()

    def take(connection):
        go.wait(10)
        while len(received) < 32 * MEGABYTE:
            received.extend(connection.socket.recv(MEGABYTE))
        taken.set()

    server = raw_server(take)

    async def flow(backend):
        stream = await open_stream(backend, server)
        async with beside(
            kind, stream.send, b"a" * (32 * MEGABYTE), 5, math.inf, Collector() if feeding else None
        ) as first:
            await become(backend, lambda: stream.receiving if feeding else stream.sending)
            if second == "send_nowait":
                assert stream.send_nowait(b"b") == 0
            elif second == "pump" and not feeding:
                with pytest.raises(TimedOut):
                    await stream.pump(Collector(), 0.01, math.inf)
            else:
                with pytest.raises(StreamBusy):
                    await (
                        stream.pump(Collector(), 5, math.inf)
                        if second == "pump"
                        else stream.send(b"b", 5, math.inf)
                    )
            go.set()
        assert first == [True]
        assert not stream.sending
        assert not stream.receiving
        stream.close()

    run_flow(kind, flow)
    assert taken.wait(10)
    assert received.count(b"a") == len(received) == 32 * MEGABYTE


@pytest.mark.parametrize("secure", [False, True])
def test_closing_a_stream_that_another_pumps(kind, secure, raw_server, ca, localhost):
    server = raw_server(echo, tls=localhost if secure else None)

    async def flow(backend):
        complaints = []
        if kind not in {"blocking", "trio"}:
            asyncio.get_running_loop().set_exception_handler(
                lambda _, context: complaints.append(context)
            )
        streams = [await open_stream(backend, server) for _ in range(2)]
        if secure:
            config = TLSConfig(verify=ca.path)
            streams = [
                await backend.start_tls(stream, config, "localhost", math.inf) for stream in streams
            ]
        async with beside(kind, streams[0].pump, Collector(), 10, math.inf) as first:
            await become(backend, lambda: streams[0].receiving)
            streams[0].close()
            replacement = await open_stream(backend, server)  # may get the same descriptor
        assert [type(outcome) for outcome in first] == [StreamClosed]
        for stream in (replacement, streams[1]):
            if not secure or stream is not replacement:
                await stream.send(b"x", 5, math.inf)
                assert await read(stream, 1) == b"x"
            stream.close()
        await turns(backend)
        assert not complaints

    run_flow(kind, flow)


def test_feed_may_close_the_stream(kind, raw_server):
    server = raw_server(flood)

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.pump(Collector(4 * MEGABYTE), 5, math.inf)

        def close(_):
            stream.close()
            return False

        with pytest.raises(StreamClosed):
            await stream.pump(close, 5, math.inf)

    run_flow(kind, flow)


def test_close_in_the_middle_of_a_record_says_no_goodbye(raw_server, ca, localhost):
    done = threading.Event()
    server = raw_server(lambda _: done.wait(20), tls=localhost)

    async def flow(backend):
        stream = await open_stream(backend, server)
        secured = await backend.start_tls(stream, TLSConfig(verify=ca.path), "localhost", math.inf)
        sent = []
        stream.begin_send = sent.append
        async with beside("asyncio", secured.send, bytes(64 * MEGABYTE), 10, math.inf) as first:
            await become(backend, lambda: stream.sending)
            secured.close()
        assert [type(outcome) for outcome in first] == [StreamClosed]
        assert not sent

    from envoi._io.asyncio_stream import AsyncioStream

    class Open(AsyncioStream):
        """With a `__dict__`, to replace a method in."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("envoi._io.asyncio_.AsyncioStream", Open)
        try:
            run_flow("asyncio", flow)
        finally:
            done.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_thread_that_forks_is_the_child_s_main_thread():
    codes = []

    def fork():
        child = os.fork()
        if child == 0:
            os._exit(0 if blocking_stream._main_thread == threading.get_ident() else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    assert blocking_stream._main_thread == threading.get_ident()
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert codes == [0]
