"""Adapters for `http+unix:` URLs, which name a Unix socket of this machine. A session has none,
until somebody mounts one on purpose, and no redirect leads to another socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from envoi._adapters.async_http import AsyncHTTPAdapter
from envoi._adapters.http import HTTPAdapter
from envoi._model.exceptions import InvalidURL
from envoi._model.sockets import socket_path
from envoi._model.url import parse_url, public
from envoi._net.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.prepared import PreparedRequest
    from envoi._model.url import URL

_MAX_SOCKETS: Final = 64


class _Unix:
    """What the sync and the async one add to an `HTTPAdapter`."""

    __dict__: dict[str, Any]

    def _as_sent(self, request: PreparedRequest) -> PreparedRequest:
        sending = request.copy()
        sending.parsed_url = parse_url(f"http://localhost{request.parsed_url.target}")
        return sending

    def _routes_for(self, request: PreparedRequest) -> Routes:
        path = _path_in(request.parsed_url)
        known: dict[str, Routes] = self.__dict__.setdefault("_sockets", {})
        found = known.get(path)
        if found is None:
            if len(known) >= _MAX_SOCKETS:
                known.clear()
            found = known.setdefault(path, Routes(path))
        return found

    def _proxy_for(self, request: PreparedRequest, proxies: Mapping[str, Any] | None) -> None:
        """None: no proxy reaches a socket of this machine."""


class UnixAdapter(_Unix, HTTPAdapter):
    """Sends requests for `http+unix://` URLs to the Unix socket that each names: its path, quoted,
    stands where a host's name does. The Host field says `localhost`. For one socket and ordinary
    URLs see the session's `uds=`.

    Examples:
        >>> session = envoi.Session()
        >>> session.mount("http+unix://", envoi.adapters.UnixAdapter())
        >>> session.get("http+unix://%2Fnowhere%2Fpodman.sock/info")
        Traceback (most recent call last):
        ...
        envoi.exceptions.ConnectionRefused: There is no socket for localhost:80 ...
    """


class AsyncUnixAdapter(_Unix, AsyncHTTPAdapter):
    """Does what `UnixAdapter` does, for an `AsyncSession`."""


def _path_in(url: URL) -> str:
    """The path of the socket that a URL names: it stands, quoted, where a host's name does.

    Args:
        url: such as `http+unix://%2Frun%2Fdocker.sock/info`.

    Raises:
        InvalidURL: it names no path.
        InvalidOption: this system has no Unix sockets.
    """
    path = unquote(url.host)
    if "/" not in path and not path.startswith("\0"):
        raise InvalidURL(
            f"Invalid URL {public(url)!r}: write the socket's path in the place of the host, with "
            "%2F for each slash: http+unix://%2Frun%2Fdocker.sock/info"
        )
    return str(socket_path(path))
