"""The jar's interface, beside that of requests."""

from __future__ import annotations

import copy
import pickle
from collections.abc import MutableMapping
from functools import partial
from http.client import HTTPMessage
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy, MozillaCookieJar
from http.cookies import SimpleCookie

import pytest
import requests.cookies as theirs
from hypothesis import given
from hypothesis import strategies as st

import envoi
import envoi.cookies as ours
from envoi.exceptions import InvalidHeader, InvalidOption

BOTH = [ours, theirs]


def filled(module):
    jar = module.RequestsCookieJar()
    jar.set("a", "1", domain="one.example", path="/p")
    jar.set("a", "2", domain="two.example")
    jar.set("b", '"quoted \\" value"', secure=True, expires=4_000_000_000)
    jar.update({"c": "3"})
    jar.update([("d", "4")])
    return jar


def state(jar):
    return [vars(cookie) for cookie in jar]


def outcome(call):
    try:
        return call()
    except Exception as error:
        return [
            kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"
        ], type(error).__name__


QUESTIONS = {
    "keys": lambda jar: jar.keys(),
    "values": lambda jar: jar.values(),
    "items": lambda jar: jar.items(),
    "iterkeys": lambda jar: list(jar.iterkeys()),
    "itervalues": lambda jar: list(jar.itervalues()),
    "iteritems": lambda jar: list(jar.iteritems()),
    "dict": dict,
    "len": len,
    "names": lambda jar: [cookie.name for cookie in jar],
    "list_domains": lambda jar: jar.list_domains(),
    "list_paths": lambda jar: jar.list_paths(),
    "multiple_domains": lambda jar: jar.multiple_domains(),
    "get_dict": lambda jar: jar.get_dict(),
    "get_dict domain": lambda jar: jar.get_dict(domain="one.example"),
    "get_dict path": lambda jar: jar.get_dict(path="/"),
    "get_dict both": lambda jar: jar.get_dict("one.example", "/"),
    "get": lambda jar: jar.get("b"),
    "get missing": lambda jar: jar.get("x"),
    "get default": lambda jar: jar.get("x", 7),
    "get conflict": lambda jar: jar.get("a"),
    "get domain": lambda jar: jar.get("a", domain="one.example"),
    "get path": lambda jar: jar.get("a", path="/"),
    "get wrong path": lambda jar: jar.get("a", None, "one.example", "/"),
    "item": lambda jar: jar["c"],
    "item missing": lambda jar: jar["x"],
    "item conflict": lambda jar: jar["a"],
    "in": lambda jar: "c" in jar,
    "in missing": lambda jar: "x" in jar,
    "in conflict": lambda jar: "a" in jar,
    "in number": lambda jar: 5 in jar,
    "equal": lambda jar: jar == jar.copy(),
    "equal dict": lambda jar: jar == {"a": "2", "b": '"quoted " value"', "c": "3", "d": "4"},
    "hash": hash,
    "del": lambda jar: (jar.__delitem__("a"), state(jar)),
    "del missing": lambda jar: (jar.__delitem__("x"), state(jar)),
    "set None": lambda jar: (jar.set("a", None, domain="one.example"), state(jar)),
    "set item None": lambda jar: (jar.__setitem__("a", None), state(jar)),
    "set over": lambda jar: (vars(jar.set("c", "9")), state(jar)),
    "set unknown": lambda jar: jar.set("c", "9", sekure=True),
    "pop": lambda jar: (jar.pop("c"), state(jar)),
    "pop missing": lambda jar: jar.pop("x"),
    "pop default": lambda jar: jar.pop("x", 3),
    "pop conflict": lambda jar: jar.pop("a"),
    "setdefault": lambda jar: (jar.setdefault("c", "5"), jar.setdefault("e", "6"), state(jar)),
    "clear": lambda jar: (jar.clear(), state(jar)),
    "clear one": lambda jar: (jar.clear("one.example", "/p", "a"), state(jar)),
    "clear missing": lambda jar: jar.clear("three.example"),
    "clear name alone": lambda jar: jar.clear(name="a"),
    "clear_session_cookies": lambda jar: (jar.clear_session_cookies(), state(jar)),
    "clear_expired_cookies": lambda jar: (jar.clear_expired_cookies(), state(jar)),
    "copy": lambda jar: state(jar.copy()),
    "copy's policy": lambda jar: jar.copy().get_policy() is jar.get_policy(),
    "deepcopy": lambda jar: state(copy.deepcopy(jar)),
    "pickle": lambda jar: state(pickle.loads(pickle.dumps(jar))),
    "_find": lambda jar: jar._find("a"),
    "_find missing": lambda jar: jar._find("x"),
    "bool": bool,
    "_cookies": lambda jar: sorted(jar._cookies),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_the_jar_of_requests(question):
    answers = [
        outcome(lambda module=module: QUESTIONS[question](filled(module))) for module in BOTH
    ]
    if question == "set unknown":
        assert set(answers[0][0]) >= set(answers[1][0])  # a ValueError as well
    else:
        assert answers[0] == answers[1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "del", "update", "pop", "clear"]),
            st.sampled_from("abc"),
            st.sampled_from(["", "one.example", ".two.example"]),
            st.sampled_from(["/", "/p"]),
            st.sampled_from(["1", '"2"', '"3\\"']),
        ),
        max_size=20,
    )
)
def test_any_history_leaves_what_requests_would_have(history):
    jars = [module.RequestsCookieJar() for module in BOTH]
    steps = {
        "set": lambda jar, name, domain, path, value: vars(
            jar.set(name, value, domain=domain, path=path)
        ),
        "del": lambda jar, name, *_: jar.__delitem__(name),
        "update": lambda jar, name, domain, path, value: jar.update({name: value}),
        "pop": lambda jar, name, *_: jar.pop(name, None),
        "clear": lambda jar, name, domain, path, _: jar.clear(domain, path, name),
    }
    for action, *details in history:
        results = [outcome(partial(steps[action], jar, *details)) for jar in jars]
        assert results[0] == results[1]
        assert state(jars[0]) == state(jars[1])


