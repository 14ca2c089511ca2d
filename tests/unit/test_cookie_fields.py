"""Set-Cookie fields and their dates, as RFC 6265bis reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._model.cookie_dates import parse_date
from envoi._model.cookie_fields import MAX_AGE, SetCookie, parse_set_cookie

NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thu, 01-Jan-70 00:00:01 GMT", "1970-01-01T00:00:01"),
        (
            "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
            "1970-01-01T00:00:00",
        ),
        ("Thu, 1 Jan 1970 0:0:0 GMT", "1970-01-01T00:00:00"),
        ("Thursday, 01-January-1970 00:00:00 GMT", "1970-01-01T00:00:00"),
        ("Thu Jan  1 00:00:00 1970", "1970-01-01T00:00:00"),
        ("Wed, 21 Oct 2099 07:28:00 GMT", "2099-10-21T07:28:00"),
        ("Wed, 02 Sept 2014 10:11:12 GMT", "2014-09-02T10:11:12"),
        ("Wed, 02 Sep 2014 10:11:12 CET", "2014-09-02T10:11:12"),
        ("Wed, 02 Sep 2014 10:11:12 -0400", "2014-09-02T10:11:12"),
        ("10:11:12 2014 2 sep", "2014-09-02T10:11:12"),
        ("2014-Sep-02 10:11:12", "2014-09-02T10:11:12"),
        ("02 Sep 69 00:00:00", "2069-09-02T00:00:00"),
        ("02 Sep 70 00:00:00", "1970-09-02T00:00:00"),
        ("02 Sep 1600 00:00:00", None),
        ("02 Sep 1601 00:00:00", "1601-09-02T00:00:00"),
        ("02 Sep 20144 00:00:00", None),
        ("31 Jun 2014 00:00:00", None),
        ("29 Feb 2015 00:00:00", None),
        ("00 Sep 2014 00:00:00", None),
        ("02 Sep 2014 24:00:00", None),
        ("02 Sep 2014 23:60:00", None),
        ("02 Sep 2014 23:59:60", None),
        ("02 Sep 2014 010:00:00", None),
        ("02 Sep 2014 10:00", None),
        ("02 Sep 2014", None),
        ("02 10:00:00 2014", None),
        ("0", None),
        ("", None),
        ("tomorrow", None),
    ],
)
def test_dates(text, expected):
    seconds = parse_date(text)
    found = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    assert found == (None if expected is None else datetime.fromisoformat(expected + "+00:00"))


@given(st.text(alphabet="0123456789: janfebdGMT+-,\x00é", max_size=40))
def test_any_text_is_a_date_or_none(text):
    assert parse_date(text) is None or isinstance(parse_date(text), int)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a=b", SetCookie("a", "b")),
        ("  a \t= b c \t", SetCookie("a", "b c")),
        ("a=b=c==", SetCookie("a", "b=c==")),
        ("a", SetCookie("", "a")),
        ("=a", SetCookie("", "a")),
        ("=a=b", SetCookie("", "a=b")),
        ("a=", SetCookie("a", "")),
        ("", None),
        ("=", None),
        (";a=b", None),
        ("a=b\x01", None),
        ("a=b; Path=/\x7f", None),
        ("a=b\tc", SetCookie("a", "b\tc")),
        (r'test="159\"687"', SetCookie("test", r'"159\"687"')),
        ("a=b;;;", SetCookie("a", "b")),
        ("a=b; SECURE; httponly=x", SetCookie("a", "b", is_secure=True, is_http_only=True)),
        ("a=b; Path", SetCookie("a", "b", path="")),
        ("a=b; Path=foo", SetCookie("a", "b", path="")),
        ('a=b; Path="/"', SetCookie("a", "b", path="")),
        ("a=b; Path=/x; Path=/y", SetCookie("a", "b", path="/y")),
        ("a=b; Path=/x; Path=y", SetCookie("a", "b", path="")),
        ("a=b; Path=/" + "x" * 1023, SetCookie("a", "b", path="/" + "x" * 1023)),
        ("a=b; Path=/" + "x" * 1024, SetCookie("a", "b")),
        ("a=b; Domain=", SetCookie("a", "b")),
        ("a=b; Domain=.Example.ORG", SetCookie("a", "b", None, "example.org", True)),
        ("a=b; domain=example.org; domain=", SetCookie("a", "b")),
        ("a=b; version=1000", SetCookie("a", "b", others=(("version", "1000"),))),
        ('a=b; Port="8888"', SetCookie("a", "b", others=(("Port", '"8888"'),))),
        ("a=b; Partitioned", SetCookie("a", "b", others=(("Partitioned", None),))),
        ("a=b; SameSite=LAX", SetCookie("a", "b", same_site="Lax")),
        ("a=b; SameSite=wide", SetCookie("a", "b")),
        ("a=b; Max-Age=50,399", SetCookie("a", "b")),
        ("a=b; Max-Age=abc", SetCookie("a", "b")),
        ("a=b; Max-Age=", SetCookie("a", "b")),
        ("a=b; Max-Age=-", SetCookie("a", "b")),
        ("a=b; Max-Age=+5", SetCookie("a", "b")),
        ("a=b; Max-Age=60", SetCookie("a", "b", NOW + 60)),
        ("a=b; Max-Age=0", SetCookie("a", "b", 0)),
        ("a=b; Max-Age=-1", SetCookie("a", "b", 0)),
        ("a=b; Max-Age=000000000060", SetCookie("a", "b", NOW + 60)),
        ("a=b; Max-Age=" + "9" * 400, SetCookie("a", "b", NOW + MAX_AGE)),
        ("a=b; Max-Age=60; Max-Age=x", SetCookie("a", "b", NOW + 60)),
        (
            "a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            SetCookie("a", "b", NOW + 60),
        ),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT", SetCookie("a", "b", 1)),
        ("a=b; Expires=Thu, 01 Jan 2970 00:00:01 GMT", SetCookie("a", "b", NOW + MAX_AGE)),
        ("a=b; Expires=never", SetCookie("a", "b")),
        ("n" * 2048 + "=" + "v" * 2048 + "; Path=/", SetCookie("n" * 2048, "v" * 2048, path="/")),
        ("n" * 2048 + "=" + "v" * 2049, None),
    ],
)
def test_fields(field, expected):
    assert parse_set_cookie(field, NOW) == expected


@given(st.text(max_size=80), st.integers(0, 4_000_000_000))
def test_any_field_is_a_cookie_or_nothing(field, now):
    said = parse_set_cookie(field, now)
    assert said is None or (said.expires or 0) <= now + MAX_AGE
