"""Finds in one source what the rules are about."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Final, NamedTuple

from envoi._check.calls import RAW_MISSING, CallRules
from envoi._check.names import ADAPTER, FUNCTIONS, RESPONSE, SESSION, Names, path_of
from envoi._check.rules import Finding

if TYPE_CHECKING:
    from pathlib import Path

_REQUESTS: Final = ("requests",)
_URLLIB3_ERRORS: Final = ("urllib3.exceptions.", "requests.packages.urllib3.exceptions.")
_COVERS_TIMEOUT: Final = frozenset(
    {
        "Timeout", "ReadTimeout", "RequestException", "IOError", "OSError", "EnvironmentError",
        "Exception", "BaseException",
    }
)  # fmt: skip
# They import requests when they are imported.
_DEPENDENTS: Final = frozenset(
    {
        "betamax", "cachecontrol", "docker", "github", "gitlab", "grequests", "hvac", "jira",
        "kubernetes", "msal", "requests_cache", "requests_file", "requests_futures",
        "requests_kerberos", "requests_mock", "requests_ntlm", "requests_oauthlib",
        "requests_toolbelt", "requests_unixsocket", "responses", "stripe", "twilio", "zeep",
    }
)  # fmt: skip
_PATCH_BELOW: Final = frozenset({"vcr", "httpretty"})


class _Scope(NamedTuple):
    """A function, and the parameters that are None unless given."""

    none_by_default: frozenset[str]


class Scanner(ast.NodeVisitor):
    """Visits a source once, in the order in which it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = Names()
        self.findings: list[Finding] = []
        self.calls = CallRules(self.names, self.report)
        self._functions: list[_Scope] = []
        self._self_kinds: list[str] = []

    def report(self, node: ast.AST, rule: str, detail: str) -> None:
        """A rule applies at this node."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        finding = Finding(self.path, line, column, rule, detail)
        if finding not in self.findings:
            self.findings.append(finding)

    # Imports.

    def visit_Import(self, node: ast.Import) -> None:
        self.names.import_(node)
        for alias in node.names:
            self._imported(node, alias.name, f"import {alias.name}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.names.import_from(node)
        if node.level or not node.module:
            return
        for alias in node.names:
            dotted = f"{node.module}.{alias.name}"
            name = alias.name if node.module.partition(".")[0] == "requests" else "…"
            self._imported(node, dotted, f"from {node.module} import {name}")

    def _imported(self, node: ast.AST, dotted: str, detail: str) -> None:
        first = dotted.partition(".")[0]
        if first in _REQUESTS:
            if not _exists(dotted):
                self.report(node, "no-such-name", detail)
        elif first in _DEPENDENTS or dotted.startswith("google.auth.transport.requests"):
            self.report(node, "imports-requests", detail)
        elif first in _PATCH_BELOW:
            self.report(node, "patched-below", detail)
        elif first == "urllib3":
            # Its Retry, exceptions (a rule of their own) and warnings go together with Envoi.
            if not any(word in dotted.lower() for word in ("retry", "warning", "exceptions")):
                self.report(node, "uses-urllib3", detail)
        elif first == "httpx":
            self.report(node, "uses-httpx", detail)

    # Names and members.

    def visit_Attribute(self, node: ast.Attribute) -> None:
        resolved = self.names.resolve(node)
        if resolved.startswith("requests.") and not _exists(resolved):
            self.report(node, "no-such-name", resolved)
        self._raw(node, resolved)
        if node.attr == "poolmanager" and self.names.resolve(node.value) == ADAPTER:
            self.report(node, "pool-manager", ast.unparse(node))
        if node.attr in {"reason", "args"} and _is_first_of_args(node.value):
            self.report(node, "error-inside", ast.unparse(node))
        self.generic_visit(node)

    def _raw(self, node: ast.Attribute, resolved: str) -> None:
        inner = node.value
        of_raw = isinstance(inner, ast.Attribute) and inner.attr == "raw"
        known = resolved.startswith(f"{RESPONSE}.raw.")
        if (known or (of_raw and node.attr.startswith("_"))) and (
            node.attr in RAW_MISSING or node.attr.startswith("_")
        ):
            self.report(node, "raw-inside", ast.unparse(node))

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring says nothing
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and "python-requests" in node.value:
            self.report(node, "user-agent", repr(node.value))

    # What values are.

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assigned(target, node.value)
        self.generic_visit(node)
        kind = self._kind_of(node.value)
        for target in node.targets:
            self.names.assign(target, kind)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        kind = self.names.annotated(node.annotation)
        if not kind and node.value is not None:
            kind = self._kind_of(node.value)
        self.names.assign(node.target, kind)

    def _kind_of(self, value: ast.expr) -> str:
        value = value.value if isinstance(value, ast.Await) else value
        if isinstance(value, ast.BoolOp):  # session or requests.Session()
            return next((kind for one in value.values if (kind := self._kind_of(one))), "")
        return self.names.resolve(value)

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        resolved = self.names.resolve(target)
        nothing = isinstance(value, ast.Constant) and value.value is None
        if resolved == f"{SESSION}.verify":
            self.report(target, "own-verify", ast.unparse(target))
        elif resolved == f"{SESSION}.auth":
            self.calls.sessions_with_auth.add(path_of(target).rpartition(".")[0])
        elif isinstance(target, ast.Subscript):
            if nothing and self.names.resolve(target.value) == f"{SESSION}.headers":
                self.report(target, "header-none", ast.unparse(target))
            self.calls.header_set(target)
        elif isinstance(target, ast.Attribute) and target.attr == "debuglevel":
            self.report(target, "logger", ast.unparse(target))

    # Blocks.

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.names.assign(item.optional_vars, self._kind_of(item.context_expr))
        for statement in node.body:
            self.visit(statement)

    visit_AsyncWith = visit_With  # noqa: N815 - ast's name

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        if node.name == "proxy_manager_for" and self._self_kinds[-1:] == [ADAPTER]:
            self.report(node, "pool-manager", f"def {node.name}")
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = dict(
            zip(reversed(positional), reversed(arguments.defaults), strict=False)
        ) | dict(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        none = frozenset(
            one.arg
            for one, default in defaults.items()
            if isinstance(default, ast.Constant) and default.value is None
        )
        self.names.scopes.append({})
        self._functions.append(_Scope(none - _rebound(node)))
        for one in [*positional, *arguments.kwonlyargs]:
            self.names.scopes[-1][one.arg] = self.names.annotated(one.annotation)
        if self._self_kinds and positional:
            self.names.scopes[-1][positional[0].arg] = self._self_kinds[-1]
        self._statements(node.body)
        self._functions.pop()
        self.names.scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's name

    def visit_Module(self, node: ast.Module) -> None:
        self._statements(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases]:
            self.visit(part)
        self._self_kinds.append(self.names.define_class(node))
        for statement in node.body:
            self.visit(statement)
        self._self_kinds.pop()

    def _statements(self, body: list[ast.stmt]) -> None:
        """Visit them, and look for sessions that are used after the `with` that closed them."""
        closed: set[str] = set()
        for statement in body:
            if closed:
                self._used_after(statement, closed)
            self.visit(statement)
            closed -= _stored(statement)
            if isinstance(statement, ast.With):
                closed |= {
                    item.optional_vars.id
                    for item in statement.items
                    if isinstance(item.optional_vars, ast.Name)
                    and self._kind_of(item.context_expr) == SESSION
                }

    def _used_after(self, statement: ast.stmt, closed: set[str]) -> None:
        if isinstance(statement, ast.With):
            closed -= {
                path_of(item.optional_vars) for item in statement.items if item.optional_vars
            }
        for node in ast.walk(statement):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and path_of(node.func.value) in closed
                and node.func.attr in FUNCTIONS | {"send"}
            ):
                self.report(node, "closed-session", ast.unparse(node.func))

    # Exceptions.

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        caught = [one for handler in node.handlers for one in self._caught(handler.type)]
        last = {name.rpartition(".")[2] for _, name in caught}
        for expression, name in caught:
            if name.startswith(_URLLIB3_ERRORS):
                self.report(expression, "urllib3-exception", name)
            if name in {"requests.ConnectionError", "requests.exceptions.ConnectionError"} and not (
                last & _COVERS_TIMEOUT
            ):
                self.report(expression, "read-timeout", f"except {ast.unparse(expression)}")
        self.generic_visit(node)

    visit_TryStar = visit_Try  # noqa: N815 - ast's name

    def _caught(self, node: ast.expr | None) -> list[tuple[ast.expr, str]]:
        if node is None:
            return []
        if isinstance(node, ast.Tuple):
            return [pair for one in node.elts for pair in self._caught(one)]
        return [(node, self.names.resolve(node) or path_of(node))]

    # Calls and loops.

    def visit_Call(self, node: ast.Call) -> None:
        handed_on = frozenset().union(*(one.none_by_default for one in self._functions))
        self.calls.look(node, handed_on)
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        if self.names.resolve(node.iter) == RESPONSE:
            self.report(node.iter, "piece-size", f"for … in {ast.unparse(node.iter)}")
        self.generic_visit(node)

    visit_AsyncFor = visit_For  # noqa: N815 - ast's name


def _exists(dotted: str) -> bool:
    """Whether Envoi has what requests has under this name."""
    if dotted.startswith("requests.packages.") or dotted.endswith(".*"):
        return True
    steps = dotted.split(".")[1:]
    found: object = importlib.import_module("envoi")
    path = "envoi"
    for step in steps:
        path = f"{path}.{step}"
        if not hasattr(found, step):
            try:
                found = importlib.import_module(path)
            except ImportError:
                return False
        else:
            found = getattr(found, step)
            if not isinstance(found, type(importlib)):
                return True  # what is inside classes and values is another's business
    return True


def _is_first_of_args(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and node.slice.value == 0
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "args"
    )


def _stored(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _rebound(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names that get another value in a function: what was None may be no more."""
    return {name for statement in function.body for name in _stored(statement)}
