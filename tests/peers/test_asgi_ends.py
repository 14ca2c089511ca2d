"""ASGI adapters that are closed, dropped, used again, or left to the end of their loop: nothing stays behind."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import threading
import warnings

import pytest
import trio

import envoi
from envoi.adapters import ASGIAdapter, WSGIAdapter
from peers.asgi_support import (
    Lifespan,
    Ticker,
    echo,
    gathered,
    http,
    in_a_thread,
    mounted_session,
    respond,
    settled,
    sleep,
    start,
    tasks,
    until,
    waiting,
)
from peers.clients import Client

pytestmark = pytest.mark.leaks


def test_session_that_is_never_closed_leaves_no_task(run):
    async def main():
        before = tasks()
        session = mounted_session(Ticker())
        response = await session.get("http://app.test/", stream=True)
        await response.close()
        await settled(before)

    run(main())


def test_loop_that_ends_takes_the_application_along(run):
    ticker = Ticker()

    async def main():
        await mounted_session(ticker).get("http://app.test/", stream=True)

    run(main())
    gc.collect()
    assert ticker.ended.is_set()


def test_adapter_serves_one_loop_after_another_once_closed(run):
    adapter = ASGIAdapter(Ticker())

    async def main():
        async with envoi.AsyncSession() as session:
            session.mount("http://app.test/", adapter)
            async with await session.get("http://app.test/", stream=True) as response:
                return response.status_code

    assert [run(main()), run(main())] == [200, 200]


def test_adapter_of_another_loop_is_refused():
    adapter = ASGIAdapter(waiting, lifespan="off")

    async def main():
        session = envoi.AsyncSession()
        session.mount("http://app.test/", adapter)
        await (await session.get("http://app.test/", stream=True)).close()

    asyncio.run(main())
    with pytest.raises(envoi.exceptions.WrongEventLoop):
        asyncio.run(main())


def test_request_that_waits_when_its_session_is_closed():
    inside = []

    @http
    async def app(scope, receive, send):
        inside.append(True)
        while (await receive())["type"] != "http.disconnect":
            pass

    async def ask(session):
        with pytest.raises(envoi.ConnectionError, match="was closed while it was asked") as raised:
            await session.get("http://app.test/")
        assert raised.value.request.url == "http://app.test/"

    async def main():
        session = mounted_session(app)

        async def close():
            await until(lambda: inside)
            await session.close()

        await gathered(lambda: ask(session), close)
        inside.clear()

    asyncio.run(main())
    trio.run(main)
    waiting = threading.Event()

    @http
    async def blocking(scope, receive, send):
        waiting.set()
        await app(scope, receive, send)

    session = envoi.Session()
    session.mount("http://app.test/", ASGIAdapter(blocking))
    failed = []

    def get():
        try:
            session.get("http://app.test/")
        except envoi.ConnectionError as error:
            failed.append(str(error))

    asking = threading.Thread(target=get)
    asking.start()
    assert waiting.wait(10)
    session.close()
    asking.join(10)
    assert "was closed while it was asked" in failed[0]


def test_nothing_is_left_behind(colour, leftovers):
    with Client(colour) as client:
        client.session.mount("http://app.test/", ASGIAdapter(Ticker()))
        client.session.mount("http://other.test/", ASGIAdapter(waiting))
        for _ in range(3):
            client.get("http://app.test/", stream=True).close()
            client.get("http://other.test/", stream=True).close()
    leftovers.check()


def test_blocking_adapter_that_is_dropped_ends_its_thread(leftovers):
    adapter = ASGIAdapter(waiting)
    with envoi.Session() as session:
        session.mount("http://app.test/", adapter)
        session.get("http://app.test/", stream=True).close()
        thread = next(each for each in threading.enumerate() if each.name == "envoi-asgi")
        session.adapters.clear()
    del adapter, session
    gc.collect()
    thread.join(10)
    leftovers.check()


def test_blocking_adapter_can_be_used_again_after_close():
    adapter = ASGIAdapter(waiting)
    adapter.close()
    for _ in range(2):
        with envoi.Session() as session:
            session.mount("http://app.test/", adapter)
            session.get("http://app.test/", stream=True).close()


def test_blocking_session_inside_the_application_is_refused():
    @http
    async def app(scope, receive, send):
        await respond(send, session.get("http://app.test/").content)

    with envoi.Session() as session:
        session.mount("http://app.test/", ASGIAdapter(app))
        with pytest.raises(envoi.exceptions.WrongEventLoop, match="AsyncSession"):
            session.get("http://app.test/")


def test_blocking_reader_is_woken_by_close(monkeypatch):
    monkeypatch.setattr("envoi._apps.asgi_runner.GRACE", 0.05)
    inside = threading.Event()

    @http
    async def app(scope, receive, send):
        await start(send)
        inside.set()
        await sleep(3600)

    with envoi.Session() as session:
        session.mount("http://app.test/", ASGIAdapter(app))
        response = session.get("http://app.test/", stream=True)
        failed = []

        def read():
            try:
                response.read()
            except envoi.RequestException as error:
                failed.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        assert inside.wait(10)
    reader.join(10)
    assert isinstance(failed[0], envoi.exceptions.IncompleteBody)


def test_adapter_in_sessions_of_both_kinds_is_closed_in_each(run):
    app = Lifespan()
    adapter = ASGIAdapter(app)

    async def main():
        async with envoi.AsyncSession() as awaited:
            awaited.mount("http://app.test/", adapter)
            await awaited.get("http://app.test/awaited")
            with warnings.catch_warnings(), envoi.Session() as blocking:
                warnings.simplefilter("error")
                blocking.mount("http://app.test/", adapter)
                await in_a_thread(lambda: blocking.get("http://app.test/blocking"))
            assert app.noted == [
                "startup",
                "/awaited",
                "startup",
                "/blocking",
                "shutdown",
                "returned",
            ]
        assert app.noted[6:] == ["shutdown", "returned"]

    run(main())


def test_session_with_adapters_is_pickled_without_what_runs():
    with envoi.Session() as session:
        session.mount("http://a.test/", ASGIAdapter(echo))
        session.mount("http://w.test/", WSGIAdapter(pickled_too))
        session.get("http://a.test/")
        copied = pickle.loads(pickle.dumps(session))
        with copied:
            assert copied.get("http://a.test/there").json()["path"] == "/there"
            assert copied.get("http://w.test/").text == "there"


def pickled_too(environ, start_response):
    start_response("200 OK", [])
    return [b"there"]


def test_async_session_with_an_application_is_pickled_without_what_runs(run):
    async def main():
        async with envoi.aio.ASGISession(echo) as session:
            await session.get("/")
            copied = pickle.loads(pickle.dumps(session))
        async with copied:
            assert (await copied.get("/there")).json()["path"] == "/there"

    run(main())


APPLICATION = """
import asyncio, os, signal, sys, threading, warnings
import envoi
from envoi.adapters import ASGIAdapter
ended = threading.Event()
async def app(scope, receive, send):
    if scope["path"] == "/slow":
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
session = envoi.Session()
session.mount("http://app.test/", ASGIAdapter(app, lifespan="off"))
"""

FORK = """
assert session.get("http://app.test/").text == str(os.getpid())
warnings.simplefilter("ignore")  # later versions of Python warn of every fork with threads
pid = os.fork()
if pid == 0:
    assert session.get("http://app.test/").text == str(os.getpid())
    session.close()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert session.get("http://app.test/").text == str(os.getpid())
session.close()
print("fine")
"""

INTERRUPT = """
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with it ignored
try:
    session.get("http://app.test/slow")
except KeyboardInterrupt:
    print("fine" if ended.wait(10) else "the application goes on")
session.close()
"""

LEFT_OPEN = """
response = session.get("http://app.test/", stream=True)
print("fine")
"""


@pytest.mark.skipif(
    not hasattr(os, "fork"), reason="there is no fork here, nor a signal that one can send oneself"
)
@pytest.mark.parametrize(
    "program", [FORK, INTERRUPT, LEFT_OPEN], ids=["fork", "interrupt", "left-open"]
)
def test_process_is_forked_interrupted_or_ends(program):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", APPLICATION + program],
        check=False,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
