"""Credentials and cookies stay where they belong, whatever redirects say; connections are shared by those alone who may."""

from __future__ import annotations

import logging

import pytest

import envoi
from envoi.testing import Answer, Server

pytestmark = pytest.mark.timeout(30)

SECRET = "s3cr3t"
STATUSES = (301, 302, 303, 307, 308)
BODIES = {307, 308}
CREDENTIALS = {
    "header": {"headers": {"Authorization": f"Bearer {SECRET}"}},
    "header in another case": {"headers": {"aUTHORIZATION": f"Bearer {SECRET}"}},
    "two headers": {
        "headers": [("Authorization", f"Bearer {SECRET}"), ("authorization", f"Bearer {SECRET}2")]
    },
    "bytes header": {"headers": {b"Authorization": f"Bearer {SECRET}".encode()}},
    "proxy header": {"headers": {"Proxy-Authorization": f"Basic {SECRET}"}},
    "auth": {"auth": ("user", SECRET)},
    "cookie header": {"headers": {"cookie": f"session={SECRET}"}},
    "cookies": {"cookies": {"session": SECRET}},
}


def redirecting(location: str, status: int = 302):
    return lambda request: Answer(status, headers=[("Location", location)])


def leaked(server: Server) -> list[str]:
    """Every header of every request that carries the secret, plain or in Base64."""
    import base64

    found = []
    for request in server.requests:
        for name, value in request.headers:
            shown = value
            if value.startswith("Basic "):
                try:
                    shown += base64.b64decode(value[6:]).decode("latin-1")
                except ValueError:
                    pass
            if SECRET in shown:
                found.append(f"{name}: {value}")
    return found


@pytest.fixture
def other():
    with Server() as running:
        yield running


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", CREDENTIALS)
def test_redirect_to_another_port_drops_credentials(
    kind: str, status: int, client, server, other
) -> None:
    server.route("/go")(redirecting(other.url + "/get", status))
    assert client.get(server.url + "/go", **CREDENTIALS[kind]).status_code == 200
    assert leaked(server) or kind == "proxy header", "they do go to the first"
    assert not leaked(other)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_redirect_to_another_name_of_the_same_server_drops_credentials(
    kind: str, client, server
) -> None:
    server.route("/go")(redirecting(f"http://localhost:{server.port}/get"))
    assert client.get(server.url + "/go", **CREDENTIALS[kind]).status_code == 200
    _first, second = server.requests
    assert second.headers.get("host").startswith("localhost")
    assert len(leaked(server)) <= 2
    assert not any(SECRET in value for _, value in second.headers)
    assert not second.headers.has("authorization")


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_credentials_are_not_put_back_on_the_way_home(kind: str, client, server, other) -> None:
    server.route("/go")(redirecting(other.url + "/back"))
    other.route("/back")(redirecting(server.url + "/get"))
    client.get(server.url + "/go", **CREDENTIALS[kind])
    assert not leaked(other)
    home = server.requests[-1]
    assert home.path == "/get"
    assert not any(SECRET in value for _, value in home.headers)
    assert not home.headers.has("authorization")


@pytest.mark.parametrize("where", ["auth", "headers"])
def test_session_credentials_are_dropped_as_well(where: str, new_client, server, other) -> None:
    settings = {
        "auth": {"auth": ("user", SECRET)},
        "headers": {"headers": {"Authorization": f"Bearer {SECRET}"}},
    }[where]
    client = new_client(**settings)
    server.route("/go")(redirecting(other.url + "/get"))
    client.get(server.url + "/go")
    assert leaked(server)
    assert not leaked(other)


def test_userinfo_of_the_url_is_dropped(client, server, other) -> None:
    server.route("/go")(redirecting(other.url + "/get"))
    response = client.get(f"http://user:{SECRET}@127.0.0.1:{server.port}/go")
    assert leaked(server)
    assert not leaked(other)
    assert SECRET not in response.url


def test_userinfo_stays_for_a_relative_redirect_of_the_same_origin(client, server) -> None:
    server.route("/go")(redirecting("/get"))
    client.get(f"http://user:{SECRET}@127.0.0.1:{server.port}/go")
    assert len(leaked(server)) == 2


