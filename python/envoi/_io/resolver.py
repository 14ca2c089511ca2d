"""Names to addresses, off the event loop: daemon threads, one job per name, answers kept for a few
seconds.

A look-up cannot be interrupted, and one whose server is silent holds its thread for long. That good
names do not wait behind such: each look-up has a thread at once, up to a number that callers who
wait for one connection each do not reach; what nobody waits for any more leaves the queue; a name
that hung before comes after all others, and most threads are never for it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import OrderedDict, deque
from contextlib import suppress
from typing import TYPE_CHECKING

from envoi._io.protocols import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._io.protocols import Waiter

MAX_THREADS = 512
"""How many threads may look up names. They are idle for the time of a look-up, and end after."""
MAX_SUSPECT_THREADS = 64
"""How many threads may look up names whose look-up hung before."""
MAX_ENTRIES = 256
TIME_TO_LIVE = 10.0
"""Seconds an answer is kept. getaddrinfo does not tell the record's own time to live."""
IDLE_SECONDS = 10.0
"""Seconds after which a thread without work ends."""

Name = tuple[str, int]
Answer = tuple[Address, ...]


class Lookup:
    """The look-up of one name, shared by all callers that ask for it."""

    __slots__ = (
        "_answer",
        "_callbacks",
        "_error",
        "_lock",
        "finished",
        "name",
        "suspect",
        "waiting",
    )

    def __init__(self, name: Name) -> None:
        self.name = name
        self.finished = False
        self.suspect = False
        self.waiting = 0
        self._answer: Answer = ()
        self._error: OSError | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def when_finished(self, callback: Callable[[], None]) -> None:
        """Call back, from the resolver's thread or at once, when the answer is there."""
        with self._lock:
            if not self.finished:
                self._callbacks.append(callback)
                return
        callback()

    def forget(self, callback: Callable[[], None]) -> None:
        """Withdraw a callback; nothing when it was called already."""
        with self._lock, suppress(ValueError):  # it was called
            self._callbacks.remove(callback)

    def result(self) -> Answer:
        """The answer, or the failure, as a fresh exception for each who asked."""
        if self._error is not None:
            raise type(self._error)(*self._error.args)
        return self._answer

    def finish(self, answer: Answer, error: OSError | None) -> None:
        """Store the outcome and call back."""
        with self._lock:
            self._answer, self._error = answer, error
            self.finished = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


