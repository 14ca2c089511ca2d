"""A request goes the same whichever way it takes: over the pool at once, through overridden methods, through a mounted adapter, prepared."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import envoi
from compat.peer_of_requests import COMPARED, script
from compat.test_against_requests import CASES, _observed
from envoi.adapters import AsyncHTTPAdapter, HTTPAdapter
from envoi.testing import RawServer

pytestmark = pytest.mark.timeout(120)
PARTS = 6


class Overriding(envoi.Session):
    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)


class Sending(envoi.Session):
    def send(self, request: envoi.PreparedRequest, **options: Any) -> envoi.Response:
        return super().send(request, **options)


class Building(HTTPAdapter):
    def build_response(self, req: Any, resp: Any) -> envoi.Response:
        return super().build_response(req, resp)


class AsyncOverriding(envoi.AsyncSession):
    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)


class AsyncSending(envoi.AsyncSession):
    async def send(self, request: envoi.PreparedRequest, **options: Any) -> envoi.AsyncResponse:
        return await super().send(request, **options)


def mounted(adapter: HTTPAdapter) -> envoi.Session:
    session = envoi.Session(trust_env=False)
    session.mount("http://", adapter)
    return session


def touched() -> envoi.Session:
    session = envoi.Session(trust_env=False)
    assert set(session.adapters) == {"http://", "https://"}
    return session


WAYS = {
    "overridden": lambda: Overriding(trust_env=False),
    "own send": lambda: Sending(trust_env=False),
    "adapter": lambda: mounted(HTTPAdapter(max_retries=1)),
    "building adapter": lambda: mounted(Building()),
    "touched": touched,
}
ASYNC_WAYS = {
    "overridden": AsyncOverriding,
    "own send": AsyncSending,
    "adapter": envoi.AsyncSession,
}
# What is the same for people, and another object or word for the machine: a body that urllib3 decodes is decoded by its rules.
URLLIB3_DECODES = {
    "GET bad-gzip",
    "GET double",
    "GET unknown-coding",
    "GET raw-deflate",
    "GET short",
    "GET short-chunked",
    "GET bad-chunk",
}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_the_same(way: str, part: int) -> None:
    differences = []
    for name in list(CASES)[part::PARTS]:
        if way == "building adapter" and name in URLLIB3_DECODES:
            continue
        with (
            RawServer(script) as recorder,
            envoi.Session(trust_env=False) as plain,
            WAYS[way]() as other,
        ):
            expected, seen = _observed(plain, recorder, name), _observed(other, recorder, name)
        differences += [
            f"{name}: {field}: {expected[field]!r}, {seen[field]!r}"
            for field in COMPARED
            if expected[field] != seen[field]
        ]
    assert not differences, "\n".join(differences)


class Awaited:
    """An async session as the comparison wants one: each call in the loop that it belongs to."""

    def __init__(self, session: envoi.AsyncSession, loop: asyncio.AbstractEventLoop) -> None:
        self._session = session
        self._loop = loop

    def request(self, method: str, url: str, **options: Any) -> envoi.AsyncResponse:
        return self._loop.run_until_complete(self._session.request(method, url, **options))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("way", ASYNC_WAYS)
def test_every_way_is_the_same_awaited(way: str, part: int) -> None:
    differences = []
    loop = asyncio.new_event_loop()
    try:
        for name in list(CASES)[part::PARTS]:
            with RawServer(script) as recorder, envoi.Session(trust_env=False) as plain:
                session = ASYNC_WAYS[way](trust_env=False)
                if way == "adapter":
                    session.mount("http://", AsyncHTTPAdapter())
                expected = _observed(plain, recorder, name)
                seen = _observed(Awaited(session, loop), recorder, name)
                loop.run_until_complete(session.close())
            differences += [
                f"{name}: {field}: {expected[field]!r}, {seen[field]!r}"
                for field in COMPARED
                if expected[field] != seen[field]
            ]
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert not differences, "\n".join(differences)


AS_REQUESTS = ("data json and data",)
"""What a session refuses and `Request.prepare` takes as requests does, whose own tests say so."""


@pytest.mark.parametrize("part", range(PARTS))
def test_a_prepared_request_is_the_same(part: int) -> None:
    differences = []
    for name in list(CASES)[part::PARTS]:
        with (
            RawServer(script) as recorder,
            envoi.Session(trust_env=False) as plain,
            envoi.Session(trust_env=False) as other,
        ):
            expected = _observed(plain, recorder, name)
            seen = _observed(Preparing(other), recorder, name)
        differences += [
            f"{name}: {field}: {expected[field]!r}, {seen[field]!r}"
            for field in COMPARED
            if expected[field] != seen[field] and name not in AS_REQUESTS
        ]
    assert not differences, "\n".join(differences)


class Preparing:
    """A session that prepares every request, and sends it after."""

    def __init__(self, session: envoi.Session) -> None:
        self._session = session

    def request(
        self, method: str, url: str, *, allow_redirects: bool | None = None, **options: Any
    ) -> envoi.Response:
        prepared = self._session.prepare_request(envoi.Request(method, url, **options))
        follow = method.upper() != "HEAD" if allow_redirects is None else allow_redirects
        return self._session.send(prepared, allow_redirects=follow)
