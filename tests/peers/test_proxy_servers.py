"""The proxies of the tests, tried with clients other than Envoi."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import requests

from peers.servers.proxy import HttpProxy, Socks5Proxy

if TYPE_CHECKING:
    from envoi.testing import Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]


def test_forwards_absolute_form(server: Server, http_proxy: HttpProxy) -> None:
    with requests.Session() as session:
        answer = session.post(
            f"{server.url}/post", data={"a": "b"}, proxies={"http": http_proxy.url}, timeout=10
        )
    assert answer.json()["form"] == {"a": "b"}
    assert http_proxy.heads[0].startswith(f"POST {server.url}/post HTTP/1.1".encode())


def test_tunnels_to_a_made_up_name(tls_server: Server) -> None:
    with (
        HttpProxy(
            resolve={"localhost:443": ("127.0.0.1", tls_server.port)}, credentials=("u", "p")
        ) as proxy,
        requests.Session() as session,
    ):
        url = proxy.url.replace("//", "//u:p@")
        assert (
            session.get(
                "https://localhost/get",
                proxies={"https": url},
                verify=tls_server.ca_path,
                timeout=10,
            ).status_code
            == 200
        )
        with pytest.raises(requests.exceptions.ProxyError, match="407"):
            session.get(
                "https://localhost/get",
                proxies={"https": proxy.url},
                verify=tls_server.ca_path,
                timeout=10,
            )


def test_https_proxy_tunnels(tls_server: Server) -> None:
    with HttpProxy(tls=True) as proxy:
        import ssl

        context = ssl.create_default_context(cafile=proxy.ca_path)
        plain = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        with plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(f"CONNECT 127.0.0.1:{tls_server.port} HTTP/1.1\r\n\r\n".encode())
            assert secure.recv(100).startswith(b"HTTP/1.1 200")


def test_socks5_connects_by_name(server: Server) -> None:
    with Socks5Proxy(
        resolve={"example.test:80": ("127.0.0.1", server.port)}, credentials=("u", "p")
    ) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
            client.sendall(b"\x05\x01\x02")
            assert client.recv(2) == b"\x05\x02"
            client.sendall(b"\x01\x01u\x01p")
            assert client.recv(2) == b"\x01\x00"
            client.sendall(b"\x05\x01\x00\x03\x0cexample.test\x00\x50")
            assert client.recv(10)[1] == 0
            client.sendall(b"GET /get HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert proxy.targets == ["example.test:80"]
        assert proxy.credentials == [("u", "p")]
