"""Hooks: functions that are called with each response, and may return another in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from envoi._model.exceptions import InvalidOption

Hook: TypeAlias = Callable[..., Any]

_TAKES_ANY_KEYWORD: Final = 0x08  # inspect.CO_VARKEYWORDS; `inspect` is slow to import
HOOKS: Final = ["response"]
"""The events that there are."""


class RequestHooksMixin:
    """What `Request` and `PreparedRequest` have in common: functions that are called with the
    response.
    """

    __slots__ = ("_hooks",)

    _hooks: dict[str, list[Hook]] | None

    @property
    def hooks(self) -> dict[str, list[Hook]]:
        """What is called with the response: `{"response": [function, …]}`."""
        if self._hooks is None:
            self._hooks = {"response": []}
        return self._hooks

    @hooks.setter
    def hooks(self, value: Any) -> None:
        self._hooks = merged_hooks(value, None)

    @property
    def response_hooks(self) -> list[Hook] | None:
        """The functions to call with the response; None when there never were any."""
        return None if self._hooks is None else self._hooks["response"]

    def register_hook(self, event: str, hook: Hook | Iterable[Hook]) -> None:
        """Add a function to be called with the response, or several.

        Args:
            event: "response".
            hook: called as `hook(response, **options)`; what it returns, unless None, takes the
                response's place.

        Raises:
            InvalidOption: another event, or not a function.
        """
        self.hooks["response"].extend(checked_hooks({event: hook}))

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Remove a `hook` for an `event`; return whether it was registered."""
        registered = self.hooks.get(event, [])
        if hook not in registered:
            return False
        registered.remove(hook)
        return True


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


def accepted(hook: Hook, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those options that a hook has parameters for. One that takes the response alone is called
    with it alone.

    Args:
        hook: about to be called.
        options: what hooks are told of a call.
    """
    if not options or getattr(getattr(hook, "__code__", None), "co_flags", 0) & _TAKES_ANY_KEYWORD:
        return options
    from inspect import Parameter, signature

    try:
        parameters = signature(hook).parameters.values()
    except (TypeError, ValueError):  # some builtins do not tell
        return options
    if any(one.kind is Parameter.VAR_KEYWORD for one in parameters):
        return options
    # The first one takes the response, whatever it is called.
    rest = [one.name for one in parameters if one.kind is not Parameter.POSITIONAL_ONLY]
    names = rest if len(rest) < len(parameters) else rest[1:]
    return {name: options[name] for name in names if name in options}


def default_hooks() -> dict[str, list[Hook]]:
    """No hook for any event; a new object each time."""
    return {event: [] for event in HOOKS}


def dispatch_hook(
    key: str,
    hooks: Mapping[str, Hook | Iterable[Hook]] | None,
    hook_data: Any,
    **kwargs: Any,
) -> Any:
    """Call an event's hooks in order. What a hook returns, unless None, is what the next is called
    with.

    Args:
        key: the event.
        hooks: for each event, a function or several.
        hook_data: what the first one is called with.
        **kwargs: handed to each.

    Examples:
        >>> dispatch_hook("response", {"response": [str.upper, print]}, "data")
        DATA
        'DATA'
    """
    found = (hooks or {}).get(key)
    if not found:
        return hook_data
    for hook in (found,) if callable(found) else found:
        given = hook(hook_data, **accepted(hook, kwargs))
        if given is not None:
            hook_data = given
    return hook_data
