"""How much the two sides of a pair, one sync and one async, both say.

`python -m tests.surface.twins` prints the table.

A pair is found by its name: the classes `X` and `AsyncX` (or `_X` and `_AsyncX`), wherever they
stand, and the modules `api` and `aio`. A base class that only one of the two has belongs to its
side. Two measures are taken of each pair, after the async words are taken out (`async`, `await`,
the prefix `Async`, the `a` of `__aenter__`, `run_sync(…)` around a call):

- *both say* is what the test holds: the lines of logic that both have. Docstrings, comments,
  imports and signatures are left out, because the two sides are one interface, and `test_parity`
  wants those equal. A body that is one call which hands the parameters on, or that says "to be
  overridden", is counted as a line but not as a common one: a method that runs or awaits what
  stands below both is the shape that is wanted, and it cannot be shorter. Functions are compared
  one to one, whatever they are called, so that a copy is found under another name.
- *as written* counts every line that is not blank. It is what a reader sees who lays the two
  classes side by side.

Each is the number of lines that both have in the same order, of the shorter side's lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "envoi"
Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MODULES = {"aio": "api"}


class Side(NamedTuple):
    """One side of a pair: what it is called, and the node and lines of its source."""

    name: str
    node: ast.ClassDef | ast.Module
    lines: list[str]

    @property
    def bases(self) -> list[str]:
        """The names of the classes that it is derived from."""
        bases = self.node.bases if isinstance(self.node, ast.ClassDef) else []
        return [ast.unparse(base).split("[")[0] for base in bases]


class Twins(NamedTuple):
    """A pair, and what both say.

    Attributes:
        name: the sync side's.
        common: lines of logic that both have.
        lines: lines of logic of the shorter side.
        as_written: the part of all lines that are not blank, docstrings and signatures among them.
    """

    name: str
    common: int
    lines: int
    as_written: float

    @property
    def share(self) -> float:
        """The part of the shorter side's logic that both have."""
        return self.common / self.lines if self.lines else 0.0


def twins(package: Path = PACKAGE) -> list[Twins]:
    """Every pair in a package, the one that says most twice first."""
    sides = list(_sides(package))
    by_name = {side.name: side for side in sides}
    found = [
        _measure(plain, awaited, by_name)
        for awaited in sides
        for plain in sides
        if plain.name == _plain_name(awaited.name) != awaited.name
    ]
    return sorted(found, key=lambda pair: (-pair.share, pair.name))


def share_of_async_lines(package: Path = PACKAGE) -> float:
    """The part of all lines of a package that stands in an `async def`."""
    inside = whole = 0
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        whole += len(text.splitlines())
        lines: set[int] = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.AsyncFunctionDef):
                lines.update(_lines_of(node))
        inside += len(lines)
    return inside / whole


def without_async_words(line: str) -> str:
    """A line of code as it reads on the sync side."""
    for pattern, replacement in _ASYNC_WORDS:
        line = pattern.sub(replacement, line)
    return line.strip()


_ASYNC_WORDS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(async|await) ", ""),
        (r"\b(_?)Async(?=[A-Z])", r"\1"),
        (r"\b(_?)async_(?=\w)", r"\1"),
        (r"\b__a(?=(enter|exit|iter|next)__)", "__"),
        (r"\b(Stop)Async(Iteration)\b", r"\1\2"),
        (r"\ba(close|next)\b", r"\1"),
        (r"\brun_sync\((.*)\)", r"\1"),
    )
]


def _sides(package: Path) -> Iterator[Side]:
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree, lines = ast.parse(text), text.splitlines()
        yield from (Side(node.name, node, lines) for node in tree.body if _is_class(node))
        if path.parent == package and path.stem in {*_MODULES, *_MODULES.values()}:
            yield Side(path.stem, tree, lines)


def _is_class(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef)


def _plain_name(name: str) -> str:
    return _MODULES.get(name) or re.sub(r"^(_?)Async(?=[A-Z])", r"\1", name)


def _measure(plain: Side, awaited: Side, by_name: dict[str, Side]) -> Twins:
    first, second = _with_bases(plain, by_name), _with_bases(awaited, by_name)
    theirs = [{side.name for side in one} for one in (second, first)]
    parts = [
        [part for side in one if side.name not in other for part in _logic(side)]
        for one, other in zip((first, second), theirs, strict=True)
    ]
    lengths = [sum(map(len, one)) for one in parts]
    return Twins(plain.name, _matched(*parts), min(lengths), _as_written(plain, awaited))


def _with_bases(side: Side, by_name: dict[str, Side]) -> list[Side]:
    """A side, and every class below it that is not half of another pair."""
    found, pending = [side], side.bases
    while pending:
        base = by_name.get(pending.pop())
        if base is not None and base not in found and not _is_half(base.name, by_name):
            found.append(base)
            pending += base.bases
    return found


def _is_half(name: str, names: dict[str, Side]) -> bool:
    return _plain_name(name) != name or any(_plain_name(other) == name != other for other in names)


