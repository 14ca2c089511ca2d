"""The request that goes through the pipeline, and comes back as `response.request`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from envoi._core import URL, Headers
from envoi._model.body import NO_BODY, encode_body, set_framing
from envoi._model.headers import merge_headers
from envoi._model.hooks import checked_hooks, merged_hooks
from envoi._model.url import parse_url, with_params
from envoi.exceptions import InvalidMethod

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._model.body_streams import Body
    from envoi._model.hooks import Hook
    from envoi._model.types import DataType, HeadersType, JsonType, ParamsType, URLType


class Request:
    """One request, ready to be sent.

    The constructor takes parts that are checked already and does nothing else; `Request.create` takes what a user writes.

    Attributes:
        method: in upper case.
        parsed_url: where it goes.
        headers: what is sent, but for Host.
        content: the body, as a `Body`.
    """

    __slots__ = ("__weakref__", "_hooks", "_url", "content", "headers", "method", "parsed_url")

    def __init__(self, method: str, parsed_url: URL, headers: Headers, content: Body = NO_BODY) -> None:
        self.method: str = method
        self.parsed_url: URL = parsed_url
        self.headers: Headers = headers
        self.content: Body = content
        self._url: str | None = None
        self._hooks: dict[str, list[Hook]] | None = None

    @classmethod
    def create(
        cls,
        method: str | bytes,
        url: URLType,
        *,
        params: ParamsType = None,
        data: DataType = None,
        json: JsonType = None,
        headers: HeadersType = None,
    ) -> Request:
        """A request from a user's arguments, with the headers that its body needs.

        Args:
            method: such as "GET".
            url: where to.
            params: added to the query.
            data: the body: a form (mapping or pairs), text, bytes, a file, an iterable.
            json: the body, as JSON.
            headers: over those that the body needs.

        Raises:
            InvalidMethod: not a token.
            InvalidURL: or MissingSchema, InvalidSchema: see `parse_url`.
            InvalidHeader: a header that cannot be sent.
            InvalidBody: or InvalidJSONError: see `encode_body`.
        """
        checked = validate_method(method)
        content = encode_body(data, json)
        merged = merge_headers(_NO_HEADERS, headers)
        set_framing(merged, checked, content)
        return cls(checked, with_params(parse_url(url), params), merged, content)

    @property
    def url(self) -> str:
        """The URL as text, user name and password included."""
        text = self._url
        if text is None:
            text = self._url = str(self.parsed_url)
        return text

    @url.setter
    def url(self, value: URLType) -> None:
        self.parsed_url = parse_url(value)
        self._url = None

    @property
    def path_url(self) -> str:
        """Path and query, as the request line has them."""
        return self.parsed_url.target

    @property
    def body(self) -> Any:
        """The body as requests shows it: None, text (a form), bytes, or the file or iterable that was passed.

        Setting it replaces the framing headers as well.
        """
        return self.content.shown

    @body.setter
    def body(self, value: DataType) -> None:
        self.content = encode_body(value)
        for name in ("Content-Length", "Transfer-Encoding"):
            self.headers.pop(name, None)
        set_framing(self.headers, self.method, self.content)

    @property
    def hooks(self) -> dict[str, list[Hook]]:
        """What is called with the response: `{"response": [function, …]}`."""
        if self._hooks is None:
            self._hooks = {"response": []}
        return self._hooks

    @hooks.setter
    def hooks(self, value: Any) -> None:
        self._hooks = merged_hooks(value, None)

    @property
    def response_hooks(self) -> list[Hook] | None:
        """The functions to call with the response; None when there never were any."""
        return None if self._hooks is None else self._hooks["response"]

    def register_hook(self, event: str, hook: Hook | Iterable[Hook]) -> None:
        """Add a function to be called with the response, or several.

        Args:
            event: "response".
            hook: called as `hook(response, **options)`; what it returns, unless None, takes the response's place.

        Raises:
            InvalidOption: another event, or not a function.
        """
        self.hooks["response"].extend(checked_hooks({event: hook}))

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Take the `hook` for an `event` out; whether it was there."""
        registered = self.hooks.get(event, [])
        if hook not in registered:
            return False
        registered.remove(hook)
        return True

    def copy(self) -> Request:
        """A request with headers of its own, and the same body."""
        copied = Request(self.method, self.parsed_url, self.headers.copy(), self.content)
        if self._hooks is not None:
            copied._hooks = {event: list(hooks) for event, hooks in self._hooks.items()}
        return copied

    __copy__ = copy

    def __deepcopy__(self, _memo: object) -> Request:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        # Hooks stay behind: they have been called, and functions often cannot be pickled.
        return _restored, (type(self), self.method, self.parsed_url, self.headers, None if self.content is NO_BODY else self.content)

    def __repr__(self) -> str:
        return f"<Request [{self.method}]>"


def validate_method(method: str | bytes) -> str:
    """The method in upper case, as requests sends it.

    Raises:
        InvalidMethod: not a token (RFC 9110, section 9.1): empty, white space, control characters, beyond ASCII.
    """
    try:
        known = _KNOWN_METHODS.get(method)
    except TypeError:  # not hashable
        known = None
    if known is not None:
        return known
    text: object = method.decode("latin-1") if isinstance(method, bytes) else method
    if not isinstance(text, str):
        message = f"method must be str, not {type(method).__name__}"
        raise InvalidMethod(message)
    if _TOKEN.fullmatch(text) is None:
        message = f"method {text[:40]!r} is not an HTTP token"
        raise InvalidMethod(message)
    if text.upper() == "CONNECT":
        raise InvalidMethod("CONNECT makes tunnels through a proxy, and is not for requests: pass proxies=")
    return text.upper()


def _restored(kind: type[Request], method: str, url: URL, headers: Headers, content: Body | None) -> Request:
    return kind(method, url, headers, NO_BODY if content is None else content)


_NO_HEADERS: Final = Headers()
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VERBS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
_KNOWN_METHODS: Final[dict[object, str]] = {name: verb for verb in _VERBS for name in (verb, verb.lower())}
