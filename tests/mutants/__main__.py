"""`python -m tests.mutants [SUBJECT…]`: change the code that matters most, and see the tests fail.

Each target of `targets.toml` is mutated. A mutant that lives must be explained in `survivors.toml`;
one that is not, and an explanation that is not needed, fail the run.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.mutants import python, rust
from tests.mutants.mutations import Mutant

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main(subjects: list[str]) -> int:
    """Run the targets of some subjects, all when none is named, and print what came of them."""
    targets = _read("targets.toml").get("target", [])
    explained = {
        (one["subject"], one["function"], one["change"])
        for one in _read("survivors.toml").get("survivor", [])
    }
    subjects = subjects or list(dict.fromkeys(target["subject"] for target in targets))
    rows, faults = [], []
    for subject in subjects:
        every, alive = _run([target for target in targets if target["subject"] == subject])
        if not every:
            faults.append(f"{subject}: nothing to mutate: has its file moved?")
        keys = {(subject, mutant.function, mutant.change) for mutant in alive}
        faults += [
            f"{subject}: not killed: line {mutant.line}, in {mutant.function or 'the module'}: {mutant.change}"
            for mutant in alive
            if (subject, mutant.function, mutant.change) not in explained
        ]
        faults += [
            f"{subject}: explained, but killed or gone: in {function}: {change}"
            for of, function, change in sorted(explained - keys)
            if of == subject
        ]
        rows.append(
            (subject, len(every), len(every) - len(alive), len(alive), len(keys & explained))
        )
    print(f"\n{'subject':12}{'mutants':>9}{'killed':>9}{'alive':>9}{'explained':>11}")
    for name, *numbers in rows:
        print(f"{name:12}{numbers[0]:>9}{numbers[1]:>9}{numbers[2]:>9}{numbers[3]:>11}")
    print("\n".join(["", *faults]))
    return 1 if faults else 0


def _run(targets: list[dict[str, Any]]) -> tuple[list[Mutant], list[Mutant]]:
    every: list[Mutant] = []
    alive: list[Mutant] = []
    for target in targets:
        files = sorted(
            path.relative_to(ROOT).as_posix()
            for pattern in target["files"]
            for path in ROOT.glob(pattern)
        )
        if files and files[0].endswith(".rs"):
            outcomes = [rust.run(files)]
        else:
            outcomes = [
                python.run(file, target["tests"], target.get("functions", [])) for file in files
            ]
        for all_of_it, survivors in outcomes:
            every += all_of_it
            alive += survivors
    return every, alive


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(HERE.joinpath(name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
