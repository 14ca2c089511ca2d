"""Which URLs are exempt from the environment's proxies: what NO_PROXY says.

There is no standard; this is what curl, Go and requests have in common, with every name and address
compared in its one normal form.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from envoi._model.url import URL, URLError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    _Address: TypeAlias = IPv4Address | IPv6Address
    _Network: TypeAlias = IPv4Network | IPv6Network

_CACHE_SIZE: Final = 64
_SEPARATORS: Final = re.compile(r"[,\s]+")
_PORT: Final = re.compile(r"(.+):(\d{1,5})")
_NOT_IN_A_NAME: Final = re.compile(r"[/?#@\\]")
_MAPPED_BITS: Final = 96
"""The length of ::ffff:0:0/96, in which IPv4 addresses are mapped (RFC 4291, section 2.5.5.2)."""


class _Entry(NamedTuple):
    """One exemption: a domain with its subdomains, or a network."""

    name: str
    network: _Network | None
    port: int | None


def bypasses(url: URL, no_proxy: str) -> bool:
    """Whether a URL is to be reached without the environment's proxies.

    Entries are separated by commas or white space. `*` is everything; a name stands for itself and
    for all below it, with or without a leading `.` or `*.`; an address, or a network such as
    `10.0.0.0/8` or `fd00::/8`, stands for addresses, never for names that resolve to them; `:8080`
    behind a name or an address (IPv6 in brackets) limits it to that port. What cannot be read is
    skipped.

    Args:
        url: where the request goes.
        no_proxy: such as "localhost,.corp.test,10.0.0.0/8,[::1]:8080".

    Examples:
        >>> bypasses(URL("http://www.corp.test./"), "CORP.test")
        True
        >>> bypasses(URL("http://evilcorp.test/"), "corp.test")
        False
    """
    if not no_proxy:
        return False
    everything, entries = _parsed(no_proxy)
    if everything:
        return True
    if not entries:
        return False
    address = _address(url.host) if url.is_ip_literal else None
    host = "" if address is not None else url.host.removesuffix(".")
    for name, network, port in entries:
        if port is not None and port != url.port:
            continue
        if network is not None:
            if address is not None and address.version == network.version and address in network:
                return True
        elif address is None and (host == name or host.endswith(f".{name}")):
            return True
    return False


@lru_cache(_CACHE_SIZE)
def _parsed(no_proxy: str) -> tuple[bool, tuple[_Entry, ...]]:
    texts = [text for text in _SEPARATORS.split(no_proxy) if text]
    if "*" in texts:
        return True, ()
    return False, tuple(entry for entry in map(_entry, texts) if entry is not None)


def _entry(text: str) -> _Entry | None:
    network = _network(text)
    if network is not None:
        return _Entry("", network, None)
    port: int | None = None
    if found := _PORT.fullmatch(text):
        text, port = found[1], int(found[2])
        network = _network(text)
        if network is not None:
            return _Entry("", network, port)
    if _NOT_IN_A_NAME.search(text):
        return None
    try:
        # The parser of the request's own URL, so that case, IDN and valid characters are treated
        # alike.
        host = URL("http://" + text.removeprefix("*").removeprefix(".")).host
    except URLError:
        return None
    return _Entry(host.removesuffix("."), None, port)


def _network(text: str) -> _Network | None:
    """An address or a network; IPv4 mapped into IPv6 as the IPv4 that it is."""
    from ipaddress import ip_network

    address, slash, length = text.partition("/")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    try:
        network = ip_network(address.partition("%")[0] + slash + length, strict=False)
    except ValueError:
        return None
    if (
        network.version == 6
        and network.prefixlen >= _MAPPED_BITS
        and (mapped := network.network_address.ipv4_mapped) is not None
    ):
        return ip_network(f"{mapped}/{network.prefixlen - _MAPPED_BITS}")
    return network


def _address(host: str) -> _Address:
    from ipaddress import ip_address

    address = ip_address(host.partition("%")[0])
    if address.version == 6 and (mapped := address.ipv4_mapped) is not None:
        return mapped
    return address
