# mypy: disable-error-code="import-not-found,import-untyped"
"""httpx."""

from __future__ import annotations

import httpx

from benchmarks.clients.httpx_like import HttpxClient

CLIENT = HttpxClient(httpx)
