# mypy: disable-error-code="import-not-found,import-untyped"
"""curl_cffi: sessions without impersonation."""

from __future__ import annotations

import curl_cffi

from benchmarks.clients.base import FAILED, AsyncDriver, Client, Endpoint, SyncDriver
from benchmarks.clients.requests_like import AsyncRequestsDriver, RequestsDriver


class CurlCffi(Client):
    """libcurl with requests' interface."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a session."""
        return RequestsDriver(curl_cffi.Session(verify=endpoint.ca))

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async session with a handle for each request in flight."""
        return AsyncRequestsDriver(
            curl_cffi.AsyncSession(verify=endpoint.ca, max_clients=endpoint.at_once)
        )

    def construct(self) -> None:
        """Build a session."""
        curl_cffi.Session().close()

    def once(self, url: str) -> int:
        """Use curl_cffi.get."""
        response = curl_cffi.get(url)
        return len(response.content) if response.status_code == 200 else FAILED


CLIENT = CurlCffi()
