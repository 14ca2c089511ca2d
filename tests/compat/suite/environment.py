"""The environment that the runs share: requests' source distribution, and a virtual environment with what its tests need."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_TEST_NEEDS = HERE / "requirements.txt"
_REQUESTS = HERE / "requests.txt"
_PIP_SECONDS = 900


class PreparationError(Exception):
    """The environment could not be made."""


@dataclass(frozen=True)
class Environment:
    """A folder outside the checkout, named for what is in it."""

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return _python_of(self.folder / "venv")

    @property
    def requests(self) -> Path:
        """requests' source distribution, unpacked."""
        return self.folder / "source" / f"requests-{requests_version()}"

    @property
    def whole(self) -> bool:
        """Whether it is there, and the Python that it was made with still is."""
        return self.python.exists() and self.requests.is_dir()


def requests_version() -> str:
    """The version of requests that Envoi is compared with."""
    return _REQUESTS.read_text(encoding="utf-8").split()[0].removeprefix("requests==")


def prepare() -> Environment:
    """The environment, made unless it is there.

    Raises:
        PreparationError: pip could not install or download something.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made = Environment(cache / f"envoi-compat-{_key()}")
    if made.whole:
        return made
    print(f"preparing {made.folder}", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    # Made under another name, so that what has the final name is whole, even where two do this at once.
    partial = Path(tempfile.mkdtemp(prefix=f"{made.folder.name}-", dir=cache))
    try:
        _fill(partial)
        if not made.whole:  # else another was quicker, and may be at its tests
            shutil.rmtree(made.folder, ignore_errors=True)
            partial.rename(made.folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def _key() -> str:
    digest = hashlib.sha256()
    files = (_TEST_NEEDS.read_text(encoding="utf-8"), _REQUESTS.read_text(encoding="utf-8"))
    for part in (*files, sys.version, sys.base_prefix, platform.machine()):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def _fill(folder: Path) -> None:
    venv.create(folder / "venv", with_pip=True)
    _pip(folder, "install", "--requirement", str(_TEST_NEEDS))
    with tempfile.TemporaryDirectory() as downloads:
        _pip(folder, "download", "--no-deps", "--no-binary", "requests", "--requirement", str(_REQUESTS), "--dest", downloads)
        with tarfile.open(next(Path(downloads).glob("requests-*.tar.gz"))) as archive:
            # Python 3.11.4 is the first to have filters. What the archive holds is vouched for by its hash.
            archive.extractall(folder / "source", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def _pip(folder: Path, *arguments: str) -> None:
    command = [str(_python_of(folder / "venv")), "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PIP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise PreparationError(f"pip {arguments[0]} took more than {_PIP_SECONDS} s") from error
    if done.returncode != 0:
        raise PreparationError(f"pip {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
