"""From a `TLSConfig` to an `ssl.SSLContext`: built once per configuration, kept, and never changed
after.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
from collections import OrderedDict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from envoi._io.sockets import LINUX
from envoi._model.exceptions import InvalidOption

if TYPE_CHECKING:
    from envoi._io.protocols import TLSConfig

MAX_CONTEXTS = 64

_lock = threading.Lock()
_contexts: OrderedDict[TLSConfig, ssl.SSLContext] = OrderedDict()


def known_context(config: TLSConfig) -> ssl.SSLContext | None:
    """The context of a configuration, when nothing has to be read for it: the caller's, or one
    built before.
    """
    if config.context is not None:
        return cast("ssl.SSLContext", config.context)
    return _contexts.get(config)


def context_for(config: TLSConfig) -> ssl.SSLContext:
    """The context of a configuration; the first time, files are read for it.

    A caller's own context is used as it is, and never changed.

    Raises:
        InvalidOption: a file that the configuration names cannot be used; the message says which
            and why.
    """
    known = known_context(config)
    if known is not None:
        return known
    with _lock:
        context = _contexts.get(config)
        if context is None:
            context = _build(config)
            while len(_contexts) >= MAX_CONTEXTS:
                _contexts.popitem(last=False)
            _contexts[config] = context
        return context


def certificate_name(host: str) -> str:
    """The name as a certificate has it: without the root's dot (RFC 6066, section 3) and without an
    IPv6 zone.
    """
    if ":" in host:
        return host.partition("%")[0]
    return host.removesuffix(".")


def forget_contexts() -> None:
    """Forget every context, so that files and environment are read anew."""
    with _lock:
        _contexts.clear()


def _reset_after_fork() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held for ever
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def _build(config: TLSConfig) -> ssl.SSLContext:
    if config.verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        _log_keys(context)
    elif config.verify is True:
        context = _with_default_trust()
    else:
        context = _with_authorities(config.verify)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ssl.HAS_NEVER_CHECK_COMMON_NAME:
        # RFC 9110, section 4.3.4: only subjectAltName tells whom a certificate is for.
        context.hostname_checks_common_name = False
    if not config.check_hostname:
        context.check_hostname = False
    if config.cert is not None:
        _load_certificate(context, config.cert)
    if config.alpn:
        context.set_alpn_protocols(list(config.alpn))
    return context


def _with_default_trust() -> ssl.SSLContext:
    if LINUX:
        if _openssl_finds_authorities():
            return ssl.create_default_context()
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    truststore = import_module("truststore")  # not installed on Linux
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _log_keys(context)
    return context


def _openssl_finds_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    try:
        if paths.cafile and Path(paths.cafile).stat().st_size:
            return True
        return bool(paths.capath) and any(
            Path(folder).is_dir() and any(Path(folder).iterdir())
            for folder in paths.capath.split(os.pathsep)
        )
    except OSError:
        return False


def _with_authorities(verify: str) -> ssl.SSLContext:
    path = Path(verify)
    if path.is_dir():
        return ssl.create_default_context(capath=verify)
    check_there(path, "a suitable TLS CA certificate bundle")
    _check_readable(path, "verify")
    try:
        return ssl.create_default_context(cafile=verify)
    except ssl.SSLError as error:
        raise InvalidOption(
            f"verify: {verify!r} holds no usable PEM certificate ({_reason(error)})"
        ) from error


def _load_certificate(
    context: ssl.SSLContext, cert: str | tuple[str, str] | tuple[str, str, str | None]
) -> None:
    parts: tuple[str | None, ...] = (
        (cert, None, None) if isinstance(cert, str) else (*cert, None, None)[:3]
    )
    certificate, key, password = parts
    if not certificate:
        raise InvalidOption("cert: the certificate's path is empty")
    for path, what in ((certificate, "the TLS certificate file"), (key, "the TLS key file")):
        if path:
            check_there(path, what)
    for path in filter(None, (certificate, key)):
        _check_readable(Path(path), "cert")
    key_file = key or certificate
    asked = False

    def give_password() -> str:
        # Without a callback OpenSSL would ask at the terminal.
        nonlocal asked
        asked = True
        if password is None:
            raise InvalidOption(
                f"cert: the key in {key_file!r} is encrypted: give (certificate, key, password)"
            )
        return password

    try:
        context.load_cert_chain(certificate, key, give_password)
    except ssl.SSLError as error:
        raise InvalidOption(_certificate_trouble(error, certificate, key_file, asked)) from error


def _certificate_trouble(error: ssl.SSLError, certificate: str, key_file: str, asked: bool) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return (
            f"cert: the key in {key_file!r} does not belong to the certificate in {certificate!r}"
        )
    if asked:
        return f"cert: the password does not open the key in {key_file!r}"
    if not _holds(certificate, b"CERTIFICATE-----"):
        return f"cert: {certificate!r} holds no PEM certificate"
    if not _holds(key_file, b"PRIVATE KEY-----"):
        return f"cert: {key_file!r} holds no PEM private key"
    return f"cert: {certificate!r} with the key in {key_file!r} cannot be used ({_reason(error)})"


def check_there(path: str | Path, what: str) -> None:
    """Refuse a path that leads nowhere.

    Args:
        path: of a file or folder.
        what: it is to be, for the message.

    Raises:
        InvalidOption: it is not there.
    """
    if not Path(path).exists():
        raise InvalidOption(f"Could not find {what}, invalid path: {path}")  # requests' words


def _check_readable(path: Path, option: str) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise InvalidOption(f"{option}: {str(path)!r} cannot be read: {error.strerror}") from error


def _holds(path: str, marker: bytes) -> bool:
    try:
        return marker in Path(path).read_bytes()
    except OSError:
        return False


def _reason(error: ssl.SSLError) -> str:
    return error.reason or str(error)


def _log_keys(context: ssl.SSLContext) -> None:
    # create_default_context does this by itself.
    path = os.environ.get("SSLKEYLOGFILE")
    if path and not sys.flags.ignore_environment:
        context.keylog_filename = path
