"""Which proxy a session takes, and who is shown which credentials, in all three colours."""

from __future__ import annotations

import base64

import pytest

import envoi
from envoi.testing import Answer, Server
from peers.servers.proxy import HttpProxy, field_value

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]

SECRET = "s3cr3t"
PROXY_SECRET = "pr0xy"
VARIABLES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


@pytest.fixture
def proxies():
    """Three proxies, for request, session and environment."""
    with HttpProxy() as one, HttpProxy() as two, HttpProxy() as three:
        yield one, two, three


@pytest.fixture
def other():
    with Server() as running:
        yield running


def with_user(url: str, user: str = "pat", password: str = PROXY_SECRET) -> str:
    return url.replace("//", f"//{user}:{password}@")


def used(proxies) -> list[int]:
    return [len(proxy.heads) for proxy in proxies]


# --- What goes before what


def test_request_before_session_before_environment(
    new_client, server, proxies, monkeypatch
) -> None:
    request, session, environment = proxies
    monkeypatch.setenv("HTTP_PROXY", environment.url)
    client = new_client()
    url = f"{server.url}/get"
    client.get(url)
    assert used(proxies) == [0, 0, 1]
    client.session.proxies = {"http": session.url}
    client.get(url)
    client.get(url, headers={"X": "1"})
    assert used(proxies) == [0, 2, 1]
    client.get(url, proxies={"http": request.url})
    assert used(proxies) == [1, 2, 1]


@pytest.mark.parametrize("variable", VARIABLES)
def test_variables_of_the_environment(
    variable: str, new_client, server, http_proxy, monkeypatch
) -> None:
    monkeypatch.setenv(variable, http_proxy.url)
    new_client().get(f"{server.url}/get")
    assert len(http_proxy.heads) == 1


@pytest.mark.parametrize("key", ["all", "http", "http://127.0.0.1", "all://127.0.0.1"])
def test_any_key_of_the_request_goes_before_the_environment(
    key: str, new_client, server, proxies, monkeypatch
) -> None:
    request, _, environment = proxies
    monkeypatch.setenv("HTTP_PROXY", environment.url)
    client = new_client()
    client.get(f"{server.url}/get", proxies={key: request.url})
    client.get(f"{server.url}/get", proxies={key: None})
    assert used(proxies) == [1, 0, 0]


def test_all_of_a_request_goes_before_the_sessions_schemes(new_client, server, proxies) -> None:
    request, session, _ = proxies
    client = new_client(proxies={"http": session.url, "http://127.0.0.1": session.url})
    client.get(f"{server.url}/get", proxies={"all": request.url})
    client.get(f"{server.url}/get", proxies={"all": None})
    assert used(proxies) == [1, 0, 0]


def test_other_schemes_leave_the_environment(new_client, server, proxies, monkeypatch) -> None:
    request, _, environment = proxies
    monkeypatch.setenv("HTTP_PROXY", environment.url)
    new_client().get(f"{server.url}/get", proxies={"https": request.url})
    assert used(proxies) == [0, 0, 1]


def test_none_switches_off(new_client, server, proxies, monkeypatch) -> None:
    request, session, environment = proxies
    monkeypatch.setenv("HTTP_PROXY", environment.url)
    url = f"{server.url}/get"
    client = new_client(proxies={"http": session.url})
    client.get(url, proxies=None)
    client.get(url, proxies={"http": None})
    client.get(url, proxies={"http": ""})
    assert used(proxies) == [0, 0, 0]
    client.session.proxies = None
    client.get(url)
    assert used(proxies) == [0, 0, 0]
    client.get(url, proxies={"http": request.url})
    assert used(proxies) == [1, 0, 0]
    new_client(proxies=None).get(url)
    assert used(proxies) == [1, 0, 0]


@pytest.mark.parametrize("nothing", [{}, {"no_proxy": ""}])
def test_empty_mapping_of_a_request_leaves_the_sessions(
    nothing, new_client, server, http_proxy
) -> None:
    client = new_client(proxies={"http": http_proxy.url})
    client.get(f"{server.url}/get", proxies=nothing)
    assert len(http_proxy.heads) == 1


def test_proxies_of_a_session_can_be_changed_in_place(new_client, server, http_proxy) -> None:
    client = new_client()
    client.get(f"{server.url}/get")
    client.session.proxies["http"] = http_proxy.url
    client.get(f"{server.url}/get")
    client.session.proxies.update({"http": None})
    client.get(f"{server.url}/get")
    assert len(http_proxy.heads) == 1


def test_key_with_a_host_goes_before_its_scheme(new_client, server, proxies) -> None:
    mine, general, _ = proxies
    client = new_client(
        proxies={"http": general.url, "http://127.0.0.1": mine.url, "https": "http://never.test"}
    )
    client.get(f"{server.url}/get")
    client.get(f"http://localhost:{server.port}/get")
    assert used(proxies) == [1, 1, 0]


