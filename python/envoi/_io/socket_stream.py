"""The part of a stream over a socket that is the same in every backend: all that never waits.

Who may do what, and how writes stay in order:

- Two roles, each held by at most one flow: `sending` and `receiving`. The backends take a role
  before they wait, and give it back in a `finally`. What never waits (`send_nowait`,
  `drain_nowait`) does nothing while another flow has the role.
- `_unsent` is what the stream was given and the kernel has not taken: while a flow sends, what that
  flow still has to write; while none does, what a flow left that was cancelled, timed out or
  stopped early. None when there is nothing. Whoever writes next begins with it, so that bytes are
  written in the order in which they were given.
- `_send_at_once` is the only step that writes (asyncio has its like on its fast path): it counts
  `bytes_sent`, and leaves `_unsent` right at every point where it can be left. What is raised at a
  point where the count is not known closes the stream.

Receiving without the event loop (asyncio and trio): a `recv` that came back full makes more bytes
likely (`_likely_readable`), and then the next `pump` tries `recv` first, which is cheaper than
waiting to be told. Other tasks want to run as well: after `MAX_IN_A_ROW` such receives the loop is
asked.
"""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, Any, Final, cast

from envoi._io.protocols import Feed, SocketAddress, StreamBusy, StreamClosed
from envoi._io.sockets import LEAST_RECEIVE, MAX_RECEIVE, NEVER_WAIT, PLAIN_SOCKETS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_IN_A_ROW: Final = 16
"""How many receives in a row may do without going through the event loop."""


