"""What somebody may have meant by a name that is not known here: a slip of the keyboard, or what
another library calls the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PROXY: Final = "proxies={'all': 'http://proxy.example.com:3128'}"
_RETRIES: Final = "session.mount('https://', envoi.adapters.HTTPAdapter(max_retries=3))"
_TLS: Final[dict[str, str]] = dict.fromkeys(
    ("context", "ssl", "ssl_context", "sslcontext", "verify_ssl"), "verify="
)

OF_A_REQUEST: Final[Mapping[str, str]] = {
    **_TLS,
    "body": "data=",
    "content": "data=",
    "fields": "data=",
    "follow_redirects": "allow_redirects=",
    "preload_content": "stream=",
    "proxy": _PROXY,
    "proxy_auth": "proxies={'all': 'http://user:password@proxy.example.com:3128'}",
    "redirect": "allow_redirects=",
    "retries": _RETRIES,
}
"""Options of other libraries, and what to write here."""

OF_A_SESSION: Final[Mapping[str, str]] = {
    **_TLS,
    "connector": "max_connections= and keepalive=",
    "cookie_jar": "cookies=",
    "event_hooks": "hooks={'response': function}",
    "follow_redirects": "allow_redirects= with each request, or max_redirects=",
    "limits": "max_connections= and keepalive=",
    "max_retries": _RETRIES,
    "mounts": "adapters=",
    "proxy": _PROXY,
    "retries": _RETRIES,
    "transport": "session.mount(prefix, adapter)",
}
"""Settings of other libraries' sessions, and what to write here."""

OF_A_TIMEOUT: Final[Mapping[str, str]] = {
    "ceil_threshold": "nothing, there is none",
    "sock_connect": "connect=",
    "sock_read": "read=",
    "timeout": "connect=, read=, write= and pool=",
}
"""Limits of other libraries, and what to write here."""

_OF_THE_MODULE: Final[Mapping[str, str]] = {
    "AsyncClient": "envoi.AsyncSession",
    "Client": "envoi.Session",
    "ClientSession": "envoi.AsyncSession",
    "ClientTimeout": "envoi.Timeout(total=…)",
    "PoolManager": "envoi.Session",
    "stream": "envoi.get(url, stream=True), in a with statement",
}


def complaint(
    name: str,
    what: str,
    known: Iterable[str],
    foreign: Mapping[str, str],
    *,
    elsewhere: Mapping[str, str] | None = None,
) -> str:
    """The message about a keyword that is not known.

    Args:
        name: the keyword.
        what: what it is not, such as "an option of a request".
        known: the keywords that there are.
        foreign: other libraries' words, and what to write.
        elsewhere: keywords that are known in another place, and which that is.
    """
    if elsewhere and name in elsewhere:
        return f"{name}= is not {what}, but {elsewhere[name]}"
    known = sorted(known)
    near = meant(name, known, foreign, 0.6)
    return f"{name}= is not {what}" + (
        f"; did you mean {near}?" if near else f": {', '.join(known)}"
    )


def meant(
    name: str, known: Iterable[str], foreign: Mapping[str, str], likeness: float
) -> str | None:
    """What to write instead of a keyword; None where nothing comes near.

    Args:
        name: the keyword.
        known: the keywords that there are.
        foreign: other libraries' words, and what to write.
        likeness: how near, from 0 to 1.
    """
    if name in foreign:
        return foreign[name]
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1, likeness)
    return f"{near[0]}=" if near else None


def name_elsewhere(module: str, name: str) -> str:
    """What to append to the message about a name that a module lacks: what other libraries' name
    is called here, or nothing.

    Args:
        module: the module's name.
        name: what was asked for.
    """
    if module not in {"envoi", "envoi.aio"} or name not in _OF_THE_MODULE:
        return ""
    return f"; did you mean {_OF_THE_MODULE[name]}?"
