"""The embedded server, seen by clients of the standard library and by raw sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from envoi.testing import Answer, CertificateAuthority, Request, Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]


def fetch(server: Server, path: str = "/", data: bytes | None = None, **headers: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(
        urllib.request.Request(server.url + path, data, headers), timeout=10
    ) as response:
        body: bytes = response.read()
        return body


def talk(server: Server, sent: bytes) -> bytes:
    """Send, and read until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        received = bytearray()
        while data := connection.recv(65536):
            received += data
        return bytes(received)


def test_home_page_is_html(server: Server) -> None:
    assert fetch(server).startswith(b"<!doctype html>")


def test_route_answers_json_with_parameters(server: Server) -> None:
    @server.route("/hello/<name>")
    def hello(request: Request) -> dict[str, str]:
        return {"hello": request.parameters["name"]}

    assert json.loads(fetch(server, "/hello/w%C3%B6rld")) == {"hello": "wörld"}


def test_rest_pattern_takes_all_that_follows(server: Server) -> None:
    server.route("/files/<path...>")(lambda request: request.parameters["path"])
    assert fetch(server, "/files/a/b/c") == b"a/b/c"


def test_own_route_comes_before_a_ready_made_one(server: Server) -> None:
    server.add("/get", "mine", status=200)
    assert fetch(server, "/get") == b"mine"


def test_post_is_echoed_with_its_form(server: Server) -> None:
    echoed = json.loads(fetch(server, "/post?a=1&a=2", b"name=value&empty="))
    assert echoed["args"] == {"a": ["1", "2"]}
    assert echoed["form"] == {"name": "value", "empty": ""}


def test_multipart_is_taken_apart(server: Server) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="n.txt"\r\n\r\ncontent\r\n--b--\r\n'
    )
    fetch(server, "/post", body, **{"Content-Type": "multipart/form-data; boundary=b"})
    (request,) = server.requests
    assert request.form() == {"field": "value"}
    assert request.files() == {"file": ("n.txt", b"content")}


