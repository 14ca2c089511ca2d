"""What is measured: one `Case` per row of the result."""

from __future__ import annotations

from typing import NamedTuple

SMALL_BYTES = 75
"""Size of the small JSON body."""

LARGE_BYTES = 100_000_000
"""Size of the large body."""

MEDIUM_BYTES = 1_000_000
"""Size of the body that the large one's memory use is compared with."""

MANY_CONNECTIONS = ("floor", "envoi", "aiohttp", "wreq")
"""Clients measured with thousands of connections: four times 4,096 sockets fit in the usual limit
of open files.
"""

WIDE = (*MANY_CONNECTIONS, "pyreqwest", "primp", "pyqwest", "httpx")
"""Clients measured at 256 requests at once; for the others one batch would take minutes."""


class Case(NamedTuple):
    """One kind of work.

    Attributes:
        name: The name for ``--only``.
        title: The row's heading.
        kind: How a batch is run; `benchmarks.batches` and `benchmarks.fresh` hold one function per
            kind.
        page: Which page of the server is fetched: a key of `benchmarks.server.Site`.
        at_once: Requests in flight at the same time.
        unit: ``us``, ``ms``, ``MB/s`` or ``MB``.
        size: Bytes of the body that every request must get.
        peers: The only clients that take part, or ``None`` for each that can.
        quick: Whether ``--quick`` runs it.
    """

    name: str
    title: str
    kind: str
    page: str = "plain"
    at_once: int = 1
    unit: str = "us"
    size: int = SMALL_BYTES
    peers: tuple[str, ...] | None = None
    quick: bool = False


CASES = (
    Case("sync", "sync GET, keep-alive", "sync", quick=True),
    Case("threads-8", "sync GET, 8 threads, one session", "threads", at_once=8, quick=True),
    Case("asyncio-1", "asyncio GET, 1 at a time", "asyncio", quick=True),
    Case("asyncio-16", "asyncio GET, 16 at once", "asyncio", at_once=16, peers=MANY_CONNECTIONS),
    Case("asyncio-64", "asyncio GET, 64 at once", "asyncio", at_once=64, quick=True),
    Case("asyncio-256", "asyncio GET, 256 at once", "asyncio", at_once=256, peers=WIDE, quick=True),
    Case(
        "asyncio-4096",
        "asyncio GET, 4,096 at once",
        "asyncio",
        at_once=4096,
        peers=MANY_CONNECTIONS,
    ),
    Case(
        "tls-asyncio-64",
        "asyncio GET over TLS, 64 at once",
        "asyncio",
        page="tls",
        at_once=64,
        quick=True,
    ),
    Case("trio-64", "trio GET, 64 at once", "trio", at_once=64),
    Case(
        "tls-connect",
        "new TLS connection per request",
        "either",
        page="tls_close",
        unit="ms",
        quick=True,
    ),
    Case(
        "body",
        "100 MB body, streamed",
        "stream",
        page="large",
        unit="MB/s",
        size=LARGE_BYTES,
        quick=True,
    ),
    Case(
        "tls-body",
        "100 MB body over TLS, streamed",
        "stream",
        page="tls_large",
        unit="MB/s",
        size=LARGE_BYTES,
    ),
    Case("slow-sync", "sync GET, server takes 10 ms", "sync", page="slow", unit="ms"),
    Case(
        "slow-asyncio-64",
        "asyncio GET, 64 at once, server takes 10 ms",
        "asyncio",
        page="slow",
        at_once=64,
    ),
    Case("session", "building a session", "construct"),
    Case("one-shot", "one-shot get() to plain http, fresh process", "once", unit="ms"),
    Case("import", "import, over bare Python", "import", unit="ms", quick=True),
    Case("memory", "peak memory after 5,000 sync GETs", "memory", unit="MB"),
    Case(
        "memory-body-1",
        "peak memory, 1 MB body streamed",
        "memory-body",
        page="medium",
        unit="MB",
        size=MEDIUM_BYTES,
    ),
    Case(
        "memory-body-100",
        "peak memory, 100 MB body streamed",
        "memory-body",
        page="large",
        unit="MB",
        size=LARGE_BYTES,
    ),
)

BY_NAME = {case.name: case for case in CASES}

FRESH_KINDS = frozenset({"once", "import", "memory", "memory-body"})
"""Kinds that need a new process for every measurement."""


def shown(case: Case, value: float) -> str:
    """Write a figure in the case's unit.

    Args:
        case: The case that the figure belongs to.
        value: Seconds per operation, or bytes for memory.
    """
    if case.unit == "MB/s":
        return f"{case.size / value / 1e6:.0f}"
    scaled = value * {"us": 1e6, "ms": 1e3, "MB": 1e-6}[case.unit]
    return (
        f"{scaled:.0f}" if scaled >= 100 else f"{scaled:.1f}" if scaled >= 10 else f"{scaled:.2f}"
    )
