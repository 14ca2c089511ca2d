# mypy: disable-error-code="import-not-found,import-untyped"
"""aiohttp: a session with a connector of the needed size."""

from __future__ import annotations

import ssl

import aiohttp

from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, Client, Endpoint


class AiohttpDriver(AsyncDriver):
    """One client session."""

    def __init__(self, endpoint: Endpoint) -> None:
        context = ssl.create_default_context(cafile=endpoint.ca)
        connector = aiohttp.TCPConnector(limit=endpoint.at_once, ssl=context, keepalive_timeout=600)
        self._session = aiohttp.ClientSession(connector=connector)

    async def get(self, url: str) -> int:
        """Read the body within the response's context."""
        async with self._session.get(url) as response:
            body = await response.read()
            return len(body) if response.status == 200 else FAILED

    async def stream(self, url: str) -> int:
        """Iterate over the content."""
        async with self._session.get(url, read_bufsize=CHUNK_BYTES) as response:
            length = 0
            async for chunk in response.content.iter_any():
                length += len(chunk)
            return length if response.status == 200 else FAILED

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()


class Aiohttp(Client):
    """asyncio only."""

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use a client session."""
        return AiohttpDriver(endpoint)


CLIENT = Aiohttp()
