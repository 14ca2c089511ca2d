"""Certificates, contexts and truncation, against real TLS servers."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

import envoi
from envoi.testing import CertificateAuthority, RawConnection, RawServer, Server

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def tls(server_or_port, host: str = "127.0.0.1") -> str:
    return f"https://{host}:{getattr(server_or_port, 'port', server_or_port)}/get"


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("127.0.0.1",), {"expired": True}),
        (("localhost",), {}),
        (("example.org",), {}),
        (("127.0.0.2",), {}),
        (("127.0.0.1",), {"san": False}),
        (("127.0.0.1",), {"client": True}),
    ],
    ids=[
        "expired",
        "other name",
        "foreign name",
        "other address",
        "common name alone",
        "client certificate",
    ],
)
def test_bad_certificate_is_refused_and_nothing_sent(names, options, client, ca) -> None:
    with Server(tls=ca.issue(*names, **options)) as server:
        with pytest.raises(envoi.CertificateError) as caught:
            client.get(tls(server), verify=ca.path, headers={"Authorization": "secret"})
        assert isinstance(caught.value, envoi.SSLError)
        assert isinstance(caught.value, envoi.ConnectionError)
        assert caught.value.request is not None
        assert server.served == 0


def test_common_name_alone_is_refused_for_a_host_name(client, ca) -> None:
    with (
        Server(tls=ca.issue("localhost", san=False)) as server,
        pytest.raises(envoi.CertificateError),
    ):
        client.get(tls(server, "localhost"), verify=ca.path)


def test_self_signed_and_unknown_authorities_are_refused(client, ca) -> None:
    with Server(tls=ca.issue("127.0.0.1", self_signed=True)) as server:
        for verify in (True, ca.path):
            with pytest.raises(envoi.CertificateError):
                client.get(tls(server), verify=verify)
    with (
        CertificateAuthority() as other,
        Server(tls=ca.issue("127.0.0.1")) as server,
        pytest.raises(envoi.CertificateError),
    ):
        client.get(tls(server), verify=other.path)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("localhost", "LOCALHOST"),
        ("localhost", "LocalHost"),
    ],
)
def test_right_certificate_is_accepted(name: str, host: str, client, ca) -> None:
    with Server(tls=ca.issue(name)) as server:
        assert client.get(tls(server, host), verify=ca.path).status_code == 200


def test_address_of_version_6_is_checked(client, ca) -> None:
    with Server(tls=ca.issue("::1"), host="::1") as server:
        assert client.get(tls(server, "[::1]"), verify=ca.path).status_code == 200
        assert client.get(tls(server, "[0:0::1]"), verify=ca.path).status_code == 200


def test_verify_false_and_true_in_turn_on_one_session(client, ca) -> None:
    with Server(tls=ca.issue("localhost")) as server:  # wrong for 127.0.0.1
        for _ in range(2):
            assert client.get(tls(server), verify=False).status_code == 200
            with pytest.raises(envoi.CertificateError):
                client.get(tls(server), verify=ca.path)
            with pytest.raises(envoi.CertificateError):
                client.get(tls(server))
        assert server.connections == 5


def test_session_verify_changes_take_effect_at_once(new_client, tls_server) -> None:
    client = new_client(verify=False)
    assert client.get(tls_server.url).status_code == 200
    client.session.verify = True
    with pytest.raises(envoi.CertificateError):
        client.get(tls_server.url)
    client.session.verify = tls_server.ca_path
    assert client.get(tls_server.url).status_code == 200


def test_verify_takes_a_context_a_path_and_a_folder(client, tls_server, ca, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=ca.path)
    assert client.get(tls_server.url, verify=context).status_code == 200
    assert client.get(tls_server.url, verify=Path(ca.path)).status_code == 200
    if shutil.which("openssl") is None:
        pytest.skip("openssl is needed to name the files of a folder")
    hashed = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", ca.path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    shutil.copy(ca.path, tmp_path / f"{hashed}.0")
    assert client.get(tls_server.url, verify=str(tmp_path)).status_code == 200


def test_strict_context_of_the_caller_is_used_as_it_is(client, tls_server) -> None:
    context = ssl.create_default_context()  # does not know the authority
    with pytest.raises(envoi.CertificateError):
        client.get(tls_server.url, verify=context)


@pytest.mark.parametrize("content", [None, "not a certificate"], ids=["missing", "garbage"])
def test_unusable_authority_file_is_told(
    content: str | None, client, tls_server, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises((envoi.InvalidOption, OSError)) as caught:
        client.get(tls_server.url, verify=str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_environment_names_the_authority_unless_the_caller_does(
    variable: str, new_client, tls_server, monkeypatch, ca
) -> None:
    monkeypatch.setenv(variable, ca.path)
    assert new_client().get(tls_server.url).status_code == 200
    with pytest.raises(envoi.CertificateError):
        new_client().get(tls_server.url, verify=True)
    with pytest.raises(envoi.CertificateError):
        new_client(verify=True).get(tls_server.url)
    with pytest.raises(envoi.CertificateError):
        new_client(trust_env=False).get(tls_server.url)
    with CertificateAuthority() as other:
        monkeypatch.setenv(variable, other.path)
        with pytest.raises(envoi.CertificateError):
            new_client().get(tls_server.url)
        assert new_client().get(tls_server.url, verify=ca.path).status_code == 200
        assert new_client().get(tls_server.url, verify=False).status_code == 200


# --- Client certificates


@pytest.fixture
def mutual(ca):
    with Server(tls=ca.issue("127.0.0.1").server_context(client_ca=ca.path)) as server:
        yield server


def test_client_certificate_is_shown_when_asked_for(client, mutual, ca, tmp_path: Path) -> None:
    certificate = ca.issue("me", client=True)
    assert client.get(tls(mutual), verify=ca.path, cert=certificate.pair).status_code == 200
    both = tmp_path / "both.pem"
    both.write_bytes(
        Path(certificate.certificate_path).read_bytes() + Path(certificate.key_path).read_bytes()
    )
    assert client.get(tls(mutual), verify=ca.path, cert=str(both)).status_code == 200


def test_no_client_certificate_is_an_error(client, mutual, ca) -> None:
    with pytest.raises(envoi.ConnectionError):
        client.get(tls(mutual), verify=ca.path)
    with CertificateAuthority() as other, pytest.raises(envoi.ConnectionError):
        client.get(tls(mutual), verify=ca.path, cert=other.issue("me", client=True).pair)


def test_connection_with_a_client_certificate_is_not_used_without(client, mutual, ca) -> None:
    assert (
        client.get(tls(mutual), verify=ca.path, cert=ca.issue("me", client=True).pair).status_code
        == 200
    )
    with pytest.raises(envoi.ConnectionError):
        client.get(tls(mutual), verify=ca.path)
    assert mutual.served == 1


def test_encrypted_key_needs_its_password(client, mutual, ca, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    certificate = ca.issue("me", client=True)
    key = serialization.load_pem_private_key(Path(certificate.key_path).read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        )
    )
    assert (
        client.get(
            tls(mutual),
            verify=ca.path,
            cert=(certificate.certificate_path, str(locked), "open sesame"),
        ).status_code
        == 200
    )
    for password in ("wrong", None):
        with pytest.raises(envoi.InvalidOption) as caught:
            client.get(
                tls(mutual),
                verify=ca.path,
                cert=(certificate.certificate_path, str(locked), password),
            )
        assert "wrong" not in str(caught.value).replace("wrong password", "")


# --- Versions, keys, ends


def test_old_versions_are_refused(client, ca) -> None:
    context = ca.issue("127.0.0.1").server_context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with Server(tls=context) as server, pytest.raises(envoi.SSLError):
        client.get(tls(server), verify=ca.path)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_work_and_are_told(version, client, ca) -> None:
    context = ca.issue("127.0.0.1").server_context()
    context.minimum_version = context.maximum_version = version
    with Server(tls=context) as server:
        response = client.get(tls(server), verify=ca.path)
        assert response.connection_info.tls_version == version.name.replace("_", ".").replace(
            "TLSv1.2", "TLSv1.2"
        )


def test_key_log_file_is_written_when_asked_for(colour, monkeypatch, tmp_path: Path) -> None:
    from peers.clients import Client

    path = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    with Server(tls=True) as server, Client(colour) as client:
        assert client.get(server.url, verify=server.ca_path).status_code == 200
    assert "TRAFFIC_SECRET" in path.read_text()


def test_tls_server_under_http_is_an_error(client, tls_server) -> None:
    with pytest.raises(envoi.ConnectionError):
        client.get(tls_server.url.replace("https", "http"))


def test_peer_that_stalls_in_the_handshake_is_a_connect_timeout(client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(envoi.ConnectTimeout):
        client.get(tls(listener.getsockname()[1]), timeout=0.2)


def test_peer_that_closes_in_the_handshake_is_an_error(client) -> None:
    with RawServer(lambda connection: None) as server, pytest.raises(envoi.ConnectionError):
        client.get(tls(server))


def test_garbage_in_the_handshake_is_an_error(client) -> None:
    with (
        RawServer(
            lambda connection: (
                connection.send(b"HTTP/1.1 400 Bad\r\n\r\n" * 10),
                connection.wait_closed(),
            )
        ) as server,
        pytest.raises(envoi.SSLError),
    ):
        client.get(tls(server))


def ends(reply: bytes, how: str):
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(reply)
        if how == "truncated":
            connection.half_close()
        else:
            connection.close()

    return script


UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nall of it?"


def test_truncation_of_a_close_delimited_body_raises(client, raw_server) -> None:
    server = raw_server(ends(UNTIL_CLOSE, "truncated"), tls=True)
    with pytest.raises(envoi.IncompleteBody):
        client.get(server.url, verify=server.ca_path)
    response = client.get(server.url, verify=server.ca_path, stream=True)
    with pytest.raises(envoi.IncompleteBody):
        response.read()


def test_close_notify_ends_a_close_delimited_body(client, raw_server) -> None:
    server = raw_server(ends(UNTIL_CLOSE, "goodbye"), tls=True)
    assert client.get(server.url, verify=server.ca_path).content == b"all of it?"


@pytest.mark.parametrize("how", ["truncated", "goodbye"])
def test_framed_body_does_not_care_how_tls_ends(how: str, client, raw_server) -> None:
    server = raw_server(ends(OK, how), tls=True)
    for _ in range(2):
        assert client.get(server.url, verify=server.ca_path).text == "ok"


@pytest.mark.parametrize("how", ["truncated", "goodbye"])
def test_short_body_over_tls_is_incomplete(how: str, client, raw_server) -> None:
    server = raw_server(ends(OK[:-1], how), tls=True)
    with pytest.raises(envoi.IncompleteBody):
        client.get(server.url, verify=server.ca_path)


def test_answer_is_not_poisoned_over_tls(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        while True:
            connection.read_request()
            connection.send(
                OK.replace(b"ok", b"%02d" % connection.number)
                + (OK if connection.number == 1 else b"")
            )

    server = raw_server(script, tls=True)
    assert [client.get(server.url, verify=server.ca_path).text for _ in range(3)] == [
        "01",
        "02",
        "02",
    ]


def test_keep_alive_over_tls_shakes_hands_once(client, tls_server) -> None:
    for _ in range(20):
        assert client.get(tls_server.url + "/get", verify=tls_server.ca_path).status_code == 200
    assert tls_server.connections == 1


def test_large_bodies_both_ways_over_tls(client, tls_server) -> None:
    body = os.urandom(1 << 20) * 8
    tls_server.route("/mirror", ["POST"])(lambda request: request.body)
    assert client.post(tls_server.url + "/mirror", body, verify=tls_server.ca_path).content == body
    assert (
        client.post(
            tls_server.url + "/mirror", iter([body[:5], body[5:]]), verify=tls_server.ca_path
        ).content
        == body
    )


@pytest.mark.parametrize("cert", ["/nowhere.pem", ("/nowhere.pem", "/nowhere.key")])
def test_missing_client_certificate_is_told(cert, client, tls_server) -> None:
    with pytest.raises((envoi.InvalidOption, OSError)) as caught:
        client.get(tls_server.url, verify=False, cert=cert)
    assert "nowhere" in str(caught.value)
