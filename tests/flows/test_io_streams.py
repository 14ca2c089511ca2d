"""Streams over real sockets: the same behaviour under every backend."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest

from envoi._io.protocols import StreamClosed, TimedOut
from flows.io_support import KINDS, Collector, become, open_stream, read, run_flow, turns

MEGABYTE = 1 << 20


def echo(connection):
    while data := connection.socket.recv(65536):
        connection.socket.sendall(data)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_bytes_go_and_come(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        assert await stream.send(b"hello", 5, math.inf)
        assert await read(stream, 5) == b"hello"
        assert stream.bytes_sent == 5
        assert stream.peer_address == ("127.0.0.1", server.port)
        assert stream.local_address[0] == "127.0.0.1"
        assert stream.closed_cleanly
        stream.close()
        stream.close()

    server = raw_server(echo)
    run_flow(kind, flow)


def test_feed_is_called_until_it_returns_true(kind, raw_server):
    def dribble(connection):
        connection.socket.recv(1)
        connection.send_slowly(b"abcdef", seconds=0.002)
        connection.wait_closed()

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        first = await read(stream, 3)
        rest = await read(stream, 6 - len(first))
        stream.close()
        return first + rest

    server = raw_server(dribble)
    assert run_flow(kind, flow) == b"abcdef"


def test_many_exchanges_over_one_stream(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        for number in range(300):
            message = b"%d;" % number * 10
            await stream.send(message, 5, backend.now() + 5)
            assert await read(stream, len(message)) == message
            assert not stream.readable()
        stream.close()

    server = raw_server(echo)
    run_flow(kind, flow)


def test_large_bodies_both_ways_at_once(kind, raw_server):
    """The peer echoes while we send: with a feed, neither side waits for the other for ever."""
    payload = bytes(range(256)) * (16 * MEGABYTE // 256)

    async def flow(backend):
        stream = await open_stream(backend, server)
        collector = Collector(len(payload))
        await stream.send(payload, 5, math.inf, collector)
        if len(collector.data) < len(payload):
            await stream.pump(collector, 5, math.inf)
        stream.close()
        return bytes(collector.data)

    server = raw_server(echo)
    assert run_flow(kind, flow) == payload


def test_slow_consumer_stops_the_sender(kind, raw_server):
    """While nobody pumps, nothing is received: the peer's send buffer fills up."""
    stuck = threading.Event()
    total = 64 * MEGABYTE

    def flood(connection):
        connection.socket.recv(1)
        connection.socket.setblocking(False)
        sent = 0
        piece = bytes(MEGABYTE)
        while sent < total:
            try:
                sent += connection.socket.send(piece[: total - sent])
            except BlockingIOError:
                if not stuck.wait(0.1):
                    assert sent < total
                    stuck.set()
                connection.socket.settimeout(10)

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        assert await read(stream, 1)
        await become(backend, stuck.is_set)
        collector = Collector(total - MEGABYTE * 2)
        await stream.pump(collector, 5, math.inf)
        stream.close()
        return len(collector.data)

    server = raw_server(flood)
    assert run_flow(kind, flow) >= total - MEGABYTE * 2


