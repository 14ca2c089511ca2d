"""What is raised in the middle of a stream's work: it reaches the flow that waits, at once and alone."""

from __future__ import annotations

import asyncio
import math
import signal
import threading

import pytest

from envoi._io.protocols import StreamClosed
from flows.io_support import KINDS, Collector, become, beside, open_stream, read, run_flow, turns

MEGABYTE = 1 << 20


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


class Stop(BaseException):
    """What no `except Exception` sees."""


@pytest.fixture
def talker(raw_server):
    """A server that says hello, reads nothing, and waits."""
    done = threading.Event()

    def script(connection):
        connection.socket.sendall(b"hello")
        done.wait(20)

    yield raw_server(script)
    done.set()


def failing(error, calls):
    def fail(*_):
        calls.append(1)
        raise error

    return fail


def break_receiving(kind, stream, error, calls):
    """Have each receive of a stream raise something."""
    if kind == "asyncio-proactor":

        async def fail(*_):
            failing(error, calls)()

        asyncio.get_running_loop().sock_recv = fail
    else:
        stream._receive = failing(error, calls)


@pytest.mark.parametrize("error", [MemoryError, LookupError, Stop])
@pytest.mark.parametrize("doing", ["pump", "send"])
def test_what_a_receive_raises_is_raised_in_the_flow_once(kind, error, doing, talker):
    if kind == "asyncio-proactor" and error is Stop:
        pytest.skip("asyncio lets a BaseException of a task end the loop")

    async def flow(backend):
        stream = await open_stream(backend, talker)
        calls = []
        break_receiving(kind, stream, error, calls)
        with pytest.raises(error):
            if doing == "pump":
                await stream.pump(Collector(), 5, math.inf)
            else:
                await stream.send(bytes(64 * MEGABYTE), 5, math.inf, Collector())
        await turns(backend)
        assert calls == [1]
        assert not stream.receiving
        assert not stream.sending
        stream.close()

    run_flow(kind, flow)


@pytest.mark.parametrize("error", [MemoryError, Stop, StopIteration])
def test_what_a_feed_raises_is_raised_in_the_flow_once(kind, error, talker):
    async def flow(backend):
        stream = await open_stream(backend, talker)
        calls = []
        with pytest.raises((error, RuntimeError)):
            await stream.pump(failing(error, calls), 5, math.inf)
        assert calls == [1]
        stream.close()

    run_flow(kind, flow)


def test_failing_receiver_does_not_disturb_the_sender(kind, raw_server):
    go = threading.Event()
    received = bytearray()

    def script(connection):
        connection.socket.sendall(b"hello")
        go.wait(20)
        while len(received) < 32 * MEGABYTE:
            received.extend(connection.socket.recv(MEGABYTE))

    server = raw_server(script)

    async def flow(backend):
        stream = await open_stream(backend, server)
        async with beside(kind, stream.send, bytes(32 * MEGABYTE), 20, math.inf) as first:
            await become(backend, lambda: stream.sending)
            with pytest.raises(LookupError):
                await stream.pump(failing(LookupError, []), 5, math.inf)
            assert stream.sending
            go.set()
        assert first == [True]
        await become(backend, lambda: len(received) == 32 * MEGABYTE)
        stream.close()

    run_flow(kind, flow)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers")
@pytest.mark.timeout(30, method="thread")  # the other method is a SIGALRM
def test_interrupted_wait_for_room_leaves_the_rest_to_the_next(raw_server):
    go = threading.Event()
    received = bytearray()
    data = bytes(range(256)) * (32 * MEGABYTE // 256)

    def script(connection):
        go.wait(20)
        while len(received) < len(data) + 4:
            received.extend(connection.socket.recv(MEGABYTE))

    server = raw_server(script)

    def interrupt(*_):
        if stream.sending and stream.unsent:
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    stream = None

    async def flow(backend):
        nonlocal stream
        stream = await open_stream(backend, server)
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                await stream.send(data, 20, math.inf)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert not stream.sending
        go.set()
        assert await stream.send(b"tail", 20, math.inf)
        await become(backend, lambda: len(received) == len(data) + 4)
        stream.close()

    run_flow("blocking", flow)
    assert received == data + b"tail"


@pytest.mark.parametrize("kind", ["blocking", "asyncio", "trio"])
def test_stream_closes_when_it_cannot_know_how_much_was_sent(kind, talker):
    """A signal handler's exception replaces the result of the system call that it interrupted."""

    async def flow(backend):
        stream = await open_stream(backend, talker)
        send = stream._send

        def interrupted(*arguments):
            send(*arguments)
            raise KeyboardInterrupt

        stream._send = interrupted
        with pytest.raises(KeyboardInterrupt):
            await stream.send(b"hello", 5, math.inf)
        stream._send = send
        with pytest.raises(StreamClosed):
            await stream.send(b"hello", 5, math.inf)
        assert stream._socket.fileno() == -1

    run_flow(kind, flow)


def test_interrupted_system_call_closes_under_the_thread_that_receives(talker):
    async def flow(backend):
        stream = await open_stream(backend, talker)
        assert await read(stream, 5) == b"hello"
        send = stream._send

        def interrupted(*arguments):
            send(*arguments)
            raise KeyboardInterrupt

        async with beside("blocking", read, stream, 5) as first:
            await become(backend, lambda: stream.receiving)
            stream._send = interrupted
            with pytest.raises(KeyboardInterrupt):
                await stream.send(b"hello", 5, math.inf)
        assert [type(outcome) for outcome in first] == [StreamClosed]
        assert stream._socket.fileno() == -1

    run_flow("blocking", flow)


def test_descriptor_of_a_closed_stream_stays_until_the_last_thread_has_left(talker):
    """Otherwise a system call that is under way may meet another connection under its number."""
    entered, release = [threading.Event() for _ in "rs"], [threading.Event() for _ in "rs"]

    def stuck(number, result):
        def call(*_):
            entered[number].set()
            release[number].wait(10)
            return result

        return call

    async def flow(backend):
        stream = await open_stream(backend, talker)
        stream._receive = stuck(0, b"")
        stream._send = stuck(1, 1)
        async with beside("blocking", stream.send, b"x", 5, math.inf):
            async with beside("blocking", stream.pump, Collector(), math.inf, math.inf) as first:
                assert entered[0].wait(5)
                assert entered[1].wait(5)
                stream.close()
                assert stream._socket.fileno() != -1
                release[0].set()
            assert [type(outcome) for outcome in first] == [StreamClosed]
            assert stream._socket.fileno() != -1
            release[1].set()
        assert stream._socket.fileno() == -1

        other = await open_stream(backend, talker)
        entered[0].clear()
        release[0].clear()
        other._receive = stuck(0, b"")
        async with beside("blocking", other.pump, Collector(), math.inf, math.inf):
            assert entered[0].wait(5)
            other.close()
            assert other._socket.fileno() != -1
            release[0].set()
        assert other._socket.fileno() == -1

    run_flow("blocking", flow)
