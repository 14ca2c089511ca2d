"""requests.utils on headers, text, URLs, addresses, pairs and cookies."""

from __future__ import annotations

from http.cookiejar import CookieJar
from types import SimpleNamespace
from typing import Any

import pytest

import envoi
from envoi import utils
from envoi.exceptions import InvalidHeader, InvalidURL


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ("", []),
        ("a, b", ["a", "b"]),
        ('a, "b, c"', ["a", "b, c"]),
        ('"a\\"b"', ['a"b']),
        ('in"side"', ['in"side"']),
    ],
)
def test_list_headers(value: str, items: list[str]) -> None:
    assert utils.parse_list_header(value) == items


def test_dict_headers() -> None:
    assert utils.parse_dict_header('realm="a=b, c", stale, nc=1') == {
        "realm": "a=b, c",
        "stale": None,
        "nc": "1",
    }


@pytest.mark.parametrize(
    ("value", "is_filename", "unquoted"),
    [
        ('"a\\\\b"', False, "a\\b"),
        ('"\\\\\\\\host\\\\file"', True, "\\\\\\\\host\\\\file"),
        ('"file\\"name"', True, 'file"name'),
        ("plain", False, "plain"),
        ("", False, ""),
    ],
)
def test_unquoting(value: str, is_filename: bool, unquoted: str) -> None:
    assert utils.unquote_header_value(value, is_filename) == unquoted


@pytest.mark.parametrize(
    "header", [("Name", "value"), ("Name", ""), (b"Name", b"value"), ("N", "a b"), (b"N", "ü")]
)
def test_valid_headers_pass(header: Any) -> None:
    assert utils.check_header_validity(header) is None


@pytest.mark.parametrize(
    "header",
    [
        ("", "v"),
        (" N", "v"),
        ("N:", "v"),
        ("N\n", "v"),
        ("N", " v"),
        ("N", "v\r\nX: y"),
        (b"N", b"v\n"),
        ("N", 1),
        (None, "v"),
    ],
)
def test_invalid_headers_are_refused(header: Any) -> None:
    with pytest.raises(InvalidHeader):
        utils.check_header_validity(header)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (None, None),
        ("text/html", "ISO-8859-1"),
        ("application/json", "utf-8"),
        ("image/png", None),
        ("text/html;\tCharSet = 'utf-8' ; x=y", "utf-8"),
    ],
)
def test_encoding_from_headers(content_type: str | None, encoding: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert utils.get_encoding_from_headers(headers) == encoding


def test_encodings_in_documents_are_found_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="deprecated in requests"):
        found = utils.get_encodings_from_content(
            """<?xml version="1.0" encoding="XML"?><META charset='html5'>"""
        )
    assert found == ["html5", "XML"]


def test_response_as_text_with_a_warning() -> None:
    response = SimpleNamespace(
        content=b"\xc3\xa9\xff", headers={"content-type": "text/html; charset=utf-8"}
    )
    with pytest.warns(DeprecationWarning, match="deprecated in requests"):
        assert utils.get_unicode_from_response(response) == "é\ufffd"


@pytest.mark.parametrize(
    ("encoding", "pieces"), [(None, [b"a\xc3", b"\xa9", b"\xff"]), ("utf-8", ["a", "é", "\ufffd"])]
)
def test_pieces_are_decoded_as_they_come(encoding: str | None, pieces: list[str | bytes]) -> None:
    response = SimpleNamespace(encoding=encoding)
    assert (
        list(utils.stream_decode_response_unicode(iter([b"a\xc3", b"\xa9", b"\xff"]), response))
        == pieces
    )


@pytest.mark.parametrize(
    ("length", "slices"),
    [(2, ["ab", "c"]), (3, ["abc"]), (None, ["abc"]), (0, ["abc"]), (-1, ["abc"])],
)
def test_slices(length: int | None, slices: list[str]) -> None:
    assert list(utils.iter_slices("abc", length)) == slices
    assert list(utils.iter_slices("", length)) == []


def test_native_strings() -> None:
    assert (
        utils.to_native_string("ü"),
        utils.to_native_string(b"x"),
        utils.to_native_string(b"\xfc", "latin-1"),
    ) == ("ü", "x", "ü")


@pytest.mark.parametrize(
    ("uri", "quoted"),
    [
        ("http://e.org/%7Ea%2Fb", "http://e.org/~a%2Fb"),
        ("http://e.org/a b", "http://e.org/a%20b"),
        ("http://e.org/ppøø", "http://e.org/pp%C3%B8%C3%B8"),
        ("http://e.org/%zz%7E", "http://e.org/%25zz%257E"),
        ("http://e.org/100%", "http://e.org/100%"),
    ],
)
def test_uris_are_quoted_once(uri: str, quoted: str) -> None:
    assert utils.requote_uri(uri) == quoted


