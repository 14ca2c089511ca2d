"""One scenario with the Envoi of one tree: a server, a client under callgrind, a figure."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.instructions import callgrind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.instructions.scenarios import Scenario

HERE = Path(__file__).resolve().parent
LAYOUTS = 5
"""How many layouts of the interpreter's cache a client tries: `client.py` says why."""
SECONDS = 300
"""The longest that a client may take."""


class Figure(NamedTuple):
    """What one scenario costs.

    Attributes:
        instructions: Per request; the least of the runs.
        spread: (largest - smallest) / smallest of the runs; ``None`` for a single run.
    """

    instructions: float
    spread: float | None


class MeasuringError(Exception):
    """A scenario could not be measured."""


def figure(runs: list[float]) -> Figure:
    """Put runs together: chance only ever adds to what a request costs, so the least counts."""
    least = min(runs)
    return Figure(least, (max(runs) - least) / least if len(runs) > 1 else None)


def machine() -> dict[str, str]:
    """What figures depend on, beside Envoi."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": platform.python_compiler(),
        "openssl": ssl.OPENSSL_VERSION,
        "libc": " ".join(platform.libc_ver()),
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "valgrind": _version("valgrind"),
    }


def measure(scenario: Scenario, tree: Path, repeat: int = 1) -> Figure:
    """Run a scenario.

    Args:
        scenario: What to do.
        tree: A folder with an importable ``envoi``.
        repeat: How many times; each run has its objects at other addresses.

    Raises:
        MeasuringError: The client or the server failed.
    """
    with _folder() as folder:
        _copy(tree, folder / "tree")
        return figure([_run(scenario, folder, number) for number in range(repeat)])


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """An empty folder with the same name each time: its name is hashed, and so moves counts."""
    for number in range(10):
        folder = Path(tempfile.gettempdir()) / f"envoi-instructions-{number}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    raise MeasuringError(f"{folder} and nine like it exist already: remove those of ended runs")


def _copy(tree: Path, to: Path) -> None:
    """Copy the package and compile it, so that each tree has a path of the same length."""
    if not (tree / "envoi" / "__init__.py").exists():
        raise MeasuringError(f"no envoi in {tree}")
    shutil.copytree(tree / "envoi", to / "envoi", ignore=shutil.ignore_patterns("__pycache__"))
    compiling = [sys.executable, "-m", "compileall", "-q", str(to)]
    subprocess.run(compiling, check=True, env=_environment(to.parent))


def _run(scenario: Scenario, folder: Path, number: int) -> float:
    counts = folder / str(number)
    counts.mkdir()
    ours, theirs = socket.socketpair()
    with ours, theirs, _certificate(scenario) as pair, _server(theirs, *pair[:2]) as port:
        scheme = "https" if scenario.tls else "http"
        arguments = [
            scenario.name, f"{scheme}://127.0.0.1:{port}", str(ours.fileno()),
            pair[2] if pair else "", str(scenario.warm), str(scenario.requests),
            str(LAYOUTS), str(number),
        ]  # fmt: skip
        _client([*callgrind.command(counts), *_python("client.py"), *arguments], ours, folder)
    return cost(callgrind.counts(counts), scenario)


def cost(parts: list[int], scenario: Scenario) -> float:
    """Instructions per request, in the layout where a request costs least.

    Args:
        parts: For each layout what came before, the first part and the second part; for an import
            what came before, and the import.
        scenario: How many requests a part has.

    Raises:
        MeasuringError: The client did not get to its end.
    """
    if len(parts) != (3 * LAYOUTS if scenario.requests else 2):
        raise MeasuringError(f"{scenario.name}: {len(parts)} files of counts")
    if not scenario.requests:
        return float(parts[1])
    pairs = zip(parts[1::3], parts[2::3], strict=True)
    return min(callgrind.slope(first, second, scenario.requests) for first, second in pairs)


def _client(command: list[str], gate: socket.socket, folder: Path) -> None:
    process = subprocess.Popen(
        command, pass_fds=[gate.fileno()], cwd=folder, env=_environment(folder),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise MeasuringError(f"the client took more than {SECONDS} s") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise MeasuringError(f"the client failed:\n{output[-2000:]}")


@contextlib.contextmanager
def _server(gate: socket.socket, *pair: str) -> Iterator[int]:
    """A running server; its port."""
    command = [*_python("server.py"), str(gate.fileno()), *pair]
    process = subprocess.Popen(command, pass_fds=[gate.fileno()], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        gate.close()  # the server has it: when it ends, the client's end is at its end
        if not line.strip().isdigit():
            raise MeasuringError("the server did not start")
        yield int(line)
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def _certificate(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    """(certificate, key, authority), or nothing when the scenario has no TLS."""
    if not scenario.tls:
        yield ()
        return
    from envoi.testing import CertificateAuthority

    try:
        authority = CertificateAuthority()
    except ImportError as error:
        raise MeasuringError(f"{scenario.name}: {error}") from error
    with authority:
        certificate = authority.issue("localhost", "127.0.0.1")
        yield certificate.certificate_path, certificate.key_path, certificate.ca_path


def _python(name: str) -> list[str]:
    return [sys.executable, "-P", str(HERE / name)]


def _environment(folder: Path) -> dict[str, str]:
    """Nothing from outside: no proxy, authority or netrc, and the same seed of hashes."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(folder / "tree"),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
