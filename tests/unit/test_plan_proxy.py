"""Which proxy is chosen, what its URL means, and what an environment says."""

from __future__ import annotations

import copy
import pickle

import pytest

from envoi._core import URL
from envoi._io.protocols import TLSConfig
from envoi._proto.plans.proxy import (
    ProxyConfig,
    choose_proxy,
    environment_no_proxy,
    environment_proxies,
    parse_proxy,
)
from envoi.exceptions import InvalidHeader, InvalidOption, InvalidProxyURL, InvalidURL


@pytest.mark.parametrize(
    ("text", "kind", "host", "port", "username", "password"),
    [
        ("http://p.test:3128", "http", "p.test", 3128, None, None),
        ("p.test:3128", "http", "p.test", 3128, None, None),
        ("p.test", "http", "p.test", 80, None, None),
        ("//p.test:3128", "http", "p.test", 3128, None, None),
        ("localhost:8080/", "http", "localhost", 8080, None, None),
        (" http://p.test ", "http", "p.test", 80, None, None),
        ("https://p.test", "https", "p.test", 443, None, None),
        ("HTTP://P.Test:1/path?query#fragment", "http", "p.test", 1, None, None),
        ("socks4://p.test", "socks4", "p.test", 1080, None, None),
        ("socks4a://p.test", "socks4a", "p.test", 1080, None, None),
        ("socks5://p.test:9050", "socks5", "p.test", 9050, None, None),
        ("socks5h://[::1]:1080", "socks5h", "::1", 1080, None, None),
        ("http://u:p@p.test", "http", "p.test", 80, "u", "p"),
        ("u:p@p.test:3128", "http", "p.test", 3128, "u", "p"),
        ("http://us%20er:p%40%3a%2F@p.test", "http", "p.test", 80, "us er", "p@:/"),
        ("http://u@p.test", "http", "p.test", 80, "u", None),
        ("http://u:@p.test", "http", "p.test", 80, "u", ""),
        ("http://@p.test", "http", "p.test", 80, None, None),
        ("http://:p@p.test", "http", "p.test", 80, "", "p"),
        ("socks5://ü:%C3%BC@p.test", "socks5", "p.test", 1080, "ü", "ü"),
        ("http://bücher.test", "http", "xn--bcher-kva.test", 80, None, None),
    ],
)
def test_url_of_a_proxy(text, kind, host, port, username, password):
    proxy = parse_proxy(text)
    assert (proxy.kind, proxy.host, proxy.port, proxy.username, proxy.password) == (
        kind,
        host,
        port,
        username,
        password,
    )


@pytest.mark.parametrize(
    "text",
    [
        "http:/badproxyurl:3128",
        "http://:8080",
        "https://",
        "http:///p.test:8080",
        "ftp://p.test",
        "socks://p.test",
        "http://p.test:0",
        "http://p.test:99999",
        "http://p.test:http",
        "http://p .test",
        "http://p\r\n.test",
        "http://p\\.test",
        "http://u%0D%0Ax:p@p.test",
        "http://u:p%00@p.test",
        "http://u%3Ax:p@p.test",
        "socks5://:p@p.test",
        "socks5://u%00:p@p.test",
        "socks5://" + "u" * 256 + ":p@p.test",
        "socks5://u:" + "p" * 256 + "@p.test",
    ],
)
def test_url_that_is_no_proxys_is_refused(text):
    with pytest.raises(InvalidProxyURL) as caught:
        parse_proxy(text)
    assert isinstance(caught.value, InvalidURL)


@pytest.mark.parametrize(
    "text",
    [
        "ftp://user:hunter2@p.test",
        "http://user:hunter2@p.test:port",
        "http://user:hunter2@p .test",
        "http://user:hunt@hunter2@p.test",
        "http://user:hunter2",
        "http://user:hunter2/x@p.test",
        "http://user:hunter2#x@p.test",
        "user:hunter2@",
        "http:/user:hunter2@p.test",
        "http://us%3Aer:hunter2@p.test",
        "http://user:hunter2%00@p.test",
        "socks5://:hunter2@p.test",
    ],
)
def test_secrets_are_not_in_messages(text):
    with pytest.raises(InvalidProxyURL) as caught:
        parse_proxy(text)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("value", [1, b"http://p.test", ["http://p.test"], object()])
