"""The Envoi of an earlier commit: its sources in a folder for a while, with its core built.

The commit is ``ENVOI_BASE`` when that is set, and otherwise the one before the checked out one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CORE = "_core.abi3.so"
SOURCES_OF_THE_CORE = ("crates", "Cargo.toml", "Cargo.lock")
BUILD_SECONDS = 150
_ALLOWED = "benchmarks/instructions/allowed.toml"


class Previous(NamedTuple):
    """An earlier commit.

    Attributes:
        commit: Its abbreviated name.
        tree: A folder with its importable ``envoi``.
        allowed: Its `allowed.toml`, or "" when it has none.
    """

    commit: str
    tree: Path
    allowed: str


class UnavailableError(Exception):
    """There is no earlier commit to compare with."""


@contextlib.contextmanager
def previous(revision: str | None = None) -> Iterator[Previous]:
    """Put an earlier commit's sources into a folder, and build them; removed at the end.

    Args:
        revision: Which commit; the default is told above.

    Raises:
        UnavailableError: There is no git, no such commit, or the commit does not build.
    """
    commit = _commit(revision or os.environ.get("ENVOI_BASE") or "HEAD^")
    with tempfile.TemporaryDirectory(prefix="envoi-previous-") as name:
        archive, checkout = Path(name) / "sources.tar", Path(name) / "checkout"
        _git("archive", f"--output={archive}", commit)
        checkout.mkdir()
        _run(["tar", "-xf", str(archive), "-C", str(checkout)], ROOT, 60)
        yield Previous(commit, _tree(checkout, Path(name), commit), _allowed(checkout))


def _commit(revision: str) -> str:
    if shutil.which("git") is None:
        raise UnavailableError("git is not installed")
    try:
        return _git("rev-parse", "--verify", "--quiet", "--short", f"{revision}^{{commit}}")
    except UnavailableError:
        raise UnavailableError(f"the repository here has no commit {revision}") from None


def _tree(checkout: Path, folder: Path, commit: str) -> Path:
    """The folder with the commit's ``envoi``; the core is compiled only when it is another one."""
    core = ROOT / "python" / "envoi" / CORE
    if core.exists() and not _git("diff", "--name-only", commit, "--", *SOURCES_OF_THE_CORE):
        package = checkout / "python" / "envoi"
        if not package.is_dir():
            raise UnavailableError(f"{commit} has no python/envoi")
        shutil.copy2(core, package / CORE)
        return package.parent
    wheels = folder / "wheels"
    command = [sys.executable, "-m", "maturin", "build", "--release", "--quiet", "--out", wheels]
    try:
        _run([*map(str, command)], checkout, BUILD_SECONDS)
    except UnavailableError as error:
        raise UnavailableError(f"{commit} does not build: {error}") from None
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "built")
    return folder / "built"


def _allowed(checkout: Path) -> str:
    path = checkout / _ALLOWED
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _git(*arguments: str) -> str:
    return _run(["git", "-c", f"safe.directory={ROOT}", *arguments], ROOT, 60)


def _run(command: list[str], folder: Path, seconds: int) -> str:
    """What a command prints; its failure in one line."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=True
        )
    except subprocess.CalledProcessError as error:
        lines = str(error.stderr).strip().splitlines()
        raise UnavailableError(lines[-1] if lines else f"{command[0]} failed") from error
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"it takes more than {seconds} s") from None
    except OSError as error:
        raise UnavailableError(str(error)) from error
    return done.stdout.strip()
