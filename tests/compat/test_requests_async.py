"""What the README of requests-async shows, with `from envoi import aio as requests` in its place."""

from __future__ import annotations

import asyncio
import inspect
import json

import pytest
import trio

import envoi
from envoi import aio as requests

pytestmark = pytest.mark.leaks


@pytest.fixture(params=["asyncio", "trio"])
def run(request):
    """Runs an async function on asyncio, and on trio, which requests-async did not know."""
    return (
        asyncio.run if request.param == "asyncio" else lambda coroutine: trio.run(lambda: coroutine)
    )


async def application(scope, receive, send):
    """Knows two pages, and what was posted to it."""
    assert scope["type"] == "http"
    body = b""
    while (message := await receive())["more_body"]:
        body += message["body"]
    body += message["body"]
    pages = {"/": b"<h1>Home</h1>", "/about": b"About", "/posted": body}
    found = pages.get(scope["path"])
    await send(
        {
            "type": "http.response.start",
            "status": 404 if found is None else 200,
            "headers": [(b"content-type", b"text/html; charset=utf-8")],
        }
    )
    await send({"type": "http.response.body", "body": b"" if found is None else found})


# Usage.


def test_functions_are_awaited(run, server):
    async def main():
        response = await requests.get(server.url + "/get")
        assert response.status_code == 200
        assert json.loads(response.text)["url"] == server.url + "/get"

    run(main())


def test_session_is_an_asynchronous_context_manager(run, server):
    async def main():
        async with requests.Session() as session:
            await session.get(server.url + "/cookies/set?flavour=vanilla")
            response = await session.get(server.url + "/cookies")
            assert (response.status_code, response.json()) == (
                200,
                {"cookies": {"flavour": "vanilla"}},
            )

    run(main())


