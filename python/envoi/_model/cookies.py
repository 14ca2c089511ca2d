"""The cookies of a session or a call. The jar is made, and `http.cookiejar` imported, with the
first cookie.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from envoi._model.cookie_values import as_cookie, check_cookie_text

if TYPE_CHECKING:
    from envoi._core import URL, Headers
    from envoi._model.cookie_jar import RequestsCookieJar
    from envoi._model.types import CookiesType


class CookieHolder:
    """A place for a jar, which is made when it is first needed. Safe to share between threads.

    Args:
        cookies: a `http.cookiejar.CookieJar` of any kind, which is used as it is, or what a new jar
            has in it from the start: a mapping, pairs, cookies.
    """

    __slots__ = ("_holder",)

    def __init__(self, cookies: Any = None) -> None:
        # A dict, because its setdefault lets two threads agree on one jar without a lock.
        self._holder: dict[str, Any] = {}
        if cookies is not None and (is_jar(cookies) or cookies):
            self._holder["jar"] = as_jar(cookies)

    @property
    def jar(self) -> RequestsCookieJar:
        """The jar; one of the caller's own may be of another class."""
        found = self._holder.get("jar")
        if found is None:
            found = self._holder.setdefault("jar", as_jar(None))
        return found  # type: ignore[no-any-return]

    @property
    def is_empty(self) -> bool:
        """Whether there is no cookie at all. Costs next to nothing; a jar of a foreign class is
        never taken to be empty.
        """
        jar = self._holder.get("jar")
        return jar is None or getattr(jar, "is_empty", False)

    def extract(self, url: URL, headers: Headers) -> None:
        """Take the cookies that a response sets (RFC 6265, section 5.3), except those that the
        limits or the jar refuse.

        Args:
            url: what was asked for.
            headers: the response's.
        """
        if hasattr(headers, "get_all"):
            fields = headers.get_all("set-cookie")
        else:  # somebody has set another mapping
            fields = [value for name, value in headers.items() if name.lower() == "set-cookie"]
        if fields:
            take_fields(self.jar, fields, url)

    def take(self, request: Any, raw: Any) -> None:
        """Take the cookies of another library's response, as its `raw` has them.

        Args:
            request: the prepared request it answers.
            raw: has the fields as urllib3 has them.
        """
        from envoi._model.cookie_functions import extract_cookies_to_jar

        extract_cookies_to_jar(self.jar, request, raw)

    def header_for(self, url: URL) -> str | None:
        """The Cookie field to send to `url`, or None."""
        if self.is_empty:
            return None
        return _header(self.jar, url)

    def with_domains(self) -> CookieHolder:
        """A holder without the cookies that have no domain. Those were set by hand for the origin
        where a call begins, and must not go to other origins that it is redirected to.
        """
        if self.is_empty or not _has_cookies_for_every_host(self.jar):
            return self
        kept = CookieHolder()
        kept.jar.set_policy(getattr(self.jar, "_policy", kept.jar.get_policy()))
        for cookie in self.jar:
            if cookie.domain:
                kept.jar.set_cookie(copy(cookie))
        return kept


def as_jar(cookies: Any) -> RequestsCookieJar:
    """A jar as it is; anything else in a new one.

    Args:
        cookies: a jar, a mapping, pairs, cookies, or None.
    """
    if is_jar(cookies):
        return cookies  # type: ignore[no-any-return]
    from envoi._model.cookie_jar import RequestsCookieJar  # http.cookiejar is slow to import

    jar = RequestsCookieJar()
    if cookies is not None:
        jar.update(cookies)
    return jar


def is_jar(cookies: Any) -> bool:
    """Whether it does what a `http.cookiejar.CookieJar` does."""
    return hasattr(cookies, "add_cookie_header") and hasattr(cookies, "extract_cookies")


