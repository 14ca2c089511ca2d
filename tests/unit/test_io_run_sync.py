"""A flow is run to its end without a loop, or refused."""

from __future__ import annotations

import asyncio

import pytest

from envoi._io.run_sync import run_sync


def test_result_and_exceptions_come_out():
    async def give(value):
        return value

    async def fail():
        raise LookupError

    assert run_sync(give(3)) == 3
    with pytest.raises(LookupError):
        run_sync(fail())


def test_flow_that_suspends_is_closed_and_named():
    closed = []

    async def waits_for_a_loop():
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="waits_for_a_loop suspended"):
        run_sync(waits_for_a_loop())
    assert closed
