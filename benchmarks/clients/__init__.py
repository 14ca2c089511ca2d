"""The clients that are measured, each in a module of its own."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from benchmarks.clients.base import Client


class Entry(NamedTuple):
    """How a client is found.

    Attributes:
        name: The name for ``--peers`` and the tables.
        module: The module under `benchmarks.clients`.
        imports: The statement whose time counts as the client's import time.
        own_venv: Whether it lives apart from the other peers.
    """

    name: str
    module: str
    imports: str
    own_venv: bool = False


ENTRIES = (
    Entry("floor", "floor", "pass"),
    Entry("envoi", "envoi_", "import envoi"),
    Entry("pycurl", "pycurl_", "import pycurl"),
    Entry("wreq", "wreq_", "import wreq"),
    Entry("pyreqwest", "pyreqwest_", "import pyreqwest.client"),
    Entry("primp", "primp_", "import primp"),
    Entry("pyqwest", "pyqwest_", "import pyqwest"),
    Entry("geventhttpclient", "gevent_", "import geventhttpclient"),
    Entry("http.client", "http_client", "import http.client"),
    Entry("curl_cffi", "curl_cffi_", "import curl_cffi"),
    Entry("urllib3", "urllib3_", "import urllib3"),
    Entry("aiohttp", "aiohttp_", "import aiohttp"),
    Entry("httpx2", "httpx2_", "import httpx2"),
    Entry("httpx", "httpx_", "import httpx"),
    Entry("niquests", "niquests_", "import niquests", own_venv=True),
    Entry("requests", "requests_", "import requests"),
)

BY_NAME = {entry.name: entry for entry in ENTRIES}


def load(name: str) -> Client:
    """Import a client's module, and with it the library.

    Args:
        name: The client's name.

    Raises:
        ImportError: The library is not installed.
    """
    client: Client = importlib.import_module(f"benchmarks.clients.{BY_NAME[name].module}").CLIENT
    return client