class SocketStream:
    """What the backends' streams are made from."""

    __slots__ = (
        "_closed",
        "_in_a_row",
        "_likely_readable",
        "_local",
        "_peer",
        "_poll",
        "_receive",
        "_send",
        "_size",
        "_socket",
        "_unsent",
        "bytes_sent",
        "receiving",
        "sending",
    )

    closed_cleanly = True

    def __init__(self, connected: socket.socket, peer: SocketAddress | str | None) -> None:
        self._socket = connected
        self._receive = connected.recv
        self._send = connected.send
        self._size = LEAST_RECEIVE
        self._closed = False
        self.sending = False
        self.receiving = False
        self._unsent: memoryview | None = None
        self.bytes_sent = 0
        self._peer = peer
        self._local: SocketAddress | str | None = None
        self._poll: Any = None
        self._likely_readable = False
        self._in_a_row = 0

    def begin_send(self, data: bytes) -> bool:
        """As in `Stream`."""
        if self.sending:
            raise StreamBusy
        return self._send_at_once(data)

    def send_nowait(self, data: bytes | memoryview) -> int:
        """As in `Stream`."""
        return 0 if self.sending else self._send_some(data)

    def drain_nowait(self, feed: Feed) -> bool:
        """As in `Stream`."""
        return not self.receiving and self._drain(feed)

    def readable(self) -> bool:
        """As in `Stream`."""
        if self._closed:
            return True
        poll = self._poll or self._make_poll()
        return bool(poll(0))

    def forget(self) -> None:
        """As in `Stream`. Closing a descriptor that the parent has open as well sends nothing."""
        self._closed = True
        self._unsent = None
        self._socket.close()

    def closer(self) -> Callable[[], object]:
        """As in `Stream`: what `socket.socket` has from C."""
        if not PLAIN_SOCKETS:
            return self._socket.close
        return cast("Callable[[], object]", super(socket.socket, self._socket).close)

    def close(self) -> None:
        """As in `Stream`."""
        raise NotImplementedError

    @property
    def unsent(self) -> int:
        """As in `Stream`."""
        unsent = self._unsent
        return 0 if unsent is None else len(unsent)

    @property
    def peer_address(self) -> SocketAddress | str | None:
        """Where the stream leads to."""
        return self._peer

    @property
    def local_address(self) -> SocketAddress | str | None:
        """Our end's address; None when it was not asked for before the stream was closed."""
        if self._local is None and not self._closed:
            self._local = self._socket.getsockname()
        return self._local

    def _send_at_once(self, data: bytes | memoryview) -> bool:
        """Write what is unsent and then `data`, as much as fits. True when all of it did; what did
        not is now unsent.
        """
        if self._closed:
            raise StreamClosed
        try:
            unsent = self._unsent
            if unsent is not None:
                data = b"".join((unsent, data)) if data else unsent
            try:
                sent = self._send(data, NEVER_WAIT)
            except (BlockingIOError, InterruptedError):
                sent = 0
            self.bytes_sent += sent
            if sent == len(data):
                self._unsent = None
                return True
            self._unsent = memoryview(data)[sent:]
        except OSError:
            raise
        except BaseException:
            # A signal handler's: it may have struck between the system call and `bytes_sent`.
            self.close()
            raise
        return False

    def _send_some(self, data: bytes | memoryview) -> int:
        """Write what is unsent and then what fits of `data`; how much of `data` did."""
        if self._unsent is not None and not self._send_at_once(b""):
            return 0
        if self._send_at_once(data):
            return len(data)
        unsent, self._unsent = self._unsent, None
        return len(data) - (0 if unsent is None else len(unsent))

    def _keep_unsent(self, data: bytes) -> None:
        """Take bytes that are not to be written now."""
        unsent = self._unsent
        if data and not self._closed:
            self._unsent = memoryview(data if unsent is None else b"".join((unsent, data)))

    def _receive_nowait(self) -> bytes | None:
        """What one `recv` gives, b"" at the end of the stream, None when nothing waits."""
        try:
            return self._receive(self._size, NEVER_WAIT)
        except (BlockingIOError, InterruptedError):
            return None

    def _receive_at_once(self, feed: Feed) -> bool:
        """Serve a `pump` without the loop while bytes wait; false when it must wait."""
        while not self._closed and self._in_a_row < MAX_IN_A_ROW:
            self._in_a_row += 1
            data = self._receive_nowait()
            if data is None:
                self._likely_readable = False
                break
            received = len(data)
            self._likely_readable = received == self._size
            self._adapt(received)
            if feed(data) or not received:
                return True
            if not self._likely_readable:
                break
        return False

    def _adapt(self, received: int) -> None:
        """Ask for more next time when a recv came back full, and for less when it came back nearly
        empty.
        """
        if received == self._size:
            self._size = min(received * 2, MAX_RECEIVE)
        elif received < self._size >> 2 and self._size > LEAST_RECEIVE:
            self._size >>= 1

    def _drain(self, feed: Feed) -> bool:
        while not self._closed and (data := self._receive_nowait()) is not None:
            if feed(data) or not data:
                return True
        return False

    def _answer_received(self, feed: Feed | None) -> bool:
        """After a failed send: whether `feed` got its answer before the failure. A server that
        refuses a body answers, and then resets the connection.
        """
        if feed is None:
            return False
        answer = Answer(feed)
        try:
            self.drain_nowait(answer)
        except OSError:
            return False
        return answer.came

    def _make_poll(self) -> Callable[[int | None], object]:
        """The connection's one `poll` for `readable`: registering costs more than asking."""
        self._poll = poll = poll_for_bytes(self._socket)
        return poll


class Answer:
    """Passes on to a feed what came before the connection broke, but not the end of the stream.

    Args:
        feed: takes the bytes.

    Attributes:
        came: whether `feed` returned true.
    """

    __slots__ = ("_feed", "came")

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.came = False

    def __call__(self, data: bytes) -> bool:
        self.came = bool(data) and self._feed(data)
        return self.came


def poll_for_bytes(connected: socket.socket) -> Callable[[int | None], object]:
    """A function that waits up to so many milliseconds (None is no limit) for bytes, or for the end
    of the stream, and returns something true when they are there.

    Not to be called by two threads at once: `poll` refuses that.
    """
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(connected, select.POLLIN)
        return cast("Callable[[int | None], object]", poller.poll)

    def wait(wait_milliseconds: int | None) -> object:
        seconds = None if wait_milliseconds is None else wait_milliseconds / 1000
        return select.select([connected], [], [], seconds)[0]

    return wait
