"""The sessions behind the module-level functions: one pool for all, a jar for each call."""

from __future__ import annotations

import atexit
import sys
from collections.abc import AsyncGenerator
from typing import Any

from envoi._sessions.async_session import AsyncSession
from envoi._sessions.environment import fingerprint
from envoi._sessions.session import Session
from envoi._sessions.settings import SessionSettings
from envoi._wiring import drop_pool, in_trio

# Of dictionaries, because their setdefault lets two threads agree without a lock, which a forked
# child might find held.
_sessions: dict[str, _SharedSession] = {}
_async_sessions: dict[Any, tuple[_SharedAsyncSession, AsyncGenerator[None, None]]] = {}


class _WithoutMemory(SessionSettings):
    """Every call gets a jar of its own: cookies live as long as the call's redirects."""

    _keeps_cookies = False
    _seen: tuple[str | None, ...] | None = None

    def _look_around(self) -> None:
        """Read the environment anew where it has changed: a process outlives its values."""
        if (seen := fingerprint()) != self._seen:
            self._forget_environment()
            self._seen = seen


class _SharedSession(_WithoutMemory, Session):
    """The process's."""


class _SharedAsyncSession(_WithoutMemory, AsyncSession):
    """An event loop's."""


def shared_session() -> Session:
    """The session of the module-level functions; where somebody has patched the class, a new one
    each time, as in requests.
    """
    found = _sessions.get("process")
    if found is None:
        made = _SharedSession()
        found = _sessions.setdefault("process", made)
        if found is made:
            atexit.register(found.close)
    if found._is_by_parts():
        return Session()
    found._look_around()
    return found


def session_in_its_place() -> Any:
    """A session of the class that somebody has put in the place of `Session` in requests' module of
    sessions; None where nobody has.
    """
    there = getattr(sys.modules.get("envoi.sessions"), "Session", Session)
    return None if there is Session else there()


async def shared_async_session() -> AsyncSession | None:
    """The session of `envoi.aio`'s functions in this event loop; it is closed when the loop shuts
    down.

    None where somebody has patched the class: then each call is to have a session of its own.
    """
    owner = _running_loop()
    found = _async_sessions.get(owner)
    if found is not None:
        session = found[0]
        if session._is_by_parts():
            return None
        session._look_around()
        return session
    _drop_closed()
    session = _SharedAsyncSession()
    keeper = _close_at_shutdown(owner, session)
    _async_sessions[owner] = (session, keeper)
    await anext(keeper)
    return session


async def _close_at_shutdown(owner: Any, session: AsyncSession) -> AsyncGenerator[None, None]:
    # Both asyncio.run and trio.run close the asynchronous generators that are still open when they
    # end.
    try:
        yield
    finally:
        _async_sessions.pop(owner, None)
        await session.close()


def _drop_closed() -> None:
    # A loop that was closed without its asynchronous generators being closed before.
    for owner in list(_async_sessions):
        if _is_closed(owner) and (found := _async_sessions.pop(owner, None)) is not None:
            _drop(found[0])


@atexit.register
def _drop_all() -> None:
    while _async_sessions:
        _, (session, _keeper) = _async_sessions.popitem()
        _drop(session)


def _drop(session: AsyncSession) -> None:
    pool, session._pool = session._pool, None
    session._closed = True
    if pool is not None:
        drop_pool(pool)


def _is_closed(owner: Any) -> bool:
    return hasattr(owner, "is_closed") and bool(
        owner.is_closed()
    )  # a run of trio always closes its generators


def _running_loop() -> Any:
    if in_trio():
        return sys.modules["trio"].lowlevel.current_trio_token()
    import asyncio

    return asyncio.get_running_loop()
