"""requests over Envoi's connections: the same as over its own."""

from __future__ import annotations

import array
import io
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import urllib3

import envoi
from compat.peer_of_requests import COMPARED, requests_session, script
from compat.test_against_requests import CASES, _observed
from envoi.integrations.requests import EnvoiAdapter
from envoi.testing import RawConnection, RawServer, Server

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
    "GET spaces-header": (
        {"headers"},
        "white space around a value is not part of it (RFC 9110, section 5.5)",
    ),
    "headers trailing space": (
        {"wire"},
        "white space around a value is not part of it (RFC 9110, section 5.5)",
    ),
    "headers bad name": ({"*"}, "a name that is no token is not sent (RFC 9110, section 5.1)"),
    "headers wide": ({"error"}, "requests lets a bare UnicodeEncodeError through"),
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
            different[name] = [
                (field, expected.get(field), seen.get(field)) for field in sorted(fields)
            ]
    assert not different


Prepared = Callable[[str], requests.PreparedRequest]


def by_hand(
    path: str = "/x",
    method: str = "GET",
    headers: dict[str, Any] | None = None,
    body: Callable[[], Any] = lambda: None,
) -> Prepared:
    """A request that is changed after it was prepared, as authentication and signing do."""

    def made(url: str) -> requests.PreparedRequest:
        prepared = requests.Request(method, url).prepare()
        prepared.url = url + path
        prepared.body = body()
        if prepared.body is not None:
            prepared.headers.pop("Content-Length", None)
        prepared.headers.update(headers or {})
        return prepared

    return made


