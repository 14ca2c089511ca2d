"""What httpx and httpx2 share: the same interface, over asyncio and trio."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class HttpxDriver(SyncDriver):
    """A blocking client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared client."""
        client_get = self._client.get

        def get(url: str) -> int:
            response = client_get(url)
            return len(response.content) if response.status_code == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Iterate over the raw body, as it is not encoded."""
        with self._client.stream("GET", url) as response:
            length = sum(map(len, response.iter_raw(CHUNK_BYTES)))
            return length if response.status_code == 200 else FAILED

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class AsyncHttpxDriver(AsyncDriver):
    """An async client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._get = client.get

    async def get(self, url: str) -> int:
        """Await the response, body included."""
        response = await self._get(url)
        return len(response.content) if response.status_code == 200 else FAILED

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()


class HttpxClient(Client):
    """A library with httpx's interface.

    Args:
        library: The imported package.
        kept: Most idle connections that the pool keeps, if not as many as it may open.
    """

    def __init__(self, library: Any, kept: int | None = None) -> None:
        self._library = library
        self._kept = kept

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a client with one TLS context and limits to fit."""
        return HttpxDriver(self._library.Client(**self._settings(endpoint)))

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async client."""
        return AsyncHttpxDriver(self._library.AsyncClient(**self._settings(endpoint)))

    async def open_trio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use the same async client; it finds out that trio runs."""
        return await self.open_asyncio(endpoint)

    def construct(self) -> None:
        """Build a client."""
        self._library.Client().close()

    def once(self, url: str) -> int:
        """Use the package's get."""
        response = self._library.get(url)
        return len(response.content) if response.status_code == 200 else FAILED

    def _settings(self, endpoint: Endpoint) -> dict[str, Any]:
        # A pool that is exactly as large as the load is slower, and httpx2's has been seen to hang
        # under threads.
        most = max(100, 4 * endpoint.at_once)
        limits = self._library.Limits(
            max_connections=most, max_keepalive_connections=self._kept or most
        )
        return {"verify": ssl.create_default_context(cafile=endpoint.ca), "limits": limits}
