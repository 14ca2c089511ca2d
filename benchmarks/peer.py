"""The harness's end of a worker process."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.interpreters import interpreter_for
from benchmarks.processes import start, stop

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.clients import Entry
    from benchmarks.server import Site

_ANSWER_SECONDS = 20.0


class Figure(NamedTuple):
    """The best of the batches: wall and CPU seconds per operation; for memory, bytes and
    nothing.
    """

    wall: float
    cpu: float


class PeerError(Exception):
    """A client failed; the message says how."""


class UnsupportedCaseError(Exception):
    """A client cannot do the case."""


class MissingClientError(PeerError):
    """A client's library cannot be imported."""


class Peer:
    """One client, in a worker process that is started when first needed and replaced when it fails.

    Args:
        entry: The client.
        envoi_python: Interpreter for envoi, if not the benchmark's own.
        cpu: The core that the worker runs on.
    """

    def __init__(self, entry: Entry, envoi_python: str | None, cpu: int | None) -> None:
        self.name = entry.name
        self.imports = entry.imports
        self.python = interpreter_for(entry, envoi_python)
        self.cpu = cpu
        self._process: subprocess.Popen[bytes] | None = None
        self._fresh = False

    def launch(self) -> None:
        """Start the worker, without waiting for it."""
        if self._process is None:
            command = [self.python, "-m", "benchmarks.worker", self.name]
            self._process = start(
                command,
                self.cpu,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._fresh = True

    def open(self, case: Case, site: Site) -> None:
        """Open a session for a case.

        Raises:
            UnsupportedCaseError: The client cannot do it.
            PeerError: The client failed.
        """
        self.launch()
        if self._fresh:
            self._receive()
            self._fresh = False
        self._ask(
            do="open",
            kind=case.kind,
            url=site.page(case.page),
            ca=site.ca,
            at_once=case.at_once,
            size=case.size,
        )

    def run(self, count: int) -> Figure:
        """Run a batch of about ``count`` operations.

        Raises:
            PeerError: The client failed.
        """
        answer = self._ask(do="run", count=count)
        return Figure(float(answer["wall"]), float(answer["cpu"]))

    def close_case(self) -> None:
        """Close the session, or end the worker if it cannot.

        Raises:
            PeerError: The client failed.
        """
        if self._process is not None and not self._fresh:
            self._ask(do="close")

    def stop(self) -> None:
        """End the worker."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def _ask(self, **request: Any) -> dict[str, Any]:
        if self._process is None or self._process.stdin is None:
            message = "the worker ended"
            raise PeerError(message)
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as problem:
            self.stop()
            message = "the worker ended"
            raise PeerError(message) from problem
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        line = self._read_line()
        if line is None:
            self.stop()
            message = f"no answer within {_ANSWER_SECONDS:.0f} s, or the worker died"
            raise PeerError(message)
        return checked(json.loads(line))

    def _read_line(self) -> bytes | None:
        if self._process is None or self._process.stdout is None:
            return None
        descriptor = self._process.stdout.fileno()
        end = time.monotonic() + _ANSWER_SECONDS
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not data.endswith(b"\n"):
                if not selector.select(max(end - time.monotonic(), 0)):
                    return None
                more = os.read(descriptor, 65_536)
                if not more:
                    return None
                data += more
        return data


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a worker's answer, or raise what it reports.

    Raises:
        UnsupportedCaseError: The client cannot do the case.
        MissingClientError: The library cannot be imported.
        PeerError: The client failed.
    """
    if answer.get("unsupported"):
        raise UnsupportedCaseError
    if "error" in answer:
        raise (MissingClientError if answer.get("missing") else PeerError)(answer["error"])
    return answer
