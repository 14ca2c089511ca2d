# mypy: disable-error-code="import-not-found,import-untyped"
"""primp: clients without impersonation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import primp

from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class PrimpDriver(SyncDriver):
    """A blocking client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = primp.Client(**_settings(endpoint))

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared client."""
        client_get = self._client.get

        def get(url: str) -> int:
            response = client_get(url)
            return len(response.content) if response.status_code == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Iterate over the bytes."""
        with self._client.get(url, stream=True) as response:
            length = sum(map(len, response.iter_bytes(CHUNK_BYTES)))
            return length if response.status_code == 200 else FAILED


class AsyncPrimpDriver(AsyncDriver):
    """An async client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client: Any = primp.AsyncClient(**_settings(endpoint))
        self._get = self._client.get

    async def get(self, url: str) -> int:
        """Await the response, body included."""
        response = await self._get(url)
        return len(response.content) if response.status_code == 200 else FAILED


class Primp(Client):
    """reqwest with impersonation, behind Python."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a blocking client."""
        return PrimpDriver(endpoint)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async client."""
        return AsyncPrimpDriver(endpoint)

    def construct(self) -> None:
        """Build a blocking client."""
        primp.Client()

    def once(self, url: str) -> int:
        """Use primp.get."""
        response = primp.get(url)
        return len(response.content) if response.status_code == 200 else FAILED


def _settings(endpoint: Endpoint) -> dict[str, Any]:
    return {"ca_cert_file": endpoint.ca} if endpoint.secure else {}


CLIENT = Primp()
