"""Negotiation of a tunnel with a proxy: the interface of its machines, and CONNECT (RFC 9110,
section 9.3.6).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from envoi._model.headers import Headers, default_user_agent
from envoi._proto.h1 import H1Machine, ResponseHead

MAX_CONNECT_HEAD: Final = 32768
"""Bytes of a proxy's answer to CONNECT."""

_MAX_REASON: Final = 120


class TunnelRefused(Exception):  # noqa: N818 - what happened, not a kind of error
    """Why a proxy makes no tunnel, as the rest of a sentence that begins with the proxy's name."""


class TunnelMachine(Protocol):
    """A sans-IO negotiation: received bytes in, bytes to send out."""

    established: bool

    def start(self) -> bytes:
        """What to send first."""
        ...

    def feed(self, data: bytes) -> bool:
        """Take bytes as received (b"" is the end); true when there is something to send, or the
        tunnel stands. Raises TunnelRefused.
        """
        ...

    def take_output(self) -> bytes:
        """What to send next; b"" for nothing."""
        ...

    def take_surplus(self) -> bytes:
        """Bytes received after the proxy's last answer: the tunnel's first."""
        ...


class ConnectMachine:
    """A CONNECT request and its answer.

    Args:
        host: where the tunnel leads, without brackets.
        port: its port.
        fields: header fields for the proxy, Proxy-Authorization among them.

    Raises:
        InvalidMessage: something in them cannot be sent.
    """

    def __init__(self, host: str, port: int, fields: Iterable[tuple[str, str]]) -> None:
        self.established = False
        self._machine = H1Machine(max_head_size=MAX_CONNECT_HEAD)
        headers = Headers(fields)
        self._authorized = "Proxy-Authorization" in headers
        if "User-Agent" not in headers:
            headers["User-Agent"] = default_user_agent()
        # RFC 9112, section 3.2.3: the port is always told. A zone (RFC 6874) has no meaning on
        # another machine.
        name = host.partition("%")[0]
        target = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        self._request = self._machine.start("CONNECT", target, target, headers)

    def start(self) -> bytes:
        """The request."""
        return self._request

    def feed(self, data: bytes) -> bool:
        """As in `TunnelMachine`.

        Raises:
            TunnelRefused: any final answer but 2xx.
            ProtocolViolation: no HTTP, too much of it, or a hang-up.
        """
        machine = self._machine
        woken = machine.feed(data)
        head = machine.take_head()
        if head is None:
            return woken
        if not machine.upgraded:
            raise TunnelRefused(self._refusal(head))
        self.established = True
        return True

    def take_output(self) -> bytes:
        """Nothing: there is one request."""
        return b""

    def take_surplus(self) -> bytes:
        """As in `TunnelMachine`."""
        return self._machine.take_surplus()

    def _refusal(self, head: ResponseHead) -> str:
        if head.status == 407 and self._authorized:
            return (
                "407 Proxy Authentication Required: it does not accept the credentials that it "
                "was given"
            )
        if head.status == 407:
            return "407 Proxy Authentication Required: put user name and password into its URL, http://user:password@host:port"
        reason = "".join(
            letter if letter.isprintable() else "?" for letter in head.reason[:_MAX_REASON]
        )
        return f"{head.status} {reason}".rstrip()
