"""`envoi.aio.ASGISession`: a session whose requests all go to an application."""

from __future__ import annotations

import pytest

import envoi
from envoi import aio
from peers.asgi_support import Lifespan, body_of, echo, http, respond, tasks

pytestmark = pytest.mark.leaks


def test_relative_and_absolute_urls_reach_the_application(run):
    async def main():
        async with aio.ASGISession(echo) as session:
            told = [
                (await session.get(url)).json()
                for url in ("/a", "b", "http://other.test/c", "https://secure.test/d")
            ]
            assert [(each["server"], each["path"], each["scheme"]) for each in told] == [
                (["testserver", 80], "/a", "http"),
                (["testserver", 80], "/b", "http"),
                (["other.test", 80], "/c", "http"),
                (["secure.test", 443], "/d", "https"),
            ]

    run(main())


def test_lifespan_is_that_of_the_with_statement(run):
    app = Lifespan()

    async def main():
        before = tasks()
        async with aio.ASGISession(app) as session:
            assert app.noted == ["startup"]
            assert (await session.get("/a")).json() == {"name": "ready", "seen": "/a"}
        assert app.noted == ["startup", "/a", "shutdown", "returned"]
        assert tasks() == before

    run(main())


def test_without_a_with_statement_the_application_is_only_asked(run):
    app = Lifespan()

    async def main():
        session = aio.ASGISession(app)
        assert (await session.get("/a")).json() == {"seen": "/a"}

    run(main())
    assert app.noted == ["/a"]


def test_startup_that_fails_fails_the_with_statement(run):
    async def main():
        before = tasks()
        with pytest.raises(envoi.ConnectionError, match="no luck"):
            async with aio.ASGISession(Lifespan(fail="startup")):
                raise AssertionError("not to be reached")
        assert tasks() == before

    run(main())


def test_settings_are_those_of_a_session_and_of_an_adapter(run):
    async def main():
        settings = {"headers": {"X-Mine": "1"}, "params": {"a": "b"}, "auth": ("me", "secret")}
        async with aio.ASGISession(
            echo, "https://app.test/below/", root_path="/below", client="192.0.2.7", **settings
        ) as session:
            told = (await session.get("page")).json()
        assert (told["path"], told["root_path"], told["query_string"], told["client"][0]) == (
            "/below/page",
            "/below",
            "a=b",
            "192.0.2.7",
        )
        assert ["x-mine", "1"] in told["headers"]
        assert "authorization" in dict(told["headers"])
        assert session.app is echo

    run(main())


def test_cookies_redirects_and_uploads_work(run):
    @http
    async def app(scope, receive, send):
        body = await body_of(receive)
        if scope["path"] == "/in":
            await respond(
                send, b"", 303, [(b"location", b"/out"), (b"set-cookie", b"seen=" + body)]
            )
        else:
            await respond(send, dict(scope["headers"])[b"cookie"])

    async def upload():
        yield b"y"
        yield b"es"

    async def main():
        async with aio.ASGISession(app) as session:
            response = await session.post("/in", data=upload())
            assert (response.text, response.url) == ("seen=yes", "http://testserver/out")

    run(main())
