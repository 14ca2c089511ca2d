"""A request and a response as `http.cookiejar` wants to see them, and Envoi's cookie policy."""

from __future__ import annotations

import http.cookiejar as standard
from functools import lru_cache
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envoi._core import URL


class Policy(DefaultCookiePolicy):
    """The standard policy, with two leaks closed: host-only cookies stay with their host, and
    `co.uk` and its like are no domain.
    """

    def __init__(self) -> None:
        super().__init__(strict_domain=True)

    def return_ok_domain(self, cookie: Cookie, request: Any) -> bool:
        """Whether the request's host may have the cookie (RFC 6265, section 5.4); one set by hand
        without a domain goes everywhere.
        """
        if not cookie.domain_specified and cookie.domain:
            return cookie.domain == hosts_of(request)[1]
        return bool(super().return_ok_domain(cookie, request))

    def domain_return_ok(self, domain: str, request: Any) -> bool:
        """Whether a domain's cookies may be for the request's host at all."""
        dotted = domain if not domain or domain.startswith(".") else "." + domain
        if not any(("." + host).endswith(dotted) for host in hosts_of(request)):
            return False
        return not (self.is_blocked(domain) or self.is_not_allowed(domain))

    def path_return_ok(self, path: str, request: Any) -> bool:
        """Whether the request's path is the cookie's or below it (RFC 6265, section 5.1.4)."""
        wanted: str = getattr(request, "effective_path", None) or standard.request_path(request)  # type: ignore[attr-defined] # typeshed lacks it
        return wanted.startswith(path) and (
            len(wanted) == len(path) or path.endswith("/") or wanted[len(path)] == "/"
        )


class RequestView:
    """What `CookieJar` asks of a `urllib.request.Request`."""

    # For cookie policies: a request of the user's own, not a third party's (RFC 2965).
    unverifiable = False

    def __init__(self, url: URL) -> None:
        self._url = url
        self._text: str | None = None
        self._path: str | None = None
        self.cookie_header: str | None = None
        self.type = url.scheme
        self.host = url.authority
        self.origin_req_host = url.host

    def get_full_url(self) -> str:
        """Scheme, host and path; the jar matches nothing else."""
        if self._text is None:
            url = self._url
            self._text = f"{url.scheme}://{url.authority}{url.target}"
        return self._text

    @property
    def effective_hosts(self) -> tuple[str, str]:
        """The host, and the host as RFC 2965 has it, in lower case."""
        return _hosts_in(self.host)

    @property
    def effective_path(self) -> str:
        """The path as RFC 2965 has it."""
        if self._path is None:
            self._path = standard.request_path(self)  # type: ignore[attr-defined] # typeshed lacks it
        return self._path

    def has_header(self, name: str) -> bool:
        """Whether the jar has written the Cookie field."""
        return name == "Cookie" and self.cookie_header is not None

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """The Cookie field, if written."""
        return (
            self.cookie_header if name == "Cookie" and self.cookie_header is not None else default
        )

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Take the Cookie field that the jar writes."""
        if name == "Cookie":
            self.cookie_header = value


class ResponseView:
    """What `CookieJar` asks of a response: its Set-Cookie fields."""

    def __init__(self, set_cookies: list[str]) -> None:
        self._set_cookies = set_cookies

    def info(self) -> ResponseView:
        """The header fields: this object."""
        return self

    def get_all(self, name: str, default: Any = None) -> Any:
        """The fields with that name."""
        return self._set_cookies if name.lower() == "set-cookie" else default


def hosts_of(request: Any) -> tuple[str, str]:
    """A request's host, and the name that a jar has for it: `localhost.local` for `localhost`."""
    known = getattr(request, "effective_hosts", None)
    return known or standard.eff_request_host(request)  # type: ignore[attr-defined, no-any-return] # typeshed lacks it


def possible_domains(request: Any) -> frozenset[str]:
    """The domains that the request's host is in, with and without a leading dot, and "" for cookies
    that go everywhere.
    """
    return _domains_above(*hosts_of(request))


def parse_date(text: str) -> int | None:
    """Seconds since 1970 of a cookie's date; None when it is none."""
    seconds = standard.http2time(text)  # type: ignore[attr-defined] # typeshed lacks it
    return None if seconds is None else int(seconds)


def seconds_now() -> int:
    """Seconds since 1970 by the clock of the standard library's jars, which read it by
    themselves.
    """
    return int(standard.iso2time(standard.time2isoz()))  # type: ignore[attr-defined] # typeshed lacks them


class _Authority:
    """The part of a request's interface from which the standard library reads the host."""

    def __init__(self, authority: str) -> None:
        self._authority = authority

    def get_full_url(self) -> str:
        return f"https://{self._authority}/"


@lru_cache(maxsize=256)
def _hosts_in(authority: str) -> tuple[str, str]:
    return standard.eff_request_host(_Authority(authority))  # type: ignore[attr-defined, no-any-return] # typeshed lacks it


@lru_cache(maxsize=256)
def _domains_above(*hosts: str) -> frozenset[str]:
    possible = {""}
    for host in hosts:
        while host:
            possible.update((host, "." + host))
            host = host.partition(".")[2]  # noqa: PLW2901
    return frozenset(possible)
