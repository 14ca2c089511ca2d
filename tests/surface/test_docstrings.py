"""Every public thing says what it does, and its examples run."""

from __future__ import annotations

import asyncio
import builtins
import doctest
import importlib
import inspect
import io
import pkgutil
import re
import ssl
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import envoi
from envoi import testing

MODULES = [
    "envoi",
    *sorted(
        module.name
        for module in pkgutil.walk_packages(envoi.__path__, "envoi.")
        if module.name != "envoi._core"
    ),
]
PUBLIC = [envoi, envoi.aio, envoi.api, testing]


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = {"envoi": envoi, "testing": testing, "asyncio": asyncio, "io": io, "ssl": ssl}
    found: list[doctest.DocTest] = []
    for name in MODULES:
        module = importlib.import_module(name)
        found += [test for test in finder.find(module, name, extraglobs=names) if test.examples]
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_examples_run(example: doctest.DocTest) -> None:
    told: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=told.append)
    assert outcome.failed == 0, "".join(told)


def test_examples_stand_in_a_section_that_the_reference_renders() -> None:
    alone = [
        path.name
        for path in sorted(Path(envoi.__file__).parent.rglob("*.py*"))
        if path.suffix in {".py", ".pyi"}
        and re.search(r"^ *Example:$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert alone == [], "`Examples:` is a section; `Example:` is a box with a quotation in it"


def public_things() -> dict[str, Any]:
    """Exported classes and functions, and the public members of the classes, by the name under which one meets them."""
    found: dict[str, Any] = {}
    for module in PUBLIC:
        exported = getattr(module, "__all__", None) or [
            name for name in vars(module) if not name.startswith("_")
        ]
        for name in exported:
            value = getattr(module, name)
            if not (
                inspect.isclass(value) or inspect.isroutine(value)
            ) or not value.__module__.startswith("envoi"):
                continue
            found[f"{module.__name__}.{name}"] = value
            if inspect.isclass(value):
                found.update(
                    {
                        f"{module.__name__}.{name}.{member}": thing
                        for member, thing in members(value)
                    }
                )
    return found


def members(kind: type) -> Iterator[tuple[str, Any]]:
    for name in dir(kind):
        thing = inspect.getattr_static(kind, name)
        thing = getattr(thing, "__func__", thing)
        owner = next(base for base in kind.__mro__ if name in vars(base))
        if (
            name.startswith("_")
            or not owner.__module__.startswith("envoi.")
            or owner.__module__ == "envoi._core"
        ):
            continue
        if inspect.isroutine(thing) or isinstance(thing, (property, cached_property)):
            yield name, thing


THINGS = public_things()


def test_every_public_thing_has_a_docstring() -> None:
    assert [name for name, thing in THINGS.items() if not inspect.getdoc(thing)] == []


def test_docstrings_tell_of_arguments() -> None:
    silent = []
    for name, thing in THINGS.items():
        if (
            not (inspect.isclass(thing) or inspect.isfunction(thing))
            or getattr(thing, "__module__", "") == "envoi._core"
            or (inspect.isclass(thing) and issubclass(thing, Warning))
        ):
            continue
        told = inspect.getdoc(thing) or ""
        missing = [argument for argument in arguments(thing) if argument not in told]
        if missing:
            silent.append(f"{name}: {', '.join(missing)}")
    assert silent == []


def arguments(thing: Any) -> list[str]:
    """The parameters that a docstring should name: of a class, those of its own constructor."""
    function = vars(thing).get("__init__") if inspect.isclass(thing) else thing
    if function is None:
        return []
    parameters = inspect.signature(function).parameters.values()
    return [
        one.name
        for one in parameters
        if one.name not in {"self", "cls"} and not one.name.startswith("_")
    ]


def test_exception_that_a_docstring_names_exists() -> None:
    wrong = []
    for name, thing in THINGS.items():
        thing = thing.fget if isinstance(thing, property) else getattr(thing, "func", thing)
        _, _, raises = (inspect.getdoc(thing) or "").partition("Raises:\n")
        for line in raises.splitlines():
            if not line.startswith("    ") or line.startswith("     "):
                break
            for kind in line.strip().partition(":")[0].split(", "):
                known = (envoi.exceptions, builtins, sys.modules[thing.__module__])
                if kind != "…" and not any(hasattr(module, kind) for module in known):
                    wrong.append(f"{name}: {kind}")
    assert wrong == []
