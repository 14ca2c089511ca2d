"""Files of one subject, functions of one thought."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("python", "crates", "tests", "benchmarks", "examples")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".pyi", ".rs"} and "target" not in path.parts
)
LONG = 400
TOO_LONG = 600
LONGEST_FUNCTION = 60
"""Lines of a body: the signature and the docstring do not count."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_no_file_is_too_long() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
    }
    assert {name: length for name, length in lengths.items() if length > TOO_LONG} == {}
    long = {name: length for name, length in lengths.items() if length > LONG}
    if long:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(f"files above {LONG} lines, to be divided: {long}", stacklevel=1)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_is_too_long(folder: str) -> None:
    found = {}
    for path in FILES:
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] != folder:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, FUNCTIONS) and length_of_body(node) >= LONGEST_FUNCTION:
                found[f"{path.relative_to(ROOT)}:{node.lineno}"] = node.name
    assert found == {}


def length_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
