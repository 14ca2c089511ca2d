"""Points in time, noted while a request runs. `Timing` and `ConnectionInfo` are computed from them
when a user asks.
"""

from __future__ import annotations

from typing import Any, Protocol

from envoi._model.timing import ConnectionInfo, Timing


class Link(Protocol):
    """The attributes of a connection that a trace reads."""

    dns_seconds: float
    connect_seconds: float
    tls_seconds: float
    stream: Any


class Trace:
    """The times of one exchange, in seconds on the backend's clock.

    Attributes:
        started: the request entered the pipeline, or the redirect before it ended.
        acquired: it had a connection.
        sent: it was written.
        headed: the response's head was there.
        ended: the body's last byte was there; None before.
        link: the connection.
        reused: whether that had served before.
    """

    __slots__ = ("acquired", "ended", "headed", "link", "reused", "sent", "started")

    @property
    def request_complete(self) -> bool:
        """Whether all of the request was sent."""
        return True

    def __init__(
        self,
        started: float,
        acquired: float,
        sent: float,
        headed: float,
        link: Link,
        *,
        reused: bool,
    ) -> None:
        self.started: float = started
        self.acquired: float = acquired
        self.sent: float = sent
        self.headed: float = headed
        self.ended: float | None = None
        self.link: Link = link
        self.reused: bool = reused

    @property
    def repaired(self) -> tuple[str, ...]:
        """What was mended of the answer so far, each in a few words."""
        return ()

    def timing(self) -> Timing:
        """The phases, in seconds."""
        link = self.link
        fresh = not self.reused
        dialling = link.dns_seconds + link.connect_seconds + link.tls_seconds if fresh else 0.0
        return Timing(
            pool=max(0.0, self.acquired - self.started - dialling),
            dns=link.dns_seconds if fresh else None,
            connect=link.connect_seconds if fresh else None,
            tls=link.tls_seconds if fresh and link.tls_seconds else None,
            send=self.sent - self.acquired,
            first_byte=self.headed - self.sent,
            body=None if self.ended is None else self.ended - self.headed,
            total=None if self.ended is None else self.ended - self.started,
        )

    def connection(self) -> ConnectionInfo:
        """The connection's facts."""
        stream = self.link.stream
        return ConnectionInfo(
            peer=stream.peer_address,
            local=stream.local_address,
            tls_version=getattr(stream, "version", None),
            cipher=getattr(stream, "cipher", None),
            certificate=getattr(stream, "peer_certificate_der", None),
            alpn=getattr(stream, "alpn", None),
            reused=self.reused,
        )


class PastTrace:
    """The trace of a response that was pickled or copied: its results.

    Args:
        timing: as it was then.
        connection: the same.
        request_complete: the same.
    """

    __slots__ = ("_connection", "_timing", "request_complete")

    def __init__(
        self,
        timing: Timing | None,
        connection: ConnectionInfo | None,
        *,
        request_complete: bool = True,
    ) -> None:
        self.request_complete = request_complete
        self._timing = timing
        self._connection = connection

    def timing(self) -> Timing | None:
        """The phases, in seconds."""
        return self._timing

    def connection(self) -> ConnectionInfo | None:
        """The connection's facts."""
        return self._connection
