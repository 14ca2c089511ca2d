"""What a route gets (`Request`) and what it gives back (`Answer`)."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import cached_property
from typing import Any, SupportsIndex, TypeAlias, overload
from urllib.parse import parse_qsl

Pairs: TypeAlias = "Sequence[tuple[str, str]]"
"""Header fields in their order."""

Content: TypeAlias = "bytes | str | Mapping[str, Any] | list[Any] | None"
"""A body: bytes as they are, text as UTF-8, a mapping or a list as JSON."""


class Headers(tuple[tuple[str, str], ...]):
    """Header fields as they came, in their order; names are looked up without regard
    to case.

    Examples:
        >>> headers = Headers([("Accept", "*/*"), ("X-Tag", "a"), ("x-tag", "b")])
        >>> headers["ACCEPT"], headers.all("x-tag"), headers[0], "Cookie" in headers
        ('*/*', ['a', 'b'], ('Accept', '*/*'), False)
    """

    __slots__ = ()

    @overload
    def __getitem__(self, key: str, /) -> str: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[tuple[str, str], ...]: ...
    def __getitem__(self, key: Any, /) -> Any:
        """The first value of a field by its name, or a pair by its position.

        Raises:
            KeyError: no such field came.
        """
        if not isinstance(key, str):
            return super().__getitem__(key)
        found = self.all(key)
        if not found:
            raise KeyError(key)
        return found[0]

    def __contains__(self, key: object) -> bool:
        return self.has(key) if isinstance(key, str) else super().__contains__(key)

    def get(self, name: str, default: str = "") -> str:
        """The first value of the field `name`, or `default`."""
        wanted = name.lower()
        for key, value in self:
            if key.lower() == wanted:
                return value
        return default

    def all(self, name: str) -> list[str]:
        """Every value of the field `name`."""
        wanted = name.lower()
        return [value for key, value in self if key.lower() == wanted]

    def has(self, name: str) -> bool:
        """Whether the field `name` came at all."""
        wanted = name.lower()
        return any(key.lower() == wanted for key, _ in self)

    def as_dict(self) -> dict[str, str]:
        """One value per name; those of a repeated field joined with a comma (RFC 9110, section
        5.3).
        """
        joined: dict[str, str] = {}
        for key, value in self:
            title = key.title()
            joined[title] = f"{joined[title]},{value}" if title in joined else value
        return joined


@dataclass(frozen=True)
class Request:
    """A request that a test server received.

    Args:
        method: "GET", "POST" …, as sent.
        target: the request target as sent: path and query, or a whole URL when the client takes the
            server for a proxy.
        path: the path alone, as sent (percent-encoding kept).
        query: what follows the question mark, as sent.
        headers: the header fields.
        body: the body, with any chunked framing removed.
        peer: the client's address.
        secure: whether it came over TLS.
        version: "HTTP/1.1" or "HTTP/1.0".
        trailers: the fields after a chunked body.
        parameters: what `<name>` stands for in the route's pattern.
        connection: the number of the connection it came over, from 1.
    """

    method: str
    target: str
    path: str
    query: str
    headers: Headers
    body: bytes = b""
    peer: tuple[str, int] = ("", 0)
    secure: bool = False
    version: str = "HTTP/1.1"
    trailers: Headers = field(default_factory=Headers)
    parameters: Mapping[str, str] = field(default_factory=dict)
    connection: int = 0

    @property
    def url(self) -> str:
        """The URL that was asked for, built from the Host field."""
        if "://" in self.target:
            return self.target
        return f"{'https' if self.secure else 'http'}://{self.headers.get('host')}{self.target}"

    @cached_property
    def args(self) -> dict[str, str | list[str]]:
        """The query's fields; a list where a name is repeated."""
        return _grouped(parse_qsl(self.query, keep_blank_values=True))

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies sent (RFC 6265, section 4.2)."""
        pairs = (
            piece.partition("=")
            for value in self.headers.all("cookie")
            for piece in value.split(";")
            if piece.strip()
        )
        return {name.strip(): value.strip() for name, _, value in pairs}

    def text(self) -> str:
        """The body as text: UTF-8, what is invalid replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json_module.loads(self.body)

    def form(self) -> dict[str, str | list[str]]:
        """The fields of an urlencoded or a multipart body; empty for any other."""
        kind = self._content_type()
        if kind == "application/x-www-form-urlencoded":
            return _grouped(parse_qsl(self.text(), keep_blank_values=True))
        return _grouped(
            [
                (name, content.decode("utf-8", "replace"))
                for name, filename, content in self._parts()
                if filename is None
            ]
        )

    def files(self) -> dict[str, tuple[str, bytes]]:
        """The files of a multipart body: name of the field → (name of the file, content)."""
        return {
            name: (filename, content)
            for name, filename, content in self._parts()
            if filename is not None
        }

    def _content_type(self) -> str:
        return self.headers.get("content-type").partition(";")[0].strip().lower()

    def _parts(self) -> list[tuple[str, str | None, bytes]]:
        if self._content_type() != "multipart/form-data":
            return []
        head = f"Content-Type: {self.headers.get('content-type')}\r\n\r\n".encode("latin-1")
        found = []
        for part in message_from_bytes(head + self.body).walk():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if name is not None and isinstance(content, bytes):
                found.append((str(name), part.get_filename(), content))
        return found


