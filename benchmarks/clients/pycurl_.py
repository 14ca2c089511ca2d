# mypy: disable-error-code="import-not-found,import-untyped"
"""pycurl: a handle for each thread, reused for all its requests."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pycurl

from benchmarks.clients.base import CHUNK_BYTES, FAILED, Client, Endpoint, SyncDriver

if TYPE_CHECKING:
    from collections.abc import Callable


class PycurlDriver(SyncDriver):
    """One easy handle per getter."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._handles: list[Any] = []

    def getter(self) -> Callable[[str], int]:
        """Return a function over a handle of its own."""
        handle = self._handle()
        set_option, perform, write_option, url_option = (
            handle.setopt,
            handle.perform,
            pycurl.WRITEFUNCTION,
            pycurl.URL,
        )
        header_option = pycurl.HEADERFUNCTION
        getinfo, status = handle.getinfo, pycurl.RESPONSE_CODE

        def get(url: str) -> int:
            body = BytesIO()
            headers: list[bytes] = []
            set_option(url_option, url)
            # Every other client keeps the response's headers too.
            set_option(header_option, headers.append)
            set_option(write_option, body.write)
            perform()
            return len(body.getvalue()) if getinfo(status) == 200 else FAILED

        return get

    def stream(self, url: str) -> int:
        """Count what the write callback gets."""
        handle = self._handles[0] if self._handles else self._handle()
        length = 0

        def count(data: bytes) -> None:
            nonlocal length
            length += len(data)

        handle.setopt(pycurl.BUFFERSIZE, CHUNK_BYTES)
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEFUNCTION, count)
        handle.perform()
        return length if handle.getinfo(pycurl.RESPONSE_CODE) == 200 else FAILED

    def close(self) -> None:
        """Close the handles."""
        for each in self._handles:
            each.close()

    def _handle(self) -> Any:
        handle = pycurl.Curl()
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.CAINFO, self._endpoint.ca)
        self._handles.append(handle)
        return handle


class Pycurl(Client):
    """libcurl's easy interface."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use easy handles."""
        return PycurlDriver(endpoint)

    def construct(self) -> None:
        """Build a handle."""
        pycurl.Curl().close()


CLIENT = Pycurl()
