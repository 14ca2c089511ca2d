"""Requests by way of real proxies on loopback, in all three colours, and what each side was shown."""

from __future__ import annotations

import pytest

import envoi
from envoi.testing import RawServer, Server
from peers.servers.proxy import HttpProxy, Socks5Proxy, field_value
from peers.servers.socks4 import Socks4Proxy

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]


def use(client, proxies):
    """Let a client's requests go by way of proxies."""
    client.session.proxies = {"all": proxies} if isinstance(proxies, str) else proxies
    return client


def with_user(url, user="user", password="hunter2"):
    return url.replace("//", f"//{user}:{password}@")


def test_plain_http_is_forwarded(new_client, server: Server, http_proxy: HttpProxy):
    client = use(new_client(), http_proxy.url)
    assert client.post(f"{server.url}/post?q=1", data={"a": "b"}).json()["form"] == {"a": "b"}
    assert http_proxy.heads[0].startswith(f"POST {server.url}/post?q=1 HTTP/1.1\r\n".encode())
    assert field_value(http_proxy.heads[0], b"host") == server.url.removeprefix("http://").encode()


def test_forwarding_proxy_keeps_its_connection_for_all_origins(new_client, raw_server):
    proxy = raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"] * 3)
    client = use(new_client(), proxy.url)
    for url in ("http://a.test/1", "http://b.test:8080/2", "http://[2001:db8::1]/3"):
        assert client.get(url).text == "ok"
    assert proxy.connections == 1
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [
        b"GET http://a.test/1 HTTP/1.1",
        b"GET http://b.test:8080/2 HTTP/1.1",
        b"GET http://[2001:db8::1]/3 HTTP/1.1",
    ]


def test_tunnel_shows_the_proxy_nothing_of_the_request(new_client, tls_server: Server):
    with HttpProxy(credentials=("user", "hunter2")) as proxy:
        client = use(new_client(verify=tls_server.ca_path), with_user(proxy.url))
        headers = {"Authorization": "Bearer secret", "Cookie": "a=b"}
        for _ in range(2):
            assert client.get(f"{tls_server.url}/get", headers=headers).status_code == 200
        assert proxy.connections == 1
        (head,) = proxy.heads
    assert head.startswith(f"CONNECT 127.0.0.1:{tls_server.port} HTTP/1.1\r\n".encode())
    assert b"secret" not in head
    assert b"Cookie" not in head
    for request in tls_server.requests:
        assert not request.headers.has("Proxy-Authorization")
        assert request.headers.all("Authorization") == ["Bearer secret"]


def test_credentials_of_a_request_are_for_the_proxy_alone(new_client, tls_server: Server):
    with HttpProxy(credentials=("user", "hunter2")) as proxy:
        client = use(new_client(verify=tls_server.ca_path), proxy.url)
        headers = {"Proxy-Authorization": "Basic dXNlcjpodW50ZXIy"}
        assert client.get(f"{tls_server.url}/get", headers=headers).status_code == 200
        with pytest.raises(envoi.ProxyError, match="407"):
            client.get(f"{tls_server.url}/get")
    (request,) = tls_server.requests
    assert not request.headers.has("Proxy-Authorization")


def test_https_proxy_is_tls_in_tls(new_client, ca, tls_server: Server):
    with HttpProxy(tls=ca.issue("localhost"), credentials=("user", "hunter2")) as proxy:
        client = use(new_client(verify=ca.path), with_user(f"https://localhost:{proxy.port}"))
        assert len(client.get(f"{tls_server.url}/bytes/300000").content) == 300000
        assert client.post(f"{tls_server.url}/post", data=b"x" * 300000).status_code == 200
        assert proxy.connections == 1


def test_https_proxy_forwards(new_client, ca, server: Server):
    with HttpProxy(tls=ca.issue("localhost")) as proxy:
        client = use(new_client(verify=ca.path), f"https://localhost:{proxy.port}")
        assert client.get(f"{server.url}/get").status_code == 200
        assert proxy.heads[0].startswith(f"GET {server.url}/get HTTP/1.1".encode())


