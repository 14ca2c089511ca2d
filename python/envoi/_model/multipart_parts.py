"""One part of a multipart body: from what a caller passes as a file or field to a head and a source
(RFC 7578, section 4).
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping
from stat import S_ISREG
from typing import Any, Final, NamedTuple

from envoi._model.body_streams import (
    AsyncFileBody,
    AsyncIteratorBody,
    Body,
    FileBody,
    IteratorBody,
    describe_file,
    is_coroutine_function,
)
from envoi._model.exceptions import InvalidBody
from envoi._model.methods import TOKEN
from envoi._model.text import plain
from envoi._model.url import pairs_of

MEMORY_LIMIT: Final = 1024 * 1024
"""Bytes of a body that is built in memory at most, files included."""


class Part(NamedTuple):
    """A part: its header section, with the empty line that ends it, and its content: bytes, or a
    body to read in pieces.
    """

    head: bytes
    content: bytes | Body


def field_parts(data: Any) -> list[Part]:
    """The parts for `data=`: mappings or pairs, a part for each value of a sequence, none for None.

    Raises:
        InvalidBody: text or bytes, as in requests, or no pairs.
    """
    if isinstance(data, (str, bytes, bytearray)):
        raise InvalidBody("Data must not be a string.")
    parts = []
    for name, value in _pairs(data, "data"):
        several = hasattr(value, "__iter__") and not isinstance(value, (str, bytes, bytearray))
        for item in value if several else (value,):
            if item is not None:
                content = (
                    bytes(item)
                    if isinstance(item, (bytes, bytearray))
                    else _encoded(str(item), "a field's value")
                )
                parts.append(Part(_head(name, None, None, None), content))
    return parts


def file_parts(files: Any, room: int) -> list[Part]:
    """The parts for `files=`.

    Args:
        files: a mapping or pairs of a field's name and a file, its content, or a tuple `(filename,
            content[, type[, headers]])`.
        room: bytes that files may take up in memory, all together.

    Raises:
        InvalidBody: none of these, or something in it that cannot be sent.
    """
    parts = []
    for name, value in _pairs(files, "files"):
        if name is None:
            message = (
                "files= has a field without a name: give it one, as in {'file': open(path, 'rb')}"
            )
            raise InvalidBody(message)
        filename, content, content_type, headers = _unpack(name, value)
        if content is None:
            continue
        source = _source(content, room)
        if isinstance(source, bytes) and not isinstance(content, (str, bytes, bytearray)):
            room -= len(source)
        parts.append(Part(_head(name, filename, content_type, headers), source))
    return parts


def guess_filename(file: Any) -> str | None:
    """The last component of `file.name`; None when that is no path: a number, or `<stdin>`."""
    name = getattr(file, "name", None)
    if not isinstance(name, (str, bytes)) or not name:
        return None
    text = os.fsdecode(name)
    return (
        None
        if text.startswith("<") or text.endswith(">")
        else text.replace(os.sep, "/").rpartition("/")[2]
    )


class PartFile(FileBody):
    """A file that goes to its start before it is read: one file may be in several parts."""

    __slots__ = ()

    def next_piece(self) -> bytes:
        if not self._started and self._start is not None and hasattr(self._file, "seek"):
            self._started = True
            self.rewind()
        return super().next_piece()


_ESCAPES: Final = {0x0A: "%0A", 0x0D: "%0D", 0x22: "%22"}
_FORBIDDEN: Final = re.compile(r"[\x00\r\n]")
_OWN_FIELDS: Final = ("Content-Disposition", "Content-Type", "Content-Location")
_FILES: Final = (
    io.BytesIO,
    io.StringIO,
    io.BufferedReader,
    io.BufferedRandom,
    io.FileIO,
    io.TextIOWrapper,
)


def _pairs(source: Any, argument: str) -> Iterable[tuple[Any, Any]]:
    if source is None:
        return ()
    return pairs_of(source, argument, "a mapping or pairs of name and value", InvalidBody)


def _unpack(name: Any, value: Any) -> tuple[Any, Any, Any, Any]:
    """File name, content, type and headers."""
    if not isinstance(value, (tuple, list)):
        return guess_filename(value) or name, value, None, None
    if not 2 <= len(value) <= 4:
        message = (
            f"files= has a tuple of {len(value)} for {name!r}: it takes (filename, content[, "
            "content type[, headers]])"
        )
        raise InvalidBody(message)
    filename, content, content_type, headers = (*value, None, None)[:4]
    return filename, content, content_type, headers


def _source(content: Any, room: int) -> bytes | Body:
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    if isinstance(content, str):
        return _encoded(content, "a file's content")
    if isinstance(content, int):
        return str(content).encode()
    if hasattr(content, "read"):
        return _file_source(content, room)
    if hasattr(content, "__aiter__"):
        return AsyncIteratorBody(content)
    if isinstance(content, Iterable) and not isinstance(content, Mapping):
        return IteratorBody(content)
    message = (
        f"files= has a {type(content).__name__}: pass a file, text, bytes or an iterable of bytes"
    )
    raise InvalidBody(message)


def _file_source(file: Any, room: int) -> bytes | Body:
    if hasattr(file, "__aiter__") or is_coroutine_function(file.read):
        return AsyncFileBody(file)
    if _is_small(file, room) or _is_empty(file):
        content = file.read()
        return _encoded(content, "a file's content") if isinstance(content, str) else bytes(content)
    return PartFile(*describe_file(file))


def _is_small(file: Any, room: int) -> bool:
    """Whether the file is one of the standard library's, in memory or regular, and fits into
    `room`.

    Such a file is read at once, as requests does: the request can then be pickled, or sent after
    the file was closed.
    """
    if type(file) not in _FILES:
        return False
    if isinstance(file, io.BytesIO):
        return file.getbuffer().nbytes <= room
    if isinstance(file, io.StringIO):
        return len(file.getvalue()) * 4 <= room
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return False
    return S_ISREG(status.st_mode) and 0 < status.st_size <= room


def _is_empty(file: Any) -> bool:
    """Whether a file of size 0 is empty: files under /proc say 0 although they have content."""
    if type(file) not in _FILES:
        return False
    try:
        if os.fstat(file.fileno()).st_size or not S_ISREG(os.fstat(file.fileno()).st_mode):
            return False
        position = file.tell()
        if not file.read(1):
            return True
        file.seek(position)
    except (OSError, ValueError):
        pass
    return False


def _head(name: Any, filename: Any, content_type: Any, headers: Any) -> bytes:
    """The header section, its fields in the order of requests: ours, then the caller's."""
    disposition = f'form-data; name="{_escaped(name)}"'
    if filename is not None:
        disposition += f'; filename="{_escaped(filename)}"'
    own = {"Content-Disposition": disposition}
    others: list[tuple[str, str]] = []
    for given, value in _pairs(headers, "files"):
        field = _text(given)
        known = next((ours for ours in _OWN_FIELDS if ours.lower() == field.lower()), None)
        if known is None:
            others.append((field, value))
        else:
            own.setdefault(known, value)
    if content_type is not None:
        own["Content-Type"] = content_type
    ordered = [(field, own[field]) for field in _OWN_FIELDS if field in own]
    lines = [_line(field, value) for field, value in (*ordered, *others) if value]
    return "".join((*lines, "\r\n")).encode("utf-8", "surrogateescape")


def _escaped(name: Any) -> str:
    """A name between quotes, as browsers write it (HTML, section 4.10.21.8): nothing in it can end
    the quotes or the line.
    """
    text = _text(name)
    if "\x00" in text:
        message = f"the name {text!r} in a multipart body has a NUL character"
        raise InvalidBody(message)
    _encoded(text, "a name", "surrogateescape")
    return text.translate(_ESCAPES)


def _line(field: str, value: Any) -> str:
    text = _text(value)
    if TOKEN.fullmatch(field) is None or _FORBIDDEN.search(text):
        message = f"the header {field!r} of a part has characters that would break the body"
        raise InvalidBody(message)
    _encoded(text, "a header", "surrogateescape")
    return f"{field}: {text}\r\n"


def _text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "surrogateescape")
    return plain(value) if isinstance(value, str) else str(value)


def _encoded(text: str, what: str, errors: str = "strict") -> bytes:
    try:
        return text.encode("utf-8", errors)
    except UnicodeEncodeError as error:
        message = f"{what} in a multipart body has text that UTF-8 cannot carry: {error.reason}"
        raise InvalidBody(message) from None
