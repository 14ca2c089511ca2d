"""Run a flow to its end without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run_sync(flow: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, as none does over the blocking backend, and return its
    result.

    Args:
        flow: the coroutine; it is run with one `send(None)`.

    Raises:
        RuntimeError: the coroutine suspended, so something in it waits for an event loop. It is
            closed.
    """
    try:
        flow.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    name = getattr(flow, "__qualname__", repr(flow))
    flow.close()
    message = f"{name} suspended under the blocking backend: something in it awaits an event loop"
    raise RuntimeError(message)
