"""The lifespan of ASGI applications: startup before the first request, shutdown when the adapter is closed, and what goes wrong there."""

from __future__ import annotations

import asyncio
import gc
from functools import partial

import pytest
import trio

import envoi
from envoi.adapters import ASGIAdapter, AsyncASGIAdapter
from peers.asgi_support import (
    Lifespan,
    echo,
    gathered,
    mount,
    mounted_session,
    respond,
    sleep,
    tasks,
    until,
)
from peers.clients import Client

pytestmark = pytest.mark.leaks


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_startup_comes_first_and_shutdown_last(mounted, mode):
    app = Lifespan()
    client = mounted(app, lifespan=mode)
    assert app.noted == []
    assert client.get("http://app.test/a").json() == {"name": "ready", "seen": "/a"}
    assert client.get("http://app.test/b").json() == {"name": "ready", "seen": "/b"}
    client.close()
    assert app.noted == ["startup", "/a", "/b", "shutdown", "returned"]


def test_adapter_that_was_not_used_starts_nothing(mounted):
    app = Lifespan()
    mounted(app).close()
    assert app.noted == []


def test_off_is_off(mounted):
    client = mounted(echo, lifespan="off")
    assert "state" not in client.get("http://app.test/").json()


def test_application_that_knows_nothing_of_it_is_tolerated_unless_it_must(mounted):
    async def returns(scope, receive, send):
        if scope["type"] == "http":
            await respond(send, b"here")

    assert mounted(echo).get("http://app.test/").json()["state"] == {}  # it raises
    assert mounted(returns).get("http://app.test/").text == "here"
    with pytest.raises(
        envoi.ConnectionError, match="failed to start: AssertionError: lifespan is not known here"
    ) as raised:
        mounted(echo, lifespan="on").get("http://app.test/")
    assert isinstance(raised.value.__cause__, AssertionError)
    with pytest.raises(envoi.ConnectionError, match="failed to start: it returned"):
        mounted(returns, lifespan="on").get("http://app.test/")


def test_startup_that_fails_is_told_with_each_request(mounted):
    app = Lifespan(fail="startup")
    client = mounted(app)
    for _ in range(2):
        with pytest.raises(
            envoi.ConnectionError, match="The application failed to start: no luck"
        ) as raised:
            client.get("http://app.test/")
        assert raised.value.request.url == "http://app.test/"
    client.close()
    assert app.noted == ["startup"]


def test_startup_that_fails_has_the_exception_as_its_cause(mounted):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "Traceback …"})
        raise LookupError("no database")

    with pytest.raises(envoi.ConnectionError, match="Traceback …") as raised:
        mounted(app).get("http://app.test/")
    assert isinstance(raised.value.__cause__, LookupError)


def test_application_that_goes_on_after_its_startup_failed_is_cancelled(mounted, monkeypatch):
    monkeypatch.setattr("envoi._apps.asgi_lifespan.GRACE", 0.01)
    ended = []

    async def app(scope, receive, send):
        await receive()
        try:
            await send({"type": "lifespan.startup.failed"})
            await sleep(3600)
        finally:
            ended.append(True)

    with pytest.raises(envoi.ConnectionError, match="gives no reason"):
        mounted(app).get("http://app.test/")
    assert ended == [True]


def test_startup_counts_as_waiting_for_the_answer(mounted):
    async def app(scope, receive, send):
        await sleep(3600)

    with pytest.raises(envoi.ReadTimeout):
        mounted(app).get("http://app.test/", timeout=0.05)


@pytest.mark.parametrize("message", ["no luck", None])
def test_shutdown_that_fails_is_told(colour, message):
    app = Lifespan(fail="shutdown", message=message)
    client = Client(colour)
    client.session.mount("http://app.test/", ASGIAdapter(app))
    client.get("http://app.test/")
    expected = (
        (envoi.ConnectionError, "failed to shut down: no luck")
        if message
        else (RuntimeError, "shutdown failed")
    )
    with pytest.raises(expected[0], match=expected[1]):
        client.close()


def test_application_that_ended_before_is_not_shut_down(mounted):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await respond(send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})

    client = mounted(app)
    assert client.get("http://app.test/").status_code == 200
    client.close()


def test_startup_once_for_many_at_once(mounted):
    app = Lifespan()
    outcomes = mounted(app).together(8, "GET", "http://app.test/")
    assert [each.status_code for each in outcomes] == [200] * 8
    assert app.noted.count("startup") == 1


def test_adapter_can_be_started_before_the_first_request(run):
    app = Lifespan()

    async def main():
        adapter = AsyncASGIAdapter(app)
        await adapter.startup()
        assert app.noted == ["startup"]
        await adapter.close()

    run(main())
    adapter = ASGIAdapter(app)
    adapter.startup()
    adapter.close()
    assert app.noted == ["startup", "shutdown", "returned"] * 2


def test_lifespan_and_requests_share_a_loop_and_not_a_task(run):
    found = []

    def current():
        return (
            trio.lowlevel.current_task() if trio.lowlevel.in_trio_task() else asyncio.current_task()
        )

    async def app(scope, receive, send):
        found.append(current())
        if scope["type"] == "http":
            await respond(send)
            return
        for word in ("startup", "shutdown"):
            await receive()
            assert current() is found[0]
            await send({"type": f"lifespan.{word}.complete"})

    async def main():
        async with mounted_session(app) as session:
            await gathered(
                partial(session.get, "http://app.test/"), partial(session.get, "http://app.test/")
            )
            assert len(set(found)) == 3
            assert current() not in found
        assert tasks() == before[0]

    before = []

    async def counted():
        before.append(tasks())
        await main()

    run(counted())


def test_unclosed_adapter_that_was_started_is_warned_of_and_ended(run):
    app = Lifespan()

    async def main():
        session = mounted_session(app)
        await session.get("http://app.test/")
        before = tasks()
        session.myself = session
        del session
        with pytest.warns(ResourceWarning, match="unclosed AsyncASGIAdapter"):
            gc.collect()
        await until(lambda: tasks() != before)

    run(main())
    assert "shutdown" not in app.noted


def test_messages_out_of_turn_are_refused(mounted):
    refused = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await respond(send)
            return
        await receive()
        for kind in (
            "lifespan.shutdown.complete",
            "lifespan.startup.complete",
            "lifespan.startup.complete",
            "http.response.start",
        ):
            try:
                await send({"type": kind})
            except envoi.exceptions.RemoteProtocolError:
                refused.append(kind)
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    mounted(app).get("http://app.test/")
    assert refused == [
        "lifespan.shutdown.complete",
        "lifespan.startup.complete",
        "http.response.start",
    ]
