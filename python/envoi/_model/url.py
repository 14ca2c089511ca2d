"""Parse the `url=` and `params=` of a caller, and show URLs without their secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from envoi._core import URL, URLError
from envoi._model.exceptions import (
    InvalidOption,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    RequestException,
)
from envoi._model.text import plain

if TYPE_CHECKING:
    from envoi._model.types import ParamsType, URLType

__all__ = [
    "URL",
    "URLError",
    "encode_params",
    "pairs_of",
    "parse_url",
    "public",
    "redact",
    "require_http",
    "with_params",
]

_CACHE_SIZE: Final = 1024
_MAX_REMEMBERED: Final = 4096
_MAX_SHOWN: Final = 200
_HTTP_SCHEMES: Final = frozenset({"http", "https"})


def parse_url(value: URLType) -> URL:
    """The `URL` that `value` stands for; recent ones are remembered.

    Args:
        value: text, UTF-8 bytes, a `URL`, or anything whose `str()` is a URL. Leading white space
            is ignored.

    Raises:
        MissingSchema: there is no `http://`.
        InvalidSchema: the scheme is not a scheme.
        InvalidURL: no host, a bad port, a forbidden character.
    """
    if type(value) is not str:
        if isinstance(value, URL):
            return value
        value = _to_text(value)
    return _parse_text(value) if len(value) <= _MAX_REMEMBERED else _parse_text.__wrapped__(value)


class Retargeted:
    """A URL with a request target (RFC 9112, section 3.2) other than its path and query.

    Args:
        url: where to.
        target: what the request line says.
    """

    def __init__(self, url: URL, target: str) -> None:
        self._url = url
        self.target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._url, name)

    def __str__(self) -> str:
        return str(self._url)

    def __repr__(self) -> str:
        return repr(self._url)


def require_http(url: URL) -> None:
    """Refuse a URL whose scheme is neither http nor https.

    Raises:
        InvalidSchema: another scheme.
    """
    if url.scheme not in _HTTP_SCHEMES:
        message = (
            f"No connection adapters were found for {public(url)!r}: Envoi speaks http and https"
        )
        raise InvalidSchema(message)


def with_params(url: URL, params: ParamsType) -> URL:
    """`url` with `params` added to its query. Raises InvalidOption as `encode_params` does."""
    if params is None:
        return url
    encoded = encode_params(params)
    if not encoded:
        return url
    try:
        return url.with_added_query(encoded)
    except URLError as error:
        _raise_as_ours(error, str(url))


def encode_params(
    params: Any, argument: str = "params", refusal: type[RequestException] = InvalidOption
) -> str:
    """Form-encode `params` (application/x-www-form-urlencoded, as `urlencode(doseq=True)` does).

    Args:
        params: a mapping or pairs, with None values left out and sequences repeated; text and bytes
            are taken as they are.
        argument: the argument's name, for the message.
        refusal: the exception to raise.

    Raises:
        InvalidOption: or `refusal`: not a mapping, not pairs.

    Examples:
        >>> encode_params({"q": "a b", "page": 2, "tag": ["x", "y"], "none": None})
        'q=a+b&page=2&tag=x&tag=y'
    """
    if isinstance(params, str):
        return plain(params)
    if isinstance(params, (bytes, bytearray)):
        try:
            return bytes(params).decode()
        except UnicodeDecodeError as error:
            message = f"{argument}= has bytes that are not UTF-8: {error.reason}"
            raise refusal(message) from None
    try:
        return "&".join(
            _fields(pairs_of(params, argument, "a mapping, pairs, text or bytes", refusal))
        )
    except UnicodeEncodeError as error:
        message = f"{argument}= has text that UTF-8 cannot carry: {error.reason}"
        raise refusal(message) from None


def pairs_of(
    source: Any, argument: str, expected: str, refusal: type[RequestException]
) -> Iterable[tuple[Any, Any]]:
    """Names and values from a mapping, what behaves like one, or pairs.

    Args:
        source: one of these.
        argument: the argument's name, for the message.
        expected: what the argument takes, for the message.
        refusal: the exception to raise.

    Raises:
        InvalidOption: or `refusal`: none of these.
    """
    if type(source) is dict or isinstance(source, Mapping):
        return source.items()
    try:
        return [
            (key, value) for key, value in (source.items() if hasattr(source, "items") else source)
        ]
    except (TypeError, ValueError):
        message = f"{argument}= must be {expected}, not {type(source).__name__}"
        raise refusal(message) from None


def public(url: str | URL) -> str:
    """As `redact`, the query and the fragment cut off as well, and length bounded: they often carry
    tokens.
    """
    text = redact(url)
    cut = min(
        (found for found in (text.find(mark) for mark in "?#") if found >= 0), default=len(text)
    )
    text = text[: cut + 1] + "…" if cut < len(text) else text
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def redact(url: str | URL) -> str:
    """The URL as text for errors and logs: a password, or a user name that stands alone (a token,
    often), becomes `***`.
    """
    text = url if type(url) is str else str(url)
    if "@" not in text:
        return text
    slashes = text.find("//")
    start = slashes + 2 if 0 <= slashes < text.find("@") else 0
    end = min(
        (found for found in (text.find(mark, start) for mark in "/?#") if found >= 0),
        default=len(text),
    )
    at = text.rfind("@", start, end)
    if at < 0 and _hides_password(text[start:end]):
        at = text.rfind("@")
    if at < 0:
        return text
    user, colon, _ = text[start:at].partition(":")
    return f"{text[:start]}{user}:***{text[at:]}" if colon else f"{text[:start]}***{text[at:]}"


@lru_cache(_CACHE_SIZE)
def _parse_text(text: str) -> URL:
    stripped = text.lstrip()
    try:
        return URL(stripped)
    except URLError as error:
        _raise_as_ours(error, stripped)


def _to_text(value: object) -> str:
    if isinstance(value, str):
        return plain(value)
    if value is None:
        message = "Invalid URL None: No URL supplied. The variable that was to hold it is not set"
        raise MissingSchema(message)
    if not isinstance(value, (bytes, bytearray)):
        return str(value)
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        message = f"Invalid URL {bytes(value)[:40]!r}: not UTF-8"
        raise InvalidURL(message) from None


def _raise_as_ours(error: URLError, text: str) -> NoReturn:
    kind, reason = error.args if len(error.args) == 2 else ("", str(error))
    shown = public(text)
    reason = str(reason).replace(text, shown)
    if kind == "scheme-missing":
        message = f"Invalid URL {shown!r}: No scheme supplied. {_hint(text, shown)}"
        raise MissingSchema(message) from None
    if kind == "scheme-invalid":
        message = f"No connection adapters were found for {shown!r}: {reason}"
        raise InvalidSchema(message) from None
    if kind == "host-missing":
        reason = "No host supplied"
    message = f"Invalid URL {shown!r}: {reason}"
    raise InvalidURL(message) from None


def _hint(text: str, shown: str) -> str:
    if not text:
        return "The URL is empty"
    if text.startswith("//") or text[0] not in "/?#.":
        return f"Perhaps you meant https://{shown.lstrip('/')}?"
    return (
        "It is a relative one, which needs a session that knows what it is relative to: "
        "Session(base_url='https://api.example.com')"
    )


def _fields(pairs: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    for key, value in pairs:
        name = _quote(key)
        if type(value) is str:
            yield f"{name}={_quote(value)}"
        else:
            for item in _flat(value):
                yield f"{name}={_quote(item)}"


def _flat(value: Any) -> Iterable[Any]:
    """The values of one field; a sequence inside a sequence is spread as well, as urlencode
    does.
    """
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        value = (value,)
    for item in value:
        if item is None:
            continue
        if isinstance(item, (str, bytes)) or not hasattr(item, "__len__"):
            yield item
        else:
            yield from item


def _quote(value: Any) -> str:
    if isinstance(value, str):
        text: str | bytes = plain(value)
    else:
        text = value if isinstance(value, bytes) else str(value)
    if text.isalnum() and text.isascii():
        return text if isinstance(text, str) else text.decode()
    from urllib.parse import quote_plus

    return quote_plus(text)


def _hides_password(authority: str) -> bool:
    """Whether the text before the first slash is `user:` and part of a password, not host and
    port.
    """
    _, colon, rest = authority.rpartition(":")
    return bool(colon) and not rest.isdigit() and not rest.endswith("]")
