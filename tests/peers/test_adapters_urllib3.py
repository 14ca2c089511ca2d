"""What adapters and responses are where urllib3 is installed: its pools for settings that Envoi has not, its responses as `raw`."""

from __future__ import annotations

import gc
import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest

import envoi
from envoi._adapters import connection_settings, urllib3_carrier
from envoi._proto.pool import Permit
from envoi._responses.urllib3_response import raw_in_place_of_ours
from envoi.adapters import AsyncHTTPAdapter, HTTPAdapter
from envoi.testing import Answer, CertificateAuthority, Server

urllib3 = pytest.importorskip("urllib3")

OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
]


class Told(HTTPAdapter):
    """An adapter that tells `init_poolmanager` what it is given."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        super().init_poolmanager(*arguments, **settings, **self.settings)


@pytest.fixture
def mounted() -> Iterator[Callable[..., envoi.Session]]:
    """Makes sessions with an adapter for everything, and closes them."""
    made: list[envoi.Session] = []

    def mount(adapter: Any) -> envoi.Session:
        session = envoi.Session()
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        made.append(session)
        return session

    yield mount
    for session in made:
        session.close()


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `install_as_requests`."""
    monkeypatch.setattr(envoi.Response, "_make_raw", staticmethod(raw_in_place_of_ours))


def test_socket_options_are_set_by_urllib3(
    mounted: Callable[..., envoi.Session], server: Server
) -> None:
    session = mounted(Told(socket_options=OPTIONS, blocksize=8192))
    response = session.get(server.url + "/bytes/10", stream=True)
    assert response.raw.connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert len(response.content) == 10
    assert response.elapsed.total_seconds() > 0


def test_every_kind_of_body_goes_out_through_urllib3(
    mounted: Callable[..., envoi.Session], server: Server
) -> None:
    session = mounted(Told(blocksize=8192))
    form = session.post(
        server.url + "/post", files={"file": ("a.txt", b"content")}, data={"a": "1"}
    ).json()
    assert (form["form"], form["files"]) == ({"a": "1"}, {"file": "content"})
    assert (
        session.post(server.url + "/post", data=iter([b"one ", b"two"])).json()["data"] == "one two"
    )
    assert session.post(server.url + "/post", json={"a": 1}).json()["json"] == {"a": 1}
    assert session.get(server.url + "/gzip").json()["gzipped"] is True
    assert session.get(server.url + "/cookies/set?a=1").json() == {"cookies": {"a": "1"}}


def test_limits_hold_through_urllib3(mounted: Callable[..., envoi.Session], server: Server) -> None:
    server.add("/slow", Answer(delay=5))
    session = mounted(Told(blocksize=8192))
    with pytest.raises(envoi.ReadTimeout):
        session.get(server.url + "/slow", timeout=0.1)
    with pytest.raises(envoi.ConnectionError):
        session.get("http://127.0.0.1:1/")


def test_credentials_reach_a_proxy_through_urllib3(
    mounted: Callable[..., envoi.Session], server: Server
) -> None:
    asked = []
    server.route("/<path...>")(
        lambda request: (
            asked.append((request.target, request.headers.get("proxy-authorization"))) or "through"
        )
    )
    session = mounted(Told(blocksize=8192))
    proxy = server.url.replace("://", "://user:password@")
    assert session.get("http://nobody.invalid/path?q=1", proxies={"http": proxy}).text == "through"
    assert session.get("http://nobody.invalid/", proxies={"http": server.url}).text == "through"
    assert asked == [
        ("http://nobody.invalid/path?q=1", "Basic dXNlcjpwYXNzd29yZA=="),
        ("http://nobody.invalid/", ""),
    ]
    with pytest.raises(
        envoi.InvalidOption, match="blocksize cannot be combined with a SOCKS proxy"
    ):
        session.get("http://nobody.invalid/", proxies={"http": "socks5://127.0.0.1:1"})


def test_another_name_is_checked(
    mounted: Callable[..., envoi.Session], ca: CertificateAuthority
) -> None:
    with Server(tls=ca.issue("only.invalid")) as server:
        session = mounted(Told(assert_hostname="only.invalid", server_hostname="only.invalid"))
        assert session.get(server.url + "/get", verify=ca.path).status_code == 200
        session = mounted(Told(assert_hostname="other.invalid"))
        with pytest.raises(envoi.exceptions.SSLError):
            session.get(server.url + "/get", verify=ca.path)


def test_a_name_that_is_added_later_is_checked(
    mounted: Callable[..., envoi.Session], ca: CertificateAuthority
) -> None:
    adapter = HTTPAdapter()
    session = mounted(adapter)
    with Server(tls=ca.issue("only.invalid")) as server:
        with pytest.raises(envoi.CertificateError):
            session.get(server.url + "/get", verify=ca.path)
        adapter.poolmanager.connection_pool_kw["assert_hostname"] = "only.invalid"
        assert session.get(server.url + "/get", verify=ca.path).status_code == 200


