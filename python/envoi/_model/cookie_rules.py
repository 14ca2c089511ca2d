"""Which cookies are kept, and how they are sent: RFC 6265bis, sections 5.7 and 5.8.3, without the
jar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi._model.cookie_fields import MAX_COOKIE_SIZE
from envoi._model.cookie_scopes import default_path, domain_matches
from envoi._model.cookie_values import CONTROLS
from envoi._model.public_suffixes import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

    from envoi._model.cookie_fields import SetCookie
    from envoi._model.cookie_scopes import Scope

MAX_COOKIE_FIELD: Final = 8192
"""Octets of a Cookie field written from a jar; cookies beyond are left out."""
_PREFIX_LENGTH: Final = len("__secure-")


def within_limits(fields: Iterable[str]) -> list[str]:
    """The Set-Cookie fields that may go on to a jar of any kind: neither oversized nor with control
    characters.

    Args:
        fields: the response's Set-Cookie values.
    """
    return [
        field
        for field in fields
        if len(field.partition(";")[0]) <= MAX_COOKIE_SIZE + 1 and not CONTROLS.search(field)
    ]


def cookie_from(said: SetCookie, scope: Scope) -> Cookie | None:
    """The cookie that a Set-Cookie field makes; None when it must not be kept (RFC 6265bis, section
    5.7). Whether it would overlay a Secure cookie is for the jar to say.

    Args:
        said: the field.
        scope: of the request that it answers.
    """
    domain = said.domain
    if domain:
        if not domain.isascii() or not domain_matches(scope.host, domain):
            return None
        if is_public_suffix(domain):
            if domain != scope.host:
                return None
            domain = ""
    if said.is_secure and not scope.is_secure:
        return None
    path = said.path or default_path(scope.path)
    if not _keeps_its_promise(said, domain, path):
        return None
    return _new_cookie(said, domain, scope.host, path)


def cookie_field(cookies: Iterable[Cookie]) -> str | None:
    """The Cookie field with these cookies, in their order; None for none.

    Cookies that would make it too long are left out, except those that were set by hand for every
    host.
    """
    parts: list[str] = []
    size = 0
    for cookie in cookies:
        name, value = cookie.name, cookie.value
        part = name if value is None else f"{name}={value}" if name else value
        if size + len(part) > MAX_COOKIE_FIELD and parts and cookie.domain:
            continue
        size += len(part) + 2
        parts.append(part)
    return "; ".join(parts) if parts else None


def _keeps_its_promise(said: SetCookie, domain: str, path: str) -> bool:
    """Whether a cookie is what its name's prefix promises (RFC 6265bis, section 4.1.3). One without
    a name must not look, when it is sent, as if it had such a name.
    """
    prefix = (said.name or said.value)[:_PREFIX_LENGTH].lower()
    is_for_host, is_secure = prefix.startswith("__host-"), prefix == "__secure-"
    if not is_for_host and not is_secure:
        return True
    if not said.name or not said.is_secure:
        return False
    return is_secure or (not domain and said.path is not None and path == "/")


def _new_cookie(said: SetCookie, domain: str, host: str, path: str) -> Cookie:
    from http.cookiejar import Cookie

    rest: dict[str, Any] = dict(said.others)
    if said.is_http_only:
        rest["HttpOnly"] = None
    if said.same_site is not None:
        rest["SameSite"] = said.same_site
    return Cookie(
        version=0,
        name=said.name,
        value=said.value,
        port=None,
        port_specified=False,
        domain=f".{domain}" if domain else host,
        domain_specified=bool(domain),
        domain_initial_dot=bool(domain) and said.has_initial_dot,
        path=path,
        path_specified=bool(said.path),
        secure=said.is_secure,
        expires=said.expires,
        discard=said.expires is None,
        comment=None,
        comment_url=None,
        rest=rest,
    )
