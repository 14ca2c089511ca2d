"""One session, many threads, tasks, loops and processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

import envoi
from envoi.testing import Answer, RawConnection

pytestmark = [pytest.mark.timeout(60), pytest.mark.leaks]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def hammer(work, threads: int = 16) -> None:
    """Run `work(number)` in so many threads, and raise what any of them raised."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(threads)

    def run(number: int) -> None:
        try:
            barrier.wait(20)
            work(number)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("limit", [100, 4, 1])
def test_sixteen_threads_share_one_session(limit: int, server) -> None:
    @server.route("/hop/<number>")
    def hop(request):
        number = request.parameters["number"]
        return Answer(
            302,
            headers=[
                ("Location", f"/anything/{number}"),
                ("Set-Cookie", f"c{number}={number}; Path=/"),
            ],
        )

    with envoi.Session(max_connections=limit, timeout=20) as session:

        def work(thread: int) -> None:
            for count in range(20):
                number = f"{thread}-{count}"
                kind = count % 4
                if kind == 0:
                    response = session.get(f"{server.url}/hop/{number}")
                    assert len(response.history) == 1
                elif kind == 1:
                    response = session.post(
                        f"{server.url}/anything/{number}", data=number.encode() * 1000
                    )
                elif kind == 2:
                    with session.get(f"{server.url}/anything/{number}", stream=True) as response:
                        response.read()
                else:
                    with session.get(f"{server.url}/anything/{number}", stream=True) as response:
                        pass  # closed unread: its connection is lost, its slot is not
                    continue
                assert response.json()["url"].endswith(f"/anything/{number}")

        hammer(work)
        assert server.connections <= 16 * 5 + limit
        assert len(session.cookies) == 16 * 5
        state = session._pool.state
        assert state.open == state.idle <= limit, "no slot is lost"
        assert state.waiting == 0
    assert session._pool is None


@pytest.mark.parametrize("limit", [100, 4])
def test_many_tasks_share_one_session(limit: int, new_client, server) -> None:
    client = new_client(max_connections=limit)
    outcomes = client.together(40, "GET", lambda number: f"{server.url}/anything/{number}")
    assert [one.json()["url"].rpartition("/")[2] for one in outcomes] == [
        str(number) for number in range(40)
    ]
    assert server.connections <= limit
    state = client.session._pool.state
    assert state.open == state.idle


