"""What is set on an adapter that puts Envoi under requests, and what its subclasses override: the same as with requests' own."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

import pytest
import requests
import urllib3

import envoi
from compat.test_integration_requests import over_envoi
from envoi.integrations.requests import EnvoiAdapter
from envoi.testing import RawConnection, Server
from peers.servers.proxy import HttpProxy, Socks5Proxy, field_value

pytestmark = pytest.mark.timeout(60)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def was_over_envoi(adapter: EnvoiAdapter) -> bool:
    return adapter._engine is not None and adapter._engine._pool is not None


def test_a_proxy_that_forwards(server: Server) -> None:
    with HttpProxy(credentials=("user", "p@ss")) as proxy, over_envoi() as session:
        url = proxy.url.replace("//", "//user:p%40ss@")
        answer = session.get(
            f"{server.url}/anything",
            proxies={"http": url},
            headers={"Authorization": "Bearer mine"},
        )
        assert answer.json()["headers"]["Authorization"] == "Bearer mine"
        assert "Proxy-Authorization" not in answer.json()["headers"]
    assert proxy.heads[0].startswith(f"GET {server.url}/anything HTTP/1.1".encode())
    assert field_value(proxy.heads[0], b"Proxy-Authorization") == b"Basic dXNlcjpwQHNz"


def test_a_proxy_that_makes_a_tunnel(tls_server: Server) -> None:
    with HttpProxy(credentials=("user", "pass")) as proxy, over_envoi() as session:
        session.verify = tls_server.ca_path
        session.proxies = {"https": proxy.url.replace("//", "//user:pass@")}
        for _ in range(2):
            assert session.get(f"{tls_server.url}/get").ok
    assert proxy.connections == 1
    assert b"CONNECT" in proxy.heads[0]


def test_a_proxy_that_speaks_tls(server: Server, ca: Any) -> None:
    with HttpProxy(tls=ca.issue("localhost", "127.0.0.1")) as proxy, over_envoi() as session:
        session.verify = ca.path
        assert session.get(f"{server.url}/get", proxies={"http": proxy.url}).ok
        with pytest.raises(requests.exceptions.ProxyError):
            session.get(f"{server.url}/get", proxies={"http": proxy.url}, verify=True)


def test_socks_needs_no_further_package(server: Server) -> None:
    with (
        Socks5Proxy(
            credentials=("user", "pass"), resolve={"inner.test:80": ("127.0.0.1", server.port)}
        ) as proxy,
        over_envoi() as session,
    ):
        url = f"socks5h://user:pass@127.0.0.1:{proxy.port}"
        assert session.get("http://inner.test/get", proxies={"http": url}).ok
    assert proxy.targets == ["inner.test:80"]
    assert proxy.credentials == [("user", "pass")]


def test_which_proxy_is_for_requests_to_say(server: Server) -> None:
    with HttpProxy() as one, HttpProxy() as two, over_envoi() as session:
        for proxies in (
            {"all": one.url}, {"http": one.url, "all": two.url}, {"http://127.0.0.1": one.url, "http": two.url},
            {"all://127.0.0.1": one.url, "all": two.url}, {"http": one.url.removeprefix("http://")},
        ):  # fmt: skip
            assert session.get(f"{server.url}/get", proxies=proxies).ok
        assert (len(one.heads), len(two.heads)) == (5, 0)
        for proxies in ({}, {"https": one.url}, {"http": None}, {"http": "", "all": two.url}):
            assert session.get(f"{server.url}/get", proxies=proxies).ok
        assert (len(one.heads), len(two.heads)) == (5, 0)


def test_the_environments_proxies_are_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpProxy() as proxy, over_envoi() as session:
        session.trust_env = True
        monkeypatch.setenv("http_proxy", proxy.url)
        assert session.get(f"{server.url}/get").ok
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert session.get(f"{server.url}/get").ok
        assert len(proxy.heads) == 1


def test_a_clients_certificate(ca: Any, raw_server: Any) -> None:
    def knowing(connection: RawConnection) -> None:
        connection.read_request()
        subject = dict(part[0] for part in connection.socket.getpeercert()["subject"])
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
            + subject["commonName"].encode().ljust(7)
        )

    issued = ca.issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate_path, issued.key_path)
    context.load_verify_locations(ca.path)
    context.verify_mode = ssl.CERT_REQUIRED
    mine = ca.issue("myself", client=True)
    server = raw_server(knowing, tls=context)
    with over_envoi() as session:
        session.verify = ca.path
        for cert in (
            (mine.certificate_path, mine.key_path),
            [mine.certificate_path, mine.key_path],
        ):
            assert (
                session.get(server.url.replace("localhost", "127.0.0.1"), cert=cert).text.strip()
                == "myself"
            )


def test_threads_wait_for_a_place(raw_server: Any) -> None:
    def slow(connection: RawConnection) -> None:
        while connection.read_request():
            open_at_once.append(server.open_connections)
            connection.send(OK)

    open_at_once: list[int] = []
    server = raw_server(slow)
    with over_envoi(EnvoiAdapter(pool_maxsize=2, pool_block=True)) as session:
        threads = [
            threading.Thread(target=lambda: session.get(server.url, timeout=10)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(open_at_once) == 8
    assert max(open_at_once) <= 2


def test_waiting_for_a_place_has_no_limit_of_its_own(raw_server: Any) -> None:
    def slow(connection: RawConnection) -> None:
        connection.read_request()
        first.set()
        answer.wait(20)
        connection.send(OK)
        connection.read_request()
        connection.send(OK)

    first, answer = threading.Event(), threading.Event()
    server = raw_server(slow)
    with over_envoi(EnvoiAdapter(pool_maxsize=1, pool_block=True)) as session:
        holding = threading.Thread(target=lambda: session.get(server.url, timeout=None))
        holding.start()
        first.wait(20)
        waiting = threading.Thread(
            target=lambda: texts.append(session.get(server.url, timeout=(0.05, 20)).text)
        )
        texts: list[str] = []
        waiting.start()
        waiting.join(0.2)  # four times the limit for connecting
        answer.set()
        waiting.join()
        holding.join()
    assert texts == ["ok"]


class _WithContext(EnvoiAdapter):
    """As documented for requests: a context for `init_poolmanager`."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:
        self.context = context
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self.context, **settings)


