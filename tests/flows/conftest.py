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


PLAYED_BOTH_WAYS = ("test_pipeline_", "test_exchange_", "test_cancellation_")


def pytest_generate_tests(metafunc):
    """Play a call's tests both ways: carried directly where no stage has anything to do, and
    through the stages all the same.
    """
    if metafunc.module.__name__.rpartition(".")[2].startswith(PLAYED_BOTH_WAYS):
        metafunc.fixturenames.append("passage")
        metafunc.parametrize("passage", ["direct", "stages"], indirect=True)


@pytest.fixture
def passage(request, monkeypatch):
    """How a call goes that gives no stage anything to do."""
    if request.param == "stages":
        monkeypatch.setattr("envoi._pipeline.send.goes_directly", lambda *_: False)
    return request.param
