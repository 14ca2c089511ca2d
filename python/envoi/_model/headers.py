"""Default headers, and a request's headers over a session's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from envoi._core import Headers, InvalidHeaderError, __version__
from envoi._model.exceptions import InvalidHeader

if TYPE_CHECKING:
    from envoi._model.types import HeadersType

__all__ = ["Headers", "__version__", "default_headers", "default_user_agent", "merge_headers"]


def default_user_agent() -> str:
    """`envoi/<version>`."""
    return f"envoi/{__version__}"


def default_headers() -> Headers:
    """What a new session sends with every request; a new object each time."""
    return Headers(
        [
            ("User-Agent", default_user_agent()),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
            ("Accept", "*/*"),
            ("Connection", "keep-alive"),
        ]
    )


def merge_headers(session: Headers, request: HeadersType) -> Headers:
    """A new `Headers`: the session's, each name in `request` replaced, and names whose value is
    None taken out.

    Raises:
        InvalidHeader: a name or value that is neither str nor bytes, or that cannot be sent (RFC
            9110, section 5.5).
    """
    if not request:
        return session.copy()
    try:
        merged = session.merged(request)
        merged.validate()
    except (InvalidHeaderError, TypeError, ValueError) as error:
        raise InvalidHeader(_culprit(request) or str(error)) from None
    return merged


def _culprit(request: Any) -> str | None:
    """Which header has the wrong type, in words."""
    try:
        pairs = list(request.items() if isinstance(request, Mapping) else request)
        for name, value in pairs:
            if not isinstance(name, (str, bytes)):
                return f"Header name {name!r} must be str or bytes, not {type(name).__name__}"
            if value is not None and not isinstance(value, (str, bytes)):
                return (
                    f"Header {name!r}: the value must be str or bytes, not {type(value).__name__}"
                )
    except (TypeError, ValueError):
        return f"headers= must be a mapping or pairs, not {type(request).__name__}"
    return None
