"""What a backend is: the only interface through which flows reach sockets, clocks, locks and event
loops.

A flow is an `async def` written once. Under the blocking backend none of these methods ever
suspends, so that `run_sync` can run the flow with a single `send(None)`; under asyncio and trio
they suspend as usual.

Times are seconds on the backend's own monotonic clock. A *timeout* is how long one step may go
without progress, a *deadline* is an absolute time; `math.inf` is "no limit" for both. Whichever
comes first raises `TimedOut`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

Feed: TypeAlias = Callable[[bytes], bool]
"""Takes the bytes of one `recv` (b"" is end of stream); true when the flow should wake."""

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]


class TimedOut(Exception):  # noqa: N818 - what happened, not a kind of error
    """A step made no progress within its timeout, or its deadline passed."""


class StreamClosed(Exception):  # noqa: N818
    """The stream was closed by our side while it was used."""


def give_up(awaitable: Awaitable[object]) -> NoReturn:
    """Raise TimedOut instead of awaiting what is late already."""
    if isinstance(awaitable, Coroutine):
        awaitable.close()
    raise TimedOut


class StreamBusy(RuntimeError):  # noqa: N818
    """Two flows sent on one stream at once, or two received: two readers of one body, for instance.
    The second gets this, the first is not disturbed.
    """

    def __init__(self) -> None:
        super().__init__(
            "this connection is in use by another task or thread: read a response in one place only"
        )


class Address(NamedTuple):
    """One address to connect to, as `getaddrinfo` describes it."""

    family: int
    sockaddr: SocketAddress


class SocketSettings(NamedTuple):
    """How connections are opened.

    Args:
        local_address: the address and port to connect from; port 0 for any.
        options: what `setsockopt` is called with, in this order, after what is set by default.
    """

    local_address: tuple[str, int] | None = None
    options: tuple[tuple[int, int, int | bytes], ...] = ()


class TLSConfig(NamedTuple):
    """How a TLS connection is to be made: a value, part of a pool's key. No TLS code is imported to
    make one.

    Args:
        verify: True for the default trust, False for none at all, or the path of a PEM file or of a
            folder of hashed certificates.
        cert: the client's certificate: a PEM file with its key, `(certificate, key)`, or
            `(certificate, key, password)`.
        alpn: protocols to offer, the best first (RFC 7301).
        check_hostname: False accepts a trusted certificate for whatever name.
        context: an `ssl.SSLContext` of the caller's, used as it is; the other fields are then
            ignored. Compared by identity.
    """

    verify: bool | str = True
    cert: str | tuple[str, str] | tuple[str, str, str | None] | None = None
    alpn: tuple[str, ...] = ()
    context: Any = None
    check_hostname: bool = True


async def quietly(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a job's coroutine, and discard what it raises, as `Backend.start` says."""
    with suppress(Exception):
        await function()


def tls_failure(error: BaseException) -> str | None:
    """What kind of TLS failure an exception is: "certificate", "tls", or None when it is something
    else.
    """
    ssl = sys.modules.get("ssl")
    if ssl is None or not isinstance(error, ssl.SSLError):
        return None
    return "certificate" if isinstance(error, ssl.SSLCertVerificationError) else "tls"


