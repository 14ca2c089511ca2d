"""requests' cookie jar: the standard library's jar, also a mapping, under Envoi's rules for the
cookies that servers set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal

from envoi._model.cookie_store import CookieStore
from envoi._model.cookie_values import CookieConflictError, as_cookie

if TYPE_CHECKING:
    from http.cookiejar import Cookie, CookieJar
    from os import PathLike


class RequestsCookieJar(CookieStore, MutableMapping[str, "str | None"]):
    """A jar of cookies that is also a mapping from names to values.

    It is a `http.cookiejar.CookieJar`; iterating gives cookies, as there, and `keys()` gives names.
    A cookie's SameSite and Priority are where that library has what it does not know:
    `cookie.get_nonstandard_attr("SameSite")`.

    A domain has at most 180 cookies and the jar 3,000; those go first that were not used for
    longest.
    Safe to share between threads, and it can be pickled and copied.

    Args:
        policy: which cookies are taken and sent: by RFC 6265bis when left out. What is no policy is
            taken for cookies to start with: a mapping, pairs, another jar.

    Examples:
        >>> jar = RequestsCookieJar({"session": "abc"})
        >>> jar["session"]
        'abc'
    """

    def __init__(self, policy: Any = None) -> None:
        is_policy = hasattr(policy, "set_ok")
        super().__init__(policy if is_policy else None)
        if policy is not None and not is_policy:
            self.update(policy)

    def get(
        self, name: str, default: Any = None, domain: str | None = None, path: str | None = None
    ) -> Any:
        """The value of the cookie with that name, or `default`; `domain` and `path` choose between
        several.

        Raises:
            CookieConflictError: several fit.
        """
        try:
            return self._find_no_duplicates(name, domain, path)
        except KeyError:
            return default

    def set(self, name: str, value: Any, **kwargs: Any) -> Cookie | None:
        """Put a cookie in. Without `domain` it is sent to every host, as in requests.

        Args:
            name: its name.
            value: text, a `Morsel`, or None to take the cookie out.
            **kwargs: domain, path, secure, expires (seconds since 1970), version, port, discard,
                comment, comment_url, rest, rfc2109.
        """
        if value is None:
            remove_cookie_by_name(self, name, domain=kwargs.get("domain"), path=kwargs.get("path"))
            return None
        cookie = as_cookie(name, value, kwargs)
        self.set_cookie(cookie)
        return cookie

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        """Put a cookie in. As in requests, a quoted value loses its escaped quotes.

        Beyond 180 cookies of a domain or 3,000 in all, expired ones and then those that were not
        used for longest go.

        Args:
            cookie: a `http.cookiejar.Cookie`.
            *args: for the jar's base class, if it is not the standard library's.
            **kwargs: the same.
        """
        cookie.value = as_requests_has_it(cookie.value)
        super().set_cookie(cookie, *args, **kwargs)

    def update(self, other: Any = (), /, **names: str) -> None:  # type: ignore[override]
        """Take over cookies.

        Args:
            other: a mapping, pairs, or another jar, of whose cookies copies are made.
            **names: values by their names.
        """
        if hasattr(other, "set_cookie"):
            self._adopt(
                other._oldest_first() if isinstance(other, CookieStore) else snapshot(other)
            )
        else:
            for name, value in other.items() if isinstance(other, Mapping) else _pairs(other):
                self.set(name, value)
        for name, value in names.items():
            self.set(name, value)

    def iterkeys(self) -> Iterator[str]:
        """The names, one by one."""
        return (cookie.name for cookie in self)

    def keys(self) -> list[str]:  # type: ignore[override]
        """The names."""
        return list(self.iterkeys())

    def itervalues(self) -> Iterator[str | None]:
        """The values, one by one."""
        return (as_requests_has_it(cookie.value) for cookie in self)

    def values(self) -> list[str | None]:  # type: ignore[override]
        """The values."""
        return list(self.itervalues())

    def iteritems(self) -> Iterator[tuple[str, str | None]]:
        """Names and values, one by one."""
        return ((cookie.name, as_requests_has_it(cookie.value)) for cookie in self)

    def items(self) -> list[tuple[str, str | None]]:  # type: ignore[override]
        """Names and values."""
        return list(self.iteritems())

    def list_domains(self) -> list[str]:
        """Each domain once."""
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self) -> list[str]:
        """Each path once."""
        return list(dict.fromkeys(cookie.path for cookie in self))

    def multiple_domains(self) -> bool:
        """Whether two cookies have the same domain, as in requests."""
        domains = [cookie.domain for cookie in self if cookie.domain is not None]
        return len(domains) != len(set(domains))

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """Names and values as a dict, of one domain or path if given."""
        return {
            cookie.name: as_requests_has_it(cookie.value)
            for cookie in self
            if domain in (None, cookie.domain) and path in (None, cookie.path)
        }

    def copy(self) -> RequestsCookieJar:
        """An independent jar with the same cookies and policy."""
        copied = RequestsCookieJar(self.get_policy())
        with self._cookies_lock:
            copied._adopt(self._oldest_first())
            copied._order = self._ordered().copy(copied._cookies)
        return copied

    __copy__ = copy

    def save(
        self,
        path: str | PathLike[str],
        ignore_discard: bool = False,
        ignore_expires: bool = False,
        *,
        format: Literal["netscape", "json"] = "netscape",  # noqa: A002 - what else
    ) -> None:
        """Write the cookies to a file that only its owner may read. It is replaced at once or not
        at all.

        The Netscape format is what curl and browsers' tools read. It has no place for SameSite and
        other attributes, and cookies with a tab, a line break or a character that HTTP cannot send
        are left out. JSON has all there is.

        Args:
            path: the file, which is replaced.
            ignore_discard: whether cookies that last until the end of the session are written as
                well.
            ignore_expires: whether cookies past their expiry date are written as well.
            format: "netscape" or "json".

        Raises:
            CookieFileError: it cannot be written.
            InvalidOption: a format that is none.

        Examples:
            >>> import os, tempfile
            >>> path = os.path.join(tempfile.mkdtemp(), "cookies.txt")
            >>> RequestsCookieJar({"session": "abc"}).save(path, ignore_discard=True)
            >>> oct(os.stat(path).st_mode)
            '0o100600'
        """
        from envoi._model.cookie_files import save

        save(
            self._oldest_first() if format == "json" else snapshot(self),
            path,
            ignore_discard=ignore_discard,
            ignore_expires=ignore_expires,
            format=format,
        )

    def load(
        self, path: str | PathLike[str], ignore_discard: bool = False, ignore_expires: bool = False
    ) -> None:
        """Read cookies from a file into this jar: one that `save` has written in either format, or
        curl, or `MozillaCookieJar`.

        Lines of a Netscape file that should be cookies and are none (blanks for tabs, an expiry
        date of -1) are left out, with a `CookieFileWarning` that names them.

        Args:
            path: the file, of at most 16 MiB.
            ignore_discard: whether cookies that last until the end of a session are taken as well.
            ignore_expires: whether cookies past their expiry date are taken as well.

        Raises:
            CookieFileError: it cannot be read, or is no file of cookies; when there is no such
                file, also FileNotFoundError.

        Examples:
            >>> import os, tempfile
            >>> path = os.path.join(tempfile.mkdtemp(), "cookies.json")
            >>> RequestsCookieJar({"session": "abc"}).save(path, ignore_discard=True, format="json")
            >>> jar = RequestsCookieJar()
            >>> jar.load(path, ignore_discard=True)
            >>> jar["session"]
            'abc'
        """
        from envoi._model.cookie_files import load

        for cookie in load(path, ignore_discard=ignore_discard, ignore_expires=ignore_expires):
            self._keep(cookie)

    def __iter__(self) -> Iterator[Cookie]:  # type: ignore[override]
        return iter(snapshot(self))

    def __len__(self) -> int:
        return len(snapshot(self))

    def __contains__(self, name: object) -> bool:
        return any(cookie.name == name and cookie.value is not None for cookie in self)

    def __getitem__(self, name: str) -> str | None:
        return self._find_no_duplicates(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        remove_cookie_by_name(self, name)

    def __repr__(self) -> str:
        # No values: they are secrets, more often than not.
        shown = ", ".join(
            f"<Cookie {cookie.name} for {cookie.domain}{cookie.path}>" for cookie in self
        )
        return f"<{type(self).__name__}[{shown}]>"

    __str__ = __repr__

    def _find(self, name: str, domain: str | None = None, path: str | None = None) -> str | None:
        """The value of the first cookie that fits."""
        for cookie in self._matching(name, domain, path):
            return as_requests_has_it(cookie.value)
        raise _missing(name, domain, path)

    def _find_no_duplicates(
        self, name: str, domain: str | None = None, path: str | None = None
    ) -> str:
        found = [
            value
            for cookie in self._matching(name, domain, path)
            if (value := as_requests_has_it(cookie.value)) is not None
        ]
        if len(found) > 1:
            message = f"There are multiple cookies with name, {name!r}"
            raise CookieConflictError(message)
        if not found:
            raise _missing(name, domain, path)
        return found[0]

    def _matching(self, name: str, domain: str | None, path: str | None) -> list[Cookie]:
        return [
            cookie
            for cookie in self
            if cookie.name == name
            and domain in (None, cookie.domain)
            and path in (None, cookie.path)
        ]


def remove_cookie_by_name(
    cookiejar: CookieJar, name: str, domain: str | None = None, path: str | None = None
) -> None:
    """Remove the cookies with a name, of one domain or path if given.

    Args:
        cookiejar: any jar.
        name: the cookie's.
        domain: this one alone.
        path: this one alone.
    """
    for cookie in snapshot(cookiejar):
        if cookie.name == name and domain in (None, cookie.domain) and path in (None, cookie.path):
            try:
                cookiejar.clear(cookie.domain, cookie.path, cookie.name)
            except KeyError:  # another thread was first
                continue


def snapshot(jar: Any) -> list[Any]:
    """The jar's cookies, copied under its lock: the standard jar's own iteration takes no lock."""
    lock = getattr(jar, "_cookies_lock", None)
    domains = getattr(jar, "_cookies", None)
    if lock is None or not isinstance(domains, dict):
        return list(jar)
    with lock:
        return [
            cookie
            for paths in domains.values()
            for names in paths.values()
            for cookie in names.values()
        ]


def as_requests_has_it(value: str | None) -> str | None:
    """A value as requests shows it: without the escaped quotes of a quoted one. What a server set
    goes back to it as it came all the same.
    """
    if isinstance(value, str) and value.startswith('"') and value.endswith('"'):
        return value.replace('\\"', "")
    return value


def _pairs(other: Any) -> Any:
    """Pairs of anything with `keys` and item access, which is a mapping for requests; else as
    given.
    """
    return [(name, other[name]) for name in other.keys()] if hasattr(other, "keys") else other  # noqa: SIM118


def _missing(name: str, domain: str | None, path: str | None) -> KeyError:
    return KeyError(f"name={name!r}, domain={domain!r}, path={path!r}")
