"""The pool carried out: waiting, closing, what is dropped unread, forked children, failures."""

from __future__ import annotations

import gc
import socket
import threading

import pytest

from envoi import exceptions
from envoi._io.blocking import BlockingBackend
from envoi._io.protocols import TimedOut
from envoi._io.run_sync import run_sync
from envoi._model.timeout import Timeout
from envoi._net.dial import Dialer
from envoi._net.pool import Pool
from envoi._net.route import Route
from flows.fake_backend import FakeBackend, Receive, Send, Stall, run
from flows.support import (
    ASYNC_RUNNERS,
    RUNNERS,
    Client,
    answer,
    caught,
    run_client,
    server,
    together,
)

OK = answer(b"ok")
UNENDED = answer(b"ok")[:-1]


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


@pytest.fixture(params=ASYNC_RUNNERS)
def loop(request):
    return request.param


async def content(client, url="http://a.test/", **options):
    return (await client.get(url, **options)).content


def test_many_tasks_share_one_connection(loop):
    backend = FakeBackend(loop, [server(*[answer(b"%d" % number) for number in range(20)])])
    client = Client(backend, max_connections=1)
    results = run(backend, together(backend, *(content(client) for _ in range(20))))
    assert sorted(results) == sorted(b"%d" % number for number in range(20))
    assert len(client.streams) == 1
    client.check()


def test_those_who_wait_are_served_in_their_order_across_hosts(loop):
    order = []

    async def one(client, number, host):
        await client.get(f"http://{host}.test/")
        order.append(number)

    backend = FakeBackend(loop, [server(*[OK] * 9) for _ in range(9)])
    client = Client(backend, max_connections=1)
    run(
        backend,
        together(backend, *(one(client, number, host) for number, host in enumerate("aabbacab"))),
    )
    assert order == sorted(order)
    client.check()


def test_limit_per_host_is_kept(loop):
    most = 0

    class Watching(FakeBackend):
        async def checkpoint(self):
            nonlocal most
            most = max(most, client.pool.state.open)
            assert len(self.open_streams) <= client.pool.state.open <= 2
            await super().checkpoint()

    backend = Watching(loop, [server(*[OK] * 12) for _ in range(2)])
    client = Client(backend, max_connections_per_host=2)
    assert run(backend, together(backend, *(content(client) for _ in range(12)))) == [b"ok"] * 12
    assert most == 2
    client.check()


@pytest.mark.parametrize(
    "failure",
    [OSError(113, "No route to host"), ConnectionRefusedError(111, "refused"), TimedOut()],
)
def test_failed_connection_gives_its_slot_to_the_next_in_line(loop, failure):
    backend = FakeBackend(loop, [failure, failure, server(OK, OK)])
    client = Client(backend, max_connections=1)
    results = run(backend, together(backend, *(content(client) for _ in range(4))))
    assert [isinstance(result, exceptions.ConnectionError) for result in results] == [
        True,
        True,
        False,
        False,
    ]
    client.check()


def test_failures_to_connect(runner):
    import ssl

    table = [
        (
            {"names": {"a.test": OSError(-2, "Name or service not known")}},
            exceptions.NameResolutionError,
        ),
        (
            {"peers": [ConnectionRefusedError(111, "Connection refused")]},
            exceptions.ConnectionRefused,
        ),
        ({"peers": [OSError(113, "No route to host")]}, exceptions.ConnectionError),
        (
            {"peers": [server(OK)], "tls_failures": [ssl.SSLError(1, "wrong version number")]},
            exceptions.SSLError,
        ),
        (
            {"peers": [server(OK)], "tls_failures": [ssl.SSLCertVerificationError(1, "expired")]},
            exceptions.CertificateError,
        ),
        (
            {"peers": [server(OK)], "tls_failures": [ConnectionResetError(104, "reset")]},
            exceptions.ConnectionError,
        ),
    ]
    for options, kind in table:
        peers = options.pop("peers", [])
        error, client = run_client(
            runner,
            peers,
            lambda client: caught(client.get("https://a.test/")),
            max_connections=1,
            **options,
        )
        assert type(error) is kind
        assert "a.test:443" in str(error)
        assert error.request.url == "https://a.test/"
        client.check()
        assert client.pool.state.open == 0


