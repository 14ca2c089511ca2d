"""Packages under a second name: an import by the second name gives the same module object."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.abc import Loader  # slow to import
    from types import ModuleType


def alias_packages(parents: Sequence[str], packages: Mapping[str, str]) -> None:
    """Let `parent.name.rest` be imported, and be the module `package.rest`.

    Args:
        parents: the packages below which the second names are.
        packages: for each name there, the packages to look for, of which the first that is
            installed serves, with `|` between.
    """
    # First, because a package that has two names also has a folder, in which another finder would
    # find its modules once more.
    sys.meta_path.insert(0, _Finder(tuple(f"{parent}." for parent in parents), dict(packages)))


class _Finder:
    """A finder (`sys.meta_path`) of modules under their second names."""

    def __init__(self, parents: tuple[str, ...], packages: dict[str, str]) -> None:
        self._parents = parents
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module under a second name; None for every other name."""
        del path, target
        for parent in self._parents:
            if fullname.startswith(parent):
                module = self._module(fullname.removeprefix(parent))
                return (
                    None
                    if module is None
                    else ModuleSpec(fullname, cast("Loader", _Loader(module)))
                )
        return None

    def _module(self, name: str) -> ModuleType | None:
        first, dot, rest = name.partition(".")
        for package in self._packages.get(first, "").split("|"):
            try:
                return import_module(f"{package}{dot}{rest}") if package else None
            except ModuleNotFoundError as error:
                if error.name is None or not f"{package}{dot}{rest}".startswith(error.name):
                    raise  # something that the module itself needs
        return None


class _Loader:
    """A loader that gives a module which is loaded already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._kept: Final = {
            name: getattr(module, name, None) for name in ("__spec__", "__loader__")
        }

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module, loaded under its first name."""
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Restore what the import system has overwritten; the module has run already."""
        for name, value in self._kept.items():
            setattr(module, name, value)
