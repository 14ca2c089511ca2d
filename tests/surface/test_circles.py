"""No module imports, by way of others, itself; and no two threads that import Envoi wait for each other.

The graph has every import there is: at the top of a file, inside a function, under TYPE_CHECKING. A circle among them ties files together that a reader
would like to understand one at a time, and may close at run time: two threads that enter it at different places wait for each other's module.

`from envoi._model import timeout` imports `envoi._model.timeout`, and `envoi._model` as well if that has code. `from envoi._model.timeout import Timeout`
imports the module alone: Python runs the packages above a module before the module, whatever it says. `from envoi import …` is thus an import of `envoi`
itself, and through it of almost everything: private modules may not do it. Public modules must: they stand above it, and it waits for the package.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "envoi"
ROOT = PACKAGE.name

Graph = Mapping[str, Mapping[str, int]]
"""For each module those that it imports, with the line."""


def modules_below(package: Path) -> dict[str, Path]:
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST, modules: Mapping[str, Path]) -> Iterator[tuple[str, int]]:
    """The modules of ours that a file imports, by name and line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            # `import a.b` also waits for `a`, and gives it out.
            names = [
                name for alias in node.names for name in {alias.name, alias.name.partition(".")[0]}
            ]
        elif isinstance(node, ast.ImportFrom):
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [node.module or "", *submodules]
        else:
            continue
        yield from ((name, node.lineno) for name in names if name in modules)


def has_code(path: Path) -> bool:
    """Whether there is more than a docstring and `from __future__ import annotations`."""
    return any(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and getattr(node, "module", None) != "__future__"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


def graph_of(package: Path) -> dict[str, dict[str, int]]:
    modules = modules_below(package)
    empty = {
        name for name, path in modules.items() if path.name == "__init__.py" and not has_code(path)
    }
    graph: dict[str, dict[str, int]] = {}
    for module, path in modules.items():
        edges = graph.setdefault(module, {})
        for name, line in imports(ast.parse(path.read_text(encoding="utf-8")), modules):
            if (
                name != module
                and name not in empty
                and not (name == package.name and is_public(module))
            ):
                edges.setdefault(name, line)
    return graph


def is_public(module: str) -> bool:
    """Whether users import it: all but those below a private package."""
    return (
        not any(
            part.startswith("_") and not part.startswith("__") for part in module.split(".")[1:]
        )
        or module == f"{ROOT}._internal_utils"
    )


def circles(graph: Graph) -> list[frozenset[str]]:
    """The strongly connected components of more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[frozenset[str]] = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        path.append(module)
        for imported in graph[module]:
            if imported not in index:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in path:
                lowest[module] = min(lowest[module], index[imported])
        if lowest[module] == index[module]:
            component = frozenset(path[path.index(module) :])
            del path[path.index(module) :]
            if len(component) > 1:
                found.append(component)

    for module in graph:
        if module not in index:
            visit(module)
    return found


def shown(circle: frozenset[str], graph: Graph) -> str:
    lines = [
        f"{module} -> {other}, line {graph[module][other]}"
        for module in sorted(circle)
        for other in sorted(circle & graph[module].keys())
    ]
    return "\n".join(["a circle of imports:", *lines])


def test_no_circle_of_imports() -> None:
    graph = graph_of(PACKAGE)
    assert [shown(circle, graph) for circle in circles(graph)] == []


@pytest.mark.parametrize(
    "closing",
    [
        "from envoi._model.high import that",
        "from envoi._model import high",
        "def late():\n    from envoi._model.high import that",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from envoi._model.high import that",
        "import envoi._model.high",
        "from envoi import public",
        "import envoi",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path, closing: str) -> None:
    package = tmp_path / ROOT
    (package / "_model").mkdir(parents=True)
    (package / "_model" / "__init__.py").write_text('"""Values."""\n')
    (package / "__init__.py").write_text("from envoi._model.high import that\n")
    (package / "public.py").write_text("import envoi\n")
    (package / "_model" / "high.py").write_text("from envoi._model.low import this\n")
    (package / "_model" / "low.py").write_text("this = 1\n")
    assert circles(graph_of(package)) == []
    (package / "_model" / "low.py").write_text(closing + "\n")
    assert {"envoi._model.high", "envoi._model.low"} <= set().union(*circles(graph_of(package)))


def public_modules() -> list[str]:
    return sorted(
        module
        for module in modules_below(PACKAGE)
        if is_public(module)
        and module.count(".") == 1
        and module not in {f"{ROOT}.__version__", f"{ROOT}.integrations", f"{ROOT}.testing"}
    )


@pytest.mark.parametrize("module", public_modules())
def test_public_modules_wait_for_the_package_first(module: str) -> None:
    modules = modules_below(PACKAGE)
    tree = ast.parse(modules[module].read_text(encoding="utf-8"))
    ours = [name for node in tree.body for name, _ in imports(node, modules)]
    assert ours[:1] in ([], [ROOT])


def test_the_package_imports_no_public_module() -> None:
    code = "import sys, envoi; print(*(name for name in sys.modules if name.startswith('envoi.')))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True
    ).stdout.split()
    assert [name for name in loaded if is_public(name)] == [f"{ROOT}.__version__"]


FIRST_IMPORTS = """\
import importlib, sys, threading
sys.setswitchinterval(1e-5)
names, failures = sys.argv[1:], []
barrier = threading.Barrier(len(names))
def load(name):
    barrier.wait()
    try:
        importlib.import_module(name)
    except BaseException as error:
        failures.append(f"{name}: {error!r}")
threads = [threading.Thread(target=load, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*failures, sep="\\n")
"""


@pytest.mark.parametrize(
    "names",
    [
        ("envoi.adapters", "envoi.exceptions"),
        ("envoi.exceptions", "envoi.adapters"),
        ("envoi", "envoi.exceptions"),
        ("envoi.auth", "envoi.aio"),
        ("envoi.api", "envoi.status_codes", "envoi.models"),
        tuple(public_modules()),
        tuple(reversed(public_modules())),
    ],
    ids=lambda names: " ".join(name.rpartition(".")[2] for name in names[:3]),
)
@pytest.mark.parametrize("attempt", range(3))
def test_first_imports_in_threads_do_not_wait_for_each_other(
    names: tuple[str, ...], attempt: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_IMPORTS, *names],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert done.stdout.strip() == "", f"attempt {attempt}"
