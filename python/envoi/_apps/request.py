"""What in-process applications, WSGI and ASGI alike, are told of a request."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from envoi.exceptions import InvalidBody, InvalidOption

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest

CLIENT = ("127.0.0.1", 50000)
"""Who asks, unless an adapter was told something else."""


class AppSettings(NamedTuple):
    """How an application is called.

    Args:
        app: the application.
        raises: whether its exceptions are raised; otherwise they become an answer of 500.
        root_path: where it is mounted, without a slash at the end.
        client: address and port of who asks.
    """

    app: Any
    raises: bool
    root_path: str
    client: tuple[str, int]

    @classmethod
    def checked(
        cls, app: Any, raises: bool, root_path: str, client: str | tuple[str, int]
    ) -> AppSettings:
        """The settings that an adapter's arguments stand for.

        Raises:
            InvalidOption: one that cannot be used.
        """
        if not callable(app):
            raise InvalidOption(f"an application is called, and {app!r} cannot be")
        if not isinstance(root_path, str) or (root_path and not root_path.startswith("/")):
            raise InvalidOption(f"root_path={root_path!r} must be text that begins with a slash")
        address = (client, CLIENT[1]) if isinstance(client, str) else client
        if not isinstance(address, tuple) or [type(part) for part in address] != [str, int]:
            raise InvalidOption(
                f"client={client!r} must be an address, or a pair of address and port"
            )
        return cls(app, bool(raises), root_path.rstrip("/"), address)

    def path_below(self, request: PreparedRequest) -> str:
        """The path below `root_path`, percent-encoded. A URL may have `root_path` in it, or, as
        behind a proxy, not.
        """
        path = request.parsed_url.path or "/"
        root = quote(self.root_path)
        return path[len(root) :] if root and (path + "/").startswith(root + "/") else path


class Expected:
    """Counts what a request's body gives, against its Content-Length.

    Args:
        request: whose body it is.

    Raises:
        InvalidBody: the Content-Length is no number, or not the length of a body in memory.
    """

    __slots__ = ("_left",)

    def __init__(self, request: PreparedRequest) -> None:
        headers = request.headers
        declared = None if "transfer-encoding" in headers else headers.get("content-length")
        if declared is not None and not (declared.isascii() and declared.isdigit()):
            raise InvalidBody(f"Content-Length {declared!r} is not a number")
        self._left = inf if declared is None else int(declared)
        content = request.content.content
        if content is not None and self._left not in {inf, len(content)}:
            raise InvalidBody(
                f"the body has {len(content)} bytes, and its Content-Length says {declared}"
            )

    def take(self, piece: bytes) -> bytes:
        """Count a piece, b"" for the end, and return it.

        Raises:
            InvalidBody: the body is longer or shorter than its Content-Length.
        """
        if not piece and self._left not in {0, inf}:
            raise InvalidBody(
                f"the body ended {self._left} bytes before its Content-Length says so"
            )
        if len(piece) > self._left:
            raise InvalidBody("the body is longer than its Content-Length says")
        self._left -= len(piece)
        return piece


def fields_of(request: PreparedRequest) -> list[tuple[bytes, bytes]]:
    """The header fields as they would go over the wire, Host first, without what is for a proxy."""
    raw = [
        (name, value)
        for name, value in request.headers.raw
        if name.lower() != b"proxy-authorization"
    ]
    hosts = [field for field in raw if field[0].lower() == b"host"]
    others = [field for field in raw if field[0].lower() != b"host"]
    return [*(hosts or [(b"Host", request.parsed_url.authority.encode())]), *others]


def name_of(request: PreparedRequest) -> str:
    """What messages call the application."""
    url = request.parsed_url
    return f"the application at {url.scheme}://{url.authority}"