def _matched(first: list[list[str]], second: list[list[str]]) -> int:
    """How many lines are equal when each function is laid beside the one that it resembles most."""
    candidates = sorted(
        (
            (_common(one, other), -left, -right)
            for left, one in enumerate(first)
            for right, other in enumerate(second)
        ),
        reverse=True,
    )
    taken: tuple[set[int], set[int]] = (set(), set())
    total = 0
    for common, left, right in candidates:
        if left not in taken[0] and right not in taken[1]:
            taken[0].add(left)
            taken[1].add(right)
            total += common
    return total


def _common(first: list[str], second: list[str]) -> int:
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


def _logic(side: Side) -> list[list[str]]:
    """The lines of logic of each function of a side, and at last those beside its functions."""
    functions = [node for node in _outermost(side.node) if isinstance(node, _FUNCTIONS)]
    inside = {
        line for function in functions for line in range(_first_line(function), 1 + _last(function))
    }
    beside = {
        line
        for node in side.node.body
        if not _is_docstring(node) and not isinstance(node, (ast.Import, ast.ImportFrom))
        for line in _lines_of(node)
        if not isinstance(node, ast.ClassDef) or line not in _lines_outside(node)
    }
    parts = [_logic_of(function, side) for function in functions]
    return [*parts, _code(side, beside - inside)]


def _logic_of(function: Function, side: Side) -> list[str]:
    if _only_hands_on(function):
        # No line of the other side is equal to it.
        return [f"{side.name}.{function.name}:{number}" for number in _lines_of(function.body[-1])]
    out = {
        line
        for node in ast.walk(function)
        if isinstance(node, _FUNCTIONS)
        for line in (*range(_first_line(node), node.body[0].lineno), *_docstring_lines(node))
    }
    return _code(side, set(_lines_of(function)) - out)


def _code(side: Side, numbers: set[int]) -> list[str]:
    lines = [side.lines[number - 1].strip() for number in sorted(numbers)]
    # Neither blank, nor a bracket alone, nor a comment.
    return [without_async_words(line) for line in lines if re.match(r"[^#]*\w", line)]


def _outermost(node: ast.AST) -> Iterator[ast.AST]:
    """Functions and classes in a node, without those inside a function."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _FUNCTIONS):
            yield from _outermost(child)


def _lines_outside(node: ast.ClassDef) -> set[int]:
    """The lines of a class that are no logic: its head and its docstring."""
    return {*range(node.lineno, node.body[0].lineno), *_docstring_lines(node)}


def _docstring_lines(node: ast.ClassDef | Function) -> range:
    return _lines_of(node.body[0]) if _is_docstring(node.body[0]) else range(0)


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _as_written(plain: Side, awaited: Side) -> float:
    both = []
    for side in (plain, awaited):
        node = side.node
        numbers = (
            _lines_of(node) if isinstance(node, ast.ClassDef) else range(1, len(side.lines) + 1)
        )
        lines = [side.lines[number - 1] for number in numbers]
        both.append([without_async_words(line) for line in lines if line.strip()])
    return _common(*both) / min(map(len, both))


def _first_line(function: Function) -> int:
    return min([function.lineno, *(one.lineno for one in function.decorator_list)])


def _last(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _lines_of(node: ast.stmt) -> range:
    return range(node.lineno, _last(node) + 1)


def _only_hands_on(function: Function) -> bool:
    """Whether a body is one call that hands on names and constants, run or awaited."""
    body = [node for node in function.body if not _is_docstring(node)]
    if len(body) == 1 and isinstance(body[0], ast.Raise):
        return "NotImplementedError" in ast.unparse(body[0])
    if len(body) != 1 or not isinstance(body[0], (ast.Return, ast.Expr)):
        return not body
    value: ast.AST | None = body[0].value
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return isinstance(value, ast.Constant)  # `...` in a protocol
    if isinstance(value.func, ast.Name) and value.func.id == "run_sync" and len(value.args) == 1:
        value = value.args[0]
    return isinstance(value, ast.Call) and all(
        _is_plain(part) for part in (value.func, *value.args, *value.keywords)
    )


def _is_plain(node: ast.AST) -> bool:
    """Whether a node is a name, an attribute of one, a constant, or `super()`."""
    if isinstance(node, (ast.Attribute, ast.Starred, ast.keyword)):
        return _is_plain(node.value)
    if isinstance(node, ast.Call):
        return ast.unparse(node) == "super()"
    return isinstance(node, (ast.Name, ast.Constant))


def report() -> str:
    """The table of pairs, and the share of lines in `async def`."""
    rows = [f"{'pair':16}{'both say':>17}{'as written':>13}"]
    rows += [
        f"{pair.name:16}{pair.common:>5} of {pair.lines:>3}"
        f"{pair.share:>6.0%}{pair.as_written:>12.0%}"
        for pair in twins()
    ]
    return "\n".join([*rows, f"\nlines in async def: {share_of_async_lines():.1%}"])


if __name__ == "__main__":
    print(report())
