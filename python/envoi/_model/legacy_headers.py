"""The default header fields, by requests' helper functions."""

from __future__ import annotations

from typing import Final

from envoi._model import headers
from envoi._model.structures import CaseInsensitiveDict

DEFAULT_ACCEPT_ENCODING: Final = headers.default_headers()["Accept-Encoding"]


def default_user_agent(name: str = "envoi") -> str:
    """A User-Agent of a name and Envoi's version.

    Args:
        name: the program's.
    """
    return f"{name}/{headers.__version__}"


def default_headers() -> CaseInsensitiveDict[str]:
    """What a new session sends with every request; a new object each time."""
    return CaseInsensitiveDict(headers.default_headers())
