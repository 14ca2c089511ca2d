"""A client in a process of its own, which runs batches on request: ``python -m benchmarks.worker
CLIENT``.

Requests and answers are JSON, one a line: ``open`` a case, ``run`` a batch of it, ``close`` it. The
process ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.batches import Batch, open_batch
from benchmarks.clients import load
from benchmarks.clients.base import Endpoint, UnsupportedError

if TYPE_CHECKING:
    from benchmarks.clients.base import Client


def main(name: str) -> None:
    """Answer requests until the standard input ends."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        try:
            client = load(name)
        except Exception as problem:
            print(
                json.dumps(_failure(problem, missing=isinstance(problem, ImportError))),
                file=answers,
                flush=True,
            )
            return
        print(json.dumps({"ready": True}), file=answers, flush=True)
        batch: Batch | None = None
        for line in sys.stdin:
            request = json.loads(line)
            try:
                batch, answer = _answer(client, batch, request)
            except UnsupportedError:
                answer = {"unsupported": True}
            except Exception as problem:
                answer = _failure(problem)
            print(json.dumps(answer), file=answers, flush=True)


def _answer(
    client: Client, batch: Batch | None, request: dict[str, Any]
) -> tuple[Batch | None, dict[str, Any]]:
    if request["do"] == "run" and batch is not None:
        wall, cpu = batch.run(request["count"])
        return batch, {"wall": wall, "cpu": cpu}
    if batch is not None:
        with contextlib.suppress(Exception):
            batch.close()
    if request["do"] == "close":
        return None, {"ready": True}
    endpoint = Endpoint(request["url"], request["ca"], request["at_once"])
    return open_batch(request["kind"], client, endpoint, request["size"]), {"ready": True}


def _failure(problem: BaseException, *, missing: bool = False) -> dict[str, Any]:
    return {"error": f"{type(problem).__name__}: {problem}"[:300], "missing": missing}


if __name__ == "__main__":
    main(sys.argv[1])
