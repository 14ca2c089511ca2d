# ruff: noqa: ARG002  (the defaults only say what is lacking)
"""What a client module offers to the harness. One module per client; each defines ``CLIENT``.

A getter fetches one page and returns the length of its body, or -1 unless the status is 200: the
harness compares the length, so every request of every client is checked. Bodies are read as bytes.
One session is shared by a whole case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CHUNK_BYTES = 262_144
"""Chunk size asked of every client that lets its user choose one."""

FAILED = -1
"""What a getter returns for a status other than 200."""


class UnsupportedError(Exception):
    """The client cannot do this kind of work."""


class Endpoint:
    """Where a case sends its requests.

    Attributes:
        url: The page.
        ca: File of the CA that signed the server's certificate.
        at_once: Connections that the session must be able to keep.
    """

    __slots__ = ("at_once", "ca", "url")

    def __init__(self, url: str, ca: str, at_once: int) -> None:
        self.url = url
        self.ca = ca
        self.at_once = at_once

    @property
    def secure(self) -> bool:
        """Whether the page is fetched over TLS."""
        return self.url.startswith("https:")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the page."""
        host, _, port = self.url.split("/")[2].partition(":")
        return host, int(port)

    @property
    def path(self) -> str:
        """Path of the page."""
        return "/" + self.url.split("/", 3)[3]


class SyncDriver:
    """A session that blocks."""

    def getter(self) -> Callable[[str], int]:
        """Return the function that fetches a page, for use in the calling thread."""
        raise UnsupportedError

    def stream(self, url: str) -> int:
        """Read a body chunk by chunk, keep none of it, and return its length."""
        raise UnsupportedError

    def close(self) -> None:
        """Close the session."""


class AsyncDriver:
    """A session for an event loop."""

    def get(self, url: str) -> Awaitable[int]:
        """Fetch a page and return the length of its body."""
        raise UnsupportedError

    async def stream(self, url: str) -> int:
        """Read a body chunk by chunk, keep none of it, and return its length."""
        raise UnsupportedError

    async def close(self) -> None:
        """Close the session."""


class Client:
    """A client library, opened in one of three ways. A way that it lacks raises
    `UnsupportedError`.
    """

    threads = True
    """Whether one session may be used by several threads."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Build a blocking session."""
        raise UnsupportedError

    async def open_asyncio(self, endpoint: Endpoint) -> AsyncDriver:
        """Build a session for asyncio."""
        raise UnsupportedError

    async def open_trio(self, endpoint: Endpoint) -> AsyncDriver:
        """Build a session for trio."""
        raise UnsupportedError

    def construct(self) -> None:
        """Build a blocking session with its default settings, and close it."""
        raise UnsupportedError

    def once(self, url: str) -> int:
        """Fetch a page without building a session first, by the library's own one-line function."""
        raise UnsupportedError
