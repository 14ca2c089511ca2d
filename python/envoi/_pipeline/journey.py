"""What a call consists of: how it is carried, what its caller wants, and how far it has got.

A call is a *journey*, changed as it goes and nobody else's. It is carried by a *delivery*, the
wiring that a session's calls share, under a *policy*, what the caller wants of it. Both are values:
a call with options of its own gets another one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from envoi._io.protocols import TLSConfig
    from envoi._model.cookies import CookieHolder
    from envoi._model.hsts import HSTS
    from envoi._model.netrc import Netrc
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._model.url import URL
    from envoi._net.pool import Pool
    from envoi._net.route import Route
    from envoi._pipeline.reply import Reply

    Onward: TypeAlias = Callable[[PreparedRequest], Coroutine[Any, Any, Reply]]
    """The rest of a call, as a stage sees it: sends a request, and returns its answer."""


class Delivery(NamedTuple):
    """How one request is carried.

    Attributes:
        pool: where connections come from.
        route_for: the route to a URL, with a TLS configuration.
        tls: that configuration.
        timeout: the limits in force.
        stream: whether the body is left for the caller to read.
        max_body: the largest decoded body in bytes, or None.
        resend: whether a request that met a dead connection may be sent again.
        new_reply: makes the response: of a session, of an async one, or of an engine.
    """

    pool: Pool
    route_for: Callable[[URL, TLSConfig], Route]
    tls: TLSConfig
    timeout: Timeout
    stream: bool
    max_body: int | None
    resend: bool
    new_reply: Callable[..., Reply]


class Told(NamedTuple):
    """What hooks and adapters are told of a call's options: as they were given."""

    verify: Any
    cert: Any
    proxies: Any


class Policy(NamedTuple):
    """What the caller wants of a call.

    Attributes:
        follow: whether redirects are followed.
        max_redirects: how many.
        sensitive: header names, in lower case, that stay within the first origin besides the usual
            ones.
        told: for hooks and adapters.
        raises: whether a 4xx or 5xx is raised.
        hsts: which hosts are to be asked by https only, or None.
    """

    follow: bool
    max_redirects: int
    sensitive: tuple[str, ...]
    told: Told
    raises: bool = False
    hsts: HSTS | None = None


class Usual(NamedTuple):
    """How a session sends a request without options: what a `Journey` is made of."""

    delivery: Delivery
    policy: Policy
    jar: CookieHolder
    auth: Any
    netrc: Netrc | None


class Carrier(Protocol):
    """Sends a request in the place of `carry`: the adapters of a session."""

    async def carry(self, journey: Journey, request: PreparedRequest) -> Reply:
        """Send one request and return its response.

        Raises:
            RequestException: whatever went wrong.
        """
        ...


class Journey:
    """One call under way; its clock starts when it is made.

    Attributes:
        delivery: how its requests are carried.
        policy: what its caller wants.
        carrier: what carries them instead, or None.
        jar: the session's cookies.
        cookies: this call's own.
        auth: anything that `as_flow` takes, or None.
        netrc: what the netrc file says, or None.
        started: when it began; at each redirect, anew.
        deadline: its end, in seconds on the backend's clock.
        history: the redirects that were followed.
        left_origin: whether redirects have left the first origin.
    """

    __slots__ = (
        "auth",
        "carrier",
        "cookies",
        "deadline",
        "delivery",
        "history",
        "jar",
        "left_origin",
        "netrc",
        "policy",
        "started",
    )

    def __init__(
        self,
        delivery: Delivery,
        policy: Policy,
        jar: CookieHolder,
        auth: Any,
        netrc: Netrc | None,
        cookies: Any = None,
    ) -> None:
        self.delivery: Delivery = delivery
        self.policy: Policy = policy
        self.carrier: Carrier | None = None
        self.jar: CookieHolder = jar
        self.cookies: Any = cookies
        self.auth: Any = auth
        self.netrc: Netrc | None = netrc
        self.started: float = delivery.pool.backend.now()
        self.deadline: float = delivery.timeout.deadline_from(self.started)
        self.history: list[Reply] | None = None
        self.left_origin: bool = False

    def fork(self) -> Journey:
        """One that is where this one is, and goes on by itself."""
        made = Journey(self.delivery, self.policy, self.jar, self.auth, self.netrc, self.cookies)
        made.carrier = self.carrier
        made.started = self.started
        made.deadline = self.deadline
        made.history = self.history
        made.left_origin = self.left_origin
        return made