def test_value_that_is_no_text_is_refused(value):
    with pytest.raises(InvalidOption, match="proxies="):
        choose_proxy(URL("http://a.test"), {"http": value})


def test_secrets_are_not_in_the_repr():
    proxy = parse_proxy("http://user:hunter2@p.test")
    basic = proxy.authorization
    assert basic == "Basic dXNlcjpodW50ZXIy"
    for shown in (repr(proxy), str(proxy), f"{proxy}", proxy.url):
        assert "hunter2" not in shown
        assert "user" not in shown
        assert "dXNl" not in shown
    assert repr(proxy) == "<ProxyConfig http://p.test:80, with credentials>"
    assert proxy.url == "http://p.test:80"
    assert parse_proxy("http://[::1]").url == "http://[::1]:80"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://p.test", None),
        ("http://Aladdin:open%20sesame@p.test", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("http://u@p.test", "Basic dTo="),
        ("http://:p@p.test", "Basic OnA="),
        ("https://%C3%BC:p@p.test", "Basic /Dpw"),
        ("https://%E2%82%AC:p@p.test", "Basic 4oKsOnA="),
        ("socks5://u:p@p.test", None),
    ],
)
def test_basic_credentials(text, expected):
    assert parse_proxy(text).authorization == expected


def test_proxies_are_told_apart_by_all_that_they_have():
    different = [
        parse_proxy(text)
        for text in (
            "http://p.test",
            "https://p.test",
            "http://q.test",
            "http://p.test:1",
            "http://u:p@p.test",
            "http://u:q@p.test",
            "http://v:p@p.test",
            "socks5://u:p@p.test",
            "socks5://u:q@p.test",
            "socks5h://u:q@p.test",
        )
    ]
    different += [
        different[0].with_tls(TLSConfig(verify=False)),
        different[0].with_headers({"X-Team": "a"}),
    ]
    assert len(set(different)) == len(different)
    assert different[0] != "http://p.test"


def test_equal_proxies_are_equal_and_hash_alike():
    one, other = parse_proxy("http://u:p@p.test"), ProxyConfig("http", "p.test", 80, "u", "p")
    assert one == other
    assert hash(one) == hash(other)
    assert copy.copy(one) is one
    assert copy.deepcopy(one) is one


def test_proxy_cannot_be_changed_nor_pickled():
    proxy = parse_proxy("http://u:p@p.test")
    with pytest.raises(AttributeError):
        proxy.host = "q.test"
    with pytest.raises(AttributeError):
        del proxy.host
    with pytest.raises(TypeError):
        pickle.dumps(proxy)


@pytest.mark.parametrize(
    ("kind", "host", "port"),
    [("ftp", "p.test", 80), ("http", "", 80), ("http", "p.test", 0), ("http", "p.test", 65536)],
)
def test_proxy_that_cannot_be_is_refused(kind, host, port):
    with pytest.raises(InvalidProxyURL):
        ProxyConfig(kind, host, port)


def test_headers_for_the_proxy():
    proxy = parse_proxy("http://u:p@p.test").with_headers({"X-Team": "a"})
    assert proxy.fields == (("Proxy-Authorization", "Basic dTpw"), ("X-Team", "a"))
    other = proxy.with_headers([("proxy-authorization", "Bearer t"), ("X-Team", "b")])
    assert sorted(name.lower() for name, _ in other.fields) == ["proxy-authorization", "x-team"]
    assert other.authorization == "Bearer t"
    assert other.with_tls(TLSConfig()).authorization == "Bearer t"
    with pytest.raises(InvalidHeader):
        proxy.with_headers({"X-Team": "a\r\nEvil: 1"})


ALL = {
    "https://a.test": "http://host-and-scheme",
    "https": "http://scheme",
    "all://a.test": "http://host",
    "all": "http://all",
}


