"""What WSGI and ASGI have in common about a request: how an application is called, its path and its
header fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from envoi._model.exceptions import InvalidBody, InvalidOption

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest

CLIENT: Final = ("127.0.0.1", 50000)
"""The address and port of the client, unless an adapter was given another."""


class AppSettings(NamedTuple):
    """How an application is called.

    Args:
        app: the application.
        raises: whether its exceptions are raised; otherwise they become an answer of 500.
        root_path: where it is mounted, without a slash at the end.
        client: the client's address and port.
    """

    app: Any
    raises: bool
    root_path: str
    client: tuple[str, int]

    @classmethod
    def checked(
        cls, app: Any, raises: bool, root_path: str, client: str | tuple[str, int]
    ) -> AppSettings:
        """The settings for an adapter's arguments.

        Args:
            app: as for the adapter, as is the rest.
            raises: `raise_app_exceptions`.
            root_path: where it is mounted.
            client: an address, or a pair of address and port.

        Raises:
            InvalidOption: one that cannot be used.
        """
        if not callable(app):
            raise InvalidOption(f"app={app!r} must be an application, which is callable")
        if not isinstance(root_path, str) or (root_path and not root_path.startswith("/")):
            raise InvalidOption(f"root_path={root_path!r} must be text that begins with a slash")
        address = (client, CLIENT[1]) if isinstance(client, str) else client
        if not isinstance(address, tuple) or [type(part) for part in address] != [str, int]:
            raise InvalidOption(
                f"client={client!r} must be an address, or a pair of address and port"
            )
        return cls(app, bool(raises), root_path.rstrip("/"), address)

    def path_below(self, request: PreparedRequest) -> str:
        """The path below `root_path`, percent-encoded. A URL may begin with `root_path`, or leave
        it out, as behind a proxy that takes it off.
        """
        path = request.parsed_url.path or "/"
        root = quote(self.root_path)
        return path[len(root) :] if root and (path + "/").startswith(root + "/") else path


def require_sync_body(request: PreparedRequest) -> None:
    """Refuse a body that only an event loop can read.

    Raises:
        InvalidBody: the body is asynchronous.
    """
    if request.content.is_async:
        raise InvalidBody("an asynchronous body needs an AsyncSession", request=request)


def fields_of(request: PreparedRequest) -> list[tuple[bytes, bytes]]:
    """The header fields as HTTP/1.1 would send them: Host first, and none that is for a proxy."""
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
