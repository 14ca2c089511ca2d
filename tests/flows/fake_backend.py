r"""A backend without a network: scripted peers, a clock that only moves when somebody waits, and
cancellation at any wait.

The same flow runs over it under blocking, asyncio and trio. Nothing ever takes real time: a wait
that nobody will end moves the clock to its own limit, and times out.

```python
script = [Send(b"GET / HTTP/1.1\r\n\r\n"), Receive(b"HTTP/1.1 204 No Content\r\n\r\n")]
backend = FakeBackend("trio", [script])
response = run(backend, flow(backend))
```
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar, cast

from envoi._io.protocols import (
    Address,
    Job,
    Lock,
    SecureStream,
    SocketSettings,
    Stream,
    TimedOut,
    TLSConfig,
    give_up,
    quietly,
)
from envoi._io.run_sync import run_sync
from flows.fake_stream import (
    End,
    FakeStream,
    Receive,
    Reset,
    Script,
    Send,
    Server,
    Stall,
    pieces,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence

__all__ = [
    "CANCELLED",
    "RUNNERS",
    "End",
    "FakeBackend",
    "FakeStream",
    "NeverEnds",
    "Receive",
    "Reset",
    "Send",
    "Stall",
    "cancelled_at_each_wait",
    "pieces",
    "run",
]

T = TypeVar("T")

RUNNERS = ("blocking", "asyncio", "trio")
CANCELLED: Any = object()
"""What `run` returns when the flow was cancelled."""

_YIELDS = 100


class NeverEnds(AssertionError):
    """A wait without any limit, for something that the script never does."""


class FakeBackend:
    """A backend for tests.

    Args:
        runner: "blocking", "asyncio" or "trio".
        peers: one for each connection in turn: its script, a server (a callable from what the
            client sent to what it then receives), or an exception with which connecting fails.
        names: hosts to addresses, or to the exception of the look-up; other names have one address.
        tls_failures: one for each handshake in turn: an exception, or None when it succeeds.
        cancel_at: at which wait (1 is the first) the flow is cancelled; under blocking,
            KeyboardInterrupt is raised there.
    """

    def __init__(
        self,
        runner: str,
        peers: Sequence[Script | Server | BaseException] = (),
        *,
        names: Mapping[str, Sequence[Address] | BaseException] | None = None,
        tls_failures: Sequence[BaseException | None] = (),
        cancel_at: int | None = None,
    ) -> None:
        self.name = runner
        self.clock = 1000.0
        self.waits = 0
        self.streams: list[FakeStream] = []
        self.resolved: list[tuple[str, int]] = []
        self.secured: list[tuple[TLSConfig, str]] = []
        self.scope: Any = None
        self._peers = list(peers)
        self._names = dict(names or {})
        self._tls_failures = list(tls_failures)
        self._cancel_at = cancel_at

    @property
    def open_streams(self) -> list[FakeStream]:
        """Those that were not closed."""
        return [stream for stream in self.streams if not stream.closed]

    def now(self) -> float:
        """As in `Backend`."""
        return self.clock

    def lock(self) -> Lock:
        """As in `Backend`."""
        import threading

        return threading.Lock()

    def call_soon(self, function: Callable[[], None]) -> None:
        """As in `Backend`, at once."""
        function()

    def waiter(self) -> FakeWaiter:
        """As in `Backend`."""
        return FakeWaiter(self)

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> Job:
        """As in `Backend`."""
        if self.name == "asyncio":
            import asyncio

            from envoi._io.asyncio_ import AsyncioJob

            return AsyncioJob(asyncio.get_running_loop().create_task(quietly(function)))
        if self.name == "trio":
            from envoi._io.trio_ import TrioJob

            return TrioJob(function)
        from envoi._io.blocking import BlockingJob

        run_sync(quietly(function))
        return BlockingJob()

    def check_owner(self) -> None:
        """Never complains."""

    async def sleep(self, seconds: float) -> None:
        """As in `Backend`: the clock moves at once."""
        await self.checkpoint()
        self.clock += seconds

    async def resolve(self, host: str, port: int, deadline: float) -> Sequence[Address]:
        """As in `Backend`."""
        await self.checkpoint()
        self.resolved.append((host, port))
        answer = self._names.get(host, (Address(2, ("192.0.2.1", port)),))
        if isinstance(answer, BaseException):
            raise answer
        if self.clock >= deadline:
            raise TimedOut
        return answer

    async def connect(
        self, addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
    ) -> Stream:
        """As in `Backend`."""
        local_address = None if settings is None else settings.local_address
        return await self._open(addresses[0].sockaddr, local_address, deadline)

    async def connect_unix(
        self, path: str, deadline: float, settings: SocketSettings | None = None
    ) -> Stream:
        """As in `Backend`."""
        return await self._open(path, None, deadline)

    async def prepare_tls(self, config: TLSConfig) -> None:
        """As in `Backend`: nothing is to be loaded."""

    async def start_tls(
        self, stream: Stream, config: TLSConfig, server_hostname: str, deadline: float
    ) -> SecureStream:
        """As in `Backend`: the stream stays what it was."""
        try:
            await self.checkpoint()
            if self.clock >= deadline:
                raise TimedOut
            self.secured.append((config, server_hostname))
            failure = self._tls_failures.pop(0) if self._tls_failures else None
            if failure is not None:
                raise failure
        except BaseException:
            stream.close()
            raise
        fake = cast("FakeStream", stream)
        fake.version, fake.cipher = "TLSv1.3", "TLS_AES_256_GCM_SHA384"
        fake.alpn = config.alpn[0] if config.alpn else None
        return fake

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """As in `Backend`."""
        await self.checkpoint()
        return function()

    async def checkpoint(self) -> None:
        """Where a real backend would wait: yields to the loop once, and is where cancellation
        strikes.
        """
        self.waits += 1
        strikes = self.waits == self._cancel_at
        if self.name == "asyncio":
            import asyncio

            task = asyncio.current_task()
            if strikes and task is not None:
                task.cancel()
            await asyncio.sleep(0)
        elif self.name == "trio":
            import trio

            if strikes:
                self.scope.cancel()
            await trio.lowlevel.checkpoint()
        elif strikes:
            raise KeyboardInterrupt

    async def within(self, deadline: float, awaitable: Awaitable[T]) -> T:
        """As in `Backend`: what it waits for moves the clock, which is looked at afterwards."""
        if self.clock >= deadline:
            give_up(awaitable)
        result = await awaitable
        if self.clock >= deadline:
            raise TimedOut
        return result

    def wait_in_vain(self, timeout: float, deadline: float) -> None:
        """Nothing will come: the clock moves to the limit, and TimedOut is raised."""
        until = min(self.clock + timeout, deadline)
        if until == math.inf:
            raise NeverEnds("a wait without limit, for what never comes")
        self.clock = max(self.clock, until)
        raise TimedOut

    async def _open(
        self, peer: Any, local_address: tuple[str, int] | None, deadline: float
    ) -> FakeStream:
        await self.checkpoint()
        if not self._peers:
            message = f"connection number {len(self.streams) + 1} was not expected"
            raise AssertionError(message)
        script = self._peers.pop(0)
        if isinstance(script, BaseException):
            raise script
        if self.clock >= deadline:
            raise TimedOut
        stream = FakeStream(self, script, peer, local_address)
        self.streams.append(stream)
        return stream


class FakeWaiter:
    """As `Waiter`."""

    def __init__(self, backend: FakeBackend) -> None:
        self._backend = backend
        self._flag = False

    def set(self) -> None:
        """As in `Waiter`."""
        self._flag = True

    def wake(self) -> None:
        """As in `Waiter`."""
        self.set()

    async def wait(self, deadline: float) -> None:
        """As in `Waiter`: other tasks are given their turn, and when none of them sets it, the
        clock moves on.
        """
        for _ in range(_YIELDS):
            if self._flag:
                return
            await self._backend.checkpoint()
            if self._backend.name == "blocking":
                break
        if not self._flag:
            self._backend.wait_in_vain(math.inf, deadline)


def run(backend: FakeBackend, flow: Coroutine[Any, Any, T]) -> T:
    """Run a flow as the backend's runner does, and return its result, or `CANCELLED`."""
    if backend.name == "asyncio":
        return _run_asyncio(flow)
    if backend.name == "trio":
        return _run_trio(backend, flow)
    try:
        return run_sync(flow)
    except KeyboardInterrupt:
        return cast("T", CANCELLED)