def test_broken_escape_is_an_invalid_url() -> None:
    with pytest.raises(InvalidURL, match="zz"):
        utils.unquote_unreserved("%zz")


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("example.org/path?q#f", "http://example.org/path?q#f"),
        ("//example.org", "http://example.org"),
        ("HTTPS://u:P@Example.org:1/X", "https://u:P@example.org:1/X"),
        ("localhost:3128", "http://localhost:3128"),
        ("user:p@host:80/x", "http://user:p@host:80/x"),
        ("[::1]:80", "http://[::1]:80"),
        ("h?to=http://x@y", "http://h?to=http://x@y"),
    ],
)
def test_scheme_is_added_where_there_is_none(url: str, whole: str) -> None:
    assert utils.prepend_scheme_if_needed(url, "http") == whole


@pytest.mark.parametrize(
    ("url", "auth"),
    [
        ("http://a%40b:c%20d@h/", ("a@b", "c d")),
        ("http://a@h/", ("", "")),
        ("http://h/", ("", "")),
        ("x", ("", "")),
    ],
)
def test_credentials_in_urls(url: str, auth: tuple[str, str]) -> None:
    assert utils.get_auth_from_url(url) == auth


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("http://u:p@h/p?q#f", "http://h/p?q"),
        ("h/p", "//h/p"),
        ("//u@h/", "//h/"),
        ("http://u:p@x@h/", "http://h/"),
    ],
)
def test_fragment_and_credentials_are_removed(url: str, bare: str) -> None:
    assert utils.urldefragauth(url) == bare


@pytest.mark.parametrize(
    "address", ["1.2.3.4", "127.1", "0x7f.1", "010.1.1.1", "1.65535", "4294967295", "1.2.3.4 rest"]
)
def test_ipv4_addresses_in_every_form(address: str) -> None:
    assert utils.is_ipv4_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "256.1.1.1",
        "1.2.3.4.5",
        "1..2",
        "08.1.1.1",
        "1.2.65536",
        "4294967296",
        " 1.2.3.4",
        "0x",
        "١.1.1.1",
        "::1",
    ],
)
def test_what_is_no_ipv4_address(text: str) -> None:
    assert not utils.is_ipv4_address(text)


def test_networks() -> None:
    assert [
        utils.is_valid_cidr(text)
        for text in (
            "10.0.0.0/8",
            "10.0.0.0/0",
            "10.0.0.0/33",
            "x/8",
            "10.0.0.0",
            "10.0.0.0/8/8",
            "10.0.0.0/x",
        )
    ] == [True] + [False] * 6
    assert utils.address_in_network("192.168.1.1", "192.168.1.0/24")
    assert not utils.address_in_network("172.16.0.1", "192.168.1.0/24")
    assert [utils.dotted_netmask(length) for length in (0, 8, 25, 32)] == [
        "0.0.0.0",
        "255.0.0.0",
        "255.255.255.128",
        "255.255.255.255",
    ]
    with pytest.raises(OSError, match="illegal"):
        utils.address_in_network("x", "10.0.0.0/8")


def test_pairs() -> None:
    assert utils.to_key_val_list({"a": 1}) == [("a", 1)] == utils.to_key_val_list((("a", 1),))
    assert utils.from_key_val_list([("a", 1)]) == {"a": 1}
    assert utils.to_key_val_list(None) is utils.from_key_val_list(None) is None
    for wrong in ("a", b"a", 1, True):
        for function in (utils.to_key_val_list, utils.from_key_val_list):
            with pytest.raises(ValueError, match="2-tuples"):
                function(wrong)


@pytest.mark.parametrize("jar", [CookieJar(), envoi.Cookies()], ids=["standard", "ours"])
def test_cookies_to_and_from_dicts(jar: Any) -> None:
    assert utils.add_dict_to_cookiejar(jar, {"a": "1", "b": "2"}) is jar
    assert utils.dict_from_cookiejar(jar) == {"a": "1", "b": "2"}


def test_defaults() -> None:
    assert utils.default_user_agent("name") == f"name/{envoi.__version__}"
    assert utils.default_headers() == envoi.Session().headers
    assert utils.default_headers() is not utils.default_headers()
    assert utils.DEFAULT_PORTS == {"http": 80, "https": 443}