@pytest.mark.parametrize(
    ("url", "missing", "expected"),
    [
        ("https://a.test/", (), "host-and-scheme"),
        ("https://a.test:8443/", (), "host-and-scheme"),
        ("https://A.TEST./", (), "host-and-scheme"),
        ("https://u:p@a.test/", (), "host-and-scheme"),
        ("https://a.test/", ("https://a.test",), "scheme"),
        ("https://a.test/", ("https://a.test", "https"), "host"),
        ("https://a.test/", ("https://a.test", "https", "all://a.test"), "all"),
        ("https://a.test/", tuple(ALL), None),
        ("https://b.a.test/", (), "scheme"),
        ("http://a.test/", (), "host"),
        ("http://b.test/", (), "all"),
        ("http://b.test/", ("all",), None),
    ],
)
def test_lookup_order(url, missing, expected):
    proxies = {key: value for key, value in ALL.items() if key not in missing}
    chosen = choose_proxy(URL(url), proxies)
    assert (chosen and chosen.host) == expected


@pytest.mark.parametrize("nothing", [None, ""])
def test_none_ends_the_search(nothing):
    assert (
        choose_proxy(URL("https://a.test"), {"https://a.test": nothing, "https": "http://p.test"})
        is None
    )
    assert choose_proxy(URL("https://a.test"), {"https": nothing, "all": "http://p.test"}) is None


@pytest.mark.parametrize("key", ["http://A.Test", "http://a.test.", "HTTP://a.test/"])
def test_hosts_in_keys_are_compared_in_their_normal_form(key):
    assert choose_proxy(URL("http://a.test/"), {key: "http://p.test"}) is not None


def test_hosts_in_keys_may_be_international_and_addresses():
    assert (
        choose_proxy(URL("http://xn--bcher-kva.test"), {"http://bücher.test": "p.test"}) is not None
    )
    assert choose_proxy(URL("http://[::1]:80/"), {"http://[::1]": "p.test"}) is not None
    assert choose_proxy(URL("http://[0:0::1]:80/"), {"http://::1": "p.test"}) is not None
    assert choose_proxy(URL("http://a.test"), {"http://not a host": "p.test"}) is None


def test_only_the_chosen_value_is_looked_at():
    assert (
        choose_proxy(URL("http://a.test"), {"http": "p.test", "https": "http://"}).host == "p.test"
    )
    with pytest.raises(InvalidProxyURL):
        choose_proxy(URL("https://a.test"), {"http": "p.test", "https": "http://"})


def test_config_may_stand_for_a_url():
    proxy = parse_proxy("p.test")
    assert choose_proxy(URL("http://a.test"), {"http": proxy}) is proxy


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        (
            {"http_proxy": "a", "https_proxy": "b", "all_proxy": "c"},
            {"http": "a", "https": "b", "all": "c"},
        ),
        (
            {"HTTP_PROXY": "a", "HTTPS_PROXY": "b", "ALL_PROXY": "c"},
            {"http": "a", "https": "b", "all": "c"},
        ),
        ({"HTTP_PROXY": "upper", "http_proxy": "lower"}, {"http": "lower"}),
        ({"http_proxy": "lower", "HTTP_PROXY": "upper"}, {"http": "lower"}),
        ({"https_proxy": "", "HTTPS_PROXY": "upper"}, {}),
        ({"https_proxy": "  "}, {}),
        ({"HTTP_PROXY": "evil", "REQUEST_METHOD": "GET"}, {}),
        ({"Http_Proxy": "evil", "REQUEST_METHOD": "GET"}, {}),
        ({"HTTP_PROXY": "evil", "http_proxy": "good", "REQUEST_METHOD": "GET"}, {"http": "good"}),
        ({"HTTPS_PROXY": "b", "REQUEST_METHOD": "GET"}, {"https": "b"}),
        ({"no_proxy": "x", "ftp_proxy": "y", "_proxy": "z"}, {}),
    ],
)
def test_environment(environ, expected):
    assert environment_proxies(environ) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ""),
        ({"NO_PROXY": "a"}, "a"),
        ({"NO_PROXY": "a", "no_proxy": "b"}, "b"),
        ({"NO_PROXY": "a", "no_proxy": ""}, ""),
    ],
)
def test_environment_exemptions(environ, expected):
    assert environment_no_proxy(environ) == expected
