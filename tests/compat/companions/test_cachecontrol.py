"""CacheControl: an adapter that overrides `send` and `build_response`, and looks into urllib3's response."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from cachecontrol import CacheControl, CacheControlAdapter
from cachecontrol.caches import FileCache, SeparateBodyFileCache
from cachecontrol.heuristics import ExpiresAfter

import envoi
from envoi.testing import Answer

assert requests.Session is envoi.Session

NOW = format_datetime(datetime.now(UTC), usegmt=True)


def kept(**headers: str) -> list[tuple[str, str]]:
    """Header fields as a server sends them that has a clock, without which nothing is kept."""
    return [("Date", NOW), *((name.replace("_", "-"), value) for name, value in headers.items())]


@pytest.fixture(params=["memory", "file", "separate"])
def session(request, tmp_path):
    """A session over each cache."""
    kind = {"memory": lambda _: None, "file": FileCache, "separate": SeparateBodyFileCache}[
        request.param
    ]
    with CacheControl(requests.Session(), cache=kind(tmp_path / "cache")) as made:
        yield made


def test_a_fresh_answer_is_not_asked_for_again(session, server) -> None:
    server.add(
        "/fresh", Answer(200, "content", headers=kept(Cache_Control="max-age=3600", X_Mine="1"))
    )
    first, again = (session.get(server.url + "/fresh") for _ in range(2))
    assert (first.from_cache, again.from_cache, server.served) == (False, True, 1)
    assert (again.text, again.headers["x-mine"], again.status_code) == ("content", "1", 200)
    assert isinstance(again, requests.Response)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_bodies_of_every_framing_are_kept(session, server, framing) -> None:
    headers = kept(Cache_Control="max-age=3600")
    answers = {
        "length": Answer(200, b"x" * 100_000, headers),
        "chunked": Answer(200, chunks=[b"x" * 50_000, b"x" * 50_000], headers=headers),
        "close": Answer(
            raw=b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nDate: "
            + NOW.encode()
            + b"\r\n\r\n"
            + b"x" * 100_000,
            close=True,
        ),
    }
    server.add("/body", answers[framing])
    assert session.get(server.url + "/body").content == b"x" * 100_000
    with session.get(server.url + "/body", stream=True) as again:
        assert again.from_cache
        assert b"".join(again.iter_content(1000)) == b"x" * 100_000


def test_an_encoded_body_is_kept_and_decoded(session, server) -> None:
    plain = requests.get(server.url + "/gzip", stream=True)
    encoded = plain.raw.read()
    fields = kept(
        Content_Encoding="gzip", Cache_Control="max-age=60", Content_Type="application/json"
    )
    server.add("/encoded", Answer(200, encoded, headers=fields))
    assert session.get(server.url + "/encoded").json()["gzipped"] is True
    again = session.get(server.url + "/encoded")
    assert again.from_cache
    assert again.json()["gzipped"] is True


def test_a_streamed_answer_is_kept_when_it_was_read(session, server) -> None:
    server.add("/fresh", Answer(200, b"x" * 3000, headers=kept(Cache_Control="max-age=3600")))
    with session.get(server.url + "/fresh", stream=True) as response:
        assert response.raw.read(10) == b"x" * 10
        assert sum(map(len, response.iter_content(1000))) == 2990
    assert session.get(server.url + "/fresh").from_cache is True
    with session.get(server.url + "/fresh?other", stream=True):
        pass
    assert session.get(server.url + "/fresh?other").from_cache is False


def test_an_answer_is_validated_by_its_tag(session, server) -> None:
    @server.route("/tagged")
    def tagged(request):
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304, headers={"ETag": '"v1"', "X-Now": "later"})
        return Answer(200, "content", headers={"ETag": '"v1"'})

    assert session.get(server.url + "/tagged").from_cache is False
    again = session.get(server.url + "/tagged")
    assert (again.status_code, again.text, again.from_cache, again.headers["X-Now"]) == (
        200,
        "content",
        True,
        "later",
    )
    assert server.served == 2
    assert server.connections == 1


def test_an_answer_is_validated_by_its_date(session, server) -> None:
    dated = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)

    @server.route("/dated")
    def answer(request):
        if request.headers.get("if-modified-since"):
            return Answer(304)
        return Answer(200, "content", headers={"Last-Modified": dated, "Cache-Control": "no-cache"})

    session.get(server.url + "/dated")
    assert session.get(server.url + "/dated").text == "content"


def test_what_must_not_be_kept_is_not(session, server) -> None:
    server.add("/never", Answer(200, "content", headers={"Cache-Control": "no-store"}))
    server.add(
        "/old",
        Answer(
            200,
            "content",
            headers={
                "Expires": format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
            },
        ),
    )
    for path in ("/never", "/old"):
        assert [session.get(server.url + path).from_cache for _ in range(2)] == [False, False]
    server.add("/fresh", Answer(200, "content", headers=kept(Cache_Control="max-age=60")))
    assert [
        session.get(server.url + "/fresh", headers={"Cache-Control": "no-cache"}).from_cache
        for _ in range(2)
    ] == [False, False]


def test_a_lasting_redirect_is_kept(session, server) -> None:
    server.add("/moved", Answer(301, headers={"Location": "/get"}))
    for _ in range(2):
        response = session.get(server.url + "/moved")
        assert response.json()["url"] == server.url + "/get"
        assert [step.status_code for step in response.history] == [301]
    assert [request.path for request in server.requests] == ["/moved", "/get", "/get"]


def test_a_write_makes_it_forget(session, server) -> None:
    server.add("/thing", Answer(200, "content", headers=kept(Cache_Control="max-age=60")))
    assert [session.get(server.url + "/thing").from_cache for _ in range(2)] == [False, True]
    session.put(server.url + "/thing", data="new")
    assert session.get(server.url + "/thing").from_cache is False


def test_answers_vary(session, server) -> None:
    @server.route("/varied")
    def varied(request):
        return Answer(
            200,
            request.headers.get("accept-language"),
            headers=kept(Cache_Control="max-age=60", Vary="Accept-Language"),
        )

    assert session.get(server.url + "/varied", headers={"Accept-Language": "fr"}).text == "fr"
    assert session.get(server.url + "/varied", headers={"Accept-Language": "en"}).text == "en"
    assert session.get(server.url + "/varied", headers={"Accept-Language": "en"}).from_cache is True


def test_a_heuristic_and_a_mounted_adapter(server, tmp_path) -> None:
    session = requests.Session()
    session.mount(
        "http://",
        CacheControlAdapter(
            FileCache(tmp_path / "cache"), heuristic=ExpiresAfter(hours=1), max_retries=1
        ),
    )
    server.add("/dated", Answer(200, "content", headers=kept()))
    assert [session.get(server.url + "/dated").from_cache for _ in range(2)] == [False, True]
    assert session.get(server.url + "/dated").headers["warning"].startswith("110")
    other = requests.Session()
    other.mount("http://", CacheControlAdapter(FileCache(tmp_path / "cache")))
    assert other.get(server.url + "/dated").from_cache is True
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("http://127.0.0.1:1/")


def test_cookies_arrive(session, server) -> None:
    session.get(server.url + "/cookies/set?flavour=mint")
    assert session.cookies["flavour"] == "mint"
