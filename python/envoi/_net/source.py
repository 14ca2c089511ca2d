"""The caller's body, asked for one piece at a time.

Under the blocking backend a piece is made in the caller's thread, when it is asked for. In an event
loop it is made by a job beside the flow that sends, so that the flow receives meanwhile: the next
piece of a generator may depend on what the server answers. What may block is called in a thread.

The job knows the body and nothing of the connection's lease: a response that nobody holds any more
gives its lease back, the connection is closed, and that ends the job.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envoi._io.protocols import Backend, Job, Waiter
    from envoi._model.body_streams import Body


class Source:
    """A streamed body while it is being sent.

    Args:
        backend: where the flow runs.
        body: what gives the pieces.

    Attributes:
        ready: whether a piece, or what the body raised, can be taken.
    """

    __slots__ = (
        "_asked",
        "_backend",
        "_body",
        "_failure",
        "_in_thread",
        "_job",
        "_lock",
        "_over",
        "_piece",
        "_waiter",
        "_wanted",
        "ready",
    )

    def __init__(self, backend: Backend, body: Body) -> None:
        self._backend = backend
        self._body = body
        self._job: Job | None = None
        self._asked = False
        self._over = False
        self._in_thread = False
        self._lock = backend.lock()
        self._piece = b""
        self._failure: BaseException | None = None
        self._waiter: Waiter | None = None
        self._wanted: Waiter | None = None
        self.ready = False

    def ask(self) -> Waiter:
        """Have the next piece made, unless that is under way.

        Returns:
            A new waiter, to be set when the piece is ready; whoever waits may have it set earlier.
        """
        waiter = self._waiter = self._backend.waiter()
        if not self._asked:
            self._asked = True
            wanted, self._wanted = self._wanted, None
            if wanted is not None:
                wanted.set()
            else:
                self._job = self._backend.start(self._make_pieces)
        return waiter

    def take(self) -> bytes:
        """The piece that is ready, b"" at the end.

        Raises:
            BaseException: what the body raised.
        """
        self.ready = self._asked = False
        failure, self._failure = self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # its traceback has this frame
        return self._piece

    def cancel(self) -> None:
        """Ask no more. A call that is under way in a thread goes on there."""
        self._over = True
        if self._job is not None:
            self._job.cancel()

    async def rest(self, deadline: float) -> None:
        """Ask no more, and return when no call is under way: the body may be rewound then.

        Raises:
            TimedOut: it did not end before the deadline.
        """
        self._over = True
        if self._job is not None:
            await self._job.stop()
        if self._in_thread and self._body.replayable:
            backend = self._backend
            await backend.within(deadline, backend.call_blocking(self._await_thread))

    async def _make_pieces(self) -> None:
        body = self._body
        while True:
            try:
                self._piece = await self._next_piece()
            except BaseException as error:
                self._failure = error
                raise
            finally:
                self.ready = True
                if self._waiter is not None:
                    self._waiter.set()
            if not (self._piece and body.is_async):
                return
            # An asynchronous generator stays in one task: what it has entered it can leave.
            wanted = self._wanted = self._backend.waiter()
            await wanted.wait(inf)

    async def _next_piece(self) -> bytes:
        body = self._body
        if body.is_async:
            return await body.anext_piece()
        if not body.may_block:
            return body.next_piece()
        self._in_thread = True
        piece = await self._backend.call_blocking(self._call)
        self._in_thread = False
        return piece

    def _call(self) -> bytes:
        with self._lock:
            return b"" if self._over else self._body.next_piece()

    def _await_thread(self) -> None:
        with self._lock:
            return


async def next_piece(backend: Backend, body: Body) -> bytes:
    """The next piece of a streamed body, b"" at its end; what may block is called where that is
    allowed.
    """
    if body.is_async:
        return await body.anext_piece()
    if body.may_block:
        return await backend.call_blocking(body.next_piece)
    return body.next_piece()
