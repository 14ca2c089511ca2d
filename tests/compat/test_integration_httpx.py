"""httpx's and httpx2's client over Envoi's transport, in threads: what the client does stays, what the transport does is Envoi's."""

from __future__ import annotations

import importlib
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import envoi
from envoi.integrations.httpx import transport_classes
from envoi.testing import CertificateAuthority, Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """Httpx and httpx2 in turn."""
    return pytest.importorskip(request.param)


@pytest.fixture
def transport(library: Any) -> Any:
    """The class of the synchronous transport."""
    return transport_classes(library)[0]


@pytest.fixture
def client(library: Any, transport: Any, server: Server) -> Iterator[Any]:
    """A client for the test server."""
    with library.Client(transport=transport(), base_url=server.url) as made:
        yield made


def test_get_has_httpx_own_headers_in_their_order(
    client: Any, library: Any, server: Server
) -> None:
    response = client.get("/get", params={"q": "a b"}, headers={"X-Mixed-Case": "Yes"})
    assert response.status_code == 200
    assert response.http_version == "HTTP/1.1"
    assert response.reason_phrase == "OK"
    sent = [name for name, _ in server.requests[0].headers]
    assert sent == ["Host", "Accept", "Accept-Encoding", "Connection", "User-Agent", "X-Mixed-Case"]
    with library.Client(base_url=server.url) as own:
        own.get("/get", params={"q": "a b"}, headers={"X-Mixed-Case": "Yes"})
    ours, theirs = server.requests
    assert (ours.target, list(ours.headers)) == (theirs.target, list(theirs.headers))


@pytest.mark.parametrize(
    "path",
    [
        "/anything/%7Ea b",
        "/anything/é?x=ü&y=[1]|{}",
        "/anything?",
        "/anything/a//b/%2F",
        "/anything/'()*!~",
    ],
)
def test_request_target_is_the_one_httpx_made(
    client: Any, library: Any, server: Server, path: str
) -> None:
    client.get(path)
    with library.Client() as own:
        own.get(server.url + path)
    assert server.requests[0].target == server.requests[1].target


def test_target_extension_replaces_the_path(client: Any, server: Server) -> None:
    client.request("OPTIONS", "/", extensions={"target": b"*"})
    assert server.requests[0].target == "*"


def test_posted_json_arrives(client: Any) -> None:
    assert client.post("/post", json={"a": 1}).json()["json"] == {"a": 1}


def test_post_without_body_says_so(client: Any, server: Server) -> None:
    assert client.post("/post").status_code == 200
    assert server.requests[0].headers.get("content-length") == "0"


def test_multipart_arrives(client: Any) -> None:
    answer = client.post(
        "/post", data={"field": "1"}, files={"file": ("name.txt", b"content")}
    ).json()
    assert (answer["form"], answer["files"]) == ({"field": "1"}, {"file": "content"})


def test_generator_is_sent_chunked(client: Any, server: Server) -> None:
    answer = client.post("/post", content=(piece for piece in [b"one ", b"", b"two"]))
    assert answer.json()["data"] == "one two"
    assert server.requests[0].headers.get("transfer-encoding") == "chunked"
    assert not server.requests[0].headers.has("content-length")


def test_generator_with_a_length_is_sent_with_it(client: Any, server: Server) -> None:
    client.post(
        "/post", content=(piece for piece in [b"one ", b"two"]), headers={"Content-Length": "7"}
    )
    assert server.requests[0].body == b"one two"
    assert not server.requests[0].headers.has("transfer-encoding")


@pytest.mark.parametrize("pieces", [[b"short"], [b"longer than that"]])
def test_body_of_another_length_than_declared_is_a_local_error(
    client: Any, library: Any, pieces: list[bytes]
) -> None:
    with pytest.raises(library.LocalProtocolError):
        client.post("/post", content=iter(pieces), headers={"Content-Length": "9"})
    assert client.get("/get").status_code == 200


