"""Cookies between requests and responses."""

from __future__ import annotations

import pickle
import subprocess
import sys
from http.cookiejar import CookieJar, DefaultCookiePolicy, MozillaCookieJar

import pytest
import requests

from envoi._core import Headers
from envoi._model.cookie_jar import RequestsCookieJar
from envoi._model.cookies import CookieHolder, with_request_cookies
from envoi._model.url import parse_url
from envoi.exceptions import InvalidHeader

HTTPS = parse_url("https://www.example.org/")
HTTP = parse_url("http://www.example.org/")


def received(*fields, url=HTTPS, jar=None):
    holder = CookieHolder() if jar is None else jar
    holder.extract(url, Headers([("Set-Cookie", field) for field in fields]))
    return holder


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\x00b", "a\x7fb"])
def test_control_characters_are_refused(bad):
    with pytest.raises(InvalidHeader):
        CookieHolder({"a": bad})
    with pytest.raises(InvalidHeader):
        CookieHolder({bad: "a"})
    with pytest.raises(InvalidHeader):
        with_request_cookies(CookieHolder(), {"a": bad}, HTTP)


@pytest.mark.parametrize(
    "kind", [CookieJar, RequestsCookieJar, requests.cookies.RequestsCookieJar, MozillaCookieJar]
)
def test_a_jar_of_the_caller_is_used_as_it_is(kind):
    jar = kind()
    holder = CookieHolder(jar)
    assert holder.jar is jar
    received("a=1; Path=/", jar=holder)
    assert [cookie.name for cookie in jar] == ["a"]
    assert holder.header_for(HTTPS) == "a=1"
    assert with_request_cookies(holder, {"b": "2"}, HTTPS) == "a=1; b=2"
    assert len(jar) == 1
    jar.clear()
    assert holder.header_for(HTTPS) is None


@pytest.mark.parametrize("given", [{"a": "1"}, [("a", "1")], {}, None], ids=str)
def test_anything_else_goes_into_a_new_jar(given):
    holder = CookieHolder(given)
    assert type(holder.jar) is RequestsCookieJar
    assert holder.jar == dict(given or {})
    assert holder.jar is holder.jar


def test_a_policy_of_the_caller_decides_alone():
    refusing = CookieHolder(RequestsCookieJar(DefaultCookiePolicy(allowed_domains=[])))
    assert received("a=1", jar=refusing).is_empty
    lenient = CookieHolder(CookieJar())
    received("__Host-a=1; Path=/x", "b=1; Secure; Path=/", url=HTTP, jar=lenient)
    assert {cookie.name for cookie in lenient.jar} == {"__Host-a", "b"}
    received("c=1\x01", "d=" + "x" * 5000, jar=lenient)
    assert len(lenient.jar) == 2


def test_a_jar_that_overrides_the_standard_methods_is_asked():
    class Fixed(CookieJar):
        def add_cookie_header(self, request):
            request.add_unredirected_header("Cookie", "from=elsewhere")

    assert CookieHolder(Fixed()).header_for(HTTPS) == "from=elsewhere"


def test_cookies_come_back_to_their_host():
    jar = received("a=1; Path=/", "b=2; Path=/deep")
    assert jar.header_for(HTTPS) == "a=1"
    assert jar.header_for(parse_url("https://www.example.org/deep/er")) == "b=2; a=1"
    assert jar.header_for(parse_url("https://other.example/")) is None


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "sub.www.example.org",
        "xwww.example.org",
        "www.example.org.evil.example",
        "www.example.com",
    ],
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
    assert len(received(*(f"c{number}=1" for number in range(250))).jar) == 180
    assert received("a=" + "x" * 5000).is_empty
    assert received("a=1\x01").is_empty


def test_expired_cookies_go():
    jar = received("a=1; Path=/", "b=1; Path=/; Max-Age=1000")
    received("a=1; Path=/; Max-Age=0", jar=jar)
    assert jar.jar.keys() == ["b"]
    received("b=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", jar=jar)
    assert jar.is_empty


def test_session_cookies_can_be_cleared():
    jar = received("a=1", "b=1; Max-Age=1000")
    jar.jar.clear_session_cookies()
    assert jar.jar.keys() == ["b"]
    jar.jar.clear_expired_cookies()
    assert jar.jar.keys() == ["b"]


REQUEST_COOKIES = [{"a": "1"}, {"a": "1", "b": "x y"}, {"q": '"quoted"'}, {"n": 5}, {"empty": ""}]


@pytest.mark.parametrize("cookies", REQUEST_COOKIES)
@pytest.mark.parametrize("session", [{}, {"s": "0"}, {"a": "0", "z": "9"}], ids=str)
def test_request_cookies_are_sent_as_requests_sends_them(session, cookies):
    theirs = requests.Session()
    theirs.cookies.update(session)
    if 5 in cookies.values():
        expected = None  # requests fails on numbers
    else:
        expected = theirs.prepare_request(
            requests.Request("GET", str(HTTP), cookies=cookies)
        ).headers.get("Cookie")
    ours = CookieHolder(session)
    header = with_request_cookies(ours, cookies, HTTP)
    assert expected is None or header == expected
    assert ours.jar == session