def test_no_slot_is_lost_to_failures(new_client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        if connection.number % 2:
            connection.reset()
        else:
            connection.send(OK)

    client = new_client(max_connections=2, resend=False)
    server = raw_server(script)
    outcomes = client.together(30, "GET", server.url)
    assert any(isinstance(one, envoi.ConnectionError) for one in outcomes)
    state = client.session._pool.state
    assert state.open == state.idle


def test_dropped_response_gives_its_slot_back(new_client, server) -> None:
    import gc

    client = new_client(max_connections=1)
    for _ in range(5):
        response = client.get(
            server.url + "/download/1000000", stream=True, timeout=envoi.Timeout(pool=10)
        )
        del response
        gc.collect()
    assert client.get(server.url + "/get").status_code == 200


def test_pool_timeout_tells_that_all_are_in_use(new_client, server) -> None:
    client = new_client(max_connections=1)
    with (
        client.get(server.url + "/download/1000000", stream=True),
        pytest.raises(envoi.PoolTimeout),
    ):
        client.get(server.url + "/get", timeout=envoi.Timeout(pool=0.1))
    assert client.get(server.url + "/get").status_code == 200


def test_closed_session_refuses_and_closing_again_is_nothing(colour, server) -> None:
    from peers.clients import Client

    client = Client(colour)
    assert client.get(server.url + "/get").status_code == 200
    streamed = client.get(server.url + "/bytes/100000", stream=True)
    client._loop.call(client.session.close)
    client._loop.call(client.session.close)
    with pytest.raises(envoi.SessionClosed):
        client.get(server.url + "/get")
    assert len(streamed.read()) == 100000, "what is being streamed is read to its end"
    client.close()
    client.close()


def test_never_used_session_closes(colour) -> None:
    from peers.clients import Client

    client = Client(colour)
    client._loop.call(client.session.close)
    with pytest.raises(envoi.SessionClosed):
        client.get("http://127.0.0.1:1/")
    client.close()


def test_session_closed_by_one_thread_while_others_wait(server) -> None:
    session = envoi.Session(max_connections=1)
    held = session.get(server.url + "/download/1000000", stream=True)
    outcomes: list[object] = []

    def wait() -> None:
        try:
            outcomes.append(session.get(server.url + "/get"))
        except Exception as error:
            outcomes.append(error)

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for one in waiting:
        one.start()
    while session._pool.state.waiting < 3:
        pass
    session.close()
    for one in waiting:
        one.join()
    held.close()
    assert len(outcomes) == 3
    assert all(isinstance(one, envoi.SessionClosed) for one in outcomes)


def test_session_of_another_loop_is_refused(server) -> None:
    session = envoi.AsyncSession()

    async def get() -> int:
        return (await session.get(server.url + "/get")).status_code

    async def close() -> None:
        await session.close()

    with asyncio.Runner() as first:
        assert first.run(get()) == 200
        with asyncio.Runner() as second, pytest.raises(envoi.WrongEventLoop):
            second.run(get())
        assert first.run(get()) == 200
        first.run(close())


def test_cancelled_request_gives_its_slot_back(server) -> None:
    async def main() -> None:
        async with envoi.AsyncSession(max_connections=1) as session:
            for _ in range(5):
                task = asyncio.create_task(session.get(server.url + "/delay/30"))
                served = server.served
                while server.served == served:
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert (await session.get(server.url + "/get")).status_code == 200

    asyncio.run(main())


def test_cancelled_request_gives_its_slot_back_under_trio(server) -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        async with envoi.AsyncSession(max_connections=1) as session:
            for _ in range(5):
                with trio.move_on_after(0.02) as scope:
                    await session.get(server.url + "/delay/30")
                assert scope.cancelled_caught
            assert (await session.get(server.url + "/get")).status_code == 200

    trio.run(main)


# --- Forks, in a child of its own: pytest's process has threads

FORK = """
import os, sys, envoi
url, = sys.argv[1:]
session = envoi.Session(max_connections=2, timeout=10)
assert session.get(url + "/first").text == "1"
held = session.get(url + "/held", stream=True)
pid = os.fork()
if pid == 0:
    try:
        assert session.get(url + "/child").text == "2"
        del held
        session.close()
        os._exit(0)
    except BaseException as error:
        print("child", repr(error), flush=True)
        os._exit(1)
_, status = os.waitpid(pid, 0)
assert status == 0, status
assert held.read() == b"1"
assert session.get(url + "/parent").text == "1"
print("fine")
"""

ASYNC_FORK = """
import asyncio, os, sys, envoi
url, = sys.argv[1:]
async def main():
    async with envoi.AsyncSession(timeout=10) as session:
        assert (await session.get(url + "/first")).text == "1"
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        assert (await session.get(url + "/parent")).text == "1"
asyncio.run(main())
print("fine")
"""


def _numbers(connection: RawConnection) -> None:
    while True:
        connection.read_request()
        body = b"%d" % connection.number
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("program", [FORK, ASYNC_FORK], ids=["sync", "asyncio"])
def test_forked_child_does_not_use_the_parents_connections(program: str, raw_server) -> None:
    server = raw_server(_numbers)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, server.url],
        check=False,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr


MULTIPROCESSING = """
import multiprocessing, sys, envoi
url, = sys.argv[1:]
session = envoi.Session(timeout=10)
def child(number):
    return session.get(url + f"/{number}").text
if __name__ == "__main__":
    assert session.get(url + "/first").text == "1"
    with multiprocessing.get_context("fork").Pool(2) as pool:
        texts = pool.map(child, range(8))
    assert "1" not in texts, texts
    assert session.get(url + "/last").text == "1"
    print("fine")
"""


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here"
)
def test_children_of_multiprocessing_dial_for_themselves(raw_server) -> None:
    server = raw_server(_numbers)
    done = subprocess.run(
        [sys.executable, "-c", MULTIPROCESSING, server.url],
        check=False,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr
