"""Which function answers which path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

H = TypeVar("H")


class Router(Generic[H]):
    """Finds what is registered for a method and a path. Plain paths first, then patterns in the
    order of their coming.
    """

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, H]] = {}
        self._patterns: list[tuple[list[str], dict[str, H]]] = []

    def add(self, pattern: str, methods: Iterable[str], handler: H) -> None:
        """Register a handler; a second one for the same method and path takes the first one's
        place.

        Args:
            pattern: a path, with `<name>` for a segment and `<name...>` at the end for the rest.
            methods: names of methods; "*" for every one.
            handler: what to find.
        """
        handlers = dict.fromkeys((method.upper() for method in methods), handler)
        if "<" not in pattern:
            self._exact.setdefault(pattern, {}).update(handlers)
        else:
            self._patterns.append((pattern.split("/"), handlers))

    def find(self, method: str, path: str) -> tuple[H, dict[str, str]] | None:
        """The handler and what the pattern's names stand for."""
        for handlers, parameters in self._matching(path):
            handler = (
                handlers.get(method)
                or handlers.get("*")
                or (handlers.get("GET") if method == "HEAD" else None)
            )
            if handler is not None:
                return handler, parameters
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that are answered at a path."""
        return sorted({method for handlers, _ in self._matching(path) for method in handlers})

    def _matching(self, path: str) -> Iterable[tuple[dict[str, H], dict[str, str]]]:
        exact = self._exact.get(path)
        if exact is not None:
            yield exact, {}
        segments = path.split("/")
        for pattern, handlers in self._patterns:
            parameters = _match(pattern, segments)
            if parameters is not None:
                yield handlers, parameters


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    if pattern[-1].endswith("...>") and len(segments) >= len(pattern):
        parameters[pattern[-1][1:-4]] = unquote("/".join(segments[len(pattern) - 1 :]))
        pattern, segments = pattern[:-1], segments[: len(pattern) - 1]
    if len(pattern) != len(segments):
        return None
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("<"):
            parameters[expected[1:-1]] = unquote(segment)
        elif expected != segment:
            return None
    return parameters
