# mypy: disable-error-code="import-not-found,import-untyped"
"""geventhttpclient: a client for one host; its sockets are gevent's, so threads cannot share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geventhttpclient
from geventhttpclient import HTTPClient

from benchmarks.clients.base import CHUNK_BYTES, FAILED, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


_BLOCK_BYTES = 65_536


class GeventDriver(SyncDriver):
    """One client for the host."""

    def __init__(self, endpoint: Endpoint) -> None:
        options = {"ca_certs": endpoint.ca} if endpoint.secure else None
        self._client = HTTPClient.from_url(
            endpoint.url, concurrency=endpoint.at_once, ssl_options=options, block_size=_BLOCK_BYTES
        )
        self._path = endpoint.path

    def getter(self) -> Callable[[str], int]:
        """Return a function over the client."""
        client_get, path = self._client.get, self._path

        def get(_: str) -> int:
            response = client_get(path)
            return len(response.read()) if response.status_code == 200 else FAILED

        return get

    def stream(self, _: str) -> int:
        """Read chunk by chunk."""
        response = self._client.get(self._path)
        length = 0
        while chunk := response.read(CHUNK_BYTES):
            length += len(chunk)
        response.release()
        return length if response.status_code == 200 else FAILED

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Gevent(Client):
    """llhttp over gevent."""

    threads = False

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a client."""
        return GeventDriver(endpoint)

    def construct(self) -> None:
        """Build a client."""
        HTTPClient("127.0.0.1", 80).close()

    def once(self, url: str) -> int:
        """Use geventhttpclient.get."""
        response = geventhttpclient.get(url)
        return len(response.content) if response.status_code == 200 else FAILED


CLIENT = Gevent()
