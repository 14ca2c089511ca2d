"""Which of a jar's cookies is the oldest, and which was not used for longest.

A jar keeps its cookies as the standard library's jars do, by domain, path and name, so that
whatever reads or writes those dictionaries goes on working. The index beside them knows when each
cookie was made (older ones are sent first), when each was used last (those that were not used for
longest are let go first), and which ones have a name. Each operation takes the same time in a jar
of any size. What somebody changed in the dictionaries directly is in the index once the jar meets
it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from envoi._model.cookie_scopes import canonical_domain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

Cookies: TypeAlias = "dict[str, dict[str, dict[str, Cookie]]]"
Key: TypeAlias = tuple[str, str, str]
"""Domain, path and name."""

MAX_COOKIES: Final = 3000
MAX_COOKIES_PER_DOMAIN: Final = 180


class CookieIndex:
    """Orders a jar's cookies. The jar's lock is held by whoever calls.

    Args:
        cookies: the jar's dictionaries.
    """

    __slots__ = ("_by_name", "_clock", "_made", "_soonest", "_unusual", "_used", "cookies")

    def __init__(self, cookies: Cookies) -> None:
        self.cookies = cookies
        # Counts what happens; the values of the next two are its readings.
        self._clock = 0
        self._made: dict[Key, int] = {}
        # The first was not used for longest.
        self._used: OrderedDict[Key, int] = OrderedDict()
        self._by_name: dict[str, dict[Key, None]] = {}
        # Domains set by hand that are not written as hosts are, by the way hosts are written.
        self._unusual: dict[str, dict[str, None]] = {}
        # No cookie expires before.
        self._soonest: float = 0
        for key in keys_of(cookies):
            self._add(key)

    def __len__(self) -> int:
        return len(self._made)

    def add(self, key: Key, expires: float | None) -> bool:
        """Note that a cookie is there and was used. Whether it is new."""
        if expires is not None and expires < self._soonest:
            self._soonest = expires
        if key in self._made:
            self.used(key)
            return False
        self._add(key)
        return True

    def used(self, key: Key) -> None:
        """Note that a cookie was sent."""
        if key in self._made:
            self._clock += 1
            self._used[key] = self._clock
            self._used.move_to_end(key)

    def made(self, key: Key) -> int:
        """A number that is greater for cookies that came later."""
        return self._made.get(key, 0)

    def discard(self, key: Key) -> None:
        """Forget a cookie."""
        if self._made.pop(key, None) is None:
            return
        del self._used[key]
        named = self._by_name[key[2]]
        del named[key]
        if not named:
            del self._by_name[key[2]]

    def named(self, name: str) -> list[Cookie]:
        """The cookies with a name."""
        found = (_at(self.cookies, key) for key in self._by_name.get(name, ()))
        return [cookie for cookie in found if cookie is not None]

    def unusual(self, domains: Iterable[str]) -> list[str]:
        """Domains that are the same as one of these, but written in another way."""
        if not self._unusual:
            return []
        return [other for domain in domains for other in self._unusual.get(domain, ())]

    def excess_of(self, domain: str, now: float) -> list[Key]:
        """The cookies to let go so that the domain has no more than it may: expired ones, ones that
        are not Secure, then others, of each kind those first that were not used for longest
        (RFC 6265bis, section 5.7).
        """
        paths = self.cookies.get(domain, {})
        is_fine = sum(map(len, paths.values())) <= MAX_COOKIES_PER_DOMAIN
        if is_fine or not domain:  # those of no domain were set by hand
            return []
        cookies = {key: _at(self.cookies, key) for key in keys_of({domain: paths})}
        ranked = sorted(
            cookies,
            key=lambda key: (
                not _is_expired(cookies[key], now),
                _is_secure(cookies[key]),
                self._used.get(key, 0),
            ),
        )
        expired = sum(_is_expired(cookie, now) for cookie in cookies.values())
        return ranked[: max(expired, len(ranked) - MAX_COOKIES_PER_DOMAIN)]

    def excess(self, now: float) -> list[Key]:
        """The cookies to let go so that the jar has no more than it may: expired ones, then those
        that were not used for longest.
        """
        many = len(self._made) - MAX_COOKIES
        if many <= 0:
            return []
        gone = self._expired(now) if now >= self._soonest else []
        if len(gone) >= many:
            return gone
        passed = set(gone)
        for key in self._used:
            if key not in passed:
                gone.append(key)
                if len(gone) == many:
                    break
        return gone

    def copy(self, cookies: Cookies) -> CookieIndex:
        """The same order for a copy of the dictionaries."""
        copied = CookieIndex({})
        copied.cookies = cookies
        copied._clock = self._clock
        copied._made = self._made.copy()
        copied._used = self._used.copy()
        copied._by_name = {name: dict(keys) for name, keys in self._by_name.items()}
        copied._unusual = {name: dict(domains) for name, domains in self._unusual.items()}
        return copied

    def _add(self, key: Key) -> None:
        self._clock += 1
        self._made[key] = self._used[key] = self._clock
        self._by_name.setdefault(key[2], {})[key] = None
        domain = key[0]
        canonical = canonical_domain(domain)
        if canonical != domain:
            self._unusual.setdefault(canonical, {})[domain] = None

    def _expired(self, now: float) -> list[Key]:
        """All expired cookies. The next look is due when the first of the others expires, so that
        looking costs no more than what it finds.
        """
        gone, self._soonest = [], float("inf")
        for key in self._made:
            cookie = _at(self.cookies, key)
            if _is_expired(cookie, now):
                gone.append(key)
            elif cookie is not None and cookie.expires is not None:
                self._soonest = min(self._soonest, cookie.expires)
        return gone


def keys_of(cookies: Cookies) -> list[Key]:
    """The key of each cookie."""
    return [
        (domain, path, name)
        for domain, paths in cookies.items()
        for path, names in paths.items()
        for name in names
    ]


def _at(cookies: Cookies, key: Key) -> Any:
    domain, path, name = key
    return cookies.get(domain, {}).get(path, {}).get(name)


def _is_expired(cookie: Any, now: float) -> bool:
    return cookie is None or (cookie.expires is not None and cookie.expires <= now)


def _is_secure(cookie: Any) -> bool:
    return cookie is not None and bool(cookie.secure)
