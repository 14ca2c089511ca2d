"""Envoi under httpx2; see `envoi.integrations.httpx`.

Examples:
    >>> import httpx2
    >>> from envoi.integrations.httpx2 import EnvoiTransport
    >>> with testing.Server() as server, httpx2.Client(transport=EnvoiTransport()) as client:
    ...     client.get(server.url + "/get").status_code
    200
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from envoi.integrations import httpx as _for_httpx

__all__ = ["AsyncEnvoiTransport", "EnvoiTransport"]

if TYPE_CHECKING:

    class EnvoiTransport(_for_httpx._SyncTransport, httpx2.BaseTransport):
        """Envoi's engine for `httpx2.Client(transport=…)`. Safe to use from many threads."""

    class AsyncEnvoiTransport(_for_httpx._AsyncTransport, httpx2.AsyncBaseTransport):
        """Envoi's engine for `httpx2.AsyncClient(transport=…)`, on asyncio or trio."""
else:
    EnvoiTransport, AsyncEnvoiTransport = _for_httpx.transport_classes(httpx2)