def test_a_fingerprint_is_checked(
    mounted: Callable[..., envoi.Session], tls_server: Server
) -> None:
    class Printed(HTTPAdapter):
        fingerprint = "00" * 32

        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            super().cert_verify(conn, url, verify, cert)
            conn.assert_fingerprint = self.fingerprint

    session = mounted(Printed())
    with pytest.raises(envoi.exceptions.SSLError, match="Fingerprints did not match"):
        session.get(tls_server.url + "/get", verify=tls_server.ca_path)
    certificate = envoi.get(tls_server.url, verify=tls_server.ca_path).connection_info.certificate  # type: ignore[union-attr]
    Printed.fingerprint = hashlib.sha256(certificate).hexdigest()  # type: ignore[arg-type]
    assert session.get(tls_server.url + "/get", verify=tls_server.ca_path).status_code == 200


def test_a_context_is_made_to_suit_what_else_is_said(
    mounted: Callable[..., envoi.Session], tls_server: Server
) -> None:
    session = mounted(Told(ssl_context=ssl.create_default_context()))
    with pytest.raises(envoi.CertificateError):
        session.get(tls_server.url + "/get")
    assert session.get(tls_server.url + "/get", verify=tls_server.ca_path).status_code == 200
    with pytest.raises(envoi.InvalidOption, match="CERT_NONE when check_hostname is enabled"):
        session.get(tls_server.url + "/get", verify=False)
    context = ssl.create_default_context()
    context.check_hostname = False
    session = mounted(Told(ssl_context=context))
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert session.get(tls_server.url + "/get", verify=False).status_code == 200


def test_the_port_of_a_source_address_is_kept(
    mounted: Callable[..., envoi.Session], server: Server
) -> None:
    peers: list[Any] = []
    server.route("/peer")(lambda request: peers.append(request.peer) or "ok")
    with socket.socket() as probe:
        probe.bind(("127.0.0.6", 0))
        port = probe.getsockname()[1]
    assert mounted(Told(source_address=("127.0.0.6", port))).get(server.url + "/peer").text == "ok"
    assert mounted(Told(source_address=("127.0.0.5", 0))).get(server.url + "/peer").text == "ok"
    assert (peers[0], peers[1][0]) == (("127.0.0.6", port), "127.0.0.5")


def test_a_pool_manager_of_ones_own_needs_no_more(
    mounted: Callable[..., envoi.Session], server: Server
) -> None:
    class Own(HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False) -> None:  # type: ignore[override]
            self.poolmanager = urllib3.PoolManager(
                connections, maxsize=maxsize, block=block, source_address=("127.0.0.5", 0)
            )

    peers: list[Any] = []
    server.route("/peer")(lambda request: peers.append(request.peer[0]) or "ok")
    assert mounted(Own(pool_block=True, pool_maxsize=1)).get(server.url + "/peer").text == "ok"
    assert peers == ["127.0.0.5"]


def test_without_urllib3_such_a_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, mounted: Callable[..., envoi.Session], tls_server: Server
) -> None:
    for module in (connection_settings, urllib3_carrier):
        monkeypatch.setattr(module, "has_urllib3", lambda: False)
    with pytest.raises(
        envoi.InvalidOption,
        match="blocksize is no setting of Envoi's connections; install urllib3",
    ):
        Told(blocksize=8192)
    adapter = HTTPAdapter()
    adapter.poolmanager.connection_pool_kw["assert_hostname"] = "only.invalid"
    with pytest.raises(
        envoi.InvalidOption,
        match="assert_hostname is no setting of Envoi's connections; install urllib3",
    ):
        mounted(adapter).get(tls_server.url + "/get")
    session = mounted(Told(ssl_context=ssl.create_default_context(cafile=tls_server.ca_path)))
    assert session.get(tls_server.url + "/get", verify=False).status_code == 200
    with pytest.raises(envoi.CertificateError):
        mounted(Told(ssl_context=ssl.create_default_context())).get(
            tls_server.url + "/get", verify=False
        )


def test_urllib3_carries_nothing_asynchronously(server: Server) -> None:
    async def main() -> None:
        class Told(AsyncHTTPAdapter):
            def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
                super().init_poolmanager(*arguments, **settings, blocksize=8192)

        async with envoi.AsyncSession() as session:
            session.mount("http://", Told())
            with pytest.raises(envoi.InvalidOption, match="which is not asynchronous"):
                await session.get(server.url + "/get")

    import asyncio

    asyncio.run(main())