def test_request_cookies_may_be_a_jar():
    extra = RequestsCookieJar()
    extra.set("a", "1", domain="www.example.org")
    extra.set("b", "1", domain="other.example")
    standard = CookieJar()
    for cookie in extra:
        standard.set_cookie(cookie)
    assert with_request_cookies(CookieHolder(), extra, HTTP) == "a=1"
    assert with_request_cookies(CookieHolder({"s": "1"}), standard, HTTP) == "s=1; a=1"


def test_without_request_cookies_the_session_speaks():
    assert with_request_cookies(CookieHolder(), None, HTTP) is None
    assert with_request_cookies(CookieHolder(), {}, HTTP) is None
    assert with_request_cookies(CookieHolder(), RequestsCookieJar(), HTTP) is None
    assert with_request_cookies(CookieHolder(), {"a": None}, HTTP) is None
    assert with_request_cookies(CookieHolder({"a": "1"}), None, HTTP) == "a=1"


def test_empty_holder_imports_nothing():
    script = (
        "import sys; from envoi._model.cookies import CookieHolder, with_request_cookies as header; holder = CookieHolder({}); assert holder.is_empty;"
        "assert holder.header_for(None) is None; assert header(holder, {'a': '1'}, None) == 'a=1'; assert 'http.cookiejar' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_one_shot_request_without_cookies_imports_no_jar():
    script = (
        "import sys, envoi, envoi.testing\n"
        "with envoi.testing.Server() as server:\n"
        "    loaded = 'http.cookiejar' in sys.modules\n"
        "    with envoi.Session() as session:\n"
        "        assert session.get(server.url + '/get', cookies={'a': '1'}).ok\n"
        "    assert envoi.get(server.url + '/get').ok\n"
        "assert ('http.cookiejar' in sys.modules) == loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_threads_share_one_jar():
    from concurrent.futures import ThreadPoolExecutor

    holder = CookieHolder()

    def work(number):
        holder.jar.set(f"c{number}", "1")
        received(f"d{number}=1; Path=/", jar=holder)
        holder.header_for(HTTPS)
        holder.jar.copy()
        pickle.dumps(holder.jar)
        holder.jar.set(f"e{number}", "1")
        del holder.jar[f"e{number}"]
        return list(holder.jar)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert len(holder.jar) == 200


@pytest.mark.parametrize(
    "field",
    [
        "a=; Domain=www.example.org; Path=/; Max-Age=0",
        "a=; Domain=other.example; Domain=www.example.org; Path=/; Max-Age=0",
        "a=; Domain=www.example.org; Domain=other.example; Path=/; Max-Age=0",
    ],
)
def test_another_site_cannot_delete_a_cookie(field):
    jar = received("a=1; Path=/; Domain=www.example.org")
    received(field, url=parse_url("https://other.example/"), jar=jar)
    assert jar.header_for(HTTPS) == "a=1"


@pytest.mark.parametrize(
    "field",
    [
        "__Host-a=1; Secure; Domain=example.org; Domain=; Path=/",
        "__Host-a=1; Secure; Path=/x; Path=/; Domain=example.org",
    ],
)
def test_of_a_repeated_attribute_the_last_counts_for_the_jar_as_well(field):
    jar = received(field)
    assert [(cookie.domain_specified, cookie.path) for cookie in jar.jar] in ([], [(False, "/")])


def test_localhost_s_secure_cookie_is_not_overlaid():
    jar = received("a=1; Secure; Path=/", url=parse_url("https://localhost/"))
    received("a=evil; Path=/", url=parse_url("http://localhost/"), jar=jar)
    assert jar.header_for(parse_url("https://localhost/")) == "a=1"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("https://www.example.org/deep/x", "www-deep dot-deep org-deep tld-deep any-deep www dot org tld any"),
        ("http://example.org/", "dot org tld any"),
        ("http://localhost/", "local any"),
        ("http://127.0.0.1/", "address any"),
        ("http://[::1]/deep", "any-deep any"),
        ("http://org/", "tld any"),
    ],
)  # fmt: skip
def test_cookies_set_by_hand_go_where_requests_sends_them(text, sent):
    jar = RequestsCookieJar()
    for name, domain in {
        "www": "www.example.org",
        "dot": ".example.org",
        "org": "example.org",
        "tld": "org",
        "other": "other.example",
        "w": "wexample.org",
        "local": "localhost",
        "address": "127.0.0.1",
        "any": "",
    }.items():
        for suffix, path in {"": "/", "-deep": "/deep"}.items():
            jar.set(name + suffix, "1", domain=domain, path=path)
    header = CookieHolder(jar).header_for(parse_url(text))
    assert header.replace("=1", "").split("; ") == sent.split()
