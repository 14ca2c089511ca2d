"""Runs cargo-mutants over some files of the protocol's crate."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.mutations import Mutant

ROOT = Path(__file__).resolve().parents[2]

MEASURES_TIME = "time_grows_with_the_bytes_alone"
"""A test that a busy machine fails; what it notices is no wrong answer."""


class NoCargoMutants(Exception):
    """cargo-mutants is not installed."""


def run(files: list[str]) -> tuple[list[Mutant], list[Mutant]]:
    """All mutants of some files that compile, and those that the crate's tests let live.

    Raises:
        NoCargoMutants: `cargo install cargo-mutants --locked` has not been run.
        subprocess.CalledProcessError: the tests fail before anything was changed.
    """
    if shutil.which("cargo-mutants") is None:
        raise NoCargoMutants("cargo-mutants is missing: cargo install cargo-mutants --locked")
    with TemporaryDirectory(prefix="envoi-mutants-") as folder:
        command = [
            "cargo",
            "mutants",
            "--package",
            "envoi-proto",
            "--output",
            folder,
            "--timeout",
            "60",
            "--colors",
            "never",
        ]
        command += [part for file in files for part in ("--file", file)]
        command += ["--", "--", "--skip", MEASURES_TIME]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode not in {0, 2, 3}:  # 2: some were missed, 3: some took too long
            raise subprocess.CalledProcessError(done.returncode, command)
        outcomes = json.loads(Path(folder, "mutants.out", "outcomes.json").read_text("utf-8"))
    every, survivors = [], []
    for outcome in outcomes["outcomes"]:
        if outcome["scenario"] == "Baseline" or outcome["summary"] == "Unviable":
            continue
        mutant = _read(outcome["scenario"]["Mutant"])
        every.append(mutant)
        if outcome["summary"] == "MissedMutant":
            survivors.append(mutant)
    return every, survivors


def _read(found: dict[str, object]) -> Mutant:
    """A mutant as cargo-mutants tells of it: `file:line:column: change in function`."""
    name = str(found["name"])
    change = re.sub(r"^[^:]+:\d+:\d+: ", "", name)
    function = found.get("function")
    within = str(function["function_name"]) if isinstance(function, dict) else ""
    line = int(match[1]) if (match := re.search(r":(\d+):", name)) else 0
    return Mutant(within, f"{Path(str(found['file'])).name}: {change}", line, "")
