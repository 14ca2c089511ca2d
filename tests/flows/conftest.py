"""What the flows' tests need before the first of them."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture(scope="session", autouse=True)
def warm_uvloop():
    """Run a uvloop once, where there is one: the process's first keeps descriptors for good, which is nobody's leak."""
    try:
        import uvloop
    except ImportError:
        return
    uvloop.run(asyncio.sleep(0))
