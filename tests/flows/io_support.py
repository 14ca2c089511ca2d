"""What the tests of the backends share: the four ways to run, and feeds."""

from __future__ import annotations

import asyncio
import math
import socket

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
