"""What requests' helper functions read from the environment, and write to it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envoi._model.netrc import load_netrc, netrc_paths
from envoi._model.url import URL, URLError

if TYPE_CHECKING:
    from collections.abc import Iterator

NETRC_FILES: Final = (".netrc", "_netrc")
"""Looked for at home, unless NETRC names another."""


def get_netrc_auth(url: str | bytes, raise_errors: bool = False) -> tuple[str, str] | None:
    """User name and password for a URL's host from the netrc file, as sessions find them; None when
    it has none.

    Args:
        url: the URL.
        raise_errors: whether a file that cannot be read, or has a mistake in it, is an error rather
            than as good as none.

    Raises:
        netrc.NetrcParseError: a mistake in the file, with `raise_errors`.
        OSError: it cannot be read, with `raise_errors`.
    """
    if raise_errors:
        _raise_for_mistakes()
    try:
        host = URL(url if isinstance(url, str) else url.decode()).host
    except URLError:
        return None
    return load_netrc(os.environ, lambda path: Path(path).read_bytes()).credentials_for(host)


@contextmanager
def set_environ(env_name: str, value: str | None) -> Iterator[None]:
    """A context in which an environment variable has a value.

    Args:
        env_name: its name.
        value: what it is set to; None leaves it alone.
    """
    if value is None:
        yield
        return
    before = os.environ.get(env_name)
    os.environ[env_name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[env_name]
        else:
            os.environ[env_name] = before


def _raise_for_mistakes() -> None:
    from netrc import netrc

    for path in netrc_paths(os.environ):
        if Path(path).exists():
            netrc(path)
            return
