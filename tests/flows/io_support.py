"""What the tests of the backends share: the four ways to run, and feeds."""

from __future__ import annotations

import asyncio
import math
import select
import socket
import threading

import pytest

from envoi._io.asyncio_ import AsyncioBackend
from envoi._io.blocking import BlockingBackend
from envoi._io.protocols import Address
from envoi._io.run_sync import run_sync

KINDS = ["blocking", "asyncio", "asyncio-proactor", "uvloop", "trio"]


def run_flow(kind, function, *arguments):
    """Run `function(backend, *arguments)` to its end."""
    if kind == "blocking":
        return run_sync(function(BlockingBackend(), *arguments))
    if kind == "asyncio":
        return asyncio.run(function(AsyncioBackend(), *arguments))
    if kind == "asyncio-proactor":
        return asyncio.run(function(AsyncioBackend(watch_sockets=False), *arguments))
    if kind == "uvloop":
        uvloop = pytest.importorskip("uvloop")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(function(AsyncioBackend(), *arguments))
    import trio

    from envoi._io.trio_ import TrioBackend

    return trio.run(function, TrioBackend(), *arguments)


def loopback(port, host="127.0.0.1"):
    """The address of a server of the test's own."""
    if ":" in host:
        return Address(int(socket.AF_INET6), (host, port, 0, 0))
    return Address(int(socket.AF_INET), (host, port))


async def open_stream(backend, server):
    """A stream to a server of the test's own."""
    return await backend.connect([loopback(server.port)], None, backend.now() + 10)


class Collector:
    """A feed that keeps everything, and wakes the flow at `enough` bytes."""

    def __init__(self, enough=math.inf):
        self.data = bytearray()
        self.enough = enough
        self.ends = 0

    def __call__(self, data):
        self.data += data
        self.ends += not data
        return len(self.data) >= self.enough


async def read(stream, count, timeout=10.0):
    """Pump until `count` bytes are there."""
    collector = Collector(count)
    await stream.pump(collector, timeout, math.inf)
    return bytes(collector.data)


class beside:
    """Run a coroutine function meanwhile: in a task, or in a thread; its outcome is what is in the list in the end."""

    def __init__(self, kind, function, *arguments):
        self.kind = kind
        self.call = lambda: function(*arguments)
        self.outcome = []

    async def run(self):
        try:
            self.outcome.append(await self.call())
        except Exception as error:
            self.outcome.append(error)

    async def __aenter__(self):
        if self.kind == "blocking":
            self.thread = threading.Thread(target=lambda: run_sync(self.run()))
            self.thread.start()
        elif self.kind == "trio":
            import trio

            self.manager = trio.open_nursery()
            (await self.manager.__aenter__()).start_soon(self.run)
        else:
            self.task = asyncio.create_task(self.run())
        return self.outcome

    async def __aexit__(self, *failure):
        if self.kind == "blocking":
            self.thread.join(10)
        elif self.kind == "trio":
            await self.manager.__aexit__(*failure)
        else:
            await self.task


async def become(backend, condition):
    """Let threads and other tasks run until a condition holds."""
    end = backend.now() + 10
    while not condition():
        assert backend.now() < end, "it never came true"
        await backend.sleep(0)


async def turns(backend, count=50):
    """Let other tasks run so many times: all that needs nothing from outside has happened then."""
    for _ in range(count):
        await backend.sleep(0)


def wait_for_bytes(stream):
    """Block until the kernel has bytes for a stream, or its end."""
    while not hasattr(stream, "_socket"):
        stream = stream._inner  # below TLS
    assert select.select([stream._socket], [], [], 10)[0], "nothing came"
