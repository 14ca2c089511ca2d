"""Envoi: one session, sync or async."""

from __future__ import annotations

from typing import Any

import envoi
from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, Client, Endpoint, SyncDriver
from benchmarks.clients.requests_like import AsyncRequestsDriver, RequestsDriver


class AsyncEnvoiDriver(AsyncRequestsDriver):
    """An async session, for asyncio and trio."""

    async def stream(self, url: str) -> int:
        """Iterate over the content."""
        response = await self._session.get(url, stream=True)
        length = 0
        async for chunk in response.iter_content(CHUNK_BYTES):
            length += len(chunk)
        return length if response.status_code == 200 else FAILED


class Envoi(Client):
    """The project itself."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a session."""
        return RequestsDriver(envoi.Session(**_settings(endpoint)))

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async session."""
        return AsyncEnvoiDriver(envoi.AsyncSession(**_settings(endpoint)))

    async def open_trio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use the same async session."""
        return AsyncEnvoiDriver(envoi.AsyncSession(**_settings(endpoint)))

    def construct(self) -> None:
        """Build a session."""
        envoi.Session().close()

    def once(self, url: str) -> int:
        """Use envoi.get."""
        response = envoi.get(url)
        return len(response.content) if response.status_code == 200 else FAILED


def _settings(endpoint: Endpoint) -> dict[str, Any]:
    return {"max_connections": max(endpoint.at_once, 10), "verify": endpoint.ca}


CLIENT = Envoi()
