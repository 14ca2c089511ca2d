"""Runs a program with Envoi in the place of requests."""

from __future__ import annotations

import sys
from typing import Final

from envoi._requests.install import install_as_requests

_USAGE: Final = "usage: python -m envoi.as_requests (script.py | -m module | -c code) [argument …]"


def main(arguments: list[str] | None = None) -> None:
    """Run a program as `python` would, after `install_as_requests`.

    Args:
        arguments: what follows `python -m envoi.as_requests`; the command line's when left out.
    """
    import os
    import runpy

    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given or given[0] in {"-h", "--help"} or (given[0] in {"-m", "-c"} and len(given) == 1):
        asked = given[:1] in (["-h"], ["--help"])
        (sys.stdout if asked else sys.stderr).write(_USAGE + "\n")
        raise SystemExit(0 if asked else 2)
    install_as_requests()
    first, *rest = given
    if first == "-m":
        name, *rest = rest
        sys.argv = [name, *rest]
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    elif first == "-c":
        code, *rest = rest
        sys.argv = ["-c", *rest]
        sys.path.insert(0, "")
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - what was asked for
    elif not os.path.exists(first):  # noqa: PTH110
        sys.stderr.write(f"envoi.as_requests: there is no file {first!r}\n{_USAGE}\n")
        raise SystemExit(2)
    else:
        sys.argv = [first, *rest]
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))  # noqa: PTH100, PTH120
        runpy.run_path(first, run_name="__main__")
