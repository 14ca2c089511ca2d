"""Install envoi and its peers into venvs of the benchmark's own: ``python -m benchmarks.prepare
[WHEEL]``.

Quick when nothing changed. A peer that cannot be installed is reported and left out.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.interpreters import NIQUESTS_VENV, VENV, python_of

_FOLDER = Path(__file__).resolve().parent
_REQUIREMENTS = (
    (VENV, _FOLDER / "requirements.txt"),
    (NIQUESTS_VENV, _FOLDER / "requirements-niquests.txt"),
)
_STAMP = "benchmark-stamp"
_INSTALL_SECONDS = 300


def main(arguments: list[str]) -> int:
    """Prepare the venvs and return the exit status.

    Args:
        arguments: Nothing, or the path of envoi's wheel.
    """
    for folder, requirements in _REQUIREMENTS:
        prepare_peers(folder, requirements)
    if not arguments:
        return 0
    wheel = Path(arguments[0])
    if not wheel.is_file():
        print(f"no such wheel: {wheel}", file=sys.stderr)
        return 2
    return 0 if install_wheel(VENV, wheel) else 1


def prepare_peers(folder: Path, requirements: Path) -> None:
    """Install each requirement by itself, unless the list is the one already installed.

    Args:
        folder: The venv, made if need be.
        requirements: One requirement a line.
    """
    if not python_of(folder).exists():
        venv.create(folder, with_pip=True)
    if _is_stamped(folder, "peers", requirements):
        return
    lines = [line.strip() for line in requirements.read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    if _install(folder, wanted) or all([_install(folder, [each]) for each in wanted]):  # noqa: C419  (each is tried)
        _stamp(folder, "peers", requirements)


def install_wheel(folder: Path, wheel: Path) -> bool:
    """Install envoi's wheel with its dependencies, unless this very file is installed.

    Args:
        folder: The venv.
        wheel: The wheel.
    """
    if _is_stamped(folder, "envoi", wheel):
        return True
    # The version stays the same between builds, so pip would keep the old one.
    if not (
        _install(folder, [str(wheel)])
        and _install(folder, ["--force-reinstall", "--no-deps", str(wheel)])
    ):
        return False
    _stamp(folder, "envoi", wheel)
    return True


def _install(folder: Path, arguments: list[str]) -> bool:
    command = [
        str(python_of(folder)),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--prefer-binary",
        *arguments,
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        print(f"not installed within {_INSTALL_SECONDS} s: {' '.join(arguments)}", file=sys.stderr)
        return False
    if done.returncode != 0:
        lines = re.findall(r"(?m)^(?:ERROR|error): .*$", done.stderr) or ["no message"]
        print(f"not installed: {' '.join(arguments)}: {lines[-1]}", file=sys.stderr)
    return done.returncode == 0


def _is_stamped(folder: Path, name: str, file: Path) -> bool:
    stamp = folder / f"{_STAMP}-{name}"
    return stamp.exists() and stamp.read_text() == _digest(file)


def _stamp(folder: Path, name: str, file: Path) -> None:
    (folder / f"{_STAMP}-{name}").write_text(_digest(file))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
