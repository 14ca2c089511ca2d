"""Peers that misbehave, and proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers.servers.proxy import HttpProxy, Socks5Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def http_proxy() -> Iterator[HttpProxy]:
    """A proxy without authentication; `.heads` is what it was shown."""
    with HttpProxy() as proxy:
        yield proxy


@pytest.fixture
def socks5_proxy() -> Iterator[Socks5Proxy]:
    """A SOCKS5 proxy without authentication; `.targets` is whereto it was asked."""
    with Socks5Proxy() as proxy:
        yield proxy
