"""Hooks: functions that are called with each response, as in requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from envoi._model.exceptions import InvalidOption

Hook: TypeAlias = Callable[..., Any]


def checked_hooks(hooks: Any) -> list[Hook]:
    """The functions of a `hooks=` argument.

    Raises:
        InvalidOption: an event other than "response", or something that cannot be called.
    """
    if not isinstance(hooks, Mapping):
        raise InvalidOption(
            f"hooks= must be a mapping such as {{'response': function}}, not {type(hooks).__name__}"
        )
    found: list[Hook] = []
    for event, value in hooks.items():
        if event != "response":
            raise InvalidOption(
                f"hooks: there is no event {event!r}; the one there is, is 'response'"
            )
        if value is None:
            continue
        several = value if isinstance(value, Iterable) and not callable(value) else (value,)
        found.extend(several)
    for hook in found:
        if not callable(hook):
            raise InvalidOption(f"hooks: {hook!r} cannot be called")
    return found


def merged_hooks(request: Any, session: Any) -> dict[str, list[Hook]] | None:
    """The hooks of a request: its own, or else its session's, as in requests; None for none."""
    found = checked_hooks(request) if request else []
    if not found and session:
        found = checked_hooks(session)
    return {"response": found} if found else None
