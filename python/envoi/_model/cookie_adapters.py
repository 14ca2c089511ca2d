"""A request and a response as `http.cookiejar` wants to see them."""

from __future__ import annotations

import http.cookiejar as standard
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envoi._core import URL


class Policy(DefaultCookiePolicy):
    """The standard policy, with two leaks closed: host-only cookies stay with their host, and `co.uk` and its like are no domain."""

    def __init__(self) -> None:
        super().__init__(strict_domain=True)

    def return_ok_domain(self, cookie: Cookie, request: Any) -> bool:
        """Whether the request's host may have the cookie (RFC 6265, section 5.4); one set by hand without a domain goes everywhere."""
        if not cookie.domain_specified and cookie.domain:
            return bool(cookie.domain == standard.eff_request_host(request)[1])  # type: ignore[attr-defined] # typeshed lacks it
        return bool(super().return_ok_domain(cookie, request))


class Jar(CookieJar):
    """The standard jar, which asks its policy only about domains that can match: the cost does not grow with the other sites in it."""

    _cookies: dict[str, dict[str, dict[str, Cookie]]]
    _cookies_lock: Any

    def clear_expired_cookies(self) -> None:
        """Take out what is past its expiry date; done after every request, so it looks at cookies that have such a date alone."""
        with self._cookies_lock:
            everything = [cookie for paths in self._cookies.values() for names in paths.values() for cookie in names.values()]
            for cookie in everything:
                if cookie.expires is not None and cookie.is_expired():
                    self.clear(cookie.domain, cookie.path, cookie.name)

    def _cookies_for_request(self, request: Any) -> list[Cookie]:
        possible = _possible_domains(request)
        found: list[Cookie] = []
        for domain in [domain for domain in self._cookies if domain in possible]:
            found.extend(self._cookies_for_domain(domain, request))  # type: ignore[attr-defined] # typeshed lacks it
        return found


def make_jar() -> CookieJar:
    """An empty jar under that policy."""
    return Jar(Policy())


def parse_date(text: str) -> int | None:
    """Seconds since 1970 of a cookie's date; None when it is none."""
    seconds = standard.http2time(text)  # type: ignore[attr-defined] # typeshed lacks it
    return None if seconds is None else int(seconds)


class RequestView:
    """What `CookieJar` asks of a `urllib.request.Request`."""

    # The page asked for it, as far as cookies go: no third party is involved.
    unverifiable = False

    def __init__(self, url: URL) -> None:
        self._url = url
        self.cookie_header: str | None = None
        self.type = url.scheme
        self.host = url.authority
        self.origin_req_host = url.host

    def get_full_url(self) -> str:
        """Scheme, host and path; the jar matches nothing else."""
        url = self._url
        return f"{url.scheme}://{url.authority}{url.target}"

    def has_header(self, name: str) -> bool:
        """The Cookie field is always ours to write."""
        return name == "Cookie" and self.cookie_header is not None

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """The Cookie field, if written."""
        return self.cookie_header if name == "Cookie" and self.cookie_header is not None else default

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Where the jar puts what it has to say."""
        if name == "Cookie":
            self.cookie_header = value


class ResponseView:
    """What `CookieJar` asks of a response: its Set-Cookie fields."""

    def __init__(self, set_cookies: list[str]) -> None:
        self._set_cookies = set_cookies

    def info(self) -> ResponseView:
        """The header fields: this object."""
        return self

    def get_all(self, name: str, default: list[str]) -> list[str]:
        """The fields with that name."""
        return self._set_cookies if name.lower() == "set-cookie" else default


def view_request(url: URL) -> RequestView:
    """A view of a request to `url`."""
    return RequestView(url)


def _possible_domains(request: Any) -> set[str]:
    """The domains that the request's host is in, with and without a leading dot, and "" for cookies that go everywhere."""
    possible = {""}
    for host in standard.eff_request_host(request):  # type: ignore[attr-defined] # typeshed lacks it
        while host:
            possible.update((host, "." + host))
            host = host.partition(".")[2]  # noqa: PLW2901
    return possible
