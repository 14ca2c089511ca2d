"""What requests, niquests and curl_cffi share: sessions with requests' interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.clients.base import CHUNK_BYTES, FAILED, AsyncDriver, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class RequestsDriver(SyncDriver):
    """A session with requests' methods."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def getter(self) -> Callable[[str], int]:
        """Return a function over the shared session."""
        session_get = self._session.get

        def get(url: str) -> int:
            response = session_get(url)
            return len(response.content) if response.status_code == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Iterate over the content."""
        response = self._session.get(url, stream=True)
        length = sum(map(len, response.iter_content(CHUNK_BYTES)))
        response.close()
        return length if response.status_code == 200 else FAILED

    def close(self) -> None:
        """Close the session."""
        self._session.close()


class AsyncRequestsDriver(AsyncDriver):
    """An async session with requests' methods."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._get = session.get

    async def get(self, url: str) -> int:
        """Await the response, body included."""
        response = await self._get(url)
        return len(response.content) if response.status_code == 200 else FAILED

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()