def test_nothing_is_lost_when_the_feed_wakes_for_every_piece(kind, raw_server):
    payload = bytes(range(256)) * (4 * MEGABYTE // 256)

    def send(connection):
        connection.socket.recv(1)
        connection.send(payload)
        connection.wait_closed()

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        received = bytearray()
        while len(received) < len(payload):
            received += await read(stream, 1)
        stream.close()
        return bytes(received)

    server = raw_server(send)
    assert run_flow(kind, flow) == payload


def test_end_of_stream_is_fed_and_ends_the_pump(kind, raw_server):
    def say_and_go(connection):
        connection.socket.recv(1)
        connection.send(b"bye")

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        collector = Collector()
        await stream.pump(collector, 5, math.inf)
        assert (bytes(collector.data), collector.ends) == (b"bye", 1)
        assert stream.readable()
        await stream.pump(collector, 5, math.inf)
        assert collector.ends == 2
        stream.close()

    server = raw_server(say_and_go)
    run_flow(kind, flow)


def test_reset_is_raised(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        with pytest.raises(ConnectionResetError):
            await stream.pump(Collector(), 5, math.inf)
        stream.close()

    def reset(connection):
        connection.socket.recv(1)
        connection.reset()

    server = raw_server(reset)
    run_flow(kind, flow)


def test_silence_times_out(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        began = backend.now()
        with pytest.raises(TimedOut):
            await stream.pump(Collector(), 0.05, math.inf)
        assert 0.045 <= backend.now() - began < 2
        stream.close()

    server = raw_server(echo)
    run_flow(kind, flow)


def test_deadline_passes_although_bytes_keep_coming(kind, raw_server):
    def dribble(connection):
        connection.send_slowly(bytes(2000), seconds=0.005)

    async def flow(backend):
        stream = await open_stream(backend, server)
        began = backend.now()
        with pytest.raises(TimedOut):
            await stream.pump(Collector(), 5, began + 0.1)
        assert 0.095 <= backend.now() - began < 2
        stream.close()

    server = raw_server(dribble)
    run_flow(kind, flow)


def test_timeout_counts_from_the_last_bytes(kind, raw_server):
    def dribble(connection):
        connection.send_slowly(bytes(30), seconds=0.01)
        connection.wait_closed()

    async def flow(backend):
        stream = await open_stream(backend, server)
        assert len(await read(stream, 30, 0.2)) == 30
        stream.close()

    server = raw_server(dribble)
    run_flow(kind, flow)


def test_timeouts_may_change_from_one_wait_to_the_next(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        for timeout, deadline in (
            (30, math.inf),
            (0.03, math.inf),
            (20, backend.now() + 20),
            (30, backend.now() + 0.03),
            (math.inf, math.inf),
        ):
            await stream.send(b"x", 5, math.inf)
            assert await read(stream, 1) == b"x"
            if min(timeout, deadline - backend.now()) < 1:
                with pytest.raises(TimedOut):
                    await stream.pump(Collector(), timeout, deadline)
            else:
                await stream.send(b"y", 5, math.inf)
                await stream.pump(Collector(1), timeout, deadline)
        stream.close()

    server = raw_server(echo)
    run_flow(kind, flow)


def test_full_send_buffer_times_out(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        with pytest.raises(TimedOut):
            await stream.send(bytes(64 * MEGABYTE), 0.05, math.inf)
        assert 0 < stream.bytes_sent < 64 * MEGABYTE
        with pytest.raises(TimedOut):
            await stream.send(bytes(64 * MEGABYTE), 5, backend.now() + 0.05, Collector())
        stream.close()

    done = threading.Event()
    server = raw_server(lambda _: done.wait(20))
    try:
        run_flow(kind, flow)
    finally:
        done.set()


def test_early_answer_stops_sending(kind, raw_server):
    done = threading.Event()

    def refuse(connection):
        connection.socket.recv(1000)
        connection.send(b"413")
        done.wait(20)

    async def flow(backend):
        stream = await open_stream(backend, server)
        collector = Collector(3)
        assert not await stream.send(bytes(64 * MEGABYTE), 5, math.inf, collector)
        assert collector.data == b"413"
        stream.close()

    server = raw_server(refuse)
    try:
        run_flow(kind, flow)
    finally:
        done.set()


def test_answer_before_a_reset_is_not_lost(kind, raw_server):
    """A server that refuses a body answers and closes with bytes unread, which resets the connection."""

    def refuse(connection):
        connection.socket.recv(1000)
        connection.send(b"413")

    async def flow(backend):
        stream = await open_stream(backend, server)
        collector = Collector(3)
        try:
            sent = await stream.send(bytes(64 * MEGABYTE), 5, math.inf, collector)
        except ConnectionError:
            return  # the reset overtook the answer: nothing to be done
        assert not sent
        assert collector.data == b"413"
        stream.close()

    server = raw_server(refuse)
    run_flow(kind, flow)


def test_feed_failure_is_raised_by_pump_and_by_send(kind, raw_server):
    def fail(data):
        raise LookupError(data)

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        with pytest.raises(LookupError):
            await stream.pump(fail, 5, math.inf)
        stream.close()
        stream = await open_stream(backend, server)
        with pytest.raises(LookupError):
            await stream.send(bytes(64 * MEGABYTE), 5, math.inf, fail)
        stream.close()

    server = raw_server(echo)
    run_flow(kind, flow)


def test_idle_stream_is_readable_once_the_peer_speaks_or_goes(kind, raw_server):
    speak, go = threading.Event(), threading.Event()

    def script(connection):
        connection.socket.recv(1)
        connection.send(b"1")
        speak.wait(10)
        connection.send(b"2")
        go.wait(10)

    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        assert await read(stream, 1) == b"1"
        assert not stream.readable()
        speak.set()
        await become(backend, stream.readable)
        collector = Collector()
        assert not stream.drain_nowait(collector)
        assert collector.data == b"2"
        assert not stream.readable()
        go.set()
        await become(backend, stream.readable)
        assert stream.drain_nowait(collector)
        assert collector.ends == 1
        stream.close()
        assert stream.readable()

    server = raw_server(script)
    run_flow(kind, flow)


def test_pump_after_idle_bytes_gets_them(kind, raw_server):
    def script(connection):
        connection.send(b"unasked")
        connection.socket.recv(1)
        connection.send(b"asked")
        connection.wait_closed()

    async def flow(backend):
        stream = await open_stream(backend, server)
        assert await read(stream, 1)
        await turns(backend)
        await stream.send(b"x", 5, math.inf)
        await become(backend, stream.readable)
        assert await read(stream, 5) == b"asked"
        await stream.send(b"x", 5, math.inf)
        stream.close()

    server = raw_server(script)
    run_flow(kind, flow)


def test_closed_stream_refuses(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        stream.close()
        with pytest.raises(StreamClosed):
            await stream.pump(Collector(), 5, math.inf)
        with pytest.raises(StreamClosed):
            await stream.send(b"x", 5, math.inf)
        with pytest.raises(StreamClosed):
            stream.send_nowait(b"x")

    server = raw_server(echo)
    run_flow(kind, flow)


def test_forgotten_stream_says_nothing_to_the_peer(kind, raw_server):
    async def flow(backend):
        stream = await open_stream(backend, server)
        await stream.send(b"x", 5, math.inf)
        assert await read(stream, 1) == b"x"
        stream.forget()
        with pytest.raises(StreamClosed):
            await stream.send(b"x", 5, math.inf)

    server = raw_server(echo)
    if kind in {"asyncio", "uvloop"}:
        pytest.skip("a forgotten stream leaves its loop's registration to the parent")
    run_flow(kind, flow)


def test_closing_wakes_a_thread_that_waits(raw_server):
    outcome = []
    server = raw_server(echo)

    async def flow(backend):
        stream = await open_stream(backend, server)

        def close():
            while not stream.receiving:
                pass
            stream.close()

        closer = threading.Thread(target=close)
        closer.start()
        try:
            await stream.pump(Collector(), 10, math.inf)
        except StreamClosed as error:
            outcome.append(error)
        closer.join()

    run_flow("blocking", flow)
    assert outcome


@pytest.mark.parametrize("kind", ["asyncio", "asyncio-proactor", "uvloop"])
@pytest.mark.parametrize("doing", ["pump", "send", "send with feed"])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_asyncio_task_that_waits_is_cancelled_or_closed_under(
    kind, doing, how, raw_server, leftovers
):
    done = threading.Event()
    server = raw_server(lambda _: done.wait(20))

    async def flow(backend):
        stream = await open_stream(backend, server)
        if doing == "pump":
            waiting = asyncio.create_task(stream.pump(Collector(), 10, math.inf))
        else:
            feed = Collector() if doing == "send with feed" else None
            waiting = asyncio.create_task(stream.send(bytes(64 * MEGABYTE), 10, math.inf, feed))
        await become(backend, lambda: stream.receiving or stream.sending)
        if how == "cancel":
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            stream.close()
        else:
            stream.close()
            with pytest.raises(StreamClosed):
                await waiting
        loop = asyncio.get_running_loop()
        if kind == "asyncio":
            assert len(loop._selector.get_map()) == 1  # the loop's own wake-up socket
            assert not [handle for handle in loop._scheduled if not handle.cancelled()]

    try:
        run_flow(kind, flow)
    finally:
        done.set()


@pytest.mark.parametrize("doing", ["pump", "send", "send with feed"])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_trio_task_that_waits_is_cancelled_or_closed_under(doing, how, raw_server):
    import trio

    done = threading.Event()
    server = raw_server(lambda _: done.wait(20))

    async def flow(backend):
        stream = await open_stream(backend, server)
        outcomes = []

        async def wait():
            try:
                if doing == "pump":
                    await stream.pump(Collector(), 10, math.inf)
                else:
                    await stream.send(
                        bytes(64 * MEGABYTE),
                        10,
                        math.inf,
                        Collector() if doing == "send with feed" else None,
                    )
            except StreamClosed:
                outcomes.append("closed")
            except trio.Cancelled:
                outcomes.append("cancelled")
                raise

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await become(backend, lambda: stream.receiving or stream.sending)
            if how == "cancel":
                nursery.cancel_scope.cancel()
            else:
                stream.close()
        stream.close()
        assert outcomes == ["cancelled" if how == "cancel" else "closed"]

    try:
        run_flow("trio", flow)
    finally:
        done.set()


def test_outer_cancellation_is_not_taken_for_a_timeout(raw_server):
    import trio

    server = raw_server(echo)

    async def flow(backend):
        stream = await open_stream(backend, server)
        with trio.move_on_after(0.02) as scope:
            await stream.pump(Collector(), 10, backend.now() + 10)
        assert scope.cancelled_caught
        stream.close()

    run_flow("trio", flow)


def test_one_timer_serves_many_requests_and_dies_when_idle(raw_server):
    server = raw_server(echo)

    async def flow(backend):
        stream = await open_stream(backend, server)
        loop = asyncio.get_running_loop()
        for _ in range(50):
            await stream.send(b"x", 5, math.inf)
            await read(stream, 1, 0.05)
        assert len(loop._scheduled) <= 2
        await become(backend, lambda: not loop._scheduled)
        stream.close()

    run_flow("asyncio", flow)


def test_busy_stream_lets_other_tasks_run(raw_server):
    """However fast the peer sends, other tasks get their turn."""
    server = raw_server(lambda connection: connection.send(bytes(64 * MEGABYTE)))

    async def flow(backend):
        stream = await open_stream(backend, server)
        turns = 0

        async def tick():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        received = 0
        while received < 64 * MEGABYTE:
            received += len(await read(stream, 1))
        ticker.cancel()
        stream.close()
        return turns

    assert run_flow("asyncio", flow) > 3
