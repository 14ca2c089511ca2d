"""Bodies that another library made, read in sync, asyncio and trio alike.

An adapter of the caller's own gives out a response whose `raw` is a file, has urllib3's `stream`, or
gives few bytes at a time. Whoever reads it, and however, gets the same values.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import envoi
from envoi.adapters import BaseAdapter
from envoi.aio import AsyncResponse
from peers.clients import Client

BODY = b"one\r\ntwo\rthree\n\nfour"


class Streaming:
    """A body with urllib3's `stream`, which records how many bytes it is asked for."""

    def __init__(self, body: bytes, most: int = 1 << 20) -> None:
        self.file = io.BytesIO(body)
        self.most = most
        self.asked: list[int | None] = []
        self.closed = False

    def stream(self, amt: int | None = None, decode_content: bool = True) -> Iterator[bytes]:
        self.asked.append(amt)
        while piece := self.file.read(min(amt or self.most, self.most)):
            yield piece

    def close(self) -> None:
        self.closed = True


RAWS: dict[str, Callable[[], Any]] = {
    "file": lambda: io.BytesIO(BODY),
    "stream": lambda: Streaming(BODY),
    "few at a time": lambda: Streaming(BODY, most=2),
}


class Giving(BaseAdapter):
    """Answers every request with a body of somebody else's, in a response of the kind asked for."""

    def __init__(self, kind: type, raw: Any) -> None:
        self.kind = kind
        self.raw = raw

    def send(self, request: Any, **_: Any) -> Any:
        response = self.kind()
        response.status_code, response.request, response.url = 200, request, request.url
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        response.encoding = "utf-8"
        response.raw = self.raw
        return response

    def close(self) -> None:
        pass


class AsyncGiving(Giving):
    async def send(self, request: Any, **options: Any) -> Any:
        return super().send(request, **options)


def given(client: Client, raw: Any, kind: type | None = None) -> Any:
    """A streamed response whose body is `raw`."""
    blocking = client.colour == "sync"
    adapter = (Giving if blocking else AsyncGiving)(
        kind or (envoi.Response if blocking else AsyncResponse), raw
    )
    client.session.mount("http://", adapter)
    return client.get("http://a.test/", stream=True)


WAYS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "content": (lambda response: response.read(), BODY),
    "pieces of any size": (lambda response: b"".join(response.iter_content()), BODY),
    "pieces of one": (
        lambda response: list(response.iter_content(1)),
        [bytes([byte]) for byte in BODY],
    ),
    "text": (
        lambda response: "".join(response.iter_content(4, decode_unicode=True)),
        BODY.decode(),
    ),
    "lines": (
        lambda response: list(response.iter_lines()),
        [b"one", b"two", b"three", b"", b"four"],
    ),
    "lines of three": (
        lambda response: list(response.iter_lines(3)),
        [b"one", b"two", b"three", b"", b"four"],
    ),
    "lines by delimiter": (
        lambda response: list(response.iter_lines(delimiter=b"t")),
        BODY.split(b"t"),
    ),
    "lines of text": (
        lambda response: list(response.iter_lines(decode_unicode=True)),
        ["one", "two", "three", "", "four"],
    ),
    "a piece, then the rest": (
        lambda response: (
            next(iter(response.iter_content(4))) + b"".join(response.iter_content(1000))
        ),
        BODY,
    ),
}


@pytest.mark.parametrize("raw", RAWS)
@pytest.mark.parametrize("way", WAYS)
def test_body_is_the_same_however_it_is_read(client: Client, raw: str, way: str) -> None:
    read, expected = WAYS[way]
    assert read(given(client, RAWS[raw]())) == expected


@pytest.mark.parametrize("raw", RAWS)
def test_body_that_was_streamed_is_gone(client: Client, raw: str) -> None:
    response = given(client, RAWS[raw]())
    assert b"".join(response.iter_content(3)) == BODY
    with pytest.raises(envoi.StreamConsumedError):
        response.read()
    with pytest.raises(envoi.StreamConsumedError):
        response.iter_content(3)


@pytest.mark.parametrize("raw", RAWS)
def test_body_that_was_read_can_be_read_again(client: Client, raw: str) -> None:
    response = given(client, RAWS[raw]())
    assert response.read() == response.content == BODY
    assert list(response.iter_content(len(BODY))) == [BODY]
    assert next(iter(response.iter_lines())) == b"one"


def test_raw_is_asked_for_as_much_as_the_reader_wants(client: Client) -> None:
    raw = Streaming(BODY)
    assert next(iter(given(client, raw).iter_content(3))) == BODY[:3]
    assert raw.asked == [3]


def test_closing_half_way_closes_raw(client: Client) -> None:
    raw = Streaming(BODY)
    response = given(client, raw)
    assert next(iter(response.iter_content(3))) == BODY[:3]
    response.close()
    assert raw.closed


def test_lines_come_from_an_overridden_iter_content(client: Client) -> None:
    class Plain(envoi.Response):
        def iter_content(self, *_: Any, **__: Any) -> Iterator[bytes]:
            return iter([b"mine\nand ", b"mine"])

    class Awaited(AsyncResponse):
        async def iter_content(self, *_: Any, **__: Any) -> Any:  # type: ignore[override]
            for piece in (b"mine\nand ", b"mine"):
                yield piece

    response = given(client, io.BytesIO(BODY), Plain if client.colour == "sync" else Awaited)
    assert list(response.iter_lines()) == [b"mine", b"and mine"]


@pytest.mark.parametrize("way", ["pieces", "read", "content"])
def test_content_of_false_says_that_the_body_is_not_read_yet(client: Client, way: str) -> None:
    # requests says so, and packages built on it set it.
    response = given(client, io.BytesIO(BODY))
    getattr(response, "response", response)._content = False
    if way == "pieces":
        assert b"".join(response.iter_content(3)) == BODY
    elif way == "read" or client.colour != "sync":
        assert response.read() == response.content == BODY
    else:
        assert response.content == BODY


def test_a_piece_is_not_held_back_to_fill_it_up(client: Client) -> None:
    response = given(client, Streaming(BODY, most=2))
    assert [len(piece) for piece in response.iter_content(1000)][:3] == [2, 2, 2]