def test_userinfo_in_a_location_is_for_that_server_alone(client, server, other) -> None:
    server.route("/go")(redirecting(f"http://theirs:word@127.0.0.1:{other.port}/get"))
    client.get(server.url + "/go", auth=("user", SECRET))
    assert not leaked(other)


def test_own_sensitive_headers_are_dropped(new_client, server, other) -> None:
    client = new_client(sensitive_headers=["X-Api-Key"])
    server.route("/go")(redirecting(other.url + "/get"))
    client.get(server.url + "/go", headers={"x-api-key": SECRET, "X-Other": "stays"})
    assert not leaked(other)
    assert other.requests[0].headers.get("x-other") == "stays"


def test_https_to_http_drops_credentials(client, tls_server, server) -> None:
    tls_server.route("/go")(redirecting(server.url + "/get"))
    client.get(tls_server.url + "/go", verify=tls_server.ca_path, **CREDENTIALS["header"])
    assert leaked(tls_server)
    assert not leaked(server)


def test_http_to_https_on_another_port_drops_credentials(client, tls_server, server) -> None:
    server.route("/go")(redirecting(tls_server.url + "/get"))
    client.get(server.url + "/go", verify=tls_server.ca_path, **CREDENTIALS["auth"])
    assert not leaked(tls_server)


@pytest.mark.parametrize("status", STATUSES)
def test_body_and_its_headers_go_only_where_the_status_says(
    status: int, client, server, other
) -> None:
    server.route("/go", ["POST"])(redirecting(other.url + "/anything", status))
    client.post(
        server.url + "/go",
        b"the body",
        headers={"Content-Type": "text/x", "Content-Language": "fr"},
    )
    got = other.requests[0]
    if status in BODIES:
        assert (got.method, got.body, got.headers.get("content-type")) == (
            "POST",
            b"the body",
            "text/x",
        )
    else:
        assert (got.method, got.body) == ("GET", b"")
        assert not any(
            name.lower().startswith(("content-", "transfer-")) for name, _ in got.headers
        )


# --- The jar


def sets(*cookies: str):
    return lambda request: Answer(200, "", [("Set-Cookie", one) for one in cookies])


def test_jar_cookies_are_for_their_host(client, server) -> None:
    server.route("/set")(sets(f"session={SECRET}; Path=/"))
    client.get(server.url + "/set")
    assert client.get(server.url + "/cookies").json() == {"cookies": {"session": SECRET}}
    assert client.get(f"http://localhost:{server.port}/cookies").json() == {"cookies": {}}


@pytest.mark.parametrize(
    "domain",
    [
        "com",
        "co.UK",
        "com.",
        "localhost",
        "example.org",
        ".0.1",
        "127.0.0",
        "0.0.1",
        "evil.127.0.0.1",
        "1",
    ],
)
def test_cookie_for_a_foreign_or_a_public_domain_is_refused(domain: str, client, server) -> None:
    server.route("/set")(sets(f"super={SECRET}; Path=/; Domain={domain}"))
    client.get(server.url + "/set")
    assert len(client.session.cookies) == 0


@pytest.mark.parametrize("domain", ["", "."])
def test_cookie_for_no_domain_is_its_hosts_alone(domain: str, client, server) -> None:
    server.route("/set")(sets(f"own={SECRET}; Path=/; Domain={domain}"))
    client.get(server.url + "/set")
    (cookie,) = client.session.cookies
    assert (cookie.domain, cookie.domain_specified) == ("127.0.0.1", False)


def test_secure_cookie_is_not_sent_in_the_clear(client, tls_server, server) -> None:
    tls_server.route("/set")(sets(f"session={SECRET}; Path=/; Secure"))
    client.get(tls_server.url + "/set", verify=tls_server.ca_path)
    assert client.get(tls_server.url + "/cookies", verify=tls_server.ca_path).json() == {
        "cookies": {"session": SECRET}
    }
    assert client.get(server.url + "/cookies").json() == {"cookies": {}}


@pytest.mark.parametrize(
    "cookie",
    [
        "__Secure-a=1; Path=/",
        "__Host-a=1; Path=/",
        "__host-a=1; Path=/; Secure",
        "__Host-a=1; Secure; Path=/deep",
        "__Host-a=1; Secure; Path=/; Domain=127.0.0.1",
    ],
)
def test_prefixes_are_enforced_over_plain_http(cookie: str, client, server) -> None:
    server.route("/set")(sets(cookie))
    client.get(server.url + "/set")
    assert len(client.session.cookies) == 0


