"""Adapters and sessions as people write them for requests: contexts, retries, default timeouts, pinned addresses, their own schemes."""

from __future__ import annotations

import io
import socket
import ssl
from urllib.parse import urljoin, urlparse

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter, Retry
from urllib3.poolmanager import PoolManager
from urllib3.util.ssl_ import create_urllib3_context

import envoi
from envoi.testing import Answer, Server

assert requests.Session is envoi.Session


def session_with(adapter, prefix: str = "http://") -> requests.Session:
    session = requests.Session()
    session.mount(prefix, adapter)
    return session


class ContextAdapter(HTTPAdapter):
    """A context of one's own, by the argument of `init_poolmanager`."""

    def __init__(self, context, **options) -> None:
        self.context = context
        super().__init__(**options)

    def init_poolmanager(self, *arguments, **options):
        options["ssl_context"] = self.context
        return super().init_poolmanager(*arguments, **options)

    def proxy_manager_for(self, *arguments, **options):
        options["ssl_context"] = self.context
        return super().proxy_manager_for(*arguments, **options)


class ManagerAdapter(HTTPAdapter):
    """A context of one's own, by a `PoolManager` of one's own."""

    def init_poolmanager(self, connections, maxsize, block=False, **options):
        context = create_urllib3_context(ciphers="ECDHE+AESGCM")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(self.authorities)
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=context, **options
        )