class Stream(Protocol):
    """A connected byte stream. Failures of the network are raised as OSError.

    A stream is full duplex: one flow may be in `send` while another is in `pump`. Neither disturbs
    the other, whether it ends, fails, times out or is cancelled. StreamBusy is raised only when two
    flows send, or two receive. `send` and `pump` raise TimedOut when their deadline has passed,
    whether or not bytes wait.

    Bytes given to `send` belong to the stream from then on. When `send` ends before they are
    written (TimedOut, cancellation, an answer for `feed`), the stream keeps what is unsent, and
    whoever writes next writes that first: `send(data)` writes the rest and then `data`, `send(b"")`
    writes the rest alone, `begin_send` and `send_nowait` write the rest first. So
    the bytes are on the wire in the order of the calls, each of them once. `close` drops the rest.
    Exceptions:

    - StreamBusy and StreamClosed: nothing of `data` was taken.
    - OSError: the connection is broken, and good for nothing but `close`.
    - An exception that a signal handler raises, KeyboardInterrupt above all, may strike between the
      system call and its result. How many bytes were sent is not known then, so the stream closes
      itself.

    The coroutines of `send` and `pump` are to be awaited at once, in the flow that called.
    """

    def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> Coroutine[Any, Any, bool]:
        """Send what is unsent and all of `data`, and return True.

        With a `feed`, the flow also receives while it waits for room, so that two peers that write
        to each other do not wait for each other for ever. If `feed` returns true, sending stops and
        the answer is False. Where another flow is already receiving when the wait begins, that flow
        gets the bytes: this one only waits for room.

        Args:
            data: the bytes; not to be changed afterwards.
            timeout: seconds that each wait for room may take. Bytes that arrive do not prolong it.
            deadline: absolute time.
            feed: takes what arrives.
        """
        ...

    def pump(self, feed: Feed, timeout: float, deadline: float) -> Coroutine[Any, Any, None]:
        """Receive, and give every piece to `feed` until it returns true. End of stream is
        `feed(b"")`, after which pump returns.

        `timeout` bounds each wait for bytes. What `feed` raises is raised here.
        """
        ...

    def begin_send(self, data: bytes) -> bool:
        """`send` as far as no waiting is needed: write what is unsent and then `data`, and keep
        what does not fit. True when nothing is unsent then; if not, `send(b"")` writes the rest.

        Raises:
            StreamBusy: another flow sends.
            StreamClosed: as everywhere.
            OSError: the connection is broken.
        """
        ...

    def send_nowait(self, data: bytes) -> int:
        """Send what fits without waiting, and return how many bytes of `data` did: 0 when none, and
        while another flow sends. The others stay with the caller. Raises OSError.
        """
        ...

    def drain_nowait(self, feed: Feed) -> bool:
        """Give `feed` what waits to be read, without waiting. True once `feed` returned true or the
        stream ended (`feed(b"")`). Nothing, and False, while another flow receives.
        """
        ...

    def readable(self) -> bool:
        """Whether bytes, or the end of the stream, wait to be read. Never blocks. Asked of an idle
        connection: if true, the connection is not to be used again.
        """
        ...

    @property
    def sending(self) -> bool:
        """Whether a flow is in `send`."""
        ...

    @property
    def receiving(self) -> bool:
        """Whether a flow is in `pump`, or receives while it waits for room in `send`."""
        ...

    @property
    def bytes_sent(self) -> int:
        """How many bytes the kernel has taken from us since the stream was opened, those that were
        unsent for a while included. What is sent next begins at `bytes_sent + unsent`.
        """
        ...

    @property
    def unsent(self) -> int:
        """How many bytes were given to `send` and are not written yet; 0 means that every byte is
        with the kernel. Under TLS plaintext may be among them: only 0 is exact.
        """
        ...

    def close(self) -> None:
        """Close at once, without waiting; calling it again does nothing. Safe from a cancelled
        task, and from any thread. Flows that are in `send` or `pump` get StreamClosed.
        """
        ...

    def forget(self) -> None:
        """In a forked child: close the descriptor, and tell neither the peer nor an event loop that
        is shared with the parent.
        """
        ...

    def closer(self) -> Callable[[], object]:
        """A call that closes the descriptor and nothing else: for destructors, which must not run
        Python code (an interrupt that came there would be swallowed). Where there is a loop, only
        for after its end.
        """
        ...

    @property
    def closed_cleanly(self) -> bool:
        """False when the peer ended a TLS stream without close_notify: what came may be cut short
        (RFC 8446, section 6.1).
        """
        ...

    @property
    def peer_address(self) -> SocketAddress | str | None: ...
    @property
    def local_address(self) -> SocketAddress | str | None: ...


class SecureStream(Stream, Protocol):
    """A stream under TLS, and what the handshake agreed on."""

    @property
    def version(self) -> str | None:
        """Such as "TLSv1.3"."""
        ...

    @property
    def cipher(self) -> str | None: ...
    @property
    def alpn(self) -> str | None:
        """The protocol that the peer selected, or None."""
        ...

    @property
    def peer_certificate(self) -> dict[str, Any] | None:
        """The peer's certificate as `ssl.SSLSocket.getpeercert` tells it; empty when it was not
        verified.
        """
        ...

    @property
    def peer_certificate_der(self) -> bytes | None: ...


