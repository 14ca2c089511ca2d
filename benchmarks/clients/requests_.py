# mypy: disable-error-code="import-not-found,import-untyped"
"""requests: a session whose pool keeps as many connections as there are threads."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter

from benchmarks.clients.base import FAILED, Client, Endpoint, SyncDriver
from benchmarks.clients.requests_like import RequestsDriver


class Requests(Client):
    """The interface's origin."""

    def open_sync(self, endpoint: Endpoint) -> SyncDriver:
        """Use a session with an adapter of the needed size."""
        session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=max(endpoint.at_once, 10))
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        session.verify = endpoint.ca
        return RequestsDriver(session)

    def construct(self) -> None:
        """Build a session."""
        requests.Session().close()

    def once(self, url: str) -> int:
        """Use requests.get."""
        response = requests.get(url)
        return len(response.content) if response.status_code == 200 else FAILED


CLIENT = Requests()