BY_HAND: dict[str, Prepared] = {
    **{f"path {path}": by_hand(path) for path in ("/", "/a|b", "/a b", "/a\"b'c", "/é", "/a/../b/./c", "/?a=b c|d^e`{f}", "/x#f", "/x[1]?y[2]=3", "//x//y", "/x\\y",
                                                 "/x;p=1?q", "/%2F%C3%A9", "/%zz", "?q")},
    **{f"header {value!r}": by_hand(headers={"X-Mine": value}) for value in ("", "é", b"b\xe9", 5, "a, b")},
    "another host": by_hand(headers={"Host": "other.example"}),
    "own agent and codings": by_hand(headers={"user-agent": "me", "accept-encoding": "br"}),
    "no agent and codings": by_hand(headers={"User-Agent": urllib3.util.SKIP_HEADER, "Accept-Encoding": urllib3.util.SKIP_HEADER}),
    "connection": by_hand(headers={"Connection": "close", "TE": "trailers"}),
    "bytes": by_hand(method="POST", body=lambda: b"abc"), "text": by_hand(method="POST", body=lambda: "é"), "no bytes": by_hand(method="POST", body=lambda: b""),
    "no bytes, declared": by_hand(method="POST", body=lambda: b"", headers={"Content-Length": "0"}),
    "bytearray": by_hand(method="POST", body=lambda: bytearray(b"xy")), "array": by_hand(method="POST", body=lambda: array.array("b", [65, 66])),
    "list": by_hand(method="POST", body=lambda: [b"a", b"", "é"]), "generator": by_hand(method="POST", body=lambda: (piece for piece in (b"a", "b"))),
    "generator, declared": by_hand(method="POST", body=lambda: iter([b"ab", b"c"]), headers={"Content-Length": "3"}),
    "file": by_hand(method="PUT", body=lambda: io.BytesIO(b"file")), "text file": by_hand(method="PUT", body=lambda: io.StringIO("é☃")),
    "chunked": by_hand(method="POST", body=lambda: b"abc", headers={"Transfer-Encoding": "chunked"}),
    "chunked nothing": by_hand(method="POST", body=lambda: b"", headers={"Transfer-Encoding": "chunked"}),
    "body of GET": by_hand(body=lambda: b"x", headers={"Content-Length": "1"}),
    **{f"nothing, {method}": by_hand(method=method) for method in ("POST", "DELETE", "OPTIONS", "FOO")},
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_the_same_bytes_are_sent_for_what_was_made_by_hand(name: str) -> None:
    sent = []
    for adapter in (requests.adapters.HTTPAdapter(), EnvoiAdapter()):
        with RawServer(script) as server:
            assert adapter.send(BY_HAND[name](server.url), timeout=10).status_code == 200
            adapter.close()
            sent.append(
                [request.replace(str(server.port).encode(), b"PORT") for request in server.requests]
            )
    assert sent[1] == sent[0]


def test_a_length_that_was_declared_goes_before_chunks(
    server: Server, session: requests.Session
) -> None:
    answer = session.post(
        f"{server.url}/anything", data=iter([b"ab", b"c"]), headers={"Content-Length": "3"}
    ).json()
    assert answer["data"] == "abc"
    assert (
        "Transfer-Encoding" not in answer["headers"]
    )  # requests over its own sends both, which no server may accept


def test_bodies_go_up_in_every_form(session: requests.Session, server: Server) -> None:
    for data, expected in (
        (b"bytes", "bytes"),
        ("text", "text"),
        (io.BytesIO(b"file"), "file"),
        (iter([b"a", b"b"]), "ab"),
    ):
        assert session.post(f"{server.url}/anything", data=data).json()["data"] == expected
    assert session.post(f"{server.url}/anything", files={"f": ("n", b"content")}).json()[
        "files"
    ] == {"f": "content"}
    assert (
        session.post(
            f"{server.url}/redirect-to?url=/anything&status_code=307", data=io.BytesIO(b"again")
        ).json()["data"]
        == "again"
    )


def test_a_body_waits_for_the_server_that_was_asked(
    session: requests.Session, raw_server: Any
) -> None:
    verdicts = iter((b"100 Continue", b"417 No", b"200 OK"))
    seen: list[tuple[bytes, bool, bytes]] = []

    def careful(connection: RawConnection) -> None:
        while True:
            head, verdict = connection.read_head(), next(verdicts)
            seen.append((verdict[:3], b"expect:" in head.lower(), connection.take_buffered()))
            if verdict[:3] == b"417":
                connection.send(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
                continue
            if verdict[:3] == b"100":
                connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                assert connection.read_exactly(4) == b"body"
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = raw_server(careful)
    for _ in range(2):
        headers = {"Expect": "100-continue"}
        assert session.post(server.url, data=b"body", headers=headers).text == "ok"
    assert seen == [(b"100", True, b""), (b"417", True, b""), (b"200", False, b"body")]


def test_cookies_and_redirects_stay_with_requests(
    session: requests.Session, server: Server
) -> None:
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
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        assert session.get(f"{tls_server.url}/get", verify=False).ok
    session.verify = tls_server.ca_path
    assert session.get(f"{tls_server.url}/get").ok


def test_the_environments_bundle_is_used(
    tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", tls_server.ca_path)
    with over_envoi() as session:
        session.trust_env = True
        assert session.get(f"{tls_server.url}/get").ok


def test_digest_sends_again_over_the_same_adapter(
    session: requests.Session, raw_server: Any
) -> None:
    def challenging(connection: RawConnection) -> None:
        while request := connection.read_request():
            if b"Authorization: Digest" in request:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                return
            connection.send(
                b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n'
            )

    server = raw_server(challenging)
    assert session.get(server.url, auth=requests.auth.HTTPDigestAuth("user", "pass")).text == "ok"
    assert server.connections == 1


def test_pickled_with_its_settings(server: Server) -> None:
    with over_envoi(EnvoiAdapter(pool_maxsize=3, pool_block=True)) as session:
        assert session.get(f"{server.url}/get").ok
        restored = pickle.loads(pickle.dumps(session))
    with restored:
        assert restored.get(f"{server.url}/get").ok
        assert restored.get_adapter(server.url)._pool_block is True


def test_threads_share_an_adapter(session: requests.Session, server: Server) -> None:
    outcomes: list[Any] = []

    def ask(number: int) -> None:
        for turn in range(20):
            text = f"{number}-{turn}"
            response = session.post(
                f"{server.url}/anything", data=text.encode(), stream=bool(turn % 2)
            )
            outcomes.append(response.json()["data"] == text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 160
    assert server.connections <= 8


def test_closed_and_used_again(session: requests.Session, server: Server) -> None:
    assert session.get(f"{server.url}/get").ok
    session.close()
    assert session.get_adapter(server.url)._engine._pool is None
    assert session.get(f"{server.url}/get").ok
    session.close()


def test_whoever_answers_in_the_place_of_all_adapters_does_so_here(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mocked(
        adapter: Any, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        response = adapter.build_response(
            request, urllib3.HTTPResponse(io.BytesIO(b"mocked"), status=200, preload_content=False)
        )
        response.headers["X-Options"] = ",".join(options)
        return response

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", mocked)
    response = session.get("http://nowhere.test/")
    assert response.text == "mocked"
    assert response.headers["X-Options"] == "stream,timeout,verify,cert,proxies"


def _told(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert not done.stderr
    return done.stdout


def test_only_where_requests_is_installed() -> None:
    code = """
import sys
sys.modules["requests"] = None
try:
    import envoi.integrations.requests
except ImportError as error:
    print(error)
import envoi, envoi.integrations
"""
    assert _told(code).startswith("envoi.integrations.requests is for who has requests installed")


def test_not_for_a_process_in_which_requests_is_envoi() -> None:
    code = """
import envoi
envoi.install_as_requests()
try:
    import envoi.integrations.requests
except ImportError as error:
    print(error)
"""
    assert _told(code).startswith("requests is Envoi in this process")


def test_a_process_may_end_without_closing_anything(server: Server) -> None:
    code = f"""
import requests
from envoi.integrations.requests import EnvoiAdapter
session = requests.Session()
session.mount("http://", EnvoiAdapter())
kept = session.get("{server.url}/bytes/300000", stream=True)
print(session.get("{server.url}/get").status_code)
"""
    assert _told(code) == "200\n"
