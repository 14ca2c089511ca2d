"""The raw server, and the fixtures that the other tests rely on."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest

from envoi.testing import CertificateAuthority, RawConnection, RawServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers.servers.nginx import Nginx

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(server: RawServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    while data := connection.recv(65536):
        received += data
    return bytes(received)


def test_script_sends_exactly_its_bytes() -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send_slowly(b"HTTP/1.1 2", piece=3, seconds=0)

    with RawServer(script) as server, connect(server) as client:
        client.sendall(GET)
        assert read_all(client) == b"HTTP/1.1 2"
        assert server.requests == [GET]


def test_request_is_given_with_its_framing() -> None:
    sent = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nT: v\r\n\r\n"
    with RawServer.replies([b"ok"], close=True) as server, connect(server) as client:
        client.sendall(sent)
        assert read_all(client) == b"ok"
        assert server.requests == [sent]


def test_replies_go_on_over_several_connections() -> None:
    with RawServer.replies([b"1", b"2", None]) as server:
        with connect(server) as client:
            client.sendall(GET)
            assert client.recv(10) == b"1"
            client.sendall(GET)
            assert client.recv(10) == b"2"
        with connect(server) as client:
            client.sendall(GET)
            assert read_all(client) == b""
        assert server.connections == 2


def test_reset_is_a_reset() -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.reset()

    with RawServer(script) as server, connect(server) as client:
        client.sendall(GET)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_wait_closed_sees_the_client_leave() -> None:
    left = threading.Event()

    def script(connection: RawConnection) -> None:
        assert connection.wait_closed() == b"bye"
        left.set()

    with RawServer(script) as server:
        with connect(server) as client:
            client.sendall(b"bye")
        assert left.wait(10)


def test_failure_of_a_script_is_raised_at_exit() -> None:
    def script(connection: RawConnection) -> None:
        connection.close()
        raise LookupError

    with (
        pytest.raises(ExceptionGroup) as caught,
        RawServer(script) as server,
        connect(server) as client,
    ):
        read_all(client)
    assert isinstance(caught.value.exceptions[0], LookupError)


def test_client_that_leaves_is_no_failure() -> None:
    with RawServer.replies([b"1"]) as server:
        connect(server).close()
    assert server.errors == []


def test_stop_wakes_a_script_that_reads() -> None:
    reading = threading.Event()

    def script(connection: RawConnection) -> None:
        reading.set()
        connection.read_request()

    with RawServer(script) as server:
        client = connect(server)
        assert reading.wait(10)
    assert read_all(client) == b""
    client.close()


def test_tls_says_goodbye_unless_half_closed(ca: CertificateAuthority) -> None:
    def script(connection: RawConnection) -> None:
        if connection.read_request() != GET:
            connection.half_close()
            connection.wait_closed()

    with RawServer(script, tls=ca.issue("localhost")) as server:
        context = ca.client_context()
        with (
            connect(server) as plain,
            context.wrap_socket(
                plain, server_hostname="localhost", suppress_ragged_eofs=False
            ) as secure,
        ):
            secure.sendall(GET)
            assert secure.recv(1) == b""
        with (
            connect(server) as plain,
            context.wrap_socket(
                plain, server_hostname="localhost", suppress_ragged_eofs=False
            ) as secure,
        ):
            secure.sendall(GET.replace(b"GET", b"PUT"))
            with pytest.raises(ssl.SSLEOFError):
                secure.recv(1)


def test_raw_server_fixture_takes_replies(raw_server: Callable[..., RawServer]) -> None:
    server = raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"])
    with connect(server) as client:
        client.sendall(GET)
        assert client.recv(100).endswith(b"hi")


def test_ambient_settings_are_cleared() -> None:
    assert not {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "https_proxy", "NETRC"} & set(os.environ)


def test_nginx_serves_its_files(nginx: Nginx) -> None:
    with urllib.request.urlopen(f"{nginx.url}/small", timeout=10) as response:
        assert len(response.read()) == 75
    context = ssl.create_default_context(cafile=nginx.ca_path)
    with urllib.request.urlopen(f"{nginx.tls_url}/medium", timeout=10, context=context) as response:
        assert len(response.read()) == 1024 * 1024


def test_httpbin_answers(httpbin: str) -> None:
    with urllib.request.urlopen(f"{httpbin}/status/204", timeout=10) as response:
        assert response.status == 204
