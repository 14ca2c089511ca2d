"""requests' helper functions for the length of a body and for rewinding it. Envoi itself works on
`Body`.
"""

from __future__ import annotations

import io
import os
from typing import Any

from envoi._model.exceptions import FileModeWarning, UnrewindableBodyError


def super_len(o: Any) -> int:
    """The bytes that are left in something to send: its length less its position; 0 when nothing
    tells.

    Args:
        o: text (as UTF-8), bytes, or an object with `__len__`, `len`, `fileno`, or `tell` and
            `seek`.
    """
    total = _total(o.encode() if isinstance(o, str) else o)
    if not hasattr(o, "tell"):
        return max(0, total or 0)
    try:
        position = o.tell()
    except OSError:
        # A pipe, or a terminal: what is left cannot be known, and 0 has it sent in chunks.
        return 0
    if total is None and hasattr(o, "seek"):
        total = _end(o, position)
    left: int = max(0, (total or 0) - position)
    return left


def rewind_body(prepared_request: Any) -> None:
    """Seek the body of a prepared request to the position it had, to send it again.

    Args:
        prepared_request: has the body's position as `_body_position`.

    Raises:
        UnrewindableBodyError: it cannot seek, its position is not known, or seeking failed.
    """
    seek = getattr(prepared_request.body, "seek", None)
    position = prepared_request._body_position
    if seek is None or not isinstance(position, int):
        message = (
            "Unable to rewind request body for redirect: it cannot seek, or its position was not "
            "known"
        )
        raise UnrewindableBodyError(message)
    try:
        seek(position)
    except OSError as error:
        message = f"An error occurred when rewinding request body for redirect: {error}"
        raise UnrewindableBodyError(message) from error


def _total(source: Any) -> int | None:
    if hasattr(source, "__len__"):
        return len(source)
    if hasattr(source, "len"):
        length: int = source.len
        return length
    if not hasattr(source, "fileno"):
        return None
    try:
        size = os.fstat(source.fileno()).st_size
    except (io.UnsupportedOperation, AttributeError):
        return None  # a member of an archive has the method, but no descriptor
    mode = getattr(source, "mode", "b")
    if isinstance(mode, str) and "b" not in mode:
        _warn_of_text_mode()
    return size


def _end(source: Any, position: int) -> int:
    try:
        source.seek(0, os.SEEK_END)
        end: int = source.tell()
        source.seek(position or 0)
    except OSError:
        return 0
    return end


def _warn_of_text_mode() -> None:
    import warnings

    message = (
        "the file is open in text mode: its length in bytes may not be that of what is sent; "
        "open it with 'rb'"
    )
    warnings.warn(message, FileModeWarning, stacklevel=4)
