"""The sessions behind the module-level functions: one pool for all, a jar for each call."""

from __future__ import annotations

import atexit
import sys
from collections.abc import AsyncGenerator
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from envoi._facade.async_session import AsyncSession
from envoi._facade.defaults import SessionSettings
from envoi._facade.environment import fingerprint
from envoi._facade.opening import in_trio
from envoi._facade.session import Session
from envoi._model.cookies import CookieHolder

if TYPE_CHECKING:
    from envoi._model.request import Request
    from envoi._pipeline.call import Call

_session: _SharedSession | None = None
_async_sessions: WeakKeyDictionary[Any, tuple[_SharedAsyncSession, AsyncGenerator[None, None]]] = WeakKeyDictionary()
_creating = Lock()


class _WithoutMemory(SessionSettings):
    """Every call gets a jar of its own: cookies live as long as the call's redirects."""

    _seen: tuple[str | None, ...] | None = None

    def _call(self, *arguments: Any) -> tuple[Call, Request]:
        if (seen := fingerprint()) != self._seen:  # a process outlives its environment's values, and a session does not
            self._seen = seen
            self._environment = self._tls = None
        call, request = super()._call(*arguments)
        call = call.copy()
        call.jar = CookieHolder()
        return call, request


class _SharedSession(_WithoutMemory, Session):
    """The process's."""


class _SharedAsyncSession(_WithoutMemory, AsyncSession):
    """An event loop's."""


def shared_session() -> Session:
    """The session of the module-level functions."""
    global _session  # noqa: PLW0603 - it is process-wide on purpose
    if _session is None:
        with _creating:
            if _session is None:
                _session = _SharedSession()
                atexit.register(_session.close)
    return _session


async def shared_async_session() -> AsyncSession:
    """The session of `envoi.aio`'s functions in this event loop; it is closed when the loop shuts down."""
    owner = _running_loop()
    found = _async_sessions.get(owner)
    if found is not None:
        return found[0]
    session = _SharedAsyncSession()
    keeper = _close_at_shutdown(session)
    _async_sessions[owner] = (session, keeper)
    await anext(keeper)
    return session


async def _close_at_shutdown(session: AsyncSession) -> AsyncGenerator[None, None]:
    # Both asyncio.run and trio.run close the asynchronous generators that are still open when they end.
    try:
        yield
    finally:
        await session.close()


def _running_loop() -> Any:
    if in_trio():
        return sys.modules["trio"].lowlevel.current_trio_token()
    import asyncio

    return asyncio.get_running_loop()
