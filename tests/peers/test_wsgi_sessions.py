"""A WSGI application with the rest of a session: redirects, cookies, hooks, authentication, threads."""

from __future__ import annotations

import asyncio
import gc
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial

import pytest
import trio

import envoi
from envoi.adapters import WSGIAdapter
from peers.asgi_support import cancelled_when, in_a_thread, settled, tasks
from peers.clients import Client
from peers.wsgi_support import TEXT, Pieces, answering, echo, mount


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


def shop(environ, start_response):
    """Sets a cookie, redirects, and shows the cookie."""
    if environ["PATH_INFO"] == "/enter":
        start_response("302 Found", [("Location", "/inside"), ("Set-Cookie", "guest=7; Path=/")])
        return [b"this way"]
    start_response("200 OK", TEXT)
    return [environ.get("HTTP_COOKIE", "").encode()]


def test_redirects_within_the_application_take_cookies_along(mounted):
    client = mounted(shop)
    response = client.get("http://app.test/enter")
    assert (response.url, response.text, [step.status_code for step in response.history]) == (
        "http://app.test/inside",
        "guest=7",
        [302],
    )
    assert client.session.cookies.get_dict() == {"guest": "7"}
    response = client.get("http://app.test/enter", allow_redirects=False)
    assert response.next.url == "http://app.test/inside"


def test_redirect_sends_the_upload_again(mounted):
    def app(environ, start_response):
        body = environ["wsgi.input"].read()
        if environ["PATH_INFO"] == "/old":
            start_response("307 Temporary Redirect", [("Location", "/new")])
            return [b""]
        start_response("200 OK", TEXT)
        return [body]

    assert mounted(app).post("http://app.test/old", io.BytesIO(b"twice")).text == "twice"


def test_hooks_see_the_response(mounted):
    seen = []
    client = mounted(
        echo,
        session={
            "hooks": {"response": lambda response, **_: seen.append(response.json()["PATH_INFO"])}
        },
    )
    client.get("http://app.test/a")
    assert seen == ["/a"]


def test_hook_sends_another_request_over_the_same_connection():
    def once_more(response, **options):
        if response.status_code == 401:
            request = response.request.copy()
            request.headers["Authorization"] = "yes"
            return response.connection.send(request, **options)
        return None

    def app(environ, start_response):
        start_response("200 OK" if "HTTP_AUTHORIZATION" in environ else "401 Unauthorized", TEXT)
        return [b""]

    with envoi.Session(hooks={"response": once_more}) as session:
        session.mount("http://app.test/", WSGIAdapter(app))
        assert session.get("http://app.test/").status_code == 200


def test_longest_prefix_wins_and_the_rest_goes_over_the_network(mounted, server):
    client = mounted(echo)
    client.session.mount("http://app.test/special/", WSGIAdapter(answering([b"special"])))
    assert client.get("http://app.test/special/").text == "special"
    assert client.get("http://app.test/").json()["PATH_INFO"] == "/"
    assert client.get(server.url + "/get").status_code == 200


def test_real_application(mounted):
    client = mounted(pytest.importorskip("httpbin").app)
    assert client.get("http://app.test/get", params={"a": "ü"}).json()["args"] == {"a": "ü"}
    assert client.get("http://app.test/gzip").json()["gzipped"] is True
    assert client.get("http://app.test/deflate").json()["deflated"] is True
    assert client.get("http://app.test/brotli").json()["brotli"] is True
    assert client.get("http://app.test/redirect/3").url == "http://app.test/get"
    assert client.get("http://app.test/cookies/set?a=b").json() == {"cookies": {"a": "b"}}
    assert (
        client.get(
            "http://app.test/digest-auth/auth/me/secret",
            auth=envoi.auth.HTTPDigestAuth("me", "secret"),
        ).status_code
        == 200
    )
    assert len(list(client.get("http://app.test/stream/5", stream=True).iter_lines())) == 5
    assert client.post("http://app.test/post", io.BytesIO(b"ab")).json()["data"] == "ab"
    assert (
        client.post("http://app.test/post", iter([b"ab"])).status_code == 501
    )  # chunks are not for httpbin, but under gunicorn
    assert client.get("http://app.test/status/418").status_code == 418


def test_eight_threads_share_an_adapter(mounted):
    together = threading.Barrier(4, timeout=10)

    def app(environ, start_response):
        together.wait()  # so many are in here at once
        start_response("200 OK", TEXT)
        yield environ["PATH_INFO"].encode()
        yield environ["wsgi.input"].read()

    client = mounted(app)
    outcomes = client.together(8, "POST", lambda number: f"http://app.test/{number}", data=b"!")
    assert sorted(each.text for each in outcomes) == [f"/{number}!" for number in range(8)]


