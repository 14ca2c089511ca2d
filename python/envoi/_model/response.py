"""Everything about a response that needs no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi._core import URL, Headers, ResponseHead
from envoi._model.charset import declared_encoding, guess_encoding
from envoi._model.cookies import CookieHolder, as_jar
from envoi._model.exceptions import HTTPError, JSONDecodeError, RequestException
from envoi._model.excerpt import about_answer, server_says
from envoi._model.links import links_by_relation
from envoi._model.prepared import PreparedRequest  # noqa: TC001 - see BaseResponse
from envoi._model.sentinel import NOT_GIVEN, NotGiven
from envoi._model.text import decode_text
from envoi._model.timing import ConnectionInfo, Timing  # noqa: TC001 - see BaseResponse
from envoi._model.trace import PastTrace
from envoi._model.url import parse_url, redact

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Self

    from envoi._model.cookie_jar import RequestsCookieJar
    from envoi._model.types import URLType

_OURS: Final = frozenset({"body", "cookie_fields", "finish", "location", "sets_cookies", "trace"})
"""What our own layers ask a response, and nobody else: a prompt does not offer it."""
REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT_REDIRECTS: Final = frozenset({301, 308})
_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500
_FIRST_BEYOND: Final = 600
_SHOWN_OF_JSON: Final = 80
_BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


class BaseResponse:
    """A response's head and what can be told from it; `Response` and `AsyncResponse` add the body.

    Args:
        head: what the server sent.
        request: what it answers.
        url: where it came from; the request's URL when left out.

    Attributes:
        status_code: such as 200.
        request: the request it answers.
        timing: seconds spent in each phase, or None.
        connection_info: the connection it came over, or None.
        request_complete: whether all of the request was sent.
        trailers: fields after a chunked body, once that is read.
        informational: the 1xx heads before it.
        raw: for compatibility; None.
    """

    # What is annotated here can be evaluated: packages built on requests make classes of a kind
    # that does so out of responses.
    status_code: int
    request: PreparedRequest
    timing: Timing | None = None
    connection_info: ConnectionInfo | None = None
    request_complete: bool = True
    trailers: Headers | None = None
    informational: list[ResponseHead] | tuple[()] = ()
    raw: Any = None

    # Defaults live on the class: making a response sets four attributes, and no more until someone
    # asks. A subclass may set none.
    _head: ResponseHead | None = None
    _url: URL | None = None
    _reason: str | None = None
    _headers: Headers | None = None
    _url_text: str | None = None
    _encoding: str | NotGiven | None = NOT_GIVEN
    _apparent: str | NotGiven | None = NOT_GIVEN
    _cookies: Any = None
    _history: list[Any] | None = None
    _elapsed: Any = None
    _next: PreparedRequest | None = None
    _http_version: str | None = None

    def __init__(
        self,
        head: ResponseHead | None = None,
        request: PreparedRequest | None = None,
        url: URL | None = None,
    ) -> None:
        self._head = head
        self._url = url
        self.request = request  # type: ignore[assignment]
        self.status_code = None if head is None else head.status  # type: ignore[assignment]

    @property
    def reason(self) -> str:
        """The reason phrase, such as "Not Found"; "" when the server sent none."""
        if self._reason is None and self._head is not None:
            self._reason = self._head.reason.strip(" \t")
        return self._reason  # type: ignore[return-value]

    @reason.setter
    def reason(self, value: str) -> None:
        self._reason = value

    @property
    def headers(self) -> Headers:
        """The header fields."""
        found = self._headers
        if found is None:
            found = self._headers = Headers() if self._head is None else self._head.headers
        return found

    @headers.setter
    def headers(self, value: Any) -> None:
        # A mapping of somebody's own kind stays what it is: they look for what it has besides.
        self._headers = Headers(value) if isinstance(value, (dict, list, tuple)) else value

    @property
    def url(self) -> str:
        """Where the response came from, after redirects."""
        if self._url_text is None:
            url = self.parsed_url
            if url is not None:
                self._url_text = str(url)
        return self._url_text  # type: ignore[return-value]

    @url.setter
    def url(self, value: URLType) -> None:
        self._url = None
        self._url_text = str(value)

    @property
    def parsed_url(self) -> URL | None:
        """The same as a `URL`."""
        if self._url is None:
            if self._url_text is not None:
                self._url = parse_url(self._url_text)
            elif self.request is not None:
                self._url = self.request.parsed_url
        return self._url

    @property
    def http_version(self) -> str | None:
        """The version the server speaks: "HTTP/1.0" or "HTTP/1.1"."""
        return self._http_version if self._head is None else self._head.http_version

    @property
    def repaired(self) -> tuple[str, ...]:
        """What Envoi mended of the answer, each in a few words: `("bare LF in the head",)`. Empty
        for an answer that follows the grammar of RFC 9112. What is mended cannot move the end of a
        message, and the connection is not used for another request. What chunks and trailers say
        is known once the body is read.
        """
        known: tuple[str, ...] | None = self.__dict__.get("_repaired")
        if known is not None:  # of a copy
            return known
        mended: tuple[str, ...] = getattr(self.__dict__.get("trace"), "repaired", ())
        return mended or (() if self._head is None else self._head.repaired)

    @property
    def ok(self) -> bool:
        """Whether the status is neither a client's nor a server's error (4xx, 5xx)."""
        status = self.status_code
        return status < _FIRST_ERROR or status >= _FIRST_BEYOND

    @property
    def is_redirect(self) -> bool:
        """Whether it is a redirect that can be followed: 301, 302, 303, 307 or 308 with a
        Location.
        """
        return self.status_code in REDIRECT_STATUSES and self._has_location()

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether it is a 301 or 308 with a Location."""
        return self.status_code in _PERMANENT_REDIRECTS and self._has_location()

    @property
    def next(self) -> PreparedRequest | None:
        """The request that following the redirect would send, when redirects are not followed."""
        return self._next

    @next.setter  # noqa: A003 - requests' name
    def next(self, value: PreparedRequest | None) -> None:
        self._next = value

    @property
    def history(self) -> list[Any]:
        """The redirects that led here, oldest first."""
        if self._history is None:
            self._history = []
        return self._history

    @history.setter
    def history(self, value: list[Any]) -> None:
        self._history = value

    @property
    def elapsed(self) -> timedelta:
        """The time from the request to the response's head."""
        if self._elapsed is None:
            from datetime import timedelta

            self._elapsed = timedelta(
                seconds=0.0 if self.timing is None else self.timing.until_head
            )
        return self._elapsed  # type: ignore[no-any-return]

    @elapsed.setter
    def elapsed(self, value: timedelta) -> None:
        self._elapsed = value

    @property
    def cookies(self) -> RequestsCookieJar:
        """The cookies that this response set."""
        if self._cookies is None:
            holder = CookieHolder()
            url = self.parsed_url
            if url is not None and (self._head is None or self._head.sets_cookies):
                holder.extract(url, self.headers)
            self._cookies = holder.jar
        return self._cookies  # type: ignore[no-any-return]

    @cookies.setter
    def cookies(self, value: Any) -> None:
        self._cookies = as_jar(value)

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The Link header's links by their `rel`, or by URL where there is none (RFC 8288). Each
        has its "url", resolved against the response's, and its parameters.
        """
        value = self.headers.get("link")
        return links_by_relation(value, self.parsed_url) if value else {}

    @property
    def encoding(self) -> str | None:
        """The encoding `text` is decoded with: what you set, else what Content-Type says.

        ISO-8859-1 for `text/*` that says nothing, as in requests; None lets `text` guess.
        """
        if self._encoding is NOT_GIVEN:
            self._encoding = declared_encoding(self.headers.get("content-type"))
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def apparent_encoding(self) -> str | None:
        """A guess at the encoding from the first 64 KiB of the body."""
        if self._apparent is NOT_GIVEN:
            self._apparent = guess_encoding(self._loaded_content())
        return self._apparent

    @property
    def text(self) -> str:
        """The body as text; what cannot be decoded becomes U+FFFD."""
        content = self._loaded_content()
        if not content:
            return ""
        encoding = self.encoding
        return decode_text(content, self.apparent_encoding if encoding is None else encoding)

    def json(self, **kwargs: Any) -> Any:
        """The body as JSON.

        Args:
            **kwargs: for `json.loads`.

        Raises:
            JSONDecodeError: the body is not JSON.
        """
        from json import JSONDecodeError as StandardError
        from json import loads

        text = self._json_text()
        try:
            return loads(text, **kwargs)
        except StandardError as error:
            failure = JSONDecodeError(error.msg, error.doc, error.pos, response=self)
        except RecursionError:
            failure = JSONDecodeError("Nested too deeply", text, 0, response=self)
        except ValueError as error:
            if "integer string conversion" not in str(error):
                raise  # of the caller's own function
            failure = JSONDecodeError("A number has too many digits", text, 0, response=self)
        failure.about = about_answer(self, self._loaded_content() or b"", _SHOWN_OF_JSON)
        raise failure

    def raise_for_status(self) -> Self:
        """Raise HTTPError for a 4xx or 5xx status; else return this response.

        Raises:
            HTTPError: with this response as `.response`. The message has the beginning of a body
                that is text or JSON and was read, or a problem's title and detail (RFC 9457).
        """
        if self.ok:
            return self
        side = "Client" if self.status_code < _FIRST_SERVER_ERROR else "Server"
        reason: Any = self.reason
        if isinstance(reason, bytes):  # set by an adapter
            try:
                reason = reason.decode()
            except UnicodeDecodeError:
                reason = reason.decode("latin-1")
        message = f"{self.status_code} {side} Error: {reason} for url: {redact(self.url or '')}"
        content = self.__dict__.get("_content")
        if isinstance(content, bytes):
            message += server_says(self.headers, content, self.encoding)
        raise HTTPError(message, request=self.request, response=self)

    def __getstate__(self) -> dict[str, Any]:
        """For pickling and copying: the body is read first, as in requests; the connection stays
        here.

        Raises:
            StreamConsumedError: the body must be awaited first.
        """
        if self._is_unread():
            self._loaded_content()
        return self._state()

    def __setstate__(self, state: dict[str, Any]) -> None:
        more = state.pop("_more", {})
        self.__dict__.update(state)
        for name, value in more.items():
            setattr(self, name, value)

    def _portable(self) -> Self:
        """The response as an exception takes it along to another process: without its body, if
        that cannot be read now.
        """
        if not self._is_unread():
            return self
        try:
            self._loaded_content()
        except RequestException:
            made = object.__new__(type(self))
            made.__setstate__(self._state())
            return made
        return self

    def _is_unread(self) -> bool:
        known = self.__dict__
        return (
            known.get("body") is not None
            and known.get("_content") is None
            and not (known.get("_consumed") or known.get("_touched"))
        )

    def _state(self) -> dict[str, Any]:
        """The attributes of a copy: everything that is known, and nothing that is live."""
        return {
            "status_code": self.status_code,
            "request": self.request,
            "trailers": self.trailers,
            "_repaired": self.repaired,
            "trace": PastTrace(
                self.timing, self.connection_info, request_complete=self.request_complete
            ),
            "_content": self.__dict__.get("_content"),
            "_touched": True,
            "_consumed": True,
            "_reason": self.reason,
            "_headers": self.headers,
            "_http_version": self.http_version,
            "_url_text": self.url,
            "_url": None,
            "_head": None,
            "_encoding": self.encoding,
            "_cookies": self.cookies,
            "_elapsed": self.elapsed,
            "_history": self.history,
            "_next": self.next,
            "_more": self._more_state(),
        }

    def _more_state(self) -> dict[str, Any]:
        """What else is pickled: requests lets a response name it in `__attrs__`."""
        return {}

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __dir__(self) -> list[str]:
        return [
            name
            for name in super().__dir__()
            if name not in _OURS and (name[0] != "_" or name.startswith("__"))
        ]

    def _loaded_content(self) -> bytes:
        """The whole body. Subclasses say how it is read, or that it must be read first."""
        raise NotImplementedError

    def _json_text(self) -> str:
        content = self._loaded_content() or b""
        # JSON is UTF-8, -16 or -32, and shows which (RFC 8259, section 8.1, and RFC 4627, section
        # 3): a byte order mark, or zeros, of which UTF-8 has none.
        marked = content.startswith(_BYTE_ORDER_MARKS) or 0 in content[:4]
        if marked or (not self.encoding and len(content) > 3):
            from json import detect_encoding

            try:
                return content.decode(detect_encoding(content))
            except UnicodeDecodeError:
                pass
        return self.text

    def _has_location(self) -> bool:
        if self._headers is None and self._head is not None:
            return self._head.location is not None
        return "location" in self.headers
