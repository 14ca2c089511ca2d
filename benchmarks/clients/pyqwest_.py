# mypy: disable-error-code="import-not-found,import-untyped"
"""pyqwest: transports of the needed size, without telemetry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyqwest

from benchmarks.clients.base import FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class PyqwestDriver(SyncDriver):
    """A blocking client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._transport: Any = pyqwest.SyncHTTPTransport(**_settings(endpoint))
        self._client: Any = pyqwest.SyncClient(self._transport)

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared client."""
        client_get = self._client.get

        def get(url: str) -> int:
            response = client_get(url)
            return len(response.content) if response.status == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Iterate over the content."""
        with self._client.stream("GET", url) as response:
            length = sum(map(len, response.content))
            return length if response.status == 200 else FAILED

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()


class AsyncPyqwestDriver(AsyncDriver):
    """An async client, for asyncio and trio."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._transport: Any = pyqwest.HTTPTransport(**_settings(endpoint))
        self._get = pyqwest.Client(self._transport).get

    async def get(self, url: str) -> int:
        """Await the response, body included."""
        response = await self._get(url)
        return len(response.content) if response.status == 200 else FAILED

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class Pyqwest(Client):
    """reqwest behind Python."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a blocking client."""
        return PyqwestDriver(endpoint)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async client."""
        return AsyncPyqwestDriver(endpoint)

    async def open_trio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use the same async client."""
        return AsyncPyqwestDriver(endpoint)

    def construct(self) -> None:
        """Build a transport and a client."""
        transport = pyqwest.SyncHTTPTransport()
        pyqwest.SyncClient(transport)
        transport.close()

    def once(self, url: str) -> int:
        """Use a client over the default transport."""
        response = pyqwest.SyncClient().get(url)
        return len(response.content) if response.status == 200 else FAILED


def _settings(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "tls_ca_cert": Path(endpoint.ca).read_bytes(),
        "pool_max_idle_per_host": endpoint.at_once,
        "http_version": pyqwest.HTTPVersion.HTTP1,
        "enable_otel": False,
    }


CLIENT = Pyqwest()
