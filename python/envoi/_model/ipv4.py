"""IPv4 addresses and networks as text, by requests' helper functions, in every form that the C
library takes.
"""

from __future__ import annotations

import re
from typing import Final

_FULL: Final = 0xFFFFFFFF
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")


def is_ipv4_address(string_ip: str) -> bool:
    """Whether it is an IPv4 address.

    Args:
        string_ip: such as "192.0.2.1". "127.1" and "0x7f.1" are addresses too.
    """
    return _address(string_ip) is not None


def is_valid_cidr(string_network: str) -> bool:
    """Whether it is an IPv4 network with a length from 1 to 32.

    Args:
        string_network: such as "192.0.2.0/24".
    """
    address, slash, length = string_network.partition("/")
    if not slash or not is_ipv4_address(address):
        return False
    try:
        return 1 <= int(length) <= 32
    except ValueError:
        return False


def address_in_network(ip: str, net: str) -> bool:
    """Whether an address is in a network.

    Args:
        ip: such as "192.0.2.1".
        net: such as "192.0.2.0/24".

    Raises:
        OSError: one of them is no address.

    Examples:
        >>> address_in_network("192.0.2.1", "192.0.2.0/24")
        True
    """
    network, length = net.split("/")
    mask = _mask(int(length))
    return (_known(ip) & mask) == (_known(network) & mask)


def dotted_netmask(mask: int) -> str:
    """A network's length as a mask.

    Args:
        mask: from 0 to 32.

    Examples:
        >>> dotted_netmask(24)
        '255.255.255.0'
    """
    return ".".join(str(part) for part in _mask(mask).to_bytes(4, "big"))


def _mask(length: int) -> int:
    return _FULL & ~((1 << 32 - length) - 1)


def _known(text: str) -> int:
    address = _address(text)
    if address is None:
        message = f"illegal IP address string: {text!r}"
        raise OSError(message)
    return address


def _address(text: str) -> int | None:
    """The address as a number, or None. The last of fewer than four parts fills all bytes that are
    left.
    """
    # The C library stops at white space.
    parts = (text.split(maxsplit=1)[0] if text[:1].strip() else text).split(".")
    numbers = [_number(part) for part in parts]
    if len(parts) > 4 or None in numbers:
        return None
    *leading, last = (number or 0 for number in numbers)
    if any(number > 255 for number in leading) or last >= 1 << 8 * (4 - len(leading)):
        return None
    for place, number in enumerate(leading):
        last |= number << 8 * (3 - place)
    return last


def _number(text: str) -> int | None:
    if _NUMBER.fullmatch(text) is None:
        return None
    try:
        if text[:2] in {"0x", "0X"}:
            return int(text, 16)
        return int(text, 8 if text[0] == "0" else 10)
    except ValueError:
        return None