@pytest.mark.parametrize("verb", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_each_verb_of_requests_is_there_as_a_function_and_as_a_method(run, server, verb):
    async def main():
        one = await getattr(requests, verb)(server.url + "/anything")
        async with requests.Session() as session:
            other = await getattr(session, verb)(server.url + "/anything")
            third = await requests.request(verb.upper(), server.url + "/anything")
        assert {each.request.method for each in (one, other, third)} == {verb.upper()}
        assert {each.status_code for each in (one, other, third)} == {200}

    run(main())


def test_arguments_are_those_of_requests(run, server):
    async def main():
        told = await requests.post(
            server.url + "/anything",
            data={"field": "value"},
            params={"page": 2},
            headers={"X-Mine": "1"},
            cookies={"a": "b"},
            auth=("tom", "pass"),
            timeout=(5, 10),
            allow_redirects=False,
        )
        assert told.json()["args"] == {"page": "2"}
        assert told.json()["form"] == {"field": "value"}
        assert told.request.headers["Authorization"] == "Basic dG9tOnBhc3M="
        assert told.request.headers["Cookie"] == "a=b"
        assert told.request.headers["X-Mine"] == "1"
        assert (await requests.post(server.url + "/anything", json=[1])).json()["json"] == [1]

    run(main())


def test_redirects_are_followed_or_not(run, server):
    async def main():
        response = await requests.get(server.url + "/redirect/2")
        assert (response.status_code, [step.status_code for step in response.history]) == (
            200,
            [302, 302],
        )
        response = await requests.get(server.url + "/redirect/2", allow_redirects=False)
        assert (response.status_code, response.is_redirect) == (302, True)
        with pytest.raises(requests.TooManyRedirects):
            async with requests.Session() as session:
                session.max_redirects = 1
                await session.get(server.url + "/redirect/2")

    run(main())


def test_errors_are_those_of_requests(run, server):
    async def main():
        response = await requests.get(server.url + "/status/404")
        with pytest.raises(requests.HTTPError):
            response.raise_for_status()
        assert response.status_code == requests.codes.not_found
        with pytest.raises(requests.exceptions.MissingSchema):
            await requests.get("example.org")
        with pytest.raises(requests.exceptions.ReadTimeout):
            await requests.get(server.url + "/delay/5", timeout=0.05)

    run(main())


def test_names_are_there():
    ours = [
        "ASGISession", "ConnectTimeout", "ConnectionError", "FileModeWarning", "HTTPAdapter", "HTTPError", "PreparedRequest", "ReadTimeout",
        "Request", "RequestException", "Response", "Session", "Timeout", "TooManyRedirects", "URLRequired", "codes", "delete", "exceptions",
        "get", "head", "options", "patch", "post", "put", "request",
    ]  # fmt: skip
    assert [name for name in ours if name not in requests.__all__] == []
    assert issubclass(requests.ASGISession, requests.Session)
    assert requests.Session is envoi.AsyncSession
    assert requests.auth.HTTPBasicAuth("tom", "pass") == envoi.auth.HTTPBasicAuth("tom", "pass")


def test_request_is_prepared_and_sent(run, server):
    async def main():
        async with requests.Session() as session:
            prepared = session.prepare_request(
                requests.Request("GET", server.url + "/get", params={"a": "b"})
            )
            assert isinstance(prepared, requests.PreparedRequest)
            response = await session.send(prepared)
            assert isinstance(response, requests.Response)
            assert response.json()["args"] == {"a": "b"}

    run(main())


def test_adapter_can_be_mounted(run, server):
    async def main():
        async with requests.Session() as session:
            session.mount(server.url, requests.HTTPAdapter(max_retries=1))
            assert (await session.get(server.url + "/get")).status_code == 200

    run(main())


# Streaming responses and requests.


def test_content_is_iterated_asynchronously(run, server):
    async def main():
        response = await requests.get(server.url + "/bytes/1000", stream=True)
        pieces = [piece async for piece in response.iter_content()]
        assert len(b"".join(pieces)) == 1000
        assert all(isinstance(piece, bytes) for piece in pieces)
        response = await requests.get(server.url + "/bytes/100", stream=True)
        assert {len(piece) async for piece in response.iter_content(1)} == {1}
        response = await requests.get(server.url + "/bytes/100")
        assert [len(piece) async for piece in response.iter_content(chunk_size=40)] == [40, 40, 20]

    run(main())


def test_response_itself_is_iterated_asynchronously(run, server):
    async def main():
        response = await requests.get(server.url + "/bytes/1000", stream=True)
        assert len(b"".join([piece async for piece in response])) == 1000

    run(main())


def test_lines_are_iterated_asynchronously(run, server):
    async def main():
        response = await requests.get(server.url + "/stream/3", stream=True)
        assert [json.loads(line)["id"] async for line in response.iter_lines()] == [0, 1, 2]
        response = await requests.get(server.url + "/stream/3")
        assert len([line async for line in response.iter_lines(512, False, b"}\n")]) >= 3

    run(main())


def test_arguments_of_the_iterators_are_those_of_requests():
    for method, names in (
        (requests.Response.iter_content, ["chunk_size", "decode_unicode"]),
        (requests.Response.iter_lines, ["chunk_size", "decode_unicode", "delimiter"]),
    ):
        assert list(inspect.signature(method).parameters)[1:] == names


def test_text_where_the_response_has_an_encoding_and_bytes_otherwise(run, server):
    async def main():
        client = requests.ASGISession(application)
        response = await client.get("/", stream=True)
        assert (
            "".join([piece async for piece in response.iter_content(4, decode_unicode=True)])
            == "<h1>Home</h1>"
        )
        response = await client.get("/", stream=True)
        assert [
            line async for line in response.iter_lines(decode_unicode=True, delimiter="Home")
        ] == ["<h1>", "</h1>"]
        response = await requests.get(server.url + "/bytes/10", stream=True)
        assert response.encoding is None
        assert [type(piece) async for piece in response.iter_content(10, decode_unicode=True)] == [
            bytes
        ]

    run(main())


def test_request_is_streamed_from_an_asynchronous_generator(run, server):
    async def stream_body():
        for number in range(3):
            yield f"part {number}\n".encode()

    async def main():
        response = await requests.post(server.url + "/anything", data=stream_body())
        assert response.json()["data"] == "part 0\npart 1\npart 2\n"
        async with requests.ASGISession(application) as client:
            assert (
                await client.post("/posted", data=stream_body())
            ).text == "part 0\npart 1\npart 2\n"

    run(main())


# Requests to an application, without a network.


def test_mock_service_takes_the_place_of_the_live_one(run, server):
    async def fetch(client):
        async with client:
            return (await client.get(server.url + "/get")).status_code

    async def main():
        assert await fetch(requests.Session()) == 200
        assert (
            await fetch(requests.ASGISession(application)) == 404
        )  # the application has no such page, and nobody else was asked
        assert len(server.requests) == 1

    run(main())


def test_test_client(run):
    async def main():
        client = requests.ASGISession(application)
        response = await client.get("/")
        assert (response.status_code, response.text) == (200, "<h1>Home</h1>")
        assert (await client.get("/missing")).status_code == 404
        assert (await client.post("/posted", data={"a": "b"})).text == "a=b"
        with pytest.raises(requests.HTTPError):
            (await client.get("/missing")).raise_for_status()

    run(main())
