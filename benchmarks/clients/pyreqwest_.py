# mypy: disable-error-code="import-not-found,import-untyped"
"""pyreqwest: clients from its builders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyreqwest.client import ClientBuilder, SyncClientBuilder

from benchmarks.clients.base import FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class PyreqwestDriver(SyncDriver):
    """A blocking client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = _configured(SyncClientBuilder(), endpoint).build()

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared client."""
        client_get = self._client.get

        def get(url: str) -> int:
            response = client_get(url).build().send()
            return len(response.bytes()) if response.status == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Read raw chunks, the fastest of its ways."""
        length = 0
        with self._client.get(url).build_streamed() as response:
            read = response.body_reader.read_chunk
            while (chunk := read()) is not None:
                length += len(chunk)
            return length if response.status == 200 else FAILED

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class AsyncPyreqwestDriver(AsyncDriver):
    """An async client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = _configured(ClientBuilder(), endpoint).build()
        self._get = self._client.get

    async def get(self, url: str) -> int:
        """Build the request, send it, take the body."""
        response = await self._get(url).build().send()
        return len(await response.bytes()) if response.status == 200 else FAILED

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()


class Pyreqwest(Client):
    """reqwest behind Python."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a blocking client."""
        return PyreqwestDriver(endpoint)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async client."""
        return AsyncPyreqwestDriver(endpoint)

    def construct(self) -> None:
        """Build a blocking client."""
        SyncClientBuilder().build().close()

    def once(self, url: str) -> int:
        """Use its simple interface."""
        from pyreqwest.simple.sync_request import pyreqwest_get

        response = pyreqwest_get(url).send()
        return len(response.bytes()) if response.status == 200 else FAILED


def _configured(builder: Any, endpoint: Endpoint) -> Any:
    return (
        builder.add_root_certificate_pem(Path(endpoint.ca).read_bytes())
        .pool_max_idle_per_host(endpoint.at_once)
        .no_proxy()
    )


CLIENT = Pyreqwest()
