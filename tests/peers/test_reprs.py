"""What a prompt shows of things: their `repr`, and the names that it offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import envoi
from envoi.adapters import AsyncHTTPAdapter, HTTPAdapter
from envoi.testing import RawServer, Server


def test_a_session_says_where_it_goes_and_whether_it_is_open(server: Server) -> None:
    with envoi.Session() as session:
        assert repr(session) == "<Session connections=0>"
        session.get(f"{server.url}/get")
        assert repr(session) == "<Session connections=1>"
    assert repr(session) == "<Session closed>"


@pytest.mark.parametrize("kind", [envoi.Session, envoi.AsyncSession])
def test_a_session_shows_no_secret(kind: Any) -> None:
    session = kind(base_url="https://ada:secret@api.example.com/v1", auth=("ada", "secret"))
    assert "secret" not in repr(session)
    assert repr(session).startswith(f"<{kind.__name__} base_url='https://")


def test_a_session_that_was_not_made_to_its_end_can_be_shown() -> None:
    assert repr(envoi.Session.__new__(envoi.Session)) == "<Session connections=0>"
    assert repr(HTTPAdapter.__new__(HTTPAdapter)) == "<HTTPAdapter max_retries=None>"


@pytest.mark.parametrize("kind", [HTTPAdapter, AsyncHTTPAdapter])
def test_an_adapter_says_how_often_it_tries(kind: Callable[..., Any]) -> None:
    shown = repr(kind(max_retries=3))
    assert shown.startswith(f"<{kind.__name__} max_retries=")  # type: ignore[attr-defined]
    assert "3" in shown


def test_raw_says_whose_it_is(server: Server) -> None:
    with envoi.get(f"{server.url}/get", stream=True) as response:
        assert repr(response.raw) == "<Raw of <Response [200]>>"


async def shown_raw(address: str) -> str:
    async with envoi.AsyncSession() as session:
        async with await session.get(f"{address}/get", stream=True) as response:
            return repr(response.raw)


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_raw_of_an_async_response_says_whose_it_is(server: Server, library: str) -> None:
    import asyncio

    import trio

    shown = (
        asyncio.run(shown_raw(server.url))
        if library == "asyncio"
        else trio.run(shown_raw, server.url)
    )
    assert shown == "<AsyncRaw of <Response [200]>>"


def test_servers_say_where_they_listen_and_what_came(server: Server) -> None:
    envoi.get(f"{server.url}/get")
    assert repr(server) == f"<Server {server.url}, 1 requests>"
    with RawServer.replies([]) as raw:
        assert repr(raw) == f"<RawServer {raw.url}, 0 requests>"


def test_headers_of_a_recorded_request_are_found_by_name_and_by_position(server: Server) -> None:
    envoi.get(f"{server.url}/get", headers={"X-Tag": "a"})
    headers = server.requests[0].headers
    assert headers["x-tag"] == "a"
    assert headers[0] in list(headers)
    assert headers[:2] == tuple(headers)[:2]
    with pytest.raises(KeyError):
        headers["X-Other"]


def test_a_response_offers_what_is_for_its_user(server: Server) -> None:
    names = dir(envoi.get(f"{server.url}/get"))
    assert {"status_code", "text", "json", "iter_lines", "headers"} <= set(names)
    assert not {"cookie_fields", "finish", "location", "sets_cookies", "trace"} & set(names)


def test_the_package_offers_what_it_has() -> None:
    assert {"get", "aio", "codes", "AsyncSession", "Timeout"} <= set(dir(envoi))
    assert not {"TYPE_CHECKING", "annotations"} & set(dir(envoi))