@pytest.mark.parametrize("target", ["server", "tls_server"])
@pytest.mark.parametrize(
    ("names", "options"),
    [(["other.test"], {}), (["localhost"], {"san": False}), (["localhost"], {"expired": True})],
)
def test_https_proxy_that_is_not_to_be_trusted_is_refused(
    new_client, ca, request, target, names, options
):
    origin = request.getfixturevalue(target)
    with HttpProxy(tls=ca.issue(*names, **options)) as proxy:
        client = use(new_client(verify=ca.path), with_user(f"https://localhost:{proxy.port}"))
        with pytest.raises(envoi.ProxyError) as caught:
            client.get(f"{origin.url}/get")
        assert f"https://localhost:{proxy.port}" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert proxy.heads == []
    assert origin.requests == []


def test_trust_is_not_carried_from_one_request_to_the_next(new_client, ca, server: Server):
    with HttpProxy(tls=ca.issue("other.test")) as proxy:
        client = use(new_client(verify=ca.path), f"https://localhost:{proxy.port}")
        assert client.get(f"{server.url}/get", verify=False).status_code == 200
        with pytest.raises(envoi.ProxyError):
            client.get(f"{server.url}/get")


def test_origin_behind_a_proxy_is_checked_by_its_own_name(new_client, ca):
    with (
        Server(tls=ca.issue("other.test")) as origin,
        HttpProxy(
            resolve={
                "localhost:443": ("127.0.0.1", origin.port),
                "other.test:443": ("127.0.0.1", origin.port),
            }
        ) as proxy,
    ):
        client = use(new_client(verify=ca.path), proxy.url)
        assert client.get("https://other.test/get").status_code == 200
        with pytest.raises(envoi.exceptions.CertificateError, match="localhost:443"):
            client.get("https://localhost/get")


def test_two_users_do_not_share_a_tunnel(new_client, tls_server: Server):
    with HttpProxy() as proxy:
        client = new_client(verify=tls_server.ca_path)
        for user in ("one", "two", "one"):
            use(client, with_user(proxy.url, user))
            assert client.get(f"{tls_server.url}/get").status_code == 200
        assert proxy.connections == 2
        assert len({field_value(head, b"proxy-authorization") for head in proxy.heads}) == 2


def test_refused_credentials(new_client, tls_server: Server, server: Server):
    with HttpProxy(credentials=("user", "right")) as proxy:
        client = use(new_client(verify=tls_server.ca_path), with_user(proxy.url))
        with pytest.raises(envoi.ProxyError, match="407 Proxy Authentication Required") as caught:
            client.get(f"{tls_server.url}/get")
        assert "hunter2" not in str(caught.value)
        assert client.get(f"{server.url}/get").status_code == 407
    assert tls_server.requests == []


@pytest.mark.parametrize("scheme", ["http", "https", "socks4a", "socks5h"])
@pytest.mark.parametrize("end", ["close", "reset", "rubbish"])
def test_broken_proxy(new_client, scheme, end):
    def script(connection):
        if end == "reset":
            connection.reset()
        elif end == "rubbish":
            connection.send(b"\xff" * 100)
            connection.wait_closed()

    with RawServer(script) as proxy:
        client = use(new_client(), with_user(f"{scheme}://127.0.0.1:{proxy.port}"))
        with pytest.raises(envoi.ProxyError) as caught:
            client.get("https://a.test/")
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https", "socks4a", "socks5h"])
def test_silent_proxy_times_out(new_client, scheme):
    with RawServer(lambda connection: connection.wait_closed()) as proxy:
        client = use(new_client(), f"{scheme}://127.0.0.1:{proxy.port}")
        with pytest.raises(envoi.ConnectTimeout, match="the proxy"):
            client.get("https://a.test/", timeout=(0.2, 10))


@pytest.mark.parametrize("proxy_scheme", ["http", "socks5h"])
def test_proxy_that_does_not_listen(new_client, proxy_scheme):
    with RawServer([].append) as proxy:
        port = proxy.port
    client = use(new_client(), f"{proxy_scheme}://127.0.0.1:{port}")
    for url in ("http://a.test/", "https://a.test/"):
        with pytest.raises(envoi.ProxyError, match="refused the connection"):
            client.get(url)


