"""Everything about a response that needs no waiting."""

from __future__ import annotations

import codecs
import json
from datetime import timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from envoi._core import H1Machine, Headers
from envoi._model.charset import declared_encoding, guess_encoding, json_encoding
from envoi._model.links import links_by_relation, parse_links
from envoi._model.response import BaseResponse
from envoi._model.timing import ConnectionInfo, Timing
from envoi._model.url import parse_url
from envoi.exceptions import HTTPError, JSONDecodeError
from unit.prepared import prepared_request


class Loaded(BaseResponse):
    content = b""

    def _loaded_content(self):
        return self.content


def respond(
    status=200, reason="OK", headers=(), content=b"", url="http://user:secret@example.org/p"
):
    response = Loaded()
    response.status_code = status
    response.reason = reason
    response.headers = Headers(list(headers))
    response.content = content
    response.url = url
    return response


def of_requests(response):
    theirs = requests.Response()
    theirs.status_code = response.status_code
    theirs.headers.update(dict(response.headers))
    theirs.encoding = requests.utils.get_encoding_from_headers(theirs.headers)
    theirs._content = response.content
    theirs._content_consumed = True
    return theirs


def test_head_is_read_when_asked_for():
    machine = H1Machine()
    machine.start("GET", "/", "example.org", Headers())
    machine.feed(
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    )
    request = prepared_request("GET", "http://example.org/p")
    response = Loaded(machine.take_head(), request)
    assert (response.status_code, response.reason, response.http_version) == (
        404,
        "Not Found",
        "HTTP/1.1",
    )
    assert response.headers["content-type"] == "text/plain"
    assert response.headers is response.headers
    assert response.url == "http://example.org/p"
    assert response.encoding == "ISO-8859-1"
    assert response.cookies["a"] == "1"
    assert response.cookies is response.cookies
    assert not response.ok
    assert not response.is_redirect
    assert response.request is request


def test_url_may_differ_from_the_request():
    response = Loaded(
        None, prepared_request("GET", "http://example.org/p"), parse_url("http://example.org/other")
    )
    assert response.url == "http://example.org/other"
    assert response.parsed_url.path == "/other"


def test_empty_response_has_neutral_values():
    response = BaseResponse()
    assert response.status_code is None
    assert response.url is None
    assert response.http_version is None
    assert len(response.headers) == 0
    assert response.cookies.is_empty
    assert response.history == []
    assert response.next is None
    assert response.timing is response.connection_info is response.trailers is response.raw is None
    assert list(response.informational) == []
    assert response.elapsed == timedelta(0)
    with pytest.raises(NotImplementedError):
        response.text


@pytest.mark.parametrize(
    "status", [100, 200, 204, 301, 304, 399, 400, 404, 499, 500, 503, 599, 600, 999]
)
def test_errors_are_those_of_requests(status):
    response = respond(status, "Some Reason")
    theirs = of_requests(response)
    theirs.reason, theirs.url = "Some Reason", "http://user:***@example.org/p"
    assert response.ok is bool(response) is theirs.ok
    if theirs.ok:
        assert response.raise_for_status() is response
        return
    with pytest.raises(requests.HTTPError) as expected:
        theirs.raise_for_status()
    with pytest.raises(HTTPError) as caught:
        response.raise_for_status()
    assert str(caught.value) == str(expected.value)
    assert caught.value.response is response
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 300, 301, 302, 303, 304, 305, 307, 308])
@pytest.mark.parametrize("headers", [[], [("Location", "/x")]])
def test_redirects_are_those_of_requests(status, headers):
    response = respond(status, headers=headers)
    theirs = of_requests(response)
    assert response.is_redirect is theirs.is_redirect
    assert response.is_permanent_redirect is theirs.is_permanent_redirect


def test_settable_parts():
    response = respond()
    response.history = [1]
    response.next = "next"
    response.elapsed = timedelta(seconds=2)
    response.cookies = {"a": "1"}
    response.encoding = "utf-8"
    assert (response.history, response.next, response.elapsed, response.cookies["a"]) == (
        [1],
        "next",
        timedelta(seconds=2),
        "1",
    )
    assert response.encoding == "utf-8"
    assert repr(response) == "<Response [200]>"


def test_elapsed_ends_with_the_head():
    response = respond()
    response.timing = Timing(
        pool=1, dns=None, connect=2, send=0.5, first_byte=0.25, body=100, total=104
    )
    assert response.elapsed == timedelta(seconds=3.75)
    assert "connect=2000.0ms" in repr(response.timing)
    assert "dns" not in repr(response.timing)
    assert (
        repr(ConnectionInfo(("127.0.0.1", 80), reused=True))
        == "<ConnectionInfo ('127.0.0.1', 80) plain reused>"
    )


CONTENT_TYPES = [
    "", "text/html", "text/html; charset=utf-8", 'text/html; charset="latin-1"', "text/html;CHARSET=x", "application/json",
    "application/json; charset=utf-16", "application/octet-stream", "text/html; charset=", "text/html; charset", "a/b; x=1; charset='koi8-r' ; y",
    "text/html; charset=a; charset=b", "TEXT/HTML", "application/problem+json", ";charset=utf-8", "text/html; version=1.0",
]  # fmt: skip


@pytest.mark.parametrize("value", CONTENT_TYPES)
def test_declared_encoding_is_that_of_requests(value):
    assert declared_encoding(value) == requests.utils.get_encoding_from_headers(
        {"content-type": value}
    )


@given(st.text(alphabet="texjsonapplic/; =\"'charsetuf-8"))
def test_declared_encoding_is_that_of_requests_for_anything(value):
    assert declared_encoding(value) == requests.utils.get_encoding_from_headers(
        {"content-type": value}
    )


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
@pytest.mark.parametrize("value", [{"a": "é"}, [1], "text", 12345])
def test_json_in_every_unicode_encoding(encoding, value):
    content = json.dumps(value, ensure_ascii=False).encode(encoding)
    response = respond(content=content)
    assert json_encoding(content) == requests.utils.guess_json_utf(content)
    assert response.json() == value


