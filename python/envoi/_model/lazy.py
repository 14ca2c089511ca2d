"""Lazy names of a module (PEP 562): imported when they are first used, so that importing the module
does not import them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from envoi._model.suggestions import name_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_TOOLS: Final = frozenset({"TYPE_CHECKING", "annotations"})


def lazy_names(module: str, sources: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` (PEP 562): each name is imported once, and then kept in the module.

    Args:
        module: the module's own name.
        sources: for each name, "module" or "module:attribute"; several, of which the first that is
            installed serves, with `|` between.
    """

    def find(name: str) -> Any:
        source = sources.get(name)
        if source is None:
            message = f"module {module!r} has no attribute {name!r}{name_elsewhere(module, name)}"
            raise AttributeError(message)
        try:
            value = _first(source)
        except ModuleNotFoundError as error:
            message = (
                f"{module}.{name} is {source.partition(':')[0].replace('|', ' or ')}, which is "
                "not installed"
            )
            raise AttributeError(message) from error
        setattr(sys.modules[module], name, value)
        return value

    return find


def shown_names(present: Mapping[str, Any], sources: Mapping[str, str]) -> list[str]:
    """What `dir` shows of a module: its public names and the lazy ones, not what it is made with.

    Args:
        present: the module's globals.
        sources: its lazy names.
    """
    names = {
        name
        for name in present
        if (not name.startswith("_") or name.startswith("__")) and name not in _TOOLS
    }
    return sorted(names | sources.keys())


def names_of(
    module: str, modules: Sequence[str], sources: Mapping[str, str]
) -> Callable[[str], Any]:
    """A module's `__getattr__` for what requests' module of its name has imported, and packages
    built on requests import from there.

    Args:
        module: the module's own name.
        modules: where a name is looked for, in order.
        sources: names that are found elsewhere, as for `lazy_names`.
    """
    known = lazy_names(module, sources)

    def find(name: str) -> Any:
        if name in sources or name.startswith("_"):
            return known(name)
        for other in modules:
            value = getattr(import_module(other), name, None)
            if value is not None:
                setattr(sys.modules[module], name, value)
                return value
        return known(name)

    return find


def _first(source: str) -> Any:
    preferred, bar, others = source.partition("|")
    try:
        return _load(preferred)
    except ModuleNotFoundError:
        if not bar:
            raise
    return _first(others)


def _load(source: str) -> Any:
    module, colon, attribute = source.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if colon else found
