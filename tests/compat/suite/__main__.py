"""``python -m tests.compat.suite``: requests' own tests on requests and on Envoi, compared."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..cached_environment import PreparationError  # noqa: TID252 - both `tests.compat` and `compat` are its name
from .comparison import compare
from .environment import prepare
from .excuses import ExcusesError, read_excuses
from .network import private_network
from .report import print_comparison, print_run
from .running import Runner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .environment import Environment


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 when Envoi passes what requests passes.

    Args:
        arguments: the command line, without the program's name.
    """
    options = _parser().parse_args(arguments)
    try:
        excuses = read_excuses()
        environment = prepare()
    except (ExcusesError, PreparationError) as error:
        print(error, file=sys.stderr)
        return 2
    network = private_network()
    if not network:
        print(
            "There is no network of our own to be had here (unshare, ip): tests of connect timeouts may fail on requests as well."
        )
    runner = Runner(environment, network)
    if options.show:
        return runner.show(options.only or "envoi", options.show)
    chosen = [*(["-k", options.k] if options.k else []), *options.paths]
    if options.only:
        run = runner.run(options.only, chosen)
        print_run(run, environment)
        return (
            1
            if run.problems or run.count("passed") + run.count("skipped") < len(run.collected)
            else 0
        )
    return _compare(runner, environment, excuses, chosen, again=options.again)


def _compare(
    runner: Runner,
    environment: Environment,
    excuses: dict[str, str],
    chosen: Sequence[str],
    *,
    again: bool,
) -> int:
    # Both at once: they wait most of the time, and share nothing.
    with ThreadPoolExecutor(2) as pool:
        of_requests = pool.submit(runner.run_kept, "requests", again=again)
        of_envoi = pool.submit(runner.run, "envoi", chosen)
        requests, envoi = of_requests.result(), of_envoi.result()
    comparison = compare(requests, envoi, excuses, whole=not chosen)
    print_comparison(comparison, requests, envoi, environment)
    return 0 if comparison.good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.compat.suite",
        description="requests' own tests on requests and on Envoi, compared",
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only the tests that pytest's -k chooses")
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="only these, as pytest names them: tests/test_utils.py",
    )
    parser.add_argument(
        "--only", choices=("envoi", "requests"), help="run on one of the two, and compare nothing"
    )
    parser.add_argument(
        "--show",
        metavar="NODE",
        help="run one test on Envoi, or with --only on requests, and print all that pytest says",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="run requests' side even if there is a record of it; so it is where CI is set",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
