"""SOCKS as sans-IO machines: version 4 and 4a (OpenSSH's SOCKS4.protocol and SOCKS4A.protocol),
version 5 (RFC 1928, RFC 1929).

```python
machine = Socks5Machine("example.test", 443, "user", "password")
sending = machine.start()
while sending:
    ...  # send it, and feed what comes until `feed` returns true
    sending = machine.take_output()
```

The first bytes of each answer tell its length, which is below 300: the buffer is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from envoi._proto.tunnel import TunnelRefused

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

MAX_NAME: Final = 255
"""Bytes of a host name (RFC 1928, section 5: one octet tells the length)."""

NO_AUTHENTICATION: Final = 0x00
USERNAME_PASSWORD: Final = 0x02
NO_ACCEPTABLE_METHOD: Final = 0xFF

_SUCCEEDED: Final = 0x00
_ADDRESS_LENGTHS: Final = {0x01: 4, 0x04: 16}
_NAME: Final = 0x03

SOCKS5_REPLIES: Final = {
    0x01: "it failed in general",
    0x02: "its rules do not allow the connection",
    0x03: "the network cannot be reached",
    0x04: "the host cannot be reached",
    0x05: "the connection was refused",
    0x06: "the time to live expired",
    0x07: "it does not know the command CONNECT",
    0x08: "it does not know this type of address",
}
"""RFC 1928, section 6."""

_GRANTED: Final = 90
SOCKS4_REPLIES: Final = {
    91: "it rejected the connection, or could not make it",
    92: "it cannot reach the identd of this client",
    93: "the client's identd tells another user than the user name given",
}


class SocksError(TunnelRefused):
    """The proxy refused, or does not speak SOCKS; or what was asked for cannot be said in SOCKS."""


_Step: TypeAlias = Callable[[bytes], "tuple[int, _Step] | None"]


class _Machine:
    """What both versions share: collect bytes until the present step has as many as it needs."""

    awaits_address = False

    def __init__(self) -> None:
        self.established = False
        self._buffer = bytearray()
        self._output = bytearray()
        self._needed, self._step = self._first()

    def feed(self, data: bytes) -> bool:
        """Take bytes as received; b"" is the end of the stream. True when there is something to
        send, or the tunnel stands.

        Raises:
            SocksError: the proxy refused, broke the rules, or hung up.
        """
        if not data and not self.established:
            raise SocksError("it closed the connection before the tunnel stood")
        self._buffer += data
        while not self.established and len(self._buffer) >= self._needed:
            piece = bytes(self._buffer[: self._needed])
            del self._buffer[: self._needed]
            following = self._step(piece)
            if following is None:
                self.established = True
            else:
                self._needed, self._step = following
        return self.established or self.awaits_address or bool(self._output)

    def take_output(self) -> bytes:
        """What is to be sent now; b"" when the tunnel stands."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_surplus(self) -> bytes:
        """Bytes received after the proxy's last answer: the tunnel's first."""
        surplus = bytes(self._buffer)
        self._buffer.clear()
        return surplus

    def _first(self) -> tuple[int, _Step]:
        raise NotImplementedError


class Socks4Machine(_Machine):
    """A CONNECT under SOCKS4, or under 4a when the host is a name.

    Args:
        host: an IPv4 address, or a name that the proxy is to resolve (4a).
        port: the port.
        user: the user id; "" for none.

    Raises:
        SocksError: the host cannot be told in SOCKS4.
    """

    def __init__(self, host: str, port: int, user: str = "") -> None:
        super().__init__()
        address = _parse_address(host)
        if address is not None and address.version != 4:
            raise SocksError("SOCKS4 has no IPv6 addresses: use a socks5:// or socks5h:// proxy")
        if "\0" in user:
            raise SocksError("a SOCKS4 user name cannot have a NUL character")
        # 4a: an address of the form 0.0.0.x, which no host has, says that a name follows.
        packed = b"\0\0\0\1" if address is None else address.packed
        name = _encode_name(host) + b"\0" if address is None else b""
        self._request = (
            b"\x04\x01" + port.to_bytes(2, "big") + packed + user.encode() + b"\0" + name
        )

    def start(self) -> bytes:
        """The request."""
        return self._request

    def _first(self) -> tuple[int, _Step]:
        return 8, self._on_reply

    @staticmethod
    def _on_reply(data: bytes) -> tuple[int, _Step] | None:
        version, code = data[0], data[1]
        if version != 0:
            raise SocksError("its answer is not SOCKS4")
        if code != _GRANTED:
            raise SocksError(
                f"{SOCKS4_REPLIES.get(code, 'it refused with an unknown code')} (code {code})"
            )
        return None