class Resolver:
    """A cache in front of `getaddrinfo`, and the threads that call it. Nothing is started before
    the first look-up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._queue: deque[Lookup] = deque()
        self._suspect_queue: deque[Lookup] = deque()
        self._suspects: OrderedDict[Name, None] = OrderedDict()
        self._suspect_threads = 0
        self._running: dict[Name, Lookup] = {}
        self._cache: OrderedDict[Name, tuple[float, Answer]] = OrderedDict()
        self._threads = 0
        self._idle = 0

    def known(self, host: str, port: int) -> Answer | None:
        """The addresses when no look-up is needed: a numeric host, or one asked for a moment
        ago.
        """
        entry = self._cache.get((host, port))
        if entry is not None and entry[0] > time.monotonic():
            return entry[1]
        return _numeric(host, port)

    async def answer(
        self, host: str, port: int, waiter: Waiter, wake: Callable[[], None], deadline: float
    ) -> Answer:
        """Look a name up, and wait for the answer.

        Args:
            host: the name.
            port: the port.
            waiter: what to wait with.
            wake: sets the waiter, from any thread.
            deadline: when TimedOut is raised.
        """
        lookup = self.look_up(host, port)
        lookup.when_finished(wake)
        try:
            await waiter.wait(deadline)
        except BaseException:
            lookup.forget(wake)
            self.leave(lookup)
            raise
        return lookup.result()

    def look_up(self, host: str, port: int) -> Lookup:
        """The look-up under way for this name, or a new one. A caller that stops waiting for it
        calls `leave`.
        """
        name = (host, port)
        with self._lock:
            lookup = self._running.get(name)
            if lookup is None:
                lookup = Lookup(name)
                self._enqueue(lookup)
            lookup.waiting += 1
        return lookup

    def leave(self, lookup: Lookup) -> None:
        """A caller stops waiting. When none is left, the look-up is taken out of the queue; if it
        runs already, its name is suspect from then on.
        """
        with self._lock:
            lookup.waiting -= 1
            if lookup.waiting or lookup.finished or self._running.get(lookup.name) is not lookup:
                return
            for queue in (self._queue, self._suspect_queue):
                with suppress(ValueError):
                    queue.remove(lookup)
                    del self._running[lookup.name]
                    return
            self._suspects[lookup.name] = None
            if len(self._suspects) > MAX_ENTRIES:
                self._suspects.popitem(last=False)

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._cache.clear()

    def _enqueue(self, lookup: Lookup) -> None:
        lookup.suspect = lookup.name in self._suspects
        queue = self._suspect_queue if lookup.suspect else self._queue
        queue.append(lookup)
        if self._idle >= len(self._queue) + len(self._suspect_queue):
            self._work.notify()
        elif self._threads < MAX_THREADS:
            try:
                self._start_thread()
            except BaseException as error:
                # Where threads run already, one that cannot be started is not missed; Ctrl-C is
                # raised. (There may be one more than are counted, after it.)
                if self._threads <= 0 or not isinstance(error, Exception):
                    queue.pop()
                    raise
        # Last: nobody may join a look-up that an interrupt has left without a thread.
        self._running[lookup.name] = lookup

    def _start_thread(self) -> None:
        self._threads += 1
        try:
            threading.Thread(target=self._run, name="envoi-resolver", daemon=True).start()
        except BaseException:
            self._threads -= 1
            raise

    def _run(self) -> None:
        while (lookup := self._next()) is not None:
            answer: Answer = ()
            error: OSError | None = None
            try:
                answer = _getaddrinfo(*lookup.name)
            except OSError as failure:
                error = failure
            except Exception as failure:  # noqa: BLE001 - whatever it is, someone waits for an answer
                error = socket.gaierror(socket.EAI_FAIL, f"look-up failed: {failure!r}")
            with self._lock:
                self._running.pop(lookup.name, None)
                self._suspect_threads -= lookup.suspect
                if lookup.waiting:
                    self._suspects.pop(lookup.name, None)
                if error is None:
                    self._store(lookup.name, answer)
            lookup.finish(answer, error)

    def _next(self) -> Lookup | None:
        with self._lock:
            while (lookup := self._take()) is None:
                self._idle += 1
                notified = self._work.wait(IDLE_SECONDS)
                self._idle -= 1
                if not notified and not self._queue:
                    self._threads -= 1
                    return None
            return lookup

    def _take(self) -> Lookup | None:
        if self._queue:
            return self._queue.popleft()
        if not self._suspect_queue or self._suspect_threads >= MAX_SUSPECT_THREADS:
            return None  # the next of those threads that is done takes it
        self._suspect_threads += 1
        return self._suspect_queue.popleft()

    def _store(self, name: Name, answer: Answer) -> None:
        self._cache.pop(name, None)
        while len(self._cache) >= MAX_ENTRIES:
            self._cache.popitem(last=False)
        self._cache[name] = (time.monotonic() + TIME_TO_LIVE, answer)


def shared_resolver() -> Resolver:
    """The resolver of this process."""
    return _shared


def _numeric(host: str, port: int) -> Answer | None:
    # Only what can be an address is tried: a failure costs an exception.
    if ":" not in host and not host[-1:].isdigit():
        return None
    try:
        return _getaddrinfo(host, port, socket.AI_NUMERICHOST)
    except OSError:
        return None


def _getaddrinfo(host: str, port: int, flags: int = 0) -> Answer:
    # Bytes, because str goes through Python's IDNA codec, which is slow to import and refuses names
    # that DNS has.
    try:
        name = host.encode("ascii")
    except UnicodeEncodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not an ASCII host name") from None
    found = socket.getaddrinfo(
        name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags
    )
    answer = tuple(Address(int(family), sockaddr) for family, _, _, _, sockaddr in found)  # type: ignore[arg-type]
    if not answer:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return answer


_shared = Resolver()


def _reset_after_fork() -> None:
    # The parent's threads are not in the child, and its locks may be held for ever.
    _shared.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