def test_kinds():
    jar = ours.RequestsCookieJar()
    assert isinstance(jar, (CookieJar, MutableMapping))
    assert isinstance(jar, CookieJar)
    assert isinstance(jar, MutableMapping)
    assert (
        envoi.Cookies
        is envoi.aio.Cookies
        is ours.RequestsCookieJar
        is envoi.cookies.RequestsCookieJar
    )
    assert issubclass(ours.CookieConflictError, RuntimeError)


def test_what_is_no_policy_is_cookies():
    policy = DefaultCookiePolicy()
    assert ours.RequestsCookieJar(policy).get_policy() is policy
    assert ours.RequestsCookieJar(policy=policy).get_policy() is policy
    assert ours.RequestsCookieJar({"a": "1"}) == ours.RequestsCookieJar([("a", "1")]) == {"a": "1"}
    jar = ours.RequestsCookieJar()
    jar.set_policy(policy)
    assert jar.get_policy() is policy


def test_copies_are_independent():
    jar = ours.RequestsCookieJar({"a": "1"})
    for copied in (
        jar.copy(),
        copy.copy(jar),
        copy.deepcopy(jar),
        pickle.loads(pickle.dumps(jar)),
        ours.RequestsCookieJar(jar),
    ):
        assert copied == jar
        copied["a"] = "2"
        copied.set("b", "1", domain="example.org")
        assert dict(jar) == {"a": "1"}


def test_repr_shows_no_value():
    jar = ours.RequestsCookieJar({"sid": "secret"})
    assert repr(jar) == str(jar) == "<RequestsCookieJar[<Cookie sid for />]>"


def test_iteration_survives_changes():
    jar = ours.RequestsCookieJar({"a": "1", "b": "2"})
    for cookie in jar:
        del jar[cookie.name]
        jar["new" + cookie.name] = "1"
    assert sorted(jar.keys()) == ["newa", "newb"]


