# mypy: disable-error-code="import-not-found,import-untyped"
"""wreq: blocking and async clients without emulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import wreq
import wreq.blocking

from benchmarks.clients.base import FAILED, AsyncDriver, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class WreqDriver(SyncDriver):
    """A blocking client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = wreq.blocking.Client(**_settings(endpoint))

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared client."""
        client_get = self._client.get

        def get(url: str) -> int:
            response = client_get(url)
            body = response.bytes()
            return len(body) if response.status.is_success() else FAILED

        return get

    def stream(self, url: str) -> int:
        """Iterate over the chunks, which are views."""
        response = self._client.get(url)
        length = 0
        with response.stream() as chunks:
            for chunk in chunks:
                length += len(chunk)
        return length if response.status.is_success() else FAILED

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class AsyncWreqDriver(AsyncDriver):
    """An async client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client: Any = wreq.Client(**_settings(endpoint))
        self._get = self._client.get

    async def get(self, url: str) -> int:
        """Await the head, then the body."""
        response = await self._get(url)
        body = await response.bytes()
        return len(body) if response.status.is_success() else FAILED


class Wreq(Client):
    """hyper and BoringSSL behind Python."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a blocking client."""
        return WreqDriver(endpoint)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async client."""
        return AsyncWreqDriver(endpoint)

    def construct(self) -> None:
        """Build a blocking client."""
        wreq.blocking.Client().close()

    def once(self, url: str) -> int:
        """Use a blocking client: the package's own get is async."""
        response = wreq.blocking.Client().get(url)
        return len(response.bytes()) if response.status.is_success() else FAILED


def _settings(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "tls_verify": Path(endpoint.ca),
        "http1_only": True,
        "no_proxy": True,
        "pool_max_idle_per_host": endpoint.at_once,
        "pool_max_size": endpoint.at_once,
    }


CLIENT = Wreq()
