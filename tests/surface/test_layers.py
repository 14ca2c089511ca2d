"""Who may import whom, and what no one but a backend may touch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "envoi"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

IMPURE = {
    "asyncio",
    "concurrent",
    "multiprocessing",
    "random",
    "secrets",
    "select",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "time",
    "trio",
}
COMPOSITION = {
    ("_sessions/shared.py", "asyncio"),  # imported when awaited: which loop is this?
}
DOORS = ("_proto/", "_model/")
SHARED_CODE = ("_net/", "_pipeline/", "_proto/", "_model/")
DEFINING = {"aio.py", "api.py", "status_codes.py", "_wiring.py"}
"""Modules that hold something of their own: one-line functions, codes, the wiring."""


class Import(NamedTuple):
    module: str
    line: int


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, wherever it stands, under TYPE_CHECKING as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            if node.module == "envoi":
                yield from (Import(f"envoi.{name.name}", node.lineno) for name in node.names)
            else:
                yield Import(node.module or "", node.lineno)


def test_contracts_of_the_layers_are_kept() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "module", [module for module in MODULES if not module.startswith(("_io/", "testing/"))]
)
def test_only_backends_touch_sockets_clocks_locks_and_loops(module: str) -> None:
    found = [
        (name, line) for name, line in imports(PACKAGE / module) if name.partition(".")[0] in IMPURE
    ]
    assert [(name, line) for name, line in found if (module, name) not in COMPOSITION] == []


def test_exceptions_to_the_rule_are_needed() -> None:
    real = {(module, name) for module in MODULES for name, _ in imports(PACKAGE / module)}
    assert real >= COMPOSITION


@pytest.mark.parametrize("module", [module for module in MODULES if not module.startswith(DOORS)])
def test_core_is_reached_through_doors(module: str) -> None:
    assert [line for name, line in imports(PACKAGE / module) if name == "envoi._core"] == []


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module.startswith("_") and "/" in module]
)
def test_private_code_imports_no_public_module(module: str) -> None:
    ours = [
        name.split(".")[1] for name, _ in imports(PACKAGE / module) if name.startswith("envoi.")
    ]
    assert [name for name in ours if not name.startswith("_")] == []


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("testing/")])
def test_servers_for_tests_import_nothing_else_of_ours(module: str) -> None:
    assert [
        name
        for name, _ in imports(PACKAGE / module)
        if name.startswith("envoi.") and not name.startswith("envoi.testing")
    ] == []


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith(SHARED_CODE)])
def test_shared_code_has_no_async_generators(module: str) -> None:
    # They are finalised by an event loop's hooks, and there is none under the blocking backend.
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    assert [
        function.name
        for function in functions
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(function))
    ] == []
    assert [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.GeneratorExp) and any(part.is_async for part in node.generators)
    ] == []


@pytest.mark.parametrize(
    "module",
    [
        module
        for module in MODULES
        if "/" not in module and not module.startswith("_w") and module not in DEFINING
    ],
)
def test_public_modules_only_export(module: str) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    assert [
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ] == []


@pytest.mark.parametrize("module", MODULES)
def test_annotations_are_never_evaluated(module: str) -> None:
    text = (PACKAGE / module).read_text(encoding="utf-8")
    if len(ast.parse(text).body) > 1:  # more than a docstring
        assert "from __future__ import annotations\n" in text


def own_nodes(function: ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, without those of the functions inside it."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
