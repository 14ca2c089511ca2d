"""What the tests themselves keep to: each can fail, and none waits for time to pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SECONDS_TO_BE_CANCELLED = 3600
Function = ast.FunctionDef | ast.AsyncFunctionDef

SLEEPS = {
    "flows/test_exchange_reuse.py test_connection_past_its_keepalive_is_not_used": "a clock of its own",
    "unit/test_io_fake.py test_waiter_moves_the_clock_when_nobody_sets_it": "a clock of its own",
    "unit/test_io_fake.py test_within_looks_at_the_clock": "a clock of its own",
    "flows/test_io_backends.py test_clock_and_lock": "the sleep is what is tested",
    "mutants/python.py _passes": "it looks at a process's end between two short rests",
}
"""Where something sleeps, and why it may."""

WITHOUT_ASSERTION = {
    "unit/test_model_request.py test_known_options_pass": "the next tests see others refused",
    "flows/test_io_backends.py test_waiter_set_before_it_waits": "a wait that does not end fails it",
    "flows/test_io_backends.py test_waiter_is_set_by_another": "a wait that does not end fails it",
    "flows/test_io_backends.py test_far_deadlines_are_no_trouble": "a refused deadline raises",
    "flows/test_io_connect.py test_far_deadlines_are_no_trouble": "a refused deadline raises",
    "flows/test_io_jobs.py test_job_runs_and_its_exceptions_are_its_own": "an exception that gets out fails it",
    "flows/test_io_tls.py test_ipv6_zone_is_not_part_of_the_name": "a name that does not match raises",
}
"""Tests that fail by an exception alone, or by their time running out, and how."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(TESTS.rglob("*.py")):
        yield path.relative_to(TESTS).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[Function]:
    """The functions at the module's level, and the methods of its classes."""
    for node in tree.body:
        nodes = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (
            one for one in nodes if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        )


def named(node: ast.AST) -> set[str]:
    """The plain names in a node: of functions that are called, or handed on to be called."""
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def calls(node: ast.AST) -> list[ast.Call]:
    return [one for one in ast.walk(node) if isinstance(one, ast.Call)]


def asserts(node: ast.AST) -> bool:
    """Whether something in a node can fail a test."""
    return any(
        isinstance(one, ast.Assert)
        or (isinstance(one, ast.Raise) and "AssertionError" in ast.unparse(one))
        or (isinstance(one, ast.Attribute) and ast.unparse(one) in PYTEST)
        or (isinstance(one, ast.Attribute) and one.attr in METHODS_THAT_ASSERT)
        or (isinstance(one, ast.keyword) and ast.unparse(one) == "check=True")  # of a subprocess
        for one in ast.walk(node)
    )


PYTEST = {"pytest.raises", "pytest.warns", "pytest.fail"}
METHODS_THAT_ASSERT = {"check"}


def unable(trees: dict[str, ast.Module]) -> set[str]:
    """The tests that assert nothing, neither themselves nor through a helper's name."""
    able = {
        (path, function.name)
        for path, tree in trees.items()
        for function in functions(tree)
        if asserts(function)
    }
    while True:
        seen = {path: visible(path, tree, able) for path, tree in trees.items()}
        more = {
            (path, function.name)
            for path, tree in trees.items()
            for function in functions(tree)
            if (path, function.name) not in able and named(function) & seen[path]
        }
        if not more:
            break
        able |= more
    return {
        f"{path} {function.name}"
        for path, tree in trees.items()
        for function in functions(tree)
        if function.name.startswith("test_") and (path, function.name) not in able
    }


def visible(path: str, tree: ast.Module, able: set[tuple[str, str]]) -> set[str]:
    """The names in a module that stand for functions which assert: its own, and imported ones."""
    own = {name for where, name in able if where == path and not name.startswith("test_")}
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
        if any(
            (f"{prefix}{node.module.replace('.', '/')}.py", name.name) in able
            for prefix in ("", "../")
        )
    }
    return own | imported


def test_every_test_can_fail() -> None:
    assert unable(dict(modules())) == WITHOUT_ASSERTION.keys()


def test_no_test_waits_for_time_to_pass() -> None:
    found = {
        f"{path} {function.name}"
        for path, tree in modules()
        for function in functions(tree)
        for call in calls(function)
        if is_a_sleep(call)
    }
    assert found == SLEEPS.keys()


def is_a_sleep(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    seconds = call.args[0] if call.args else None
    return (
        name == "sleep"
        and isinstance(seconds, ast.Constant)
        and isinstance(seconds.value, (int, float))
        and 0 < seconds.value < SECONDS_TO_BE_CANCELLED
    )
