"""What a backend is: the only interface through which flows reach sockets, clocks, locks and event loops.

A flow is an `async def` written once. Under the blocking backend none of these methods ever suspends, so that
`run_sync` can run the flow with a single `send(None)`; under asyncio and trio they suspend as usual.

Times are seconds on the backend's own monotonic clock. A *timeout* is how long one step may go without progress,
a *deadline* is an absolute time; `math.inf` is "no limit" for both. Whichever comes first raises `TimedOut`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Feed: TypeAlias = Callable[[bytes], bool]
"""Takes the bytes of one `recv` (b"" is end of stream); true when the flow should wake."""

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]


class TimedOut(Exception):
    """A step made no progress within its timeout, or its deadline passed."""


class StreamClosed(Exception):
    """The stream was closed by our side while it was used."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address to connect to, as `getaddrinfo` describes it."""

    family: int
    sockaddr: SocketAddress


class Stream(Protocol):
    """A connected byte stream. At most one flow uses it at a time. Failures of the network are raised as OSError."""

    async def send(self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None) -> bool:
        """Send all of `data`, and return True.

        While waiting for room, bytes that arrive are given to `feed` (when there is one); if it returns true,
        sending stops and the answer is False. `timeout` bounds each wait for room.
        """
        ...

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """Receive, and give every piece to `feed` until it returns true. End of stream is `feed(b"")`, after which pump returns.

        `timeout` bounds each wait for bytes. What `feed` raises is raised here.
        """
        ...

    def readable(self) -> bool:
        """Whether bytes, or the end of the stream, wait to be read. Never blocks. On an idle connection: it is not to be used again."""
        ...

    def close(self) -> None:
        """Close at once, without waiting; calling it again does nothing. Safe from a cancelled task."""
        ...

    def forget(self) -> None:
        """In a forked child: let go of the descriptor without a word to the peer or to an event loop shared with the parent."""
        ...

    @property
    def peer_address(self) -> SocketAddress | str | None: ...
    @property
    def local_address(self) -> SocketAddress | str | None: ...


class Waiter(Protocol):
    """A one-shot signal: `set` from any flow (any thread, under the blocking backend), `wait` in the one that owns it."""

    def set(self) -> None: ...
    async def wait(self, deadline: float) -> None:
        """Return once set; raise TimedOut at the deadline."""
        ...


class Backend(Protocol):
    """Where a flow runs."""

    name: str
    """ "blocking", "asyncio" or "trio"."""

    def now(self) -> float:
        """Seconds on the clock that deadlines are told in."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """A new lock for state that several flows change: a real one for threads, an empty one for a loop."""
        ...

    def waiter(self) -> Waiter: ...

    def check_owner(self) -> None:
        """Raise WrongEventLoop when called from an event loop other than the backend's. The blocking backend does nothing."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def resolve(self, host: str, port: int, deadline: float) -> Sequence[Address]:
        """Addresses of a host in the resolver's order. Raises OSError (socket.gaierror) or TimedOut. Never blocks a loop; cached briefly."""
        ...

    async def connect(self, addresses: Sequence[Address], local_address: tuple[str, int] | None, deadline: float) -> Stream:
        """A TCP stream to the first address that answers (Happy Eyeballs, RFC 8305), TCP_NODELAY set.

        When all fail: raises the OSError of the first attempt, the others in its `__notes__` or as an ExceptionGroup's cause.
        TimedOut at the deadline. On any exit but success every socket is closed.
        """
        ...

    async def connect_unix(self, path: str, deadline: float) -> Stream: ...

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """Run a function that may block (reading a file): here under the blocking backend, in a worker thread otherwise."""
        ...
