"""The tree of exceptions: as it is drawn, as requests has it, and able to travel between processes."""

from __future__ import annotations

import builtins
import copy
import inspect
import json
import pickle
import re

import pytest
import requests

import envoi
from envoi import exceptions
from envoi._model import exceptions as _exceptions

KINDS = {
    name: kind
    for name in exceptions.__all__
    if inspect.isclass(kind := getattr(exceptions, name))
    and issubclass(kind, exceptions.RequestException)
}
WARNINGS = {name: getattr(exceptions, name) for name in exceptions.__all__ if name not in KINDS}
LINE = re.compile(r"^(?P<indent>[│├└─ ]*)(?P<name>\w+)(?: \((?P<extra>[^)]*)\))?$")


def drawn() -> dict[str, tuple[str, ...]]:
    """Each exception in the docstring's tree, with its bases: the one above it, then those in brackets."""
    tree = (exceptions.__doc__ or "").split("```text\n")[1].split("```")[0]
    path: list[str] = []
    bases = {}
    for line in tree.splitlines():
        match = LINE.match(line)
        assert match, line
        depth = len(match["indent"]) // 4
        path[depth:] = [match["name"]]
        extra = tuple(filter(None, (match["extra"] or "").split(", ")))
        bases[match["name"]] = (*path[depth - 1 : depth], *extra) if depth else extra
    return bases


def shown(kind: type) -> str:
    """A class as the drawing names it."""
    if kind is json.JSONDecodeError:
        return "json.JSONDecodeError"
    if kind.__module__ == "envoi._core":
        return shown(kind.__mro__[-4])  # an internal kind of ValueError
    name = kind.__name__
    return (
        f"builtins.{name}"
        if kind.__module__ == "builtins"
        and name in {"ConnectionError", "ConnectionRefusedError", "TimeoutError"}
        else name
    )


def test_tree_in_the_docstring_is_the_real_one() -> None:
    assert drawn() == {
        name: tuple(shown(base) for base in kind.__bases__) for name, kind in KINDS.items()
    }


def test_everything_is_exported_at_the_top() -> None:
    assert set(exceptions.__all__) <= set(envoi.__all__)
    assert set(exceptions.__all__) <= set(envoi.aio.__all__)
    for module in (envoi, envoi.aio):
        assert set(exceptions.__all__) <= set(dir(module))
        assert all(
            getattr(module, name) is getattr(exceptions, name) for name in exceptions.__all__
        )


def test_every_exception_class_is_exported() -> None:
    defined = {
        kind
        for kind in vars(_exceptions).values()
        if inspect.isclass(kind) and kind.__module__ == exceptions.__name__
    }
    assert defined == {getattr(exceptions, name) for name in exceptions.__all__}


@pytest.mark.parametrize("name", exceptions.__all__)
def test_exceptions_are_named_after_the_public_module(name: str) -> None:
    kind = getattr(exceptions, name)
    assert (kind.__module__, kind.__qualname__) == ("envoi.exceptions", name)
    assert b"envoi.exceptions" in pickle.dumps(kind, protocol=0)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_exceptions_can_be_pickled_and_copied(name: str) -> None:
    arguments = ("no JSON", "x", 0) if name == "JSONDecodeError" else ("what happened",)
    error = KINDS[name](*arguments)
    if isinstance(error, exceptions.Timeout):
        error.phase, error.seconds = "read", 2.5
    error.add_note("a note")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_exceptions_carry_request_and_response(name: str) -> None:
    request, response = object(), object()
    arguments = ("no JSON", "x", 0) if name == "JSONDecodeError" else ("what happened",)
    error = KINDS[name](*arguments, request=request, response=response)
    assert (error.request, error.response) == (request, response)
    assert "what happened" in str(error) or "no JSON" in str(error)


def test_request_is_taken_from_the_response() -> None:
    response = requests.Response()
    response.request = requests.PreparedRequest()
    assert exceptions.HTTPError(response=response).request is response.request


THEIRS = {
    name: kind
    for name, kind in vars(requests.exceptions).items()
    if inspect.isclass(kind)
    and issubclass(kind, (requests.RequestException, Warning))
    and kind.__module__ == "requests.exceptions"
}


def test_requests_names_are_all_here() -> None:
    assert sorted(name for name in THEIRS if not hasattr(exceptions, name)) == []


def test_what_is_under_what_in_requests_is_so_here() -> None:
    broken = []
    for name, kind in THEIRS.items():
        for other, base in {**THEIRS, **vars(builtins)}.items():
            if (
                not inspect.isclass(base)
                or not issubclass(base, BaseException)
                or not issubclass(kind, base)
                or not hasattr(exceptions, name)
            ):
                continue
            ours = getattr(exceptions, other, base) if other in THEIRS else base
            if not issubclass(getattr(exceptions, name), ours):
                broken.append((name, other))
    assert broken == []
