"""What an exchange is, whatever the protocol: one request and its answer on a connection.

A connection over HTTP/1.1 has room for one at a time; over HTTP/2 it has room for many. What
belongs to one exchange lives on it, and the layers above know no more than this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from envoi._model.trace import Trace

if TYPE_CHECKING:
    from envoi._io.protocols import Backend
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._proto.h1 import ResponseHead

SOURCE: Final = "source"
"""The phase in which the caller's own body has raised: that is not the network's doing."""


class Lender(Protocol):
    """Where an exchange has its connection from: the pool."""

    backend: Backend

    def release(self, lease: Any, *, reusable: bool) -> None:
        """Take a lease back."""
        ...


class Fate:
    """What became of an exchange that failed, for those who would send its request again.

    Attributes:
        phase: what it was doing: "write", "read", "body" or `SOURCE`.
        anything_sent: whether a byte of the request was handed over.
        response_started: whether a byte of an answer came.
        head_complete: whether the head of the final answer came.
    """

    __slots__ = ("anything_sent", "head_complete", "phase", "response_started")

    def __init__(
        self, phase: str, anything_sent: bool, response_started: bool, head_complete: bool
    ) -> None:
        self.phase = phase
        self.anything_sent = anything_sent
        self.response_started = response_started
        self.head_complete = head_complete


class Exchange(Trace):
    """One request and its answer; also the trace of what happened when.

    Attributes:
        backend: where its flows run.
        informational: the interim answers (1xx) that came before the head.
        trailers: the fields after a chunked body, once it has ended.
        phase: what it is doing: "write", "read" or "body"; or `SOURCE`.
    """

    __slots__ = ("backend", "informational", "phase", "trailers")

    backend: Backend
    informational: list[ResponseHead]
    phase: str
    trailers: Headers | None

    @property
    def where(self) -> str:
        """The peer, for messages."""
        raise NotImplementedError

    @property
    def body_ended(self) -> bool:
        """Whether all of the body has arrived."""
        raise NotImplementedError

    @property
    def exhausted(self) -> bool:
        """Whether all of the body has arrived and was taken, and no more is to be sent."""
        raise NotImplementedError

    @property
    def sending(self) -> bool:
        """Whether more of the request is to be sent, although its answer has begun."""
        raise NotImplementedError

    @property
    def ended_cleanly(self) -> bool:
        """Whether the end of a body that ends with the connection is certain."""
        raise NotImplementedError

    async def send(
        self,
        request: PreparedRequest,
        target: str,
        headers: Headers,
        timeout: Timeout,
        deadline: float,
        threshold: int,
    ) -> ResponseHead:
        """Send a request and receive the head of its answer, which may come before all of the
        request is sent: `receive` sends on.
        """
        raise NotImplementedError

    async def receive(self, threshold: int, timeout: Timeout, deadline: float) -> bytes:
        """The next bytes of the body, transfer coding removed; b"" at its end."""
        raise NotImplementedError

    async def stop_sending(self) -> None:
        """Send no more of the request, and return when its body can be sent anew.

        Raises:
            TotalTimeout: a call of the body's did not end before the deadline.
        """
        raise NotImplementedError

    def take_whole(self) -> bytes | None:
        """The body where all of it is here, the exchange being over; else None."""
        raise NotImplementedError

    def take_head(self) -> ResponseHead | None:
        """The head of the final answer, where it came and was not taken."""
        raise NotImplementedError

    def take_arrived(self) -> bytes:
        """What of the body has arrived and was not taken."""
        raise NotImplementedError

    def fate(self) -> Fate:
        """What became of it."""
        raise NotImplementedError

    def finish(self) -> None:
        """Give the lease back: the connection may serve again."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Give the lease back, and end what is under way."""
        raise NotImplementedError

    def forget(self) -> None:
        """In a forked child: let go of the connection, and tell nobody."""
        raise NotImplementedError
