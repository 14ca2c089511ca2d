"""Servers to test against, inside the process, on loopback.

`Server` is a well-behaved HTTP/1.1 server with routes of your own and a set of ready-made ones.
`RawServer` sends exactly the bytes that a script says. `CertificateAuthority` issues certificates
for both.

Examples:
    >>> import envoi
    >>> from envoi.testing import Server
    >>> with Server() as server:
    ...     envoi.get(f"{server.url}/status/418").status_code
    418
"""

from __future__ import annotations

from envoi.testing._certificates import Certificate, CertificateAuthority
from envoi.testing._messages import Answer, Headers, Request
from envoi.testing._raw import RawConnection, RawServer
from envoi.testing._server import Server

__all__ = [
    "Answer",
    "Certificate",
    "CertificateAuthority",
    "Headers",
    "RawConnection",
    "RawServer",
    "Request",
    "Server",
]
