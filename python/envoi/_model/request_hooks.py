"""Hooks on a request: what `Request` and `PreparedRequest` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model.hooks import checked_hooks, merged_hooks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._model.hooks import Hook


class RequestHooksMixin:
    """A request's hooks: functions that are called with its response."""

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
        """Take the `hook` for an `event` out; whether it was there."""
        registered = self.hooks.get(event, [])
        if hook not in registered:
            return False
        registered.remove(hook)
        return True
