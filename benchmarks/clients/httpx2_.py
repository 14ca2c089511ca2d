# mypy: disable-error-code="import-not-found,import-untyped"
"""httpx2."""

from __future__ import annotations

import httpx2

from benchmarks.clients.httpx_like import HttpxClient

CLIENT = HttpxClient(httpx2)
