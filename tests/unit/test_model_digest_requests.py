"""Digest through the methods of requests: answers alike, hooks that answer."""

from __future__ import annotations

import pytest
import requests.auth

from envoi._core import Headers
from envoi._model.auth import as_flow
from envoi._model.digest import HTTPDigestAuth
from unit.digest_support import Answered, exchange, of, scheme

FIRST = 'Digest realm="r", nonce="n1", qop="auth"'


@pytest.mark.parametrize("algorithm", ["MD5", "md5", "SHA", "SHA-256", "SHA-512", None])
@pytest.mark.parametrize("qop", ["auth", "auth,auth-int", None])
def test_the_answer_is_that_of_requests(algorithm, qop):
    parameters = {"realm": 'r "x"', "nonce": "n", "opaque": "o", "qop": qop, "algorithm": algorithm}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    theirs = requests.auth.HTTPDigestAuth("user", "pass")
    theirs.init_per_thread_state()
    theirs._thread_local.chal = {**parameters, "realm": "r"}
    ours = HTTPDigestAuth("user", "pass")
    ours._thread_local.chal = {**parameters, "realm": "r"}
    url = "http://example.org/a/b?c=d"
    expected = theirs.build_digest_header("POST", url)
    ours._make_cnonce = lambda: of(expected).get("cnonce", "")
    found = ours.build_digest_header("POST", url)
    assert of(found) == {
        name: value for name, value in of(expected).items() if value or name != "opaque"
    }
    assert list(of(found)) == list(of(expected))


class Adapter:
    """What a response's `connection` is in requests."""

    def __init__(self):
        self.sent = []

    def send(self, request, **kwargs):
        self.sent.append((request, kwargs))
        return Hooked(request, 200)


class Hooked(Answered):
    content = b""

    def __init__(self, request, *arguments):
        super().__init__(*arguments)
        self.request = request
        self.history = []
        self.connection = Adapter()
        self.closed = False

    def close(self):
        self.closed = True


class Prepared:
    """A prepared request, as far as a scheme looks at it."""

    def __init__(self):
        self.method, self.url, self.headers, self.hooks = (
            "GET",
            "http://example.org/a",
            Headers(),
            [],
        )

    def register_hook(self, event, hook):
        self.hooks.append((event, hook))

    def copy(self):
        return Prepared()


def test_called_with_a_prepared_request_it_answers_through_a_hook():
    auth = scheme()
    request = auth(Prepared())
    ((event, hook),) = request.hooks
    assert event == "response"
    assert "Authorization" not in request.headers
    refused = Hooked(request, 401, FIRST)
    response = hook(refused, timeout=5)
    assert (response.status_code, response.history, refused.closed) == (200, [refused], True)
    ((sent, kwargs),) = refused.connection.sent
    assert of(sent.headers["Authorization"])["uri"] == "/a"
    assert kwargs == {"timeout": 5}
    assert of(auth(Prepared()).headers["Authorization"])["nc"] == "00000002"
    accepted = Hooked(request, 200)
    assert hook(accepted) is accepted


def test_build_digest_header_knows_nothing_before_a_challenge():
    auth = HTTPDigestAuth("user", "pass")
    auth.init_per_thread_state()
    assert auth._thread_local.last_nonce == ""
    assert auth._thread_local.chal == {}
    assert auth.build_digest_header("GET", "http://example.org/") is None
    exchange(auth, Answered(401, FIRST))
    assert auth._thread_local.last_nonce == "n1"
    assert auth._thread_local.chal == {"realm": "r", "nonce": "n1", "qop": "auth"}
    assert 'uri="/x?y"' in auth.build_digest_header("GET", "http://example.org/x?y")


def test_the_nonce_of_requests_state_is_kept_until_a_challenge_brings_another():
    auth = HTTPDigestAuth("user", "pass")
    auth.init_per_thread_state()
    auth._thread_local.last_nonce = "mine"
    assert auth._thread_local.last_nonce == "mine"
    exchange(auth, Answered(401, FIRST))
    assert auth._thread_local.last_nonce == "n1"
    auth._thread_local.last_nonce = "theirs"
    assert auth._thread_local.last_nonce == "theirs"
    assert auth._thread_local.chal["nonce"] == "n1"


class ProxyDigest(HTTPDigestAuth):
    """As companions of requests write it: state of their own beside requests' state, a hook of their own."""

    def __init__(self, username, password):
        super().__init__(username, password)
        self._thread_local.rejects = 0

    def handle_407(self, r, **kwargs):
        self._thread_local.rejects += 1
        self._thread_local.chal = {"realm": "proxy", "nonce": "n", "qop": "auth"}
        again = r.request.copy()
        again.headers["Proxy-Authorization"] = self.build_digest_header(again.method, again.url)
        return r.connection.send(again, **kwargs)

    def __call__(self, r):
        if self._thread_local.last_nonce:
            r.headers["Proxy-Authorization"] = self.build_digest_header(r.method, r.url)
        r.register_hook("response", self.handle_407)
        return r


def test_a_subclass_written_for_requests_works():
    auth = ProxyDigest("user", "pass")
    (request,) = as_flow(auth)(Prepared())
    assert not request.headers
    response = request.hooks[0][1](Hooked(request, 407))
    assert of(response.request.headers["Proxy-Authorization"])["realm"] == "proxy"
    assert auth._thread_local.rejects == 1
    assert of(auth(Prepared()).headers["Proxy-Authorization"])["nc"] == "00000002"
    auth._thread_local.last_nonce = ""
    assert "Proxy-Authorization" not in auth(Prepared()).headers