@pytest.mark.parametrize(
    ("exempt", "direct"),
    [
        ("127.0.0.1", True),
        ("127.0.0.0/8", True),
        ("*", True),
        ("other.test, 127.0.0.1", True),
        ("127.0.0.1:{port}", True),
        ("127.0.0.1:1", False),
        ("localhost", False),
        ("7.0.0.1", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("where", ["NO_PROXY", "no_proxy", "session", "request"])
def test_exemptions(
    exempt: str, direct: bool, where: str, new_client, server, http_proxy, monkeypatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", http_proxy.url)
    exempt = exempt.format(port=server.port)
    mapping = {"no_proxy": exempt}
    if where.lower() == "no_proxy":
        monkeypatch.setenv(where, exempt)
    client = new_client(**({"proxies": mapping} if where == "session" else {}))
    client.get(f"{server.url}/get", **({"proxies": mapping} if where == "request" else {}))
    assert (http_proxy.heads == []) == direct


def test_nothing_is_exempt_from_explicit_proxies(
    new_client, server, http_proxy, monkeypatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    client = new_client(proxies={"http": http_proxy.url})
    client.get(f"{server.url}/get")
    client.get(f"{server.url}/get", proxies={"http": http_proxy.url})
    assert len(http_proxy.heads) == 2


# --- Credentials


def test_credentials_of_a_forwarding_proxy(new_client, server) -> None:
    with HttpProxy(credentials=("pat", PROXY_SECRET)) as proxy:
        client = new_client(proxies={"http": with_user(proxy.url)})
        assert client.get(f"{server.url}/get", auth=("ada", SECRET)).status_code == 200
    assert field_value(proxy.heads[0], b"proxy-authorization") == b"Basic " + base64.b64encode(
        f"pat:{PROXY_SECRET}".encode()
    )
    assert not server.requests[0].headers.has("proxy-authorization")
    assert server.requests[0].headers.get("authorization")


@pytest.mark.parametrize("how", ["auth", "headers", "url"])
def test_no_credentials_of_a_request_in_connect(how: str, new_client, tls_server) -> None:
    with HttpProxy(credentials=("pat", PROXY_SECRET)) as proxy:
        client = new_client(proxies={"https": with_user(proxy.url)}, verify=tls_server.ca_path)
        options = {
            "auth": {"auth": ("ada", SECRET)},
            "headers": {"headers": {"Authorization": f"Bearer {SECRET}"}},
            "url": {},
        }[how]
        url = (
            f"{tls_server.url}/get"
            if how != "url"
            else with_user(f"{tls_server.url}/get", "ada", SECRET)
        )
        assert client.get(url, **options).status_code == 200
    (head,) = proxy.heads
    assert head.lower().count(b"authorization") == 1
    assert SECRET.encode() not in head
    assert base64.b64encode(f"ada:{SECRET}".encode()) not in head
    (request,) = tls_server.requests
    assert request.headers.has("authorization")
    assert not request.headers.has("proxy-authorization")


def test_proxy_auth_as_auth_goes_with_connect(new_client, tls_server, server) -> None:
    with HttpProxy(credentials=("pat", PROXY_SECRET)) as proxy:
        client = new_client(
            proxies={"all": proxy.url},
            verify=tls_server.ca_path,
            auth=envoi.auth.HTTPProxyAuth("pat", PROXY_SECRET),
        )
        assert client.get(f"{tls_server.url}/get").status_code == 200
        assert client.get(f"{server.url}/get").status_code == 200
    assert not any(request.headers.has("proxy-authorization") for request in tls_server.requests)
    assert len(proxy.heads) == 2


def test_refusal_of_connect_is_a_proxy_error(new_client, tls_server) -> None:
    with HttpProxy(credentials=("pat", "right")) as proxy:
        client = new_client(proxies={"https": with_user(proxy.url)}, verify=tls_server.ca_path)
        with pytest.raises(envoi.ProxyError, match="407") as caught:
            client.get(f"{tls_server.url}/get")
    assert PROXY_SECRET not in str(caught.value)
    assert isinstance(caught.value, envoi.ConnectionError)


def test_no_proxy_credentials_to_an_origin_that_is_reached_directly(client, server) -> None:
    client.get(f"{server.url}/get", headers={"Proxy-Authorization": f"Basic {SECRET}"})
    assert not server.requests[0].headers.has("proxy-authorization")


def test_two_proxies_are_told_their_own_credentials_alone(new_client, server, tls_server) -> None:
    with HttpProxy(credentials=("one", "1")) as one, HttpProxy(credentials=("two", "2")) as two:
        mapping = {"http": with_user(one.url, "one", "1"), "https": with_user(two.url, "two", "2")}
        client = new_client(proxies=mapping, verify=tls_server.ca_path)
        for _ in range(2):
            assert client.get(f"{server.url}/get").status_code == 200
            assert client.get(f"{tls_server.url}/get").status_code == 200
    assert {field_value(head, b"proxy-authorization") for head in one.heads} == {
        b"Basic " + base64.b64encode(b"one:1")
    }
    assert {field_value(head, b"proxy-authorization") for head in two.heads} == {
        b"Basic " + base64.b64encode(b"two:2")
    }


# --- Redirects


def redirecting(location: str):
    return lambda _: Answer(302, headers=[("Location", location)])


def test_redirect_from_http_to_https_through_one_proxy(new_client, server, tls_server) -> None:
    with HttpProxy(credentials=("pat", PROXY_SECRET)) as proxy:
        client = new_client(proxies={"all": with_user(proxy.url)}, verify=tls_server.ca_path)
        server.route("/go")(redirecting(f"{tls_server.url}/get"))
        assert client.get(f"{server.url}/go", auth=("ada", SECRET)).status_code == 200
    forwarded, connect = proxy.heads
    assert forwarded.startswith(b"GET http://")
    assert connect.startswith(b"CONNECT ")
    assert b"\r\nauthorization" not in connect.lower()
    (request,) = tls_server.requests
    assert "uthorization" not in str(request.headers)


def test_redirect_to_another_proxy_takes_nothing_along(new_client, server, tls_server) -> None:
    with HttpProxy() as one, HttpProxy() as two:
        mapping = {"http": with_user(one.url), "https": two.url}
        client = new_client(proxies=mapping, verify=tls_server.ca_path)
        server.route("/go")(redirecting(f"{tls_server.url}/back"))
        tls_server.route("/back")(redirecting(f"{server.url}/get"))
        headers = {"Proxy-Authorization": f"Basic {SECRET}"}
        assert client.get(f"{server.url}/go", headers=headers).status_code == 200
    assert SECRET.encode() in one.heads[0]
    assert len(two.heads) == 1
    assert b"authorization" not in two.heads[0].lower()
    assert SECRET.encode() not in one.heads[1]
    assert not any(
        "proxy" in str(request.headers).lower()
        for request in [*server.requests, *tls_server.requests]
    )


def test_redirect_to_an_exempt_host_goes_directly(
    new_client, server, http_proxy, monkeypatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", with_user(http_proxy.url))
    monkeypatch.setenv("NO_PROXY", "localhost")
    server.route("/go")(redirecting(f"http://localhost:{server.port}/get"))
    assert new_client().get(f"{server.url}/go").status_code == 200
    assert len(http_proxy.heads) == 1
    assert not server.requests[-1].headers.has("proxy-authorization")


# --- What is no proxy

NO_PROXIES = [
    "http://",
    "http://:3128",
    "ftp://p.test",
    "http://p.test:port",
    "http://p.test:0",
    "http://p.test:99999",
    "http:///",
    "http://[::zz]:1",
]


@pytest.mark.parametrize("url", NO_PROXIES)
@pytest.mark.parametrize("where", ["request", "session", "environment"])
def test_url_of_no_proxy_is_refused_before_anything_is_sent(
    url: str, where: str, new_client, server, monkeypatch
) -> None:
    if where == "environment":
        monkeypatch.setenv("HTTP_PROXY", url)
    client = new_client(**({"proxies": {"http": url}} if where == "session" else {}))
    with pytest.raises(envoi.InvalidProxyURL) as caught:
        client.get(
            f"{server.url}/get", **({"proxies": {"http": url}} if where == "request" else {})
        )
    assert caught.value.request is not None
    assert server.requests == []


def test_password_of_a_bad_proxy_is_not_told(new_client, server) -> None:
    client = new_client(proxies={"http": f"http://pat:{PROXY_SECRET}@p.test:port"})
    with pytest.raises(envoi.InvalidProxyURL) as caught:
        client.get(server.url)
    assert PROXY_SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["http://p.test", 5, [1, 2], {"http": 5}, {"http": b"http://p.test"}]
)
def test_what_is_no_mapping_of_urls_is_refused(value, client, server) -> None:
    with pytest.raises(envoi.exceptions.InvalidOption):
        client.get(server.url, proxies=value)
    assert server.requests == []


def test_proxy_for_another_scheme_is_not_looked_at(client, server) -> None:
    assert client.get(f"{server.url}/get", proxies={"https": "http://"}).status_code == 200


def test_module_functions_take_proxies(server, http_proxy) -> None:
    assert envoi.get(f"{server.url}/get", proxies={"http": http_proxy.url}).status_code == 200
    assert len(http_proxy.heads) == 1
