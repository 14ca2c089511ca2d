"""Adapters of one's own, which need no network, in the three colours."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import envoi
from envoi.adapters import AsyncBaseAdapter, BaseAdapter, HTTPAdapter
from peers.clients import COLOURS, Client

pytestmark = pytest.mark.timeout(30)


@pytest.fixture(params=COLOURS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with Client(request.param) as made:
        yield made


def mount(client: Client, prefix: str, adapter: Any) -> Any:
    client.session.mount(prefix, adapter)
    return adapter


def test_nothing_is_mounted_for_other_schemes(client: Client) -> None:
    for url in ("ftp://example.org/", "echo://x", "mailto:a@b.test"):
        with pytest.raises(
            envoi.exceptions.InvalidSchema, match="No connection adapters were found"
        ):
            client.get(url)


@pytest.mark.parametrize("wrong", [None, HTTPAdapter, "http", object()])
def test_what_is_no_adapter_is_refused(client: Client, wrong: Any) -> None:
    with pytest.raises(envoi.InvalidOption, match="adapter"):
        client.session.mount("http://", wrong)


def test_an_adapter_that_returns_no_response_is_named(client: Client) -> None:
    class Wrong(BaseAdapter):
        def send(self, request: Any, **_: Any) -> Any:
            return "a text"

        def close(self) -> None:
            pass

    mount(client, "wrong://", Wrong())
    with pytest.raises(envoi.InvalidOption, match=r"Wrong\.send returned str"):
        client.get("wrong://x/")


def test_an_async_adapter_is_not_for_a_sync_session() -> None:
    class Awaited(AsyncBaseAdapter):
        async def send(self, request: Any, *_: Any, **__: Any) -> Any:
            raise AssertionError

    with envoi.Session() as session:
        session.mount("a://", Awaited())
        with pytest.raises(envoi.InvalidOption, match="Awaited is asynchronous"):
            session.get("a://x/")
        session.adapters.popitem()
        session.adapters = {}


class Echo(BaseAdapter):
    """Answers with the request's body, without a network."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def send(
        self,
        request: Any,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        self.threads.append(threading.get_ident())
        response = envoi.Response()
        response.status_code = 302 if request.path_url == "/go" else 200
        response.headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Location": "echo://host/there",
            "Set-Cookie": "seen=1; Path=/",
        }
        response.raw = io.BytesIO(
            (
                request.method + " " + request.path_url + " " + request.headers.get("Cookie", "")
            ).encode()
        )
        response.reason = "Fine"
        response.url = request.url
        return response

    def close(self) -> None:
        pass


def test_adapters_and_stream_as_arguments_of_a_session(client: Client) -> None:
    with Client(client.colour, adapters={"echo://": Echo()}, stream=True) as made:
        response = made.get("echo://host/x")
        assert b"".join(response.iter_content(4)) == b"GET /x "


def test_max_body_and_elapsed_hold_for_what_an_adapter_made(client: Client) -> None:
    mount(client, "echo://", Echo())
    with pytest.raises(envoi.BodyTooLarge):
        client.get("echo://host/long", max_body=5)
    assert client.get("echo://host/x", max_body=500).elapsed.total_seconds() > 0
    client.session.params = {"a": 1}
    client.session.stream = True
    streamed = client.get("echo://host/x", stream=None)
    assert (
        streamed._content is None if client.colour == "sync" else streamed.response._content is None
    )
    assert b"".join(streamed.iter_content()).startswith(b"GET /x "), (
        "the session's parameters are for http"
    )


def test_an_adapter_without_a_network(client: Client) -> None:
    adapter = mount(client, "echo://", Echo())
    response = client.get("echo://host/go?x=1")
    assert (response.status_code, response.text, response.reason) == (200, "GET /go?x=1 ", "Fine")
    response = client.post("echo://host/go", data=b"")
    assert [step.status_code for step in response.history] == [302]
    assert response.text == "GET /there seen=1"
    assert response.connection is adapter
    streamed = client.get("echo://host/pieces", stream=True)
    assert b"".join(streamed.iter_content(3)) == b"GET /pieces seen=1"
    here = threading.get_ident()
    assert all((thread == here) == (client.colour == "sync") for thread in adapter.threads), (
        "an event loop is not held up"
    )


def test_a_redirect_does_not_reach_other_adapters(client: Client, raw_server: Any) -> None:
    mount(client, "echo://", Echo())
    server = raw_server(
        [b"HTTP/1.1 302 Found\r\nLocation: echo://host/secret\r\nContent-Length: 0\r\n\r\n"]
    )
    with pytest.raises(envoi.exceptions.InvalidSchema, match="redirects to a echo: URL"):
        client.get(server.url)
