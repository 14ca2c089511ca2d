"""A stream whose peer follows a script. The steps are told from the client's side."""

from __future__ import annotations

import errno
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from envoi._io.protocols import Feed, SocketAddress, StreamBusy, StreamClosed, TimedOut


@dataclass(frozen=True, slots=True)
class Send:
    """The client sends exactly these bytes, in however many pieces; None is whatever it sends in
    one call.
    """

    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Receive:
    """The client receives these bytes, in one piece."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Stall:
    """For so many seconds nothing comes, and nothing is taken."""

    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset."""


@dataclass(frozen=True, slots=True)
class End:
    """The peer ends its side; not `cleanly` is a TLS stream that is cut off."""

    cleanly: bool = True


Step: TypeAlias = Send | Receive | Stall | Reset | End
Script: TypeAlias = Sequence[Step]
Server: TypeAlias = Callable[[bytes], "bytes | Iterable[Step]"]


class Clock(Protocol):
    """What a stream needs of its backend."""

    clock: float

    async def checkpoint(self) -> None: ...
    def wait_in_vain(self, timeout: float, deadline: float) -> None: ...


def pieces(data: bytes, size: int = 1) -> list[Receive]:
    """The same bytes, received in pieces."""
    return [Receive(data[start : start + size]) for start in range(0, len(data), size)]


class FakeStream:
    """A stream to a scripted peer. `sent` has all bytes that were sent."""

    def __init__(
        self,
        backend: Clock,
        script: Script | Server,
        peer: SocketAddress | str | None,
        local_address: tuple[str, int] | None,
    ) -> None:
        self._backend = backend
        self._server: Server | None = None
        self._steps: deque[Step] = deque()
        if callable(script):
            self._server = script
        else:
            self._steps.extend(script)
        self._stalled_since: float | None = None
        self.peer_address = peer
        self.local_address: SocketAddress | str | None = local_address
        self.sent = bytearray()
        self.closed = False
        self.sending = False
        self.receiving = False
        self._unsent = b""
        self.forgotten = False
        self.closed_cleanly = True
        self.version: str | None = None
        self.cipher: str | None = None
        self.alpn: str | None = None
        self.peer_certificate: dict[str, Any] | None = None
        self.peer_certificate_der: bytes | None = None

    @property
    def bytes_sent(self) -> int:
        """As in `Stream`."""
        return len(self.sent)

    @property
    def script_left(self) -> list[Step]:
        """The steps that were not reached."""
        return list(self._steps)

    @property
    def unsent(self) -> int:
        """As in `Stream`."""
        return len(self._unsent)

    async def send(
        self, data: bytes, timeout: float, deadline: float, feed: Feed | None = None
    ) -> bool:
        """As in `Stream`."""
        if self.closed:
            raise StreamClosed
        if self.sending:
            raise StreamBusy
        self._unsent += bytes(data)
        self.sending = True
        try:
            await self._begin(deadline)
            while self._unsent:
                step = self._steps[0] if self._steps else None
                if isinstance(step, Reset):
                    self._fail()
                if isinstance(step, Stall):
                    self._stall(step, timeout, deadline)
                elif isinstance(step, Receive) and feed is not None and not self.receiving:
                    self._steps.popleft()
                    if feed(step.data):
                        return False
                else:
                    self._write(step)
        finally:
            self.sending = False
        return True

    async def pump(self, feed: Feed, timeout: float, deadline: float) -> None:
        """As in `Stream`."""
        if self.closed:
            raise StreamClosed
        if self.receiving:
            raise StreamBusy
        self.receiving = True
        try:
            await self._begin(deadline)
            while True:
                step = self._steps[0] if self._steps else None
                if isinstance(step, Stall):
                    self._stall(step, timeout, deadline)
                elif step is None or isinstance(step, Send):
                    self._backend.wait_in_vain(timeout, deadline)
                elif self._give(step, feed):
                    return
        finally:
            self.receiving = False

    def begin_send(self, data: bytes) -> bool:
        """As in `Stream`."""
        if self.closed:
            raise StreamClosed
        if self.sending:
            raise StreamBusy
        self._unsent += bytes(data)
        while self._unsent:
            step = self._steps[0] if self._steps else None
            if isinstance(step, (Stall, Reset)):
                return False
            self._write(step)
        return True

    def send_nowait(self, data: bytes) -> int:
        """As in `Stream`."""
        if self.closed:
            raise StreamClosed
        if self.sending or self._unsent:
            return 0
        self._record(bytes(data))
        return len(data)

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        while (
            not self.closed
            and not self.receiving
            and self._steps
            and isinstance(step := self._steps[0], (Receive, Reset, End))
        ):
            if self._give(step, feed):
                return True
        return False

    def readable(self) -> bool:
        """As in `Stream`."""
        return self.closed or bool(
            self._steps and isinstance(self._steps[0], (Receive, Reset, End))
        )

    def close(self) -> None:
        """As in `Stream`."""
        self.closed = True
        self._unsent = b""

    def forget(self) -> None:
        """As in `Stream`."""
        self.closed = self.forgotten = True

    def closer(self) -> Callable[[], object]:
        """As in `Stream`."""
        return self.close

    async def _begin(self, deadline: float) -> None:
        # All of the waiting is here: what follows is done in one go.
        if self._backend.clock >= deadline:
            raise TimedOut
        await self._backend.checkpoint()
        if self.closed:
            raise StreamClosed

    def _write(self, step: Step | None) -> None:
        count = self._match(step, self._unsent) if isinstance(step, Send) else len(self._unsent)
        if not isinstance(step, Send):
            self._record(self._unsent)
        self._unsent = self._unsent[count:]

    def _give(self, step: Receive | Reset | End, feed: Feed) -> bool:
        if isinstance(step, Reset):
            self._fail()
        elif isinstance(step, End):  # stays: an end is not passed
            self.closed_cleanly = step.cleanly
            feed(b"")
            return True
        else:
            self._steps.popleft()
            return feed(step.data)
        return True

    def _stall(self, step: Stall, timeout: float, deadline: float) -> None:
        if self._stalled_since is None:
            self._stalled_since = self._backend.clock
        over = self._stalled_since + step.seconds
        if over >= min(self._backend.clock + timeout, deadline):
            self._backend.wait_in_vain(timeout, deadline)
        self._backend.clock = max(self._backend.clock, over)
        if over < math.inf:
            self._stalled_since = None
            self._steps.popleft()

    def _match(self, step: Send, data: bytes) -> int:
        self._steps.popleft()
        if step.data is None:
            self._record(data)
            return len(data)
        length = min(len(step.data), len(data))
        if data[:length] != step.data[:length]:
            message = f"the client sent {data!r} where the script has {step.data!r}"
            raise AssertionError(message)
        if length < len(step.data):
            self._steps.appendleft(Send(step.data[length:]))
        self._record(data[:length])
        return length

    def _record(self, data: bytes) -> None:
        self.sent += data
        if self._server is not None:
            answer = self._server(data)
            self._steps.extend(
                [Receive(bytes(answer))] if isinstance(answer, bytes) and answer else answer or ()
            )

    @staticmethod
    def _fail() -> None:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
