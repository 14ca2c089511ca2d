"""Cancellation at every wait of every kind of request: no slot, no stream, no waiter is ever lost."""

from __future__ import annotations

import gc

import pytest

from flows.fake_backend import (
    CANCELLED,
    End,
    FakeBackend,
    Receive,
    Send,
    Stall,
    cancelled_at_each_wait,
    pieces,
    run,
)
from flows.support import Client, answer, chunked, redirect, server, together

OK = answer(b"ok")
HEAD = answer(b"x" * 40)[:-40]


@pytest.fixture(params=["asyncio", "trio", "blocking"])
def runner(request):
    return request.param


async def fresh(client):
    await client.get()


async def fresh_tls(client):
    await client.get("https://a.test/")


async def reused(client):
    await client.get()
    await client.get()


async def stale(client):
    await client.get()
    await client.get()
    assert len(client.streams) == 2


async def streamed(client):
    response = await client.get(stream=True)
    while await response.body.receive():
        pass


async def closed_early(client):
    response = await client.get(stream=True)
    await response.body.receive()
    await response.close()


async def uploaded(client):
    await client.post(data=iter([b"ab", b"cd", b"ef"]))


async def uploaded_large(client):
    await client.post(data=b"x" * 600000)


async def uploaded_file(client):
    import io

    await client.post(data=io.BytesIO(b"x" * 600000))


async def uploaded_streaming(client):
    response = await client.post(data=iter([b"ab", b"cd", b"ef"]), stream=True)
    while await response.body.receive():
        pass


async def expecting_twice(client):
    import io

    await client.post(data=io.BytesIO(b"x" * 600000), headers={"Expect": "100-continue"})


async def expecting(client):
    await client.post(data=iter([b"ab"]), headers={"Expect": "100-continue"})


async def redirected(client):
    await client.get()


async def redirected_across(client):
    await client.get()


async def trailing(client):
    assert (await client.get()).content == b"hello"