class Waiter(Protocol):
    """A one-shot signal: `set` from any flow (any thread, under the blocking backend), `wait` in
    the one that owns it.
    """

    def set(self) -> None: ...

    @property
    def wake(self) -> Callable[[], object]:
        """`set`, to be called at most once; a builtin under the blocking backend, so that a
        destructor can call it without running Python code.
        """
        ...

    async def wait(self, deadline: float) -> None:
        """Return once set; raise TimedOut at the deadline."""
        ...


class Job(Protocol):
    """A coroutine that runs beside the flow that started it."""

    def cancel(self) -> None:
        """Have it cancelled. To be called in its loop; nothing when it has ended."""
        ...

    async def stop(self) -> None:
        """Cancel it, and return when it has ended, even where the caller is being cancelled. Called
        in the job itself, it cancels and returns.
        """
        ...


class Lock(Protocol):
    """What `threading.Lock` offers."""

    def acquire(self, blocking: bool = True) -> bool: ...
    def release(self) -> None: ...
    def __enter__(self) -> bool: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class Backend(Protocol):
    """Where a flow runs."""

    name: str
    """ "blocking", "asyncio" or "trio"."""

    def now(self) -> float:
        """Seconds on the clock that deadlines are told in."""
        ...

    def lock(self) -> Lock:
        """A new lock, for state that several flows or the garbage collector change."""
        ...

    def call_soon(self, function: Callable[[], None]) -> None:
        """Run a function that never waits: here under the blocking backend, soon and in its loop
        otherwise.

        Safe to call in any thread, also from the garbage collector; ignored when the loop is
        closed.
        """
        ...

    def waiter(self) -> Waiter: ...

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> Job:
        """Run a coroutine beside the caller: to its end, until it is cancelled, or until the loop
        ends.

        What it raises is discarded: it has to handle its own failures. Under the blocking backend
        nothing runs beside the caller: it is run here and now, and must not suspend.
        """
        ...

    def check_owner(self) -> None:
        """Raise WrongEventLoop when called from an event loop other than the backend's. The
        blocking backend does nothing.
        """
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def checkpoint(self) -> None:
        """Let other tasks of the loop run, once; where cancellation may strike. Nothing under the
        blocking backend.
        """
        ...

    async def within(self, deadline: float, awaitable: Awaitable[T]) -> T:
        """Await something of the caller's; at the deadline it is cancelled, and TimedOut is raised.

        Under the blocking backend nothing can be interrupted: it runs to its end, and the clock is
        looked at afterwards. A cancellation from outside goes through as it is. What is late
        already is not even begun (a coroutine is closed).
        """
        ...

    async def resolve(self, host: str, port: int, deadline: float) -> Sequence[Address]:
        """Addresses of a host in the resolver's order, kept briefly. Never blocks a loop. Raises
        OSError (gaierror) or TimedOut.
        """
        ...

    async def connect(
        self, addresses: Sequence[Address], settings: SocketSettings | None, deadline: float
    ) -> Stream:
        """A TCP stream to the first address that answers (Happy Eyeballs, RFC 8305), with
        TCP_NODELAY and TCP's keepalive.

        When all fail: raises the OSError of the first attempt, the others in its `__notes__` or as
        an ExceptionGroup's cause. TimedOut at the deadline, InvalidOption when the system refuses
        one of the settings' options. On any exit but success every socket is closed.
        """
        ...

    async def connect_unix(
        self, path: str, deadline: float, settings: SocketSettings | None = None
    ) -> Stream:
        """A stream to a Unix socket; of the settings, the options count."""
        ...

    async def prepare_tls(self, config: TLSConfig) -> None:
        """Load what `start_tls` will need, so that what is wrong with it shows before anything is
        sent.

        Raises:
            InvalidOption: a file that is missing or not what it should be.
        """
        ...

    async def start_tls(
        self, stream: Stream, config: TLSConfig, server_hostname: str, deadline: float
    ) -> SecureStream:
        """The handshake over a stream, which may itself be a SecureStream. On any failure the
        stream is closed.

        Raises:
            InvalidOption: a file that `config` names cannot be used.
            OSError: the handshake failed; `tls_failure` tells how.
            TimedOut: at the deadline.
        """
        ...

    async def call_blocking(self, function: Callable[[], T]) -> T:
        """Run a function that may block (reading a file): here under the blocking backend, in a
        worker thread otherwise.
        """
        ...
