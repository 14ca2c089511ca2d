"""The cookie jar."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import MutableMapping
from http.cookiejar import CookieJar
from http.cookies import SimpleCookie

import pytest
import requests

from envoi._core import Headers
from envoi._model.cookie_rules import CookieConflictError
from envoi._model.cookies import Cookies, with_request_cookies
from envoi._model.url import parse_url
from envoi.exceptions import InvalidHeader, InvalidOption

HTTPS = parse_url("https://www.example.org/")
HTTP = parse_url("http://www.example.org/")


def received(*fields, url=HTTPS, jar=None):
    jar = Cookies() if jar is None else jar
    jar.extract(url, Headers([("Set-Cookie", field) for field in fields]), 0.0)
    return jar


def test_mapping_of_names_and_values():
    jar = Cookies({"a": "1"})
    jar["b"] = "2"
    assert isinstance(jar, MutableMapping)
    assert (jar["a"], jar.get("b"), jar.get("c"), jar.get("c", 3)) == ("1", "2", None, 3)
    assert (jar.keys(), jar.values(), jar.items()) == (["a", "b"], ["1", "2"], [("a", "1"), ("b", "2")])
    assert (list(jar.iterkeys()), list(jar.itervalues()), list(jar.iteritems())) == (jar.keys(), jar.values(), jar.items())
    assert dict(jar) == jar.get_dict() == {"a": "1", "b": "2"}
    assert [cookie.name for cookie in jar] == ["a", "b"]
    assert "a" in jar
    assert len(jar) == 2
    assert jar == {"a": "1", "b": "2"}
    assert jar != {"a": "1"}
    assert jar != 1
    assert jar.setdefault("a", "9") == "1"
    assert jar.setdefault("z") == ""
    assert jar.pop("z") == ""
    assert jar.pop("z", None) is None
    with pytest.raises(KeyError):
        jar.pop("z")
    del jar["a"]
    jar.set("b", None)
    assert len(jar) == 0
    assert jar.is_empty


def test_it_answers_as_the_jar_of_requests():
    ours, theirs = Cookies(), requests.cookies.RequestsCookieJar()
    for jar in (ours, theirs):
        jar.set("a", "1", domain="one.example", path="/p")
        jar.set("a", "2", domain="two.example")
        jar.set("b", '"quoted \\" value"')
        jar.update({"c": "3"})
    for name in ("keys", "values", "items", "list_domains", "list_paths", "multiple_domains", "get_dict"):
        assert getattr(ours, name)() == getattr(theirs, name)(), name
    assert ours.get_dict(domain="one.example") == theirs.get_dict(domain="one.example")
    assert ours.get("a", domain="two.example") == theirs.get("a", domain="two.example") == "2"
    with pytest.raises(CookieConflictError):
        ours["a"]
    ours.clear("one.example", "/p", "a")
    assert ours["a"] == "2"


def test_morsels_and_attributes():
    morsel = SimpleCookie("a=1; Path=/x; Domain=example.org; expires=Wed, 21-Oct-2099 07:28:00 GMT; secure")["a"]
    jar = Cookies()
    cookie = jar.set("a", morsel)
    assert (cookie.domain, cookie.path, cookie.secure) == ("example.org", "/x", True)
    assert cookie.expires > 4_000_000_000
    with pytest.raises(InvalidOption, match="sekure"):
        jar.set("a", "1", sekure=True)


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\x00b", "a\x7fb"])
def test_control_characters_are_refused(bad):
    with pytest.raises(InvalidHeader):
        Cookies({"a": bad})
    with pytest.raises(InvalidHeader):
        Cookies({bad: "a"})
    with pytest.raises(InvalidHeader):
        with_request_cookies(Cookies(), {"a": bad}, HTTP)


def test_copies_are_independent():
    jar = Cookies({"a": "1"})
    for copied in (jar.copy(), pickle.loads(pickle.dumps(jar)), Cookies(jar), Cookies(jar.jar)):
        assert copied == jar
        copied["a"] = "2"
        assert jar["a"] == "1"
    assert Cookies().copy().is_empty


def test_a_view_shares_its_jar():
    standard = CookieJar()
    view = Cookies.over(standard)
    view["a"] = "1"
    assert view.jar is standard
    assert [cookie.name for cookie in standard] == ["a"]
    view.clear()
    assert len(standard) == 0
    assert view.is_empty


def test_repr_shows_no_value():
    assert repr(Cookies({"sid": "secret"})) == "<Cookies[sid for any host/]>"


def test_cookies_come_back_to_their_host():
    jar = received("a=1; Path=/", "b=2; Path=/deep")
    assert jar.header_for(HTTPS) == "a=1"
    assert jar.header_for(parse_url("https://www.example.org/deep/er")) == "b=2; a=1"
    assert jar.header_for(parse_url("https://other.example/")) is None


@pytest.mark.parametrize(
    "host", ["example.org", "sub.www.example.org", "xwww.example.org", "www.example.org.evil.example", "www.example.com"]
)
def test_cookie_without_domain_is_for_its_host_alone(host):
    assert received("a=1").header_for(parse_url(f"https://{host}/")) is None


def test_cookie_with_domain_is_for_its_subdomains_too():
    jar = received("a=1; Domain=Example.ORG")
    for host, header in [
        ("example.org", "a=1"),
        ("www.example.org", "a=1"),
        ("x.y.example.org", "a=1"),
        ("badexample.org", None),
        ("org", None),
    ]:
        assert jar.header_for(parse_url(f"https://{host}/")) == header


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.org", "org"),
        ("www.example.org", "org."),
        ("www.example.org", "example.org."),
        ("www.example.org", "other.org"),
        ("www.example.org", "sub.www.example.org"),
        ("shop.co.uk", "co.uk"),
        ("shop.co.uk", "co.UK"),
        ("shop.co.uk", ".co.uk"),
        ("127.0.0.1", "0.0.1"),
    ],
)
def test_foreign_and_public_domains_are_refused(host, domain):
    assert received(f"a=1; Domain={domain}", url=parse_url(f"https://{host}/")).is_empty


def test_localhost_and_addresses_keep_cookies():
    for text in ("http://localhost:8080/", "http://127.0.0.1:8080/", "http://[::1]:8080/"):
        url = parse_url(text)
        assert received("a=1", url=url).header_for(url) == "a=1", text


def test_secure_cookies_need_https():
    jar = received("a=1; Secure; Path=/")
    assert jar.header_for(HTTPS) == "a=1"
    assert jar.header_for(HTTP) is None
    assert received("a=1; Secure", url=HTTP).is_empty


def test_plain_http_cannot_overlay_a_secure_cookie():
    jar = received("a=1; Secure; Path=/")
    received("a=evil; Path=/", "a=evil; Domain=example.org", url=HTTP, jar=jar)
    assert jar.header_for(HTTPS) == "a=1"
    received("a=2; Secure; Path=/", jar=jar)
    assert jar.header_for(HTTPS) == "a=2"


@pytest.mark.parametrize(
    ("field", "url", "kept"),
    [
        ("__Secure-a=1; Secure", HTTPS, True),
        ("__Secure-a=1", HTTPS, False),
        ("__secure-a=1", HTTPS, False),
        ("__Secure-a=1; Secure", HTTP, False),
        ("__Host-a=1; Secure; Path=/", HTTPS, True),
        ("__Host-a=1; Path=/", HTTPS, False),
        ("__Host-a=1; Secure", HTTPS, False),
        ("__Host-a=1; Secure; Path=/x", HTTPS, False),
        ("__Host-a=1; Secure; Path=/; Domain=www.example.org", HTTPS, False),
        ("__HOST-a=1; Path=/", HTTPS, False),
        ("__Host-a=1; Secure; Path=/", HTTP, False),
    ],
)
def test_name_prefixes_are_enforced(field, url, kept):
    assert received(field, url=url).is_empty is not kept


def test_floods_are_cut():
    assert len(received(*(f"c{number}=1" for number in range(80)))) == 50
    assert received("a=" + "x" * 5000).is_empty
    assert received("a=1\x01").is_empty


def test_expired_cookies_go():
    jar = received("a=1; Path=/", "b=1; Path=/; Max-Age=1000")
    received("a=1; Path=/; Max-Age=0", jar=jar)
    assert jar.keys() == ["b"]
    received("b=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", jar=jar)
    assert jar.is_empty


def test_session_cookies_can_be_cleared():
    jar = received("a=1", "b=1; Max-Age=1000")
    jar.clear_session_cookies()
    assert jar.keys() == ["b"]
    jar.clear_expired_cookies()
    assert jar.keys() == ["b"]


REQUEST_COOKIES = [{"a": "1"}, {"a": "1", "b": "x y"}, {"q": '"quoted"'}, {"n": 5}, {"empty": ""}]


@pytest.mark.parametrize("cookies", REQUEST_COOKIES)
@pytest.mark.parametrize("session", [{}, {"s": "0"}, {"a": "0", "z": "9"}], ids=str)
def test_request_cookies_are_sent_as_requests_sends_them(session, cookies):
    theirs = requests.Session()
    theirs.cookies.update(session)
    if 5 in cookies.values():
        expected = None  # requests fails on numbers
    else:
        expected = theirs.prepare_request(requests.Request("GET", str(HTTP), cookies=cookies)).headers.get("Cookie")
    ours = Cookies(session)
    header = with_request_cookies(ours, cookies, HTTP)
    assert expected is None or header == expected
    assert ours == session


def test_request_cookies_may_be_a_jar():
    extra = Cookies()
    extra.set("a", "1", domain="www.example.org")
    extra.set("b", "1", domain="other.example")
    assert with_request_cookies(Cookies(), extra, HTTP) == "a=1"
    assert with_request_cookies(Cookies({"s": "1"}), extra.jar, HTTP) == "s=1; a=1"


def test_without_request_cookies_the_session_speaks():
    assert with_request_cookies(Cookies(), None, HTTP) is None
    assert with_request_cookies(Cookies(), {}, HTTP) is None
    assert with_request_cookies(Cookies(), {"a": None}, HTTP) is None
    assert with_request_cookies(Cookies({"a": "1"}), None, HTTP) == "a=1"


def test_empty_jar_imports_nothing():
    script = (
        "import sys; from envoi._model.cookies import Cookies; jar = Cookies(); assert jar.is_empty; assert not jar;"
        "assert jar.header_for(None) is None; jar.clear(); assert 'http.cookiejar' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_threads_share_one_jar():
    from concurrent.futures import ThreadPoolExecutor

    jar = Cookies()

    def work(number):
        jar.set(f"c{number}", "1")
        received(f"d{number}=1; Path=/", jar=jar)
        jar.header_for(HTTPS)
        return list(jar)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert len(jar) == 200


def test_jar_with_many_sites_sends_what_the_standard_jar_would():
    from envoi._model.cookie_adapters import Policy, view_request

    jar, standard = Cookies(), CookieJar(Policy())
    for domain in (
        "",
        "www.example.org",
        ".example.org",
        "example.org",
        "org",
        "other.example",
        "wexample.org",
        "localhost.local",
        "127.0.0.1",
    ):
        for path in ("/", "/deep"):
            standard.set_cookie(jar.set(f"c{len(jar)}", "1", domain=domain, path=path))
    for text in (
        "https://www.example.org/deep/x",
        "http://example.org/",
        "http://localhost/",
        "http://127.0.0.1/",
        "http://[::1]/deep",
        "http://org/",
    ):
        view = view_request(parse_url(text))
        standard.add_cookie_header(view)
        assert jar.header_for(parse_url(text)) == view.cookie_header is not None
