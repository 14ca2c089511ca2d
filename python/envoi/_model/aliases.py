"""Packages under a second name: importing a module by that name gives the one module that there
is.
"""

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
    """Answers for the second names alone."""

    def __init__(self, parents: tuple[str, ...], packages: dict[str, str]) -> None:
        self._parents = parents
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the import system is to load; None for what is not ours."""
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
    """Gives the module out as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._kept: Final = {
            name: getattr(module, name, None) for name in ("__spec__", "__loader__")
        }

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that is there."""
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """It has been run; what the import system wrote into it is put back."""
        for name, value in self._kept.items():
            setattr(module, name, value)
