"""Hooks: functions that are called with a response, and may give another in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HOOKS: Final = ["response"]
"""The events that there are."""


def default_hooks() -> dict[str, list[Callable[..., Any]]]:
    """No hook for any event; a new object each time."""
    return {event: [] for event in HOOKS}


def dispatch_hook(
    key: str,
    hooks: Mapping[str, Callable[..., Any] | Iterable[Callable[..., Any]]] | None,
    hook_data: Any,
    **kwargs: Any,
) -> Any:
    """Call an event's hooks one after the other, each with what the one before gave; None leaves it
    as it is.

    Args:
        key: the event.
        hooks: for each event, a function or several.
        hook_data: what the first one is called with.
        **kwargs: handed to each.

    Example:
        >>> dispatch_hook("response", {"response": [str.upper, print]}, "data")
        DATA
        'DATA'
    """
    found = (hooks or {}).get(key)
    if not found:
        return hook_data
    for hook in (found,) if callable(found) else found:
        given = hook(hook_data, **kwargs)
        if given is not None:
            hook_data = given
    return hook_data
