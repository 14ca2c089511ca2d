"""From a TLS configuration to a context: kept, safe by default, and clear about files that cannot be used."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from envoi._io import tls_context
from envoi._io.protocols import TLSConfig
from envoi._io.tls_context import context_for
from envoi.exceptions import InvalidOption


@pytest.fixture(autouse=True)
def fresh():
    tls_context.forget_contexts()
    yield
    tls_context.forget_contexts()


def test_default_is_strict():
    context = context_for(TLSConfig())
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert not context.hostname_checks_common_name


def test_verify_false_checks_nothing():
    context = context_for(TLSConfig(verify=False))
    assert not context.check_hostname
    assert context.verify_mode is ssl.CERT_NONE
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_one_context_per_configuration(ca, monkeypatch):
    assert context_for(TLSConfig()) is context_for(TLSConfig())
    assert context_for(TLSConfig(verify=False)) is not context_for(TLSConfig())
    assert context_for(TLSConfig(alpn=("http/1.1",))) is not context_for(TLSConfig())
    monkeypatch.setattr(tls_context, "MAX_CONTEXTS", 2)
    for number in range(5):
        context_for(TLSConfig(verify=False, alpn=(f"{number}",)))
    assert len(tls_context._contexts) == 2


def test_callers_context_is_not_touched():
    context = ssl.create_default_context()
    assert context_for(TLSConfig(context=context, verify=False, alpn=("h2",))) is context
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_configurations_are_values():
    context = ssl.create_default_context()
    assert hash(TLSConfig(context=context)) == hash(TLSConfig(context=context))
    assert TLSConfig(context=context) != TLSConfig(context=ssl.create_default_context())
    assert TLSConfig(verify="a") != TLSConfig(verify="b")


def test_authorities_from_a_file_or_a_folder(ca, tmp_path):
    assert context_for(TLSConfig(verify=ca.path)).cert_store_stats()["x509_ca"] == 1
    assert context_for(TLSConfig(verify=str(tmp_path))).cert_store_stats()["x509_ca"] == 0


def test_certifi_when_openssl_has_no_authorities(monkeypatch, tmp_path):
    nothing = ssl.DefaultVerifyPaths(None, str(tmp_path), "", "", "", str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    if tls_context.LINUX:
        assert context_for(TLSConfig()).cert_store_stats()["x509_ca"] > 50


def test_key_log_is_honoured(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    for verify in (True, False):
        assert context_for(TLSConfig(verify=verify)).keylog_filename == str(tmp_path / "keys")


def complaint(**options):
    with pytest.raises(InvalidOption) as caught:
        context_for(TLSConfig(**options))
    return str(caught.value)


def test_unusable_authority_files_are_named(tmp_path):
    missing, rubbish = str(tmp_path / "missing.pem"), tmp_path / "rubbish.pem"
    rubbish.write_text("not a certificate")
    assert (
        complaint(verify=missing)
        == f"Could not find a suitable TLS CA certificate bundle, invalid path: {missing}"
    )
    message = complaint(verify=str(rubbish))
    assert str(rubbish) in message
    assert "no usable PEM certificate" in message


def test_unusable_client_certificates_are_named(ca, tmp_path):
    one, other = ca.issue("one", client=True), ca.issue("other", client=True)
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("not a certificate")
    assert "Could not find the TLS certificate file" in complaint(cert=str(tmp_path / "missing"))
    assert "Could not find the TLS key file" in complaint(
        cert=(one.certificate_path, str(tmp_path / "missing"))
    )
    assert "holds no PEM certificate" in complaint(cert=str(rubbish))
    assert "holds no PEM private key" in complaint(cert=one.certificate_path)
    assert "holds no PEM private key" in complaint(cert=(one.certificate_path, str(rubbish)))
    message = complaint(cert=(one.certificate_path, other.key_path))
    assert "does not belong" in message
    assert other.key_path in message


def test_encrypted_key_wants_its_password(ca, tmp_path):
    from cryptography.hazmat.primitives import serialization

    client = ca.issue("client", client=True)
    key = serialization.load_pem_private_key(Path(client.key_path).read_bytes(), None)
    locked = tmp_path / "locked.key"
    encryption = serialization.BestAvailableEncryption(b"sesame")
    locked.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    pair = client.certificate_path, str(locked)
    assert "is encrypted" in complaint(cert=pair)
    assert "password does not open" in complaint(cert=(*pair, "wrong"))
    assert "password does not open" in complaint(cert=(*pair, ""))
    context_for(TLSConfig(verify=False, cert=(*pair, "sesame")))


@pytest.mark.parametrize("module", ["blocking", "asyncio_"])
def test_no_tls_is_imported_for_plain_http(module):
    code = f"import sys; before = set(sys.modules); import envoi._io.{module}; print('envoi._io.tls' in sys.modules, 'certifi' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "python"},
    )
    assert found.stdout.split() == ["False", "False"]
