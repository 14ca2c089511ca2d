"""Every verb spells its options out: for `help`, for editors, for type checkers."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import jedi
import pytest

import envoi
from envoi._model.options import OPTION_NAMES
from envoi._sessions.settings import SessionSettings

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("request", "get", "options", "head", "post", "put", "patch", "delete")
OWNERS = {
    "envoi": envoi,
    "envoi.aio": envoi.aio,
    "envoi.Session()": envoi.Session,
    "envoi.AsyncSession()": envoi.AsyncSession,
}
VERBS = {f"{owner}.{name}": getattr(OWNERS[owner], name) for owner in OWNERS for name in NAMES}


def generator() -> ModuleType:
    path = ROOT / "tools" / "write_verbs.py"
    spec = importlib.util.spec_from_file_location("write_verbs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_checked_in_is_what_the_script_writes() -> None:
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in generator().written().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `python tools/write_verbs.py`"


@pytest.mark.parametrize("name", VERBS)
def test_signature_has_every_option(name: str) -> None:
    parameters = inspect.signature(VERBS[name]).parameters
    assert set(parameters) - {"self", "method", "url"} == OPTION_NAMES
    assert all(one.kind is not one.VAR_KEYWORD for one in parameters.values())
    redirects = parameters["allow_redirects"].default
    assert redirects is not name.endswith(".head")


@pytest.mark.parametrize("name", VERBS)
def test_help_tells_of_every_option(name: str) -> None:
    told = inspect.getdoc(VERBS[name]) or ""
    assert [option for option in OPTION_NAMES if f"\n    {option}: " not in told] == []


def completions(code: str, **names: Any) -> set[str]:
    """What Jedi offers at the end of a text, as an editor asks, or as IPython does of what is there."""
    asked = jedi.Interpreter(code, [names]) if names else jedi.Script(code)
    return {one.name for one in asked.complete()}


@pytest.mark.parametrize("name", VERBS)
def test_jedi_completes_options_and_the_response(name: str) -> None:
    begun = f"import envoi, envoi.aio\n{name}('GET', 'https://www.example.com', "
    assert {"timeout=", "max_body="} <= completions(begun)
    if name.startswith(("envoi.get", "envoi.Session().")):
        answer = f"import envoi\n{name}('GET', 'https://www.example.com').status_"
        assert "status_code" in completions(answer)


def test_jedi_completes_options_in_a_running_interpreter() -> None:
    with envoi.Session() as session:
        assert "timeout=" in completions(
            "session.get('https://www.example.com', ti", session=session
        )
    assert "timeout=" in completions("envoi.get('https://www.example.com', ti", envoi=envoi)


@pytest.mark.parametrize("kind", [envoi.Session, envoi.AsyncSession])
def test_help_of_a_session_tells_of_every_setting(kind: type) -> None:
    def settings(described: type) -> str:
        told = (inspect.getdoc(described) or "").partition("Args:\n")[2]
        return re.split(r"\n    \*\*others|\n\n", told)[0]

    assert settings(kind) == settings(SessionSettings)
    names = set(inspect.signature(kind).parameters) - {"others"}
    assert [name for name in names if f"    {name}: " not in settings(kind)] == []
    assert "max_connections=" in completions(f"import envoi\nenvoi.{kind.__name__}(max_")


def test_an_option_that_is_none_is_refused_with_a_hint() -> None:
    with pytest.raises(envoi.InvalidOption, match="did you mean timeout"):
        envoi.get("https://www.example.com", tiemout=3)  # type: ignore[call-arg]
