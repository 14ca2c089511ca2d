"""The two colours are one interface: same names, same arguments, same words."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import envoi
from envoi import aio, api
from envoi._model.wrong_with import WrongWith

PAIRS = [(envoi.Session, envoi.AsyncSession), (envoi.Response, envoi.AsyncResponse)]
DUNDERS = {
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
    "__iter__": "__aiter__",
    "__next__": "__anext__",
}
WORDS_DIFFER = {
    "Session",
    "Response",
    "Response.content",
}  # an await more, or an example of its own
REFUSALS = [
    getattr(WrongWith, name) for name in ("__enter__", "__exit__", "__aenter__", "__aexit__")
]  # the other kind of `with`, which says what to write
FUNCTIONS = ["request", "get", "options", "head", "post", "put", "patch", "delete"]


def members(kind: type) -> dict[str, Any]:
    return {
        name: inspect.getattr_static(kind, name)
        for name in dir(kind)
        if (not name.startswith("_") or name in DUNDERS or name in DUNDERS.values())
        and not hasattr(object, name)
        and getattr(kind, name) not in REFUSALS
    }


def signature(member: Any) -> list[tuple[str, str, str]]:
    """Names, kinds, defaults and annotations of a function's parameters."""
    plain = getattr(member, "__func__", member)
    return [
        (parameter.name, str(parameter.kind), f"{parameter.default!r} {parameter.annotation}")
        for parameter in inspect.signature(plain).parameters.values()
    ]


def returned(member: Any) -> str:
    annotation = str(inspect.signature(getattr(member, "__func__", member)).return_annotation)
    return re.sub(r"\bAsync(?=[A-Z])", "", annotation)


def words(text: str | None) -> str:
    """A docstring without its colour, and without the error that only an event loop can cause."""
    text = re.sub(r"\s*Examples:.*", "", inspect.cleandoc(text or ""), flags=re.DOTALL)
    text = re.sub(r"\n\n *Raises:(?=\n\n|\Z)", "", re.sub(r"\n *WrongEventLoop: .*", "", text))
    return " ".join(re.sub(r"\bawait |\bAsync(?=[A-Z])|\basync ", "", text).split())


@pytest.mark.parametrize(("plain", "awaited"), PAIRS, ids=lambda kind: kind.__name__)
def test_both_have_the_same_names(plain: type, awaited: type) -> None:
    expected = {DUNDERS.get(name, name) for name in members(plain)}
    assert set(members(awaited)) == expected


def test_both_are_constructed_alike() -> None:
    assert signature(envoi.Session.__init__) == signature(envoi.AsyncSession.__init__)


@pytest.mark.parametrize(
    ("plain", "awaited", "name"),
    [(plain, awaited, name) for plain, awaited in PAIRS for name in members(plain)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_members_are_the_same(plain: type, awaited: type, name: str) -> None:
    first, second = members(plain)[name], members(awaited)[DUNDERS.get(name, name)]
    assert callable(first) == callable(second)
    assert isinstance(first, property) == isinstance(second, property)
    if callable(first) and not isinstance(first, type):
        assert signature(first) == signature(second)
        assert returned(first) == returned(second)
    if f"{plain.__name__}.{name}" not in WORDS_DIFFER:
        assert words(first.__doc__) == words(second.__doc__)


def test_one_shot_functions_are_the_same() -> None:
    for name in FUNCTIONS:
        plain, awaited = getattr(api, name), getattr(aio, name)
        assert inspect.iscoroutinefunction(awaited)
        assert signature(plain) == signature(awaited)
        assert returned(plain) == returned(awaited)
        assert words(plain.__doc__) == words(awaited.__doc__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_the_sessions_methods(name: str) -> None:
    function, method = getattr(api, name), getattr(envoi.Session, name)
    assert signature(function) == signature(method)[1:]
    assert words(function.__doc__) == words(method.__doc__)
    assert function is getattr(envoi, name)
