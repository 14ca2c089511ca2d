"""`auth=` in all its forms, as one generator; Basic and Bearer."""

from __future__ import annotations

import pickle

import pytest
import requests.auth

import envoi.auth
from envoi._model.auth import (
    Auth,
    AuthBase,
    BearerAuth,
    HTTPBasicAuth,
    HTTPProxyAuth,
    as_flow,
    basic,
    needs_response_body,
)
from envoi._model.digest import HTTPDigestAuth
from envoi.exceptions import InvalidOption
from unit.prepared import prepared_request


def sent(auth, **options):
    """The requests that a flow yields, each answered with None."""
    return list(as_flow(auth, **options)(prepared_request("GET", "http://example.org/")))


PAIRS = [
    ("user", "password"),
    ("user", ""),
    ("", ""),
    ("us:er", "p"),
    (b"\xff", "ü"),
    ("ü", "ß"),
    ("имя".encode(), "пароль".encode()),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_basic_is_written_as_requests_writes_it(pair):
    expected = requests.auth._basic_auth_str(*pair)
    (request,) = sent(pair)
    assert request.headers["Authorization"] == expected == envoi.auth._basic_auth_str(*pair)
    (request,) = sent(list(pair))
    assert request.headers["Authorization"] == expected
    (request,) = sent(HTTPBasicAuth(*pair))
    assert request.headers["Authorization"] == expected
    (request,) = sent(HTTPProxyAuth(*pair))
    assert request.headers["Proxy-Authorization"] == expected
    assert "Authorization" not in request.headers


def test_text_beyond_latin_1_is_sent_as_utf_8():
    assert basic(("имя", "x")) == basic(("имя".encode(), b"x"))


def test_numbers_are_written_out_with_a_warning():
    with pytest.warns(DeprecationWarning, match="int"):
        assert basic((1, "x")) == basic(("1", "x"))


@pytest.mark.parametrize(
    "auth",
    [
        ("a",),
        ("a", "b", "c"),
        (),
        ("a", None),
        ("a", True),
        (["a"], "b"),
        ("\ud800", "b"),
        "user:password",
        5,
        object(),
    ],
)
def test_what_is_no_auth_is_refused_at_once(auth):
    with pytest.raises(InvalidOption):
        as_flow(auth)


def test_none_sends_the_request_as_it_is():
    (request,) = sent(None)
    assert "Authorization" not in request.headers


def test_a_callable_may_return_another_request():
    other = prepared_request("PUT", "http://example.org/other")
    assert sent(lambda request: other) == [other]


def test_a_callable_that_returns_nothing_is_told_so():
    with pytest.raises(InvalidOption, match="must return the request"):
        sent(lambda request: None)


def test_an_authbase_subclass_is_called_with_the_request():
    class Token(AuthBase):
        def __call__(self, r):
            r.headers["X-Token"] = f"{r.method} {r.path_url}"
            return r

    (request,) = sent(Token())
    assert request.headers["X-Token"] == "GET /"


def test_an_authbase_of_the_real_requests_works():
    (request,) = sent(requests.auth.HTTPBasicAuth("a", "b"))
    assert request.headers["Authorization"] == basic(("a", "b"))


def test_a_generator_sees_responses_and_sends_again():
    class Again(Auth):
        def auth_flow(self, request):
            response = yield request
            if response == "no":
                request.headers["X"] = "1"
                yield request

    flow = as_flow(Again())(prepared_request("GET", "http://example.org/"))
    assert "X" not in next(flow).headers
    assert flow.send("no").headers["X"] == "1"
    with pytest.raises(StopIteration):
        flow.send("yes")


def test_only_schemes_that_ask_for_bodies_get_them():
    class Reader(Auth):
        requires_response_body = True

    assert needs_response_body(Reader())
    assert not needs_response_body(Auth())
    assert not needs_response_body(("a", "b"))
    assert not needs_response_body(None)


def test_a_flow_after_a_redirect_is_the_same_unless_overridden():
    class Hop(Auth):
        def redirected_flow(self, request):
            request.headers["X-Hop"] = "1"
            yield request

    assert "X-Hop" not in sent(Hop())[0].headers
    assert sent(Hop(), redirected=True)[0].headers["X-Hop"] == "1"
    assert sent(("a", "b"), redirected=True)[0].headers["Authorization"] == basic(("a", "b"))


def test_a_subclass_that_overrides_the_call_alone_is_called():
    class Proxy(HTTPDigestAuth):
        def __call__(self, r):
            r.headers["Proxy-Authorization"] = "Digest x"
            return r

    assert sent(Proxy("a", "b"))[0].headers["Proxy-Authorization"] == "Digest x"


@pytest.mark.parametrize("kind", [HTTPBasicAuth, HTTPDigestAuth])
def test_equal_credentials_are_equal(kind):
    one = kind("a", "b")
    assert one == kind("a", "b")
    assert one != kind("a", "c")
    assert one != kind("c", "b")
    assert one != object()
    assert one == requests.auth.HTTPBasicAuth("a", "b")
    assert pickle.loads(pickle.dumps(one)) == one


def test_secrets_stay_out_of_reprs():
    assert "secret" not in repr(
        [
            HTTPBasicAuth("u", "secret"),
            HTTPProxyAuth("u", "secret"),
            HTTPDigestAuth("u", "secret"),
            BearerAuth("secret"),
        ]
    )


def test_bearer_sends_its_token():
    assert sent(BearerAuth("abc.d-e_f~+/="))[0].headers["Authorization"] == "Bearer abc.d-e_f~+/="
    assert sent(BearerAuth(b"abc"))[0].headers["Authorization"] == "Bearer abc"
    assert BearerAuth("a") == BearerAuth("a") != BearerAuth("b")


@pytest.mark.parametrize(
    "token", ["", "a\n", "a\r\nX: y", "\x00", "a\x7f", " a", "a ", "tök", b"\xff", None, 5]
)
def test_a_token_that_would_break_the_field_is_refused_without_showing_it(token):
    with pytest.raises(InvalidOption) as caught:
        BearerAuth(token)
    if isinstance(token, str) and len(token) > 3:
        assert token not in str(caught.value)


def test_requests_names_are_there():
    for name in (
        "AuthBase",
        "HTTPBasicAuth",
        "HTTPDigestAuth",
        "HTTPProxyAuth",
        "_basic_auth_str",
        "CONTENT_TYPE_FORM_URLENCODED",
        "CONTENT_TYPE_MULTI_PART",
    ):
        assert hasattr(envoi.auth, name)
    with pytest.raises(NotImplementedError):
        AuthBase()(None)
