"""Adapters: what subclasses may change, in the three colours."""

from __future__ import annotations

import base64
import pickle
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import envoi
from envoi._model.timeout import FOREVER
from envoi.adapters import AsyncHTTPAdapter, BaseAdapter, HTTPAdapter
from envoi.testing import CertificateAuthority, RawConnection, Server
from peers.clients import COLOURS, Client
from peers.servers.proxy import HttpProxy

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=COLOURS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with Client(request.param) as made:
        yield made


def kind(client: Client) -> Any:
    return HTTPAdapter if client.colour == "sync" else AsyncHTTPAdapter


def mount(client: Client, prefix: str, adapter: Any) -> Any:
    client.session.mount(prefix, adapter)
    return adapter


def with_headers(head: bytes) -> dict[bytes, bytes]:
    return dict(line.split(b": ", 1) for line in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])


def test_the_longest_prefix_wins_whatever_its_case(client: Client, server: Server) -> None:
    used: list[str] = []

    def named(name: str) -> Any:
        class Named(kind(client)):  # type: ignore[misc]
            def add_headers(self, request: Any, **_: Any) -> None:
                used.append(name)

        return Named()

    mount(client, "http://", named("all"))
    mount(client, f"{server.url}/get".upper().replace("HTTP", "http"), named("get"))
    mount(client, f"{server.url}/", named("server"))
    assert list(client.session.adapters)[:2] == [
        f"{server.url}/get".upper().replace("HTTP", "http"),
        f"{server.url}/",
    ]
    for path in ("/get?x", "/headers"):
        assert client.get(server.url + path).status_code == 200
    assert used == ["get", "server"]


def test_add_headers_may_change_the_request_and_is_told_how_it_is_sent(
    client: Client, server: Server
) -> None:
    told: list[dict[str, Any]] = []

    class Marking(kind(client)):  # type: ignore[misc]
        def add_headers(self, request: Any, **options: Any) -> None:
            told.append(options)
            request.headers["X-Mark"] = "1"

    mount(client, "http://", Marking())
    response = client.get(f"{server.url}/headers", timeout=(3, 4), verify=False, cert=None)
    assert response.json()["headers"]["X-Mark"] == "1"
    assert told == [
        {"stream": False, "timeout": (3, 4), "verify": False, "cert": None, "proxies": {}}
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [({}, None), ({"timeout": 5}, 5), ({"timeout": (3, 4)}, (3, 4)), ({"timeout": None}, None)],
)
def test_adapters_see_time_outs_as_requests_has_them(
    client: Client, server: Server, given: Any, shown: Any
) -> None:
    seen: list[Any] = []

    class Looking(kind(client)):  # type: ignore[misc]
        def add_headers(self, request: Any, **options: Any) -> None:
            seen.append(options["timeout"])

    mount(client, "http://", Looking())
    assert client.get(f"{server.url}/get", **given).ok
    assert seen == [shown]


def test_an_adapter_with_a_time_out_of_its_own(client: Client, raw_server: Any) -> None:
    server = raw_server(lambda connection: connection.read_request() and connection.wait_closed())

    class Limited(kind(client)):  # type: ignore[misc]
        def add_headers(self, request: Any, **options: Any) -> None:
            assert options["timeout"] == 0.1

    class LimitedSync(Limited):
        def send(self, request: Any, **options: Any) -> Any:
            if options.get("timeout") is None:
                options["timeout"] = 0.1
            return super().send(request, **options)

    mount(client, "http://", LimitedSync())
    began = time.monotonic()
    with pytest.raises(envoi.ReadTimeout):
        client.get(server.url)
    assert time.monotonic() - began < 5


def test_none_means_for_ever_through_an_adapter_as_well(client: Client, server: Server) -> None:
    limits: list[Any] = []

    class Looking(kind(client)):  # type: ignore[misc]
        async def _carry(self, delivery: Any, *arguments: Any) -> Any:
            limits.append(delivery.timeout)
            return await super()._carry(delivery, *arguments)

    mount(client, "http://", Looking())
    assert client.get(f"{server.url}/get", timeout=None).ok
    assert limits == [FOREVER]


@pytest.mark.parametrize("given", [(None, None), envoi.Limits(None, None, None)])
def test_no_limits_stay_none_through_an_overridden_send(
    client: Client, server: Server, given: Any
) -> None:
    limits: list[Any] = []

    class Sending(kind(client)):  # type: ignore[misc]
        def send(self, request: Any, **options: Any) -> Any:
            return super().send(request, **options)

        async def _carry(self, delivery: Any, *arguments: Any) -> Any:
            limits.append(delivery.timeout)
            return await super()._carry(delivery, *arguments)

    mount(client, "http://", Sending())
    assert client.get(f"{server.url}/get", timeout=given).ok
    assert limits == [envoi.Limits(None, None, None)]


