"""ASGI applications that fail, or do not keep the rules."""

from __future__ import annotations

import logging
from contextlib import closing
from functools import partial

import pytest

import envoi
from peers.asgi_support import TEXT, http, mount, respond, start


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


async def more(send, body):
    await send({"type": "http.response.body", "body": body, "more_body": True})


def test_exceptions_of_the_application_are_raised_as_they_are(mounted):
    error = RuntimeError("a fault of mine")

    @http
    async def app(scope, receive, send):
        raise error

    with pytest.raises(RuntimeError) as raised:
        mounted(app).get("http://app.test/")
    assert raised.value is error


def test_exception_inside_the_body_is_raised_after_what_came(mounted):
    @http
    async def app(scope, receive, send):
        await start(send)
        await more(send, b"a")
        raise RuntimeError("half way")

    with (
        mounted(app).get("http://app.test/", stream=True) as response,
        closing(response.iter_content()) as pieces,
    ):
        assert next(pieces) == b"a"
        with pytest.raises(RuntimeError, match="half way"):
            next(pieces)
        with pytest.raises(envoi.StreamConsumedError):
            response.read()


def test_exception_after_the_answer_is_raised(mounted):
    @http
    async def app(scope, receive, send):
        await respond(send, b"whole")
        raise RuntimeError("in the background")

    with pytest.raises(RuntimeError, match="in the background"):
        mounted(app).get("http://app.test/")
    assert mounted(app, raise_app_exceptions=False).get("http://app.test/").text == "whole"


def test_exceptions_become_answers_if_asked(mounted, caplog):
    @http
    async def early(scope, receive, send):
        raise RuntimeError("a fault of mine")

    @http
    async def late(scope, receive, send):
        await start(send)
        await more(send, b"a")
        raise RuntimeError("half way")

    with caplog.at_level(logging.DEBUG, "envoi"):
        response = mounted(early, raise_app_exceptions=False).get("http://app.test/")
    assert (response.status_code, response.reason, response.text) == (
        500,
        "Internal Server Error",
        "Internal Server Error",
    )
    assert "a fault of mine" in caplog.text
    assert (
        mounted(early, raise_app_exceptions=False).request("HEAD", "http://app.test/").content
        == b""
    )
    with pytest.raises(envoi.exceptions.IncompleteBody, match="RuntimeError"):
        mounted(late, raise_app_exceptions=False).get("http://app.test/")


def test_what_is_no_exception_is_raised_in_any_case():
    @http
    async def app(scope, receive, send):
        raise SystemExit(3)

    async def main():
        session = envoi.AsyncSession()
        session.mount(
            "http://app.test/", envoi.adapters.ASGIAdapter(app, raise_app_exceptions=False)
        )
        with pytest.raises(SystemExit):
            await session.get("http://app.test/")

    import asyncio

    asyncio.run(main())


def test_redirect_whose_application_fails_afterwards_is_raised(mounted):
    @http
    async def app(scope, receive, send):
        await respond(send, b"", 302, [(b"location", b"/elsewhere")])
        raise RuntimeError("after the redirect")

    with pytest.raises(RuntimeError, match="after the redirect"):
        mounted(app).get("http://app.test/")


async def returns(scope, receive, send):
    pass


async def never_ends_its_body(scope, receive, send):
    await start(send)
    await more(send, b"a")


async def body_first(scope, receive, send):
    await more(send, b"a")


async def starts_twice(scope, receive, send):
    await start(send)
    await start(send)


async def hides_it(scope, receive, send):
    await start(send)
    try:
        await start(send)
    except envoi.RequestException:
        await send({"type": "http.response.body", "body": b"as if nothing had happened"})


async def goes_on_after_the_end(scope, receive, send):
    await respond(send, b"a")
    await more(send, b"b")


async def sends_text(scope, receive, send):
    await start(send)
    await more(send, "text")


async def pushes(scope, receive, send):
    await send({"type": "http.response.push"})


async def has_trailers(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "trailers": True})


async def too_much(scope, receive, send):
    await start(send, headers=[(b"content-length", b"2")])
    await more(send, b"abc")


def head(status=200, headers=TEXT):
    async def app(scope, receive, send):
        await respond(send, b"", status, headers)

    return app


BROKEN = {
    "returned without an answer": returns,
    "before http.response.start": body_first,
    "sent http.response.start twice": starts_twice,
    "sent http.response.start twic": hides_it,
    "after the body's end": goes_on_after_the_end,
    "sent str, not bytes": sends_text,
    "unknown type, 'http.response.push'": pushes,
    "trailers": has_trailers,
    "longer than its Content-Length": too_much,
    "no whole number": head("200"),
    "a status that no answer can have": head(103),
    "a status that no answer can hav": head(2**70),
    "not pairs of bytes": head(headers=[("x", "y")]),
    "not pairs of byte": head(headers=[(b"x", b"y", b"z")]),
    "cannot be sent": head(headers=[(b"x", b"a\r\nb: c")]),
    "breaks the rules of HTTP": head(headers=[(b"content-length", b"some")]),
}


@pytest.mark.parametrize(
    ("words", "app"),
    BROKEN.items(),
    ids=[app.__name__ + words[:9] for words, app in BROKEN.items()],
)
@pytest.mark.parametrize("raises", [True, False])
def test_application_that_breaks_the_rules(mounted, words, app, raises):
    with pytest.raises(
        envoi.exceptions.RemoteProtocolError, match="the application at http://app.test"
    ) as raised:
        mounted(http(app), raise_app_exceptions=raises).get("http://app.test/")
    assert words in str(raised.value)
    assert raised.value.request.url == "http://app.test/"


def test_body_that_ends_too_early(mounted):
    with pytest.raises(envoi.exceptions.IncompleteBody, match="returned before its body had ended"):
        mounted(http(never_ends_its_body)).get("http://app.test/")
    with pytest.raises(envoi.exceptions.IncompleteBody, match="before its Content-Length"):
        mounted(http(head(headers=[(b"content-length", b"2")]))).get("http://app.test/")


def test_application_that_is_cancelled_by_others(mounted):
    @http
    async def app(scope, receive, send):
        import asyncio

        import trio

        if trio.lowlevel.in_trio_task():
            with trio.CancelScope() as scope:
                scope.cancel()
                await trio.sleep(3600)
            raise envoi.exceptions.RemoteProtocolError("trio has no cancellation from outside")
        asyncio.current_task().cancel()
        await asyncio.sleep(3600)

    with pytest.raises(envoi.exceptions.RemoteProtocolError):
        mounted(app).get("http://app.test/")
