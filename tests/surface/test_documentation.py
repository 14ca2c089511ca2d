"""What the documentation shows is what runs: each Python block of a page is run, and what it prints is compared with its `# >` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

from envoi import exceptions
from envoi.testing import CertificateAuthority
from surface.example_site import Authorities, Site

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "README.fr.md"])


def run_block(example: Example) -> str | None:
    """Run a block, and say what is wrong: Sybil's evaluator."""
    page = Path(example.path).relative_to(ROOT).as_posix()
    done = example.namespace["site"].run(example.parsed, page, example.line)
    if done.returncode or done.stderr:
        return f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    if "def test_" in example.parsed:
        return None if "passed" in done.stdout else str(done.stdout)
    told = [
        line.strip().removeprefix("# >").strip()
        for line in example.parsed.splitlines()
        if line.strip().startswith("# >")
    ]
    # A carriage return begins the line anew: a terminal shows only what was printed last.
    printed = [line.rpartition("\r")[2] for line in done.stdout.rstrip("\n").split("\n")]
    fits = len(printed) == len(told) and all(
        re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line.rstrip())
        for line, expected in zip(printed, told, strict=True)
    )
    return None if fits else f"it prints\n{done.stdout}and the page says\n" + "\n".join(told)


def examples() -> list[Example]:
    parser = CodeBlockParser(language="python", evaluator=run_block)
    return [example for page in PAGES for example in Document.parse(str(page), parser).examples()]


EXAMPLES = examples()


@pytest.fixture(scope="module")
def authorities() -> Iterator[Authorities]:
    with CertificateAuthority() as public, CertificateAuthority() as company:
        yield Authorities(public, company)


@pytest.mark.parametrize(
    "example",
    EXAMPLES,
    ids=lambda example: f"{Path(example.path).relative_to(ROOT).as_posix()}:{example.line}",
)
def test_block_prints_what_it_says(
    example: Example, authorities: Authorities, tmp_path: Path
) -> None:
    with Site(authorities, tmp_path) as site:
        example.namespace["site"] = site
        example.evaluate()
    assert "assert" in example.parsed or "# >" in example.parsed, "a block shows what it prints"


def test_pages_show_their_code_in_place() -> None:
    assert len(EXAMPLES) > 100
    assert [page.name for page in PAGES if "--8<--" in page.read_text(encoding="utf-8")] == []


def test_french_pages_show_the_code_of_the_english_ones() -> None:
    def is_french(example: Example) -> bool:
        return "/fr/" in example.path or example.path.endswith(".fr.md")

    english = {str(example.parsed) for example in EXAMPLES if not is_french(example)}
    french = [example for example in EXAMPLES if is_french(example)]
    assert len(french) > 20
    assert [
        f"{example.path}:{example.line}" for example in french if str(example.parsed) not in english
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_line_of_code_is_wider_than_a_page(page: Path) -> None:
    blocks = re.findall(r"^```\w+\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    wide = [line for block in blocks for line in block.splitlines() if len(line) > 100]
    assert [line for line in wide if not line.strip().startswith("# >")] == []


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


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if f": {page}\n" not in navigation] == []


def test_search_of_the_site_puts_guides_before_the_reference() -> None:
    lowered = [
        page.relative_to(ROOT / "docs").parts[0]
        for page in (ROOT / "docs").rglob("*.md")
        if page.read_text(encoding="utf-8").startswith("---\nsearch:\n  boost: 0.2\n---\n")
    ]
    assert set(lowered) == {"reference"}
    assert len(lowered) == len(list((ROOT / "docs" / "reference").glob("*.md")))


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
            "ValueError"  # what the core raises is an internal kind of it
            if base.__module__ == "envoi._core"
            else base.__module__.replace("json.decoder", "json") + "." + base.__qualname__
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