def test_large_upload_and_download_pass_unharmed(client: Any) -> None:
    data = bytes(range(256)) * 8192
    assert client.post("/anything", content=data).json()["headers"]["Content-Length"] == str(
        len(data)
    )
    with client.stream("GET", "/download/3000000") as response:
        assert sum(len(piece) for piece in response.iter_bytes()) == 3_000_000
        assert response.num_bytes_downloaded == 3_000_000


def test_error_of_the_body_is_raised_as_it_is(client: Any) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first"
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        client.post("/post", content=pieces())
    assert client.get("/get").status_code == 200


def test_content_coding_is_undone_by_httpx_alone(client: Any) -> None:
    response = client.get("/gzip")
    assert response.json()["gzipped"] is True
    assert response.headers["content-encoding"] == "gzip"
    with client.stream("GET", "/gzip") as streamed:
        assert b"".join(streamed.iter_raw())[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("path", ["/status/204", "/status/304", "/bytes/0"])
def test_empty_answers_leave_the_connection_for_the_next(
    client: Any, server: Server, path: str
) -> None:
    assert client.get(path).content == b""
    assert client.head("/get").content == b""
    assert client.get("/get").status_code == 200
    assert server.connections == 1


def test_redirects_and_cookies_are_httpx_own(client: Any, server: Server) -> None:
    assert client.get("/redirect/2").status_code == 302
    assert len(client.get("/redirect/2", follow_redirects=True).history) == 2
    client.get("/cookies/set", params={"flavour": "vanilla"})
    assert client.get("/cookies").json() == {"cookies": {"flavour": "vanilla"}}
    assert server.connections == 1


def test_repeated_header_fields_stay_apart_and_in_order(client: Any, server: Server) -> None:
    server.add("/two", b"", headers=[("X-B", "1"), ("x-a", "2"), ("X-b", "3")])
    raw = client.get("/two").headers.raw
    assert [(name, value) for name, value in raw if name.lower().startswith(b"x-")] == [
        (b"X-B", b"1"),
        (b"x-a", b"2"),
        (b"X-b", b"3"),
    ]


def test_auth_flow_runs(library: Any, client: Any) -> None:
    assert (
        client.get("/basic-auth/me/secret", auth=("me", "secret")).json()["authenticated"] is True
    )

    class Token(library.Auth):
        requires_response_body = True

        def auth_flow(self, request: Any) -> Iterator[Any]:
            response = yield request
            assert response.json() == {"authenticated": False}
            request.headers["Authorization"] = "Bearer t"
            yield request

    assert client.get("/bearer", auth=Token()).json()["token"] == "t"


def test_event_hooks_run(library: Any, transport: Any, server: Server) -> None:
    seen: list[Any] = []
    hooks = {
        "request": [lambda request: seen.append(request.method)],
        "response": [lambda response: seen.append(response.status_code)],
    }
    with library.Client(transport=transport(), event_hooks=hooks) as client:
        client.get(server.url + "/status/418")
    assert seen == ["GET", 418]


def test_an_unread_response_costs_its_connection_and_no_slot(
    library: Any, transport: Any, server: Server
) -> None:
    with library.Client(
        transport=transport(limits=library.Limits(max_connections=1)),
        base_url=server.url,
        timeout=5,
    ) as client:
        for _ in range(3):
            with client.stream("GET", "/download/100000000") as response:
                assert response.status_code == 200
        with client.stream("GET", "/download/100000000") as response:
            next(response.iter_raw())
        assert client.get("/get").status_code == 200


def test_connections_are_kept_no_longer_than_limits_say(
    library: Any, transport: Any, server: Server
) -> None:
    with library.Client(
        transport=transport(limits=library.Limits(max_keepalive_connections=0)), base_url=server.url
    ) as client:
        client.get("/get")
        client.get("/get")
    assert server.connections == 2
    with library.Client(
        transport=transport(limits=library.Limits(keepalive_expiry=0)), base_url=server.url
    ) as client:
        client.get("/get")
        client.get("/get")
    assert server.connections == 4
    with library.Client(
        transport=transport(
            limits=library.Limits(
                max_connections=None, max_keepalive_connections=None, keepalive_expiry=None
            )
        ),
        base_url=server.url,
    ) as client:
        client.get("/get")
        client.get("/get")
    assert server.connections == 5


def test_threads_share_a_client(client: Any, server: Server) -> None:
    together = threading.Barrier(8)

    def work(number: int) -> str:
        together.wait(10)
        return "".join(
            str(client.get(f"/anything/{number}").json()["url"].rpartition("/")[2])
            for _ in range(10)
        )

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [str(number) * 10 for number in range(8)]
    assert server.connections <= 8


def test_a_closed_transport_may_be_used_again(library: Any, transport: Any, server: Server) -> None:
    shared = transport()
    for _ in range(2):
        with library.Client(transport=shared) as client:
            assert client.get(server.url + "/get").status_code == 200
    shared.close()
    assert server.connections == 2


def test_tls_trusts_what_it_is_told_to(
    library: Any, transport: Any, tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(cafile=tls_server.ca_path)
    for verify in (tls_server.ca_path, context, False):
        with library.Client(transport=transport(verify=verify)) as client:
            assert client.get(tls_server.url + "/get").status_code == 200
    with (
        library.Client(transport=transport()) as client,
        pytest.raises(library.ConnectError) as caught,
    ):
        client.get(tls_server.url + "/get")
    assert isinstance(caught.value.__cause__, envoi.exceptions.CertificateError)
    monkeypatch.setenv("SSL_CERT_FILE", tls_server.ca_path)
    with library.Client(transport=transport()) as client:
        assert client.get(tls_server.url + "/get").status_code == 200


def test_client_certificate_is_shown(
    library: Any, transport: Any, ca: CertificateAuthority
) -> None:
    shown = ca.issue("me", client=True)
    context = ca.issue("localhost", "127.0.0.1").server_context(client_ca=ca.path)
    with Server(tls=context) as server:
        with library.Client(transport=transport(verify=ca.path, cert=shown.pair)) as client:
            assert client.get(server.url + "/get").status_code == 200
        with (
            library.Client(transport=transport(verify=ca.path)) as client,
            pytest.raises(library.TransportError),
        ):
            client.get(server.url + "/get")


@pytest.mark.parametrize(
    "options",
    [
        {"http2": True},
        {"http1": False},
        {"proxy": "http://127.0.0.1:1"},
        {"socket_options": [(1, 2)]},
        {"verify": 7},
        {"cert": 7},
    ],
)
def test_what_cannot_be_had_is_refused_at_once(transport: Any, options: dict[str, Any]) -> None:
    with pytest.raises(envoi.exceptions.InvalidOption):
        transport(**options)


def test_names_of_the_modules_are_the_classes_of_their_library() -> None:
    import httpx
    import httpx2

    from envoi.integrations import httpx as for_httpx
    from envoi.integrations import httpx2 as for_httpx2

    assert issubclass(for_httpx.EnvoiTransport, httpx.BaseTransport)
    assert issubclass(for_httpx.AsyncEnvoiTransport, httpx.AsyncBaseTransport)
    assert issubclass(for_httpx2.EnvoiTransport, httpx2.BaseTransport)
    assert issubclass(for_httpx2.AsyncEnvoiTransport, httpx2.AsyncBaseTransport)
    assert "retries" in (for_httpx.EnvoiTransport.__doc__ or "")
    assert transport_classes(httpx) is transport_classes(httpx)
    with pytest.raises(AttributeError):
        importlib.import_module("envoi.integrations.httpx").Nothing


@pytest.mark.parametrize(
    ("absent", "base"), [(["httpx"], "httpx2"), (["httpx2"], "httpx"), (["httpx", "httpx2"], None)]
)
def test_whichever_library_is_there_is_used(absent: list[str], base: str | None) -> None:
    program = f"""
import sys
for name in {absent!r}:
    sys.modules[name] = None  # as if it were not installed
import envoi.integrations.httpx as module
assert "httpx2" not in sys.modules or sys.modules["httpx2"] is None
try:
    print(module.EnvoiTransport.__mro__[-2].__module__.partition(".")[0])
except ImportError as error:
    assert "neither is installed" in str(error)
    print(None)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=25, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (str(base), "")