def test_connection_is_kept_alive(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/get")
        connection.getresponse().read()
    connection.close()
    assert server.connections == 1
    assert [request.connection for request in server.requests] == [1, 1, 1]


def test_head_has_the_length_and_no_body(server: Server) -> None:
    answer = talk(server, b"HEAD /bytes/10 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: 10" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_http_1_0_stream_ends_with_the_connection(server: Server) -> None:
    answer = talk(server, b"GET /stream/1 HTTP/1.0\r\n\r\n")
    assert b"Transfer-Encoding" not in answer
    assert b'"id": 0' in answer


def test_chunked_upload_is_joined(server: Server) -> None:
    talk(
        server,
        b"POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n",
    )
    (request,) = server.requests
    assert request.body == b"abc"
    assert request.trailers == (("T", "v"),)


def test_expect_continue_is_answered_before_the_body(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(
            b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hi")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"PUT /get HTTP/1.1\r\nConnection: close\r\n\r\n", b"405"),
        (b"GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
    ],
)
def test_bad_request_is_refused(server: Server, sent: bytes, status: bytes) -> None:
    assert talk(server, sent).split(b" ")[1] == status


def test_informational_trailers_and_chunks(server: Server) -> None:
    answer = Answer(
        chunks=[b"ab", b"", b"c"],
        trailers=[("T", "v")],
        informational=[(103, [("Link", "</x>")])],
        close=True,
    )
    server.add("/all", answer)
    received = talk(server, b"GET /all HTTP/1.1\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert received.endswith(b"2\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n")


def test_truncated_answer_promises_more_than_it_sends(server: Server) -> None:
    server.add("/short", Answer(200, b"x" * 100, truncate_at=3))
    received = talk(server, b"GET /short HTTP/1.1\r\n\r\n")
    assert b"Content-Length: 100" in received
    assert received.endswith(b"\r\n\r\nxxx")


def test_truncated_chunks_lack_the_last(server: Server) -> None:
    server.add("/short", Answer(200, chunks=[b"abc", b"def"], truncate_at=4))
    assert talk(server, b"GET /short HTTP/1.1\r\n\r\n").endswith(b"3\r\nabc\r\n1\r\nd\r\n")


def test_reset_answer_resets(server: Server) -> None:
    server.add("/reset", Answer(reset=True))
    with pytest.raises(ConnectionResetError):
        talk(server, b"GET /reset HTTP/1.1\r\n\r\n")


def test_raw_answer_is_sent_as_it_is(server: Server) -> None:
    server.add("/raw", Answer(raw=b"SPAM 1 2\n", close=True, trickle=(4, 0.0)))
    assert talk(server, b"GET /raw HTTP/1.1\r\n\r\n") == b"SPAM 1 2\n"


def test_gzip_is_gzip(server: Server) -> None:
    assert json.loads(gzip.decompress(fetch(server, "/gzip")))["gzipped"] is True


def test_download_is_streamed_with_its_length(server: Server) -> None:
    assert len(fetch(server, "/download/1000000")) == 1_000_000


def test_stopping_ends_a_delay_at_once() -> None:
    with Server() as server:
        server.add("/slow", Answer(delay=60))
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        server.wait_for_requests(1)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert client.recv(10) == b""
    client.close()


def test_failure_of_a_route_is_raised_at_exit() -> None:
    with pytest.raises(ExceptionGroup) as caught, Server() as server:
        server.route("/bad")(lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
        assert talk(server, b"GET /bad HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 500")
    assert isinstance(caught.value.exceptions[0], ZeroDivisionError)


def test_nothing_is_left_after_many_connections() -> None:
    before = set(threading.enumerate())
    with Server() as server, ThreadPoolExecutor(16) as pool:
        bodies = list(pool.map(lambda _: fetch(server, "/bytes/100"), range(200)))
    server.close()
    assert {len(body) for body in bodies} == {100}
    assert set(threading.enumerate()) == before
    assert server.open_connections == 0


def test_tls_is_trusted_with_its_authority_and_with_no_other(tls_server: Server) -> None:
    context = ssl.create_default_context(cafile=tls_server.ca_path)
    with urllib.request.build_opener(urllib.request.HTTPSHandler(context=context)).open(
        f"{tls_server.url}/get", timeout=10
    ) as response:
        assert json.load(response)["url"] == f"{tls_server.url}/get"
    with (
        socket.create_connection(("127.0.0.1", tls_server.port), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")


def test_ca_path_without_tls_says_what_to_do(server: Server) -> None:
    with pytest.raises(AttributeError, match="tls=True"):
        _ = server.ca_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expired": True}, "expired"),
        ({"self_signed": True}, "self.signed"),
        ({"san": False}, "mismatch"),
    ],
)
def test_bad_certificate_is_refused_by_the_standard_library(
    ca: CertificateAuthority, options: dict[str, bool], message: str
) -> None:
    with (
        Server(tls=ca.issue("localhost", **options)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
    ):
        with pytest.raises(ssl.SSLCertVerificationError, match=message):
            ca.client_context().wrap_socket(plain, server_hostname="localhost").close()


def test_client_certificate_is_demanded(ca: CertificateAuthority) -> None:
    client = ca.issue("someone", client=True)
    with Server(tls=ca.issue("localhost").server_context(client_ca=ca.path)) as server:
        context = ca.client_context()
        context.load_cert_chain(*client.pair)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"GET /get HTTP/1.1\r\nConnection: close\r\n\r\n")
                assert secure.recv(15) == b"HTTP/1.1 200 OK"


def test_authority_removes_its_files() -> None:
    with CertificateAuthority() as authority:
        folder = authority.folder
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_listens_on_ipv6_too() -> None:
    with Server(host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert fetch(server, "/bytes/3") == b"\x00\x01\x02"


def test_stops_cleanly_in_the_middle_of_everything(leftovers: Any) -> None:
    for _ in range(20):
        with Server() as server:
            clients = [
                socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(4)
            ]
            for client, path in zip(
                clients, ["/download/100000000", "/delay/30", "/drip?duration=30"], strict=False
            ):
                client.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        for client in clients:
            client.close()
    leftovers.check()
