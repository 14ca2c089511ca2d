# mypy: disable-error-code="import-not-found,import-untyped"
"""httpx, with the pool's default of 20 idle connections: looking through more of them costs more
than connecting anew.
"""

from __future__ import annotations

import httpx

from benchmarks.clients.httpx_like import HttpxClient

CLIENT = HttpxClient(httpx, kept=20)
