"""requests' functions about cookies, and what they show to `http.cookiejar` of a request and a
response.
"""

from __future__ import annotations

from copy import copy as copy_object
from http.cookiejar import Cookie, CookieJar
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import urlsplit, urlunsplit

from envoi._model.cookie_adapters import ResponseView
from envoi._model.cookie_jar import RequestsCookieJar, snapshot
from envoi._model.cookie_rules import within_limits
from envoi._model.cookie_values import as_cookie
from envoi._model.exceptions import InvalidOption
from envoi._model.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

_Jar = TypeVar("_Jar", bound=CookieJar)


class MockRequest:
    """A prepared request as `http.cookiejar` wants to see one, with the interface of
    `urllib.request.Request`.

    The request is only read: what the jar adds is in `get_new_headers()`.

    Args:
        request: anything with `url` and `headers`.
    """

    def __init__(self, request: Any) -> None:
        self._r = request
        self._new_headers: dict[str, str] = {}
        self.type: str = urlsplit(request.url).scheme

    @property
    def unverifiable(self) -> bool:
        """Whether the user had no say in the request (RFC 2965)."""
        return self.is_unverifiable()

    @property
    def origin_req_host(self) -> str:
        """The host that the user asked for."""
        return self.get_origin_req_host()

    @property
    def host(self) -> str:
        """Host and port."""
        return self.get_host()

    def get_type(self) -> str:
        """The scheme."""
        return self.type

    def get_host(self) -> str:
        """Host and port."""
        return urlsplit(self._r.url).netloc  # type: ignore[no-any-return]

    def get_origin_req_host(self) -> str:
        """The host that the user asked for."""
        return self.get_host()

    def get_full_url(self) -> str:
        """The URL; under the host that a Host field names, if there is one."""
        url: str = self._r.url
        host = self._r.headers.get("Host")
        if not host:
            return url
        return urlunsplit(
            urlsplit(url)._replace(netloc=host.decode() if isinstance(host, bytes) else host)
        )

    def is_unverifiable(self) -> bool:
        """Whether the user had no say in the request: always, as in requests."""
        return True

    def has_header(self, name: str) -> bool:
        """Whether the request has the field, or got it here."""
        return name in self._r.headers or name in self._new_headers

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """The field's value, of the request before what was added here."""
        return self._r.headers.get(name, self._new_headers.get(name, default))  # type: ignore[no-any-return]

    def add_header(self, key: str, val: str) -> None:
        """Not for jars.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Cookie fields are added with add_unredirected_header()")

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Note what the jar adds."""
        self._new_headers[name] = value

    def get_new_headers(self) -> dict[str, str]:
        """What the jar added."""
        return self._new_headers


class MockResponse:
    """Header fields as a response that `http.cookiejar` can read.

    Args:
        headers: an `http.client.HTTPMessage`, or what has its `get_all`.
    """

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def info(self) -> Any:
        """The fields."""
        return self._headers

    def getheaders(self, name: str) -> Any:
        """The values of the fields with that name."""
        return self._headers.get_all(name, [])


def create_cookie(name: str, value: Any, **kwargs: Any) -> Cookie:
    """A cookie from a name, a value and what else is known; without `domain` it is sent to every
    host.

    Args:
        name: its name.
        value: its value.
        **kwargs: domain, path, secure, expires (seconds since 1970), version, port, discard,
            comment, comment_url, rest, rfc2109.

    Raises:
        InvalidOption: an attribute that is not one; it is a TypeError.
    """
    return as_cookie(name, value, kwargs)


def morsel_to_cookie(morsel: Any) -> Cookie:
    """A cookie from one of `http.cookies`.

    Args:
        morsel: an `http.cookies.Morsel`.

    Raises:
        InvalidOption: its max-age is no number, or its expires no date; it is a TypeError and a
            ValueError.
    """
    return as_cookie(morsel.key, morsel, {})


@overload
def cookiejar_from_dict(
    cookie_dict: Mapping[str, str] | None, cookiejar: None = None, overwrite: bool = True
) -> RequestsCookieJar: ...


@overload
def cookiejar_from_dict(
    cookie_dict: Mapping[str, str] | None, cookiejar: _Jar, overwrite: bool = True
) -> _Jar: ...


def cookiejar_from_dict(
    cookie_dict: Mapping[str, str] | None,
    cookiejar: CookieJar | None = None,
    overwrite: bool = True,
) -> CookieJar:
    """A jar with a cookie for each item of a dictionary; they are sent to every host.

    Args:
        cookie_dict: names and values.
        cookiejar: the jar to add to; a new one when left out.
        overwrite: whether cookies that are there already are replaced.
    """
    jar = RequestsCookieJar() if cookiejar is None else cookiejar
    known = set() if overwrite else {cookie.name for cookie in snapshot(jar)}
    for name, value in (cookie_dict or {}).items():
        if name not in known:
            jar.set_cookie(as_cookie(name, value, {}))
    return jar


def merge_cookies(cookiejar: _Jar, cookies: Any) -> _Jar:
    """The jar, with cookies added; those of a dictionary do not replace what is there.

    Args:
        cookiejar: the jar to add to.
        cookies: a dictionary, a jar or None.

    Raises:
        InvalidOption: `cookiejar` is no jar; it is a ValueError.
    """
    if not isinstance(cookiejar, CookieJar):
        raise InvalidOption("You can only merge into CookieJar")
    if isinstance(cookies, dict):
        return cookiejar_from_dict(cookies, cookiejar=cookiejar, overwrite=False)
    if isinstance(cookies, CookieJar):
        update = getattr(cookiejar, "update", None)
        if update is not None:
            update(cookies)
        else:
            for cookie in snapshot(cookies):
                cookiejar.set_cookie(cookie)
    return cookiejar


def extract_cookies_to_jar(jar: CookieJar, request: Any, response: Any) -> None:
    """Take the cookies that a response sets into a jar.

    Args:
        jar: any jar.
        request: the prepared request it answers.
        response: a `raw` response: one of urllib3's (or a double) with `_original_response`, or
            what has `headers` of Envoi's.
    """
    original = getattr(response, "_original_response", None)
    if original:
        jar.extract_cookies(MockResponse(original.msg), MockRequest(request))  # type: ignore[arg-type]
        return
    headers = getattr(response, "headers", None)
    if isinstance(headers, Headers):
        fields = headers.get_all("set-cookie")
        if type(jar) is not RequestsCookieJar:
            fields = within_limits(fields)
        jar.extract_cookies(ResponseView(fields), MockRequest(request))  # type: ignore[arg-type]


def get_cookie_header(jar: CookieJar, request: Any) -> str | None:
    """The Cookie field that a jar has for a request, or None.

    Args:
        jar: any jar.
        request: a prepared request.
    """
    view = MockRequest(request)
    jar.add_cookie_header(view)  # type: ignore[arg-type]
    return view.get_new_headers().get("Cookie")


def copy_cookie_jar(jar: Any) -> Any:
    """An independent jar of the same kind with the same cookies; None for None."""
    if jar is None:
        return None
    if hasattr(jar, "copy"):
        return jar.copy()
    copied = copy_object(jar)
    copied.clear()
    for cookie in snapshot(jar):
        copied.set_cookie(copy_object(cookie))
    return copied