@pytest.mark.parametrize("handling", ["waits", "was served"])
def test_waiter_cancelled_at_the_moment_it_is_served_passes_it_on(loop, handling):
    """The connection comes back and the waiter is cancelled in the same turn of the loop."""
    backend = FakeBackend(
        loop, [[Send(None), Receive(UNENDED), Receive(b"k"), *[Send(None), Receive(OK)] * 3]]
    )
    client = Client(backend, max_connections=1)

    async def flow_asyncio():
        import asyncio

        held = await client.get(stream=True)
        tasks = [asyncio.create_task(content(client)) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert client.pool.state.waiting == 3
        if handling == "was served":
            await held.read()
            tasks[0].cancel()
        else:
            tasks[0].cancel()
            await held.read()
        return await asyncio.gather(*tasks, return_exceptions=True)

    async def flow_trio():
        import trio

        results = [None] * 3
        scopes = [trio.CancelScope() for _ in range(3)]

        async def one(number):
            with scopes[number]:
                results[number] = await content(client)

        held = await client.get(stream=True)
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(one, number)
                while client.pool.state.waiting <= number:
                    await trio.lowlevel.checkpoint()
            if handling == "was served":
                await held.read()
                scopes[0].cancel()
            else:
                scopes[0].cancel()
                await held.read()
        return results

    results = run(backend, flow_asyncio() if loop == "asyncio" else flow_trio())
    assert results[1:] == [b"ok", b"ok"]
    assert (
        results[0] is None or results[0] == b"ok" or type(results[0]).__name__ == "CancelledError"
    )
    client.check()


def test_response_dropped_unread_gives_its_slot_back(runner):
    async def flow(client):
        for _ in range(3):
            response = await client.get(stream=True)
            del response
            gc.collect()
        return await content(client)

    result, client = run_client(
        runner,
        [*[[Send(None), Receive(UNENDED), Stall()]] * 3, server(OK)],
        flow,
        max_connections=1,
    )
    assert result == b"ok"
    assert [stream.closed for stream in client.streams] == [True, True, True, False]
    client.check()


def test_response_dropped_unread_serves_one_who_waits(loop):
    backend = FakeBackend(loop, [[Send(None), Receive(UNENDED), Stall()], server(OK)])
    client = Client(backend, max_connections=1)

    async def drop(held):
        while client.pool.state.waiting == 0:
            await backend.checkpoint()
        held.clear()
        gc.collect()

    async def flow():
        held = [await client.get(stream=True)]
        return await together(backend, content(client), drop(held))

    assert run(backend, flow())[0] == b"ok"
    client.check()


def test_response_dropped_within_a_step_serves_one_who_is_about_to_wait(loop):
    """The garbage collector may run at any moment, also inside a step of the pool in this thread."""
    backend = FakeBackend(loop, [[Send(None), Receive(UNENDED), Stall()], server(OK)])
    client = Client(backend, max_connections=1)

    async def flow():
        held = [await client.get(stream=True)]
        new_waiter = backend.waiter

        def collecting():
            held.clear()
            gc.collect()
            return new_waiter()

        backend.waiter = collecting
        return await content(client, timeout=Timeout(pool=5))

    assert run(backend, flow()) == b"ok"
    client.check()


def test_dropped_after_the_pool_was_closed(runner):
    async def flow(client):
        response = await client.get(stream=True)
        client.pool.close()
        del response
        gc.collect()

    _, client = run_client(runner, [[Send(None), Receive(UNENDED), Stall()]], flow)
    client.check()
    assert client.pool.state.open == 0


def test_response_outlives_its_session(runner):
    async def flow(client):
        idle = await client.get("http://b.test/")
        response = await client.get(stream=True)
        client.pool.close()
        client.pool.close()
        assert [stream.closed for stream in client.streams] == [True, False]
        assert type(await caught(client.get())) is exceptions.SessionClosed
        return idle.content + await response.read()

    result, client = run_client(
        runner, [server(OK), [Send(None), Receive(UNENDED), Receive(b"k")]], flow
    )
    assert result == b"okok"
    client.check()
    assert client.pool.state.open == 0


def test_close_wakes_those_who_wait(loop):
    backend = FakeBackend(loop, [[Send(None), Receive(UNENDED), Receive(b"k")]])
    client = Client(backend, max_connections=1)

    async def close(held):
        while client.pool.state.waiting < 3:
            await backend.checkpoint()
        client.pool.close()
        return await held.read()

    async def flow():
        held = await client.get(stream=True)
        return await together(backend, *(content(client) for _ in range(3)), close(held))

    *waiters, last = run(backend, flow())
    assert last == b"ok"
    assert [type(error) for error in waiters] == [exceptions.SessionClosed] * 3
    assert all(error.request is not None for error in waiters)
    client.check()
    assert client.pool.state.open == 0


def test_connection_dialled_while_the_pool_closes_is_closed_after_its_request(loop):
    class Closing(FakeBackend):
        async def connect(self, *arguments):
            stream = await super().connect(*arguments)
            client.pool.close()
            return stream

    backend = Closing(loop, [server(OK)])
    client = Client(backend)
    assert run(backend, content(client)) == b"ok"
    client.check()
    assert client.pool.state.open == 0


def test_forked_child_starts_empty_and_leaves_the_parent_s_connections_alone(runner):
    async def flow(client):
        await client.get()
        response = await client.get("http://b.test/", stream=True)
        client.pool.forget()
        assert client.streams[0].forgotten
        assert not client.streams[1].forgotten
        assert await content(client) == b"ok"
        return response

    response, client = run_client(
        runner, [server(OK), [Send(None), Receive(UNENDED), Receive(b"k")], server(OK)], flow
    )
    state = client.pool.state
    assert (state.open, state.idle) == (1, 1)
    assert not client.streams[1].closed
    del response
    gc.collect()
    assert client.streams[1].forgotten
    assert (state.open, state.idle) == (1, 1)


def test_forked_child_may_read_on_without_harm_to_the_books(runner):
    async def flow(client):
        response = await client.get(stream=True)
        client.pool.forget()
        return await response.read()

    result, client = run_client(runner, [[Send(None), Receive(UNENDED), Receive(b"k")]], flow)
    assert result == b"ok"
    assert client.pool.state.open == 0
    assert client.streams[0].forgotten


def test_all_limits_off(loop):
    backend = FakeBackend(loop, [server(OK) for _ in range(150)])
    client = Client(backend, max_connections=None)

    async def hold():
        return await client.get(stream=True)

    held = run(backend, together(backend, *(hold() for _ in range(150))))
    assert client.pool.state.open == 150
    for response in held:
        response.body.close()
    client.check()


def test_flow_that_suspends_under_the_blocking_runner_is_a_bug_and_is_closed():
    class Suspending(FakeBackend):
        async def resolve(self, host, port, deadline):
            import types

            @types.coroutine
            def suspend():
                yield

            await suspend()

    backend = Suspending("blocking", [server(OK)])
    client = Client(backend, max_connections=1)
    with pytest.raises(RuntimeError, match="suspended under the blocking backend"):
        run(backend, client.get())
    client.check()
    assert client.pool.state.open == 0


def test_threads_take_turns_at_one_connection():
    """Real threads, and the real waiter, over a loopback socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    count = 24

    def serve():
        connection, _ = listener.accept()
        with connection:
            for _ in range(count):
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                connection.sendall(OK)
            connection.recv(1)

    peer = threading.Thread(target=serve)
    peer.start()
    backend = BlockingBackend()
    pool = Pool(backend, Dialer(backend), 1, 1, 60)
    from envoi._sessions.session import Session

    session = Session(timeout=10)
    session._pool = pool
    results = []

    def work():
        for _ in range(count // 8):
            results.append(session.get(f"http://127.0.0.1:{port}/").content)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == [b"ok"] * count
    assert (pool.state.open, pool.state.idle, pool.state.waiting) == (1, 1, 0)
    session.close()
    peer.join(10)
    listener.close()


def test_routes_with_other_keys_are_other_hosts():
    backend = FakeBackend("blocking", [server(OK), server(OK)])
    pool = Pool(backend, Dialer(backend), 10, 1, 60)

    async def flow():
        first = await pool.acquire(Route(("a", 1), "a.test", 80, None), Timeout(), float("inf"))
        second = await pool.acquire(Route(("a", 2), "a.test", 80, None), Timeout(), float("inf"))
        pool.release(first, reusable=True)
        pool.release(first, reusable=True)
        pool.release(second, reusable=True)
        return first.connection, second.connection

    first, second = run_sync(flow())
    assert first is not second
    assert (pool.state.open, pool.state.idle) == (2, 2)
