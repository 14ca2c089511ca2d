"""Text and its encodings, by requests' helper functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr, Final

from envoi._model.charset import declared_encoding
from envoi._model.text import TextDecoder, decode_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def get_encoding_from_headers(headers: Mapping[str, str]) -> str | None:
    """The encoding that a Content-Type names or implies: ISO-8859-1 for text, utf-8 for JSON, else
    None.

    Args:
        headers: a response's.
    """
    return declared_encoding(headers.get("content-type"))


def get_encodings_from_content(content: str) -> list[str]:
    """The encodings that an HTML or XML document names in itself. Deprecated, as in requests.

    Args:
        content: the document.
    """
    _warn_of_removal("get_encodings_from_content")
    return [encoding for pattern in _IN_DOCUMENTS for encoding in pattern.findall(content)]


def get_unicode_from_response(r: Any) -> str | None:
    """A response's body as text, by its declared encoding or else as UTF-8. Deprecated, as in
    requests: use `response.text`.

    Args:
        r: the response.
    """
    _warn_of_removal("get_unicode_from_response")
    return (
        None if r.content is None else decode_text(r.content, get_encoding_from_headers(r.headers))
    )


def stream_decode_response_unicode(iterator: Iterable[bytes], r: Any) -> Iterator[str | bytes]:
    """Pieces of a body as text, in the response's encoding; as they are when it has none.

    Args:
        iterator: the pieces.
        r: the response.
    """
    if r.encoding is None:
        yield from iterator
        return
    decoder = TextDecoder(r.encoding)
    for piece in iterator:
        if text := decoder.feed(piece):
            yield text
    if text := decoder.finish():
        yield text


def iter_slices(string: AnyStr, slice_length: int | None) -> Iterator[AnyStr]:
    """Pieces of a text or of bytes.

    Args:
        string: the whole.
        slice_length: how long each is; None or less than 1 gives the whole at once.
    """
    length = slice_length if slice_length is not None and slice_length > 0 else len(string)
    for start in range(0, len(string), length or 1):
        yield string[start : start + length]


def to_native_string(string: str | bytes, encoding: str = "ascii") -> str:
    """Text as it is, bytes decoded.

    Args:
        string: text or bytes.
        encoding: of the bytes.
    """
    return string if isinstance(string, str) else string.decode(encoding)


def unicode_is_ascii(u_string: str) -> bool:
    """Whether there are ASCII characters only.

    Args:
        u_string: the text.
    """
    return u_string.isascii()


# Declarations inside a document, in the order in which requests lists them.
_IN_DOCUMENTS: Final = (
    re.compile(r"""<meta.*?charset=["']*(.+?)["'>]""", re.IGNORECASE),
    re.compile(r"""<meta.*?content=["']*;?charset=(.+?)["'>]""", re.IGNORECASE),
    re.compile(r"""^<\?xml.*?encoding=["']*(.+?)["'>]"""),
)


def _warn_of_removal(name: str) -> None:
    import warnings

    warnings.warn(
        f"{name} is deprecated in requests, and will be removed with it",
        DeprecationWarning,
        stacklevel=3,
    )
