"""What a jar keeps, lets go and forgets: bounds, order, policies, its dictionaries."""

from __future__ import annotations

import copy
import pickle
from http.cookiejar import CookieJar, DefaultCookiePolicy, MozillaCookieJar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._core import Headers
from envoi._model.cookie_adapters import seconds_now
from envoi._model.cookie_index import keys_of
from envoi._model.cookies import CookieHolder, with_request_cookies
from envoi._model.url import parse_url
from envoi.cookies import (
    RequestsCookieJar,
    create_cookie,
    public_suffix_list_date,
    use_public_suffix_list,
)
from envoi.exceptions import InvalidOption

HTTPS = parse_url("https://www.example.org/")
HTTP = parse_url("http://www.example.org/")


def received(*fields, url=HTTPS, jar=None):
    holder = CookieHolder(RequestsCookieJar() if jar is None else jar)
    holder.extract(url, Headers([("Set-Cookie", field) for field in fields]))
    return holder.jar


def sent(jar, url=HTTPS):
    return CookieHolder(jar).header_for(url)


def test_a_jar_has_at_most_3000_cookies_and_those_that_are_used_stay():
    jar = received("used=1; Path=/")
    for number in range(3100):
        jar.set("c", "1", domain=f"h{number}.example.org")
        if number % 500 == 0:
            assert sent(jar) == "used=1"
    assert len(jar) == 3000
    assert sent(jar) == "used=1"
    assert sent(jar, parse_url("http://h0.example.org/")) is None
    assert sent(jar, parse_url("http://h3099.example.org/")) == "c=1"


def test_in_a_domain_expired_cookies_go_first_and_secure_ones_last():
    jar = received(*(f"secure{number}=1; Secure; Path=/" for number in range(100)))
    received(*(f"plain{number}=1; Path=/" for number in range(78)), jar=jar)
    jar.set("expired", "1", domain="www.example.org", expires=1)
    received("new0=1; Path=/", jar=jar)
    assert len(jar) == 180
    received("new1=1; Path=/", jar=jar)
    assert "expired" not in jar
    received("new2=1; Path=/", "new3=1; Path=/", jar=jar)
    assert len(jar) == 180
    assert [name for name in ("plain0", "plain1", "plain2", "secure0") if name in jar] == [
        "plain2",
        "secure0",
    ]


def test_cookies_of_every_host_are_not_bounded_as_those_of_a_domain():
    jar = RequestsCookieJar({f"c{number}": "1" for number in range(500)})
    assert len(jar) == 500


def test_a_plain_cookie_may_not_be_where_a_secure_one_is():
    jar = received("a=1; Secure; Path=/deep; Domain=example.org")
    received("a=2; Path=/deep/er", "a=3; Path=/deep", url=HTTP, jar=jar)
    assert len(jar) == 1
    received("a=4; Path=/", "a=5; Path=/deeper", url=HTTP, jar=jar)
    assert len(jar) == 3  # the path of a Secure cookie is above neither


def test_same_site_and_http_only_are_there_to_be_read():
    (cookie,) = received("a=1; samesite=STRICT; httponly; Priority=High; Partitioned")
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("Priority") == "High"
    assert cookie.has_nonstandard_attr("Partitioned")
    (cookie,) = received("a=1; SameSite=Sometimes")
    assert not cookie.has_nonstandard_attr("SameSite")


def test_a_standard_jar_may_take_the_cookies_over():
    standard = MozillaCookieJar()
    for cookie in received("a=1; Path=/", "b=2; Domain=example.org"):
        standard.set_cookie(cookie)
    assert CookieHolder(standard).header_for(HTTPS) == "a=1; b=2"


@pytest.mark.parametrize(
    "copied",
    [RequestsCookieJar.copy, copy.copy, copy.deepcopy, lambda jar: pickle.loads(pickle.dumps(jar))],
)
def test_copies_keep_order_and_values_and_are_jars_of_their_own(copied):
    jar = received("z=1; Path=/", "y=2; Domain=example.org", r'x="\"3\""; Path=/', "w=4; Path=/")
    made = copied(jar)
    assert sent(made) == sent(jar) == r'z=1; y=2; x="\"3\""; w=4'
    received("v=5; Path=/", jar=made)
    assert "v" not in jar
    assert sent(made).endswith("; v=5")


def test_its_dictionaries_may_be_read_and_replaced():
    jar = received("a=1; Path=/", "b=2; Domain=example.org")
    assert jar._cookies["www.example.org"]["/"]["a"].value == "1"
    assert jar._cookies[".example.org"]["/"]["b"].value == "2"
    other = RequestsCookieJar()
    other._cookies = pickle.loads(pickle.dumps(jar._cookies))
    assert sent(other) == "a=1; b=2"
    other._cookies["www.example.org"]["/"]["c"] = create_cookie("c", "3", domain="www.example.org")
    assert set(sent(other).split("; ")) == {"a=1", "b=2", "c=3"}
    received("c=; Path=/; Max-Age=0", jar=other)
    assert list(other._cookies["www.example.org"]["/"]) == ["a"]


def test_a_policy_s_domains_are_heeded():
    jar = received("a=1; Path=/")
    jar.get_policy().set_blocked_domains(["www.example.org"])
    assert sent(jar) is None
    assert len(received("b=1", jar=jar)) == 1
    jar.get_policy().set_blocked_domains([])
    jar.get_policy().set_allowed_domains([".example.net"])
    assert sent(jar) is None


