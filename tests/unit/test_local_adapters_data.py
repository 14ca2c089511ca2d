"""`DataAdapter`: what a `data:` URL says itself. In three colours."""

from __future__ import annotations

from urllib.request import urlopen

import pytest

import envoi
from envoi.adapters import DataAdapter


@pytest.fixture
def data(client):
    client.session.mount("data:", DataAdapter())
    return client


@pytest.mark.parametrize(
    ("url", "kind", "content"),
    [
        ("data:,A%20brief%20note", "text/plain;charset=US-ASCII", b"A brief note"),
        ("data:,", "text/plain;charset=US-ASCII", b""),
        ("data:text/html,<p>a b</p>", "text/html", b"<p>a b</p>"),
        (
            "data:text/plain;charset=iso-8859-7,%be%fe%be",
            "text/plain;charset=iso-8859-7",
            b"\xbe\xfe\xbe",
        ),
        ("data:;charset=utf-8,%C3%A9", "text/plain;charset=utf-8", b"\xc3\xa9"),
        ("data:,é", "text/plain;charset=US-ASCII", b"\xc3\xa9"),
        ("data:,a+b%2Bc", "text/plain;charset=US-ASCII", b"a+b+c"),
        ("data:,a,b;c?d=e&f", "text/plain;charset=US-ASCII", b"a,b;c?d=e&f"),
        ("data:,C%23#fragment", "text/plain;charset=US-ASCII", b"C#"),
        ("data:text/plain;base64,aGVsbG8=", "text/plain", b"hello"),
        ("data:;base64,aGVsbG8=", "text/plain;charset=US-ASCII", b"hello"),
        ("data:base64,aGVsbG8=", "text/plain;charset=US-ASCII", b"aGVsbG8="),
        ("data:text/plain;charset=utf-8;BASE64,aGVsbG8", "text/plain;charset=utf-8", b"hello"),
        (
            "data:application/octet-stream; base64 ,+/+/",
            "application/octet-stream",
            b"\xfb\xff\xbf",
        ),
        ("data:image/png;base64,aGVs%0AbG8%3D", "image/png", b"hello"),
        ("data:image/png;base64,aGVs bG8=", "image/png", b"hello"),
        ("DATA:Text/HTML,aBc", "Text/HTML", b"aBc"),
        (
            "data:application/vnd.geo+json;version=1.0,{}",
            "application/vnd.geo+json;version=1.0",
            b"{}",
        ),
        ("data:nonsense,x", "text/plain;charset=US-ASCII", b"x"),
        ("data:text/日本,x", "text/plain;charset=US-ASCII", b"x"),
        ("data://host/,x", "text/plain;charset=US-ASCII", b"x"),
    ],
)
def test_data_is_what_the_url_says(data, url, kind, content):
    response = data.get(url)
    assert (response.status_code, response.headers["Content-Type"], response.content) == (
        200,
        kind,
        content,
    )
    assert response.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    "url",
    [
        "data:,A%20brief%20note",
        "data:text/html,<p>a b</p>",
        "data:text/plain;charset=utf-8,%C3%A9",
        "data:text/plain;base64,aGVsbG8=",
        "data:text/plain;charset=utf-8;base64,aGVsbG8=",
        "data:,a+b%2Bc?d",
    ],
)
def test_urllib_says_the_same_of_data(data, url):
    response = data.get(url)
    with urlopen(url) as theirs:
        assert (response.content, response.headers["Content-Type"]) == (
            theirs.read(),
            theirs.headers["Content-Type"],
        )


@pytest.mark.parametrize(
    "url", ["data:text/plain;base64,A+b/C==#D", "data:Text/Plain,aBc%2b+d?E=f#G", "data:,<x y>\"é'"]
)
def test_a_data_url_keeps_its_bytes(data, url):
    assert str(envoi.URL(url)) == url
    if "base64" not in url:
        assert data.get(url).url == url


def test_text_of_data_is_decoded_by_its_charset(data):
    assert data.get("data:text/plain;charset=iso-8859-7,%be%fe%be").text == "ΎώΎ"
    assert data.get('data:application/json,{"a":%20[1]}').json() == {"a": [1]}


@pytest.mark.parametrize("packed", ["a", "aGVsbG8=x", "aGVs*bG8", "aG=VsbG8=", "-_-_", "é"])
def test_data_that_is_not_base64_is_refused(data, packed):
    with pytest.raises(envoi.InvalidURL, match="not base64"):
        data.get(f"data:;base64,{packed}")


def test_a_data_url_needs_a_comma(data):
    with pytest.raises(envoi.InvalidURL, match="comma"):
        data.get("data:text/plain")


def test_data_is_as_long_as_a_url_may_be(data):
    assert len(data.get("data:," + "x" * 65_000).content) == 65_000
    with pytest.raises(envoi.InvalidURL, match="long"):
        data.get("data:," + "x" * 66_000)


def test_only_get_and_head_of_data(data):
    response = data.request("HEAD", "data:,hello")
    assert (response.status_code, response.content, response.headers["Content-Length"]) == (
        200,
        b"",
        "5",
    )
    assert data.post("data:,hello", b"x").status_code == 405
