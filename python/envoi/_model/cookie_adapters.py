"""A request and a response as `http.cookiejar` wants to see them, and Envoi's cookie policy."""

from __future__ import annotations

import http.cookiejar as standard
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from envoi._model.cookie_scopes import Scope, path_matches, scope_of

if TYPE_CHECKING:
    from envoi._core import URL


class Policy(DefaultCookiePolicy):
    """The policy of RFC 6265bis. A jar of Envoi's that has it asks nothing but which domains it was
    told to block: the rules are the jar's own. In a jar of another class it keeps cookies without
    a domain with their host.
    """

    def __init__(self) -> None:
        super().__init__(strict_domain=True)

    def return_ok_domain(self, cookie: Cookie, request: Any) -> bool:
        """Whether the request's host may have the cookie (RFC 6265bis, section 5.8.3); one set by
        hand without a domain goes everywhere.
        """
        if not cookie.domain_specified and cookie.domain:
            return cookie.domain in _hosts_of(request)
        return bool(super().return_ok_domain(cookie, request))

    def domain_return_ok(self, domain: str, request: Any) -> bool:
        """Whether a domain's cookies may be for the request's host at all."""
        dotted = domain if not domain or domain.startswith(".") else "." + domain
        if not any(("." + host).endswith(dotted) for host in _hosts_of(request)):
            return False
        return not (self.is_blocked(domain) or self.is_not_allowed(domain))

    def path_return_ok(self, path: str, request: Any) -> bool:
        """Whether the request's path is the cookie's or below it (RFC 6265bis, section 5.1.4)."""
        return path_matches(standard.request_path(request), path)  # type: ignore[attr-defined] # typeshed lacks it


class RequestView:
    """What `CookieJar` asks of a `urllib.request.Request`."""

    # For cookie policies: a request of the user's own, not a third party's (RFC 2965).
    unverifiable = False

    def __init__(self, url: URL) -> None:
        self._url = url
        self._text: str | None = None
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
    def scope(self) -> Scope:
        """Where the request goes, without parsing it anew."""
        return scope_of(self._url)

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


def seconds_now() -> int:
    """Seconds since 1970 by the clock of the standard library's jars, which read it by
    themselves.
    """
    return int(standard.time.time())  # type: ignore[attr-defined] # typeshed lacks it


def _hosts_of(request: Any) -> tuple[str, str]:
    """A request's host, and the name that the standard library has for it: `localhost.local` for
    `localhost`.
    """
    return standard.eff_request_host(request)  # type: ignore[attr-defined, no-any-return] # typeshed lacks it