def test_a_context_of_ones_own(tls_server: Server, ca: Any) -> None:
    trusting = _WithContext(ca.client_context())
    with over_envoi(trusting) as session:
        assert session.get(f"{tls_server.url}/get").ok
        assert was_over_envoi(trusting)
    strict = ca.client_context()
    strict.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        over_envoi(_WithContext(strict)) as session,
        session.get(f"{tls_server.url}/get", stream=True) as response,
    ):
        assert (
            response.raw._connection is None or response.raw._connection.sock.version() == "TLSv1.2"
        )
    with (
        over_envoi(_WithContext(ssl.create_default_context())) as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.get(f"{tls_server.url}/get")


def test_a_context_without_authorities_gets_those_of_requests(
    tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = urllib3.util.ssl_.create_urllib3_context()  # as in the recipes that set ciphers
    monkeypatch.setattr("requests.utils.DEFAULT_CA_BUNDLE_PATH", tls_server.ca_path)
    adapter = _WithContext(context)
    with over_envoi(adapter) as session:
        assert session.get(f"{tls_server.url}/get").ok
        assert was_over_envoi(adapter)


def test_a_context_and_a_path_are_urllib3s_business(tls_server: Server) -> None:
    adapter = _WithContext(urllib3.util.ssl_.create_urllib3_context())
    with over_envoi(adapter) as session:
        assert session.get(f"{tls_server.url}/get", verify=tls_server.ca_path).ok
        assert not was_over_envoi(adapter)


class _ByKey(EnvoiAdapter):
    """As requests documents since 2.32."""

    context: Any

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {**pool, "ssl_context": self.context}


class _Unchecked(EnvoiAdapter):
    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        conn.cert_reqs, conn.assert_hostname = "CERT_NONE", False


def test_how_tls_is_made_may_be_overridden(tls_server: Server, ca: Any) -> None:
    by_key, unchecked = _ByKey(), _Unchecked()
    by_key.context = ca.client_context()
    for adapter in (by_key, unchecked):
        with over_envoi(adapter) as session:
            assert session.get(f"{tls_server.url}/get").ok
            assert was_over_envoi(adapter)
        with over_envoi() as session, pytest.raises(requests.exceptions.SSLError):
            session.get(f"{tls_server.url}/get")


def test_names_need_not_be_checked(raw_server: Any, ca: Any) -> None:
    server = raw_server([OK, OK], tls=ca.issue("other.test"))
    adapter = EnvoiAdapter()
    with over_envoi(adapter) as session:
        session.verify = ca.path
        with pytest.raises(requests.exceptions.SSLError):
            session.get(server.url)
        adapter.poolmanager.connection_pool_kw["assert_hostname"] = (
            False  # as requests-toolbelt does
        )
        assert session.get(server.url).text == "ok"
        assert was_over_envoi(adapter)


class _Talkative(EnvoiAdapter):
    def add_headers(self, request: Any, **options: Any) -> None:
        request.headers["X-Added"] = ",".join(options)

    def request_url(self, request: Any, proxies: Any) -> str:
        return super().request_url(request, proxies).replace("/old", "/anything/new")

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return {**super().proxy_headers(proxy), "X-For-Proxy": "1"}

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.headers["X-Built"] = type(resp).__mro__[1].__name__
        return response


def test_what_is_told_may_be_overridden(server: Server) -> None:
    with HttpProxy() as proxy, over_envoi(_Talkative()) as session:
        response = session.get(f"{server.url}/old?q=1")
        assert response.json()["url"].endswith("/anything/new?q=1")
        assert response.json()["headers"]["X-Added"] == "stream,timeout,verify,cert,proxies"
        assert response.headers["X-Built"] == "HTTPResponse"
        assert session.get(f"{server.url}/get", proxies={"http": proxy.url}).ok
        assert field_value(proxy.heads[0], b"X-For-Proxy") == b"1"


class _WithOptions(EnvoiAdapter):
    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        options = [
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ]
        super().init_poolmanager(*arguments, socket_options=options, **settings)


class _OwnConnections(EnvoiAdapter):
    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        return urllib3.connection_from_url(request.url)


def test_settings_that_only_urllib3_has_are_carried_by_it(server: Server) -> None:
    with over_envoi(_OwnConnections()) as session:
        assert session.get(f"{server.url}/get").ok
        assert not was_over_envoi(session.get_adapter("http://"))


def test_socket_options_are_set(server: Server) -> None:
    adapter = _WithOptions()
    with over_envoi(adapter) as session:
        assert session.get(f"{server.url}/get").ok
        assert was_over_envoi(adapter)
        assert adapter._engine._socket_options[1] == (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


class _FromHere(EnvoiAdapter):
    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        super().init_poolmanager(*arguments, source_address=("127.0.0.2", 0), **settings)


def test_where_connections_come_from(raw_server: Any) -> None:
    def peering(connection: RawConnection) -> None:
        connection.read_request()
        peers.append(connection.socket.getpeername()[0])
        connection.send(OK)

    peers: list[str] = []
    adapter = _FromHere()
    with over_envoi(adapter) as session:
        assert session.get(raw_server(peering).url).text == "ok"
        assert was_over_envoi(adapter)
    assert peers == ["127.0.0.2"]


class _ProxyContext(EnvoiAdapter):
    context: Any

    def proxy_manager_for(self, proxy: str, **settings: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self.context, **settings)


def test_connections_through_proxies_may_have_settings_of_their_own(
    tls_server: Server, ca: Any
) -> None:
    adapter = _ProxyContext()
    adapter.context = ca.client_context()
    with HttpProxy() as proxy, over_envoi(adapter) as session:
        assert session.get(f"{tls_server.url}/get", proxies={"https": proxy.url}).ok
        assert was_over_envoi(adapter)
        with pytest.raises(requests.exceptions.SSLError) as caught:
            session.get(f"{tls_server.url}/get")
        assert isinstance(caught.value.__cause__, envoi.CertificateError)


def test_many_settings_in_turn_keep_one_adapters_connections(server: Server) -> None:
    with over_envoi() as session:
        for number in range(200):
            assert session.get(f"{server.url}/get", timeout=10 + number / 1000).ok
        assert len(session.get_adapter(server.url)._manners) <= 64
    assert server.connections == 1
