"""An ASGI application's startup before the first request, and its shutdown at the end (ASGI's
lifespan specification, 2.0).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

from envoi._apps.gate import Gate
from envoi._io.protocols import TimedOut
from envoi._model import exceptions
from envoi._pipeline.log import listening

if TYPE_CHECKING:
    from envoi._apps.request import AppSettings
    from envoi._io.protocols import Backend, Job

GRACE: Final = 1.0
"""How many seconds an application may take to return after its last message; then it is
cancelled.
"""

_MODES: Final = ("auto", "on", "off")


def checked_mode(value: str) -> str:
    """An adapter's `lifespan`.

    Args:
        value: what the caller gave.

    Raises:
        InvalidOption: it is none of the modes.
    """
    if value not in _MODES:
        raise exceptions.InvalidOption(
            f"lifespan={value!r} must be one of {', '.join(map(repr, _MODES))}"
        )
    return value


class Lifespan:
    """Runs the application's lifespan in a task.

    Args:
        backend: the event loop's.
        settings: how the application is called.
        required: whether an application that does not know the protocol is refused.

    Attributes:
        state: the state of the lifespan's scope, which the application fills for the scopes of
            requests.
        running: whether the application has started and not yet been told to shut down.
    """

    def __init__(self, backend: Backend, settings: AppSettings, required: bool) -> None:
        self.state: dict[str, Any] = {}
        self.running = False
        self._backend = backend
        self._settings = settings
        self._required = required
        self._gate = Gate(backend)
        self._job: Job | None = None
        self._asked = False
        self._closing = False
        self._ended = False
        self._started = False
        self._shut_down = False
        self._error: BaseException | None = None
        self._complaint: str | None = None

    async def startup(self, deadline: float) -> None:
        """Return once the application has started; the first caller starts it, all wait for it.

        Args:
            deadline: until when to wait; the application goes on starting after that.

        Raises:
            TimedOut: at the deadline.
            ConnectionError: the application says that it failed, or does not know the protocol,
                which is required.
        """
        if self._job is None:
            self._job = self._backend.start(self._run)
        await self._gate.until(
            lambda: self._started or self._ended or self._complaint is not None, deadline
        )
        if self._started or (self._ended and self._complaint is None and not self._required):
            return
        if not self._ended:
            await self._end(GRACE)
        why = self._complaint or (
            "it returned" if self._error is None else f"{type(self._error).__name__}: {self._error}"
        )
        raise exceptions.ConnectionError(f"The application failed to start: {why}") from self._error

    async def shutdown(self) -> None:
        """Have the application shut down, and return when it has. Do nothing where it never
        started, or has ended.

        Raises:
            ConnectionError: the application says that it failed.
            Exception: what it raised meanwhile, where its exceptions are raised.
        """
        if self._job is None:
            return
        if not self.running or self._ended:
            await self._end(0.0)
            return
        self.running = False
        self._closing = True
        self._gate.wake()
        try:
            await self._gate.until(
                lambda: self._shut_down or self._ended or self._complaint is not None
            )
        finally:
            await self._end(GRACE)
        if self._complaint is not None:
            raise exceptions.ConnectionError(
                f"The application failed to shut down: {self._complaint}"
            ) from self._error
        if self._error is not None and self._settings.raises:
            raise self._error

    def cancel(self) -> None:
        """Cancel the application's task, where it still runs."""
        self.running = False
        if self._job is not None and not self._ended:
            self._job.cancel()

    async def _end(self, seconds: float) -> None:
        """Return when the application has, after these seconds cancelled."""
        try:
            if seconds:
                await self._gate.until(lambda: self._ended, self._backend.now() + seconds)
        except TimedOut:
            pass
        finally:
            if self._job is not None and not self._ended:
                await self._job.stop()
                self._ended = True

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._settings.app(scope, self._receive, self._send)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            self._error = error
            if (logger := listening()) is not None:
                logger.debug("the application's lifespan raised", exc_info=error)
        finally:
            self._ended = True
            self._gate.wake()

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        await self._gate.until(lambda: self._closing, inf)
        self._closing = False  # sent once: another receive waits for ever
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "lifespan.startup.complete" and not self._started:
            self._started = self.running = True
        elif kind == "lifespan.shutdown.complete" and self._started:
            self._shut_down = True
        elif (kind == "lifespan.startup.failed" and not self._started) or (
            kind == "lifespan.shutdown.failed" and self._started
        ):
            self._complaint = str(message.get("message", "")) or "it gives no reason"
        else:
            raise exceptions.RemoteProtocolError(
                f"the application sent {kind!r} in its lifespan, which is not expected now"
            )
        self._gate.wake()
