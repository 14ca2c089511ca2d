"""requests-cache: a session that overrides `send`, with responses that are classes made of requests'."""

from __future__ import annotations

import pickle
from datetime import timedelta
from itertools import chain, repeat

import pytest
import requests
import requests_cache
from requests_cache import CachedSession, CacheMixin

import envoi
from envoi.testing import Answer

assert requests.Session is envoi.Session


@pytest.fixture(params=["memory", "sqlite", "filesystem"])
def session(request, tmp_path):
    """A session over each backend that needs no server."""
    with CachedSession(tmp_path / "cache", backend=request.param) as made:
        yield made


def test_an_answer_comes_from_the_cache(session, server) -> None:
    first = session.get(server.url + "/get", params={"a": "1"}, headers={"X-Mine": "1"})
    again = session.get(server.url + "/get", params={"a": "1"})
    assert (first.from_cache, again.from_cache, server.served) == (False, True, 1)
    assert isinstance(again, requests.Response)
    assert again.json() == first.json()
    assert again.url == first.url
    assert (again.status_code, again.reason, again.encoding) == (200, "OK", first.encoding)
    assert again.headers["content-type"] == first.headers["Content-Type"]
    assert again.request.headers["X-Mine"] == "1"
    assert again.elapsed == first.elapsed > timedelta(0)
    assert session.get(server.url + "/get", params={"a": "2"}).from_cache is False
    assert session.cache.contains(url=server.url + "/get?a=1")
    assert session.head(server.url + "/get").from_cache is False
    assert session.head(server.url + "/get").from_cache is True


def test_redirects_are_cached(session, server) -> None:
    first = session.get(server.url + "/redirect/2")
    served = server.served
    again = session.get(server.url + "/redirect/2")
    assert (again.from_cache, server.served, served) == (True, served, 3)
    assert (
        [step.status_code for step in again.history]
        == [step.status_code for step in first.history]
        == [302, 302]
    )
    assert again.history[0].url == server.url + "/redirect/2"
    assert session.get(server.url + "/get").from_cache is True


def test_encoded_and_streamed_bodies(session, server) -> None:
    assert session.get(server.url + "/gzip").json()["gzipped"] is True
    assert session.get(server.url + "/gzip").json()["gzipped"] is True
    for _ in range(2):
        with session.get(server.url + "/bytes/500?seed=1", stream=True) as response:
            assert len(response.raw.read(200)) == 200
            assert len(b"".join(response.iter_content(150))) == 500
    assert (response.from_cache, server.served) == (True, 2)


def test_cookies_and_forms(session, server) -> None:
    assert session.get(server.url + "/cookies/set?flavour=mint").cookies.get_dict() == {}
    assert session.cookies["flavour"] == "mint"
    session.cookies.clear()
    assert (
        session.get(server.url + "/cookies/set?flavour=mint").history[0].cookies["flavour"]
        == "mint"
    )
    session.settings.allowable_methods = ("GET", "POST")
    files = {"file": ("a.txt", b"content")}
    assert session.post(server.url + "/post", files=files).from_cache is False
    assert session.post(server.url + "/post", files=files).from_cache is True
    assert session.post(server.url + "/post", json={"a": 1}).from_cache is False
    assert session.post(server.url + "/post", json={"a": 1}).from_cache is True


def test_an_answer_expires(session, server) -> None:
    count = iter(range(10))
    server.route("/count")(lambda request: str(next(count)))
    session.settings.expire_after = 3600
    assert [session.get(server.url + "/count").text for _ in range(2)] == ["0", "0"]
    assert session.get(server.url + "/count", expire_after=0).text == "0"
    for response in session.cache.filter():
        response.reset_expiration(timedelta(seconds=-1))
        session.cache.responses[response.cache_key] = response
    assert session.get(server.url + "/count").text == "1"
    assert session.get(server.url + "/count", force_refresh=True).text == "2"
    assert session.get(server.url + "/other", only_if_cached=True).status_code == 504
    with session.cache_disabled():
        assert session.get(server.url + "/count").text == "3"


def test_an_answer_is_revalidated(session, server) -> None:
    @server.route("/tagged")
    def tagged(request):
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304, headers={"ETag": '"v1"', "Cache-Control": "max-age=0"})
        return Answer(200, "content", headers={"ETag": '"v1"', "Cache-Control": "max-age=0"})

    session.settings.cache_control = True
    assert session.get(server.url + "/tagged").text == "content"
    again = session.get(server.url + "/tagged")
    assert (again.text, again.from_cache, again.revalidated) == ("content", True, True)
    assert [request.headers.get("if-none-match") for request in server.requests] == ["", '"v1"']


def test_a_stale_answer_is_better_than_none(session, server) -> None:
    answers = chain([Answer(200, "good"), Answer(500, "bad")], repeat(Answer(reset=True)))
    server.route("/moody")(lambda request: next(answers))
    session.settings.stale_if_error = True
    session.settings.expire_after = timedelta(milliseconds=1)
    assert session.get(server.url + "/moody").text == "good"
    assert session.get(server.url + "/moody", refresh=True).text == "good"
    assert session.get(server.url + "/moody", refresh=True).text == "good"


def test_what_is_cached_can_be_pickled(session, server) -> None:
    session.get(server.url + "/get")
    cached = session.get(server.url + "/get")
    assert pickle.loads(pickle.dumps(cached)).json() == cached.json()
    assert [response.url for response in session.cache.filter()] == [server.url + "/get"]
    session.cache.delete(urls=[server.url + "/get"])
    assert session.get(server.url + "/get").from_cache is False


def test_hooks_and_errors(session, server) -> None:
    seen = []
    for _ in range(2):
        session.get(
            server.url + "/get",
            hooks={
                "response": lambda response, **_: seen.append(getattr(response, "from_cache", None))
            },
        )
    assert seen == [None, False, True]
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("http://127.0.0.1:1/")
    with pytest.raises(requests.HTTPError):
        session.get(server.url + "/status/404").raise_for_status()


def test_all_of_requests_is_cached(server, tmp_path) -> None:
    requests_cache.install_cache(str(tmp_path / "cache"), backend="memory")
    try:
        assert requests.get(server.url + "/get").from_cache is False
        assert requests.get(server.url + "/get").from_cache is True
        assert requests.Session().get(server.url + "/get").from_cache is True
        with requests_cache.disabled():
            requests.get(server.url + "/get")
            assert server.served == 2
    finally:
        requests_cache.uninstall_cache()
    assert requests.Session is envoi.Session
    assert not hasattr(requests.get(server.url + "/get"), "from_cache")


def test_it_is_mixed_in_with_another(server, tmp_path) -> None:
    class Both(CacheMixin, requests.Session):
        """Both."""

    with Both(tmp_path / "cache", backend="memory") as session:
        session.headers["X-Mine"] = "1"
        assert session.get(server.url + "/headers").json()["headers"]["X-Mine"] == "1"
        assert session.get(server.url + "/headers").from_cache is True
    plain = requests.Session()
    plain.headers["X-Mine"] = "2"
    wrapped = CachedSession.wrap(plain, backend="memory")
    assert wrapped.get(server.url + "/headers").json()["headers"]["X-Mine"] == "2"
