"""The beginning of a body, for messages about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi._model.text import decode_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_ERRORS: Final = 200
_LARGEST_PROBLEM: Final = 64 * 1024


def excerpt(content: bytes, encoding: str | None, most: int) -> str:
    """The first characters of a body between quotes, control characters escaped, so that it stays
    on its line; with an ellipsis where there is more.

    Args:
        content: the body.
        encoding: what it is decoded with.
        most: how many characters.

    Examples:
        >>> excerpt(b"gone since 2019", "utf-8", 4)
        "'gone'…"
    """
    probe = content[: most * 4]
    text = decode_text(probe, encoding)
    shown = text[:most]
    return repr(shown) + ("…" if len(shown) < len(text) or len(probe) < len(content) else "")


def about_answer(response: Any, content: bytes, most: int) -> str:
    """What an answer is, for a message about its body: status, Content-Type, length and beginning.

    Args:
        response: the answer.
        content: its body.
        most: how many characters of it.
    """
    kind = response.headers.get("Content-Type")
    status = " ".join(str(part) for part in (response.status_code, response.reason) if part)
    encoding = response.encoding or "utf-8"
    body = (
        f"{len(content)} bytes: {excerpt(content, encoding, most)}" if content else "without a body"
    )
    return f"the answer was {status}, {kind or 'without a Content-Type'}, {body}"


def server_says(headers: Mapping[str, str], content: bytes, encoding: str | None) -> str:
    """What the server says of an error, to append to a message: title and detail of a problem (RFC
    9457), else the beginning of a body that is text; "" for one that people do not read.

    Args:
        headers: the answer's.
        content: its body.
        encoding: what it is decoded with.
    """
    kind = (headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if not content:
        return ""
    if kind == "application/problem+json" and (words := _problem(content)):
        return f". The server says: {words}"
    is_text = kind.startswith("text/") and kind != "text/html"
    if is_text or kind == "application/json" or kind.endswith(("+json", "+xml")):
        return f". The body begins: {excerpt(content, encoding or 'utf-8', _OF_ERRORS)}"
    return ""


def _problem(content: bytes) -> str:
    from json import loads

    if len(content) > _LARGEST_PROBLEM:
        return ""
    try:
        found = loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    words = [found.get(name) for name in ("title", "detail")]
    text = ": ".join(word for word in words if isinstance(word, str) and word)
    return excerpt(text.encode("utf-8", "replace"), "utf-8", _OF_ERRORS) if text else ""