def test_total_time_holds_over_redirects_through_an_adapter(
    client: Client, raw_server: Any
) -> None:
    def again(connection: RawConnection) -> None:
        while connection.read_request():
            connection.send(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")

    server = raw_server(again)
    mount(client, "http://", kind(client)())
    client.session.max_redirects = 1_000_000
    began = time.monotonic()
    with pytest.raises(envoi.TotalTimeout):
        client.get(server.url, timeout=envoi.Timeout(total=0.5))
    assert time.monotonic() - began < 3
    assert len(server.requests) > 1


def test_request_url_decides_the_request_line(client: Client, raw_server: Any) -> None:
    server = raw_server([OK])

    class Retargeting(kind(client)):  # type: ignore[misc]
        def request_url(self, request: Any, proxies: Any) -> str:
            return "/elsewhere" + super().request_url(request, proxies)

    mount(client, "http://", Retargeting())
    response = client.get(f"{server.url}/path?q")
    assert response.url == f"{server.url}/path?q"
    assert server.requests[0].startswith(b"GET /elsewhere/path?q HTTP/1.1\r\n")


def test_build_response_may_replace_and_change_the_response(client: Client, server: Server) -> None:
    class Building(kind(client)):  # type: ignore[misc]
        def build_response(self, req: Any, resp: Any) -> Any:
            response = super().build_response(req, resp)
            response.headers["X-Built"] = req.method
            response.status_code += 1
            return response

    adapter = mount(client, "http://", Building())
    response = client.get(f"{server.url}/gzip")
    assert (response.status_code, response.headers["X-Built"], response.json()["gzipped"]) == (
        201,
        "GET",
        True,
    )
    assert response.connection is adapter


def test_build_response_on_the_object_alone(client: Client, server: Server) -> None:
    adapter = client.session.get_adapter(server.url)
    former, seen = adapter.build_response, []
    adapter.build_response = lambda req, resp: seen.append(resp.status) or former(req, resp)
    assert client.get(f"{server.url}/redirect/1").ok
    assert seen == [302, 200]


def test_cookies_of_a_built_response_are_kept(client: Client, server: Server) -> None:
    class Building(kind(client)):  # type: ignore[misc]
        def build_response(self, req: Any, resp: Any) -> Any:
            return super().build_response(req, resp)

    mount(client, "http://", Building())
    assert client.get(f"{server.url}/cookies/set?a=1").json() == {"cookies": {"a": "1"}}
    assert dict(client.session.cookies) == {"a": "1"}


def test_streaming_through_an_adapter_gives_the_connection_back(
    client: Client, server: Server
) -> None:
    class Building(kind(client)):  # type: ignore[misc]
        def build_response(self, req: Any, resp: Any) -> Any:
            return super().build_response(req, resp)

    for adapter in (kind(client)(), Building()):
        mount(client, "http://", adapter)
        for _ in range(3):
            with client.get(f"{server.url}/bytes/100000", stream=True) as response:
                assert sum(map(len, response.iter_content(1000))) == 100000
            with client.get(f"{server.url}/bytes/100000", stream=True) as response:
                next(response.iter_content(1000))
        state = adapter._pool.state
        assert state.open - state.idle == 0


def test_max_body_holds_through_an_adapter(client: Client, server: Server) -> None:
    mount(client, "http://", kind(client)())
    with pytest.raises(envoi.BodyTooLarge):
        client.get(f"{server.url}/bytes/1000", max_body=10)
    assert len(client.get(f"{server.url}/bytes/1000", max_body=1000).content) == 1000


def test_an_ssl_context_by_init_poolmanager(client: Client, tls_server: Server) -> None:
    context = ssl.create_default_context(cafile=tls_server.ca_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    class Old(kind(client)):  # type: ignore[misc]
        def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
            super().init_poolmanager(*arguments, ssl_context=context, **settings)

    mount(client, "https://", Old())
    assert client.get(f"{tls_server.url}/get").connection_info.tls_version == "TLSv1.2"
    client.session.mount("https://", kind(client)())
    with pytest.raises(envoi.CertificateError):
        client.get(f"{tls_server.url}/get")


def test_cert_verify_decides_the_trust(client: Client, tls_server: Server) -> None:
    class Trusting(kind(client)):  # type: ignore[misc]
        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            super().cert_verify(conn, url, tls_server.ca_path, cert)

    mount(client, "https://", Trusting())
    assert client.get(f"{tls_server.url}/get").ok


def test_names_unchecked_but_authorities_checked(client: Client, ca: CertificateAuthority) -> None:
    class Nameless(kind(client)):  # type: ignore[misc]
        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            super().cert_verify(conn, url, verify, cert)
            conn.assert_hostname = False

    mount(client, "https://", Nameless())
    with Server(tls=ca.issue("another.test")) as running:
        assert client.get(f"{running.url}/get", verify=running.ca_path).ok
        with pytest.raises(envoi.CertificateError):
            client.get(f"{running.url}/get")


def test_proxy_headers_go_to_the_proxy_alone(
    client: Client, http_proxy: HttpProxy, server: Server
) -> None:
    class Marking(kind(client)):  # type: ignore[misc]
        def proxy_headers(self, proxy: str) -> dict[str, str]:
            return {**super().proxy_headers(proxy), "X-For-The-Proxy": "1"}

    mount(client, "http://", Marking())
    proxy = http_proxy.url.replace("http://", "http://user:pass@")
    assert client.get(f"{server.url}/get", proxies={"http": proxy}).ok
    fields = with_headers(http_proxy.heads[0])
    assert fields[b"X-For-The-Proxy"] == b"1"
    assert fields[b"Proxy-Authorization"] == b"Basic " + base64.b64encode(b"user:pass")


def test_proxies_of_session_and_environment_reach_the_adapter(
    client: Client, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    class Looking(kind(client)):  # type: ignore[misc]
        def add_headers(self, request: Any, **options: Any) -> None:
            seen.append(options["proxies"])

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mount(client, "http://", Looking())
    assert client.get(f"{server.url}/get").ok
    assert client.get(f"{server.url}/get", proxies=None).ok
    monkeypatch.setenv("no_proxy", "")
    with Client(client.colour) as exposed, pytest.raises(envoi.ProxyError):
        mount(exposed, "http://", Looking())
        exposed.get(f"{server.url}/get")
    assert seen == [{}, {}, {"http": "http://127.0.0.1:9"}]


def test_connecting_is_tried_again_and_nothing_else(client: Client, raw_server: Any) -> None:
    refusing = raw_server([OK])
    refusing.close()
    mount(client, "http://", kind(client)(max_retries=2))
    with pytest.raises(envoi.ConnectionRefused):
        client.get(refusing.url)
    dropping = raw_server(lambda connection: connection.read_request())
    with pytest.raises(envoi.ConnectionError):
        client.post(dropping.url, data=b"x")
    assert len(dropping.requests) == 1


@pytest.mark.parametrize("retries", [-1, True, 1.5, "2", None])
def test_max_retries_of_the_wrong_kind_are_refused(retries: Any) -> None:
    for adapter in (HTTPAdapter, AsyncHTTPAdapter):
        with pytest.raises(envoi.InvalidOption, match="max_retries"):
            adapter(max_retries=retries)


def test_pool_block_bounds_the_connections(client: Client, server: Server) -> None:
    adapter = mount(client, "http://", kind(client)(pool_maxsize=1, pool_block=True))
    outcomes = client.together(6, "GET", f"{server.url}/get")
    assert [outcome.status_code for outcome in outcomes] == [200] * 6
    assert adapter._pool.state.open == 1


def test_without_pool_block_there_is_no_limit(client: Client, server: Server) -> None:
    adapter = mount(client, "http://", kind(client)(pool_maxsize=1))
    outcomes = client.together(4, "GET", f"{server.url}/delay/0.2")
    assert [outcome.status_code for outcome in outcomes] == [200] * 4
    assert adapter._pool.state.open == 4


def test_closing_the_session_closes_its_adapters(
    client: Client, server: Server, leftovers: Any
) -> None:
    closed: list[str] = []

    class Own(BaseAdapter):
        def send(self, request: Any, **_: Any) -> envoi.Response:
            raise AssertionError

        def close(self) -> None:
            closed.append("own")

    adapter = mount(client, "http://", kind(client)())
    mount(client, "own://", Own())
    assert client.get(f"{server.url}/get").ok
    client.close()
    assert closed == ["own"]
    assert adapter._pool is None


def test_a_hook_sends_again_over_the_responses_own_adapter(client: Client, server: Server) -> None:
    sent: list[Any] = []

    def again(response: Any, **options: Any) -> Any:
        if not sent:
            request = response.request.copy()
            request.headers["X-Again"] = "1"
            sent.append(request)
            return response.connection.send(request, **options)
        return None

    response = client.get(f"{server.url}/headers", hooks={"response": again})
    assert response.json()["headers"]["X-Again"] == "1"
    assert len({request.connection for request in server.requests}) == 1, (
        "over the session's connections"
    )


def test_adapters_are_pickled_with_their_settings(server: Server) -> None:
    session = envoi.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=3, pool_block=True, max_retries=2))
    assert session.get(f"{server.url}/get").ok
    restored = pickle.loads(pickle.dumps(session))
    assert list(restored.adapters) == list(session.adapters)
    adapter = restored.get_adapter(server.url)
    assert (adapter._pool_maxsize, adapter._pool_block) == (3, True)
    assert restored.get(f"{server.url}/get").ok
    assert restored.get_adapter("https://x/").is_untouched
    session.close()
    restored.close()


def test_one_adapter_serves_many_threads(server: Server) -> None:
    with envoi.Session() as session:
        session.mount("http://", HTTPAdapter())
        failures: list[Any] = []

        def work() -> None:
            try:
                for _ in range(20):
                    assert session.get(f"{server.url}/get").ok
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