def test_another_policy_is_asked_by_the_standard_library():
    jar = RequestsCookieJar(DefaultCookiePolicy())
    assert len(received("a=1; Path=foo", jar=jar)) == 1
    assert sent(jar) is None
    jar.set_policy(RequestsCookieJar().get_policy())
    received("a=2; Path=foo", jar=jar)
    assert sent(jar) == "a=2"


@pytest.mark.parametrize("kind", ["set_cookie", "extract_cookies", "add_cookie_header"])
def test_overridden_methods_are_called(kind):
    called = []

    class Jar(RequestsCookieJar):
        pass

    def method(self, *arguments):
        called.append(kind)
        return getattr(RequestsCookieJar, kind)(self, *arguments)

    setattr(Jar, kind, method)
    jar = received("a=1; Path=/", jar=Jar())
    assert sent(jar) == "a=1"
    assert called == [kind]


def test_a_domain_set_by_hand_may_be_written_in_any_way():
    jar = RequestsCookieJar()
    jar.set("a", "1", domain="Bücher.Example")
    jar.set("b", "2", domain=".WWW.bücher.example")
    assert sent(jar, parse_url("http://www.bücher.example/")) == "a=1; b=2"
    assert jar.get("a", domain="bücher.example") == "1"


def test_a_port_set_by_hand_is_heeded():
    jar = RequestsCookieJar()
    jar.set("a", "1", domain="localhost", port="8080,9090")
    assert sent(jar, parse_url("http://localhost:9090/")) == "a=1"
    assert sent(jar, parse_url("http://localhost/")) is None


def test_a_cookie_that_has_expired_is_a_new_one_when_it_is_set_again(monkeypatch):
    jar = received("a=1; Path=/; Max-Age=5", "b=2; Path=/")
    received("a=3; Path=/; Max-Age=5", jar=jar)
    assert sent(jar) == "a=3; b=2"
    monkeypatch.setattr("envoi._model.cookie_store.seconds_now", lambda: seconds_now() + 6)
    received("a=4; Path=/", jar=jar)
    assert sent(jar) == "b=2; a=4"


def test_what_a_server_takes_away_leaves_nothing_behind():
    jar = RequestsCookieJar()
    for number in range(50):
        received(f"a=1; Path=/{number}", jar=jar)
        received(f"a=; Path=/{number}; Max-Age=0", jar=jar)
    assert jar._cookies == {}
    assert len(jar._ordered()._made) == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "server", "gone", "del", "clear", "send", "copy"]),
            st.sampled_from("abc"),
            st.sampled_from(["www.example.org", ".example.org", "", "other.example"]),
            st.sampled_from(["/", "/p"]),
        ),
        max_size=30,
    )
)
def test_the_index_knows_what_the_dictionaries_have(history):
    jar = RequestsCookieJar()
    for action, name, domain, path in history:
        if action == "set":
            jar.set(name, "1", domain=domain, path=path)
        elif action == "server":
            received(f"{name}=1; Path={path}", jar=jar)
        elif action == "gone":
            received(f"{name}=1; Path={path}; Max-Age=0", jar=jar)
        elif action == "del" and any(cookie.name == name for cookie in jar):
            del jar[name]
        elif action == "clear" and domain in jar._cookies:
            jar.clear(domain)
        elif action == "send":
            sent(jar)
        else:
            jar = jar.copy()
        assert set(jar._ordered()._made) == set(keys_of(jar._cookies))


@pytest.mark.parametrize("own", [{"a": "9"}, {"z": "9"}, {"b": None}, {"a": None, "z": 5}, {}])
def test_a_request_s_own_cookies_are_put_in_as_into_a_copy(own):
    jar = received("a=1; Path=/", "b=2; Domain=example.org")
    jar.set("a", "0")
    holder = CookieHolder(jar)
    copied = jar.copy()
    copied.update(own)
    assert with_request_cookies(holder, own, HTTPS) == sent(copied)


def test_jars_of_others_take_as_they_did():
    lenient = CookieJar()
    received("a=1; Path=/", "b=2; version=1000", jar=lenient)
    assert [cookie.name for cookie in lenient] == ["a"]


def test_the_public_suffix_list_has_a_date_and_may_be_replaced(tmp_path):
    assert public_suffix_list_date() > "2023-01-01"
    newer = tmp_path / "list.dat"
    newer.write_text(
        "// VERSION: 2099-01-02_03-04-05_UTC\n// ===BEGIN ICANN DOMAINS===\norg\nexample.org\n"
    )
    field = "a=1; Domain=example.org"
    assert len(received(field)) == 1
    use_public_suffix_list(newer)
    try:
        assert public_suffix_list_date() == "2099-01-02"
        assert len(received(field)) == 0
    finally:
        use_public_suffix_list(None)
    assert len(received(field)) == 1
    assert public_suffix_list_date() < "2099"


@pytest.mark.parametrize("content", [None, "<html>"])
def test_what_is_no_public_suffix_list_is_refused(content, tmp_path):
    path = tmp_path / "list.dat"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidOption, match="public suffix list"):
        use_public_suffix_list(path)
