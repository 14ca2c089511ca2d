"""Jars in sessions and responses, of both colours."""

from __future__ import annotations

import asyncio
import pickle
from http.cookiejar import CookieJar, DefaultCookiePolicy, LWPCookieJar, MozillaCookieJar

import pytest

import envoi
from envoi._model.cookies import CookieHolder
from envoi.cookies import RequestsCookieJar, cookiejar_from_dict
from envoi.testing import Server

KINDS = [envoi.Session, envoi.AsyncSession]


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


def fetch(kind, jar, url, **options):
    """A session with that jar, the response, and what came of it."""
    if kind is envoi.Session:
        with envoi.Session() as session:
            if jar is not None:
                session.cookies = jar
            return session.get(url, **options), session.cookies

    async def awaited():
        async with envoi.AsyncSession() as session:
            if jar is not None:
                session.cookies = jar
            return await session.get(url, **options), session.cookies

    return asyncio.run(awaited())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "make",
    [
        CookieJar,
        MozillaCookieJar,
        LWPCookieJar,
        RequestsCookieJar,
        lambda: cookiejar_from_dict({"z": "0"}),
    ],
)
def test_a_jar_of_the_caller_is_used_and_given_back(kind, make, server):
    jar = make()
    response, after = fetch(kind, jar, server.url + "/cookies/set?a=1&b=2")
    assert after is jar
    assert {cookie.name for cookie in jar} >= {"a", "b"}
    assert response.json()["cookies"].items() >= {"a": "1", "b": "2"}.items()
    assert isinstance(response.history[0].cookies, CookieJar)
    assert response.history[0].cookies.get_dict() == {"a": "1", "b": "2"}
    assert len(response.cookies) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_of_the_caller_is_kept(kind, server):
    _, jar = fetch(
        kind,
        RequestsCookieJar(DefaultCookiePolicy(allowed_domains=[])),
        server.url + "/cookies/set?a=1",
    )
    assert len(jar) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_dictionary_becomes_a_jar(kind, server):
    response, jar = fetch(kind, {"a": "1"}, server.url + "/cookies")
    assert type(jar) is RequestsCookieJar
    assert response.json() == {"cookies": {"a": "1"}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_s_jar_is_for_it_alone(kind, server):
    mine = cookiejar_from_dict({"once": "2"})
    response, jar = fetch(kind, {"kept": "1"}, server.url + "/cookies", cookies=mine)
    assert response.json() == {"cookies": {"kept": "1", "once": "2"}}
    assert dict(jar) == {"kept": "1"}
    assert dict(mine) == {"once": "2"}


@pytest.mark.parametrize("kind", KINDS)
def test_constructor_takes_what_the_attribute_takes(kind):
    jar = CookieJar()
    assert kind(cookies=jar).cookies is jar
    assert dict(kind(cookies={"a": "1"}).cookies) == {"a": "1"}
    session = kind()
    assert session.cookies is session.cookies
    assert isinstance(session.cookies, CookieJar)
    session.cookies = None
    assert session.cookies.is_empty


def test_a_response_s_jar_may_be_replaced(server):
    response = envoi.get(server.url + "/get")
    jar = CookieJar()
    response.cookies = jar
    assert response.cookies is jar
    response.cookies = {"a": "1"}
    assert response.cookies["a"] == "1"


def test_holders_travel():
    for holder in (CookieHolder(), CookieHolder({"a": "1"})):
        assert dict(pickle.loads(pickle.dumps(holder)).jar) == dict(holder.jar)


def test_bad_cookies_are_named(server):
    with pytest.raises(envoi.InvalidOption, match="cookies="):
        envoi.get(server.url + "/cookies", cookies=5)
    with pytest.raises(envoi.InvalidOption, match="bytes"):
        envoi.get(server.url + "/cookies", cookies={"a": b"1"})
