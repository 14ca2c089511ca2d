"""A body that several hands touch: closed while it is read, read twice, dropped in a cycle. Every connection comes back once."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
import trio
import trio.testing

import envoi
from envoi import testing

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture
def stalling():
    """Answers with a head and ten of a hundred bytes, then waits to be hung up on."""

    def script(connection: testing.RawConnection) -> None:
        connection.read_request()
        connection.send(HEAD + b"x" * 10)
        connection.wait_closed()

    with testing.RawServer(script) as server:
        yield server


def test_responses_with_a_raw_file_dropped_unread_give_their_slots_back_once(server):
    with envoi.Session(max_connections=3) as session:
        for _ in range(9):
            response = session.get(server.url + "/download/1000000", stream=True)
            response.raw.read(10)
            del response
            gc.collect()
        state = session._pool.state
        assert state.open == 0
        assert session.get(server.url + "/get").ok
        assert (state.open, state.idle) == (1, 1)


def test_closing_while_another_thread_reads(stalling):
    with envoi.Session(max_connections=1) as session:
        response = session.get(stalling.url, stream=True)
        pieces = response.iter_content()
        assert next(pieces) == b"x" * 10
        caught = []
        reading = threading.Event()

        def read():
            reading.set()
            try:
                next(pieces)
            except envoi.RequestException as error:
                caught.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        reading.wait(5)
        while not response.body._reading:
            pass
        response.close()
        thread.join(5)
        assert not thread.is_alive()
        assert isinstance(caught[0], envoi.StreamConsumedError)
        assert session._pool.state.open == 0


async def read_on(response, caught):
    try:
        await response.read()
    except envoi.RequestException as error:
        caught.append(error)


def test_closing_while_another_task_reads(stalling):
    async def main():
        async with envoi.AsyncSession(max_connections=1) as session:
            response = await session.get(stalling.url, stream=True)
            caught = []
            task = asyncio.create_task(read_on(response, caught))
            await asyncio.sleep(0)
            await response.close()
            await task
            return caught, session._pool.state.open

    caught, still_open = asyncio.run(main())
    assert isinstance(caught[0], envoi.StreamConsumedError)
    assert still_open == 0


def test_closing_while_another_trio_task_reads(stalling):
    async def main():
        async with envoi.AsyncSession(max_connections=1) as session:
            response = await session.get(stalling.url, stream=True)
            caught = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read_on, response, caught)
                await trio.testing.wait_all_tasks_blocked()
                await response.close()
            return caught, session._pool.state.open

    caught, still_open = trio.run(main)
    assert isinstance(caught[0], envoi.StreamConsumedError)
    assert still_open == 0


def test_second_reader_is_told_and_the_first_goes_on(server):
    async def main():
        async with envoi.AsyncSession(max_connections=1) as session:
            response = await session.get(server.url + "/drip?numbytes=3&duration=0.3", stream=True)
            caught = []
            first = asyncio.create_task(response.read())
            await asyncio.sleep(0)
            await read_on(response, caught)
            return await first, caught, session._pool.state.open, session._pool.state.idle

    content, caught, still_open, idle = asyncio.run(main())
    assert len(content) == 3
    assert "at this moment" in str(caught[0])
    assert (still_open, idle) == (1, 1)


@pytest.mark.parametrize("victim", ["response", "raw", "session"])
def test_collector_that_runs_within_a_step_of_the_pool_does_not_wait_for_it(server, victim):
    session = envoi.Session()
    response = session.get(server.url + "/download/1000000", stream=True)
    state = session._pool.state
    if victim == "raw":
        response.raw.read(1)
    finished = threading.Event()

    class Key:
        """Hashed by the core in the course of a step."""

        def __hash__(self):
            nonlocal session, response
            if victim == "session":
                session = None
            response = None
            gc.collect()
            return 1

    def collect():
        permit = state.acquire(Key(), 0.0, None)
        assert (permit is None) == (victim == "session")
        finished.set()

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    assert finished.wait(5), "the collector waits for a step that its own thread is in"
    thread.join()
    assert state.open == 0
    if session is not None:
        session.close()


def test_raw_file_fails_again_after_it_failed():
    def script(connection: testing.RawConnection) -> None:
        connection.read_request()
        connection.send(HEAD + b"x" * 10)

    with testing.RawServer(script) as server, envoi.Session() as session:
        response = session.get(server.url, stream=True)
        with pytest.raises(envoi.IncompleteBody):
            response.raw.read(50)
        with pytest.raises(envoi.IncompleteBody):
            response.raw.read(50)
        assert response.raw.read(4) == b"xxxx"


def test_raw_file_that_is_asked_for_nothing_first(server):
    with envoi.Session() as session:
        response = session.get(server.url + "/bytes/100", stream=True)
        assert response.raw.read(0) == b""
        assert len(response.raw.read(60)) == 60
        assert len(response.raw.read()) == 40


def test_connect_is_not_a_method_for_users(server):
    with pytest.raises(envoi.InvalidMethod):
        envoi.request("CONNECT", server.url)


def test_early_hints_do_not_stand_for_continue():
    seen = []

    def script(connection: testing.RawConnection) -> None:
        head = connection.read_head()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        connection.send(
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        seen.append(head)
        seen.append(connection.wait_closed())

    with testing.RawServer(script) as server:
        response = envoi.post(server.url, data=b"x" * 100_000, headers={"Expect": "100-continue"})
    assert response.status_code == 401
    assert [head.status for head in response.informational] == [103]
    assert seen[1] == b""
