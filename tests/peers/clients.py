"""One client for three colours: the same synchronous calls drive a `Session`, and an `AsyncSession` on asyncio and on trio."""

from __future__ import annotations

import asyncio
import gc
import queue
import select
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest

import envoi
from envoi._net.http1 import HTTP1Connection

COLOURS = ("sync", "asyncio", "trio")


class Client:
    """A session, and calls that wait for it.

    Args:
        colour: one of `COLOURS`.
        settings: the session's.
    """

    def __init__(self, colour: str, **settings: Any) -> None:
        self.colour = colour
        self._closed = False
        self._loop = _LOOPS[colour]()
        self.session: Any = (
            envoi.Session(**settings) if colour == "sync" else envoi.AsyncSession(**settings)
        )

    def request(self, method: str | bytes, url: Any, **options: Any) -> Any:
        """Send a request, and wait for its response."""
        return self._wrapped(self._loop.call(self.session.request, method, url, **options))

    def get(self, url: Any, **options: Any) -> Any:
        """GET."""
        return self.request("GET", url, **options)

    def post(self, url: Any, data: Any = None, **options: Any) -> Any:
        """POST."""
        return self.request("POST", url, data=data, **options)

    def together(
        self, count: int, method: str, url: str | Callable[[int], str], **options: Any
    ) -> list[Any]:
        """The outcomes of so many requests at once: responses, and exceptions of those that failed."""
        urls = [url(number) if callable(url) else url for number in range(count)]
        return self._loop.together([(self.session.request, (method, one), options) for one in urls])

    @property
    def in_use(self) -> int:
        """How many connections are in somebody's hands, or lost."""
        state = self.session._pool.state
        return int(state.open - state.idle)

    def close(self) -> None:
        """Close the session and whatever drives it. Again: nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._loop.call(self.session.close)
        finally:
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wrapped(self, response: Any) -> Any:
        return response if self.colour == "sync" else Waiting(response, self._loop)


class Waiting:
    """An asynchronous response, each of whose calls is waited for."""

    def __init__(self, response: Any, loop: Any) -> None:
        self.response = response
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self.response, name)

    def read(self) -> bytes:
        return self._loop.call(self.response.read)

    def close(self) -> None:
        self._loop.call(self.response.close)

    def iter_content(self, *arguments: Any, **options: Any) -> Iterator[Any]:
        return self._iterate(self.response.iter_content(*arguments, **options))

    def iter_lines(self, *arguments: Any, **options: Any) -> Iterator[Any]:
        return self._iterate(self.response.iter_lines(*arguments, **options))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _iterate(self, pieces: Any) -> Iterator[Any]:
        try:
            while (piece := self._loop.call(anext, pieces, None)) is not None:
                yield piece
        finally:
            self._loop.call(pieces.aclose)


class _NoLoop:
    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return function(*arguments, **options)

    def together(self, calls: list[Any]) -> list[Any]:
        outcomes: list[Any] = [None] * len(calls)

        def run(number: int) -> None:
            function, arguments, options = calls[number]
            try:
                outcomes[number] = function(*arguments, **options)
            except Exception as error:
                outcomes[number] = error

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def close(self) -> None:
        pass


class _AsyncioLoop:
    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        async def main() -> Any:
            return await function(*arguments, **options)

        return self._runner.run(main())

    def together(self, calls: list[Any]) -> list[Any]:
        async def main() -> list[Any]:
            return await asyncio.gather(
                *(function(*arguments, **options) for function, arguments, options in calls),
                return_exceptions=True,
            )

        return self._runner.run(main())

    def close(self) -> None:
        self._runner.close()


class _TrioLoop:
    """Trio in a thread of its own, because it cannot be stopped and run again."""

    def __init__(self) -> None:
        self._trio = pytest.importorskip("trio")
        started: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        self._token = started.get(timeout=10)

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        async def main() -> Any:
            return await function(*arguments, **options)

        return self._trio.from_thread.run(main, trio_token=self._token)

    def together(self, calls: list[Any]) -> list[Any]:
        outcomes: list[Any] = [None] * len(calls)

        async def one(number: int) -> None:
            function, arguments, options = calls[number]
            try:
                outcomes[number] = await function(*arguments, **options)
            except Exception as error:
                outcomes[number] = error

        async def main() -> None:
            async with self._trio.open_nursery() as nursery:
                for number in range(len(calls)):
                    nursery.start_soon(one, number)

        self._trio.from_thread.run(main, trio_token=self._token)
        return outcomes

    def close(self) -> None:
        self._trio.from_thread.run_sync(self._stop.set, trio_token=self._token)
        self._thread.join(10)

    def _run(self, started: queue.SimpleQueue[Any]) -> None:
        async def main() -> None:
            self._stop = self._trio.Event()
            started.put(self._trio.lowlevel.current_trio_token())
            await self._stop.wait()

        self._trio.run(main)


def wait_until_idle_connections_speak(client: Client) -> None:
    """Wait until each idle connection has bytes, or its end, waiting in the kernel."""
    pool = client.session._pool
    # The pool's books are in the core: its connections are found among all objects.
    connections = [
        one for one in gc.get_objects() if type(one) is HTTP1Connection and one.pool() is pool
    ]
    assert len(connections) >= pool.state.idle
    for connection in connections:
        stream = connection.stream
        if not stream.readable():
            assert select.select([stream._socket], [], [], 10)[0], "the peer said nothing"


_LOOPS: dict[str, Callable[[], Any]] = {"sync": _NoLoop, "asyncio": _AsyncioLoop, "trio": _TrioLoop}


@pytest.fixture(params=COLOURS)
def colour(request: pytest.FixtureRequest) -> str:
    """ "sync", "asyncio" and "trio" in turn."""
    name: str = request.param
    return name


@pytest.fixture
def new_client(colour: str) -> Iterator[Callable[..., Client]]:
    """Makes clients: `new_client(**settings)`; closed after the test."""
    made: list[Client] = []

    def make(**settings: Any) -> Client:
        made.append(Client(colour, **{"timeout": 10, **settings}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    """A client with a session of default settings."""
    return new_client()
