"""Authentication by a session: each kind of `auth=`, over real connections, in all three colours."""

from __future__ import annotations

import base64
import re

import pytest

import envoi
from envoi.auth import Auth, AuthBase, BearerAuth, HTTPBasicAuth, HTTPDigestAuth, HTTPProxyAuth
from envoi.testing import Answer, Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]

SECRET = "s3cr3t"


def basic(user: str, password: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode()


def sent(server: Server) -> list[str]:
    """The Authorization field of each request that a server received, "" for none."""
    return [request.headers.get("authorization") for request in server.requests]


def redirecting(location: str, status: int = 302):
    return lambda _: Answer(status, headers=[("Location", location)])


@pytest.fixture
def other():
    with Server() as running:
        yield running


class OfRequests(AuthBase):
    """As written for requests."""

    def __call__(self, r):
        r.headers["Authorization"] = basic("ada")
        return r


class Generated(Auth):
    """As written for Envoi."""

    def auth_flow(self, request):
        request.headers["Authorization"] = basic("ada")
        yield request


def written_by_a_function(request):
    request.headers["Authorization"] = basic("ada")
    return request


KINDS = {
    "pair": ("ada", SECRET),
    "list": ["ada", SECRET],
    "bytes": (b"ada", SECRET.encode()),
    "HTTPBasicAuth": HTTPBasicAuth("ada", SECRET),
    "AuthBase": OfRequests(),
    "function": written_by_a_function,
    "generator": Generated(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["request", "session"])
def test_each_kind_is_accepted(kind: str, where: str, new_client, httpbin) -> None:
    client = new_client(auth=KINDS[kind]) if where == "session" else new_client()
    options = {"auth": KINDS[kind]} if where == "request" else {}
    url = f"{httpbin}/basic-auth/ada/{SECRET}"
    assert [client.get(url, **options).status_code for _ in range(2)] == [200, 200]
    assert client.get(f"{httpbin}/basic-auth/ada/other", **options).status_code == 401


def test_credentials_in_the_url(client, httpbin, server) -> None:
    assert (
        client.get(
            f"http://ada:{SECRET}@{httpbin.removeprefix('http://')}/basic-auth/ada/{SECRET}"
        ).status_code
        == 200
    )
    client.get(f"http://us%3Aer:p%40ss%2F@127.0.0.1:{server.port}/get")
    client.get(f"http://ada@127.0.0.1:{server.port}/get")
    assert sent(server) == [basic("us:er", "p@ss/"), basic("ada", "")]


@pytest.mark.parametrize("userinfo", ["", ":"])
def test_an_empty_user_and_password_are_none(userinfo: str, client, server) -> None:
    client.get(f"http://{userinfo}@127.0.0.1:{server.port}/get")
    assert sent(server) == [""]


def test_argument_goes_before_the_url(client, server) -> None:
    client.get(f"http://ada:word@127.0.0.1:{server.port}/get", auth=("eve", SECRET))
    assert sent(server) == [basic("eve")]


@pytest.mark.parametrize("token", [SECRET, SECRET.encode()])
def test_bearer(token, client, httpbin) -> None:
    assert client.get(f"{httpbin}/bearer", auth=BearerAuth(token)).json() == {
        "authenticated": True,
        "token": SECRET,
    }


def test_request_of_the_caller_is_not_changed(client, server) -> None:
    headers = {"X": "1"}
    response = client.get(f"{server.url}/get", auth=("ada", SECRET), headers=headers)
    assert headers == {"X": "1"}
    assert response.request.headers["Authorization"] == basic("ada")
    assert "Authorization" not in client.session.headers


# --- What goes before what


def test_header_of_a_request_goes_before_the_sessions_auth(new_client, server) -> None:
    client = new_client(auth=("ada", SECRET))
    for headers in (
        {"authorization": "Mine 1"},
        {b"Authorization": b"Mine 2"},
        [("AUTHORIZATION", "Mine 3")],
    ):
        client.get(f"{server.url}/get", headers=headers)
    assert sent(server) == ["Mine 1", "Mine 2", "Mine 3"]


def test_auth_of_a_request_goes_before_its_header(client, server) -> None:
    client.get(f"{server.url}/get", headers={"Authorization": "Mine"}, auth=("ada", SECRET))
    assert sent(server) == [basic("ada")]


def test_auth_of_a_session_goes_before_the_sessions_header(new_client, server) -> None:
    client = new_client(headers={"Authorization": "Mine"}, auth=("ada", SECRET))
    client.get(f"{server.url}/get")
    client.get(f"{server.url}/get", headers={"X": "1"})
    assert sent(server) == [basic("ada")] * 2


def test_none_as_auth_switches_the_sessions_off(new_client, server) -> None:
    client = new_client(auth=("ada", SECRET))
    client.get(f"{server.url}/get", auth=None)
    client.get(f"{server.url}/get")
    assert sent(server) == ["", basic("ada")]


def test_header_of_none_takes_out_the_sessions_header_alone(new_client, server) -> None:
    client = new_client(headers={"Authorization": "Mine"})
    client.get(f"{server.url}/get", headers={"Authorization": None})
    client.session.auth = ("ada", SECRET)
    client.get(f"{server.url}/get", headers={"Authorization": None})
    assert sent(server) == ["", basic("ada")]


@pytest.mark.parametrize(
    "auth", [5, "ada:secret", ("one",), ("a", "b", "c"), ("a", None), object()]
)
def test_what_is_no_auth_is_refused_before_anything_is_sent(auth, client, server) -> None:
    with pytest.raises(envoi.exceptions.InvalidOption):
        client.get(f"{server.url}/get", auth=auth)
    assert server.requests == []


@pytest.mark.parametrize("auth", [lambda _: None, lambda _: "no request"])
def test_callable_that_returns_no_request_is_named(auth, client, server) -> None:
    with pytest.raises(envoi.exceptions.InvalidOption, match="must return the request"):
        client.get(f"{server.url}/get", auth=auth)
    assert server.requests == []


@pytest.mark.parametrize("name", ["user\r\nX: y", "us\x00er", "ada"])
def test_no_text_in_a_user_name_breaks_out_of_the_field(name: str, client, server) -> None:
    client.get(f"{server.url}/get", auth=(name, SECRET))
    assert sent(server) == [basic(name)]


def test_proxy_credentials_never_reach_an_origin(client, server) -> None:
    client.get(f"{server.url}/get", auth=HTTPProxyAuth("ada", SECRET))
    assert not server.requests[0].headers.has("proxy-authorization")


# --- Digest


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512"])
@pytest.mark.parametrize("protection", ["auth", "auth-int", "none"])
def test_digest_against_httpbin(algorithm: str, protection: str, client, httpbin) -> None:
    url = f"{httpbin}/digest-auth/{protection}/ada/{SECRET}/{algorithm}"
    auth = HTTPDigestAuth("ada", SECRET)
    for _ in range(2):
        response = client.get(url, auth=auth)
        assert (response.status_code, response.json()) == (
            200,
            {"authenticated": True, "user": "ada"},
        )
    assert client.get(url, auth=HTTPDigestAuth("ada", "wrong")).status_code == 401


@pytest.mark.parametrize("stale_after", ["1", "3"])
def test_digest_goes_on_when_the_nonce_is_stale(stale_after: str, client, httpbin) -> None:
    url = f"{httpbin}/digest-auth/auth/ada/{SECRET}/SHA-256/{stale_after}"
    client.session.auth = HTTPDigestAuth("ada", SECRET)
    assert [client.get(url).status_code for _ in range(5)] == [200] * 5


def challenging(
    server: Server, path: str = "/digest", nonce: str = "n1", answer=None, **parameters: str
) -> None:
    """Let a path of a server challenge whoever comes without an answer to `nonce`."""
    more = "".join(f", {name}={value}" for name, value in parameters.items())
    challenge = f'Digest realm="r", nonce="{nonce}", qop="auth", algorithm=SHA-256{more}'

    def handler(request):
        if f'nonce="{nonce}"' not in request.headers.get("authorization"):
            return Answer(401, b"who are you?", headers=[("WWW-Authenticate", challenge)])
        return answer(request) if answer else Answer(200, request.body)

    server.route(path, ["GET", "POST", "PUT"])(handler)


def counts(server: Server) -> list[str]:
    """The nonce count of each request, "" for one without an answer."""
    return [found[1] if (found := re.search(r"nc=(\w+)", field)) else "" for field in sent(server)]


def test_digest_answers_from_the_start_once_it_is_challenged(client, server) -> None:
    challenging(server)
    auth = HTTPDigestAuth("ada", SECRET)
    first = client.get(f"{server.url}/digest?a=b", auth=auth)
    second = client.get(f"{server.url}/digest", auth=auth)
    assert (first.status_code, second.status_code) == (200, 200)
    assert counts(server) == ["", "00000001", "00000002"]
    assert 'uri="/digest?a=b"' in sent(server)[1]
    assert [step.status_code for step in first.history] == [401]
    assert second.history == []
    assert len({request.connection for request in server.requests}) == 1, (
        "the refused attempt gives its connection back"
    )


def test_digest_answers_a_redirect_within_the_call_from_the_start(client, server) -> None:
    challenging(server, "/one", answer=lambda _: Answer(302, headers=[("Location", "/two")]))
    challenging(server, "/two")
    response = client.get(f"{server.url}/one", auth=HTTPDigestAuth("ada", SECRET))
    assert response.status_code == 200
    assert [request.path for request in server.requests] == ["/one", "/one", "/two"]
    assert counts(server) == ["", "00000001", "00000002"]
    assert all("qop=auth," in field for field in sent(server)[1:])


def test_digest_sends_its_body_again(client, server, tmp_path) -> None:
    challenging(server)
    (tmp_path / "file").write_bytes(b"x" * 60_000)
    with (tmp_path / "file").open("rb") as file:
        for body in (b"bytes", {"form": "1"}, file):
            assert (
                client.post(
                    f"{server.url}/digest", body, auth=HTTPDigestAuth("ada", SECRET)
                ).status_code
                == 200
            )
    bodies = [request.body for request in server.requests]
    assert bodies[0::2] == bodies[1::2] == [b"bytes", b"form=1", b"x" * 60_000]


def test_digest_tells_when_a_body_cannot_be_sent_again(client, server) -> None:
    challenging(server)
    with pytest.raises(envoi.exceptions.UnrewindableBodyError):
        client.post(f"{server.url}/digest", iter([b"once"]), auth=HTTPDigestAuth("ada", SECRET))
    assert client.in_use == 0


def test_wrong_password_is_tried_once(client, server) -> None:
    server.route("/digest")(
        lambda _: Answer(
            401, b"no", headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')]
        )
    )
    response = client.get(f"{server.url}/digest", auth=HTTPDigestAuth("ada", "wrong"))
    assert (response.status_code, response.content) == (401, b"no")
    assert counts(server) == ["", "00000001"]
    assert client.in_use == 0


def test_basic_challenge_leaves_digest_silent(client, server) -> None:
    response = client.get(
        f"{server.url}/basic-auth/ada/{SECRET}", auth=HTTPDigestAuth("ada", SECRET)
    )
    assert response.status_code == 401
    assert sent(server) == [""]


def test_cookies_of_a_challenge_go_with_the_answer(client, server) -> None:
    challenge = 'Digest realm="r", nonce="n", qop="auth"'

    @server.route("/digest")
    def digest(request):
        if not request.headers.has("authorization"):
            return Answer(
                401, headers=[("WWW-Authenticate", challenge), ("Set-Cookie", "turn=2; Path=/")]
            )
        return request.cookies

    def ask(**options):
        return client.get(
            f"{server.url}/digest", auth=HTTPDigestAuth("ada", SECRET), **options
        ).json()

    assert ask() == {"turn": "2"}
    assert ask(cookies={"own": "1"}) == {"turn": "2", "own": "1"}
    assert ask(headers={"Cookie": "mine=1"}) == {"mine": "1"}


@pytest.mark.parametrize("stream", [False, True])
def test_streamed_digest_leaves_the_last_body_alone(stream: bool, client, server) -> None:
    challenging(server, answer=lambda _: Answer(200, b"y" * 500_000))
    with client.get(
        f"{server.url}/digest", auth=HTTPDigestAuth("ada", SECRET), stream=stream
    ) as response:
        assert sum(len(piece) for piece in response.iter_content()) == 500_000
    assert client.in_use == 0


def test_many_requests_share_one_digest(client, server) -> None:
    challenging(server)
    auth = HTTPDigestAuth("ada", SECRET)
    outcomes = client.together(20, "GET", f"{server.url}/digest", auth=auth)
    assert [outcome.status_code for outcome in outcomes] == [200] * 20
    used = [count for count in counts(server) if count]
    assert client.get(f"{server.url}/digest", auth=auth).status_code == 200
    assert counts(server)[-1] > max(used) or len(used) > 20, (
        "every use of a nonce has a number of its own"
    )


# --- Redirects


def test_redirect_within_the_origin_authenticates_again(client, server) -> None:
    server.route("/go")(redirecting("/get"))
    client.get(f"{server.url}/go", auth=("ada", SECRET))
    assert sent(server) == [basic("ada")] * 2


def test_digest_over_a_redirect_within_the_origin(client, server) -> None:
    challenging(server, "/go", answer=redirecting("/digest"))
    challenging(server)
    response = client.get(f"{server.url}/go", auth=HTTPDigestAuth("ada", SECRET))
    assert response.status_code == 200
    assert [step.status_code for step in response.history] == [302], (
        "the redirect alone, as in requests"
    )
    assert ['uri="/digest"' in field for field in sent(server)][-1]


def test_refused_attempts_are_not_counted_as_redirects(new_client, server) -> None:
    challenging(server, "/go", answer=redirecting("/digest"))
    challenging(server)
    client = new_client(max_redirects=1)
    assert client.get(f"{server.url}/go", auth=HTTPDigestAuth("ada", SECRET)).status_code == 200


@pytest.mark.parametrize("kind", [*KINDS, "bearer", "digest"])
@pytest.mark.parametrize("where", ["request", "session"])
def test_nothing_goes_to_another_origin_nor_comes_back(
    kind: str, where: str, new_client, server, other
) -> None:
    auth = {"bearer": BearerAuth(SECRET), "digest": HTTPDigestAuth("ada", SECRET), **KINDS}[kind]
    client = new_client(auth=auth) if where == "session" else new_client()
    challenging(server, "/go", answer=redirecting(f"{other.url}/there"))
    if kind != "digest":
        server.route("/go")(redirecting(f"{other.url}/there"))
    challenging(other, "/there", answer=None)
    other.route("/there")(redirecting(f"{server.url}/home"))
    challenging(server, "/home")
    response = client.get(f"{server.url}/go", **({"auth": auth} if where == "request" else {}))
    assert response.status_code == 401
    assert sent(other) == [""]
    assert server.requests[-1].path == "/home"
    assert sent(server)[-1] == ""
    assert any(sent(server)), "it did go to where it belongs"


def test_strange_server_that_challenges_gets_no_digest(client, server, other) -> None:
    challenging(server, "/go", answer=redirecting(f"{other.url}/digest"))
    challenging(other, nonce="theirs")
    response = client.get(f"{server.url}/go", auth=HTTPDigestAuth("ada", SECRET))
    assert response.status_code == 401
    assert sent(other) == [""]


def test_user_of_a_url_stays_for_a_relative_redirect(client, server) -> None:
    server.route("/go")(redirecting("/get"))
    client.get(f"http://ada:{SECRET}@127.0.0.1:{server.port}/go")
    assert sent(server) == [basic("ada")] * 2


# --- Generators


class Renewing(Auth):
    """Renews its token by another request, whose answer it reads."""

    requires_response_body = True

    def __init__(self) -> None:
        self.token = "old"

    def auth_flow(self, request):
        request.headers["Authorization"] = self.token
        response = yield request
        if response.status_code == 401:
            renewal = envoi.Request(
                "POST", request.parsed_url.join("/token"), data=response.content
            ).prepare()
            answer = yield renewal
            self.token = answer.json()["token"]
            request.headers["Authorization"] = self.token
            yield request


@pytest.fixture
def token_server(server: Server) -> Server:
    server.route("/token", ["POST"])(lambda request: {"token": f"new-{request.body.decode()}"})

    @server.route("/guarded", ["GET", "PUT"])
    def guarded(request):
        return (
            Answer(200, b"z" * 300_000)
            if request.headers.get("authorization") == "new-seed"
            else Answer(401, "seed")
        )

    return server


@pytest.mark.parametrize("stream", [False, True])
def test_generator_reads_answers_and_makes_requests_of_its_own(
    stream: bool, client, token_server
) -> None:
    auth = Renewing()
    for _ in range(2):
        with client.get(f"{token_server.url}/guarded", auth=auth, stream=stream) as response:
            assert response.status_code == 200
            assert sum(map(len, response.iter_content())) == 300_000
    assert [request.path for request in token_server.requests] == [
        "/guarded",
        "/token",
        "/guarded",
        "/guarded",
    ]
    assert client.in_use == 0


def test_generator_that_gives_up_leaks_no_connection(client, server) -> None:
    class Failing(Auth):
        def auth_flow(self, request):
            yield request
            raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        client.get(f"{server.url}/download/3000000", auth=Failing(), stream=True)
    assert client.in_use == 0


def test_generator_is_closed_when_the_exchange_fails(client, raw_server) -> None:
    closed = []

    class Watching(Auth):
        def auth_flow(self, request):
            try:
                yield request
            finally:
                closed.append(True)

    peer = raw_server(lambda connection: (connection.read_request(), connection.reset()))
    with pytest.raises(envoi.ConnectionError):
        client.get(peer.url, auth=Watching())
    assert closed == [True]


def test_generator_without_a_request_is_refused(client, server) -> None:
    class Silent(Auth):
        def auth_flow(self, request):
            return
            yield

    with pytest.raises(envoi.exceptions.InvalidOption, match="yielded no request"):
        client.get(f"{server.url}/get", auth=Silent())


def test_cookies_of_an_attempt_on_the_way_are_kept(client, server) -> None:
    class Twice(Auth):
        def auth_flow(self, request):
            yield request
            yield request

    server.route("/set")(
        lambda _: Answer(200, headers=[("Set-Cookie", f"n={len(server.requests)}; Path=/")])
    )
    client.get(f"{server.url}/set", auth=Twice())
    assert len(server.requests) == 2
    assert client.session.cookies.get("n") is not None
