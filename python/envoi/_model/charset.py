"""Which character encoding a body is in: as declared, as JSON's rules say, or guessed."""

from __future__ import annotations

import codecs
from typing import Final

PROBE_SIZE: Final = 64 * 1024
_BYTE_ORDER_MARKS: Final = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NULLS_OF_ASCII: Final = {
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
}


def declared_encoding(content_type: str | None) -> str | None:
    """The encoding that a Content-Type names, or implies as requests has it: ISO-8859-1 for text,
    utf-8 for JSON.
    """
    if not content_type:
        return None
    media_type, *parameters = content_type.split(";")
    encoding: str | None = None
    for parameter in parameters:
        name, equals, value = parameter.strip().partition("=")
        if equals and name.strip(_QUOTES_AND_BLANKS).lower() == "charset":
            encoding = value.strip(_QUOTES_AND_BLANKS)
    if encoding is not None:
        return encoding
    if "text" in media_type:
        return "ISO-8859-1"
    return "utf-8" if "application/json" in media_type else None


def json_encoding(content: bytes) -> str | None:
    """UTF-8, -16 or -32, by the byte order mark or by where the zeros of the first two characters
    are; None when neither fits.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return name
    start = content[:4]
    if 0 not in start:
        return "utf-8"
    return _NULLS_OF_ASCII.get(tuple(byte == 0 for byte in start))  # type: ignore[arg-type]


def guess_encoding(content: bytes) -> str | None:
    """A guess at the encoding, from the first 64 KiB; None when there is none."""
    if not content:
        return "utf-8"
    probe = content[:PROBE_SIZE]
    quick = _ascii_or_utf8(probe, whole=len(probe) == len(content))
    if quick is not None:
        return quick
    from charset_normalizer import detect

    found = detect(probe)["encoding"]
    return found if isinstance(found, str) else None


_QUOTES_AND_BLANKS: Final = "\"' "
_NOT_PLAIN: Final = (b"\x00", b"\x1b", b"~{", b"+/")
"""UTF-16 and -32, ISO-2022, HZ and UTF-7 look like ASCII but for these."""


def _ascii_or_utf8(probe: bytes, *, whole: bool) -> str | None:
    if probe.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)) or any(
        mark in probe for mark in _NOT_PLAIN
    ):
        return None
    if probe.isascii():
        return "ascii"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(probe, final=whole)
    except UnicodeDecodeError:
        return None
    return "utf-8"
