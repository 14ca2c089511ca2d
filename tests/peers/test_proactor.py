"""Whole requests on an asyncio loop that cannot watch sockets, as Windows' own cannot."""

from __future__ import annotations

import asyncio

import pytest

import envoi
from envoi._io import asyncio_proactor


class Loop(asyncio.SelectorEventLoop):
    """It refuses what a proactor loop refuses; its `sock_recv` and `sock_sendall` work."""

    def add_reader(self, *arguments):
        raise NotImplementedError

    add_writer = add_reader


@pytest.fixture(params=["plain", "tls"])
def to(request, server, tls_server):
    return server if request.param == "plain" else tls_server


@pytest.fixture(autouse=True)
def made(monkeypatch) -> list[object]:
    """The proactor's streams that were made."""
    streams: list[object] = []
    real = asyncio_proactor.ProactorStream.__init__

    def init(self, *arguments, **options):
        streams.append(self)
        real(self, *arguments, **options)

    monkeypatch.setattr(asyncio_proactor.ProactorStream, "__init__", init)
    return streams


def run(to, use):
    """What `use(session, url)` gives, on such a loop."""

    async def main():
        verify = to.ca_path if to.url.startswith("https") else True
        async with envoi.AsyncSession(timeout=10, verify=verify) as session:
            return await use(session, to.url)

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main())


def test_requests_share_a_connection_and_follow_redirects(to, made):
    async def use(session, url):
        for _ in range(3):
            assert (await session.get(url + "/get")).status_code == 200
        answer = await session.get(url + "/redirect/2")
        return answer.json()["url"], answer.connection_info.reused

    assert run(to, use) == (to.url + "/get", True)
    assert len(made) == 1


def test_large_bodies_go_both_ways(to, made):
    to.route("/length", ["POST"])(lambda request: str(len(request.body)))
    body = bytes(range(256)) * 4096 * 4

    async def pieces():
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    async def use(session, url):
        whole = await session.post(url + "/length", data=body)
        streamed = await session.post(url + "/length", data=pieces())
        answer = await session.get(url + "/bytes/300000", stream=True)
        received = sum([len(piece) async for piece in answer.iter_content(1000)])
        return whole.text, streamed.text, received

    assert run(to, use) == (str(len(body)), str(len(body)), 300000)
    assert made


def test_requests_wait_together_and_end_by_time_out_or_cancellation(to, made):
    async def use(session, url):
        answers = await asyncio.gather(*(session.get(url + "/delay/0.1") for _ in range(5)))
        with pytest.raises(envoi.ReadTimeout):
            await session.get(url + "/delay/30", timeout=0.2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.get(url + "/delay/30"), 0.2)
        last = await session.get(url + "/get")
        return [answer.status_code for answer in [*answers, last]]

    assert run(to, use) == [200] * 6
    assert len(made) >= 5
