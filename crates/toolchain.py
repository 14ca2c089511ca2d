"""A Rust toolchain where there is none, or one too old: make calls ``python crates/toolchain.py``.

Root on Debian gets Debian's packages. Elsewhere rustup installs one into `.rust/` of the checkout,
whose `bin` make puts first in PATH; nothing outside the checkout is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("cargo-web", "rustc-web")  # Debian's for web browsers, newer than its `cargo`
BY_HAND = "Install Rust {0[0]}.{0[1]} or later by hand (rustup.rs tells how), and call make again."


def main(checkout: Path = CHECKOUT) -> int:
    """See that there is a cargo that is new enough. Returns the exit status."""
    manifest = tomllib.loads((checkout / "Cargo.toml").read_text(encoding="utf-8"))
    wanted = version(manifest["workspace"]["package"]["rust-version"])
    here = checkout / ".rust" / "bin"
    path = f"{here}{os.pathsep}{os.environ.get('PATH', '')}"
    there = shutil.which("cargo", path=path)
    if there and version(output(there, "--version")) >= wanted:
        return 0
    found = f"cargo is older than {wanted[0]}.{wanted[1]}" if there else "There is no cargo"
    try:
        if not there and debian_has(wanted):
            print(f"{found}: installing Debian's {' and '.join(PACKAGES)}.", flush=True)
            quietly = ("-y", "-qq", "-o=Dpkg::Use-Pty=0", "--no-install-recommends")
            run("apt-get", "install", *quietly, *PACKAGES)
        else:
            print(f"{found}: rustup installs one into {here.parent}.", flush=True)
            install_here(here)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"That failed: {error}\n{BY_HAND.format(wanted)}", file=sys.stderr)
        return 1
    return 0


def debian_has(wanted: tuple[int, int]) -> bool:
    """Whether this is root on a system with apt, whose packages are new enough."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    run("apt-get", "update", "-qq")
    policy = output("apt-cache", "policy", *PACKAGES)
    candidates = re.findall(r"Candidate: (\S+)", policy)
    return len(candidates) == len(PACKAGES) and all(version(one) >= wanted for one in candidates)


def install_here(binaries: Path) -> None:
    """Have rustup install beside `binaries`, which becomes a link to the toolchain's folder."""
    place = binaries.parent
    run(sys.executable, "-m", "pip", "install", "--quiet", "puccinialin>=0.1.14")
    run(sys.executable, "-m", "puccinialin", "--location", str(place))
    installed = sorted((place / "rustup" / "toolchains").glob("*/bin/cargo"))
    if not installed:
        message = f"rustup left no toolchain in {place}"
        raise OSError(message)
    binaries.unlink(missing_ok=True)
    binaries.symlink_to(installed[-1].parent)


def version(text: str) -> tuple[int, int]:
    """The first two numbers of a version, (0, 0) where there is none."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def output(*command: str) -> str:
    """What a command prints, nothing where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def run(*command: str) -> None:
    """Run a command, which has to succeed; what it prints is for those who look for its failure."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