def test_one_thread_calls_and_others_read():
    body = Pieces(*[bytes([number]) for number in range(100)])
    with envoi.Session() as session, ThreadPoolExecutor(4) as threads:
        session.mount("http://app.test/", WSGIAdapter(answering(body)))
        response = session.get("http://app.test/", stream=True)
        pieces = iter(response.iter_content())
        assert b"".join(threads.submit(next, pieces).result() for _ in range(100)) == bytes(
            range(100)
        )
        assert list(pieces) == []
    assert body.closed == 1


def test_close_waits_for_the_thread_that_is_in_the_application():
    inside, leave = threading.Event(), threading.Event()
    closed = []

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        try:
            yield b"a"
            inside.set()
            assert leave.wait(10)
            yield b"b"
        finally:
            closed.append(threading.get_ident())

    with envoi.Session() as session, ThreadPoolExecutor(1) as thread:
        session.mount("http://app.test/", WSGIAdapter(app))
        response = session.get("http://app.test/", stream=True)
        pieces = iter(response.iter_content())
        assert next(pieces) == b"a"
        reading = thread.submit(next, pieces)
        assert inside.wait(10)
        response.close()
        assert not closed
        leave.set()
        with pytest.raises(envoi.StreamConsumedError):
            reading.result(10)
        assert closed == [thread.submit(threading.get_ident).result()]


def test_application_has_one_context_to_its_end(mounted):
    variable = ContextVar("variable", default="outside")

    def app(environ, start_response):
        token = variable.set("inside")
        start_response("200 OK", TEXT)
        yield variable.get().encode()
        yield b" and " + variable.get().encode()
        variable.reset(token)  # refused in any other context

    assert mounted(app).get("http://app.test/").text == "inside and inside"
    assert variable.get() == "outside"


@pytest.mark.parametrize(
    "run", [asyncio.run, lambda coroutine: trio.run(lambda: coroutine)], ids=["asyncio", "trio"]
)
def test_cancelled_upload_lets_the_application_go(run):
    waits, ended = threading.Event(), threading.Event()

    async def upload():
        yield b"a"
        waits.set()
        await (trio.sleep_forever() if trio.lowlevel.in_trio_task() else asyncio.sleep(3600))

    def app(environ, start_response):
        try:
            environ["wsgi.input"].read()
        finally:
            ended.set()

    async def main():
        async with envoi.AsyncSession() as session:
            session.mount("http://app.test/", WSGIAdapter(app))
            before = tasks()
            await cancelled_when(
                partial(in_a_thread, partial(waits.wait, 10)),
                partial(session.post, "http://app.test/", upload()),
            )
            assert waits.is_set()
            await settled(before)

    run(main())
    assert ended.wait(10)


def test_cancelled_request_closes_what_the_application_returns_afterwards():
    inside, leave = threading.Event(), threading.Event()
    body = Pieces(b"a", b"b")

    def app(environ, start_response):
        inside.set()
        assert leave.wait(10)
        start_response("200 OK", TEXT)
        return body

    async def main():
        async with envoi.AsyncSession() as session:
            session.mount("http://app.test/", WSGIAdapter(app))
            asking = asyncio.create_task(session.get("http://app.test/"))
            await asyncio.to_thread(inside.wait, 10)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            leave.set()

    asyncio.run(main())
    gc.collect()
    assert body.closed == 1


def test_application_may_ask_itself():
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        if environ["PATH_INFO"] == "/outer":
            return [b"outer ", session.get("http://app.test/inner").content]
        return [b"inner"]

    with envoi.Session() as session:
        session.mount("http://app.test/", WSGIAdapter(app))
        assert session.get("http://app.test/outer").text == "outer inner"


@pytest.fixture
def idle_worker(colour):
    """The thread that trio keeps for the next caller of blocking code, started before threads are counted."""
    if colour == "trio":
        trio.run(trio.to_thread.run_sync, lambda: None)


@pytest.mark.usefixtures("idle_worker")
def test_nothing_is_left_behind(colour, leftovers):
    with Client(colour) as client:
        client.session.mount("http://app.test/", WSGIAdapter(echo))
        for _ in range(3):
            assert client.post("http://app.test/", iter([b"x"])).status_code == 200
            client.get("http://app.test/", stream=True).close()
    leftovers.check()
