"""requests' helper functions that parse header values and check header fields."""

from __future__ import annotations

import re
from typing import Any, Final

from envoi._model.exceptions import InvalidHeader

# A name has no white space at its start and no colon; a value none at its start; neither has a line
# break.
_NAME: Final = re.compile(r"(?!\s)[^:\r\n]+\Z")
_VALUE: Final = re.compile(r"(?!\s)[^\r\n]*\Z")
_NAME_BYTES: Final = re.compile(rb"(?!\s)[^:\r\n]+\Z")
_VALUE_BYTES: Final = re.compile(rb"(?!\s)[^\r\n]*\Z")
STR_VALIDATORS: Final = (_NAME, _VALUE)
BYTES_VALIDATORS: Final = (_NAME_BYTES, _VALUE_BYTES)
HEADER_VALIDATORS: Final[dict[type[str | bytes], tuple[re.Pattern[Any], re.Pattern[Any]]]] = {
    bytes: BYTES_VALIDATORS,
    str: STR_VALIDATORS,
}


def parse_list_header(value: str) -> list[str]:
    """The items of a comma-separated list (RFC 9110, section 5.6.1), quotes removed.

    Args:
        value: the field's value.

    Examples:
        >>> parse_list_header('token, "quoted, value"')
        ['token', 'quoted, value']
    """
    return [_unquoted(item) for item in _items(value)]


def parse_dict_header(value: str) -> dict[str, str | None]:
    """The pairs of a comma-separated list, quotes removed; None for a name that stands alone.

    Args:
        value: the field's value.

    Examples:
        >>> parse_dict_header('realm="a, b", stale')
        {'realm': 'a, b', 'stale': None}
    """
    pairs: dict[str, str | None] = {}
    for item in _items(value):
        name, equals, text = item.partition("=")
        pairs[name] = _unquoted(text) if equals else None
    return pairs


def unquote_header_value(value: str, is_filename: bool = False) -> str:
    r"""A value without its quotes, and the escapes for `\` and `"` undone.

    Args:
        value: with or without quotes.
        is_filename: whether it is a file's name: one that begins with `\\`, a network path, keeps
            its backslashes.
    """
    if not value or value[0] != '"' or value[-1] != '"':
        return value
    inner = value[1:-1]
    if is_filename and inner.startswith("\\\\"):
        return inner
    return inner.replace("\\\\", "\\").replace('\\"', '"')


def parse_content_type(header: str) -> tuple[str, dict[str, str]]:
    """A Content-Type's media type and parameters, whose names are in lower case; what has no `=` is
    left out.

    Args:
        header: the field's value.
    """
    media_type, *rest = header.split(";")
    parameters: dict[str, str] = {}
    for part in rest:
        name, equals, value = part.strip().partition("=")
        if equals:
            parameters[name.strip("\"' ").lower()] = value.strip("\"' ")
    return media_type.strip(), parameters


def check_header_validity(header: tuple[object, object]) -> None:
    """Refuse a header field with a line break, white space at the start of its name or value, or a
    colon in its name.

    Args:
        header: name and value.

    Raises:
        InvalidHeader: it may not be sent, or is neither str nor bytes.
    """
    valid: object
    for part, which, text_rule, bytes_rule in zip(
        header, ("name", "value"), STR_VALIDATORS, BYTES_VALIDATORS, strict=True
    ):
        if isinstance(part, str):
            valid = text_rule.match(part)
        elif isinstance(part, bytes):
            valid = bytes_rule.match(part)
        else:
            raise InvalidHeader(
                f"The header {which} must be str or bytes, not {type(part).__name__}"
            )
        if not valid:
            raise InvalidHeader(
                f"The {which} of the header {header[0]!r} has white space at its start, a line "
                "break, or another character that is reserved"
            )


def _items(value: str) -> list[str]:
    from urllib.request import parse_http_list  # slow to import

    return parse_http_list(value)


def _unquoted(item: str) -> str:
    # As in requests: for the quotes around an item, and for quotes inside them.
    return unquote_header_value(item[1:-1]) if item[:1] == item[-1:] == '"' else item
