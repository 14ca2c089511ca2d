"""Both directions of a stream at once: two flows, neither of which disturbs the other."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
import select
import ssl
import threading

import pytest

from envoi._io.protocols import StreamClosed, TimedOut, TLSConfig
from flows.io_support import KINDS, Collector, become, beside, open_stream, read, run_flow

MEGABYTE = 1 << 20
DATA = random.Random(7).randbytes(12 * MEGABYTE)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=[k for k in KINDS if k != "blocking"])
def async_kind(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def secure(request):
    return request.param


@pytest.fixture
def peer(raw_server, ca, secure):
    """`peer(script)`: opens streams to a server that runs the script."""

    def make(script):
        tls = ca.issue("localhost") if secure else None
        server = raw_server(script, tls=tls)

        async def opened(backend):
            stream = await open_stream(backend, server)
            if secure:
                config = TLSConfig(verify=ca.path)
                stream = await backend.start_tls(stream, config, "localhost", math.inf)
            return stream

        return opened

    return make


class Swap:
    """A server that sends `outgoing` and receives `expected` bytes at once, in one thread."""

    def __init__(self, outgoing, expected):
        self.outgoing = outgoing
        self.expected = expected
        self.received = bytearray()
        self.done = threading.Event()

    def __call__(self, connection):
        peer = connection.socket
        peer.setblocking(False)
        self.received.clear()
        rest = memoryview(self.outgoing)
        while rest or len(self.received) < self.expected:
            moved = 0
            try:
                data = peer.recv(1 << 16)
                if not data:
                    return
                self.received += data
                moved = len(data)
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            try:
                if rest:
                    sent = peer.send(rest[: 1 << 16])
                    rest = rest[sent:]
                    moved += sent
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            if not moved:
                select.select([peer], [peer] if rest else [], [], 1)
        self.done.set()
        peer.setblocking(True)
        connection.wait_closed()


def pieces_of(data, *sizes):
    """The data in pieces of these sizes, over and over."""
    start = 0
    while start < len(data):
        for size in sizes:
            if data[start : start + size]:
                yield data[start : start + size]
            start += size


async def send_all(stream, pieces):
    for piece in pieces:
        assert await stream.send(piece, 20, math.inf)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_two_flows_send_and_receive_at_once(kind, peer):
    swap = Swap(DATA[::-1], len(DATA))
    opened = peer(swap)

    async def flow(backend):
        stream = await opened(backend)
        pieces = list(pieces_of(DATA, 5 * MEGABYTE, 1, 70_000, 300, 2 * MEGABYTE))
        async with beside(kind, send_all, stream, pieces) as first:
            received = await read(stream, len(DATA), 20)
        assert first == [None]
        assert stream.unsent == 0
        assert not stream.sending
        assert not stream.receiving
        await become(backend, swap.done.is_set)
        stream.close()
        return received

    assert digest(run_flow(kind, flow)) == digest(DATA[::-1])
    assert digest(swap.received) == digest(DATA)


def test_small_messages_cross_each_other(kind, peer):
    """Requests by one flow, answers by another: neither waits for the other's turn."""
    count = 500

    def echo(connection):
        while data := connection.socket.recv(65536):
            connection.socket.sendall(data)

    opened = peer(echo)

    async def flow(backend):
        stream = await opened(backend)
        messages = [b"%d;" % number for number in range(count)]
        async with beside(kind, send_all, stream, messages) as first:
            received = await read(stream, len(b"".join(messages)))
        assert first == [None]
        assert received == b"".join(messages)
        stream.close()

    run_flow(kind, flow)


class Cancelling:
    """Awaits a coroutine, and cancels at its wait number `strike`; `struck` tells whether."""

    def __init__(self, coroutine, strike, cancel, at_wait):
        self.coroutine, self.strike, self.cancel = coroutine, strike, cancel
        self.at_wait = at_wait
        self.struck = False

    def __await__(self):
        inner = self.coroutine.__await__()
        waits, send, value = 0, inner.send, None
        while True:
            try:
                wanted = send(value)
            except StopIteration as stop:
                return stop.value
            waits += 1
            self.at_wait()
            if waits == self.strike:
                self.struck = True
                self.cancel()
            try:
                value = yield wanted
                send = inner.send
            except BaseException as error:
                send, value = inner.throw, error


async def cancelled_at(kind, coroutine, strike, at_wait):
    """Run a coroutine as a task that is cancelled at one of its waits; whether it came to that."""
    if kind == "trio":
        import trio

        with trio.CancelScope() as scope:
            victim = Cancelling(coroutine, strike, scope.cancel, at_wait)
            await victim
        return victim.struck

    async def run():
        victim = Cancelling(coroutine, strike, asyncio.current_task().cancel, at_wait)
        try:
            await victim
        except asyncio.CancelledError:
            assert victim.struck
        return victim.struck

    return await asyncio.create_task(run())


