"""One measurement in a new process: ``python -m benchmarks.fresh KIND CLIENT URL CA SIZE``, one
JSON line out.

Few modules are imported here, as they count in the memory that is measured.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.clients import load
from benchmarks.clients.base import Client, Endpoint, UnsupportedError

MEMORY_REQUESTS = 5_000
"""Requests made before the memory is read."""


def main(kind: str, name: str, url: str, ca: str, size: int) -> dict[str, float | bool | str]:
    """Measure, and return the figures or what went wrong."""
    try:
        client = load(name)
        endpoint = Endpoint(url, ca, 1)
        if kind == "once":
            return _once(client, url, size)
        if kind == "memory":
            return _memory(client, endpoint, size)
        return _memory_of_body(client, endpoint, size)
    except UnsupportedError:
        return {"unsupported": True}
    except Exception as problem:
        return {
            "error": f"{type(problem).__name__}: {problem}"[:300],
            "missing": isinstance(problem, ImportError),
        }


def peak_memory() -> int:
    """Return the peak resident bytes of this program; unlike getrusage, without its parent's."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
            1 if sys.platform == "darwin" else 1024
        )


def _once(client: Client, url: str, size: int) -> dict[str, float | bool | str]:
    cpu, wall = time.process_time(), time.perf_counter()
    _check(client.once(url), size)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _memory(client: Client, endpoint: Endpoint, size: int) -> dict[str, float | bool | str]:
    driver = client.open_sync(endpoint)
    get, url = driver.getter(), endpoint.url
    for _ in range(MEMORY_REQUESTS):
        _check(get(url), size)
    return {"wall": peak_memory(), "cpu": 0.0}


def _memory_of_body(client: Client, endpoint: Endpoint, size: int) -> dict[str, float | bool | str]:
    try:
        driver = client.open_sync(endpoint)
        length = driver.stream(endpoint.url)
    except UnsupportedError:
        length = _stream_async(client, endpoint)
    _check(length, size)
    return {"wall": peak_memory(), "cpu": 0.0}


def _stream_async(client: Client, endpoint: Endpoint) -> int:
    import asyncio

    async def work() -> int:
        driver = await client.open_asyncio(endpoint)
        length = await driver.stream(endpoint.url)
        await driver.close()
        return length

    return asyncio.run(work())


def _check(length: int, size: int) -> None:
    if length != size:
        message = f"{length} bytes instead of {size}"
        raise RuntimeError(message)


if __name__ == "__main__":
    _, given_kind, given_name, given_url, given_ca, given_size = sys.argv
    print(json.dumps(main(given_kind, given_name, given_url, given_ca, int(given_size))))
