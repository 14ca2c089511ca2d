"""Folders outside the checkout that are made once: virtual environments, and what is downloaded for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 900


class PreparationError(Exception):
    """The environment could not be made."""


def cache_folder() -> Path:
    """Where they are."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def made_once(folder: Path, is_whole: Callable[[], bool], fill: Callable[[Path], object]) -> None:
    """Make a folder, unless it is there.

    Args:
        folder: in `cache_folder()`, named for what is in it.
        is_whole: whether it is there, and the Python that it was made with still is.
        fill: puts everything into the folder that it is called with.
    """
    if is_whole():
        return
    print(f"preparing {folder}", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made under another name, so that what has the final name is whole, even where two do this at once.
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        fill(partial)
        if not is_whole():  # else another was quicker, and may be at its tests
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip(environment: Path, *arguments: str) -> None:
    """Run pip in a virtual environment.

    Raises:
        PreparationError: it fails, or takes too long.
    """
    command = [
        str(python_of(environment)),
        "-m",
        "pip",
        *arguments,
        "--quiet",
        "--disable-pip-version-check",
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise PreparationError(f"pip {arguments[0]} took more than {_SECONDS} s") from error
    if done.returncode != 0:
        raise PreparationError(f"pip {arguments[0]} failed:\n{done.stdout}{done.stderr}")
