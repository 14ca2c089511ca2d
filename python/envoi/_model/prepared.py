"""The request that goes through the pipeline, and comes back as `response.request`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi._core import URL, Headers
from envoi._model.body import NO_BODY, encode_body, encode_content, set_framing
from envoi._model.exceptions import InvalidHeader, InvalidOption, MissingSchema
from envoi._model.headers import merge_headers
from envoi._model.hooks import RequestHooksMixin
from envoi._model.methods import validate_method
from envoi._model.provenance import FROM_CALLER, Provenance
from envoi._model.url import encode_params, parse_url, with_params

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from envoi._model.auth_flow import AuthScheme
    from envoi._model.body_streams import Body
    from envoi._model.hooks import Hook
    from envoi._model.types import (
        AuthType,
        CookiesType,
        DataType,
        FilesType,
        HeadersType,
        HooksType,
        JsonType,
        ParamsType,
        URLType,
    )


_SKIPPED: Final = "@@@SKIP_HEADER@@@"
"""`urllib3.util.SKIP_HEADER`, for a field that is not to be sent; requests' users have it from
there.
"""


class PreparedRequest(RequestHooksMixin):
    """One request, ready to be sent: made by `Request.prepare` or `Session.prepare_request`, and
    every response's `request`.

    The constructor takes parts that are checked already and does nothing else. Without arguments it
    makes an empty one, for `prepare`.

    Args:
        method: in upper case.
        parsed_url: where it goes.
        headers: what is sent, but for Host.
        content: the body.

    Attributes:
        method: as above.
        parsed_url: as above.
        headers: as above.
        content: as above.
        flow: an authentication that takes several exchanges, to be made when the request is sent;
            or None.
        provenance: where it comes from: redirects, what was said of its authentication.

    Examples:
        >>> prepared = envoi.Request("GET", "https://example.org/", params={"page": 2}).prepare()
        >>> prepared.headers["X-Mine"] = "1"
        >>> prepared.method, prepared.url
        ('GET', 'https://example.org/?page=2')
    """

    # `__dict__` has the attributes that callers add, and those that few requests need.
    __slots__ = ("__dict__", "__weakref__", "_url", "content", "headers", "method", "parsed_url")

    flow: AuthScheme | None = None
    provenance: Provenance = FROM_CALLER
    _jar: CookieJar | None = None
    _body_position: Any = None

    def __init__(
        self,
        method: str | None = None,
        parsed_url: URL | None = None,
        headers: Headers | None = None,
        content: Body = NO_BODY,
    ) -> None:
        self.method: str = method  # type: ignore[assignment] # None only until `prepare`
        self.parsed_url: URL = parsed_url  # type: ignore[assignment]
        self.headers: Headers = headers  # type: ignore[assignment]
        self.content: Body = content
        self._url: str | None = None
        self._hooks: dict[str, list[Hook]] | None = None

    @property
    def url(self) -> str:
        """The URL as text, user name and password included."""
        text = self._url
        if text is None and self.parsed_url is not None:
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
        """The body as requests shows it: None, text (a form), bytes, or the file or iterable that
        was passed.

        Setting it replaces the framing headers as well.
        """
        return self.content.shown

    @body.setter
    def body(self, value: DataType) -> None:
        self.content = encode_body(value)
        headers: Headers | None = self.headers
        if headers is not None:
            headers.pop("Transfer-Encoding", None)
            if not self.content.length:
                headers.pop("Content-Length", None)
            set_framing(headers, self.method, self.content)

    @property
    def _cookies(self) -> CookieJar:
        """The jar that the Cookie field was made of; a package built on requests looks here."""
        if self._jar is None:
            from envoi._model.cookies import as_jar

            self._jar = as_jar(None)
        return self._jar

    @_cookies.setter
    def _cookies(self, value: CookieJar | None) -> None:
        self._jar = value

    def prepare(
        self,
        method: str | bytes | None = None,
        url: URLType | None = None,
        headers: HeadersType = None,
        files: FilesType = None,
        data: DataType = None,
        params: ParamsType = None,
        auth: AuthType = None,
        cookies: CookiesType = None,
        hooks: HooksType = None,
        json: JsonType = None,
    ) -> None:
        """Fill it from what a user writes.

        Args:
            method: such as "GET".
            url: where to.
            headers: header fields.
            files: a multipart form's files.
            data: the body.
            params: added to the query.
            auth: whatever authenticates.
            cookies: a jar or a mapping.
            hooks: called with the response.
            json: the body, as JSON.

        Raises:
            InvalidURL: the URL cannot be used; `MissingSchema` where it has no scheme.
            RequestException: another argument cannot be sent: see the tree in `envoi.exceptions`.
        """
        self.prepare_method(method)
        self.prepare_url(url, params)
        self.prepare_headers(headers)
        self.prepare_cookies(cookies)
        self.prepare_body(data, files, json)
        # After everything that a scheme may sign, and before the hooks, as a scheme may register
        # some.
        self.prepare_auth(auth)
        self.prepare_hooks(hooks)

    def prepare_method(self, method: str | bytes | None) -> None:
        """Set the method, in upper case; None for none yet."""
        self.method = method if method is None else validate_method(method)  # type: ignore[assignment]

    def prepare_url(self, url: URLType | None, params: ParamsType = None) -> None:
        """Set the `url`, with `params` in its query; one of another scheme than http and https
        stays as it is.
        """
        if url is None:
            raise MissingSchema("Invalid URL None: No scheme supplied. A request needs a URL")
        parsed = parse_url(url)
        if parsed.scheme.startswith("http"):
            if parsed.scheme not in {
                "http",
                "https",
            }:  # such as http+unix, for an adapter, which expects requests' quoting
                from envoi._model.uris import requote_uri

                parsed = parse_url(requote_uri(str(parsed)))
            parsed = with_params(parsed, params)
        self.parsed_url = parsed
        self._url = None

    def prepare_headers(self, headers: HeadersType) -> None:
        """Replace all `headers`; those whose value is None are left out."""
        self.headers = merge_headers(Headers(), headers)

    def prepare_body(self, data: DataType, files: FilesType = None, json: JsonType = None) -> None:
        """Set the body from `data`, `files` or `json`, and the header fields that it needs."""
        self.content = encode_content(data, json, files)
        set_framing(self.headers, self.method, self.content)
        self._body_position = _position_of(self.content)

    def prepare_content_length(self, body: Any) -> None:
        """Set Content-Length for a `body`, where its length can be known, as requests does; the
        body itself is set elsewhere.
        """
        if body is not None:
            from envoi._model.body_length import super_len

            if length := super_len(body):
                self.headers["Content-Length"] = str(length)
        elif self.method not in {"GET", "HEAD"} and "Content-Length" not in self.headers:
            self.headers["Content-Length"] = "0"

    def prepare_auth(self, auth: AuthType, url: URLType = "") -> None:  # noqa: ARG002 - requests' argument
        """Authenticate the request; without `auth`, by the user and password in its URL. `url` is
        ignored.

        A callable is called now. A scheme that takes several exchanges, such as Digest, is kept in
        `flow` until the request is sent.
        """
        from envoi._model.auth_flow import apply_auth, user_of

        if auth is None and self.parsed_url.has_userinfo:
            auth = user_of(self.parsed_url)
        if auth is None or (isinstance(auth, (tuple, list)) and not auth):
            return
        before = self.headers.raw
        changed = apply_auth(self, auth)
        if changed is not self:
            self._become(changed)
        self.settle()
        written = {
            name.decode("latin-1")
            for name, value in self.headers.raw
            if (name, value) not in before
        }
        if written:
            known = self.provenance
            self.provenance = known._replace(auth_fields=(*known.auth_fields, *written))

    def prepare_cookies(self, cookies: CookiesType) -> None:
        """Write the Cookie field from `cookies`, a jar or a mapping, unless there is one
        already.
        """
        from envoi._model.cookies import CookieHolder, as_jar, with_request_cookies

        try:
            self._jar = as_jar(cookies)
        except (TypeError, ValueError, AttributeError):
            message = (
                "cookies= must be a mapping of names to values, pairs, or a cookie jar, not "
                f"{type(cookies).__name__}"
            )
            raise InvalidOption(message) from None
        if "Cookie" in self.headers:
            return
        field = with_request_cookies(CookieHolder(), self._jar, self.parsed_url)
        if field is not None:
            try:
                self.headers["Cookie"] = field
                self.headers.validate()
            except ValueError as error:
                message = f"A cookie cannot be sent: {error}"
                raise InvalidHeader(message) from None

    def prepare_hooks(self, hooks: HooksType) -> None:
        """Register `hooks`, functions to be called with the response."""
        for event, hook in (hooks or {}).items():
            self.register_hook(event, hook)

    def settle(self) -> None:
        """Make `headers` a `Headers` again, if somebody has set another mapping.

        Raises:
            InvalidHeader: one that cannot be sent.
        """
        fields: Any = self.headers
        if fields is not None and (type(fields) is not Headers or _SKIPPED in fields.values()):
            self.headers = merge_headers(
                Headers(), [(name, value) for name, value in fields.items() if value != _SKIPPED]
            )

    def copy(self) -> PreparedRequest:
        """A request with headers, cookies and hooks of its own, and the same body."""
        copied = PreparedRequest(
            self.method,
            self.parsed_url,
            self.headers if self.headers is None else self.headers.copy(),
            self.content,
        )
        if self.__dict__:
            copied.__dict__.update(self.__dict__)
            if self._jar is not None:
                from envoi._model.cookie_functions import copy_cookie_jar

                copied._jar = copy_cookie_jar(self._jar)
        if self._hooks is not None:
            copied._hooks = {event: list(hooks) for event, hooks in self._hooks.items()}
        return copied

    __copy__ = copy

    def __deepcopy__(self, _memo: object) -> PreparedRequest:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        # Without hooks: they have been called, and functions often cannot be pickled.
        state = dict(self.__dict__)
        parts = (
            type(self),
            self.method,
            self.parsed_url,
            self.headers,
            None if self.content is NO_BODY else self.content,
        )
        return (_restored, parts, state) if state else (_restored, parts)

    def __repr__(self) -> str:
        return f"<PreparedRequest [{self.method}]>"

    @staticmethod
    def _encode_params(data: Any) -> Any:
        """As requests' method of this name: packages built on requests call it."""
        return (
            data if isinstance(data, (str, bytes)) or hasattr(data, "read") else encode_params(data)
        )

    @staticmethod
    def _encode_files(files: Any, data: Any) -> tuple[bytes, str]:
        """As requests' method of this name: packages built on requests call it."""
        from envoi._model.multipart import encode_files

        body = encode_files(files, data)
        content = body.content
        if content is None:
            content = b"".join(iter(body.next_piece, b""))
            body.rewind()
        return content, str(body.content_type)

    def _become(self, other: PreparedRequest) -> None:
        """Copy the request that an authentication returned in place of this one."""
        if isinstance(other, PreparedRequest):
            self.method, self.parsed_url, self.headers, self.content = (
                other.method,
                other.parsed_url,
                other.headers,
                other.content,
            )
            self._url, self._hooks = other._url, other._hooks
        self.__dict__.update(other.__dict__)


def _position_of(content: Body) -> Any:
    """The position of a streamed body, as in requests: None for a body without `tell`, an object
    that is no number when `tell` fails.
    """
    tell = None if content.content is not None else getattr(content.shown, "tell", None)
    if tell is None:
        return None
    try:
        return tell()
    except OSError:
        return object()


def _restored(
    kind: type[PreparedRequest], method: str, url: URL, headers: Headers, content: Body | None
) -> PreparedRequest:
    return kind(method, url, headers, NO_BODY if content is None else content)
