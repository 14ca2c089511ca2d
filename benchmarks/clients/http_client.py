"""http.client of the standard library: a connection for each thread, reconnected when the server
closes it.
"""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING

from benchmarks.clients.base import CHUNK_BYTES, FAILED, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADERS = {"Accept": "*/*", "User-Agent": "http.client"}


class HttpClientDriver(SyncDriver):
    """One connection per getter."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._context = ssl.create_default_context(cafile=endpoint.ca) if endpoint.secure else None
        self._open: list[http.client.HTTPConnection] = []

    def getter(self) -> Callable[[str], int]:
        """Return a function over a connection of its own."""
        connection, path = self._connect(), self._endpoint.path

        def get(_: str) -> int:
            connection.request("GET", path, headers=_HEADERS)
            response = connection.getresponse()
            body = response.read()
            return len(body) if response.status == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Read into one buffer."""
        connection = self._open[0] if self._open else self._connect()
        connection.request("GET", url, headers=_HEADERS)
        response = connection.getresponse()
        buffer = bytearray(CHUNK_BYTES)
        length = 0
        while received := response.readinto(buffer):
            length += received
        return length if response.status == 200 else FAILED

    def close(self) -> None:
        """Close the connections."""
        for each in self._open:
            each.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._endpoint.address
        connection = (
            http.client.HTTPSConnection(host, port, context=self._context)
            if self._context is not None
            else http.client.HTTPConnection(host, port)
        )
        self._open.append(connection)
        return connection


class HttpClient(Client):
    """The standard library."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use http.client's connections."""
        return HttpClientDriver(endpoint)

    def construct(self) -> None:
        """Build a connection object, which does not connect."""
        http.client.HTTPConnection("127.0.0.1", 80).close()

    def once(self, url: str) -> int:
        """Use urllib.request, its one-line function."""
        import urllib.request

        with urllib.request.urlopen(url) as response:
            return len(response.read()) if response.status == 200 else FAILED


CLIENT = HttpClient()
