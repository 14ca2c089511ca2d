"""What a call needs besides its request: limits, switches, and the session's parts that serve
it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envoi._io.protocols import TLSConfig
    from envoi._model.cookies import CookieHolder
    from envoi._model.netrc import Netrc
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.url import URL
    from envoi._net.pool import Pool
    from envoi._net.route import Route
    from envoi._pipeline.reply import Reply

    Exchange = Callable[["Call", PreparedRequest, float, float], Coroutine[Any, Any, Reply]]


class Call:
    """How requests are sent. Not changed once made: all requests without options of their own share
    their session's.

    Attributes:
        exchange: sends one request and receives one answer: over the pool, or by way of an adapter.
        pool: where connections come from.
        route_for: the route to a URL, with this call's TLS configuration.
        tls: that configuration.
        new_reply: makes the façade's response.
        timeout: the limits in force.
        strayed: whether redirects have left the first origin.
        stream: whether the body is left for the caller to read.
        follow: whether redirects are followed.
        max_redirects: how many.
        resend: whether a request that met a dead connection may be sent again.
        max_body: the largest decoded body in bytes, or None.
        jar: the session's cookies.
        cookies: this request's own.
        auth: anything that `as_flow` takes, or None.
        netrc: what the netrc file says, or None.
        verify: as given, for hooks.
        cert: as given, for hooks.
        proxies: as given, for hooks.
        sensitive: header names, in lower case, that stay within the first origin besides the usual
            ones.
    """

    __slots__ = (
        "auth",
        "cert",
        "cookies",
        "exchange",
        "follow",
        "jar",
        "max_body",
        "max_redirects",
        "netrc",
        "new_reply",
        "pool",
        "proxies",
        "resend",
        "route_for",
        "sensitive",
        "strayed",
        "stream",
        "timeout",
        "tls",
        "verify",
    )

    exchange: Exchange
    pool: Pool
    route_for: Callable[[URL, TLSConfig], Route]
    tls: TLSConfig
    new_reply: Callable[..., Reply]
    timeout: Timeout
    stream: bool
    strayed: bool
    follow: bool
    max_redirects: int
    resend: bool
    max_body: int | None
    jar: CookieHolder
    cookies: Any
    auth: Any
    netrc: Netrc | None
    verify: Any
    cert: Any
    proxies: Any
    sensitive: tuple[str, ...]

    def copy(self) -> Call:
        """Another one, to be changed before it is used."""
        made = Call()
        for name in Call.__slots__:
            setattr(made, name, getattr(self, name))
        return made