CASES = {
    "fresh": (fresh, [server(OK)]),
    "fresh over TLS": (fresh_tls, [server(OK)]),
    "fresh in pieces": (fresh, [server(pieces(OK, 5))]),
    "reused": (reused, [server(OK, OK)]),
    "stale": (stale, [server([Receive(OK), End()]), server(OK)]),
    "sent again": (stale, [server(OK, [End()]), server(OK)]),
    "streamed": (streamed, [server([Receive(HEAD), *pieces(b"x" * 40, 9)])]),
    "streamed in chunks": (streamed, [server(pieces(chunked(b"hel", b"lo"), 9))]),
    "streamed to the end": (
        streamed,
        [server([*pieces(answer(b"hello", length=False), 20), End()])],
    ),
    "closed early": (closed_early, [server([Receive(HEAD), Receive(b"x"), Stall()])]),
    "uploaded": (uploaded, [[*[Send(None)] * 5, Receive(OK)]]),
    "uploaded, large": (uploaded_large, [[*[Send(None)] * 4, Receive(OK)]]),
    "uploaded, from a file": (uploaded_file, [[*[Send(None)] * 4, Receive(OK)]]),
    "uploaded, answered early": (
        uploaded,
        [[*[Send(None)] * 2, *pieces(answer(b"no", 413), 9), End()]],
    ),
    "both ways": (
        uploaded,
        [[*[Send(None)] * 2, Receive(HEAD), *[Send(None)] * 3, *pieces(b"x" * 40, 9)]],
    ),
    "both ways, streamed": (
        uploaded_streaming,
        [[*[Send(None)] * 2, Receive(HEAD), *[Send(None)] * 3, *pieces(b"x" * 40, 9)]],
    ),
    "expectation failed": (
        expecting_twice,
        [[Send(None), Receive(answer(b"no", 417))], [*[Send(None)] * 4, Receive(OK)]],
    ),
    "expecting 100": (expecting, [[Send(None), Stall(2), *[Send(None)] * 2, Receive(OK)]]),
    "redirected": (
        redirected,
        [
            server(
                redirect("/1"), [Receive(redirect("/2", 302, b"12345")[:-3]), Receive(b"345")], OK
            )
        ],
    ),
    "redirected across hosts": (
        redirected_across,
        [server(redirect("//b.test/"), OK), server(redirect("//a.test/"))],
    ),
    "with trailers": (trailing, [server(pieces(chunked(b"hello", trailers=["X: y"]), 11))]),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_lost_wherever_a_request_is_cancelled(runner, case):
    flow, _ = CASES[case]
    clients = {}
    limit = 2 if "across" in case else 1

    def make_backend(cancel_at):
        # A server keeps its place, so that each run needs new ones.
        backend = FakeBackend(runner, _fresh_peers(case), cancel_at=cancel_at)
        clients[id(backend)] = Client(backend, max_connections=limit)
        return backend

    count = 0
    for backend in cancelled_at_each_wait(make_backend, lambda backend: flow(clients[id(backend)])):
        client = clients[id(backend)]
        count += 1
        _settled(client)
        for stream in client.streams:
            assert stream.closed or not stream.readable()
        backend._peers = [server(OK)]
        before = client.pool.state.open
        assert run(backend, client.get("http://c.test/")).content == b"ok"
        client.check()
        assert client.pool.state.open <= max(limit, before)
    assert count >= 3


def _fresh_peers(case):
    """The case's peers, with servers that have not answered yet."""
    peers = []
    for peer in CASES[case][1]:
        if callable(peer):
            (left,) = (cell.cell_contents for cell in peer.__closure__)
            peers.append(server(*left))
        else:
            peers.append(list(peer))
    return peers


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
@pytest.mark.parametrize("hosts", ["aaa", "abc", "aab"])
def test_nothing_is_lost_wherever_a_crowd_is_cancelled(runner, hosts):
    """Three tasks at one connection, all cancelled at once, at every wait of any of them."""
    clients = {}

    def make_backend(cancel_at):
        backend = Outermost(runner, [server(*[OK] * 9) for _ in range(9)], cancel_at=cancel_at)
        clients[id(backend)] = Client(backend, max_connections=1)
        return backend

    async def crowd(backend):
        backend.remember_task()
        client = clients[id(backend)]
        for result in await together(
            backend, *(client.get(f"http://{host}.test/") for host in hosts)
        ):
            if isinstance(result, BaseException):
                raise result

    # trio runs tasks in random order, so that one run has more waits than another: on, until no wait is left to strike at.
    number, backend = 1, make_backend(1)
    while run(backend, crowd(backend)) is CANCELLED or backend.waits >= number:
        client = clients[id(backend)]
        _settled(client)
        assert run(backend, client.get("http://d.test/")).content == b"ok"
        client.check()
        number += 1
        backend = make_backend(number)
    assert number > 10


def _settled(client):
    if client.pool.state.idle != len(client.backend.open_streams):
        gc.collect()  # a response that hangs in a traceback
    client.check()


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
@pytest.mark.parametrize("hosts", ["aaa", "abc", "aba"])
@pytest.mark.parametrize("victim", [0, 1, 2])
def test_others_go_on_wherever_one_of_a_crowd_is_cancelled(runner, hosts, victim):
    """Three tasks at one connection: one of them cancelled at each of its own waits; the others get their answers."""
    number = 0
    while True:
        number += 1
        backend = Victim(runner, [server(*[OK] * 9) for _ in range(9)])
        client = Client(backend, max_connections=1)
        results = run(backend, _crowd_with_victim(backend, client, hosts, victim, number))
        others = [result for place, result in enumerate(results) if place != victim]
        assert others == [b"ok", b"ok"]
        _settled(client)
        if results[victim] is not CANCELLED:
            break
        assert number < 200
    assert number > 3


class Outermost(FakeBackend):
    """Cancels the whole run, not the task in which the wait happens to be."""

    task = None

    def remember_task(self):
        if self.name == "asyncio":
            import asyncio

            self.task = asyncio.current_task()

    async def checkpoint(self):
        if self.name == "asyncio" and self.waits + 1 == self._cancel_at:
            import asyncio

            self.waits += 1
            self.task.cancel()
            await asyncio.sleep(0)
        else:
            await super().checkpoint()


class Victim(FakeBackend):
    """Counts the waits of one task, and cancels it at one of them."""

    cancel_victim = None
    is_victim = None
    strike_at = 0
    seen = 0

    async def checkpoint(self):
        if self.is_victim is not None and self.is_victim():
            self.seen += 1
            if self.seen == self.strike_at:
                self.cancel_victim()
        await super().checkpoint()


async def _crowd_with_victim(backend, client, hosts, victim, strike_at):
    results = [None] * len(hosts)
    backend.strike_at = strike_at

    async def one(place):
        results[place] = (await client.get(f"http://{hosts[place]}.test/")).content

    if backend.name == "asyncio":
        import asyncio

        tasks = [asyncio.create_task(one(place)) for place in range(len(hosts))]
        backend.is_victim = lambda: asyncio.current_task() is tasks[victim]
        backend.cancel_victim = tasks[victim].cancel
        for place, result in enumerate(await asyncio.gather(*tasks, return_exceptions=True)):
            if isinstance(result, asyncio.CancelledError):
                results[place] = CANCELLED
            elif result is not None:
                raise result
        return results

    import trio

    scope = trio.CancelScope()
    theirs = []

    async def guarded(place):
        with scope:
            theirs.append(trio.lowlevel.current_task())
            await one(place)
        if scope.cancelled_caught:
            results[place] = CANCELLED

    backend.is_victim = lambda: trio.lowlevel.current_task() in theirs
    backend.cancel_victim = scope.cancel
    async with trio.open_nursery() as nursery:
        for place in range(len(hosts)):
            nursery.start_soon(guarded if place == victim else one, place)
            await trio.lowlevel.checkpoint()
    return results


@pytest.mark.parametrize("runner", ["asyncio", "trio", "blocking"])
def test_body_whose_reading_was_cancelled_is_not_taken_for_whole(runner):
    from envoi import exceptions

    backend = FakeBackend(runner, [server([Receive(HEAD), *pieces(b"x" * 40, 9)])])
    client = Client(backend, max_connections=1)
    kept = []

    async def flow():
        response = await client.get(stream=True)
        kept.append(response)
        await response.body.receive()
        backend._cancel_at = backend.waits + 1
        await response.read()

    assert run(backend, flow()) is CANCELLED
    client.check()
    (response,) = kept
    with pytest.raises(exceptions.IncompleteBody, match=r"a\.test:80 was cancelled"):
        run(backend, response.read())