@pytest.mark.usefixtures("theirs")
class TestRaw:
    """`raw` after `install_as_requests`."""

    @pytest.mark.parametrize("path", ["/bytes/500?seed=1", "/stream/20"])
    def test_what_is_left_is_the_content(self, server: Server, path: str) -> None:
        with envoi.get(server.url + path, stream=True) as response:
            begun = response.raw.read(100)
            assert (isinstance(response.raw, urllib3.HTTPResponse), len(begun)) == (True, 100)
            assert begun + response.content == envoi.get(server.url + path).content

    def test_it_is_encoded_as_it_came_and_content_is_not(self, server: Server) -> None:
        with envoi.get(server.url + "/gzip", stream=True) as response:
            assert response.raw.read().startswith(b"\x1f\x8b")
        with envoi.get(server.url + "/gzip", stream=True) as response:
            assert response.raw.headers["Content-Encoding"] == "gzip"
            assert response.json()["gzipped"] is True

    def test_chunks_are_given_out_as_they_arrive(self, raw_server: Any) -> None:
        go_on = []

        def script(connection: Any) -> None:
            connection.read_head()
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for word in (b"one\n", b"two\n"):
                connection.send(b"%x\r\n%s\r\n" % (len(word), word))
                while not go_on and word == b"one\n":
                    pass
            connection.send(b"0\r\n\r\n")

        with envoi.get(raw_server(script).url, stream=True) as response:
            assert response.raw.chunked
            lines = response.iter_lines()
            assert next(lines) == b"one"
            go_on.append(True)
            assert list(lines) == [b"two"]

    def test_it_is_at_its_end_when_the_content_was_read(self, server: Server) -> None:
        response = envoi.get(server.url + "/get")
        assert (response.raw.read(), response.raw._fp.fp, response.json()["url"]) == (
            b"",
            None,
            server.url + "/get",
        )

    def test_an_empty_body_is_open_until_it_is_read(self, server: Server) -> None:
        with envoi.get(server.url + "/status/204", stream=True) as response:
            assert response.raw._fp.fp is not None
            assert response.raw.read() == b""
            assert response.raw._fp.fp is None
        assert envoi.head(server.url + "/get").raw.read() == b""

    def test_it_gives_its_connection_back(self, server: Server) -> None:
        with envoi.Session() as session:
            for _ in range(3):
                assert len(session.get(server.url + "/bytes/500", stream=True).raw.read()) == 500
            assert server.connections == 1
            session.get(server.url + "/bytes/500", stream=True).raw.close()

    def test_it_tells_who_is_at_the_ends_of_its_connection(self, tls_server: Server) -> None:
        with envoi.get(tls_server.url + "/get", verify=tls_server.ca_path, stream=True) as response:
            for ends in (response.raw.connection.sock, response.raw._fp.fp.raw._sock):
                assert ends.getpeername() == ("127.0.0.1", tls_server.port)
                assert ends.getpeercert(True) == response.connection_info.certificate  # type: ignore[union-attr]
                assert ends.version() == response.connection_info.tls_version  # type: ignore[union-attr]

    @pytest.mark.parametrize("begun", [False, True])
    @pytest.mark.parametrize("chunked", [False, True])
    def test_it_is_dropped_within_a_step_of_the_pool(
        self, server: Server, begun: bool, chunked: bool
    ) -> None:
        server.add(
            "/endless",
            Answer(chunks=repeat(b"line\n")) if chunked else Answer(body=b"line\n" * 10_000_000),
        )
        with envoi.Session(max_connections=1, timeout=5) as session:
            response = session.get(server.url + "/endless", stream=True)
            assert response.raw.status == 200
            lines = response.iter_lines()
            if begun:
                assert next(lines) == b"line"
            held = [lines, response]
            del lines, response

            class Key:
                """Hashed by the core in the course of a step."""

                def __hash__(self) -> int:
                    held.clear()
                    gc.collect()
                    return 1

            pool = session._pool
            assert pool is not None
            permit = pool.state.acquire(Key(), 0.0, pool.backend.waiter)
            assert type(permit) is Permit  # hence the slot was free again
            permit.release()
            assert session.get(server.url + "/get").status_code == 200

    def test_a_body_that_breaks_off_is_told(self, server: Server) -> None:
        server.add("/short", Answer(body=b"x" * 100, truncate_at=10))
        with (
            envoi.get(server.url + "/short", stream=True) as response,
            pytest.raises(urllib3.exceptions.ProtocolError),
        ):
            response.raw.read()
        with envoi.get(server.url + "/short", stream=True) as response:
            assert response.raw.status == 200
            with pytest.raises(envoi.exceptions.ChunkedEncodingError):
                response.content

    def test_cookies_and_repeated_fields_are_there(self, server: Server) -> None:
        server.add(
            "/twice", Answer(200, "body", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        )
        response = envoi.get(server.url + "/twice", stream=True)
        assert response.raw.headers.getlist("set-cookie") == ["a=1", "b=2"]
        assert response.raw._original_response.msg.get_all("Set-Cookie") == ["a=1", "b=2"]
        jar = envoi.cookies.RequestsCookieJar()
        envoi.cookies.extract_cookies_to_jar(jar, response.request, response.raw)
        assert jar.get_dict() == response.cookies.get_dict() == {"a": "1", "b": "2"}


def test_raw_is_our_own_otherwise(server: Server) -> None:
    with envoi.get(server.url + "/bytes/10", stream=True) as response:
        assert not isinstance(response.raw, urllib3.HTTPResponse)
        assert response.raw.isclosed() is False
        assert len(response.raw.read(4)) == 4
        assert response.raw.isclosed() is False
        assert len(response.raw.read()) == 6
        assert response.raw.isclosed() is True