def test_a_context_is_handed_in(tls_server) -> None:
    context = ssl.create_default_context(cafile=tls_server.ca_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with session_with(ContextAdapter(context), "https://") as session:
        response = session.get(tls_server.url + "/get", stream=True)
        assert response.raw.connection.sock.version() == "TLSv1.2"
        assert response.json()["url"] == tls_server.url + "/get"
    with (
        session_with(ContextAdapter(ssl.create_default_context()), "https://") as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.get(tls_server.url + "/get")


def test_a_context_of_a_pool_manager(tls_server) -> None:
    ManagerAdapter.authorities = tls_server.ca_path
    with session_with(ManagerAdapter(), "https://") as session:
        response = session.get(tls_server.url + "/get", stream=True)
        assert response.raw.connection.sock.version() == "TLSv1.2"
        assert response.raw.connection.sock.cipher()[0].startswith("ECDHE-")
        response.close()


def test_no_host_name_is_checked(ca) -> None:
    class HostNameIgnoring(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False):
            super().init_poolmanager(connections, maxsize, block, assert_hostname=False)

    with (
        Server(tls=ca.issue("only.invalid")) as server,
        session_with(HostNameIgnoring(), "https://") as session,
    ):
        assert session.get(server.url + "/get", verify=server.ca_path).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            session.get(server.url + "/get")


def test_another_name_is_told_and_checked(ca) -> None:
    class Pinned(HTTPAdapter):
        """One address for a name, which is what TLS asks for, and the Host field says."""

        def __init__(self, name, address, **options) -> None:
            self.name, self.address = name, address
            super().__init__(**options)

        def init_poolmanager(self, *arguments, **options):
            options |= {"server_hostname": self.name, "assert_hostname": self.name}
            super().init_poolmanager(*arguments, **options)

        def send(self, request, **options):
            request.headers["Host"] = self.name
            request.url = request.url.replace(f"https://{self.name}/", f"https://{self.address}/")
            return super().send(request, **options)

    with Server(tls=ca.issue("pinned.invalid")) as server:
        with session_with(
            Pinned("pinned.invalid", f"127.0.0.1:{server.port}"), "https://pinned.invalid"
        ) as session:
            response = session.get("https://pinned.invalid/headers", verify=server.ca_path)
            assert response.json()["headers"]["Host"] == "pinned.invalid"
        with (
            session_with(
                Pinned("other.invalid", f"127.0.0.1:{server.port}"), "https://other.invalid"
            ) as session,
            pytest.raises(requests.exceptions.SSLError),
        ):
            session.get("https://other.invalid/headers", verify=server.ca_path)


def test_an_address_is_pinned_without_tls(server) -> None:
    class Resolving(HTTPAdapter):
        def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
            request.url = request.url.replace("nobody.invalid", server.url[7:])
            request.headers["Host"] = "nobody.invalid"
            return super().get_connection_with_tls_context(
                request, verify, proxies=proxies, cert=cert
            )

    with session_with(Resolving()) as session:
        assert (
            session.get("http://nobody.invalid/headers").json()["headers"]["Host"]
            == "nobody.invalid"
        )


def test_authorities_are_set_by_cert_verify(tls_server) -> None:
    class Trusting(HTTPAdapter):
        def cert_verify(self, conn, url, verify, cert):
            super().cert_verify(conn, url, verify, cert)
            conn.ca_certs = tls_server.ca_path

    with session_with(Trusting(), "https://") as session:
        assert session.get(tls_server.url + "/get").status_code == 200


def test_a_fingerprint_is_set_by_cert_verify(tls_server) -> None:
    class Printed(HTTPAdapter):
        def cert_verify(self, conn, url, verify, cert):
            super().cert_verify(conn, url, verify, cert)
            conn.assert_fingerprint = "11" * 32

    with (
        session_with(Printed(), "https://") as session,
        pytest.raises(requests.exceptions.SSLError, match="Fingerprints did not match"),
    ):
        session.get(tls_server.url + "/get", verify=tls_server.ca_path)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_statuses_are_tried_again(server, status) -> None:
    answers = iter([status, status, 200])
    server.route("/moody", ["GET", "POST"])(
        lambda request: (next(answers), request.body.decode() or "-")
    )
    retries = Retry(
        total=3,
        backoff_factor=0.001,
        status_forcelist=[429, 500, 502, 503, 504],
        allowed_methods={"GET", "POST"},
    )
    with session_with(HTTPAdapter(max_retries=retries)) as session:
        response = session.post(server.url + "/moody", data="body")
        assert (response.status_code, response.text) == (200, "body")
    assert server.served == 3


def test_retries_come_to_an_end(server) -> None:
    server.add("/down", Answer(503))
    with session_with(HTTPAdapter(max_retries=Retry(2, status_forcelist=[503]))) as session:
        with pytest.raises(requests.exceptions.RetryError):
            session.get(server.url + "/down")
        assert server.served == 3
        assert session.post(server.url + "/down").status_code == 503
    with session_with(
        HTTPAdapter(max_retries=Retry(2, status_forcelist=[503], raise_on_status=False))
    ) as session:
        assert session.get(server.url + "/down").status_code == 503
    with (
        session_with(HTTPAdapter(max_retries=1)) as session,
        pytest.raises(requests.exceptions.ConnectionError),
    ):
        session.get("http://127.0.0.1:1/")


def test_a_retry_of_ones_own_is_told(server) -> None:
    told = []

    class Telling(Retry):
        def increment(self, *arguments, **options):
            told.append((options.get("response") or arguments[2]).status)
            return super().increment(*arguments, **options)

    answers = iter([Answer(503, headers={"Retry-After": "0"}), Answer(200, "ok")])
    server.route("/moody")(lambda request: next(answers))
    with session_with(HTTPAdapter(max_retries=Telling(total=2, status_forcelist=[503]))) as session:
        assert session.get(server.url + "/moody").text == "ok"
    assert told == [503]


def test_a_default_timeout(server) -> None:
    told = []

    class TimeoutHTTPAdapter(HTTPAdapter):
        def __init__(self, *arguments, **options) -> None:
            self.timeout = options.pop("timeout", 0.2)
            super().__init__(*arguments, **options)

        def send(self, request, **options):
            told.append(options.get("timeout"))
            if options.get("timeout") is None:
                options["timeout"] = self.timeout
            return super().send(request, **options)

    server.add("/slow", Answer(200, "late", delay=0.6))
    with session_with(TimeoutHTTPAdapter()) as session:
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(server.url + "/slow")
        assert session.get(server.url + "/slow", timeout=5).text == "late"
        assert session.get(server.url + "/slow", timeout=(5, 6)).text == "late"
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(server.url + "/slow", timeout=None)
    assert told == [None, 5, (5, 6), None]


def test_socket_options_by_the_argument(server, options_set) -> None:
    class KeepAlive(HTTPAdapter):
        def init_poolmanager(self, *arguments, **options):
            options["socket_options"] = [
                *urllib3.connection.HTTPConnection.default_socket_options,
                (socket.SOL_SOCKET, socket.SO_RCVBUF, 123_456),
            ]
            super().init_poolmanager(*arguments, **options)

    with session_with(KeepAlive()) as session:
        response = session.get(server.url + "/bytes/10", stream=True)
        assert (socket.SOL_SOCKET, socket.SO_RCVBUF, 123_456) in options_set
        response.close()
        answer = session.post(
            server.url + "/post", files={"file": ("a.txt", b"content")}, data={"a": "1"}
        ).json()
        assert (answer["form"], answer["files"]) == ({"a": "1"}, {"file": "content"})
        assert (
            session.post(server.url + "/post", data=iter([b"one ", b"two"])).json()["data"]
            == "one two"
        )
        assert session.post(server.url + "/post", json={"a": 1}).json()["json"] == {"a": 1}
        assert session.get(server.url + "/gzip").json()["gzipped"] is True
        assert (
            b"".join(session.get(server.url + "/stream/2", stream=True).iter_content(None)).count(
                b"\n"
            )
            == 2
        )
        assert session.get(server.url + "/cookies/set?a=1").json() == {"cookies": {"a": "1"}}


def test_socket_options_by_way_of_a_proxy(server) -> None:
    class KeepAlive(HTTPAdapter):
        def init_poolmanager(self, *arguments, **options):
            super().init_poolmanager(*arguments, **options, socket_options=[])

    asked = []
    server.route("/<path...>")(
        lambda request: (
            asked.append((request.target, request.headers.get("proxy-authorization"))) or "through"
        )
    )
    with session_with(KeepAlive()) as session:
        proxy = server.url.replace("://", "://user:password@")
        assert (
            session.get("http://nobody.invalid/path?q=1", proxies={"http": proxy}).text == "through"
        )
    assert asked == [
        ("http://nobody.invalid/path?q=1", requests.auth._basic_auth_str("user", "password"))
    ]


def test_fields_for_a_proxy(server) -> None:
    class Told(HTTPAdapter):
        def proxy_headers(self, proxy):
            return {**super().proxy_headers(proxy), "X-Proxy": "mine"}

    server.route("/<path...>")(lambda request: request.headers.get("x-proxy"))
    with session_with(Told()) as session:
        assert session.get("http://nobody.invalid/", proxies={"http": server.url}).text == "mine"


def test_fields_and_targets_are_changed_on_the_way(server) -> None:
    class Signing(HTTPAdapter):
        def add_headers(self, request, **options):
            request.headers["X-Signed"] = f"{request.method} {options['stream']}"

        def request_url(self, request, proxies):
            return super().request_url(request, proxies) + "?signed"

    with session_with(Signing()) as session:
        answer = session.get(server.url + "/anything/a").json()
        assert (answer["headers"]["X-Signed"], answer["args"]) == ("GET False", {"signed": ""})


def test_a_response_is_changed_when_it_is_built(server) -> None:
    class Marking(HTTPAdapter):
        def build_response(self, req, resp):
            response = super().build_response(req, resp)
            response.headers["X-Marked"] = str(resp.status)
            response.encoding = "utf-8"
            return response

    with session_with(Marking()) as session:
        response = session.get(server.url + "/redirect/1")
        assert (response.headers["X-Marked"], response.encoding, response.json()["url"]) == (
            "200",
            "utf-8",
            server.url + "/get",
        )
        assert response.elapsed.total_seconds() > 0
        assert [step.headers["X-Marked"] for step in response.history] == ["302"]
        with session.get(server.url + "/stream/3", stream=True) as response:
            assert len(list(response.iter_lines())) == 3


def test_an_adapter_without_a_network() -> None:
    class Local(BaseAdapter):
        def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
            response = requests.Response()
            response.status_code = 200
            response.url = request.url
            response.request = request
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
            response.raw = io.BytesIO(
                f"{request.method} {urlparse(request.url).path} {request.body}".encode()
            )
            response._content = False if stream else response.raw.read()
            return response

        def close(self) -> None:
            self.closed = True

    adapter = Local()
    with session_with(adapter, "local://") as session:
        assert session.post("local://host/path", data="body").text == "POST /path body"
        with session.get("local://host/other", stream=True) as response:
            assert b"".join(response.iter_content(5)) == b"GET /other None"
        with pytest.raises(requests.exceptions.InvalidSchema):
            session.get("unknown://host/")
    assert adapter.closed


def test_a_session_with_a_base_url_and_a_default_timeout(server) -> None:
    class Api(requests.Session):
        def __init__(self, root) -> None:
            super().__init__()
            self.root = root

        def request(self, method, url, *arguments, **options):
            options.setdefault("timeout", 5)
            return super().request(method, urljoin(self.root, url), *arguments, **options)

    with Api(server.url + "/anything/") as api:
        assert api.get("thing", params={"a": 1}).json()["url"] == server.url + "/anything/thing?a=1"
        assert api.post("/post", json={"a": 1}).json()["json"] == {"a": 1}


def test_credentials_are_kept_for_a_host_of_ones_own(ca) -> None:
    class EarthdataSession(requests.Session):
        """As NASA's documentation has it."""

        AUTH_HOST = "localhost"

        def __init__(self, username, password) -> None:
            super().__init__()
            self.auth = (username, password)

        def rebuild_auth(self, prepared_request, response):
            headers = prepared_request.headers
            if "Authorization" in headers:
                original = urlparse(response.request.url).hostname
                redirected = urlparse(prepared_request.url).hostname
                if (
                    original != redirected
                    and redirected != self.AUTH_HOST
                    and original != self.AUTH_HOST
                ):
                    del headers["Authorization"]

    with Server() as server, EarthdataSession("me", "secret") as session:
        there = f"http://localhost:{server.port}/basic-auth/me/secret"
        server.add("/login", Answer(302, headers={"Location": there}))
        assert session.get(server.url + "/login").status_code == 200
        server.add(
            "/away", Answer(302, headers={"Location": f"http://127.0.0.2:{server.port}/headers"})
        )
    plain = requests.Session()
    plain.auth = ("me", "secret")
    with Server() as server:
        server.add(
            "/login", Answer(302, headers={"Location": f"http://localhost:{server.port}/headers"})
        )
        assert "Authorization" not in plain.get(server.url + "/login").json()["headers"]


def test_settings_of_the_environment_are_overridden(tls_server, monkeypatch) -> None:
    """The recipe for "no verification at all" that is passed around."""
    original = requests.Session.merge_environment_settings

    def without_verification(self, url, proxies, stream, verify, cert):
        settings = original(self, url, proxies, stream, verify, cert)
        settings["verify"] = False
        return settings

    monkeypatch.setattr(requests.Session, "merge_environment_settings", without_verification)
    assert requests.get(tls_server.url + "/get").status_code == 200
    assert requests.Session().get(tls_server.url + "/redirect/1").status_code == 200
    monkeypatch.undo()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(tls_server.url + "/get")


def test_a_request_is_counted_by_a_patched_send(server, monkeypatch) -> None:
    sent = []
    original = requests.sessions.Session.send

    def counting(self, request, **options):
        sent.append(request.url)
        return original(self, request, **options)

    monkeypatch.setattr("requests.sessions.Session.send", counting)
    requests.get(server.url + "/redirect/1")
    assert sent == [server.url + "/redirect/1", server.url + "/get"]
