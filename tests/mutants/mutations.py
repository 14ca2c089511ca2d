"""Small changes to Python source, each of which a test should notice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}
_TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Delete)
_COLLECTIONS = (ast.Set, ast.Tuple, ast.List)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Mutant(NamedTuple):
    """One change.

    Attributes:
        function: the qualified name of the function or class that it is in; "" at the module's level.
        change: what was there, and what stands there now; for a person, and to know it by.
        line: where.
        source: the whole module, changed.
    """

    function: str
    change: str
    line: int
    source: str


def mutants(source: str, functions: frozenset[str] = frozenset()) -> Iterator[Mutant]:
    """Every change of a module, or of some of its functions.

    Left alone: docstrings, annotations, the words of messages (f-strings, what is raised or bound
    to `message`), what is for type checkers alone, and `__repr__`.

    Args:
        source: the module's.
        functions: their names; all when empty.
    """
    tree = ast.parse(source)
    seen: dict[tuple[str, str], int] = {}
    for name, place, node in list(_places(tree)):
        if functions and name not in functions:
            continue
        for change, replacement in _changes(node, place):
            _put(place, replacement)
            changed = ast.unparse(ast.fix_missing_locations(tree))
            _put(place, node)
            number = seen[name, change] = seen.get((name, change), 0) + 1
            told = change if number == 1 else f"{change} [{number}]"
            yield Mutant(name, told, getattr(node, "lineno", 0), changed)


class _Place(NamedTuple):
    """Where a node stands in its parent."""

    parent: ast.AST
    field: str
    index: int | None


def _put(place: _Place, node: ast.AST) -> None:
    if place.index is None:
        setattr(place.parent, place.field, node)
    else:
        getattr(place.parent, place.field)[place.index] = node


def _places(tree: ast.Module) -> Iterator[tuple[str, _Place, ast.AST]]:
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        name, parent = pending.pop()
        for field, value in ast.iter_fields(parent):
            if field in {"annotation", "returns", "decorator_list", "type_params", "bases", "ctx"}:
                continue
            children = value if isinstance(value, list) else [value]
            for index, node in enumerate(children):
                if not isinstance(node, ast.AST) or _is_left_alone(node):
                    continue
                inner = f"{name}.{node.name}".lstrip(".") if _is_named(node) else name
                yield name, _Place(parent, field, index if isinstance(value, list) else None), node
                pending.append((inner, node))


def _is_named(node: ast.AST) -> bool:
    return isinstance(node, (*_FUNCTIONS, ast.ClassDef))


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) in {"message", "__slots__", "__all__"}
    return isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom)) or (
        isinstance(node, _FUNCTIONS) and node.name == "__repr__"
    )


def _changes(node: ast.AST, place: _Place) -> Iterator[tuple[str, ast.AST]]:
    for changed in _changed(node, place):
        yield f"{_shown(node)} → {_shown(changed)}", changed


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:160]


def _changed(node: ast.AST, place: _Place) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            for table in (_SWAPPED, _TURNED):
                if type(operator) in table:
                    other = copy.deepcopy(node)
                    other.ops[number] = table[type(operator)]()  # type: ignore[call-overload]
                    yield other
    elif isinstance(node, (ast.BoolOp, ast.BinOp, ast.AugAssign)) and type(node.op) in _SWAPPED:
        other = copy.deepcopy(node)
        other.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment]
        yield other
        if isinstance(node, ast.BoolOp):
            yield from (_without(node, "values", number) for number in range(len(node.values)))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node, place)
    elif isinstance(node, _COLLECTIONS) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from (_without(node, "elts", number) for number in range(len(node.elts)))
    elif isinstance(node, (ast.Break, ast.Continue)):
        yield _SWAPPED[type(node)]()
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        other = copy.deepcopy(node)
        other.test = ast.UnaryOp(ast.Not(), other.test)
        yield other
    if isinstance(node, _SIMPLE) and place.field in {"body", "orelse", "finalbody"}:
        yield ast.Pass()


def _without(node: ast.AST, field: str, number: int) -> ast.AST:
    other = copy.deepcopy(node)
    kept = getattr(other, field)
    del kept[number]
    if isinstance(other, ast.BoolOp) and len(kept) == 1:
        only: ast.AST = kept[0]
        return only
    return other if kept or not isinstance(other, ast.Set) else ast.parse("set()").body[0].value  # type: ignore[attr-defined]


def _other_constants(node: ast.Constant, place: _Place) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and not _is_a_message(place.parent):
        yield ast.Constant(f"other {node.value}")


def _is_a_message(parent: ast.AST) -> bool:
    return isinstance(parent, ast.Call) and ast.unparse(parent.func).endswith(("Error", "Option"))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
