# mypy: disable-error-code="import-not-found,import-untyped"
"""urllib3: a pool manager that keeps as many connections as there are threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import urllib3

from benchmarks.clients.base import CHUNK_BYTES, FAILED, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class Urllib3Driver(SyncDriver):
    """One pool manager."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._pool = urllib3.PoolManager(maxsize=endpoint.at_once, ca_certs=endpoint.ca)

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared pool."""
        request = self._pool.request

        def get(url: str) -> int:
            response = request("GET", url)
            return len(response.data) if response.status == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Stream without preloading."""
        response = self._pool.request("GET", url, preload_content=False)
        length = sum(map(len, response.stream(CHUNK_BYTES)))
        response.release_conn()
        return length if response.status == 200 else FAILED

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()


class Urllib3(Client):
    """What requests stands on."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a pool manager."""
        return Urllib3Driver(endpoint)

    def construct(self) -> None:
        """Build a pool manager."""
        urllib3.PoolManager().clear()

    def once(self, url: str) -> int:
        """Use urllib3.request."""
        response = urllib3.request("GET", url)
        return len(response.data) if response.status == 200 else FAILED


CLIENT = Urllib3()
