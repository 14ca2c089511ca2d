"""The process whose instructions are counted.

``python client.py NAME URL GATE CA WARM COUNT LAYOUTS SHIFT``, which are the fields of `Task`.
It knows nothing of the other modules, and uses only what is public in Envoi, so that it runs with
the Envoi of any commit. It imports late: what is imported counts for `import envoi`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from selectors import BaseSelector
    from socket import socket

AT_ONCE = 16
FEW_CONNECTIONS = 4
PATIENCE = 60.0
"""Seconds that the client waits at the gate before it fails."""
mark = os.getppid
"""callgrind writes its count, and begins again at 0, when this function of libc is called."""


class Task(NamedTuple):
    """What the command line says."""

    name: str
    url: str
    gate: int
    ca: str
    warm: int
    requests: int
    layouts: int
    shift: int


def main(task: Task) -> None:
    """Do the work of one scenario."""
    shifted = _shifted(task.shift)
    if task.name == "import":
        _import()
    elif task.name == "trio-16":
        _run_trio(task)
    elif task.name in {"asyncio-16", "asyncio-16-tls"}:
        _run_asyncio(task, AT_ONCE)
    elif task.name == "pool-contention":
        _run_asyncio(task, FEW_CONNECTIONS)
    else:
        _run_sync(task)
    del shifted


def _shifted(count: int) -> list[str]:
    """Strings of many sizes, which move what is made after them to other addresses."""
    return ["-" * size + str(number) for size in range(0, 400, 16) for number in range(count)]


def _import() -> None:
    mark()
    import envoi  # noqa: F401 - the import is what is measured

    mark()


def _run_sync(task: Task) -> None:
    import envoi

    with envoi.Session() as session:
        send = _sync_requests(task, envoi, session)

        def requests(count: int) -> None:
            for _ in range(count):
                response = send()
                if response.status_code != 200 or not response.content:
                    raise RuntimeError(response)

        requests(task.warm)
        for _ in _layouts(task):
            requests(task.warm)
            mark()
            requests(task.requests)
            mark()
            requests(task.requests * 3)
            mark()


def _sync_requests(task: Task, envoi: Any, session: Any) -> Callable[[], Any]:
    """The function that sends one request of the scenario."""
    url = task.url + "/small"
    if task.name == "one-shot":
        return lambda: envoi.get(url)
    if task.name == "post-json":
        document = {"name": "Élodie", "tags": ["a", "b", "c"], "count": 3, "price": 1.5, "on": True}
        return lambda: session.post(url, json=document)
    if task.name == "sync-options":
        params, headers = (
            {"page": 2, "query": "a b"},
            {"Accept": "application/json", "X-Trace": "1"},
        )
        return lambda: session.get(url, params=params, headers=headers, timeout=10)
    if task.name == "body-100k":
        os.write(task.gate, b"%d" % os.getpid())  # the server stops this process while it sends
        large = task.url + "/large"
        return lambda: session.get(large)
    return lambda: session.get(url)


def _layouts(task: Task) -> Iterator[int]:
    """Change the places of names in the interpreter's cache, and hand the turn over, several times.

    The cache of attributes that types have has 4,096 places. Two names that happen to have the same
    place cost a request up to 2 % more, and which names do depends on addresses and on how many
    types were made before: on chance. A type that was modified gets other places for its names.
    """
    gc.collect()
    types = [each for each in gc.get_objects() if isinstance(each, type)]
    gc.freeze()
    for number in range(task.layouts):
        for each in types:
            with contextlib.suppress(TypeError):  # it cannot be modified
                type.__setattr__(each, "_moved", number)
                type.__delattr__(each, "_moved")
        yield number


class Gate:
    """The socket by which the server says that all answers of a round are sent."""

    def __init__(self, descriptor: int) -> None:
        import socket

        self._socket: socket.socket = socket.socket(fileno=descriptor)
        self._socket.settimeout(PATIENCE)
        self.closed = False

    def wait(self) -> None:
        """Wait for the answers of one round.

        Raises:
            RuntimeError: The server is gone.
        """
        if not self._socket.recv(1):
            raise RuntimeError("the server closed the gate")


async def _rounds(task: Task, connections: int, gate: Gate, together: Any) -> None:
    """Send with `AT_ONCE` workers; each begins its next request when it has its answer.

    Args:
        task: What to do.
        connections: How many requests the server answers together.
        gate: Opened by the server, and closed here after the warm-up.
        together: Runs a function `AT_ONCE` times concurrently.
    """
    import envoi

    url = f"{task.url}/round/{connections}"
    settings: dict[str, Any] = {"max_connections": connections}
    if task.ca:  # sixteen handshakes under callgrind on a busy machine take more than the default
        settings.update(verify=task.ca, timeout=PATIENCE)
    async with envoi.AsyncSession(**settings) as session:

        async def requests(count: int) -> None:
            async def worker() -> None:
                for _ in range(count // AT_ONCE):
                    response = await session.get(url)
                    if response.status_code != 200 or not response.content:
                        raise RuntimeError(response)

            await together(worker)

        await requests(task.warm)
        for _ in range(task.warm // connections):
            gate.wait()
        gate.closed = True
        for _ in _layouts(task):
            await requests(task.warm)
            mark()
            await requests(task.requests)
            mark()
            await requests(task.requests * 3)
            mark()
        gate.closed = False


def _run_asyncio(task: Task, connections: int) -> None:
    import asyncio

    async def together(worker: Callable[[], Awaitable[None]]) -> None:
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    gate = Gate(task.gate)
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_selector(gate))) as runner:
        runner.run(_rounds(task, connections, gate, together))


def _selector(gate: Gate) -> BaseSelector:
    """A selector that looks for ready sockets only when all answers of the round are there.

    A loop that has other work looks without waiting, and would see as many answers as the server
    happened to have sent. It is told that nothing is ready.
    """
    import selectors

    class GatedSelector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if gate.closed:
                if timeout is not None and timeout <= 0:
                    return []
                gate.wait()
            return super().select(timeout)

    return GatedSelector()


def _run_trio(task: Task) -> None:
    import trio

    class GatedWait(trio.abc.Instrument):
        def before_io_wait(self, timeout: float, /) -> None:
            if gate.closed and timeout > 0:
                gate.wait()

    async def together(worker: Callable[[], Awaitable[None]]) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(worker)

    gate = Gate(task.gate)
    # The order in which trio runs tasks that are ready is random; tests fix it in the same way.
    trio._core._run._r.seed(0)
    trio.run(_rounds, task, AT_ONCE, gate, together, instruments=[GatedWait()])


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Task(given[0], given[1], int(given[2]), given[3], *map(int, given[4:8])))