def test_a_cookie_without_a_value_is_no_item():
    for module in BOTH:
        jar = module.RequestsCookieJar()
        jar.set_cookie(module.create_cookie("a", None))
        assert len(jar) == 1
        assert "a" not in jar
        assert jar.get("a") is None
        with pytest.raises(KeyError):
            jar["a"]


@pytest.mark.parametrize(
    "text",
    [
        "a=1",
        "a=1; Path=/x; Domain=example.org; expires=Wed, 21-Oct-2099 07:28:00 GMT; secure; httponly",
        "a=1; Path=/; Comment=note; Version=1",
    ],
)
def test_morsels(text):
    morsel = SimpleCookie(text)["a"]
    cookies = [module.RequestsCookieJar().set("ignored", morsel) for module in BOTH]
    assert vars(cookies[0]) == vars(cookies[1]) == vars(ours.morsel_to_cookie(morsel))


@pytest.mark.parametrize(
    ("field", "value"), [("max-age", "woops"), ("expires", 100), ("expires", "woops")]
)
def test_morsels_with_nonsense_raise_what_requests_raises(field, value):
    morsel = SimpleCookie("a=1")["a"]
    morsel[field] = value
    with pytest.raises(Exception) as expected:
        theirs.morsel_to_cookie(morsel)
    with pytest.raises(expected.type):
        ours.morsel_to_cookie(morsel)


def test_morsel_s_age_counts_from_now():
    morsel = SimpleCookie("a=1; max-age=60")["a"]
    assert abs(ours.morsel_to_cookie(morsel).expires - theirs.morsel_to_cookie(morsel).expires) <= 1


def test_create_cookie():
    for arguments in (
        {},
        {
            "domain": ".example.org",
            "path": "",
            "port": "80",
            "expires": 5,
            "rest": {"SameSite": "Lax"},
        },
    ):
        assert vars(ours.create_cookie("a", "1", **arguments)) == vars(
            theirs.create_cookie("a", "1", **arguments)
        )
    for wrong in (TypeError, ValueError, InvalidOption):
        with pytest.raises(wrong, match="sekure"):
            ours.create_cookie("a", "1", sekure=True)
    with pytest.raises(InvalidOption, match="bytes"):
        ours.create_cookie("a", b"1")
    with pytest.raises(InvalidHeader):
        ours.create_cookie("a", "1\r\nX: y")


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("kind", [None, CookieJar, MozillaCookieJar])
@pytest.mark.parametrize("given_", [None, {}, {"a": "1", "b": "2"}], ids=str)
def test_cookiejar_from_dict(overwrite, kind, given_):
    jars = []
    for module in BOTH:
        jar = kind and kind()
        if jar is not None:
            jar.set_cookie(module.create_cookie("a", "0"))
        made = module.cookiejar_from_dict(given_, jar, overwrite)
        assert made is jar if kind else type(made) is module.RequestsCookieJar
        jars.append(state(made))
    assert jars[0] == jars[1]


def test_merge_cookies():
    for module in BOTH:
        jar = module.cookiejar_from_dict({"a": "1"})
        assert module.merge_cookies(jar, {"a": "2", "b": "2"}) is jar
        assert dict(jar) == {"a": "1", "b": "2"}
        assert dict(module.merge_cookies(jar, module.cookiejar_from_dict({"a": "3"}))) == {
            "a": "3",
            "b": "2",
        }
        assert dict(module.merge_cookies(jar, None)) == {"a": "3", "b": "2"}
        standard = module.merge_cookies(CookieJar(), jar)
        assert [cookie.name for cookie in standard] == ["a", "b"]
        with pytest.raises(ValueError, match="merge into CookieJar"):
            module.merge_cookies({}, {})


def test_remove_cookie_by_name():
    for module in BOTH:
        jar = filled(module)
        module.remove_cookie_by_name(jar, "a", domain="one.example", path="/")
        assert len(jar) == 5
        module.remove_cookie_by_name(jar, "a", domain="one.example")
        assert jar["a"] == "2"
        module.remove_cookie_by_name(jar, "a")
        assert "a" not in jar


def prepared(url="http://www.example.org:8080/a/b?c#d", **headers):
    return requests_prepared(url, headers)


