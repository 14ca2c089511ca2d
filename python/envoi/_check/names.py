"""What names in a source stand for, as far as can be told without running it."""

from __future__ import annotations

import ast
from typing import Final

FUNCTIONS: Final = frozenset(
    {"get", "options", "head", "post", "put", "patch", "delete", "request"}
)
SESSION, RESPONSE, ADAPTER = "<session>", "<response>", "<adapter>"
_CLASSES: Final = {
    "requests.Session": SESSION,
    "requests.session": SESSION,
    "requests.sessions.Session": SESSION,
    "requests.sessions.session": SESSION,
    "requests.Response": RESPONSE,
    "requests.models.Response": RESPONSE,
    "requests.adapters.HTTPAdapter": ADAPTER,
}
_DERIVED: Final = "<derived>"


class Names:
    """Imports by their names, and the kinds of values by the names that they were given.

    A name counts for the function that it is in, and those inside; an attribute (`self.session`)
    for the file.
    """

    def __init__(self) -> None:
        self.scopes: list[dict[str, str]] = [{}]
        self._members: dict[str, str] = {}

    def import_(self, node: ast.Import) -> None:
        """`import a.b as c`."""
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.scopes[-1][name] = alias.name if alias.asname else name

    def import_from(self, node: ast.ImportFrom) -> None:
        """`from a import b as c`; those from the own package are nobody's."""
        for alias in node.names:
            if not node.level and node.module:
                self.scopes[-1][alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def assign(self, target: ast.expr, kind: str) -> None:
        """What is known of a value holds for a name from here on; "" forgets it."""
        text = path_of(target)
        if text and "." in text:
            if kind:
                self._members[text] = kind
        elif text:
            self.scopes[-1][text] = kind

    def resolve(self, node: ast.expr) -> str:
        """A dotted name from its import on, such as "requests.exceptions.Timeout"; one of the kinds
        above, with what follows; or "".
        """
        if isinstance(node, ast.Attribute):
            if known := self._members.get(path_of(node)):
                return known
            before = self.resolve(node.value)
            return f"{before}.{node.attr}" if before else ""
        if isinstance(node, ast.Call):
            return self._result(node)
        if isinstance(node, ast.Name):
            for scope in reversed(self.scopes):
                if node.id in scope:
                    return scope[node.id]
        return ""

    def _result(self, node: ast.Call) -> str:
        called = self.resolve(node.func)
        if called.removeprefix(_DERIVED) in _CLASSES:
            return _CLASSES[called.removeprefix(_DERIVED)]
        before, _, name = called.rpartition(".")
        if before in {"requests", "requests.api", SESSION} and name in FUNCTIONS | {"send"}:
            return RESPONSE
        return ""

    def annotated(self, annotation: ast.expr | None) -> str:
        """The kind that an annotation tells, `requests.Session | None` and its like too."""
        if annotation is None:
            return ""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except SyntaxError:
                return ""
        if isinstance(annotation, ast.BinOp):
            return self.annotated(annotation.left) or self.annotated(annotation.right)
        if isinstance(annotation, ast.Subscript):
            return self.annotated(annotation.slice)
        return _CLASSES.get(self.resolve(annotation).removeprefix(_DERIVED), "")

    def define_class(self, node: ast.ClassDef) -> str:
        """Take note of a class that derives from a session or an adapter; which it is, or ""."""
        for base in node.bases:
            resolved = self.resolve(base).removeprefix(_DERIVED)
            if resolved in _CLASSES:
                self.scopes[-1][node.name] = _DERIVED + resolved
                return _CLASSES[resolved]
        self.scopes[-1][node.name] = ""
        return ""


def path_of(node: ast.expr) -> str:
    """`self.session` as text; "" for what is not names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = path_of(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
