"""Requests, methods, headers and option names."""

from __future__ import annotations

import copy

import pytest
import requests

from envoi._core import Headers
from envoi._model.headers import default_headers, merge_headers
from envoi._model.methods import validate_method
from envoi._model.options import OPTION_NAMES, check_options
from envoi._model.prepared import PreparedRequest
from envoi._model.url import parse_url
from envoi.exceptions import InvalidHeader, InvalidMethod, InvalidOption
from unit.prepared import prepared_request


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("get", "GET"),
        ("Get", "GET"),
        (b"post", "POST"),
        ("PURGE", "PURGE"),
        ("m-search", "M-SEARCH"),
    ],
)
def test_methods_are_sent_in_upper_case(given, sent):
    assert validate_method(given) == sent


@pytest.mark.parametrize(
    "method",
    ["", " ", "GET ", "GE T", "GET\r\nX: y", "GET\x00", "GÉT", "ſ", b"G\xff", None, 1, "G/T"],
)
def test_other_methods_are_refused(method):
    with pytest.raises(InvalidMethod, match="method"):
        validate_method(method)


def test_create_prepares_as_requests_does():
    arguments = {
        "params": {"q": "a b"},
        "data": {"k": "é"},
        "headers": {"X-One": "1", "Content-Type": "own/type"},
    }
    ours = prepared_request("post", "http://example.org/path?x=1#f", **arguments)
    theirs = requests.Request("post", "http://example.org/path?x=1#f", **arguments).prepare()
    for name in ("method", "url", "path_url", "body"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert dict(ours.headers) == dict(theirs.headers)


def test_plain_get_has_no_body():
    request = prepared_request("GET", "http://example.org/")
    assert request.body is None
    assert len(request.headers) == 0
    assert repr(request) == "<PreparedRequest [GET]>"


def test_url_can_be_changed():
    request = prepared_request("GET", "http://example.org/a")
    assert request.url == "http://example.org/a"
    request.url = "http://example.org/b?c"
    assert request.url == "http://example.org/b?c"
    assert request.path_url == "/b?c"
    assert request.parsed_url.host == "example.org"


def test_new_body_brings_its_framing():
    request = prepared_request("POST", "http://example.org/", data=iter([b"a"]))
    assert request.headers["Transfer-Encoding"] == "chunked"
    request.body = b"abc"
    assert request.headers["Content-Length"] == "3"
    assert "Transfer-Encoding" not in request.headers
    assert request.body == b"abc"


def test_copy_has_headers_of_its_own():
    request = prepared_request("GET", "http://example.org/", headers={"A": "1"})
    for copied in (request.copy(), copy.copy(request)):
        copied.headers["A"] = "2"
        assert request.headers["A"] == "1"
        assert copied.url == request.url


def test_default_headers_come_in_the_order_of_requests():
    headers = default_headers()
    assert [name for name, _ in headers.multi_items()] == list(requests.utils.default_headers())
    assert headers["User-Agent"].startswith("envoi/")
    assert headers["Accept-Encoding"] == "gzip, deflate, br, zstd"


def test_request_headers_replace_and_remove_those_of_the_session():
    session = Headers({"A": "1", "B": "2"})
    merged = merge_headers(session, {"a": "9", "b": None, "C": b"3"})
    assert {name.lower(): value for name, value in merged.items()} == {"a": "9", "c": b"3"}
    assert dict(session) == {"A": "1", "B": "2"}


@pytest.mark.parametrize("headers", [None, {}, []])
def test_no_headers_give_a_copy(headers):
    session = Headers({"A": "1"})
    merged = merge_headers(session, headers)
    merged["A"] = "2"
    assert session["A"] == "1"


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"X-Number": 1}, "X-Number"),
        ({1: "x"}, "1"),
        ({"X-List": ["a"]}, "X-List"),
        (7, "int"),
        ([("a",)], "list"),
    ],
)
def test_headers_of_other_types_are_refused_by_name(headers, named):
    with pytest.raises(InvalidHeader, match=named):
        merge_headers(Headers(), headers)


@pytest.mark.parametrize("bad", ["a\r\nb", "a\nb", "a\rb", "a\x00b"])
def test_line_breaks_never_get_into_a_header(bad):
    for headers in ({"X": bad}, {bad: "x"}, {"X": bad.encode()}):
        with pytest.raises(InvalidHeader):
            merge_headers(Headers(), headers)


def test_known_options_pass():
    check_options({})
    check_options(dict.fromkeys(OPTION_NAMES))


def test_unknown_option_gets_the_nearest_name():
    with pytest.raises(InvalidOption, match=r"timeot= is not an option.*did you mean timeout="):
        check_options({"params": None, "timeot": 1})
    with pytest.raises(TypeError, match="allow_redirects"):
        check_options({"zzzzzz": 1})


def test_request_is_cheap_to_make():
    url, headers = parse_url("http://example.org/"), Headers()
    request = PreparedRequest("GET", url, headers)
    assert request.__dict__ == {}
    assert request.headers is headers
