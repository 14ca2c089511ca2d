"""The public surface as a text: it changes only when someone means it to.

To accept a change: `ENVOI_WRITE_SURFACE=1 python -m pytest tests/surface/test_public_surface.py`, and read the difference before committing it.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import envoi

RECORD = Path(__file__).with_name("public_surface.txt")
MODULES = [
    "envoi",
    "envoi.adapters",
    "envoi.aio",
    "envoi.api",
    "envoi.exceptions",
    "envoi.models",
    "envoi.sessions",
    "envoi.testing",
]


def test_public_surface_is_the_recorded_one() -> None:
    current = "\n".join(surface()) + "\n"
    if os.environ.get("ENVOI_WRITE_SURFACE"):
        RECORD.write_text(current, encoding="utf-8")
    recorded = RECORD.read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        recorded.splitlines(), current.splitlines(), "recorded", "current", lineterm="", n=0
    )
    assert "\n".join(difference) == ""


def test_exported_names_exist_and_are_sorted_once() -> None:
    for name in MODULES:
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", [])
        assert len(set(exported)) == len(exported)
        assert [one for one in exported if not hasattr(module, one)] == []


def test_a_star_import_is_what_is_exported() -> None:
    names: dict[str, Any] = {}
    exec("from envoi import *", names)
    assert set(names) - {"__builtins__"} == set(envoi.__all__)


def surface() -> Iterator[str]:
    """A line for each public name, with its signature."""
    for name in MODULES:
        module = importlib.import_module(name)
        for exported in sorted(getattr(module, "__all__", None) or own_names(module)):
            yield from describe(f"{name}.{exported}", getattr(module, exported), name)


def own_names(module: Any) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def describe(path: str, value: Any, module: str) -> Iterator[str]:
    if inspect.ismodule(value):
        yield f"{path}: module"
    elif inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__)
        yield f"{path}({bases})"
        if module in {"envoi", "envoi.testing"} and not issubclass(value, BaseException):
            yield from describe_members(path, value)
    elif inspect.isroutine(value):
        yield f"{path}{signature(value)}"
    elif path.endswith("__version__"):
        yield f"{path}: str"
    else:
        yield f"{path}: {type(value).__name__}"


def describe_members(path: str, kind: type) -> Iterator[str]:
    if "__init__" in vars(kind):
        yield f"{path}{signature(kind.__init__)}"
    for name in sorted(dir(kind)):
        owner = next((base for base in kind.__mro__ if name in vars(base)), object)
        if name.startswith("_") or not owner.__module__.startswith("envoi"):
            continue
        member = inspect.getattr_static(kind, name)
        function = getattr(member, "__func__", member)
        if inspect.isroutine(function) and callable(function):
            yield f"{path}.{name}{signature(function)}"
        else:
            yield f"{path}.{name}"


def signature(function: Any) -> str:
    try:
        shown = str(inspect.signature(function)).replace("'", "")
    except ValueError:
        return "(…)"
    return f"{shown} (awaited)" if inspect.iscoroutinefunction(function) else shown


def test_supported_pythons_are_the_promised_ones() -> None:
    root = RECORD.parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert project["requires-python"] == f">={named[0]}"
    promised = (root / "docs" / "promises.md").read_text(encoding="utf-8")
    assert f"CPython {', '.join(named[:-1])} and {named[-1]}." in promised
