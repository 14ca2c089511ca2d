"""One flow's wait in an asyncio stream: a future, and the limits that end it with TimedOut.

A stream has one `Wait` for its receiver and, once a send has had to wait, one for its sender. Each
is used again and again. `future` is there while a flow waits, None otherwise: `begin` makes it, the
flow awaits it and removes it, and the stream's callbacks give it its result.

Requests come in quick succession and timers are dear, so that a timer is seldom touched:

- `_expires` is when the wait that is under way ends, `inf` when it has no limit. `progress` moves
  it: bytes came, so that the timeout counts from now on, but never beyond `_deadline`.
- `_timer` is the one TimerHandle, `_fires_at` the time it is set to. Invariant, while a limited
  wait is under way: the timer is set, and `_fires_at <= _expires`. A timer that fires too early
  finds time left and is set anew. So a wait sets a timer only when there is none, or one that would
  fire too late; and when the wait ends, the timer is left as it is, for the next wait.
- A timer that fires while nobody waits is not set again: an idle connection has none.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

from envoi._io.protocols import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable

_CLOCK_RESOLUTION = 0.001
"""The loop may call this much early."""


def clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """The loop's `time`: of asyncio's own loops, the function that it calls."""
    return (
        time.monotonic
        if getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time
        else loop.time
    )


class Wait:
    """What one flow waits for, over and over."""

    __slots__ = (
        "_deadline",
        "_expires",
        "_fires_at",
        "_loop",
        "_now",
        "_timeout",
        "_timer",
        "future",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        self._loop = loop
        self._now = now
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = self._expires = self._timeout = self._deadline = math.inf
        self.future: asyncio.Future[Any] | None = None

    def begin(self, timeout: float, deadline: float) -> asyncio.Future[Any]:
        """Begin a wait; the future is to be awaited, and `future` to be None afterwards.

        Raises:
            TimedOut: the deadline has passed. It is not left to the timer: in each turn of the loop
                what arrives comes first, and may end the wait.
        """
        if timeout == deadline == math.inf:
            self._expires = math.inf
        else:
            now = self._now()
            if now >= deadline:
                raise TimedOut
            self._timeout = timeout
            self._deadline = deadline
            self._expires = expires = min(now + timeout, deadline)
            if self._timer is None or self._fires_at > expires:
                if self._timer is not None:
                    self._timer.cancel()
                self._fires_at = expires
                self._timer = self._loop.call_at(expires, self._on_timer)
        self.future = future = self._loop.create_future()
        return future

    def progress(self) -> None:
        """The timeout counts from now on."""
        if self._expires != math.inf:
            self._expires = min(self._now() + self._timeout, self._deadline)

    def fail(self, error: BaseException) -> None:
        """End the wait with an exception, if there is one under way."""
        future = self.future
        if future is not None and not future.done():
            if isinstance(error, StopIteration):  # a future refuses it
                error = RuntimeError(f"a feed raised {error!r}")
            future.set_exception(error)

    def drop_timer(self) -> None:
        """Let go of the loop: no further wait is to begin."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        if self.future is None or self._expires == math.inf:
            return
        if self._now() + _CLOCK_RESOLUTION >= self._expires:
            self.fail(TimedOut())
            return
        self._fires_at = self._expires
        self._timer = self._loop.call_at(self._expires, self._on_timer)
