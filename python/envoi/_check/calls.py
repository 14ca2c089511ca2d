"""What the rules say of calls."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from envoi._check.names import FUNCTIONS, RESPONSE, SESSION, path_of

if TYPE_CHECKING:
    from envoi._check.names import Names

RAW_MISSING: Final = frozenset(
    {
        "auto_close", "chunk_left", "connection", "data", "drain_conn", "fileno", "geturl", "info",
        "length_remaining", "msg", "pool", "read1", "read_chunked", "retries",
    }
)  # fmt: skip
# What requests takes for nothing, and Envoi refuses.
_WRONG: Final[dict[str, tuple[object, ...]]] = {
    "data": (0, False),
    "auth": (0, False, ""),
    "proxies": (0, False, ""),
    "verify": (0,),
    "cert": (0, False),
}
_PATCHING: Final = frozenset({"patch", "setattr", "delattr"})
_BELOW: Final = ("urllib3.", "http.client.", "requests.packages.urllib3.")
_LOGGERS: Final = ("urllib3", "requests")


class CallRules:
    """The rules about calls, for the calls of one file."""

    def __init__(self, names: Names, report: Callable[[ast.AST, str, str], None]) -> None:
        self._names = names
        self._report = report
        self.sessions_with_auth: set[str] = set()
        """Those whose `auth` was set before, as text."""

    def look(self, node: ast.Call, none_by_default: frozenset[str]) -> None:
        """Apply the rules to one call.

        Args:
            node: the call.
            none_by_default: parameters around it that are None unless given.
        """
        called = self._names.resolve(node.func)
        before, _, name = called.rpartition(".")
        if (before in {"requests", "requests.api", SESSION} and name in FUNCTIONS) or (
            (before, name) == (SESSION, "send")
        ):
            self._request(node, name, none_by_default)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "iter_content":
            self._pieces(node, called)
        if called == "requests.adapters.HTTPAdapter":
            for keyword in node.keywords:
                if keyword.arg in {"pool_connections", "pool_maxsize"}:
                    self._report(node, "pool-size", f"HTTPAdapter({keyword.arg}=…)")
        if called in {"requests.auth.HTTPProxyAuth", "requests.HTTPProxyAuth"}:
            self._report(node, "proxy-authorization", "HTTPProxyAuth(…)")
        if name == "disable_warnings" and "urllib3" in called:
            self._report(node, "no-warning", ast.unparse(node.func) + "()")
        self._by_text(node, called)

    def header_set(self, target: ast.Subscript) -> None:
        """`headers["Proxy-Authorization"] = …`."""
        key = target.slice
        if _text(key).lower() == "proxy-authorization":
            self._report(target, "proxy-authorization", ast.unparse(target))

    def _request(self, node: ast.Call, name: str, none_by_default: frozenset[str]) -> None:
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        shown = f"{ast.unparse(node.func)}(…)"
        if None not in given and "timeout" not in given:
            self._report(node, "default-timeout", shown)
        for option in ("auth", "proxies"):
            value = given.get(option)
            if _is_none(value):
                self._report(node, "none-is-off", f"{option}=None")
            elif isinstance(value, ast.Name) and value.id in none_by_default:
                self._report(node, "none-is-off", f"{option}={value.id}, which is None by default")
        for option, wrong in _WRONG.items():
            value = given.get(option)
            if value is not None and _is_wrong(value, wrong):
                self._report(node, "wrong-argument", f"{option}={ast.unparse(value)}")
        for key in _keys(given.get("headers")):
            self._header(node, key.lower(), given)
        data = given.get("data") or (
            node.args[1] if name in {"post", "put", "patch"} and len(node.args) > 1 else None
        )
        if isinstance(data, ast.GeneratorExp):
            self._report(data, "sent-once", f"data={ast.unparse(data)}")

    def _header(self, node: ast.Call, key: str, given: dict[str | None, ast.expr]) -> None:
        if key == "proxy-authorization":
            self._report(node, "proxy-authorization", "headers={'Proxy-Authorization': …}")
        session = path_of(node.func).rpartition(".")[0]
        if key == "authorization" and session in self.sessions_with_auth and "auth" not in given:
            self._report(node, "authorization-first", "headers={'Authorization': …}")

    def _pieces(self, node: ast.Call, called: str) -> None:
        """`response.iter_content(…)`: of any value, for hardly anything else has that name."""
        sized = [*node.args[:1], *(one.value for one in node.keywords if one.arg == "chunk_size")]
        before = called.rpartition(".")[0]
        if before and before != RESPONSE:
            return
        if not sized:
            self._report(node, "piece-size", "iter_content()")
        elif not _is_none(sized[0]):
            self._report(node, "at-most", f"iter_content({ast.unparse(sized[0])})")

    def _by_text(self, node: ast.Call, called: str) -> None:
        """Names that are given as text: what is patched, and who logs."""
        text = _text(node.args[0]) if node.args else ""
        last = called.rpartition(".")[2] or (
            node.func.attr if isinstance(node.func, ast.Attribute) else path_of(node.func)
        )
        if last in _PATCHING or path_of(node.func).endswith("patch.object"):
            target = text or (self._names.resolve(node.args[0]) + "." if node.args else "")
            if target.startswith(_BELOW):
                self._report(node, "patched-below", text or ast.unparse(node.args[0]))
            elif text.startswith("requests."):
                self._report(node, "patched-by-name", text)
        if last == "getLogger" and text.partition(".")[0] in _LOGGERS:
            self._report(node, "logger", f"getLogger({text!r})")


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_wrong(node: ast.expr, wrong: tuple[object, ...]) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    value: Any = node.value
    return any(type(value) is type(one) and value == one for one in wrong)


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def _keys(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and not _is_none(value) and (text := _text(key)):
                yield text
