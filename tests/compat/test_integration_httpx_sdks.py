"""SDKs that are built on httpx, with Envoi's transport under them and a scripted server in place of the service."""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from envoi.integrations.httpx import transport_classes
from envoi.testing import Answer, RawConnection, Request, Server

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore"),  # theirs, at import
]

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


class SDK:
    """What the tests want of an SDK: its clients, one question, and how its answers look.

    Args:
        name: the package.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: Any = pytest.importorskip(name)
        base = next(
            kind
            for kind in self.module.DefaultHttpxClient.__mro__
            if kind.__name__ == "Client" and "envoi" not in kind.__module__
        )
        self.library: Any = importlib.import_module(base.__module__.partition(".")[0])

    def client(self, url: str, **options: Any) -> Any:
        kind = self.module.OpenAI if self.name == "openai" else self.module.Anthropic
        http_client = self.library.Client(transport=transport_classes(self.library)[0]())
        return kind(
            api_key="key", base_url=url, http_client=http_client, **{"max_retries": 0, **options}
        )

    def async_client(self, url: str, **options: Any) -> Any:
        kind = self.module.AsyncOpenAI if self.name == "openai" else self.module.AsyncAnthropic
        limits = self.library.Limits(max_connections=1)
        http_client = self.library.AsyncClient(
            transport=transport_classes(self.library)[1](limits=limits)
        )
        return kind(
            api_key="key", base_url=url, http_client=http_client, **{"max_retries": 0, **options}
        )

    def ask(self, client: Any, **options: Any) -> Any:
        messages = [{"role": "user", "content": "hello"}]
        if self.name == "openai":
            return client.chat.completions.create(model="m", messages=messages, **options)
        return client.messages.create(model="m", max_tokens=10, messages=messages, **options)

    def answer(self, text: str) -> dict[str, Any]:
        if self.name == "openai":
            choice = {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
            return {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
        content = [{"type": "text", "text": text}]
        usage = {"input_tokens": 1, "output_tokens": 1}
        return {
            "id": "1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": content,
            "stop_reason": "end_turn",
            "usage": usage,
        }

    def text(self, answer: Any) -> str:
        found: str = (
            answer.choices[0].message.content if self.name == "openai" else answer.content[0].text
        )
        return found

    def event(self, text: str) -> bytes:
        if self.name == "openai":
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
            data: Any = {
                "id": "1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
            return f"data: {json.dumps(data)}\n\n".encode()
        data = {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": text},
        }
        return f"event: content_block_delta\ndata: {json.dumps(data)}\n\n".encode()

    @property
    def end(self) -> bytes:
        return (
            b"data: [DONE]\n\n"
            if self.name == "openai"
            else b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
        )

    def piece(self, event: Any) -> str:
        if self.name == "openai":
            return event.choices[0].delta.content or ""
        return event.delta.text if event.type == "content_block_delta" else ""


@pytest.fixture(params=["openai", "anthropic"])
def sdk(request: pytest.FixtureRequest) -> SDK:
    """Each SDK that is installed."""
    return SDK(request.param)


@pytest.fixture
def asked(sdk: SDK, server: Server) -> Server:
    """A server that answers every question."""

    def respond(request: Request) -> Answer:
        if not request.json().get("stream"):
            return Answer(200, sdk.answer("hi"))
        pieces = [sdk.event(word) for word in ("one ", "two ", "three")]
        return Answer(
            200, headers=[("Content-Type", "text/event-stream")], chunks=[*pieces, sdk.end]
        )

    server.route("/<path...>", ["POST"])(respond)
    return server


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_question_is_answered(sdk: SDK, asked: Server) -> None:
    with sdk.client(asked.url) as client:
        assert sdk.text(sdk.ask(client)) == "hi"
        assert sdk.text(sdk.ask(client)) == "hi"
    assert asked.connections == 1

    async def main() -> None:
        async with sdk.async_client(asked.url) as client:
            assert sdk.text(await sdk.ask(client)) == "hi"

    asyncio.run(main())


def test_events_are_streamed(sdk: SDK, asked: Server) -> None:
    with sdk.client(asked.url) as client:
        assert (
            "".join(sdk.piece(event) for event in sdk.ask(client, stream=True)) == "one two three"
        )

    async def main() -> None:
        async with sdk.async_client(asked.url) as client:
            assert (
                "".join([sdk.piece(event) async for event in await sdk.ask(client, stream=True)])
                == "one two three"
            )
            assert sdk.text(await sdk.ask(client)) == "hi"

    asyncio.run(main())


def test_events_come_one_by_one_as_they_are_sent(sdk: SDK, raw_server: Any) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(CHUNKED + chunk(sdk.event("first")))
        connection.wait_closed()  # the client has to see the first event before it goes away

    with sdk.client(raw_server(script).url) as client, sdk.ask(client, stream=True) as stream:
        assert sdk.piece(next(iter(stream))) == "first"


@pytest.mark.parametrize("stage", ["head", "events"])
def test_a_silent_service_is_a_timeout(sdk: SDK, raw_server: Any, stage: str) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        if stage == "events":
            connection.send(CHUNKED + chunk(sdk.event("first")))
        connection.wait_closed()

    # While events come, no SDK touches what httpx raises.
    expected = (
        sdk.module.APITimeoutError
        if stage == "head"
        else (sdk.module.APITimeoutError, sdk.library.ReadTimeout)
    )
    with sdk.client(raw_server(script).url, timeout=0.2) as client, pytest.raises(expected):
        list(sdk.ask(client, stream=True))


def test_a_service_that_is_not_there_is_a_connection_error(sdk: SDK) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with (
        sdk.client(f"http://127.0.0.1:{port}") as client,
        pytest.raises(sdk.module.APIConnectionError) as caught,
    ):
        sdk.ask(client)
    assert isinstance(caught.value.__cause__, sdk.library.ConnectError)

    async def main() -> None:
        async with sdk.async_client(f"http://127.0.0.1:{port}") as client:
            with pytest.raises(sdk.module.APIConnectionError):
                await sdk.ask(client)

    asyncio.run(main())


def test_a_connection_that_breaks_is_tried_again_by_the_sdk(sdk: SDK, raw_server: Any) -> None:
    content = json.dumps(sdk.answer("hi")).encode()
    server = raw_server(
        [
            None,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (len(content), content),
        ]
    )
    with sdk.client(server.url, max_retries=1) as client:
        assert sdk.text(sdk.ask(client)) == "hi"
    assert len(server.requests) == 2


def test_events_that_break_off_are_an_error(sdk: SDK, raw_server: Any) -> None:
    server = raw_server([CHUNKED + chunk(sdk.event("first"))], close=True)
    with sdk.client(server.url) as client:
        events = iter(sdk.ask(client, stream=True))
        assert sdk.piece(next(events)) == "first"
        with pytest.raises((sdk.module.APIConnectionError, sdk.library.RemoteProtocolError)):
            next(events)


@pytest.mark.parametrize("stage", ["head", "events"])
def test_a_cancelled_question_gives_its_slot_back(sdk: SDK, raw_server: Any, stage: str) -> None:
    content = json.dumps(sdk.answer("hi")).encode()

    def script(connection: RawConnection) -> None:
        if b'"stream"' in connection.read_request().replace(b'"stream":false', b""):
            if stage == "events":
                connection.send(CHUNKED + chunk(sdk.event("first")))
            connection.wait_closed()
        else:
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(content), content)
            )

    server = raw_server(script)

    async def listen(client: Any, heard: Callable[[], object]) -> None:
        async for _ in await sdk.ask(client, stream=True):
            heard()

    async def main() -> None:
        async with sdk.async_client(server.url) as client:  # one connection at most
            heard = asyncio.Event()
            task = asyncio.create_task(listen(client, heard.set))
            await (
                heard.wait()
                if stage == "events"
                else asyncio.to_thread(server.wait_for_requests, 1)
            )
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert sdk.text(await sdk.ask(client)) == "hi"

    asyncio.run(main())
