"""valgrind's callgrind: its command line, and the counts in the files that it writes."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = {"valgrind": "valgrind", "setarch": "util-linux"}
"""Programs, and Debian's packages of them."""
MARK = "getppid"
"""callgrind writes a file each time this function is called."""
_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def missing() -> list[str]:
    """Debian's packages of the programs that are not installed."""
    return [package for program, package in TOOLS.items() if shutil.which(program) is None]


def command(folder: Path) -> list[str]:
    """What stands before the command that is to be counted.

    Args:
        folder: Where the files of counts are written.
    """
    options = [f"--dump-before={MARK}", f"--callgrind-out-file={folder}/counts"]
    fixed = ["setarch", "-R"] if addresses_can_be_fixed() else []
    return [*fixed, "valgrind", "--quiet", "--vgdb=no", "--tool=callgrind", *options]


@functools.cache
def addresses_can_be_fixed() -> bool:
    """Whether address randomisation can be turned off; some containers forbid it."""
    return (
        subprocess.run(["setarch", "-R", "true"], capture_output=True, check=False).returncode == 0
    )


def counts(folder: Path) -> list[int]:
    """The instructions between two marks, and before the first, in their order.

    The file without a number has what came after the last mark, which no one asks for.

    Raises:
        ValueError: A file has no count.
    """
    files = {int(path.suffix[1:]): path for path in folder.glob("counts.*")}
    return [total(files[number].read_text()) for number in sorted(files)]


def total(text: str) -> int:
    """The number of instructions that one of callgrind's files tells."""
    found = _TOTAL.search(text)
    if found is None:
        raise ValueError("a file of callgrind has no total")
    return int(found[1])


def slope(first: int, second: int, count: int) -> float:
    """Instructions per request.

    Args:
        first: Instructions of `count` requests.
        second: Instructions of three times as many.
        count: Requests of the first part.
    """
    return (second - first) / (2 * count)
