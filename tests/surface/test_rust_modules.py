"""No two files of a crate need one another: what is below can be read without what is above."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CRATES = Path(__file__).resolve().parents[2] / "crates"
NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|b?r#*\".*?\"#*|\"(?:\\.|[^\"\\])*\"|'\\?.'", re.DOTALL)
INLINE_MODULE = re.compile(r"\bmod\s+\w+\s*\{")
CHILD = re.compile(r"\bmod\s+(\w+)\s*;")
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])\w+(?:::\w+)+")
Module = tuple[str, ...]


def modules(source: Path) -> dict[Module, Path]:
    """The files of a crate, by the path of the module that each is."""
    found = {}
    for file in source.rglob("*.rs"):
        parts = file.relative_to(source).with_suffix("").parts
        found[parts[:-1] if parts[-1] in {"lib", "mod"} else parts] = file
    return found


def code(text: str) -> str:
    """A file without comments, strings and modules that stand in it: those may use their own file."""
    text = NOISE.sub(" ", text)
    while (inline := INLINE_MODULE.search(text)) is not None:
        depth, end = 1, inline.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        text = text[: inline.start()] + text[end:]
    return text


def expanded(tree: str) -> Iterator[str]:
    """The paths of a `use`, its braces written out."""
    before, brace, rest = tree.partition("{")
    if not brace:
        yield tree.partition(" as ")[0].strip()
        return
    depth, start = 0, 0
    inside = rest[: rest.rindex("}")]
    for position, letter in enumerate(inside + ","):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            if part := inside[start:position].strip():
                yield from (before.strip() + path for path in expanded(part))
            start = position + 1


def resolved(path: str, module: Module, known: dict[Module, Path]) -> Path | None:
    """The file that a path leads into; None for another crate's, and for names of the file itself."""
    first, *rest = path.split("::")
    if first == "crate":
        base: Module = ()
    elif first in {"self", "super"}:
        base = module if first == "self" else module[:-1]
        while rest and rest[0] == "super":
            base = base[:-1]
            rest.pop(0)
    elif (*module, first) in known:
        base = (*module, first)
    else:
        return None
    for name in rest:
        if (*base, name) not in known:
            break
        base = (*base, name)
    return known[base]


def needed(source: Path) -> dict[Path, set[Path]]:
    """Which files each file names. That a module is declared (`mod name;`) does not count."""
    known = modules(source)
    graph = {}
    for module, file in known.items():
        text = code(file.read_text(encoding="utf-8"))
        paths = [path for tree in USE.findall(text) for path in expanded(tree)]
        paths += PATH.findall(USE.sub(" ", text))
        found = {resolved(path, module, known) for path in paths}
        graph[file] = {target for target in found if target not in {None, file}}
    return graph  # type: ignore[return-value]


def circles(source: Path) -> list[list[str]]:
    """The groups of files that need one another."""
    graph = needed(source)
    reached = {file: reachable(graph, file) for file in graph}
    groups = {
        frozenset(other for other in reached[file] if file in reached[other])
        for file in graph
        if file in reached[file]
    }
    return sorted(sorted(file.relative_to(source).as_posix() for file in group) for group in groups)


def reachable(graph: dict[Path, set[Path]], start: Path) -> set[Path]:
    found: set[Path] = set()
    pending = [start]
    while pending:
        for target in graph[pending.pop()] - found:
            found.add(target)
            pending.append(target)
    return found


@pytest.mark.parametrize("crate", sorted(path.name for path in CRATES.iterdir() if path.is_dir()))
def test_files_of_a_crate_do_not_need_one_another(crate: str) -> None:
    source = CRATES / crate / "src"
    assert any(needed(source).values()), "a crate whose files need nothing was not read"
    assert circles(source) == []


FRAMING = "use crate::headers::FieldKind;\nuse super::{error::Violation, head::{Head, Version}};"
HEAD = "use super::framing::FramingFields;"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"framing.rs": FRAMING, "head.rs": HEAD}, [["h1/framing.rs", "h1/head.rs"]]),
        ({"framing.rs": FRAMING, "head.rs": ""}, []),
        ({"framing.rs": FRAMING, "head.rs": "// " + HEAD}, []),
        ({"framing.rs": FRAMING, "head.rs": "#[cfg(test)]\nmod tests { " + HEAD + " }"}, []),
        (
            {"framing.rs": FRAMING, "head.rs": "fn f() { crate::h1::framing::check(); }"},
            [["h1/framing.rs", "h1/head.rs"]],
        ),
        (
            {"framing.rs": FRAMING, "head.rs": "use super::error;", "error.rs": HEAD},
            [["h1/error.rs", "h1/framing.rs", "h1/head.rs"]],
        ),
        (
            {"mod.rs": "mod head;\npub use head::Head;", "head.rs": "use super::Machine;"},
            [["h1/head.rs", "h1/mod.rs"]],
        ),
    ],
)
def test_circles_are_found(tmp_path: Path, files: dict[str, str], found: list[list[str]]) -> None:
    folder = tmp_path / "h1"
    folder.mkdir()
    (tmp_path / "lib.rs").write_text("mod h1;\nmod headers;\n")
    (tmp_path / "headers.rs").write_text("pub enum FieldKind { Other }\n")
    for name, text in {"mod.rs": "", "error.rs": "", **files}.items():
        (folder / name).write_text(text)
    assert circles(tmp_path) == found