def cancelled_at_each_wait(
    make_backend: Callable[[int | None], FakeBackend],
    flow: Callable[[FakeBackend], Coroutine[Any, Any, object]],
) -> Iterator[FakeBackend]:
    """Run a flow once to its end, then once for each of its waits, cancelled there; yield each
    cancelled run's backend, to look at.

    Args:
        make_backend: a fresh backend, given its `cancel_at`.
        flow: the flow over that backend.
    """
    whole = make_backend(None)
    run(whole, flow(whole))
    for number in range(1, whole.waits + 1):
        backend = make_backend(number)
        outcome = run(backend, flow(backend))
        if outcome is not CANCELLED:
            if backend.waits < number:
                continue  # trio runs tasks in random order: this run had fewer
            message = f"the flow swallowed its cancellation at wait {number}"
            raise AssertionError(message)
        yield backend


def _run_asyncio(flow: Coroutine[Any, Any, T]) -> T:
    import asyncio

    try:
        return asyncio.run(flow)
    except asyncio.CancelledError:
        return cast("T", CANCELLED)


def _run_trio(backend: FakeBackend, flow: Coroutine[Any, Any, T]) -> T:
    import trio

    async def main() -> T:
        with trio.CancelScope() as backend.scope:
            return await flow
        return cast("T", CANCELLED)

    return trio.run(main)
