"""Starting child processes so that they are pinned to a core and never outlive the run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1
_AMBIENT = ("PROXY", "CA_BUNDLE", "SSL_CERT", "PYTHON", "NETRC")


def client_and_server_cpus() -> tuple[int | None, int | None]:
    """Return a core for the clients and another for the server, or ``None`` twice where pinning is
    impossible.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    available = sorted(os.sched_getaffinity(0))
    return (available[0], available[1]) if len(available) > 1 else (None, None)


def start(
    command: Sequence[str],
    cpu: int | None,
    *,
    stdin: int | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child process in a session of its own, which ends with this process.

    Args:
        command: Program and arguments.
        cpu: The core to run on, or ``None`` for any.
        stdin: As in `subprocess.Popen`.
        stdout: As in `subprocess.Popen`.
        stderr: As in `subprocess.Popen`.
    """
    return subprocess.Popen(
        list(command),
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_child_setup(cpu),
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child process, forcibly if need be, and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def clean_environment() -> dict[str, str]:
    """Return the environment without proxies, CA bundles and Python settings, which would favour
    one client.
    """
    kept = {
        key: value
        for key, value in os.environ.items()
        if not any(word in key.upper() for word in _AMBIENT)
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


def raise_open_files_limit() -> int:
    """Raise the limit of open files as far as allowed, and return it; children inherit it."""
    try:
        import resource
    except ImportError:
        return 512
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _child_setup(cpu: int | None) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)

    def setup() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})

    return setup