def with_request_cookies(session: CookieHolder, per_request: CookiesType, url: URL) -> str | None:
    """The Cookie field for one request: the session's cookies for `url`, and the request's own,
    which are not kept.

    Raises:
        InvalidHeader: a cookie with a control character.
    """
    if per_request is None or (not per_request and not is_jar(per_request)):
        return session.header_for(url)
    if (
        session.is_empty
        and isinstance(per_request, Mapping)
        and not hasattr(per_request, "set_cookie")
    ):
        return _plain_header(per_request)
    if not session.is_empty and type(per_request) is dict and _is_own(session.jar):
        header = _header_with(session.jar, per_request, url)
    else:
        header = _header(merged_jar(session, per_request), url)
    if header is not None:
        check_cookie_text(header)
    return header


def merged_jar(session: CookieHolder, per_request: CookiesType) -> RequestsCookieJar:
    """A jar with the session's cookies and a request's own, under the policy of the session's."""
    from envoi._model.cookie_jar import RequestsCookieJar

    merged = RequestsCookieJar()
    if not session.is_empty:
        jar = session.jar
        merged.set_policy(getattr(jar, "_policy", merged.get_policy()))
        merged.update(jar)
    if per_request:
        merged.update(per_request)
    return merged


def take_fields(jar: Any, fields: list[str], url: URL) -> None:
    """Take the cookies of Set-Cookie fields into any jar, which its own rules may refuse.

    Args:
        jar: any jar.
        fields: the response's Set-Cookie values.
        url: what it answers.
    """
    from envoi._model.cookie_adapters import RequestView, ResponseView

    if not _is_own(jar):
        from envoi._model.cookie_rules import within_limits

        fields = within_limits(fields)
    if fields:
        jar.extract_cookies(ResponseView(fields), RequestView(url))


def _is_own(jar: Any) -> bool:
    """Whether a jar is Envoi's, with Envoi's rules, and nothing of it was overridden."""
    from envoi._model.cookie_jar import RequestsCookieJar

    return type(jar) is RequestsCookieJar and jar._has_own_rules()


def _header_with(jar: Any, given: dict[str, Any], url: URL) -> str | None:
    """What a jar with a request's own cookies put in would send, without copying it."""
    from envoi._model.cookie_jar import as_requests_has_it
    from envoi._model.cookie_rules import cookie_field
    from envoi._model.cookie_scopes import scope_of

    own = {
        name: None if value is None else as_cookie(name, as_requests_has_it(value), {})
        for name, value in given.items()
    }
    cookies: list[Any] = []
    for cookie in jar._cookies_for(scope_of(url)):
        if cookie.name in own and (own[cookie.name] is None or _is_for_every_host(cookie)):
            cookies.append(own.pop(cookie.name) if own[cookie.name] is not None else None)
        else:
            cookies.append(cookie)
    return cookie_field(cookie for cookie in (*cookies, *own.values()) if cookie is not None)


def _is_for_every_host(cookie: Any) -> bool:
    return not cookie.domain and cookie.path == "/"


def _has_cookies_for_every_host(jar: Any) -> bool:
    if _is_own(jar):
        return bool(jar._cookies.get(""))
    return not all(cookie.domain for cookie in jar)


def _header(jar: Any, url: URL) -> str | None:
    if _is_own(jar):
        from envoi._model.cookie_rules import cookie_field
        from envoi._model.cookie_scopes import scope_of

        return cookie_field(jar._cookies_for(scope_of(url)))
    from envoi._model.cookie_adapters import RequestView

    view = RequestView(url)
    jar.add_cookie_header(view)
    return view.cookie_header


def _plain_header(cookies: Mapping[str, Any]) -> str | None:
    """What the jar would write for cookies without attributes, without making one."""
    fields = []
    for name, value in cookies.items():
        if value is None:
            continue
        if not isinstance(value, str):
            value = as_cookie(name, value, {}).value  # noqa: PLW2901
        elif len(value) > 1 and value[0] == value[-1] == '"':
            value = value.replace('\\"', "")  # noqa: PLW2901
        fields.append(f"{name}={value}" if name else value)
    header = _SEPARATOR.join(fields)
    check_cookie_text(header)
    return header or None


_SEPARATOR: Final = "; "
