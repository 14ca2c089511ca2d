"""What the documentation shows is what runs: each snippet is run, and what it prints is compared with its `# >` lines."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envoi import exceptions
from envoi.testing import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SNIPPETS = ROOT / "examples" / "snippets"
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "README.fr.md"])
NAMES = sorted(path.stem for path in SNIPPETS.glob("*.py"))
INCLUDED = re.compile(r'^\s*--8<-- "([^"]+)"$', re.MULTILINE)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PREPARED = """\
import json, pathlib, sys
names = json.loads(sys.argv[1])
names["folder"] = pathlib.Path(names["folder"])
code = compile(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"), sys.argv[2], "exec")
exec(code, {"__name__": "__main__", **names})
"""


@pytest.fixture(scope="module")
def site() -> Iterator[dict[str, str]]:
    """The names that a snippet may use without making them; they are told in docs/index.md."""
    with Server() as plain, Server(tls=True) as secure, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # not listening: connections are refused
        yield {
            "url": plain.url,
            "secure_url": secure.url,
            "ca_path": secure.ca_path,
            "closed_url": f"http://127.0.0.1:{closed.getsockname()[1]}/",
        }


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("testing_pytest")])
def test_snippet_prints_what_it_says(name: str, site: dict[str, str], tmp_path: Path) -> None:
    path = SNIPPETS / f"{name}.py"
    names = json.dumps({**site, "folder": str(tmp_path)})
    command = [sys.executable, "-W", "error", "-c", PREPARED, names, str(path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    told = [
        line.strip().removeprefix("# >").strip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("# >")
    ]
    assert told, "a snippet shows what it prints"
    printed = done.stdout.splitlines()
    assert len(printed) == len(told), done.stdout
    for line, expected in zip(printed, told, strict=True):
        assert re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line), (
            f"{line!r} is not {expected!r}"
        )


def test_snippet_for_pytest_passes() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--rootdir",
        str(SNIPPETS),
    ]
    done = subprocess.run(
        [*command, "-c", os.devnull, str(SNIPPETS / "testing_pytest.py")],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_every_snippet_is_shown_and_every_shown_snippet_exists() -> None:
    included = {
        match for page in PAGES for match in INCLUDED.findall(page.read_text(encoding="utf-8"))
    }
    in_readme = {
        name for name in NAMES if any(snippet_text(name) in blocks(page) for page in readmes())
    }
    assert {f"{name}.py" for name in NAMES} == included | {f"{name}.py" for name in in_readme}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "README.fr.md"], ids=lambda page: page.name
)
def test_readme_shows_only_snippets(page: Path) -> None:
    known = {snippet_text(name) for name in NAMES}
    shown = blocks(page)
    assert shown
    assert [block for block in shown if block not in known] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent != ROOT], ids=lambda page: page.name
)
def test_page_shows_no_code_of_its_own(page: Path) -> None:
    assert [block for block in blocks(page) if not INCLUDED.fullmatch(block.strip())] == []


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("[ACS]*.md")], ids=lambda page: page.name)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [
        target
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if not re.match(r"https?:|#|mailto:", target)
    ]
    written_by_benchmarks = {"benchmarks.md", "benchmark.svg", "benchmarks.json"}
    missing = [
        target
        for target in targets
        if not (page.parent / target.partition("#")[0]).exists()
        and Path(target.partition("#")[0]).name not in written_by_benchmarks
    ]
    assert missing == []


def test_tree_of_exceptions_is_the_classes_own() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    tree = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert tree is not None
    assert tree[1] in (exceptions.__doc__ or "")
    parents: list[str] = []
    for line in tree[1].splitlines():
        indent, name, others = re.fullmatch(r"([│├└─ ]*)(\w+)(?: \((.*)\))?", line).groups()  # type: ignore[union-attr]
        del parents[len(indent) // 4 :]
        found = getattr(exceptions, name)
        bases = {
            base.__module__.replace("json.decoder", "json") + "." + base.__qualname__
            for base in found.__bases__
        }
        told = {*(parents[-1:]), *(others or "").split(", ")} - {""}
        assert {base.rpartition(".")[2] for base in bases} == {
            each.rpartition(".")[2] for each in told
        }, name
        parents.append(name)
    public = {
        name for name in exceptions.__all__ if not issubclass(getattr(exceptions, name), Warning)
    }
    assert (
        set(re.findall(r"[─ ](\w+)(?: \(|$)", tree[1], re.MULTILINE)) | {"RequestException"}
        == public
    )


def test_every_exception_is_explained() -> None:
    explained = (
        (ROOT / "docs" / "errors.md")
        .read_text(encoding="utf-8")
        .rpartition("```text")[2]
        .partition("```")[2]
    )
    bases = {"RequestException", "Timeout"}
    warnings = {
        name for name in exceptions.__all__ if issubclass(getattr(exceptions, name), Warning)
    }
    assert {
        name for name in exceptions.__all__ if f"`{name}`" not in explained
    } - bases - warnings - {"URLRequired"} == set()


def test_every_option_of_a_request_is_in_the_reference() -> None:
    from envoi._model.options import OPTION_NAMES

    page = (ROOT / "docs" / "reference" / "sessions.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(OPTION_NAMES)


def readmes() -> list[Path]:
    return [ROOT / "README.md", ROOT / "README.fr.md"]


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def snippet_text(name: str) -> str:
    return (SNIPPETS / f"{name}.py").read_text(encoding="utf-8")
