"""Request bodies: from `data=` and `json=` to something that yields bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from envoi._model.body_streams import (
    AsyncFileBody,
    AsyncIteratorBody,
    Body,
    FileBody,
    IteratorBody,
    describe_file,
    is_coroutine_function,
)
from envoi._model.exceptions import InvalidBody, InvalidJSONError, RequestException
from envoi._model.url import encode_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._core import Headers
    from envoi._model.types import DataType, FilesType, JsonType

FORM_TYPE: Final = "application/x-www-form-urlencoded"
JSON_TYPE: Final = "application/json"
_METHODS_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})


def encode_body(data: DataType, json: JsonType = None) -> Body:
    """The body that `data=` and `json=` stand for; `data` wins when it is not empty, as in
    requests.

    Args:
        data: a mapping or a list of pairs (a form), text (sent as UTF-8), bytes-like, a file, an
            iterable of pieces, or their asynchronous kin.
        json: anything that `json.dumps` writes.

    Raises:
        InvalidBody: a type that cannot be sent.
        InvalidJSONError: `json` cannot be written as JSON; NaN and infinities cannot.
    """
    if data is None:
        return NO_BODY if json is None else _json_body(json)
    if isinstance(data, bytes):
        return _in_memory(data, None, data, json)
    if isinstance(data, str):
        return _in_memory(_utf8(data), None, data, json)
    if isinstance(data, (Mapping, list, tuple)):
        return _form_body(data, json)
    if isinstance(data, (bytearray, memoryview)):
        return _in_memory(bytes(data), None, data, json)
    return _streamed(data, json)


def encode_content(data: DataType, json: JsonType, files: FilesType) -> Body:
    """The body that `data=`, `json=` and `files=` stand for: a multipart form with files, else as
    `encode_body`.

    Raises:
        InvalidBody: something that cannot be sent.
        InvalidJSONError: see `encode_body`.
    """
    if not files:
        return encode_body(data, json)
    from envoi._model.multipart import encode_files

    try:
        return encode_files(files, None if isinstance(data, (str, bytes)) and not data else data)
    except RequestException:
        raise
    except (TypeError, ValueError) as error:
        message = f"files= cannot be sent: {error}"
        raise InvalidBody(message) from error


def set_framing(headers: Headers, method: str, body: Body) -> None:
    """Put Content-Type, Content-Length and Transfer-Encoding for `body` into `headers` (RFC 9112,
    section 6).

    A Content-Type, a `Transfer-Encoding: chunked`, or for a streamed body a Content-Length that is
    there already stays. A method other than GET and HEAD without a body gets `Content-Length: 0`.
    """
    if body is NO_BODY:
        headers.pop("transfer-encoding", None)  # there will be no chunk, nor a last one
        if method not in _METHODS_WITHOUT_BODY and "content-length" not in headers:
            headers["Content-Length"] = "0"
        return
    if "transfer-encoding" not in headers:
        # A stream of length 0 is sent in chunks, as in requests: some streams say 0 for unknown.
        if body.length or (body.length == 0 and body.content is not None):
            headers["Content-Length"] = str(body.length)
        elif "content-length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
    if body.content_type is not None and "content-type" not in headers:
        headers["Content-Type"] = body.content_type


NO_BODY: Final = Body(b"", None, 0, None)
"""The one body of requests that have none."""


def _in_memory(content: bytes, content_type: str | None, shown: object, json: object) -> Body:
    if content:
        return Body(content, content_type, len(content), shown)
    return NO_BODY if json is None else _json_body(json)


def _form_body(data: Any, json: object) -> Body:
    if not data:
        return NO_BODY if json is None else _json_body(json)
    text = encode_params(data, "data", InvalidBody)
    content = text.encode("ascii")
    return Body(content, FORM_TYPE, len(content), text)


_write_json: Callable[[object], str] | None = None


def _json_body(value: object) -> Body:
    global _write_json  # noqa: PLW0603 - json is imported when first needed, and its encoder made once
    if _write_json is None:
        from json import JSONEncoder

        _write_json = JSONEncoder(allow_nan=False).encode
    try:
        content = _write_json(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = f"json= cannot be written as JSON: {error}"
        raise InvalidJSONError(message) from error
    return Body(content, JSON_TYPE, len(content), content)


def _streamed(data: Any, json: object) -> Body:
    if hasattr(data, "__aiter__"):
        return AsyncFileBody(data) if hasattr(data, "read") else AsyncIteratorBody(data)
    if hasattr(data, "read"):
        if is_coroutine_function(data.read):
            return AsyncFileBody(data)
        return FileBody(*describe_file(data))
    buffer = _buffer(data)
    if buffer is not None:
        return _in_memory(buffer, None, data, json)
    if hasattr(data, "items") and hasattr(data, "__iter__"):
        return _form_body(list(data.items()), json)
    if hasattr(data, "__iter__"):
        if hasattr(data, "__len__") and not len(data):
            return NO_BODY if json is None else _json_body(json)
        return IteratorBody(data)
    message = (
        "data= must be text, bytes, a mapping, pairs, a file or an iterable of bytes, not "
        f"{type(data).__name__}"
    )
    raise InvalidBody(message)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"data= has text that UTF-8 cannot carry: {error.reason}"
        raise InvalidBody(message) from None


def _buffer(data: Any) -> bytes | None:
    try:
        return bytes(memoryview(data))
    except TypeError:
        return None
