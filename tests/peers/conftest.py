"""Peers that misbehave, and proxies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import trio

from peers.servers.proxy import HttpProxy, Socks5Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator


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


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine on asyncio, and on trio."""
    return (
        asyncio.run if request.param == "asyncio" else lambda coroutine: trio.run(lambda: coroutine)
    )
