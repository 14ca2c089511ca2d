"""Nurseries are an implementation's detail: no ExceptionGroup of theirs leaves the backend."""

from __future__ import annotations

import trio


def only_exception(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception in a nursery's group that says most: anything before a cancellation."""
    cancelled, others = group.split(trio.Cancelled)
    chosen: BaseException | None = others if others is not None else cancelled
    while isinstance(chosen, BaseExceptionGroup):
        chosen = chosen.exceptions[0]
    return chosen or group
