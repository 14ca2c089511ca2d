"""Names that there are not, slips and other libraries' words: each says what to write instead."""

from __future__ import annotations

import asyncio
import pickle
from types import SimpleNamespace

import pytest

import envoi
from envoi import aio
from envoi._model.timeout import DEFAULT_TIMEOUT
from envoi._model.timeout import Timeout as Limits

URL = "http://127.0.0.1:1/"
SESSIONS = [envoi.Session, envoi.AsyncSession]


@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tiemout", "did you mean timeout="),
        ("header", "did you mean headers="),
        ("proxy", r"proxies=\{'all': 'http://"),
        ("ssl", "did you mean verify="),
        ("verify_ssl", "did you mean verify="),
        ("follow_redirects", "allow_redirects= with each request"),
        ("limits", "max_connections="),
        ("event_hooks", r"hooks=\{'response'"),
        ("retries", "HTTPAdapter"),
        ("json", "an option of each request"),
        ("zzzz", "adapters, auth, base_url"),
    ],
)
def test_settings_of_a_session(kind, name, told) -> None:
    with pytest.raises(envoi.InvalidOption, match=told):
        kind(**{name: 1})


@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("proxy", r"proxies=\{'all'"),
        ("tiemout", "timeout="),
        ("ssl", "verify="),
        ("header", "headers="),
    ],
)
def test_attributes_of_a_session(kind, name, told) -> None:
    session = kind()
    with pytest.raises(envoi.InvalidOption, match=told):
        setattr(session, name, "x")


@pytest.mark.parametrize("kind", SESSIONS)
def test_attributes_of_the_callers_own(kind) -> None:
    class Derived(kind):
        pass

    session, derived = kind(), Derived()
    session.token = session._proxy = "mine"
    derived.proxy = "mine"
    assert (session.token, session._proxy, derived.proxy) == ("mine", "mine", "mine")


def test_a_setting_that_a_subclass_hands_on() -> None:
    class Derived(envoi.Session):
        def __init__(self, token: str, **settings: object) -> None:
            super().__init__(**settings)  # type: ignore[arg-type]
            self.token = token

    assert Derived("t", timeout=3).token == "t"
    with pytest.raises(envoi.InvalidOption, match="timeout="):
        Derived("t", tiemout=3)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("proxy", r"proxies=\{'all'"),
        ("ssl", "verify="),
        ("content", "data="),
        ("follow_redirects", "allow_redirects="),
        ("tiemout", "timeout="),
        ("base_url", "a setting of a session"),
    ],
)
def test_options_of_a_request(name, told) -> None:
    with pytest.raises(envoi.InvalidOption, match=told):
        envoi.get(URL, **{name: 1})  # type: ignore[arg-type]
    with pytest.raises(envoi.InvalidOption, match=told):
        asyncio.run(aio.get(URL, **{name: 1}))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [envoi.Timeout, envoi.Limits])
@pytest.mark.parametrize(
    ("name", "told"),
    [("conect", "connect="), ("sock_connect", "connect="), ("timeout", "connect=, read=")],
)
def test_limits(kind, name, told) -> None:
    with pytest.raises(envoi.InvalidOption, match=told):
        kind(**{name: 3})


def test_limits_by_position_as_in_httpx() -> None:
    with pytest.raises(envoi.InvalidOption, match=r"read=10, write=10"):
        envoi.Timeout(10, connect=3)
    assert isinstance(envoi.Timeout("took too long", phase="read", seconds=3), Exception)


def test_other_libraries_limits_are_taken() -> None:
    httpx = SimpleNamespace(connect=1.0, read=2.0, write=None, pool=4.0)
    assert Limits.parse(httpx, DEFAULT_TIMEOUT) == Limits(1.0, 2.0, None, 4.0, None)
    aiohttp = SimpleNamespace(total=9, connect=None, sock_connect=3, sock_read=2)
    assert Limits.parse(aiohttp, DEFAULT_TIMEOUT) == Limits(3, 2, None, 60.0, 9)


@pytest.mark.parametrize("kind", SESSIONS)
def test_stream_is_a_setting(kind) -> None:
    session = kind(stream=True)
    assert session.stream
    session.stream = False
    assert not session.stream
    assert session.stream == False  # noqa: E712 - as people write it
    assert repr(session.stream) == "False"
    assert type(pickle.loads(pickle.dumps(session.stream))) is bool
    with pytest.raises(envoi.InvalidOption, match="stream=True"):
        session.stream("GET", URL)


def test_the_other_kind_of_with() -> None:
    async def wrong() -> None:
        async with envoi.Session():  # type: ignore[attr-defined]
            pass

    with pytest.raises(envoi.InvalidOption, match="async with envoi.AsyncSession"):
        asyncio.run(wrong())
    with pytest.raises(envoi.InvalidOption, match="async with"), envoi.AsyncSession():  # type: ignore[attr-defined]
        pass
    with pytest.raises(envoi.InvalidOption, match="async with"), envoi.AsyncResponse():  # type: ignore[attr-defined]
        pass


@pytest.mark.parametrize(
    ("name", "told"),
    [("Client", "envoi.Session"), ("AsyncClient", "envoi.AsyncSession"), ("stream", "stream=True")],
)
def test_names_of_other_modules(name, told) -> None:
    for module in (envoi, aio):
        with pytest.raises(AttributeError, match=told):
            getattr(module, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'$"):
        _ = envoi.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "other", [{"data": {"a": 1}}, {"data": b"x"}, {"data": iter(b"x")}, {"files": {"a": b"x"}}]
)
def test_two_bodies(other) -> None:
    with envoi.Session() as session, pytest.raises(envoi.InvalidOption, match="one"):
        session.post(URL, json={"a": 1}, **other)
    with pytest.raises(envoi.InvalidOption, match="one"):
        asyncio.run(aio.post(URL, json={"a": 1}, **other))


def test_an_empty_body_says_nothing(server) -> None:
    for empty in ({}, [], "", b"", None):
        assert envoi.post(server.url + "/post", data=empty, json={"a": 1}).json()["json"] == {
            "a": 1
        }


@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize(
    "settings",
    [
        {"adapters": 5},
        {"adapters": [1]},
        {"adapters": {5: None}},
        {"proxies": ""},
        {"proxies": b""},
        {"proxies": 0},
    ],
)
def test_values_of_the_wrong_kind(kind, settings) -> None:
    with pytest.raises(envoi.InvalidOption, match="must"):
        kind(**settings)


def test_proxies_of_a_request_of_the_wrong_kind() -> None:
    class Derived(envoi.Session):
        def prepare_request(self, request):
            return super().prepare_request(request)

    for session in (envoi.Session(), Derived()):
        with session, pytest.raises(envoi.InvalidOption, match="proxies= must"):
            session.get(URL, proxies="")  # type: ignore[arg-type]