def test_prefixed_cookie_over_tls_is_kept_when_it_is_right(client, tls_server) -> None:
    tls_server.route("/set")(
        sets(
            "__Host-a=1; Path=/; Secure",
            "__Secure-b=1; Path=/; Secure",
            "__Host-c=1; Secure; Path=/deep",
            "__Secure-d=1; Path=/",
        )
    )
    client.get(tls_server.url + "/set", verify=tls_server.ca_path)
    assert {cookie.name for cookie in client.session.cookies} == {"__Host-a", "__Secure-b"}


def test_cookies_of_a_redirect_chain_are_kept_each_for_its_host(client, server, other) -> None:
    server.route("/go")(
        lambda request: Answer(
            302,
            headers=[
                ("Location", f"http://localhost:{other.port}/cookies"),
                ("Set-Cookie", f"a={SECRET}; Path=/"),
            ],
        )
    )
    assert client.get(server.url + "/go").json() == {"cookies": {}}
    assert client.get(server.url + "/cookies").json() == {"cookies": {"a": SECRET}}


# --- Connections are not shared across what makes them different


def test_two_users_on_one_session_are_told_apart(client, server) -> None:
    first = client.get(server.url + "/headers", auth=("a", "1")).json()["headers"]["Authorization"]
    second = client.get(server.url + "/headers", auth=("b", "2")).json()["headers"]["Authorization"]
    assert first != second
    assert "Authorization" not in client.get(server.url + "/headers").json()["headers"]


# --- Secrets are not shown


def _everything(caught: BaseException) -> str:
    parts = []
    error: BaseException | None = caught
    while error is not None:
        parts += [str(error), repr(error), repr(error.args)]
        for name in ("request", "response"):
            parts.append(repr(getattr(error, name, "")))
        error = error.__cause__ or error.__context__
    return " ".join(parts)


@pytest.mark.parametrize(
    "url",
    [
        "http://user:{secret}@127.0.0.1:1/",
        "http://user:{secret}@127.0.0.1:99999/",
        "http://user:{secret}@[::zz]/",
        "http://user:{secret}@/",
        "http://user:{secret}@host name/",
        "ftp://user:{secret}@127.0.0.1/",
        "http://user:{secret}@127.0.0.1:port/",
        "http://user:{secret}@127.0.0.1:{port}/redirect/99",
        "http://user:{secret}@127.0.0.1:{port}/to-ftp",
        "user:{secret}@127.0.0.1/x",
        "//user:{secret}@127.0.0.1/x",
        "http://user:{secret}@127.0.0.1:{port}/a\nb",
    ],
)
def test_no_password_in_an_exception(url: str, client, server) -> None:
    server.route("/to-ftp")(redirecting(f"ftp://user:{SECRET}@x/"))
    with pytest.raises(envoi.RequestException) as caught:
        client.get(url.format(secret=SECRET, port=server.port))
    assert SECRET not in _everything(caught.value)


def test_no_secret_in_a_refused_header(client, server) -> None:
    with pytest.raises(envoi.InvalidHeader) as caught:
        client.get(server.url, headers={"Authorization": f"Bearer {SECRET}\n"})
    assert SECRET not in _everything(caught.value)


def test_no_secret_in_http_error(client, server) -> None:
    response = client.get(
        f"http://user:{SECRET}@127.0.0.1:{server.port}/status/500", headers={"X-Key": SECRET}
    )
    with pytest.raises(envoi.HTTPError) as caught:
        response.raise_for_status()
    assert SECRET not in _everything(caught.value)


def test_no_secret_in_reprs_and_logs(client, server, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server.route("/set")(sets(f"session={SECRET}; Path=/"))
    response = client.get(
        f"http://user:{SECRET}@127.0.0.1:{server.port}/set",
        headers={"Authorization": f"Bearer {SECRET}"},
        params={"token": SECRET},
    )
    shown = [
        repr(one)
        for one in (
            response,
            response.request,
            response.connection_info,
            response.timing,
            client.session,
            envoi.URL(f"http://user:{SECRET}@x/"),
        )
    ]
    assert SECRET not in " ".join(shown)
    assert SECRET not in repr(response.request.headers)
    assert SECRET not in caplog.text