@pytest.mark.parametrize("victim", ["send", "send with feed", "pump"])
def test_either_is_cancelled_at_each_wait_and_the_other_goes_on(async_kind, victim, peer):
    """What the victim left is done by the next flow; nothing is lost, doubled or out of order."""
    kind = async_kind
    upload, download = DATA[: 6 * MEGABYTE], DATA[6 * MEGABYTE :]
    swap = Swap(download, len(upload))
    go = threading.Event()

    def script(connection):
        go.wait(20)
        swap(connection)

    opened = peer(script)
    pieces = list(pieces_of(upload, 3 * MEGABYTE, 5, 40_000))

    async def flow(backend, strike):
        stream = await opened(backend)
        collector = Collector(len(download))
        left = list(pieces)
        unasked = Collector()

        async def send_left(feed=None):
            while left:
                await stream.send(left.pop(0), 20, math.inf, feed)
            await stream.send(b"", 20, math.inf)

        async def receive():
            if len(collector.data) < len(download):
                await stream.pump(collector, 20, math.inf)

        if victim == "pump":
            async with beside(kind, send_left) as first:
                struck = await cancelled_at(kind, receive(), strike, go.set)
                assert not stream.receiving
                await receive()
        else:
            async with beside(kind, receive) as first:
                await become(backend, lambda: stream.receiving)
                feed = unasked if victim == "send with feed" else None
                struck = await cancelled_at(kind, send_left(feed), strike, go.set)
                assert not stream.sending
                await send_left()
        assert first == [None]
        assert not unasked.data, "the bytes belong to the flow that pumps"
        assert stream.unsent == 0
        assert digest(collector.data) == digest(download)
        await become(backend, swap.done.is_set)
        assert digest(swap.received) == digest(upload)
        swap.done.clear()
        go.clear()
        stream.close()
        return struck

    for strike in range(1, 9):
        if not run_flow(kind, flow, strike):
            break
    assert strike > 1


class Reluctant:
    """A server that reads nothing until `go` is set, and then all; it says hello meanwhile."""

    def __init__(self, expected):
        self.go, self.done = threading.Event(), threading.Event()
        self.expected = expected
        self.received = bytearray()

    def __call__(self, connection):
        self.go.wait(20)
        connection.socket.sendall(b"hello")
        while len(self.received) < self.expected:
            data = connection.socket.recv(1 << 18)
            if not data:
                return
            self.received += data
        self.done.set()
        connection.wait_closed()


@pytest.mark.parametrize("limit", ["timeout", "deadline", "late already"])
def test_what_a_late_send_left_is_written_by_the_next(kind, limit, secure, peer):
    tail = b"the tail"
    server = Reluctant(len(DATA) + len(tail))
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        before = stream.bytes_sent
        async with beside(kind, read, stream, 5) as first:
            await become(backend, lambda: stream.receiving)
            with pytest.raises(TimedOut):
                if limit == "timeout":
                    await stream.send(DATA, 0.02, math.inf)
                elif limit == "deadline":
                    await stream.send(DATA, 5, backend.now() + 0.02)
                else:
                    await stream.send(DATA, 5, backend.now() - 1)
            assert stream.receiving, "the other direction is not disturbed"
            assert not stream.sending
            assert stream.unsent > 0
            if limit == "late already":
                assert stream.bytes_sent == before
            else:
                assert stream.send_nowait(b"not before the rest") == 0
            server.go.set()
            assert await stream.send(tail, 20, math.inf)
        assert first == [b"hello"]
        assert stream.unsent == 0
        if not secure:
            assert stream.bytes_sent == before + len(DATA) + len(tail)
        await become(backend, server.done.is_set)
        stream.close()

    run_flow(kind, flow)
    assert digest(server.received) == digest(DATA + tail)


def test_begin_send_keeps_what_does_not_fit(kind, peer):
    server = Reluctant(len(DATA) + 3)
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        assert stream.begin_send(b"abc")
        fitted = [stream.begin_send(piece) for piece in pieces_of(DATA, 3 * MEGABYTE)]
        assert not fitted[-1]
        assert stream.unsent > 0
        server.go.set()
        assert await stream.send(b"", 20, math.inf)
        assert stream.unsent == 0
        assert stream.begin_send(b"")
        await become(backend, server.done.is_set)
        stream.close()

    run_flow(kind, flow)
    assert digest(server.received) == digest(b"abc" + DATA)


