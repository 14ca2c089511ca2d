"""The store: what RFC 6265bis, section 5, asks of a user agent, in a jar of the standard library.

The cookies lie in the dictionaries of `http.cookiejar.CookieJar`, and an index beside them says
which is the oldest. A jar under Envoi's own policy takes and sends cookies by the rules here; under
any other policy the standard library's code does both, and asks that policy.
"""

from __future__ import annotations

from copy import copy as copy_cookie
from http.cookiejar import Cookie, CookieJar, CookiePolicy
from typing import TYPE_CHECKING, Any

from envoi._model.cookie_adapters import Policy, seconds_now
from envoi._model.cookie_fields import parse_set_cookie
from envoi._model.cookie_index import CookieIndex, Cookies, Key, keys_of
from envoi._model.cookie_rules import cookie_field, cookie_from
from envoi._model.cookie_scopes import (
    Scope,
    domain_matches,
    may_be_sent,
    path_matches,
    possible_domains,
    scope_of_request,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class CookieStore(CookieJar):
    """A jar of the standard library under the rules of RFC 6265bis.

    Args:
        policy: which cookies are taken and sent; Envoi's own rules when left out.
    """

    _policy: CookiePolicy
    _cookies: Cookies
    _cookies_lock: Any
    _order: CookieIndex | None = None

    def __init__(self, policy: CookiePolicy | None = None) -> None:
        super().__init__(Policy() if policy is None else policy)

    @property
    def is_empty(self) -> bool:
        """Whether there is no cookie at all."""
        for paths in list(self._cookies.values()):
            for names in list(paths.values()):
                if names:
                    return False
        return True

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        """Put a cookie in. Beyond 180 cookies of a domain or 3,000 in all, expired ones and then
        those that were not used for longest go.

        Args:
            cookie: a `http.cookiejar.Cookie`.
            *args: for the jar's base class, if it is not the standard library's.
            **kwargs: the same.
        """
        with self._cookies_lock:
            order = self._ordered()
            super().set_cookie(cookie, *args, **kwargs)
            if order.add(_key(cookie), cookie.expires):
                for key in order.excess(cookie.domain, seconds_now()):
                    self._drop(key)

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Take all cookies out, or those of a `domain`, of a `path` there, or the one `name` there.
        KeyError when there is none.
        """
        with self._cookies_lock:
            if domain is None:
                gone: list[Key] = []
            elif name is None or path is None:
                paths = self._cookies.get(domain, {})
                gone = keys_of({domain: paths if path is None else {path: paths.get(path, {})}})
            else:
                gone = [(domain, path, name)]
            order = self._ordered()
            super().clear(domain, path, name)
            for key in gone:
                order.discard(key)

    def clear_expired_cookies(self) -> None:
        """Take out what is past its expiry date."""
        now = seconds_now()
        with self._cookies_lock:
            for cookie in self._oldest_first():
                if _is_expired(cookie, now):
                    self._drop(_key(cookie))

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Take the cookies that a response sets (RFC 6265bis, section 5.7).

        Args:
            response: has `info()`, which has `get_all`, as `http.client.HTTPResponse` and
                `MockResponse`.
            request: as `urllib.request.Request` and `MockRequest`.
        """
        if self._has_own_rules():
            fields = response.info().get_all("Set-Cookie", [])
            if fields:
                self._take(fields, scope_of_request(request))
        else:
            super().extract_cookies(response, request)

    def add_cookie_header(self, request: Any) -> None:
        """Write the Cookie field of a request that has none (RFC 6265bis, section 5.8).

        Args:
            request: as `urllib.request.Request` and `MockRequest`.
        """
        if self._has_own_rules():
            field = cookie_field(self._cookies_for_request(request))
            if field is not None and not request.has_header("Cookie"):
                request.add_unredirected_header("Cookie", field)
        else:
            super().add_cookie_header(request)

    def get_policy(self) -> CookiePolicy:
        """The jar's policy; `set_policy` changes it."""
        return self._policy

    def __getstate__(self) -> dict[str, Any]:
        with self._cookies_lock:
            state = self.__dict__.copy()
            state["_cookies"] = {
                domain: {path: dict(names) for path, names in paths.items()}
                for domain, paths in self._cookies.items()
            }
            state["_order"] = self._ordered().copy(state["_cookies"])
        del state["_cookies_lock"]
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        CookieJar.__init__(self)  # makes the lock
        self.__dict__.update(state)

    def _has_own_rules(self) -> bool:
        return type(self._policy) is Policy

    def _take(self, fields: Iterable[str], scope: Scope) -> None:
        """Keep the cookies of Set-Cookie fields, one after the other: a later one may take out an
        earlier one.
        """
        now = seconds_now()
        with self._cookies_lock:
            for field in fields:
                said = parse_set_cookie(field, now)
                cookie = None if said is None else cookie_from(said, scope)
                if cookie is None or self._is_blocked(cookie):
                    continue
                if not scope.is_secure and self._overlays_secure(cookie, now):
                    continue
                known = self._cookies.get(cookie.domain, _NONE).get(cookie.path, {})
                if _is_expired(cookie, now) or _is_expired(known.get(cookie.name), now):
                    self._drop(_key(cookie))
                if not _is_expired(cookie, now):
                    self._keep(cookie)

    def _keep(self, cookie: Cookie) -> None:
        """Put a cookie in by the public method, which requests has change some values, as it is."""
        value = cookie.value
        self.set_cookie(cookie)
        cookie.value = value

    def _adopt(self, cookies: Iterable[Cookie]) -> None:
        for cookie in cookies:
            self._keep(copy_cookie(cookie))

    def _cookies_for_request(self, request: Any) -> list[Cookie]:
        """The cookies to send, in their order."""
        if not self._has_own_rules():
            return super()._cookies_for_request(request)  # type: ignore[no-any-return, misc] # typeshed lacks it
        return self._cookies_for(scope_of_request(request))

    def _cookies_for(self, scope: Scope) -> list[Cookie]:
        """The cookies for a request: those with the longest path first, then the oldest (RFC
        6265bis, section 5.8.3).
        """
        with self._cookies_lock:
            order = self._ordered()
            found: list[Cookie] = []
            domains = possible_domains(scope.host)
            if order.has_unusual:
                domains = (*domains, *order.unusual(domains))
            for domain in domains:
                for path, names in self._cookies.get(domain, _NONE).items():
                    if path_matches(scope.path, path):
                        found.extend(names.values())
            if not found:
                return found
            now = seconds_now()
            sent: list[tuple[int, int, Cookie]] = []
            is_choosy = self._is_choosy()
            for cookie in found:
                key = (cookie.domain, cookie.path, cookie.name)
                if _is_expired(cookie, now):
                    self._drop(key)
                elif may_be_sent(cookie, scope) and not (is_choosy and self._is_blocked(cookie)):
                    order.used(key)
                    sent.append((-len(cookie.path), order.made(key), cookie))
            sent.sort(key=_by_path_and_age)
            return [cookie for *_, cookie in sent]

    def _is_choosy(self) -> bool:
        """Whether the policy was told which domains it refuses, or accepts."""
        policy: Any = self._policy
        return bool(policy.blocked_domains()) or policy.allowed_domains() is not None

    def _is_blocked(self, cookie: Cookie) -> bool:
        """Whether the policy refuses a cookie's domain."""
        policy: Any = self._policy
        return bool(policy.is_blocked(cookie.domain) or policy.is_not_allowed(cookie.domain))

    def _overlays_secure(self, cookie: Cookie, now: float) -> bool:
        """Whether a cookie that came over plain http would be sent where a Secure one of that name
        is (RFC 6265bis, section 5.7).
        """
        domain = cookie.domain.removeprefix(".")
        for known in self._ordered().named(cookie.name):
            other = known.domain.removeprefix(".")
            if (
                known.secure
                and not _is_expired(known, now)
                and (domain_matches(domain, other) or domain_matches(other, domain))
                and path_matches(cookie.path, known.path)
            ):
                return True
        return False

    def _oldest_first(self) -> list[Cookie]:
        with self._cookies_lock:
            made = self._ordered().made
            cookies = [
                cookie
                for paths in self._cookies.values()
                for names in paths.values()
                for cookie in names.values()
            ]
            return sorted(cookies, key=lambda cookie: made(_key(cookie)))

    def _ordered(self) -> CookieIndex:
        """The index; a new one where somebody put other dictionaries in the place of the jar's."""
        order = self._order
        if order is None or order.cookies is not self._cookies:
            order = self._order = CookieIndex(self._cookies)
        return order

    def _drop(self, key: Key) -> None:
        """Take a cookie out if it is there, and what is empty then."""
        domain, path, name = key
        paths = self._cookies.get(domain)
        names = None if paths is None else paths.get(path)
        if paths is not None and names is not None:
            names.pop(name, None)
            if not names:
                del paths[path]
        if paths is not None and not paths:
            del self._cookies[domain]
        self._ordered().discard(key)


_NONE: dict[str, dict[str, Cookie]] = {}


def _is_expired(cookie: Cookie | None, now: float) -> bool:
    return cookie is not None and cookie.expires is not None and cookie.expires <= now


def _key(cookie: Cookie) -> Key:
    return cookie.domain, cookie.path, cookie.name


def _by_path_and_age(sent: tuple[int, int, Cookie]) -> tuple[int, int]:
    return sent[:2]