@pytest.mark.parametrize(
    ("scheme", "expected"), [("socks5", "127.0.0.1"), ("socks5h", "localhost")]
)
@pytest.mark.parametrize("secure", [False, True])
def test_socks5(new_client, ca, scheme, expected, secure):
    with (
        Server(tls=ca.issue("localhost") if secure else False) as origin,
        Socks5Proxy(credentials=("user", "hunter2")) as proxy,
    ):
        client = use(new_client(verify=ca.path), with_user(proxy.url.replace("socks5", scheme)))
        url = f"{origin.url.partition(':')[0]}://localhost:{origin.port}/get"
        headers = {"Proxy-Authorization": "Basic stray"}
        assert [client.get(url, headers=headers).status_code for _ in range(2)] == [200, 200]
        assert proxy.targets == [f"{expected}:{origin.port}"]
        assert proxy.credentials == [("user", "hunter2")]
        assert not any(request.headers.has("Proxy-Authorization") for request in origin.requests)


def test_socks5_to_addresses(new_client):
    with Server(host="::1") as six, Server() as four, Socks5Proxy() as proxy:
        client = use(new_client(), proxy.url.replace("socks5", "socks5h"))
        assert client.get(f"{six.url}/get").status_code == 200
        assert client.get(f"{four.url}/get").status_code == 200
        assert proxy.targets == [f"::1:{six.port}", f"127.0.0.1:{four.port}"]


def test_socks5_refusals(new_client, server: Server):
    with (
        Socks5Proxy(reply_code=2) as proxy,
        pytest.raises(envoi.ProxyError, match="rules do not allow"),
    ):
        use(new_client(), proxy.url).get(server.url)
    with Socks5Proxy(credentials=("user", "right")) as proxy:
        with pytest.raises(envoi.ProxyError, match="refused user name") as caught:
            use(new_client(), with_user(proxy.url)).get(server.url)
        assert "hunter2" not in str(caught.value)
        with pytest.raises(envoi.ProxyError, match="wants authentication"):
            use(new_client(), proxy.url).get(server.url)


@pytest.mark.parametrize(
    ("scheme", "expected"), [("socks4", "127.0.0.1"), ("socks4a", "localhost")]
)
def test_socks4(new_client, tls_server: Server, scheme, expected):
    with Socks4Proxy() as proxy:
        client = use(
            new_client(verify=tls_server.ca_path),
            proxy.url.replace("socks4://", f"{scheme}://fred@"),
        )
        assert client.get(f"https://localhost:{tls_server.port}/get").status_code == 200
        assert proxy.targets == [f"{expected}:{tls_server.port}"]
        assert proxy.users == ["fred"]


def test_socks4_refusal(new_client, server: Server):
    with Socks4Proxy(reply_code=91) as proxy, pytest.raises(envoi.ProxyError, match="rejected"):
        use(new_client(), proxy.url).get(server.url)


def test_redirect_leaves_the_proxy(new_client, server: Server, tls_server: Server):
    with HttpProxy(credentials=("user", "hunter2")) as proxy:
        client = use(new_client(verify=tls_server.ca_path), {"http": with_user(proxy.url)})
        response = client.get(
            f"{server.url}/redirect-to",
            params={"url": f"{tls_server.url}/get"},
            headers={"Authorization": "Bearer x"},
        )
        assert response.status_code == 200
    (request,) = tls_server.requests
    assert "uthorization" not in str(request.headers)
    assert len(proxy.heads) == 1


def test_exempt_hosts_are_reached_directly(
    new_client, monkeypatch, server: Server, http_proxy: HttpProxy
):
    monkeypatch.setenv("ALL_PROXY", http_proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    client = new_client()
    assert client.get(f"{server.url}/get").status_code == 200
    assert http_proxy.heads == []


def test_failures_leave_no_descriptors(new_client, ca, tls_server: Server, leftovers):
    refusal = b"HTTP/1.1 403 No\r\n\r\n"
    with (
        HttpProxy(tls=ca.issue("127.0.0.1"), connect_reply=refusal) as refusing,
        HttpProxy(tls=ca.issue("other.test")) as untrusted,
        Socks5Proxy(reply_code=1) as socks,
    ):
        client = new_client(verify=ca.path)
        for url in (
            f"https://127.0.0.1:{refusing.port}",
            f"https://127.0.0.1:{untrusted.port}",
            socks.url,
        ) * 10:
            with pytest.raises(envoi.ProxyError):
                use(client, url).get(f"{tls_server.url}/get")
        assert client.session._pool.state.open == 0
        client.close()
    leftovers.check()