def requests_prepared(url, headers):
    import requests

    return requests.Request("GET", url, headers=headers).prepare()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Host": "other.example"}, {"Host": b"other.example"}, {"X": "y", "Cookie": "z=1"}],
    ids=str,
)
def test_mock_request(headers):
    answers = []
    for module in BOTH:
        view = module.MockRequest(prepared(**headers))
        view.add_unredirected_header("New", "1")
        with pytest.raises(NotImplementedError):
            view.add_header("a", "b")
        answers.append(
            [
                view.type, view.get_type(), view.host, view.get_host(), view.origin_req_host, view.get_origin_req_host(), view.unverifiable,
                view.is_unverifiable(), view.get_full_url(), view.has_header("X"), view.has_header("New"), view.has_header("No"),
                view.get_header("X"), view.get_header("New"), view.get_header("No"), view.get_header("No", "d"), view.get_new_headers(),
            ]
        )  # fmt: skip
    assert answers[0] == answers[1]


class Original:
    def __init__(self, *fields):
        self.msg = HTTPMessage()
        for field in fields:
            self.msg["Set-Cookie"] = field


class RawDouble:
    def __init__(self, *fields):
        self._original_response = Original(*fields)


@pytest.mark.parametrize("kind", [CookieJar, MozillaCookieJar, None])
def test_cookies_of_a_raw_response_and_back(kind):
    answers = []
    for module in BOTH:
        jar = (kind or module.RequestsCookieJar)()
        module.extract_cookies_to_jar(
            jar,
            prepared(),
            RawDouble("a=1; Path=/", "b=2; Domain=example.org", "c=3; Path=/no", "d=4; Max-Age=0"),
        )
        module.extract_cookies_to_jar(jar, prepared(), object())
        headers = [
            module.get_cookie_header(jar, prepared(url))
            for url in (
                "http://www.example.org/",
                "http://www.example.org/a",
                "http://www.example.org/no/x",
                "http://example.org/a/",
                "http://x.example/",
            )
        ]
        answers.append((state(jar), headers))
    assert answers[0] == answers[1]


def test_rules_hold_when_another_package_fills_the_jar():
    fields = (
        "__Host-a=1",
        "b=1; Secure",
        "c=1; Domain=co.uk",
        "d=1; Path=/",
        "e=1; Domain=other.example; Max-Age=0; Path=/",
    )
    jar = ours.RequestsCookieJar()
    jar.set("e", "1", domain=".other.example")
    ours.extract_cookies_to_jar(jar, prepared("http://shop.co.uk/"), RawDouble(*fields))
    assert jar.keys() == ["e", "d"]
    jar.extract_cookies(
        ours.MockResponse(Original("__Secure-x=1").msg),
        ours.MockRequest(prepared("https://shop.co.uk/")),
    )
    assert len(jar) == 2


def test_mock_response():
    message = Original("a=1", "b=2").msg
    response = ours.MockResponse(message)
    assert response.info() is message
    assert response.getheaders("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("kind", [CookieJar, MozillaCookieJar, ours.RequestsCookieJar])
def test_any_jar_is_copied(kind):
    jar = kind()
    jar.set_cookie(ours.create_cookie("a", "1"))
    copied = ours._copy_cookie_jar(jar)
    assert type(copied) is kind
    copied.clear()
    assert len(jar) == 1
    assert ours._copy_cookie_jar(None) is None


def test_module_has_the_names_of_requests():
    public = {
        name
        for name, value in vars(theirs).items()
        if getattr(value, "__module__", "") == "requests.cookies" and name[0] != "_"
    }
    assert public <= set(dir(ours))


def test_cookie_objects_are_taken_as_they_are():
    jar = ours.RequestsCookieJar()
    cookie = Cookie(
        0,
        "a",
        "1",
        None,
        False,
        "example.org",
        True,
        False,
        "/",
        True,
        False,
        None,
        True,
        None,
        None,
        {},
    )
    jar.set_cookie(cookie)
    assert list(jar) == [cookie]
    assert not jar.is_empty
    jar.clear()
    assert jar.is_empty