@dataclass
class Answer:
    """A response, sound or broken on purpose.

    Args:
        status: the status code.
        body: bytes, text (as UTF-8), or a mapping or list (as JSON).
        headers: fields to add; Content-Length, Transfer-Encoding and Content-Type are added unless
            given here.
        reason: the reason phrase; the usual one when None.
        delay: seconds to wait before the first byte. Ends at once when the server stops.
        chunks: pieces of a body of unknown length, sent as they come, chunked (or as they are, when
            `headers` has Content-Length).
        trailers: fields after a chunked body.
        informational: 1xx responses to send first: (status, headers).
        raw: exact bytes to send instead of everything above.
        trickle: (bytes, seconds): send the body, or `raw`, in pieces of so many bytes with so many
            seconds between.
        truncate_at: send only so many bytes of the body, then close the connection.
        close: say `Connection: close`, and close the connection afterwards.
        reset: reset the connection (TCP RST): without an answer, or after `truncate_at` or `raw`
            bytes of one.

    Examples:
        >>> late = Answer(200, {"ready": True}, delay=0.1)
        >>> cut_short = Answer(body=b"x" * 1000, truncate_at=10)  # promises 1000 bytes, sends 10
    """

    status: int = 200
    body: Content = None
    headers: Mapping[str, str] | Pairs = ()
    reason: str | None = None
    delay: float = 0.0
    chunks: Iterable[bytes] | None = None
    trailers: Pairs = ()
    informational: Sequence[tuple[int, Pairs]] = ()
    raw: bytes | None = None
    trickle: tuple[int, float] | None = None
    truncate_at: int | None = None
    close: bool = False
    reset: bool = False

    def fields(self) -> list[tuple[str, str]]:
        """The given header fields as a list of pairs."""
        return (
            list(self.headers.items()) if isinstance(self.headers, Mapping) else list(self.headers)
        )

    def encoded(self) -> tuple[bytes, str]:
        """The body as bytes, and the media type that fits it."""
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            kind = (
                "text/html"
                if self.body.lstrip()[:9].lower().startswith(("<!doctype", "<html"))
                else "text/plain"
            )
            return self.body.encode(), f"{kind}; charset=utf-8"
        if self.body is None:
            return b"", ""
        return json_module.dumps(self.body, indent=2).encode() + b"\n", "application/json"


Answerable: TypeAlias = "Answer | Content | tuple[int, Content]"
"""What a route may return."""


def as_answer(value: Answerable) -> Answer:
    """Turn whatever a route returned into an `Answer`."""
    if isinstance(value, Answer):
        return value
    if isinstance(value, tuple):
        status, body = value
        return Answer(status, body)
    return Answer(200, value)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    grouped: dict[str, str | list[str]] = {}
    for name, value in pairs:
        present = grouped.get(name)
        if present is None:
            grouped[name] = value
        elif isinstance(present, list):
            present.append(value)
        else:
            grouped[name] = [present, value]
    return grouped
