"""requests over Envoi's connections: the same as over its own."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3

import envoi
from compat.peer_of_requests import COMPARED, requests_session, script
from compat.test_against_requests import CASES, _observed
from envoi.integrations.requests import EnvoiAdapter
from envoi.testing import RawConnection, RawServer, Server
from peers.servers.proxy import HttpProxy

pytestmark = pytest.mark.timeout(60)
PARTS = 6


def over_envoi(adapter: EnvoiAdapter | None = None) -> requests.Session:
    session = requests_session()
    for prefix in ("http://", "https://"):
        session.mount(prefix, adapter or EnvoiAdapter())
    return session


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with over_envoi() as made:
        yield made


DIFFERENCES: dict[str, tuple[set[str], str]] = {
    "301 PUT": ({"wire"}, "the length of no body comes last, not first"),
    "GET spaces-header": ({"headers"}, "white space around a value is not part of it (RFC 9110, section 5.5)"),
    "headers trailing space": ({"*"}, "white space around a value cannot be sent (RFC 9110, section 5.5)"),
    "headers bad name": ({"*"}, "a name that is no token is not sent (RFC 9110, section 5.1)"),
    "headers wide": ({"error"}, "requests lets a bare UnicodeEncodeError through"),
    "headers None takes out": ({"wire"}, "urllib3 puts a User-Agent of its own; None means none"),
    "headers None for Accept-Encoding": ({"wire"}, "http.client puts identity; None means none"),
}
"""Case: what differs from requests over its own connections (`*`: Envoi refuses), and why."""


@pytest.mark.parametrize("part", range(PARTS))
def test_the_same_as_over_requests_own_connections(part: int) -> None:
    different = {}
    for name in list(CASES)[part::PARTS]:
        with RawServer(script) as recorder, requests_session() as own, over_envoi() as ours:
            expected, seen = _observed(own, recorder, name), _observed(ours, recorder, name)
        if seen["error"] and expected["error"]:
            seen["error"], expected["error"] = seen["error"][:1], expected["error"][:1]
        fields = {field for field in COMPARED if expected[field] != seen[field]}
        if seen["error"] is not None and expected["error"] is None:
            fields = {"*"}
        if fields != DIFFERENCES.get(name, (set(), ""))[0]:
            different[name] = [(field, expected.get(field), seen.get(field)) for field in sorted(fields)]
    assert not different


def test_streams_and_gives_connections_back(session: requests.Session, server: Server) -> None:
    for _ in range(3):
        with session.get(f"{server.url}/bytes/100000", stream=True) as response:
            assert sum(map(len, response.iter_content(1000))) == 100000
        with session.get(f"{server.url}/bytes/100000", stream=True) as response:
            assert len(response.raw.read(10)) == 10
    del response
    state = session.get_adapter(server.url)._carrier._pool.state
    assert state.open - state.idle == 0


def test_bodies_go_up_in_every_form(session: requests.Session, server: Server) -> None:
    for data, expected in ((b"bytes", "bytes"), ("text", "text"), (io.BytesIO(b"file"), "file"), (iter([b"a", b"b"]), "ab")):
        assert session.post(f"{server.url}/anything", data=data).json()["data"] == expected
    assert session.post(f"{server.url}/anything", files={"f": ("n", b"content")}).json()["files"] == {"f": "content"}
    assert session.post(f"{server.url}/redirect-to?url=/anything&status_code=307", data=io.BytesIO(b"again")).json()["data"] == "again"


def test_cookies_and_redirects_stay_with_requests(session: requests.Session, server: Server) -> None:
    assert session.get(f"{server.url}/cookies/set?a=1").json() == {"cookies": {"a": "1"}}
    response = session.get(f"{server.url}/redirect/2")
    assert [step.status_code for step in response.history] == [302, 302]
    assert isinstance(response, requests.Response)


def test_trust_is_the_sessions_business(session: requests.Session, tls_server: Server) -> None:
    with pytest.raises(requests.exceptions.SSLError) as caught:
        session.get(f"{tls_server.url}/get")
    assert isinstance(caught.value.__cause__, envoi.CertificateError)
    assert caught.value.request.url == f"{tls_server.url}/get"
    assert session.get(f"{tls_server.url}/get", verify=tls_server.ca_path).ok
    assert session.get(f"{tls_server.url}/get", verify=False).ok


def test_proxies_are_used(session: requests.Session, server: Server) -> None:
    with HttpProxy() as proxy:
        assert session.get(f"{server.url}/get", proxies={"http": proxy.url}).ok
        assert len(proxy.heads) == 1
    with pytest.raises(requests.exceptions.ProxyError):
        session.get(f"{server.url}/get", proxies={"http": "http://127.0.0.1:9"})


FAILURES: dict[str, tuple[list[bytes | None], type[Exception]]] = {
    "nothing": ([None], requests.exceptions.ConnectionError),
    "no HTTP": ([b"garbage\r\n\r\n"], requests.exceptions.ConnectionError),
    "a short body": ([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"], requests.exceptions.ChunkedEncodingError),
    "short chunks": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"], requests.exceptions.ChunkedEncodingError),
    "bad gzip": ([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"], requests.exceptions.ContentDecodingError),
    "two lengths": ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"], requests.exceptions.ConnectionError),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_failures_are_requests_own(name: str, session: requests.Session, raw_server: Any) -> None:
    replies, kind = FAILURES[name]
    with pytest.raises(kind) as caught:
        _ = session.get(raw_server(replies, close=True).url).content
    assert type(caught.value).__module__ == "requests.exceptions"


def test_silence_is_a_read_timeout(session: requests.Session, raw_server: Any) -> None:
    def silent(connection: RawConnection) -> None:
        connection.read_request()
        connection.wait_closed()

    for timeout in (0.1, (5, 0.1), urllib3.Timeout(connect=5, read=0.1)):
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(raw_server(silent).url, timeout=timeout)


def test_silence_within_a_body(session: requests.Session, raw_server: Any) -> None:
    def halting(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.wait_closed()

    with pytest.raises(requests.exceptions.ConnectionError, match="imed out"):
        session.get(raw_server(halting).url, timeout=0.1)


@pytest.mark.parametrize(
    "options", [{"timeout": "soon"}, {"verify": "/no/such/file"}, {"cert": "/no/such/file"}, {"proxies": {"https": "nonsense://x"}}]
)
def test_wrong_arguments_are_requests_exceptions(session: requests.Session, tls_server: Server, options: dict[str, Any]) -> None:
    with pytest.raises(requests.exceptions.RequestException) as caught:
        session.get(f"{tls_server.url}/get", **options)
    assert isinstance(caught.value.__cause__, envoi.RequestException)


def test_connecting_is_tried_again() -> None:
    with over_envoi(EnvoiAdapter(max_retries=2)) as session, pytest.raises(requests.exceptions.ConnectionError):
        session.get("http://127.0.0.1:9/")


def test_retries_by_status(server: Server) -> None:
    adapter = EnvoiAdapter(max_retries=urllib3.Retry(total=2, status_forcelist=[503]))
    with over_envoi(adapter) as session, pytest.raises(requests.exceptions.RetryError):
        session.get(f"{server.url}/status/503")
    assert len(server.requests) == 3


def test_digest_sends_again_over_the_same_adapter(session: requests.Session, raw_server: Any) -> None:
    def challenging(connection: RawConnection) -> None:
        while request := connection.read_request():
            if b"Authorization: Digest" in request:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                return
            connection.send(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n')

    server = raw_server(challenging)
    assert session.get(server.url, auth=requests.auth.HTTPDigestAuth("user", "pass")).text == "ok"
    assert server.connections == 1


def test_pickled_with_its_settings(server: Server) -> None:
    with over_envoi(EnvoiAdapter(pool_maxsize=3, pool_block=True)) as session:
        assert session.get(f"{server.url}/get").ok
        restored = pickle.loads(pickle.dumps(session))
    with restored:
        assert restored.get(f"{server.url}/get").ok
        assert restored.get_adapter(server.url)._carrier._pool_block is True


def test_threads_share_an_adapter(session: requests.Session, server: Server) -> None:
    outcomes: list[Any] = []
    threads = [threading.Thread(target=lambda: outcomes.append(session.get(f"{server.url}/get").status_code)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [200] * 8


def test_closing_closes(session: requests.Session, server: Server, leftovers: Any) -> None:
    assert session.get(f"{server.url}/get").ok
    session.close()
    assert session.get_adapter(server.url)._carrier._pool is None


def test_not_for_a_process_in_which_requests_is_envoi() -> None:
    code = """
import envoi
envoi.install_as_requests()
try:
    import envoi.integrations.requests
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert done.stdout.startswith("requests is Envoi in this process"), done.stderr
