"""Challenges in WWW-Authenticate and Proxy-Authenticate (RFC 9110, section 11.6.1), and lists of
parameters such as Authentication-Info's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHALLENGES: Final = 16
MAX_PARAMETERS: Final = 32
LONGEST_FIELD: Final = 16 * 1024


class Challenge(NamedTuple):
    """One challenge.

    Attributes:
        scheme: in lower case, such as "digest".
        parameters: by name in lower case, values without their quotes.
        token: what stands in place of parameters, as in `Negotiate oRQwEqADCgEA…`.
    """

    scheme: str
    parameters: dict[str, str]
    token: str | None = None


def parse_challenges(fields: Iterable[str]) -> list[Challenge]:
    """The challenges in one or more fields, in order.

    What cannot be read ends its field, and what was read before it stays. A challenge that names a
    parameter twice is left out: the two values contradict each other. Time is linear in the
    input, and the input is bounded.

    Args:
        fields: the values, one each field line.
    """
    found: list[Challenge] = []
    for field in fields:
        if len(field) <= LONGEST_FIELD:
            _parse_field(field, found)
    return found[:MAX_CHALLENGES]


def parse_parameters(field: str) -> dict[str, str]:
    """The parameters of a field that has no scheme, such as Authentication-Info (RFC 7615, section
    3); the first of a name counts.
    """
    parameters: dict[str, str] = {}
    position = 0
    while len(field) <= LONGEST_FIELD and len(parameters) < MAX_PARAMETERS:
        # matches nothing as well
        match = _PARAMETER.match(field, _SEPARATOR.match(field, position).end())  # type: ignore[union-attr]
        if match is None:
            break
        parameters.setdefault(match[1].lower(), _value(match))
        position = match.end()
    return parameters


def quoted(text: str) -> str:
    """`text` as a quoted-string (RFC 9110, section 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Possessive quantifiers do not backtrack, so that time stays linear in hostile input.
_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED: Final = r"\"((?:[^\"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*+)\""
_BARE: Final = r"([^\s,\"=\x00-\x1f\x7f][^\s,\"\x00-\x1f\x7f]*+)"
_SEPARATOR: Final = re.compile(r"[ \t,]*+")
_SCHEME: Final = re.compile(rf"({_NAME})(?:[ \t]++|(?=,)|\Z)")
_PARAMETER: Final = re.compile(rf"({_NAME})[ \t]*+=[ \t]*+(?:{_QUOTED}|{_BARE})[ \t]*+(?=,|\Z)")
_TOKEN68: Final = re.compile(r"([A-Za-z0-9\-._~+/]++=*+)[ \t]*+(?=,|\Z)")
_ESCAPE: Final = re.compile(r"\\(.)")


def _parse_field(field: str, found: list[Challenge]) -> None:
    position = 0
    while len(found) < MAX_CHALLENGES:
        # matches nothing as well
        position = _SEPARATOR.match(field, position).end()  # type: ignore[union-attr]
        scheme = _SCHEME.match(field, position)
        if scheme is None:
            return
        challenge, position, clean = _parse_challenge(field, scheme)
        if challenge is not None:
            found.append(challenge)
        if not clean:
            return


def _parse_challenge(field: str, scheme: re.Match[str]) -> tuple[Challenge | None, int, bool]:
    """A challenge (None: to be left out), where it ends, and whether what follows can be read."""
    name = scheme[1].lower()
    position = scheme.end()
    parameters: dict[str, str] = {}
    repeated = False
    first = _PARAMETER.match(field, position)
    if first is None:
        lone = _TOKEN68.match(field, position)
        if lone is not None and scheme[0] != scheme[1]:
            return Challenge(name, parameters, lone[1]), lone.end(), True
    while first is not None:
        key = first[1].lower()
        repeated = repeated or key in parameters
        parameters[key] = _value(first)
        position = first.end()
        if len(parameters) > MAX_PARAMETERS:
            return None, position, False
        # matches nothing as well
        first = _PARAMETER.match(field, _SEPARATOR.match(field, position).end())  # type: ignore[union-attr]
    return None if repeated else Challenge(name, parameters), position, True


def _value(match: re.Match[str]) -> str:
    text = match[2]
    if text is None:
        return str(match[3])
    return _ESCAPE.sub(r"\1", text) if "\\" in text else str(text)
