"""Small ASGI applications for tests, their mounting, and a count of the tasks that run."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest
import trio

import envoi
from envoi.adapters import ASGIAdapter

TEXT = [(b"content-type", b"text/plain; charset=utf-8")]


def mount(new_client, app, *, session=(), **settings):
    """A client whose http://app.test/ and https://app.test are the application.

    Args:
        new_client: the fixture.
        app: the application.
        session: settings of the session.
        **settings: of the adapter.
    """
    client = new_client(**dict(session))
    adapter = ASGIAdapter(app, **settings)
    client.session.mount("http://app.test/", adapter)
    client.session.mount("https://app.test", adapter)
    return client


def mounted_session(app, *, session=(), **settings):
    """An async session with the application at http://app.test/."""
    made = envoi.AsyncSession(**{"timeout": 10, **dict(session)})
    made.mount("http://app.test/", ASGIAdapter(app, **settings))
    return made


async def cancelled_when(reached, function):
    """Call an async function, and cancel it when another has returned.

    Args:
        reached: waits for the moment.
        function: what is cancelled then.
    """
    if trio.lowlevel.in_trio_task():
        scope = trio.CancelScope()

        async def called():
            with scope:
                await function()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(called)
            await reached()
            scope.cancel()
        assert scope.cancelled_caught
    else:
        task = asyncio.create_task(function())
        await reached()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def in_a_thread(function):
    """Call a function that blocks, in a thread."""
    return await (
        trio.to_thread.run_sync(function)
        if trio.lowlevel.in_trio_task()
        else asyncio.to_thread(function)
    )


async def start(send, status=200, headers=TEXT):
    """Send the head."""
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def respond(send, body=b"", status=200, headers=TEXT):
    """Send the whole answer."""
    await start(send, status, headers)
    await send({"type": "http.response.body", "body": body})


async def body_of(receive):
    """The request's whole body."""
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        if not message["more_body"]:
            return body


async def echo(scope, receive, send):
    """Answers with its scope, and the body, as JSON."""
    assert scope["type"] == "http", "lifespan is not known here"
    told = {
        **scope,
        "body": await body_of(receive),
        "headers": [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]],
    }
    await respond(
        send,
        json.dumps(told, default=lambda value: value.decode("latin-1")).encode(),
        200,
        [(b"content-type", b"application/json")],
    )


def http(function):
    """An application that knows nothing of lifespan, of a function that is only called for requests."""

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await function(scope, receive, send)

    return app


class Lifespan:
    """An application that notes what happens in its life.

    Args:
        fail: at which message it fails: "startup" or "shutdown".
        message: what it says then; None to raise instead.
    """

    def __init__(self, fail=None, message="no luck"):
        self.noted = []
        self.fail = fail
        self.message = message

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.noted.append(scope["path"])
            scope["state"].setdefault("seen", scope["path"])  # in a copy of its own
            await respond(send, json.dumps(scope["state"]).encode())
            return
        for word in ("startup", "shutdown"):
            message = await receive()
            assert message == {"type": f"lifespan.{word}"}
            self.noted.append(word)
            if self.fail == word and self.message is None:
                raise RuntimeError(f"{word} failed")
            if self.fail == word:
                await send({"type": f"lifespan.{word}.failed", "message": self.message})
                return
            scope["state"]["name"] = "ready"
            await send({"type": f"lifespan.{word}.complete"})
        self.noted.append("returned")


class Ticker:
    """Sends lines without end; notes how it ended.

    Args:
        size: of a line, in bytes.
    """

    def __init__(self, size=10):
        self.line = b"x" * (size - 1) + b"\n"
        self.sent = 0
        self.ended = threading.Event()
        self.ending = None

    async def __call__(self, scope, receive, send):
        assert scope["type"] == "http"
        try:
            await start(send)
            while True:
                await send({"type": "http.response.body", "body": self.line, "more_body": True})
                self.sent += 1
                await sleep(0)
        except BaseException as error:
            self.ending = error
            raise
        finally:
            self.ended.set()


@http
async def waiting(scope, receive, send):
    """Sends a head, and then nothing until it is told to end."""
    await start(send)
    while (await receive())["type"] != "http.disconnect":
        pass


async def sleep(seconds):
    """Sleep in whatever loop this is."""
    await (trio.sleep(seconds) if trio.lowlevel.in_trio_task() else asyncio.sleep(seconds))


async def until(condition):
    """Let the loop run until a condition holds."""
    while not condition():
        await sleep(0)


async def turns(count=20):
    """Let every other task run so many times: without a network, that is until all of them wait."""
    for _ in range(count):
        await sleep(0)


async def gathered(*functions):
    """The results of async functions that run at once, in whatever loop this is."""
    if not trio.lowlevel.in_trio_task():
        return await asyncio.gather(*(function() for function in functions))
    results = []

    async def one(function):
        results.append(await function())

    async with trio.open_nursery() as nursery:
        for function in functions:
            nursery.start_soon(one, function)
    return results


def tasks():
    """How many tasks run in this loop."""
    if trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


async def settled(count):
    """Let the loop run until no more than so many tasks do: a thread may have to end first."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if tasks() <= count:
            return
        await sleep(0)
    raise AssertionError(f"{tasks()} tasks run, not {count}")
