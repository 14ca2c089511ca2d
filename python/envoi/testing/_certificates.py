"""A certificate authority to throw away after the test."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key, as PEM files.

    Args:
        certificate_path: the certificate.
        key_path: its key, readable by its owner only.
        ca_path: the certificate to trust in order to trust this one.
    """

    certificate_path: str
    key_path: str
    ca_path: str

    @property
    def pair(self) -> tuple[str, str]:
        """(certificate, key): what `cert=` takes."""
        return self.certificate_path, self.key_path

    def server_context(self, *, client_ca: str | None = None) -> ssl.SSLContext:
        """A context for a server that shows this certificate.

        Args:
            client_ca: demand a client certificate that this file's authority issued.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_path, self.key_path)
        context.set_alpn_protocols(["http/1.1"])
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class CertificateAuthority:
    """Issues certificates that only those trust who are given its file.

    Files lie in a private temporary folder that `close` removes. Needs the package `cryptography`
    (`pip install envoi[testing]`).

    Raises:
        ImportError: `cryptography` is not installed.

    Examples:
        >>> with testing.CertificateAuthority() as authority:
        ...     certificate = authority.issue("localhost", "127.0.0.1")
        ...     with testing.Server(tls=certificate) as server:
        ...         envoi.get(server.url, verify=authority.path).ok
        True
    """

    def __init__(self) -> None:
        self._key, self._name = _new_key(), _name("Envoi throw-away authority")
        self.folder: Path = Path(tempfile.mkdtemp(prefix="envoi-testing-"))
        self.path: str = str(self.folder / "authority.pem")
        self._issued = 0
        _, x509 = _cryptography()
        now = dt.datetime.now(dt.UTC)
        builder = _builder(
            self._name, self._name, self._key.public_key(), now - _DAY, now + 30 * _DAY
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
        )
        Path(self.path).write_bytes(_pem(_sign(builder, self._key)))

    def issue(
        self,
        *names: str,
        expired: bool = False,
        self_signed: bool = False,
        client: bool = False,
        san: bool = True,
    ) -> Certificate:
        """A new certificate.

        Args:
            *names: host names and IP addresses it is for; the first is its common name too.
            expired: it was valid until yesterday.
            self_signed: signed with its own key instead of the authority's.
            client: for a client that shows who it is, instead of a server.
            san: with False the names stand in the common name alone, which no client may accept
                (RFC 9110, section 4.3.4).
        """
        primitives, x509 = _cryptography()
        key, subject = _new_key(), _name(names[0] if names else "nobody")
        now = dt.datetime.now(dt.UTC)
        until = now - _DAY if expired else now + 30 * _DAY
        builder = _builder(
            subject,
            subject if self_signed else self._name,
            key.public_key(),
            until - 31 * _DAY,
            until,
        )
        purpose = (
            x509.ExtendedKeyUsageOID.CLIENT_AUTH if client else x509.ExtendedKeyUsageOID.SERVER_AUTH
        )
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        signer = key if self_signed else self._key
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        if san and names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
            )
        self._issued += 1
        certificate_path, key_path = (
            self.folder / f"{self._issued}.pem",
            self.folder / f"{self._issued}.key",
        )
        certificate_path.write_bytes(_pem(_sign(builder, signer)))
        key_path.touch(mode=0o600)
        serialization = primitives.serialization
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Certificate(
            str(certificate_path),
            str(key_path),
            str(certificate_path) if self_signed else self.path,
        )

    def client_context(self) -> ssl.SSLContext:
        """A client's context that trusts this authority and nobody else, and takes no common name
        for a host name.
        """
        context = ssl.create_default_context(cafile=self.path)
        context.hostname_checks_common_name = False
        return context

    def close(self) -> None:
        """Remove the files. Again: nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _cryptography() -> tuple[Any, Any]:
    """The package's `primitives` and `x509`, imported only when a certificate is made."""
    try:
        from cryptography import x509
        from cryptography.hazmat import primitives
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: F401 - loads primitives' submodules
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: F401
    except ImportError as error:
        message = "test certificates need the package `cryptography`: pip install 'envoi[testing]'"
        raise ImportError(message) from error
    return primitives, x509


def _new_key() -> Any:
    primitives, _ = _cryptography()
    return primitives.asymmetric.ec.generate_private_key(primitives.asymmetric.ec.SECP256R1())


def _name(common_name: str) -> Any:
    _, x509 = _cryptography()
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name[:64])])


def _builder(
    subject: Any, issuer: Any, public_key: Any, start: dt.datetime, end: dt.datetime
) -> Any:
    _, x509 = _cryptography()
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    )
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _sign(builder: Any, key: Any) -> Any:
    primitives, _ = _cryptography()
    return builder.sign(key, primitives.hashes.SHA256())


def _pem(certificate: Any) -> bytes:
    primitives, _ = _cryptography()
    encoded: bytes = certificate.public_bytes(primitives.serialization.Encoding.PEM)
    return encoded


def _general_name(name: str) -> Any:
    _, x509 = _cryptography()
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