class Socks5Machine(_Machine):
    """A CONNECT under SOCKS5.

    Args:
        host: an IPv4 or IPv6 address, or a name that the proxy is to resolve.
        port: the port.
        username: for RFC 1929's sub-negotiation; None to offer none.
        password: likewise.
        aimed: False for a name whose address will be told by `aim`, once the proxy has agreed to
            talk.

    Attributes:
        awaits_address: whether that is waited for now.

    Raises:
        SocksError: the host or the credentials cannot be told in SOCKS5.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        *,
        aimed: bool = True,
    ) -> None:
        super().__init__()
        self._port = port
        self._aimed = aimed
        self._request = self._connect_to(host)
        self._credentials = (
            None if username is None else _encode_credentials(username, password or "")
        )

    def aim(self, address: str) -> None:
        """Tell the name's address.

        Args:
            address: of IPv4 or IPv6.
        """
        self._aimed = True
        self._request = self._connect_to(address)
        if self.awaits_address:
            self.awaits_address = False
            self._output += self._request

    def start(self) -> bytes:
        """The greeting: which ways of authentication are known (RFC 1928, section 3)."""
        methods = (
            [NO_AUTHENTICATION]
            if self._credentials is None
            else [NO_AUTHENTICATION, USERNAME_PASSWORD]
        )
        return bytes([5, len(methods), *methods])

    def _first(self) -> tuple[int, _Step]:
        return 2, self._on_method

    def _on_method(self, data: bytes) -> tuple[int, _Step]:
        version, method = data
        if version != 5:
            raise SocksError("its answer is not SOCKS5")
        if method == NO_AUTHENTICATION:
            return self._ask()
        if method == USERNAME_PASSWORD and self._credentials is not None:
            self._output += self._credentials
            return 2, self._on_credentials
        if method == NO_ACCEPTABLE_METHOD and self._credentials is None:
            raise SocksError(
                "it wants authentication: put user name and password into its URL, socks5://user:password@host:port"
            )
        if method == NO_ACCEPTABLE_METHOD:
            raise SocksError("it takes neither user name and password nor no authentication")
        raise SocksError(f"it chose a way of authentication that was not offered ({method})")

    def _on_credentials(self, data: bytes) -> tuple[int, _Step]:
        # RFC 1929, section 2: any status but 0 is a failure. Some servers answer with the wrong
        # version here.
        if data[1] != 0:
            raise SocksError("it refused user name and password")
        return self._ask()

    def _ask(self) -> tuple[int, _Step]:
        if self._aimed:
            self._output += self._request
        else:
            self.awaits_address = True
        return 2, self._on_reply

    def _connect_to(self, host: str) -> bytes:
        return b"\x05\x01\x00" + _encode_destination(host) + self._port.to_bytes(2, "big")

    def _on_reply(self, data: bytes) -> tuple[int, _Step]:
        # Raise on a refusal at once: some servers close without sending the rest.
        version, code = data
        if version != 5:
            raise SocksError("its answer is not SOCKS5")
        if code != _SUCCEEDED:
            raise SocksError(
                f"{SOCKS5_REPLIES.get(code, 'it refused with an unknown code')} (code {code})"
            )
        return 3, self._on_bound_type

    def _on_bound_type(self, data: bytes) -> tuple[int, _Step]:
        # The third byte is the first of the address, or the length of the name (RFC 1928, section
        # 6).
        _, kind, first = data
        if kind == _NAME:
            return first + 2, self._on_bound_address
        length = _ADDRESS_LENGTHS.get(kind)
        if length is None:
            raise SocksError(f"its answer has an unknown type of address ({kind})")
        return length - 1 + 2, self._on_bound_address

    @staticmethod
    def _on_bound_address(data: bytes) -> None:
        """Ignore the address that the proxy connects from."""


def _encode_destination(host: str) -> bytes:
    """Type and address (RFC 1928, section 5)."""
    address = _parse_address(host)
    if address is None:
        name = _encode_name(host)
        return bytes([_NAME, len(name)]) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


def _encode_name(host: str) -> bytes:
    try:
        name = host.encode("ascii")
    except UnicodeEncodeError:
        raise SocksError("a host name for SOCKS must be ASCII") from None
    if not name or len(name) > MAX_NAME or b"\0" in name:
        raise SocksError(f"a host name for SOCKS has 1 to {MAX_NAME} bytes, none of them NUL")
    return name


def _encode_credentials(username: str, password: str) -> bytes:
    """RFC 1929, section 2."""
    user, secret = username.encode(), password.encode()
    if not 1 <= len(user) <= MAX_NAME or len(secret) > MAX_NAME:
        raise SocksError(
            f"user name and password for SOCKS5 have at most {MAX_NAME} bytes each, and the user "
            "name at least one"
        )
    return b"\x01" + bytes([len(user)]) + user + bytes([len(secret)]) + secret


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    if ":" not in host and not host[-1:].isdigit():
        return None
    from ipaddress import ip_address

    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None
