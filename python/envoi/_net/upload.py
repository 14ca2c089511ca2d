"""The sending of a request's body, which may outlast the arrival of the answer.

A server may answer before it has all of the body (RFC 9110, section 7.5). Unless the answer is an
error, or says that the connection closes (RFC 9112, section 9.5), the sending goes on: whoever
waits for the answer's head, and whoever reads its body, sends as well (`advance`). So the same flow
does both in sync, asyncio and trio, and when nobody reads any more nothing is left that runs.

`advance` receives while it waits for room, between two pieces, and while it waits for the caller's
body to give its next piece. It returns when the machine has something for the reader.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from envoi._io.protocols import StreamClosed, TimedOut
from envoi._model.exceptions import InvalidBody
from envoi._net.errors import is_over
from envoi._net.source import Source
from envoi._proto.h1 import InvalidMessage

if TYPE_CHECKING:
    from envoi._io.protocols import Backend, Feed, Stream, Waiter
    from envoi._model.body_streams import Body
    from envoi._model.timeout import Timeout
    from envoi._proto.h1 import H1Machine

PIECE: Final = 262144
"""A larger body in memory is written in pieces of this many bytes, so that an early answer is seen
between them.
"""

PATIENCE: Final = 0.01
"""How long the caller's body is waited for before bytes are received meanwhile, in seconds: most
pieces come sooner, and a job that receives costs more than the wait.
"""


class Upload:
    """A request's body on its way.

    Args:
        backend: where the flow runs.
        stream: where to.
        machine: what frames it.
        body: what is sent.
        timeout: `write_seconds` bounds each wait for room.
        deadline: the end of the whole.
        interrupted: whether the request's head is not all written yet.

    Attributes:
        running: whether there is more to send, and it is still wanted.
        complete: whether all of the request was sent.
        failed_in_source: whether what `advance` raised came from the caller's body.
        source: of a streamed body.
        timeout: the limits in force.
    """

    __slots__ = (
        "_all_given",
        "_backend",
        "_deadline",
        "_feed",
        "_interrupted",
        "_machine",
        "_piece",
        "_position",
        "_stream",
        "complete",
        "failed_in_source",
        "running",
        "source",
        "timeout",
    )

    def __init__(
        self,
        backend: Backend,
        stream: Stream,
        machine: H1Machine,
        body: Body,
        timeout: Timeout,
        deadline: float,
        *,
        interrupted: bool,
    ) -> None:
        self.timeout = timeout
        self._deadline = deadline
        self._backend = backend
        self._stream = stream
        self._machine = machine
        self._feed: Feed = machine.feed
        self._piece = body.content or b""
        self._position = 0
        self._interrupted = interrupted
        self._all_given = False
        self.source = None if body.content is not None else Source(backend, body)
        self.running = True
        self.complete = False
        self.failed_in_source = False

    async def advance(self) -> None:
        """Send on, and receive meanwhile, until the machine has as much as its threshold says, or
        nothing more is to be sent.

        Raises:
            InvalidBody: the body is not of the length that was declared.
            TimedOut: the peer took nothing in time, or the deadline has passed.
            OSError: the connection broke before a whole answer was there.
            Exception: what the caller's body raised.
        """
        try:
            if await self._send_on():
                self.running = False
                self.complete = True
        except OSError:
            if self.failed_in_source or not self._answered_whole():
                raise
            self.halt()  # a server that has answered, and went
        if self.running and self._machine.declined:
            self.halt()

    def halt(self) -> None:
        """Send no more. All was sent where only the body's end had not been asked for."""
        if self.running:
            self.running = False
            self.complete = self._machine.request_ended and not self._interrupted

    async def rest(self) -> None:
        """Send no more, and return when nobody asks the caller's body for bytes.

        Raises:
            TimedOut: that did not end before the deadline.
        """
        self.halt()
        if self.source is not None:
            await self.source.rest(self._deadline)

    async def _send_on(self) -> bool:
        """Send; false when the machine has something for the reader first."""
        stream = self._stream
        feed = self._feed
        if self._interrupted and not await self._write(b""):
            return False
        while not self._all_given:
            if stream.readable() and stream.drain_nowait(feed):
                return False
            data = await self._next_bytes()
            if data is None or (data and not await self._write(data)):
                return False
        return True

    async def _write(self, data: bytes) -> bool:
        self._interrupted = True
        done = await self._stream.send(data, self.timeout.write_seconds, self._deadline, self._feed)
        self._interrupted = not done
        return done

    async def _next_bytes(self) -> bytes | None:
        """What is sent next, framed; None when the machine has something for the reader first."""
        while self._position >= len(self._piece):
            piece = b"" if self.source is None else await self._pull(self.source)
            if piece is None:
                return None
            if not piece:
                self._all_given = True
                return self._framed(None)
            self._piece, self._position = piece, 0
        start, self._position = self._position, self._position + PIECE
        piece = self._piece
        return self._framed(piece if len(piece) <= PIECE else piece[start : self._position])

    def _framed(self, piece: bytes | None) -> bytes:
        """A piece as it goes out, or what follows the last one."""
        machine = self._machine
        try:
            return machine.end_body() if piece is None else machine.send_body(piece)
        except InvalidMessage as error:
            raise InvalidBody(str(error)) from None

    async def _pull(self, source: Source) -> bytes | None:
        """The next piece of the caller's body; None when the machine has something first."""
        backend = self._backend
        deadline = self._deadline
        if not source.ready:
            waiter = source.ask()
            try:
                await waiter.wait(min(deadline, backend.now() + PATIENCE))
            except TimedOut:
                if is_over(deadline, backend.now()):
                    raise
            if not source.ready and (await self._receive_until(source.ask()) or not source.ready):
                return None
        self.failed_in_source = True
        piece = source.take()
        self.failed_in_source = False
        if is_over(deadline, backend.now()):
            raise TimedOut
        return piece

    async def _receive_until(self, waiter: Waiter) -> bool:
        """Receive until a waiter is set, or until the machine has something: then true."""
        failures: list[BaseException] = []
        woken = False

        async def receive() -> None:
            nonlocal woken
            try:
                await self._stream.pump(self._feed, inf, self._deadline)
                woken = True
            except BaseException as error:
                failures.append(error)
                raise
            finally:
                waiter.set()

        job = self._backend.start(receive)
        try:
            await waiter.wait(self._deadline)
        finally:
            await job.stop()
        for failure in failures:
            if isinstance(failure, Exception):
                raise failure
        return woken

    def _answered_whole(self) -> bool:
        """After the connection broke: whether the whole answer had come before."""
        machine = self._machine
        if machine.head_complete and not machine.body_ended:
            try:
                self._stream.drain_nowait(self._take)
            except (OSError, StreamClosed):
                return False
        return machine.head_complete and machine.body_ended

    def _take(self, data: bytes) -> bool:
        if data:  # not the end: the connection broke, and a body that lasts as long is cut short
            self._feed(data)
        return not data
