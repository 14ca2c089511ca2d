"""URLs as callers write them, and their parameters."""

from __future__ import annotations

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from envoi._core import URL
from envoi._model.url import encode_params, parse_url, redact, require_http, with_params
from envoi.exceptions import InvalidOption, InvalidSchema, InvalidURL, MissingSchema


class Textual:
    def __str__(self):
        return "http://example.org/object"


def test_text_bytes_and_objects_are_urls():
    assert str(parse_url("http://example.org/a")) == "http://example.org/a"
    assert str(parse_url(b"http://example.org/a")) == "http://example.org/a"
    assert str(parse_url(Textual())) == "http://example.org/object"
    parsed = URL("http://example.org/")
    assert parse_url(parsed) is parsed


def test_same_text_is_parsed_once():
    assert parse_url("http://example.org/once") is parse_url("http://example.org/once")


def test_leading_space_is_ignored():
    assert parse_url("  http://example.org/").host == "example.org"


@pytest.mark.parametrize("text", ["example.org", "//example.org/x", "None", "example.org/?q"])
def test_missing_scheme(text):
    with pytest.raises(MissingSchema, match=r"No scheme supplied\. Perhaps you meant https://"):
        parse_url(text)


@pytest.mark.parametrize("text", ["/users", "?page=2", "#part", "./x"])
def test_a_relative_url_needs_a_base(text):
    with pytest.raises(MissingSchema, match=r"No scheme supplied.*Session\(base_url="):
        parse_url(text)


@pytest.mark.parametrize(
    ("value", "told"), [(None, "is not set"), ("", "is empty"), ("  ", "is empty")]
)
def test_no_url_at_all(value, told):
    with pytest.raises(MissingSchema, match=told) as caught:
        parse_url(value)
    assert "https://None" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http:///path",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "http://example.org:port/",
        b"http://\xff/",
    ],
)
def test_unusable_urls(text):
    with pytest.raises(InvalidURL, match="Invalid URL"):
        parse_url(text)


@pytest.mark.parametrize(
    "text",
    ["localhost:8080/x", "mailto:a@b.example", "ftp://example.org/", "user:secret@host/path"],
)
def test_other_schemes_are_refused_as_requests_does(text):
    with pytest.raises(requests.exceptions.InvalidSchema):
        requests.get(text)
    with pytest.raises(InvalidSchema, match="No connection adapters were found for"):
        require_http(parse_url(text))


def test_only_http_is_required_to_be_http():
    require_http(parse_url("https://example.org/"))
    with pytest.raises(
        InvalidSchema, match=r"No connection adapters were found for .ftp://example\.org/"
    ):
        require_http(parse_url("ftp://example.org/"))


@pytest.mark.parametrize(
    "text",
    [
        "http://user:secret@exa mple/",
        "user:secret@host/path",
        "http://user:sec/ret@host:x/",
        "http://us:secret@:1/",
        "1user:secret@host/",
        "http://user:secret" + "t" * 300 + "@host:x/",
    ],
)
def test_errors_never_show_a_password(text):
    with pytest.raises((InvalidURL, MissingSchema, InvalidSchema)) as caught:
        require_http(parse_url(text))
    assert "secret" not in str(caught.value)
    assert "sec/ret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@example.org/a", "https://user:***@example.org/a"),
        ("https://token@example.org/a", "https://***@example.org/a"),
        ("https://user:p@ss@example.org/a", "https://user:***@example.org/a"),
        ("https://user:pa/ss@example.org/a", "https://user:***@example.org/a"),
        ("https://example.org/@author", "https://example.org/@author"),
        ("https://example.org:8080/@author", "https://example.org:8080/@author"),
        ("https://[::1]/@author", "https://[::1]/@author"),
        ("https://example.org/?mail=a@b", "https://example.org/?mail=a@b"),
        ("https://example.org/", "https://example.org/"),
    ],
)
def test_redact(url, shown):
    assert redact(url) == shown


PARAMS = [
    {"a": "b"},
    {"a": 1, "b": 2.5, "c": True, "d": None},
    {"q": "a b&c=d+e/~é"},
    {"é": "ü", b"k\xff": b"v\x00"},
    {"a": ["x", 1, None, b"y"], "b": ("z",), "c": set(), "d": {"key": "ignored"}},
    {"a": [[1, 2], "ab"]},
    [("a", 1), ("a", 2), ("b", ["c", "d"])],
    (("a", "1"), ("b", "")),
    {"a": iter(["x", "y"])},
    {"a": range(3)},
    {1: 2},
    {},
    [],
]


@pytest.mark.parametrize("params", PARAMS)
def test_params_are_encoded_as_requests_does(params):
    import copy

    assert encode_params(
        copy.deepcopy(params)
    ) == requests.models.RequestEncodingMixin._encode_params(copy.deepcopy(params))


scalars = st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.booleans(), st.none())


@given(
    st.lists(st.tuples(st.one_of(st.text(), st.integers()), st.one_of(scalars, st.lists(scalars))))
)
def test_params_are_encoded_as_requests_does_for_anything(params):
    try:
        expected = requests.models.RequestEncodingMixin._encode_params(params)
    except UnicodeEncodeError:
        return
    assert encode_params(params) == expected


def test_text_and_bytes_are_taken_as_they_are():
    assert encode_params("a=b c") == "a=b c"
    assert encode_params(b"a=b") == "a=b"


@pytest.mark.parametrize("params", [1, ["abc"], [1], object(), [("a",)], [("a", 1, 2)]])
def test_params_of_other_shapes_are_refused(params):
    with pytest.raises(InvalidOption, match="params="):
        encode_params(params)


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("http://e.org/p", {"a": "b c"}, "http://e.org/p?a=b+c"),
        ("http://e.org/p?x=1", {"a": "b"}, "http://e.org/p?x=1&a=b"),
        ("http://e.org/p#frag", {"a": "b"}, "http://e.org/p?a=b#frag"),
        ("http://e.org/p", "a=b", "http://e.org/p?a=b"),
        ("http://e.org/p", {"a": None}, "http://e.org/p"),
        ("http://e.org/p", None, "http://e.org/p"),
        ("http://e.org/p", {}, "http://e.org/p"),
    ],
)
def test_params_join_the_url_as_in_requests(url, params, expected):
    assert str(with_params(parse_url(url), params)) == expected
    assert requests.Request("GET", url, params=params).prepare().url == expected
