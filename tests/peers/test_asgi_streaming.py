"""ASGI applications that run beside their reader: endless bodies, early ends, timeouts, cancellation, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import closing
from functools import partial

import pytest
import trio

import envoi
from envoi.adapters import ASGIAdapter
from peers.asgi_support import (
    Ticker,
    cancelled_when,
    gathered,
    http,
    mount,
    mounted_session,
    respond,
    settled,
    sleep,
    start,
    tasks,
    turns,
    waiting,
)

pytestmark = pytest.mark.leaks


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


def test_head_is_there_before_the_body(mounted):
    with mounted(waiting).get("http://app.test/", stream=True) as response:
        assert response.status_code == 200


def test_endless_body_is_read_piece_by_piece(mounted):
    ticker = Ticker()
    with (
        mounted(ticker).get("http://app.test/", stream=True) as response,
        closing(response.iter_lines()) as lines,
    ):
        assert [next(lines) for _ in range(1000)] == [b"x" * 9] * 1000
        assert not ticker.ended.is_set()


def test_application_waits_for_its_reader(mounted):
    ticker = Ticker(1000)
    client = mounted(ticker)
    with (
        client.get("http://app.test/", stream=True) as response,
        closing(response.iter_content()) as pieces,
    ):
        next(pieces)
        client.get("http://app.test/other", stream=True).close()  # time passes in the loop
        assert ticker.sent < 200


def test_response_closed_early_disconnects_the_application(mounted):
    client = mounted(ticker := Ticker())
    response = client.get("http://app.test/", stream=True)
    response.close()
    response.close()
    with pytest.raises(envoi.StreamConsumedError, match="closed before"):
        response.read()
    client.close()
    assert isinstance(ticker.ending, OSError)


def test_receive_tells_of_the_disconnect(mounted):
    told = []

    @http
    async def app(scope, receive, send):
        await start(send)
        told.append((await receive())["type"])
        told.append((await receive())["type"])

    client = mounted(app)
    client.get("http://app.test/", stream=True).close()
    client.close()
    assert told == ["http.request", "http.disconnect"]


def test_receive_tells_of_the_end_once_the_answer_is_complete(mounted):
    told = []

    @http
    async def app(scope, receive, send):
        await receive()
        await respond(send, b"whole")
        told.append(await receive())

    assert mounted(app).get("http://app.test/").text == "whole"
    assert told == [{"type": "http.disconnect"}]


def test_what_comes_after_the_answer_is_done_before_the_body_ends(mounted):
    done = []

    @http
    async def app(scope, receive, send):
        await respond(send, b"whole")
        await turns()
        done.append(True)

    client = mounted(app)
    client.get("http://app.test/")
    assert done == [True]
    response = client.get("http://app.test/", stream=True)
    with closing(response.iter_content()) as pieces:
        assert next(pieces) == b"whole"
        assert list(pieces) == []
    assert done == [True, True]


def test_dropped_response_disconnects_the_application():
    ticker = Ticker()
    with envoi.Session() as session:
        session.mount("http://app.test/", ASGIAdapter(ticker))
        response = session.get("http://app.test/", stream=True)
        response.myself = response
        del response
        gc.collect()
        assert ticker.ended.wait(10)
    assert isinstance(ticker.ending, OSError)


def test_dropped_async_response_disconnects_the_application(run):
    async def main():
        async with mounted_session(ticker := Ticker()) as session:
            before = tasks()
            response = await session.get("http://app.test/", stream=True)
            response.myself = response
            del response
            gc.collect()
            await settled(before)
            assert isinstance(ticker.ending, OSError)

    run(main())


def test_session_that_is_closed_ends_what_is_streamed(mounted):
    client = mounted(ticker := Ticker())
    response = client.get("http://app.test/", stream=True)
    client.session.close() if client.colour == "sync" else client._loop.call(client.session.close)
    assert isinstance(ticker.ending, OSError)
    with pytest.raises(envoi.exceptions.IncompleteBody, match="was closed"):
        response.read()


def test_application_that_does_not_listen_is_cancelled_when_the_session_is_closed(
    mounted, monkeypatch
):
    monkeypatch.setattr("envoi._apps.asgi_runner.GRACE", 0.05)
    ended = []

    @http
    async def app(scope, receive, send):
        await start(send)
        try:
            await sleep(3600)
        finally:
            ended.append(True)

    client = mounted(app)
    client.get("http://app.test/", stream=True).close()
    client.close()
    assert ended == [True]


@pytest.mark.parametrize("limits", [envoi.Limits(read=0.05), envoi.Limits(total=0.05), 0.05])
@pytest.mark.parametrize("headed", [False, True])
def test_timeouts_cancel_the_application(mounted, limits, headed):
    ended = threading.Event()

    @http
    async def app(scope, receive, send):
        if scope["path"] == "/other":
            await sleep(0)
            await respond(send)
            return
        if headed:
            await start(send)
        try:
            await sleep(3600)
        finally:
            ended.set()

    client = mounted(app)
    expected = (
        envoi.TotalTimeout
        if isinstance(limits, envoi.Limits) and limits.total
        else envoi.ReadTimeout
    )
    with pytest.raises(expected, match="the application at http://app.test") as raised:
        client.get("http://app.test/", timeout=limits)
    assert raised.value.request.url == "http://app.test/"
    client.get("http://app.test/other")  # time passes in the loop
    assert ended.is_set()


def test_total_timeout_bounds_an_endless_body(mounted):
    with pytest.raises(envoi.TotalTimeout):
        mounted(Ticker()).get("http://app.test/", timeout=envoi.Limits(total=0.1))


@pytest.mark.parametrize("when", ["startup", "head", "upload", "body", "end"])
def test_cancellation_waits_for_the_application_to_clean_up(run, when):
    noted = []
    there = []  # an event of the event loop

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            if when == "startup":
                there[0].set()
                await turns(100)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        try:
            if when == "upload":
                while (await receive())["more_body"]:
                    pass
            if when in {"body", "end"}:
                await start(send)
            if when == "end":
                await send({"type": "http.response.body", "body": b"whole"})
            there[0].set()
            await sleep(3600)
        finally:
            noted.append("ended")

    async def upload():
        yield b"x"
        there[0].set()
        await sleep(3600)

    async def main():
        there.append(trio.Event() if trio.lowlevel.in_trio_task() else asyncio.Event())
        async with mounted_session(app) as session:
            before = tasks()
            await cancelled_when(
                there[0].wait,
                partial(
                    session.post, "http://app.test/", data=upload() if when == "upload" else None
                ),
            )
            assert noted == ([] if when == "startup" else ["ended"])
            assert tasks() <= before + 1  # and the application's lifespan
        assert tasks() == before

    run(main())


def test_cancelled_reader_loses_the_rest(run):
    async def main():
        async with mounted_session(waiting) as session:
            response = await session.get("http://app.test/", stream=True)
            await cancelled_when(turns, response.read)
            with pytest.raises(envoi.exceptions.IncompleteBody, match="cancelled"):
                await anext(response.iter_content())

    run(main())


def test_two_readers_of_one_body(run):
    async def main():
        async with mounted_session(waiting) as session:
            response = await session.get("http://app.test/", stream=True)

            async def second():
                await turns()
                with pytest.raises(envoi.StreamConsumedError, match="at this moment"):
                    await response.body.receive()
                await response.close()

            async def first():
                with pytest.raises(envoi.StreamConsumedError, match="closed before"):
                    await response.body.receive()

            await gathered(first, second)

    run(main())