def test_send_nowait_writes_the_rest_first(kind, peer):
    server = Reluctant(len(DATA) + 2)
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        with pytest.raises(TimedOut):
            await stream.send(DATA, 0.02, math.inf)
        server.go.set()
        await become(backend, lambda: stream.send_nowait(b"ok") == 2)
        await stream.send(b"", 20, math.inf)
        await become(backend, server.done.is_set)
        stream.close()

    run_flow(kind, flow)
    assert digest(server.received) == digest(DATA + b"ok")


def test_pump_times_out_while_another_sends(kind, peer):
    server = Reluctant(len(DATA))
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        async with beside(kind, stream.send, DATA, 20, math.inf) as first:
            await become(backend, lambda: stream.sending)
            with pytest.raises(TimedOut):
                await stream.pump(Collector(), 0.02, math.inf)
            assert stream.sending
            server.go.set()
            assert await read(stream, 5) == b"hello"
        assert first == [True]
        await become(backend, server.done.is_set)
        stream.close()

    run_flow(kind, flow)
    assert digest(server.received) == digest(DATA)


def test_sender_does_not_take_the_bytes_of_another_who_receives(kind, peer):
    server = Reluctant(len(DATA))
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        unasked = Collector(0)
        async with beside(kind, read, stream, 5) as first:
            await become(backend, lambda: stream.receiving)
            async with beside(kind, stream.send, DATA, 20, math.inf, unasked) as second:
                await become(backend, lambda: stream.sending)
                server.go.set()
        assert first == [b"hello"]
        assert second == [True]
        assert not unasked.data
        await become(backend, server.done.is_set)
        stream.close()

    run_flow(kind, flow)


def test_close_while_one_sends_and_another_receives(kind, peer, leftovers):
    server = Reluctant(len(DATA))
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        async with (
            beside(kind, read, stream, 5) as first,
            beside(kind, stream.send, DATA, 20, math.inf) as second,
        ):
            await become(backend, lambda: stream.sending and stream.receiving)
            stream.close()
        assert [type(outcome) for outcome in (*first, *second)] == [StreamClosed, StreamClosed]
        assert stream.unsent == 0
        inner = getattr(stream, "_inner", stream)
        assert inner._socket.fileno() == -1
        with pytest.raises(StreamClosed):
            await stream.send(b"x", 5, math.inf)
        with pytest.raises(StreamClosed):
            await stream.pump(Collector(), 5, math.inf)

    try:
        run_flow(kind, flow)
    finally:
        server.go.set()


class ClosesInBetween:
    """An inner stream whose TLS stream is closed when its sender asks whether all went out."""

    def __init__(self, inner, close):
        self._inner = inner
        self._close = close

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @property
    def unsent(self):
        self._close()
        return self._inner.unsent


@pytest.mark.parametrize("secure", [True], indirect=True)
def test_close_between_two_slices_is_not_the_end_of_a_send(kind, peer):
    server = Reluctant(len(DATA))
    opened = peer(server)

    async def flow(backend):
        stream = await opened(backend)
        stream._inner = ClosesInBetween(stream._inner, stream.close)
        with pytest.raises(StreamClosed):
            await stream.send(DATA, 5, math.inf)
        assert stream.unsent == 0

    try:
        run_flow(kind, flow)
    finally:
        server.go.set()


@pytest.mark.parametrize("secure", [True], indirect=True)
@pytest.mark.parametrize("receiver", [False, True], ids=["alone", "with a receiver"])
def test_write_that_needs_a_read(kind, receiver, peer, monkeypatch):
    """A handshake within the connection (TLS 1.2): to encrypt needs bytes of the peer's first."""
    from envoi._io.tls_records import TLSRecords

    data = DATA[:100_000]
    swap = Swap(b"hello", len(data))
    said = threading.Event()

    def script(connection):
        said.wait(10)
        swap(connection)

    opened = peer(script)
    refusals = []
    encrypt = TLSRecords.encrypt

    def refuse(self, piece):
        if not self.incoming.pending and len(refusals) < 2:
            refusals.append(len(piece))
            raise ssl.SSLWantReadError
        encrypt(self, piece)

    monkeypatch.setattr(TLSRecords, "encrypt", refuse)

    async def flow(backend):
        stream = await opened(backend)
        if receiver:
            async with beside(kind, read, stream, 5) as first:
                await become(backend, lambda: stream.receiving)
                async with beside(kind, stream.send, data, 20, math.inf) as second:
                    await become(backend, lambda: len(refusals) == 2)
                    said.set()
            assert first == [b"hello"]
        else:
            async with beside(kind, stream.send, data, 20, math.inf) as second:
                await become(backend, lambda: len(refusals) == 2)
                said.set()
            assert await read(stream, 5) == b"hello"
        assert second == [True]
        await become(backend, swap.done.is_set)
        stream.close()

    run_flow(kind, flow)
    assert swap.received == data
