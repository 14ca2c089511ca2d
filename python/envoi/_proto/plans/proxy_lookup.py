"""Proxies by requests' helper functions: plain dictionaries and text, and what the operating system
says as well as the environment.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

from envoi._model.environment import set_environ
from envoi._model.url import URL, URLError
from envoi._proto.plans.no_proxy import bypasses
from envoi._proto.plans.proxy import environment_no_proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    class BypassRule(Protocol):
        """Whether a URL is to be reached without proxies."""

        def __call__(self, url: str, no_proxy: str | None) -> bool: ...


def bypass_rule(ask_system: Callable[[str], Any]) -> BypassRule:
    """The function `should_bypass_proxies`.

    Args:
        ask_system: whether the operating system's settings exempt a host.
    """

    def should_bypass_proxies(url: str, no_proxy: str | None) -> bool:
        """Whether a URL is to be reached without the environment's proxies. One without a host
        always is.

        Args:
            url: the URL.
            no_proxy: the hosts that are exempt, as in NO_PROXY; None for what the environment says.
        """
        from urllib.parse import urlsplit

        host = urlsplit(url).hostname
        if host is None or _exempt(
            url, environment_no_proxy(os.environ) if no_proxy is None else no_proxy
        ):
            return True
        with set_environ("no_proxy", no_proxy):
            try:
                return bool(ask_system(host))
            except (TypeError, OSError):
                return False

    return should_bypass_proxies


def proxy_bypass(host: str) -> Any:
    """Whether the environment, or else the operating system's settings, exempt a host from proxies.

    Args:
        host: a name or an address.
    """
    import urllib.request as standard

    if sys.platform == "win32":
        # The standard library's own function asks the name service on Windows.
        if standard.getproxies_environment():
            return standard.proxy_bypass_environment(host)  # type: ignore[attr-defined, unused-ignore] # typeshed lacks it
        return proxy_bypass_registry(host)
    else:  # noqa: RET505 - so that type checkers see that it is the other platform
        return standard.proxy_bypass(host)


def proxy_bypass_registry(host: str) -> bool:
    """Whether the settings in Windows' registry exempt a host from proxies; elsewhere False.

    Args:
        host: a name or an address.
    """
    if sys.platform == "win32":
        import winreg

        path = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
        try:
            settings = winreg.OpenKey(winreg.HKEY_CURRENT_USER, path)
            # The value may be a string.
            enabled = int(winreg.QueryValueEx(settings, "ProxyEnable")[0])
            overridden = winreg.QueryValueEx(settings, "ProxyOverride")[0]
        except (OSError, ValueError):
            return False
        return bool(enabled and overridden) and registry_exempts(host, overridden.split(";"))
    else:  # noqa: RET505
        return False


def registry_exempts(host: str, patterns: Iterable[str]) -> bool:
    """Whether one of Windows' patterns fits a host: `*` and `?` stand for others, `<local>` for
    names without a dot.

    Args:
        host: a name or an address.
        patterns: what the registry lists.
    """
    for pattern in filter(None, patterns):
        if pattern == "<local>" and "." not in host:
            return True
        if re.match(
            re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), host, re.IGNORECASE
        ):
            return True
    return False


def get_environ_proxies(url: str, no_proxy: str | None = None) -> dict[str, str]:
    """The proxies by scheme that environment and operating system name; none for a URL that is
    exempt.

    Args:
        url: the URL.
        no_proxy: the hosts that are exempt; None for what the environment says.
    """
    if _should_bypass(url, no_proxy):
        return {}
    from urllib.request import getproxies

    return getproxies()


def select_proxy(url: str, proxies: Mapping[str, str] | None) -> str | None:
    """The proxy for a URL: the first of `scheme://host`, `scheme`, `all://host` and `all` that is a
    key decides.

    Args:
        url: the URL.
        proxies: URLs of proxies by those keys.

    Examples:
        >>> select_proxy("https://e.org/", {"all": "http://proxy.test:3128"})
        'http://proxy.test:3128'
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host = parts.hostname
    keys = (
        (parts.scheme, "all")
        if host is None
        else (f"{parts.scheme}://{host}", parts.scheme, f"all://{host}", "all")
    )
    return next((proxies[key] for key in keys if key in proxies), None) if proxies else None


def resolve_proxies(
    request: Any, proxies: dict[str, str] | None, trust_env: bool = True
) -> dict[str, str]:
    """The proxies for a request: a copy of those given, and the environment's for its scheme where
    none is.

    Args:
        request: has the URL as `url`.
        proxies: URLs of proxies by scheme; the hosts under "no_proxy" are exempt from the
            environment's.
        trust_env: whether the environment counts.
    """
    resolved = dict(proxies or {})
    if trust_env:
        found = get_environ_proxies(request.url, resolved.get("no_proxy"))
        scheme = request.url.partition(":")[0].lower()
        if proxy := found.get(scheme, found.get("all")):
            resolved.setdefault(scheme, proxy)
    return resolved


def without_exempt(url: URL, proxies: dict[str, Any], *, trust_env: bool) -> dict[str, Any]:
    """The proxies for the request that follows a redirect: as `resolve_proxies`, but an
    environment's proxy that the request before went by way of does not serve a URL that the
    environment exempts.

    Args:
        url: where the redirect leads.
        proxies: those of the request before.
        trust_env: whether the environment counts.
    """
    if not trust_env:
        return proxies
    from urllib.request import getproxies

    ambient = getproxies()
    if _should_bypass(str(url), proxies.get("no_proxy")):
        return {
            key: proxy
            for key, proxy in proxies.items()
            if proxy is None or proxy != ambient.get(key)
        }
    if (proxy := ambient.get(url.scheme, ambient.get("all"))) and "all" not in proxies:
        proxies.setdefault(url.scheme, proxy)
    return proxies


_should_bypass = bypass_rule(proxy_bypass)


def _exempt(url: str, no_proxy: str) -> bool:
    try:
        return bypasses(URL(url), no_proxy)
    except URLError:
        return False
