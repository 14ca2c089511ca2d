"""From what the network and the core raise to what Envoi raises: in one place, so that each message
says what, where, and what to do.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from envoi._io.protocols import StreamClosed, TimedOut, tls_failure
from envoi._model import exceptions
from envoi._proto.h1 import (
    FramingViolation,
    IncompleteHead,
    IncompleteMessage,
    InvalidHeaderError,
    InvalidMessage,
    InvalidMethodError,
    ProtocolViolation,
)

if TYPE_CHECKING:
    from envoi._model.timeout import Timeout

_TIMEOUT_CLASSES: dict[str, type[exceptions.Timeout]] = {
    "pool": exceptions.PoolTimeout,
    "dns": exceptions.ConnectTimeout,
    "connect": exceptions.ConnectTimeout,
    "tls": exceptions.ConnectTimeout,
    "write": exceptions.WriteTimeout,
    "read": exceptions.ReadTimeout,
    "body": exceptions.ReadTimeout,
}
_HTTP1: Final = frozenset({"http/1.1", "http/1.0"})
"""The protocols that Envoi speaks, by their ALPN names."""

_EARLY = 0.002
CONNECTING: Final = frozenset({"pool", "dns", "connect", "tls"})
"""The phases in which nothing of a request can have arrived."""

_TIMEOUT_FIELDS = {"dns": "connect", "connect": "connect", "tls": "connect", "body": "read"}
_DOING = {
    "dns": "looking up the name of",
    "connect": "connecting to",
    "tls": "setting up TLS with",
    "write": "sending the request to",
    "read": "waiting for the answer of",
    "body": "reading the body from",
}


def translate(
    error: Exception, phase: str, where: str, timeout: Timeout, *, total_passed: bool
) -> Exception:
    """The exception to raise for an error at the network.

    Args:
        error: what was raised.
        phase: "pool", "dns", "connect", "tls", "write", "read" or "body".
        where: the peer, as "host:port".
        timeout: the limits in force.
        total_passed: whether the total deadline is over.
    """
    if isinstance(error, exceptions.RequestException):
        return error
    raised = _raised(error, phase, where, timeout, total_passed=total_passed)
    if isinstance(raised, exceptions.ConnectionError):
        raised.phase = phase
    return raised


def is_over(deadline: float, now: float) -> bool:
    """Whether a deadline has passed, when something has timed out: a loop's timer may fire a little
    before its time.
    """
    return now + _EARLY >= deadline


def timed_out(
    phase: str, where: str, timeout: Timeout, *, total_passed: bool
) -> exceptions.Timeout:
    """The exception for a limit that was passed."""
    if total_passed:
        seconds = timeout.total_seconds
        doing = "waiting for a free connection to" if phase == "pool" else _DOING[phase]
        return exceptions.TotalTimeout(
            f"The request took longer than its total of {seconds:g} s; it was {doing} {where}. "
            "Raise Timeout(total=…), or make it None.",
            phase="total",
            seconds=seconds,
        )
    field = _TIMEOUT_FIELDS.get(phase, phase)
    seconds = getattr(timeout, f"{field}_seconds", inf)
    if phase == "pool":
        message = (
            f"No connection to {where} became free within {seconds:g} s: all are in use. "
            "Raise max_connections, close streamed responses, or raise Timeout(pool=…)."
        )
    else:
        message = (
            f"Timed out {_DOING[phase]} {where} after {seconds:g} s. Raise Timeout({field}=…), or "
            "make it None to wait for ever."
        )
    return _TIMEOUT_CLASSES[phase](message, phase=phase, seconds=seconds)


def require_http1(alpn: str | None, where: str) -> None:
    """Refuse a connection on which both sides agreed to speak something else than HTTP/1.1 (RFC
    7301, section 3.2), before a byte of a request is sent into it.

    Args:
        alpn: the protocol that was agreed on, or None.
        where: the peer.

    Raises:
        InvalidOption: it is another one, which only a context of the caller's can have offered.
    """
    if alpn is None or alpn in _HTTP1:
        return
    raise exceptions.InvalidOption(
        f"verify: the ssl.SSLContext offered {alpn!r}, and {where} chose it. Envoi speaks "
        "HTTP/1.1 only: call context.set_alpn_protocols(['http/1.1'])"
    )


def invalid_message(error: InvalidMessage) -> exceptions.RequestException:
    """The exception for something that cannot be sent."""
    if isinstance(error, InvalidHeaderError):
        return exceptions.InvalidHeader(str(error))
    if isinstance(error, InvalidMethodError):
        return exceptions.InvalidMethod(str(error))
    return exceptions.InvalidBody(str(error))


def _raised(
    error: Exception, phase: str, where: str, timeout: Timeout, *, total_passed: bool
) -> Exception:
    if isinstance(error, TimedOut):
        return timed_out(phase, where, timeout, total_passed=total_passed)
    if isinstance(error, ProtocolViolation):
        return _violation(error, phase, where)
    if isinstance(error, InvalidMessage):
        return invalid_message(error)
    if isinstance(error, OSError):
        found = _os_error(error, phase, where)
        found.errno = error.errno
        return found
    if isinstance(error, StreamClosed):
        return exceptions.ConnectionError(
            f"The connection was closed on this side while {_DOING.get(phase, 'using')} {where}"
        )
    return error


def _violation(error: ProtocolViolation, phase: str, where: str) -> exceptions.RequestException:
    if isinstance(error, IncompleteHead):
        return exceptions.IncompleteHead(
            f"{where} closed the connection inside its answer's head: {error}"
        )
    if isinstance(error, IncompleteMessage):
        if phase == "body":
            return exceptions.IncompleteBody(
                f"The connection to {where} ended before the body did: {error}"
            )
        return exceptions.RemoteProtocolError(
            f"{where} closed the connection without a complete answer: {error}"
        )
    if isinstance(error, FramingViolation):
        return exceptions.InvalidFraming(
            f"{where} sent an answer that breaks the rules of HTTP: {error}"
        )
    if phase == "body":
        return exceptions.ChunkedEncodingError(f"The body from {where} is broken: {error}")
    return exceptions.RemoteProtocolError(
        f"{where} sent an answer that breaks the rules of HTTP: {error}"
    )


def _os_error(error: OSError, phase: str, where: str) -> exceptions.RequestException:
    reason = error.strerror or str(error) or type(error).__name__
    if phase == "dns":
        return exceptions.NameResolutionError(
            f"The name of {where} could not be resolved: {reason}. Check the spelling, and the "
            "network."
        )
    if isinstance(error, ConnectionRefusedError):
        return exceptions.ConnectionRefused(
            f"{where} refused the connection: nothing listens there. Check the host and the port."
        )
    if phase == "connect" and isinstance(error, FileNotFoundError):  # a Unix socket
        return exceptions.ConnectionRefused(
            f"There is no socket for {where}: is the daemon running, and the path right?"
        )
    failure = tls_failure(error)
    if failure == "certificate":
        detail = getattr(error, "verify_message", reason)
        return exceptions.CertificateError(
            f"The certificate of {where} is not to be trusted: {detail}. For an authority of your "
            "own, pass verify='/path/to/ca.pem'."
        )
    if failure == "tls" and getattr(error, "reason", None) == "WRONG_VERSION_NUMBER":
        # OpenSSL's words for bytes that are no TLS record at all.
        address = where.removeprefix("the proxy ").rpartition("://")[2]
        return exceptions.SSLError(
            f"{where} spoke plain HTTP, or something else that is not TLS. Try "
            f"http://{address} instead of https://{address}, or another port."
        )
    if failure == "tls":
        return exceptions.SSLError(f"TLS with {where} failed: {reason}")
    if phase == "body":
        return exceptions.IncompleteBody(
            f"The connection to {where} broke before the body ended: {reason}"
        )
    return exceptions.ConnectionError(
        f"The connection broke while {_DOING.get(phase, 'using')} {where}: {reason}"
    )
