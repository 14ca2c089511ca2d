"""Which of a jar's cookies is the oldest, and which was not used for longest.

A jar keeps its cookies as the standard library's jars do, by domain, path and name, so that
whatever reads or writes those dictionaries goes on working. The index beside them knows when each
cookie was made (older ones are sent first), when each was used last (those that were not used for
longest are let go first), and which ones have a name. Each operation takes about the same time in
a jar of any size. A cookie that somebody else put into the dictionaries is sent like the others,
but not counted until it is set again.
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


class _Uses:
    """Keys, the first of which was not used for longest, and when the first of them expires."""

    __slots__ = ("keys", "soonest")

    def __init__(self) -> None:
        self.keys: OrderedDict[Key, None] = OrderedDict()
        # No cookie expires before.
        self.soonest: float = 0

    def expired(self, cookies: Cookies, now: float) -> list[Key]:
        """The keys of expired cookies. The next look is due when the first of the others expires,
        so that looking costs no more than what it finds.
        """
        if now < self.soonest:
            return []
        gone, self.soonest = [], float("inf")
        for key in self.keys:
            cookie = _at(cookies, key)
            if cookie is None or (cookie.expires is not None and cookie.expires <= now):
                gone.append(key)
            elif cookie.expires is not None:
                self.soonest = min(self.soonest, cookie.expires)
        return gone


class CookieIndex:
    """Orders a jar's cookies. The jar's lock is held by whoever calls.

    Args:
        cookies: the jar's dictionaries.
    """

    __slots__ = ("_all", "_by_domain", "_by_name", "_clock", "_made", "_unusual", "cookies")

    def __init__(self, cookies: Cookies) -> None:
        self.cookies = cookies
        self._clock = 0
        self._made: dict[Key, int] = {}
        self._all = _Uses()
        self._by_domain: dict[str, _Uses] = {}
        self._by_name: dict[str, dict[Key, None]] = {}
        # Domains set by hand that are not written as hosts are, by the way hosts are written.
        self._unusual: dict[str, dict[str, None]] = {}
        for key in keys_of(cookies):
            self._add(key)

    def add(self, key: Key, expires: float | None) -> bool:
        """Note that a cookie is there and was used. Whether it is new."""
        is_new = key not in self._made
        if is_new:
            self._add(key)
        else:
            self.used(key)
        if expires is not None:
            for uses in (self._all, self._by_domain[key[0]]):
                uses.soonest = min(uses.soonest, expires)
        return is_new

    def used(self, key: Key) -> None:
        """Note that a cookie was sent."""
        if key in self._made:
            self._all.keys.move_to_end(key)
            self._by_domain[key[0]].keys.move_to_end(key)

    def made(self, key: Key) -> int:
        """A number that is greater for cookies that came later."""
        return self._made.get(key, 0)

    def discard(self, key: Key) -> None:
        """Forget a cookie."""
        if self._made.pop(key, None) is None:
            return
        del self._all.keys[key]
        domain, _, name = key
        uses, named = self._by_domain[domain], self._by_name[name]
        del uses.keys[key], named[key]
        if not uses.keys:
            del self._by_domain[domain]
        if not named:
            del self._by_name[name]

    def named(self, name: str) -> list[Cookie]:
        """The cookies with a name."""
        found = (_at(self.cookies, key) for key in self._by_name.get(name, ()))
        return [cookie for cookie in found if cookie is not None]

    @property
    def has_unusual(self) -> bool:
        """Whether some domain is written in another way than hosts are."""
        return bool(self._unusual)

    def unusual(self, domains: Iterable[str]) -> list[str]:
        """Domains that are the same as one of these, but written in another way."""
        return [other for domain in domains for other in self._unusual.get(domain, ())]

    def excess(self, domain: str, now: float) -> list[Key]:
        """The cookies to let go so that a domain, to which one came, and the jar have no more than
        they may: expired ones, in a domain then ones that are not Secure, and then those first that
        were not used for longest (RFC 6265bis, section 5.7).
        """
        uses = self._by_domain.get(domain)
        # Those of no domain were set by hand.
        if domain and uses is not None and len(uses.keys) > MAX_COOKIES_PER_DOMAIN:
            return uses.expired(self.cookies, now) or [self._least(uses)]
        if len(self._made) > MAX_COOKIES:
            return self._all.expired(self.cookies, now) or [next(iter(self._all.keys))]
        return []

    def copy(self, cookies: Cookies) -> CookieIndex:
        """An index of copied dictionaries, with the ages and last uses that this one has."""
        copied = CookieIndex({})
        copied.cookies = cookies
        for key in self._all.keys:
            copied._add(key)
        copied._made = dict(self._made)
        copied._clock = self._clock
        return copied

    def _add(self, key: Key) -> None:
        domain, _, name = key
        self._clock += 1
        self._made[key] = self._clock
        self._all.keys[key] = None
        self._by_name.setdefault(name, {})[key] = None
        uses = self._by_domain.get(domain)
        if uses is None:
            uses = self._by_domain[domain] = _Uses()
            canonical = canonical_domain(domain)
            if canonical != domain:
                self._unusual.setdefault(canonical, {})[domain] = None
        uses.keys[key] = None

    def _least(self, uses: _Uses) -> Key:
        for key in uses.keys:
            cookie = _at(self.cookies, key)
            if cookie is None or not cookie.secure:
                return key
        return next(iter(uses.keys))


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
