"""``python -m tests.compat.companions``: the tests of this folder, and those of the SDKs on httpx, in an environment that has them all."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..cached_environment import PreparationError, cache_folder, made_once, pip, python_of  # noqa: TID252 - both `tests.compat` and `compat` are its name

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]
REQUIREMENTS = HERE / "requirements.txt"
TESTS = (HERE, HERE.parent / "test_integration_httpx_sdks.py")


def main(arguments: Sequence[str]) -> int:
    """Run the tests, and return pytest's exit status.

    Args:
        arguments: more of them for pytest, such as `-k betamax`.
    """
    if not list((CHECKOUT / "python" / "envoi").glob("_core.*")):
        print("Envoi's core is not built: `make demo` does that.", file=sys.stderr)
        return 2
    try:
        python = prepared()
    except PreparationError as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        status = _pytest(python, [f"--junitxml={report}", *arguments], folder)
        if not report.exists():
            return status or 2
        passed, failed, skipped = _counts(report)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return status or (2 if passed == 0 else 0)


def prepared() -> Path:
    """The interpreter of the environment, which is made unless it is there.

    Raises:
        PreparationError: pip could not install something.
    """
    text = REQUIREMENTS.read_text(encoding="utf-8")
    key = hashlib.sha256(f"{text}{sys.version}{platform.platform()}".encode()).hexdigest()[:16]
    folder = cache_folder() / f"envoi-companions-{key}"

    def fill(partial: Path) -> None:
        venv.create(partial, with_pip=True)
        pip(partial, "install", "--no-deps", "--requirement", str(REQUIREMENTS))

    made_once(folder, lambda: python_of(folder).exists(), fill)
    return python_of(folder)


def _pytest(python: Path, options: Sequence[str], home: str) -> int:
    command = [
        str(python),
        "-m",
        "pytest",
        "-c",
        str(HERE / "pytest.ini"),
        "--rootdir",
        str(HERE.parent),
        "--noconftest",
        "-q",
    ]
    plugins = ["-p", "no:cacheprovider", "-p", "companion_support"]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "PYTHON"))
    }
    environment = {
        **kept,
        "HOME": home,
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT / "python"), str(HERE)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }
    return subprocess.run(
        [*command, *plugins, *options, *map(str, TESTS)], env=environment, check=False
    ).returncode


def _counts(report: Path) -> tuple[int, int, int]:
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    return total - failures - errors - skipped, failures + errors, skipped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
