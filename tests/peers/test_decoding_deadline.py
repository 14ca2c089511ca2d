"""A body that decodes into very much: the deadline holds, and a loop stays free for others."""

from __future__ import annotations

import asyncio
import gzip

import pytest

import envoi

BOMB = gzip.compress(bytes(1 << 28), 9)


@pytest.fixture
def bomb(server):
    server.add("/bomb", BOMB, headers=[("Content-Encoding", "gzip")])
    return server.url + "/bomb"


def test_total_deadline_holds_while_decoding(bomb):
    with pytest.raises(envoi.TotalTimeout):
        envoi.get(bomb, timeout=envoi.Timeout(total=0.02))


def test_other_tasks_run_while_a_body_is_decoded(bomb):
    async def main():
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        async with envoi.AsyncSession() as session:
            response = await session.get(bomb, stream=True)
            before = turns
            size = 0
            async for piece in response.iter_content():
                size += len(piece)
        counting.cancel()
        return size, turns - before

    size, turns = asyncio.run(main())
    assert size == 1 << 28
    assert turns > 20
