"""The core's URL: what it keeps, quotes and refuses, and how it behaves as a Python value."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envoi._core import URL, URLError


def test_properties_of_a_full_url():
    url = URL("HTTPS://user:p%40w@Example.COM:8443/a/B?q=1&r#top")
    assert url.scheme == "https"
    assert (url.username, url.password, url.has_userinfo) == ("user", "p%40w", True)
    assert (url.host, url.port, url.explicit_port) == ("example.com", 8443, 8443)
    assert (url.path, url.query, url.fragment) == ("/a/B", "q=1&r", "top")
    assert url.target == "/a/B?q=1&r"
    assert url.authority == "example.com:8443"
    assert url.origin == "https://example.com:8443"
    assert not url.is_ip_literal


def test_properties_of_a_bare_url():
    url = URL("http://example.com")
    assert str(url) == "http://example.com/"
    assert (url.username, url.password, url.has_userinfo) == (None, None, False)
    assert (url.port, url.explicit_port) == (80, None)
    assert (url.path, url.query, url.fragment, url.target) == ("/", None, None, "/")
    assert (url.authority, url.origin) == ("example.com", "http://example.com:80")


@pytest.mark.parametrize(
    ("url", "authority", "origin"),
    [
        ("http://h:80/", "h", "http://h:80"),
        ("https://h:443/", "h", "https://h:443"),
        ("https://h:80/", "h:80", "https://h:80"),
        ("http://[::1]/", "[::1]", "http://[::1]:80"),
        ("http://[0:0::1]:81/", "[::1]:81", "http://[::1]:81"),
        ("http://H.:/", "h.", "http://h.:80"),
        ("http://[fe80::1%25eth0]/", "[fe80::1]", "http://[fe80::1%25eth0]:80"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://B\u00fccher.de/", "xn--bcher-kva.de", "http://xn--bcher-kva.de:80"),
    ],
)
def test_authority_and_origin(url, authority, origin):
    assert URL(url).authority == authority
    assert URL(url).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "http://a/%7Efoo/%7efoo/~foo/%41/;p=1,2",
        "http://a/b/../c/./d//e",
        "http://a/?",
        "http://a/?a=1&a=2&b=%2C,+",
        "http://user:@a/",
        "http://a:80/",
        "http://some_host.example.com./",
        "mailto:x@y",
        "data:text/plain,hello world",
        "file:///x",
        "ftp://h",
        "http+unix://%2Fvar%2Frun%2Fx.sock/info",
    ],
)
def test_legal_urls_keep_their_bytes(url):
    assert str(URL(url)) == url


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("  \n http://a/b \r\n", "http://a/b"),
        ("http://a/b c?d e#f g", "http://a/b%20c?d%20e#f%20g"),
        ("http://a/\u00e9?\u00fc", "http://a/%C3%A9?%C3%BC"),
        ('http://a/"<>\\^`{|}[]', "http://a/%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D"),
        ("http://a/%zz%41%", "http://a/%25zz%41%25"),
        ("http://a?x=1", "http://a/?x=1"),
        ("http://us er:p\u00e4@a/", "http://us%20er:p%C3%A4@a/"),
    ],
)
def test_only_what_is_illegal_is_quoted(given_url, kept):
    assert str(URL(given_url)) == kept


@pytest.mark.parametrize(
    ("url", "scheme"),
    [("mailto:x@y", "mailto"), ("data:,x", "data"), ("file:///x", "file"), ("g:h", "g")],
)
def test_other_schemes_parse_without_a_host(url, scheme):
    assert (URL(url).scheme, URL(url).host, URL(url).port) == (scheme, "", 0)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", "scheme-missing"),
        ("example.com", "scheme-missing"),
        ("//host", "scheme-missing"),
        ("/path", "scheme-missing"),
        ("localhost:8080/x", "scheme-invalid"),
        ("127.0.0.1:80/x", "scheme-invalid"),
        ("ht tp://x", "scheme-invalid"),
        ("http:", "host-missing"),
        ("http:///x", "host-missing"),
        ("http://?q", "host-missing"),
        ("http://a\\b/", "host-invalid"),
        ("http://good\\@evil/", "host-invalid"),
        ("http://a@b@c/", "host-invalid"),
        ("http://a b/", "host-invalid"),
        ("http://a%2eb/", "host-invalid"),
        ("http://a..b/", "host-invalid"),
        ("http://.a/", "host-invalid"),
        ("http://*.a/", "host-invalid"),
        ("http://" + "a" * 64 + "/", "host-invalid"),
        ("http://" + "a." * 127 + "com/", "host-invalid"),
        ("http://127.1/", "host-invalid"),
        ("http://0x7f.1/", "host-invalid"),
        ("http://2130706433/", "host-invalid"),
        ("http://0177.0.0.1/", "host-invalid"),
        ("http://\uff11\uff12\uff17.1/", "host-invalid"),
        ("http://\u2100.com/", "host-invalid"),
        ("http://[::1/", "host-invalid"),
        ("http://[::g]/", "host-invalid"),
        ("http://a:b/", "port-invalid"),
        ("http://a:65536/", "port-invalid"),
        ("http://a:\u0661/", "port-invalid"),
        ("http://a/\r\nX: y", "character"),
        ("http://a/\x00", "character"),
        ("http://a\t/", "character"),
        ("http://a/\ud800", "character"),
        ("http://a/" + "x" * 65_536, "too-long"),
    ],
)
def test_broken_urls_are_refused(url, kind):
    with pytest.raises(URLError) as caught:
        URL(url)
    assert caught.value.args[0] == kind
    assert isinstance(caught.value.args[1], str)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("url", [None, b"http://a/", 1])
def test_other_types_are_refused(url):
    with pytest.raises(TypeError):
        URL(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@a b/",
        "http://user:hunter2/x@host/",
        "http://user:hunter2@host:x/",
        "user:hunter2@host/",
        "//user:hunter2@host:1/",
        "http://user:hunter2@host/",
        "ftp://user:hunter2@host/",
    ],
)
def test_passwords_never_show(url):
    try:
        shown = repr(URL(url))
    except URLError as error:
        shown = str(error)
    assert "hunter2" not in shown


def test_repr_redacts_and_str_does_not():
    url = URL("http://user:hunter2@a/?x")
    assert repr(url) == 'URL("http://user:***@a/?x")'
    assert str(url) == "http://user:hunter2@a/?x"
    assert str(url.without_userinfo()) == "http://a/?x"


@pytest.mark.parametrize(
    ("reference", "result"),
    [
        ("g:h", "g:h"),
        ("./g", "http://a/b/c/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("", "http://a/b/c/d;p?q"),
        ("../..", "http://a/"),
        ("../../../g", "http://a/g"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("http:g", "http://a/b/c/g"),
        ("\\\\evil", "http://a/b/c/%5C%5Cevil"),
        ("/\\evil", "http://a/%5Cevil"),
        ("/\u00e9 x", "http://a/%C3%A9%20x"),
        ("file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_join(reference, result):
    assert str(URL("http://a/b/c/d;p?q").join(reference)) == result


@pytest.mark.parametrize(
    "reference",
    ["///evil", "//a@b@c", "//good\\@evil", "x\r\ny", "http:///x", "//0x7f.1/", "\ud800"],
)
def test_join_refuses_hostile_references(reference):
    with pytest.raises(URLError):
        URL("http://a/").join(reference)


def test_queries_and_fragments_are_replaced():
    url = URL("http://a/p?q#f")
    assert str(url.with_query(None)) == "http://a/p#f"
    assert str(url.with_query("a b#c")) == "http://a/p?a%20b%23c#f"
    assert str(url.with_added_query("x=1")) == "http://a/p?q&x=1#f"
    assert str(url.with_added_query("")) == str(url)
    assert str(URL("http://a").with_added_query("x=1")) == "http://a/?x=1"
    assert str(url.with_fragment(None)) == "http://a/p?q"
    with pytest.raises(URLError):
        url.with_query("a\r\nb")


def test_urls_are_values():
    url = URL("http://A/?x")
    assert url == URL("http://a/?x")
    assert url == "http://a/?x"
    assert url != URL("http://a/?y")
    assert (url == 1) is False
    assert len({url, URL("http://a/?x"), "http://a/?x"}) == 1
    assert pickle.loads(pickle.dumps(url)) == url
    assert copy.deepcopy(url) == url
    assert url.host is url.host
    with pytest.raises(AttributeError):
        url.host = "b"
    with pytest.raises(TypeError):
        sorted([url, URL("http://b/")])


@given(st.text(max_size=40), st.sampled_from(["", "http://", "http://a/", "x:", "https://[::1]/"]))
@example("user:pw@h:1/?#", "http://")
def test_any_text_parses_stably_or_raises_url_error(text, prefix):
    try:
        url = URL(prefix + text)
    except URLError:
        return
    assert URL(str(url)) == url
    if url.scheme in {"http", "https"}:
        assert str(url).isascii()
        assert str(url).isprintable()
        assert " " not in str(url)


@given(st.text(max_size=40))
def test_any_reference_joins_stably_or_raises_url_error(reference):
    try:
        url = URL("http://u:p@a/b/c?d#e").join(reference)
    except URLError:
        return
    assert URL(str(url)) == url
