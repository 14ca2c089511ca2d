"""The environment that the runs share: requests' source distribution, and a virtual environment with what its tests need."""

from __future__ import annotations

import hashlib
import platform
import sys
import tarfile
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from ..cached_environment import cache_folder, made_once, pip, python_of  # noqa: TID252 - both `tests.compat` and `compat` are its name

HERE = Path(__file__).resolve().parent
_TEST_NEEDS = HERE / "requirements.txt"
_REQUESTS = HERE / "requests.txt"


@dataclass(frozen=True)
class Environment:
    """A folder outside the checkout, named for what is in it."""

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return python_of(self.folder / "venv")

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
    made = Environment(cache_folder() / f"envoi-compat-{_key()}")
    made_once(made.folder, lambda: made.whole, _fill)
    return made


def _key() -> str:
    digest = hashlib.sha256()
    files = (_TEST_NEEDS.read_text(encoding="utf-8"), _REQUESTS.read_text(encoding="utf-8"))
    for part in (*files, sys.version, sys.base_prefix, platform.machine()):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def _fill(folder: Path) -> None:
    venv.create(folder / "venv", with_pip=True)
    pip(folder / "venv", "install", "--requirement", str(_TEST_NEEDS))
    with tempfile.TemporaryDirectory() as downloads:
        pip(
            folder / "venv",
            "download",
            "--no-deps",
            "--no-binary",
            "requests",
            "--requirement",
            str(_REQUESTS),
            "--dest",
            downloads,
        )
        with tarfile.open(next(Path(downloads).glob("requests-*.tar.gz"))) as archive:
            # Python 3.11.4 is the first to have filters. What the archive holds is vouched for by its hash.
            archive.extractall(
                folder / "source", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
            )
