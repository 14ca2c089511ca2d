"""Responses, requests, sessions and exceptions go to another process, and are copied."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

import envoi
from envoi import exceptions

CLONERS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "oldest": lambda value: pickle.loads(pickle.dumps(value, 2)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(params=CLONERS)
def clone(request):
    return CLONERS[request.param]


def equal(clone, original) -> None:
    for name in (
        "status_code",
        "reason",
        "headers",
        "url",
        "encoding",
        "elapsed",
        "content",
        "text",
        "ok",
        "http_version",
        "links",
    ):
        assert getattr(clone, name) == getattr(original, name), name
    assert [step.status_code for step in clone.history] == [
        step.status_code for step in original.history
    ]
    assert dict(clone.cookies) == dict(original.cookies)
    for name in ("method", "url", "headers", "body"):
        assert getattr(clone.request, name) == getattr(original.request, name), name
    assert clone.timing.total == original.timing.total
    assert clone.connection_info.peer == original.connection_info.peer
    assert list(clone.iter_lines()) == list(original.iter_lines())
    assert clone.json() == original.json()
    clone.close()


def test_response(clone, server) -> None:
    with envoi.Session() as session:
        original = session.post(server.url + "/anything", data={"a": "b"}, headers={"X-One": "1"})
        made = clone(original)
        assert type(made) is envoi.Response
        equal(made, original)


def test_response_over_tls(clone, tls_server) -> None:
    with envoi.Session(verify=tls_server.ca_path) as session:
        original = session.get(tls_server.url + "/anything")
    made = clone(original)
    equal(made, original)
    assert made.connection_info.certificate == original.connection_info.certificate


def test_streamed_response_is_read_first(clone, server) -> None:
    with envoi.Session() as session:
        original = session.get(server.url + "/anything", stream=True)
        equal(clone(original), original)


def test_redirected_response(clone, server) -> None:
    with envoi.Session() as session:
        original = session.get(server.url + "/redirect/2")
        made = clone(original)
        equal(made, original)
        assert made.history[0].is_redirect
        assert made.history[0].headers["Location"] == original.history[0].headers["Location"]


def test_cookies_of_a_response(clone, server) -> None:
    with envoi.Session() as session:
        original = session.get(server.url + "/cookies/set?flavour=vanilla", allow_redirects=False)
        made = clone(original)
        assert dict(made.cookies) == {"flavour": "vanilla"}
        assert made.next.url == original.next.url


def test_response_whose_body_is_gone(clone, server) -> None:
    with envoi.Session() as session:
        original = session.get(server.url + "/get", stream=True)
        assert list(original.iter_content())
        made = clone(original)
        assert made.status_code == 200
        with pytest.raises(envoi.StreamConsumedError):
            _ = made.content


def test_empty_response(clone) -> None:
    made = clone(envoi.Response())
    assert made.status_code is None
    assert made.url is None


def test_async_response(clone, server) -> None:
    async def main() -> None:
        async with envoi.AsyncSession() as session:
            original = await session.get(server.url + "/get")
            made = clone(original)
            assert type(made) is envoi.AsyncResponse
            assert made.json() == original.json()
            assert await made.read() == original.content
            assert made.request.url == original.request.url

    asyncio.run(main())


def test_async_response_must_be_read_first(clone, server) -> None:
    async def main() -> None:
        async with (
            envoi.AsyncSession() as session,
            await session.get(server.url + "/get", stream=True) as original,
        ):
            with pytest.raises(envoi.StreamConsumedError, match="await response.read"):
                clone(original)
            made = clone(envoi.HTTPError("no", response=original))
            assert made.response.status_code == 200
            assert original.body is not None, "it can still be read"

    asyncio.run(main())


def test_http_error(clone, server) -> None:
    with envoi.Session() as session:
        response = session.get(server.url + "/status/404")
        with pytest.raises(envoi.HTTPError) as caught:
            response.raise_for_status()
        made = clone(caught.value)
        assert type(made) is envoi.HTTPError
        assert str(made) == str(caught.value)
        assert made.response.status_code == 404
        assert made.request.url == made.response.request.url == response.url


EXCEPTIONS = [
    kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type)
    and issubclass(kind, exceptions.RequestException)
    and kind is not exceptions.JSONDecodeError
]


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_every_exception(kind, clone, server) -> None:
    with envoi.Session() as session:
        response = session.get(server.url + "/get")
        made = clone(kind("what", response=response))
        assert type(made) is kind
        assert str(made) == "what"
        assert made.args == ("what",)
        assert made.response.content == response.content
        assert made.request.url == response.request.url
        assert clone(kind()).response is None


def test_details_of_exceptions(clone) -> None:
    made = clone(envoi.ReadTimeout("late", phase="read", seconds=3))
    assert (made.phase, made.seconds) == ("read", 3)
    error = envoi.ConnectionError("gone")
    error.phase = "dns"
    assert clone(error).phase == "dns"


def test_json_error(clone, server) -> None:
    with envoi.Session() as session:
        with pytest.raises(envoi.JSONDecodeError) as caught:
            session.get(server.url + "/bytes/3").json()
        made = clone(caught.value)
        assert (made.msg, made.pos, made.doc) == (
            caught.value.msg,
            caught.value.pos,
            caught.value.doc,
        )
        assert made.response.content == caught.value.response.content


BODIES = {"bytes": b"abc", "text": "abc", "form": {"a": "b"}, "none": None}


@pytest.mark.parametrize("data", BODIES.values(), ids=BODIES)
def test_request(clone, data, server) -> None:
    original = envoi.Request(
        "POST", server.url + "/anything", data=data, headers={"X-One": "1"}
    ).prepare()
    made = clone(original)
    for name in ("method", "url", "headers", "body"):
        assert getattr(made, name) == getattr(original, name)
    assert made.headers is not original.headers
    assert (made.content is original.content) or data is not None, (
        "no body stays the one that is none"
    )


def test_exception_of_an_upload_from_a_file(clone, tmp_path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"abc")
    with path.open("rb") as file, envoi.Session() as session:
        with pytest.raises(envoi.ConnectionError) as caught:
            session.post(
                "http://127.0.0.1:1/", data=file, hooks={"response": lambda *_, **__: None}
            )
        made = clone(caught.value)
        assert made.request.method == "POST"
        assert made.request.headers["Content-Length"] == "3"


def test_exception_of_a_multipart_upload(tmp_path) -> None:
    with envoi.Session() as session:
        with pytest.raises(envoi.ConnectionError) as caught:
            session.post("http://127.0.0.1:1/", files={"a": iter([b"x"])})
        made = pickle.loads(pickle.dumps(caught.value))
        assert made.request.body is None
        with pytest.raises(envoi.UnrewindableBodyError):
            made.request.content.rewind()


def hook(_response, **_options) -> None:
    """Found by its name."""


@pytest.mark.parametrize("kind", [envoi.Session, envoi.AsyncSession])
def test_session_takes_its_settings_along_and_no_connection(kind, clone) -> None:
    original = kind(
        base_url="http://a.test/api/",
        headers={"X-One": "1"},
        params={"a": "b"},
        cookies={"c": "d"},
        auth=("u", "p"),
        proxies={"http": "http://proxy.test"},
        hooks={"response": hook},
        timeout=5,
        verify=False,
        cert=("a.pem", "b.pem"),
        max_redirects=3,
        trust_env=False,
        max_connections=7,
        max_connections_per_host=2,
        keepalive=9,
        resend=False,
        max_body=99,
        sensitive_headers=["X-One"],
        local_address="127.0.0.1",
    )
    made = clone(original)
    assert type(made) is kind
    for name in (
        "base_url headers params auth proxies hooks timeout verify cert max_redirects trust_env resend max_body sensitive_headers stream"
    ).split():
        assert getattr(made, name) == getattr(original, name), name
    assert dict(made.cookies) == {"c": "d"}
    assert made._pool_sizes == original._pool_sizes
    assert made._local_address == "127.0.0.1"
    assert made._pool is None
    assert made._routes is not original._routes


def test_session_that_was_used_pickles_and_its_copy_works(clone, server) -> None:
    with envoi.Session(proxies=None, headers={"X-One": "1"}) as session:
        session.get(server.url + "/get")
        made = clone(session)
        assert made._pool is None
        assert made._direct
        with made:
            assert made.get(server.url + "/headers").json()["headers"]["X-One"] == "1"
        assert session.get(server.url + "/get").ok, "the first is still open"
