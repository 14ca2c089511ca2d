# mypy: disable-error-code="import-not-found,import-untyped"
"""niquests: sessions whose pools keep as many connections as are used at once."""

from __future__ import annotations

import niquests

from benchmarks.clients.base import FAILED, AsyncDriver, Client, Endpoint, SyncDriver
from benchmarks.clients.requests_like import AsyncRequestsDriver, RequestsDriver


class Niquests(Client):
    """requests' successor over urllib3-future."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a session."""
        session = niquests.Session(pool_maxsize=max(endpoint.at_once, 10))
        session.verify = endpoint.ca
        return RequestsDriver(session)

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Use an async session."""
        session = niquests.AsyncSession(pool_maxsize=max(endpoint.at_once, 10))
        session.verify = endpoint.ca
        return AsyncRequestsDriver(session)

    def construct(self) -> None:
        """Build a session."""
        niquests.Session().close()

    def once(self, url: str) -> int:
        """Use niquests.get."""
        response = niquests.get(url)
        return len(response.content or b"") if response.status_code == 200 else FAILED


CLIENT = Niquests()
