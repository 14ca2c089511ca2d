"""Where a request goes, as far as cookies care, and what matches it (RFC 6265bis, section 5.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from envoi._model.url import parse_url

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from envoi._core import URL


class Scope(NamedTuple):
    """A request's host, path, port, and whether nobody can listen."""

    host: str
    """Its name in lower case, in Punycode where it is not ASCII; an IPv6 address in brackets."""
    path: str
    """Begins with "/"; without the query."""
    port: int | None
    is_secure: bool


def scope_of(url: URL) -> Scope:
    """What matters to cookies of a request to `url`."""
    host = url.host
    path = url.target.partition("?")[0]
    return Scope(
        f"[{host}]" if ":" in host else host,
        path if path.startswith("/") else "/",
        url.port,
        url.scheme in _SECURE_SCHEMES,
    )


def scope_of_request(request: Any) -> Scope:
    """The scope of a request as the standard library's jars see one.

    Args:
        request: as `urllib.request.Request` and `MockRequest`.
    """
    known = getattr(request, "scope", None)
    if isinstance(known, Scope):
        return known
    parts = urlsplit(request.get_full_url())
    authority = parts.netloc or request.get_header("Host", "") or ""
    scheme = parts.scheme or request.type
    try:
        return scope_of(parse_url(f"{scheme}://{authority}{parts.path or '/'}"))
    except ValueError:  # a host that Envoi would not send to
        host = authority.rpartition("@")[2].partition(":")[0].lower()
        return Scope(host, parts.path or "/", None, scheme in _SECURE_SCHEMES)


def domain_matches(host: str, domain: str) -> bool:
    """Whether a host is a domain, or a name below it (section 5.1.3).

    Args:
        host: of the request.
        domain: of the cookie, without a leading dot.
    """
    return host == domain or (host.endswith("." + domain) and not is_address(host))


def path_matches(path: str, cookie_path: str) -> bool:
    """Whether a path is a cookie's or below it (section 5.1.4)."""
    return path.startswith(cookie_path) and (
        len(path) == len(cookie_path) or cookie_path[-1:] == "/" or path[len(cookie_path)] == "/"
    )


def default_path(path: str) -> str:
    """The path of a cookie that names none (section 5.1.4): the request's, up to its last slash."""
    return path[: path.rfind("/")] or "/"


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    return host.startswith("[") or host.replace(".", "").isdigit()


@lru_cache(maxsize=256)
def possible_domains(host: str) -> tuple[str, ...]:
    """The domains that a jar may have a host's cookies under, with and without a leading dot, and
    "" for those that were set by hand for every host.
    """
    domains = ["", host, "." + host]
    if not is_address(host):
        above = host.partition(".")[2]
        while above:
            domains += (above, "." + above)
            above = above.partition(".")[2]
    return tuple(domains)


def canonical_domain(domain: str) -> str:
    """A domain as the hosts of requests are written; a leading dot stays."""
    dot, name = ("." if domain.startswith(".") else ""), domain.removeprefix(".")
    if name == name.lower() and name.isascii():
        return domain
    try:
        return dot + parse_url(f"http://{name}/").host
    except ValueError:
        return domain.lower()


def may_be_sent(cookie: Cookie, scope: Scope) -> bool:
    """Whether a cookie whose domain and path match is for a request after all."""
    if cookie.secure and not scope.is_secure:
        return False
    if not cookie.domain_specified and cookie.domain and cookie.domain != scope.host:
        return False  # for its host alone
    return cookie.port is None or str(scope.port) in cookie.port.strip('"').split(",")


_SECURE_SCHEMES: Final = frozenset({"https", "wss"})
