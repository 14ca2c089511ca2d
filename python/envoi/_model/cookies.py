"""Cookies: requests' jar over the standard library's, imported when the first cookie turns up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy as copy_cookie
from typing import TYPE_CHECKING, Any, ClassVar, Final

from envoi._model.cookie_rules import CookieConflictError, acceptable_set_cookies, as_cookie, check_cookie_text
from envoi._model.sentinel import NOT_GIVEN

if TYPE_CHECKING:
    from http.cookiejar import Cookie, CookieJar

    from envoi._core import URL, Headers
    from envoi._model.types import CookiesType


class Cookies:
    """A jar of cookies that is also a mapping from names to values, as requests' `RequestsCookieJar`.

    Iterating gives cookies, as there; `keys()` gives names. Safe to share between threads.

    Args:
        cookies: what is in it from the start: a mapping, pairs, another jar.

    Example:
        >>> jar = Cookies({"session": "abc"})
        >>> jar["session"]
        'abc'
    """

    __slots__ = ("_holder",)

    def __init__(self, cookies: Any = None) -> None:
        # A dict, because its setdefault lets two threads agree on one jar without a lock.
        self._holder: dict[str, CookieJar] = {}
        if cookies is not None:
            self.update(cookies)

    @property
    def jar(self) -> CookieJar:
        """The standard library's jar underneath."""
        found = self._holder.get("jar")
        if found is None:
            from envoi._model.cookie_adapters import make_jar  # http.cookiejar is slow to import

            found = self._holder.setdefault("jar", make_jar())
        return found

    @classmethod
    def over(cls, jar: CookieJar) -> Cookies:
        """A view of a standard jar: changes go both ways."""
        cookies = cls()
        cookies._holder["jar"] = jar
        return cookies

    @property
    def is_empty(self) -> bool:
        """Whether there is no cookie at all. Costs next to nothing."""
        jar = self._holder.get("jar")
        if jar is None:
            return True
        domains = getattr(jar, "_cookies", None)
        if not isinstance(domains, dict):
            return not _snapshot(jar)
        return not any(names for paths in list(domains.values()) for names in list(paths.values()))

    def extract(self, url: URL, headers: Headers, now: float | None = None) -> None:
        """Take the cookies that a response sets (RFC 6265, section 5.3), except those that `cookie_rules` refuses.

        Args:
            url: what was asked for.
            headers: the response's.
            now: seconds since 1970; the standard library's jar reads the clock by itself, another one need not.
        """
        del now
        fields = headers.get_all("set-cookie")
        if fields:
            accepted = acceptable_set_cookies(fields, url, self)
            if accepted:
                from envoi._model.cookie_adapters import ResponseView, view_request

                self.jar.extract_cookies(ResponseView(accepted), view_request(url))  # type: ignore[arg-type]

    def header_for(self, url: URL) -> str | None:
        """The Cookie field to send to `url`, or None."""
        if self.is_empty:
            return None
        from envoi._model.cookie_adapters import view_request

        view = view_request(url)
        self.jar.add_cookie_header(view)  # type: ignore[arg-type]
        return view.cookie_header

    def get(self, name: str, default: Any = None, domain: str | None = None, path: str | None = None) -> Any:
        """The value of the cookie with that name, or `default`; `domain` and `path` choose between several.

        Raises:
            CookieConflictError: several fit.
        """
        try:
            return self._find(name, domain, path)
        except KeyError:
            return default

    def set(self, name: str, value: Any, **attributes: Any) -> Cookie | None:
        """Put a cookie in. Without `domain` it is sent to every host, as in requests.

        Args:
            name: its name.
            value: text, a `Morsel`, or None to take the cookie out.
            **attributes: domain, path, secure, expires (seconds since 1970), version, port, discard, comment, comment_url, rest, rfc2109.
        """
        if value is None:
            self._remove(name, attributes.get("domain"), attributes.get("path"))
            return None
        cookie = as_cookie(name, value, attributes)
        self.set_cookie(cookie)
        return cookie

    def set_cookie(self, cookie: Cookie) -> None:
        """Put a `http.cookiejar.Cookie` in."""
        value = cookie.value
        if value is not None and value.startswith('"') and value.endswith('"'):
            cookie.value = value.replace('\\"', "")
        self.jar.set_cookie(cookie)

    def update(self, other: Any) -> None:
        """Take over the cookies of a mapping, of pairs, or of another jar (copies of them)."""
        if hasattr(other, "set_cookie"):
            for cookie in _snapshot(other):
                self.set_cookie(copy_cookie(cookie))
            return
        for name, value in other.items() if isinstance(other, Mapping) else other:
            self.set(name, value)

    def keys(self) -> list[str]:
        """The names."""
        return [cookie.name for cookie in self]

    def values(self) -> list[str | None]:
        """The values."""
        return [cookie.value for cookie in self]

    def items(self) -> list[tuple[str, str | None]]:
        """Names and values."""
        return [(cookie.name, cookie.value) for cookie in self]

    def iterkeys(self) -> Iterator[str]:
        """The names, one by one."""
        return iter(self.keys())

    def itervalues(self) -> Iterator[str | None]:
        """The values, one by one."""
        return iter(self.values())

    def iteritems(self) -> Iterator[tuple[str, str | None]]:
        """Names and values, one by one."""
        return iter(self.items())

    def list_domains(self) -> list[str]:
        """Each domain once."""
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self) -> list[str]:
        """Each path once."""
        return list(dict.fromkeys(cookie.path for cookie in self))

    def multiple_domains(self) -> bool:
        """Whether two cookies have the same domain: requests' answer, kept for its name."""
        domains = [cookie.domain for cookie in self]
        return len(domains) != len(set(domains))

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """Names and values as a dict, of one domain or path if given."""
        return {cookie.name: cookie.value for cookie in self if domain in (None, cookie.domain) and path in (None, cookie.path)}

    def pop(self, name: str, default: Any = NOT_GIVEN) -> Any:
        """Take the cookie `name` out and return its value; `default`, or a KeyError, when there is none."""
        try:
            value = self[name]
        except KeyError:
            if default is NOT_GIVEN:
                raise
            return default
        del self[name]
        return value

    def setdefault(self, name: str, default: str = "") -> str | None:
        """The value of the cookie `name`; when it is missing, `default` is put in first."""
        try:
            return self[name]
        except KeyError:
            self[name] = default
            return default

    def clear(self, domain: str | None = None, path: str | None = None, name: str | None = None) -> None:
        """Take all cookies out, or those of a `domain`, of a `path` there, or the one `name` there. KeyError when there is none."""
        if domain is not None or "jar" in self._holder:
            self.jar.clear(domain, path, name)

    def clear_session_cookies(self) -> None:
        """Take out what has no expiry date."""
        self.jar.clear_session_cookies()

    def clear_expired_cookies(self) -> None:
        """Take out what is past its expiry date."""
        self.jar.clear_expired_cookies()

    def copy(self) -> Cookies:
        """An independent jar with the same cookies and policy."""
        copied = Cookies()
        if "jar" in self._holder:
            policy = getattr(self.jar, "_policy", None)
            if policy is not None:
                copied.jar.set_policy(policy)
            copied.update(self)
        return copied

    __copy__ = copy

    def get_policy(self) -> Any:
        """The jar's policy."""
        return self.jar._policy  # type: ignore[attr-defined]

    def set_policy(self, policy: Any) -> None:
        """Change the jar's policy."""
        self.jar.set_policy(policy)

    def __iter__(self) -> Iterator[Any]:
        return iter(_snapshot(self._holder.get("jar", ())))

    def __len__(self) -> int:
        return len(_snapshot(self._holder.get("jar", ())))

    def __contains__(self, name: object) -> bool:
        return any(cookie.name == name for cookie in self)

    def __getitem__(self, name: str) -> str | None:
        return self._find(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self._remove(name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (Cookies, Mapping)):
            return dict(self.items()) == dict(other.items())
        return NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # No values: they are secrets, more often than not.
        return "<Cookies[" + ", ".join(f"{cookie.name} for {cookie.domain or 'any host'}{cookie.path}" for cookie in self) + "]>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (list(self),)

    def _find(self, name: str, domain: str | None = None, path: str | None = None) -> str | None:
        found = self._matching(name, domain, path)
        if not found:
            message = f"name={name!r}, domain={domain!r}, path={path!r}"
            raise KeyError(message)
        if len(found) > 1:
            message = f"There are multiple cookies with name, {name!r}"
            raise CookieConflictError(message)
        return found[0].value  # type: ignore[no-any-return]

    def _remove(self, name: str, domain: str | None = None, path: str | None = None) -> None:
        for cookie in self._matching(name, domain, path):
            try:
                self.jar.clear(cookie.domain, cookie.path, cookie.name)
            except KeyError:  # another thread was first
                continue

    def _matching(self, name: str, domain: str | None, path: str | None) -> list[Any]:
        return [cookie for cookie in self if cookie.name == name and domain in (None, cookie.domain) and path in (None, cookie.path)]


MutableMapping.register(Cookies)


def with_request_cookies(session: Cookies, per_request: CookiesType, url: URL) -> str | None:
    """The Cookie field for one request: the session's cookies for `url`, and the request's own, which are not kept.

    Raises:
        InvalidHeader: a cookie with a control character.
    """
    if not per_request:
        return session.header_for(url)
    if session.is_empty and isinstance(per_request, Mapping) and not hasattr(per_request, "set_cookie"):
        return _plain_header(per_request)
    merged = session.copy()
    merged.update(per_request)
    header = merged.header_for(url)
    if header is not None:
        check_cookie_text(header)
    return header


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
        fields.append(f"{name}={value}")
    header = _SEPARATOR.join(fields)
    check_cookie_text(header)
    return header or None


_SEPARATOR: Final = "; "


def _snapshot(jar: Any) -> list[Any]:
    """The cookies now; under the standard jar's lock, as its own iteration takes none."""
    lock = getattr(jar, "_cookies_lock", None)
    domains = getattr(jar, "_cookies", None)
    if lock is None or not isinstance(domains, dict):
        return list(jar)
    with lock:
        return [cookie for paths in domains.values() for names in paths.values() for cookie in names.values()]


def _restore(cookies: list[Any]) -> Cookies:
    restored = Cookies()
    for cookie in cookies:
        restored.set_cookie(cookie)
    return restored
