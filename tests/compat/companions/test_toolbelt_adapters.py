"""requests-toolbelt's adapters: TLS versions, fingerprints, socket options, source addresses, names from the Host field."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl

import pytest
import requests
from requests_toolbelt import SSLAdapter
from requests_toolbelt.adapters.fingerprint import FingerprintAdapter
from requests_toolbelt.adapters.host_header_ssl import HostHeaderSSLAdapter
from requests_toolbelt.adapters.socket_options import SocketOptionsAdapter, TCPKeepAliveAdapter
from requests_toolbelt.adapters.source import SourceAddressAdapter

import envoi
from envoi.testing import Server

assert requests.Session is envoi.Session


def session_with(adapter, prefix: str = "https://") -> requests.Session:
    session = requests.Session()
    session.mount(prefix, adapter)
    return session


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_version_of_tls_is_chosen(tls_server, version) -> None:
    number = {"TLSv1_2": ssl.PROTOCOL_TLSv1_2, "TLSv1_3": ssl.PROTOCOL_TLS_CLIENT}[version]
    with session_with(SSLAdapter(number)) as session:
        response = session.get(tls_server.url + "/get", verify=tls_server.ca_path, stream=True)
        assert response.raw.connection.sock.version().replace(".", "_") == version
        assert response.json()["url"] == tls_server.url + "/get"
        assert session.post(
            tls_server.url + "/post", data={"a": "1"}, verify=tls_server.ca_path
        ).json()["form"] == {"a": "1"}
        with pytest.raises(requests.exceptions.SSLError):
            session.get(tls_server.url + "/get")


def test_a_fingerprint_is_checked(tls_server) -> None:
    response = requests.get(tls_server.url, verify=tls_server.ca_path, stream=True)
    fingerprint = hashlib.sha256(response.raw.connection.sock.getpeercert(True)).hexdigest()
    with session_with(FingerprintAdapter(fingerprint)) as session:
        assert session.get(tls_server.url + "/get", verify=tls_server.ca_path).status_code == 200
    with (
        session_with(FingerprintAdapter("00" * 32)) as session,
        pytest.raises(requests.exceptions.SSLError, match="Fingerprints did not match"),
    ):
        session.get(tls_server.url + "/get", verify=tls_server.ca_path)


def test_the_certificate_is_for_the_name_in_the_host_field(ca) -> None:
    with Server(tls=ca.issue("only.invalid")) as server:
        url = f"https://127.0.0.1:{server.port}/headers"
        with session_with(HostHeaderSSLAdapter()) as session:
            response = session.get(url, headers={"Host": "only.invalid"}, verify=server.ca_path)
            assert response.json()["headers"]["Host"] == "only.invalid"
            with pytest.raises(requests.exceptions.SSLError):
                session.get(url, headers={"Host": "other.invalid"}, verify=server.ca_path)
            with pytest.raises(requests.exceptions.SSLError):
                session.get(url, verify=server.ca_path)


def test_socket_options_are_set(server, options_set) -> None:
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 123_456)]
    for adapter, expected in (
        (SocketOptionsAdapter(socket_options=options), options[0]),
        (
            TCPKeepAliveAdapter(idle=120, interval=10),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 120),
        ),
    ):
        with session_with(adapter, "http://") as session:
            response = session.get(server.url + "/bytes/10", stream=True)
            assert expected in options_set
            assert len(response.content) == 10
            assert session.get(server.url + "/redirect/2").json()["url"] == server.url + "/get"


def test_connections_come_from_a_source_address(server) -> None:
    peers = []
    server.route("/peer")(lambda request: peers.append(request.peer) or "ok")
    with session_with(SourceAddressAdapter("127.0.0.5"), "http://") as session:
        assert session.get(server.url + "/peer").text == "ok"
    with socket.socket() as probe:
        probe.bind(("127.0.0.6", 0))
        port = probe.getsockname()[1]
    with session_with(SourceAddressAdapter(("127.0.0.6", port)), "http://") as session:
        assert session.get(server.url + "/peer").text == "ok"
    assert peers[0][0] == "127.0.0.5"
    assert peers[1] == ("127.0.0.6", port)


def test_what_fails_is_raised_as_requests_does(server) -> None:
    with session_with(SocketOptionsAdapter(socket_options=[]), "http://") as session:
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get("http://127.0.0.1:1/")
        server.add("/slow", envoi.testing.Answer(delay=5))
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(server.url + "/slow", timeout=0.2)
        server.add("/short", envoi.testing.Answer(body=b"x" * 100, truncate_at=10))
        with pytest.raises(
            (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)
        ):
            session.get(server.url + "/short")
        with pytest.raises(requests.HTTPError, match=re.escape("404 Client Error")):
            session.get(server.url + "/status/404").raise_for_status()
