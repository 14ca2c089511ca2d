"""The command line of `python -m envoi.check`."""

from __future__ import annotations

import argparse
import ast
import json
import sys
import textwrap
import tokenize
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envoi._check.rules import BREAKS, DIFFERS, NOTE, RULES, Finding
from envoi._check.scan import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NOT_OURS: Final = frozenset({"__pycache__", "node_modules", "site-packages"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 where nothing behaves differently, 1 where something does, 2 where a file
    or an argument could not be read. Notes do not count.

    Args:
        arguments: the command line's when left out.
    """
    options = _parser().parse_args(arguments)
    unknown = [name for name in options.ignore if name not in RULES]
    if unknown:
        print(f"There is no rule {unknown[0]!r}; there are {', '.join(RULES)}", file=sys.stderr)
        return 2
    files, failures = _files(options.paths)
    findings: list[Finding] = []
    for path in files:
        try:
            findings += check_file(path)
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            failures.append(f"{path}: could not be read: {error}")
    findings = sorted(one for one in findings if one.rule not in options.ignore)
    if options.json:
        _print_json(findings, len(files), failures)
    else:
        _print_text(findings, len(files), notes=options.notes)
        for failure in failures:
            print(failure, file=sys.stderr)
    if failures:
        return 2
    return int(any(RULES[one.rule].kind != NOTE for one in findings))


def check_file(path: Path) -> list[Finding]:
    """What the rules find in one source.

    Raises:
        OSError: it cannot be read.
        SyntaxError: it is not Python, or in an encoding that it does not name.
    """
    with tokenize.open(path) as file:
        text = file.read()
    scanner = Scanner(path)
    scanner.visit(ast.parse(text, str(path)))
    return scanner.findings


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The sources, each once, and what was given and is not there."""
    found: dict[Path, None] = {}
    failures = []
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_below(path)))
        elif path.is_file():
            found[path] = None
        else:
            failures.append(f"{path}: there is no such file or folder")
    return list(found), failures


def _below(folder: Path) -> Iterator[Path]:
    """The sources in a folder, but for hidden folders, virtual environments and what was
    installed.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_dir():
            ours = not entry.name.startswith(".") and entry.name not in _NOT_OURS
            if ours and not entry.is_symlink() and not (entry / "pyvenv.cfg").exists():
                yield from _below(entry)
        elif entry.suffix == ".py":
            yield entry


def _print_text(findings: list[Finding], files: int, *, notes: bool) -> None:
    for one in findings:
        rule = RULES[one.rule]
        if rule.kind != NOTE or notes:
            print(f"{one.path}:{one.line}:{one.column}: {one.rule}: {one.detail}")
            for text in (rule.what, f"=> {rule.todo}"):
                print(textwrap.fill(text, 80, initial_indent="    ", subsequent_indent="    "))
    counts = Counter(RULES[one.rule].kind for one in findings)
    said = (
        f"{_places(counts[BREAKS])} will not work, {_places(counts[DIFFERS])} will behave"
        f" differently, in {files} {'file' if files == 1 else 'files'}"
    )
    if counts[NOTE] and not notes:
        said += f"; {counts[NOTE]} more may matter to you: --notes lists them"
    print(f"{said}.")


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"


def _print_json(findings: list[Finding], files: int, failures: list[str]) -> None:
    listed = [
        {
            "path": str(one.path),
            "line": one.line,
            "column": one.column,
            "rule": one.rule,
            "kind": RULES[one.rule].kind,
            "code": one.detail,
            "what": RULES[one.rule].what,
            "todo": RULES[one.rule].todo,
            "page": RULES[one.rule].page,
        }
        for one in findings
    ]
    told = {"version": 1, "files": files, "failures": failures, "findings": listed}
    print(json.dumps(told, indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m envoi.check",
        description="Lists what will behave differently once `import requests` is `import envoi`."
        " Sources are read, not run.",
        epilog="Exit status: 0 when nothing will, 1 when something will, 2 when a file could not be"
        " read.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders")
    parser.add_argument("--notes", action="store_true", help="list what matters to some as well")
    parser.add_argument("--json", action="store_true", help="all of it, notes too, as JSON")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="RULE",
        help="leave a rule out; may be given several times",
    )
    return parser
