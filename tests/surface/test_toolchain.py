"""Where make gets a Rust toolchain from. Which commands are called is looked at; apt-get and rustup themselves are not called."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "crates" / "toolchain.py"
Machine = Callable[..., "list[tuple[str, ...]]"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make is called elsewhere")


@pytest.fixture
def toolchain() -> ModuleType:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("toolchain", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def machine(toolchain: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """`machine(cargo=…, debian=…, root=…)` is one that has these; what is given is the list of commands that are run on it."""

    def make(cargo: str = "", debian: str = "", *, root: bool = True) -> list[tuple[str, ...]]:
        called: list[tuple[str, ...]] = []
        folder = tmp_path / "path"
        folder.mkdir()
        if cargo:
            executable(folder / "cargo", f"echo 'cargo {cargo} (abc 2026-01-01)'")
        if debian:
            executable(folder / "apt-get", "exit 1")
            executable(folder / "apt-cache", f"echo '  Candidate: {debian}'\n" * 2)
        (tmp_path / "Cargo.toml").write_text('[workspace.package]\nrust-version = "1.88"\n')
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)

        def run(*command: str) -> None:
            called.append(command)
            if "puccinialin" in command:
                place = tmp_path / ".rust" / "rustup" / "toolchains" / "stable-here" / "bin"
                place.mkdir(parents=True)
                executable(place / "cargo", "echo cargo 1.99.0")

        monkeypatch.setattr(toolchain, "run", run)
        return called

    return make


def executable(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def names(called: list[tuple[str, ...]]) -> list[str]:
    return ["puccinialin" if "puccinialin" in command else command[0] for command in called]


@pytest.mark.parametrize("cargo", ["1.88.0", "1.100.1", "2.0.0"])
def test_cargo_that_is_new_enough_is_left_alone(toolchain, machine, tmp_path, capsys, cargo):
    called = machine(cargo=cargo, debian="1.96.0")
    assert toolchain.main(tmp_path) == 0
    assert called == []
    assert capsys.readouterr().out == ""


def test_root_on_debian_gets_its_packages(toolchain, machine, tmp_path, capsys):
    called = machine(debian="1.96.0+dfsg1-1~deb12u2")
    assert toolchain.main(tmp_path) == 0
    assert [command[:2] for command in called] == [("apt-get", "update"), ("apt-get", "install")]
    assert called[1][-2:] == ("cargo-web", "rustc-web")
    said = capsys.readouterr().out
    assert said == "There is no cargo: installing Debian's cargo-web and rustc-web.\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"debian": "1.63.0"}, "There is no cargo"),
        ({"debian": "1.96.0", "root": False}, "There is no cargo"),
        ({"debian": "(none)"}, "There is no cargo"),
        ({}, "There is no cargo"),
        ({"cargo": "1.66.0", "debian": "1.96.0"}, "cargo is older than 1.88"),
    ],
    ids=["debian-too-old", "not-root", "not-in-debian", "no-debian", "cargo-too-old"],
)
def test_elsewhere_rustup_installs_into_the_checkout(
    toolchain, machine, tmp_path, capsys, options, said
):
    called = machine(**options)
    assert toolchain.main(tmp_path) == 0
    assert names(called)[-1] == "puccinialin"
    assert called[-1][-2:] == ("--location", str(tmp_path / ".rust"))
    assert ("apt-get", "install") not in {command[:2] for command in called}
    assert capsys.readouterr().out.startswith(f"{said}: rustup installs one into {tmp_path}")
    found = shutil.which("cargo", path=str(tmp_path / ".rust" / "bin"))
    assert subprocess.check_output([str(found)], text=True) == "cargo 1.99.0\n"

    # The next time it is there.
    called.clear()
    assert toolchain.main(tmp_path) == 0
    assert called == []


def test_a_failure_says_what_to_do(toolchain, machine, tmp_path, capsys, monkeypatch):
    machine()

    def fail(*command: str) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(toolchain, "run", fail)
    assert toolchain.main(tmp_path) == 1
    assert "Install Rust 1.88 or later by hand (rustup.rs" in capsys.readouterr().err
