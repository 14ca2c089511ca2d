"""Where each client's Python is: venvs of the benchmark's own, beside the project."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.clients import Entry

VENV = ROOT / ".venv-bench"
"""Holds envoi and the peers."""

NIQUESTS_VENV = ROOT / ".venv-bench-niquests"
"""Holds niquests, whose urllib3 would replace the other peers'."""


def python_of(venv: Path) -> Path:
    """Return the interpreter of a venv."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def interpreter_for(entry: Entry, envoi_python: str | None) -> str:
    """Return the interpreter that a client runs under; this process's own where no venv was
    prepared.

    Args:
        entry: The client.
        envoi_python: Interpreter for envoi, where it is not the benchmark's.
    """
    if entry.name == "envoi" and envoi_python is not None:
        return envoi_python
    own = python_of(NIQUESTS_VENV if entry.own_venv else VENV)
    return str(own) if own.exists() else sys.executable