@given(st.binary(max_size=8))
def test_json_detection_is_that_of_requests(content):
    if len(content) > 3:
        assert json_encoding(content) == requests.utils.guess_json_utf(content)


def test_json_in_the_declared_encoding():
    assert (
        respond(
            headers=[("Content-Type", "application/json; charset=latin-1")], content=b'"\xe9"'
        ).json()
        == "é"
    )
    assert respond(
        content='{"a": "é€"}'.encode("cp1252") * 1,
        headers=[("Content-Type", "x/y; charset=cp1252")],
    ).json() == {"a": "é€"}


def test_json_passes_arguments_on():
    assert respond(content=b"[1.5]").json(parse_float=str) == ["1.5"]


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b"[1,]", b"\xff\xfe\x00"])
def test_what_is_not_json_is_an_error_with_its_response(content):
    response = respond(content=content)
    with pytest.raises(JSONDecodeError) as caught:
        response.json()
    assert isinstance(caught.value, json.JSONDecodeError)
    assert caught.value.response is response


TEXTS = [
    (b"", None), ("é".encode(), "text/html; charset=utf-8"), (b"\xe9", "text/html"), (b"\xff", "text/html; charset=utf-8"),
    ("é".encode(), "text/html; charset=no-such"), (b"plain", None), ("Ein längerer Text, übrigens".encode(), None),
    ("é".encode(), "text/html; charset="),
]  # fmt: skip


@pytest.mark.parametrize(("content", "content_type"), TEXTS)
def test_text_is_that_of_requests(content, content_type):
    response = respond(
        content=content, headers=[("Content-Type", content_type)] if content_type else []
    )
    assert response.text == of_requests(response).text


def test_encoding_that_is_set_wins():
    response = respond(content=b"\xe4", headers=[("Content-Type", "text/plain; charset=utf-8")])
    response.encoding = "latin-1"
    assert response.text == "ä"


GUESSES = [
    b"ascii",
    "é ü ö".encode(),
    codecs.BOM_UTF8 + b"abc",
    codecs.BOM_UTF16_LE + "abc".encode("utf-16-le"),
]


@pytest.mark.parametrize("content", GUESSES)
def test_guess_is_that_of_requests(content):
    response = respond(content=content)
    assert response.apparent_encoding.lower() == of_requests(response).apparent_encoding.lower()


def test_guess_reads_a_bounded_prefix():
    assert guess_encoding(b"a" * (64 * 1024) + b"\xff" * 100) == "ascii"
    assert guess_encoding(b"a" + "é".encode() * 64 * 1024) == "utf-8"


def test_guess_falls_back_to_the_detector():
    text = "Это предложение написано по-русски, чтобы было что угадывать. " * 20
    guessed = guess_encoding(text.encode("cp1251"))
    assert text.encode("cp1251").decode(guessed) == text


LINKS = [
    "<http://e.org/?page=2>; rel=next, <http://e.org/?page=9>; rel=last",
    '<http://e.org/a,b>; rel="next"; title="x"',
    "<http://e.org/>",
    '<http://e.org/> ; rel = "start" ;type=text/html',
    "</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel",
    "",
]


@pytest.mark.parametrize("value", LINKS)
def test_links_are_those_of_requests(value):
    assert links_by_relation(value, None) == requests_links(value)


@pytest.mark.parametrize(
    ("link", "resolved"),
    [
        ("/v1/items?page=2", "http://example.org/v1/items?page=2"),
        ("items?page=2", "http://example.org/v1/items?page=2"),
        ("?page=2", "http://example.org/v1/users?page=2"),
        ("//other.example/x", "http://other.example/x"),
        ("https://other.example", "https://other.example"),
        ("urn:example:1", "urn:example:1"),
        ("http://[", "http://["),
        ("//[", "//["),
    ],
)
def test_links_are_resolved_against_the_responses_url(link, resolved):
    response = respond(
        url="http://example.org/v1/users?page=1",
        headers=[("Link", f"<{link}>; rel=next, <{link}>")],
    )
    assert response.links["next"] == {"url": resolved, "rel": "next"}
    assert response.links[link]["url"] == resolved


def requests_links(value):
    theirs = requests.Response()
    theirs.headers["link"] = value
    return theirs.links


def test_links_with_commas_and_semicolons_in_quotes():
    assert parse_links("<a,b;c>; rel=x") == [{"url": "a,b;c", "rel": "x"}]
    assert parse_links(r'<a>; title="x, <b>; y=\"z\""; rel=next, <c>; rel=last') == [
        {"url": "a", "title": 'x, <b>; y="z"', "rel": "next"},
        {"url": "c", "rel": "last"},
    ]


@pytest.mark.parametrize(
    "value", ["<", "<a", "a>", ";;;", "<a>;", "<a>;rel", "<a>;=x", '<a>; rel="open', ",,,", "<<a>>"]
)
def test_malformed_links_do_not_fail(value):
    assert isinstance(parse_links(value), list)
    assert respond(headers=[("Link", value)]).links is not None


def test_link_parsing_is_linear():
    import time

    def seconds(count):
        value = '<a>; rel="' + "\\" * count + ";" * count + "<" * count
        start = time.perf_counter()
        parse_links(value)
        return time.perf_counter() - start

    def fastest(count):
        return min(seconds(count) for _ in range(5))

    # Of several tries one is enough: a busy machine makes a measurement worthless.
    assert any(fastest(40_000) < 12 * fastest(10_000) for _ in range(6))
