"""`envoi.aio.sessions`: requests' module of that name, with the async session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.lazy import names_of as _names_of
from envoi._requests.merging import merge_hooks, merge_setting
from envoi._sessions.async_session import AsyncSession as Session

__all__ = ["Session", "merge_hooks", "merge_setting", "session"]


def session() -> Session:
    """A new `AsyncSession`, under requests' old name for it."""
    return Session()


if not TYPE_CHECKING:
    __getattr__ = _names_of(__name__, ["envoi.sessions"], {})
