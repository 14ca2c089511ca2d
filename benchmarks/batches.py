"""Running batches of requests inside a worker process, and timing them.

Each batch starts with untimed requests: connections that idled while other clients were measured
are used again, or replaced, before the clock starts.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING

from benchmarks.clients.base import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.clients.base import AsyncDriver, Client, Endpoint

_UNTIMED = 3


class Batch:
    """A client opened for one case."""

    def run(self, count: int) -> tuple[float, float]:
        """Do the work about ``count`` times, and return wall and CPU seconds for each time."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what was opened."""


def open_batch(kind: str, client: Client, endpoint: Endpoint, size: int) -> Batch:
    """Open a client for a kind of work.

    Args:
        kind: As in `benchmarks.cases.Case`.
        client: The client.
        endpoint: Where the requests go.
        size: Length that each body must have.

    Raises:
        UnsupportedError: The client cannot do it.
    """
    if kind in ("either", "stream"):
        return _first_supported(
            lambda: SyncBatch(client, endpoint, size, streamed=kind == "stream"),
            lambda: AsyncioBatch(client, endpoint, size, streamed=kind == "stream"),
        )
    if kind == "sync":
        return SyncBatch(client, endpoint, size)
    if kind == "threads":
        return ThreadsBatch(client, endpoint, size)
    if kind == "asyncio":
        return AsyncioBatch(client, endpoint, size)
    if kind == "trio":
        return TrioBatch(client, endpoint, size)
    return ConstructBatch(client)


class SyncBatch(Batch):
    """One request after another, blocking."""

    def __init__(
        self, client: Client, endpoint: Endpoint, size: int, *, streamed: bool = False
    ) -> None:
        self._driver = client.open_sync(endpoint)
        self._get = self._driver.stream if streamed else self._driver.getter()
        self._url = endpoint.url
        self._size = size
        self._untimed = 0 if streamed else _UNTIMED
        if streamed:
            _fetch(self._get, self._url, size, 1)

    def run(self, count: int) -> tuple[float, float]:
        """Fetch one page after another."""
        _fetch(self._get, self._url, self._size, self._untimed)
        clock = Clock()
        _fetch(self._get, self._url, self._size, count)
        return clock.read(count)

    def close(self) -> None:
        """Close the session."""
        self._driver.close()


class ThreadsBatch(Batch):
    """Several threads that share one session."""

    def __init__(self, client: Client, endpoint: Endpoint, size: int) -> None:
        if not client.threads:
            raise UnsupportedError
        self._driver = client.open_sync(endpoint)
        self._endpoint = endpoint
        self._size = size

    def run(self, count: int) -> tuple[float, float]:
        """Let each thread fetch its share, once all of them are connected."""
        threads = self._endpoint.at_once
        share = max(count // threads, 1)
        warm = threading.Barrier(threads + 1)
        started = threading.Event()
        problems: list[BaseException] = []

        def work() -> None:
            try:
                get = self._driver.getter()
                _fetch(get, self._endpoint.url, self._size, _UNTIMED)
                warm.wait(timeout=15)
                started.wait(timeout=15)
                _fetch(get, self._endpoint.url, self._size, share)
            except BaseException as problem:
                problems.append(problem)
                warm.abort()

        running = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
        for thread in running:
            thread.start()
        try:
            warm.wait(timeout=15)
        except threading.BrokenBarrierError:
            raise problems[0] if problems else RuntimeError("a thread did not start") from None
        clock = Clock()
        # Only now may they run: the clock must not wait for the interpreter's lock while they do.
        started.set()
        for thread in running:
            thread.join()
        if problems:
            raise problems[0]
        return clock.read(share * threads)

    def close(self) -> None:
        """Close the session."""
        self._driver.close()


class AsyncioBatch(Batch):
    """Several tasks on one asyncio loop, which lives as long as the case."""

    def __init__(
        self, client: Client, endpoint: Endpoint, size: int, *, streamed: bool = False
    ) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        try:
            self._driver = self._loop.run_until_complete(client.open_asyncio(endpoint))
        except BaseException:
            self._loop.close()
            raise
        self._get = self._driver.stream if streamed else self._driver.get
        self._streamed = streamed
        self._endpoint = endpoint
        self._size = size

    def run(self, count: int) -> tuple[float, float]:
        """Let each task fetch its share."""
        return self._loop.run_until_complete(self._run(max(count // self._endpoint.at_once, 1)))

    def close(self) -> None:
        """Close the session, then the loop."""
        self._loop.run_until_complete(self._driver.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _run(self, share: int) -> tuple[float, float]:
        if not self._streamed:
            await self._spread(1)
        clock = Clock()
        await self._spread(share)
        return clock.read(share * self._endpoint.at_once)

    async def _spread(self, share: int) -> None:
        url, size, get = self._endpoint.url, self._size, self._get
        await asyncio.gather(
            *[_fetch_async(get, url, size, share) for _ in range(self._endpoint.at_once)]
        )


class TrioBatch(Batch):
    """Several tasks under trio; the session is opened anew for each batch, before the clock
    starts.
    """

    def __init__(self, client: Client, endpoint: Endpoint, size: int) -> None:
        if type(client).open_trio is _base_open_trio():
            raise UnsupportedError
        self._client = client
        self._endpoint = endpoint
        self._size = size

    def run(self, count: int) -> tuple[float, float]:
        """Let each task fetch its share."""
        import trio

        return trio.run(self._run, max(count // self._endpoint.at_once, 1))

    async def _run(self, share: int) -> tuple[float, float]:
        driver = await self._client.open_trio(self._endpoint)
        try:
            await self._spread(driver, 2)
            clock = Clock()
            await self._spread(driver, share)
            return clock.read(share * self._endpoint.at_once)
        finally:
            await driver.close()

    async def _spread(self, driver: AsyncDriver, share: int) -> None:
        import trio

        async with trio.open_nursery() as nursery:
            for _ in range(self._endpoint.at_once):
                nursery.start_soon(_fetch_async, driver.get, self._endpoint.url, self._size, share)


class ConstructBatch(Batch):
    """Building a session and closing it, after the first."""

    def __init__(self, client: Client) -> None:
        self._construct = client.construct
        self._construct()

    def run(self, count: int) -> tuple[float, float]:
        """Build sessions."""
        construct = self._construct
        clock = Clock()
        for _ in range(count):
            construct()
        return clock.read(count)


class Clock:
    """Wall and CPU time since it was made; garbage of the work before is collected first."""

    __slots__ = ("_cpu", "_wall")

    def __init__(self) -> None:
        gc.collect()
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def read(self, count: int) -> tuple[float, float]:
        """Return wall and CPU seconds per operation."""
        wall = time.perf_counter() - self._wall
        return wall / count, (time.process_time() - self._cpu) / count


class WrongAnswerError(Exception):
    """A client got another status or another length than the server sent."""


def _fetch(get: Callable[[str], int], url: str, size: int, count: int) -> None:
    for _ in range(count):
        if get(url) != size:
            raise WrongAnswerError


async def _fetch_async(
    get: Callable[[str], Awaitable[int]], url: str, size: int, count: int
) -> None:
    for _ in range(count):
        if await get(url) != size:
            raise WrongAnswerError


def _first_supported(blocking: Callable[[], Batch], looped: Callable[[], Batch]) -> Batch:
    try:
        return blocking()
    except UnsupportedError:
        return looped()


def _base_open_trio() -> object:
    from benchmarks.clients.base import Client

    return Client.open_trio
