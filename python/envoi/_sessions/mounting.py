"""A session's adapters, which of its methods were changed, and what a prepared request is sent
with.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final
from weakref import ref

from envoi._adapters.carrier import AdapterExchange
from envoi._adapters.http import require_adapter
from envoi._model.methods import validate_method
from envoi._model.prepared import PreparedRequest
from envoi._model.sentinel import NOT_GIVEN
from envoi._model.url import public
from envoi._sessions.environment import NOTHING
from envoi._sessions.settings import SessionSettings
from envoi.exceptions import InvalidOption, InvalidSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from envoi._adapters.base import AdapterSettings
    from envoi._net.pool import Pool
    from envoi._pipeline.call import Call
    from envoi._pipeline.reply import Reply

METHODS: Final = (
    "send",
    "prepare_request",
    "merge_environment_settings",
    "get_adapter",
    "resolve_redirects",
    "get_redirect_target",
    "should_strip_auth",
    "rebuild_auth",
    "rebuild_method",
    "rebuild_proxies",
)
"""requests' methods that a subclass may override, and a companion patch: where one was, requests
are sent by their parts.
"""

methods_of: Final = attrgetter(*METHODS)


class Mounting(SessionSettings):
    """What both kinds of session have of this."""

    # Of a subclass, what else goes along when a session is pickled: as in requests, it adds to
    # these.
    __attrs__: ClassVar[list[str]] = [
        *(
            "headers",
            "cookies",
            "auth",
            "proxies",
            "hooks",
            "params",
            "verify",
            "cert",
            "adapters",
            "stream",
            "trust_env",
            "max_redirects",
        )
    ]

    _adapters: OrderedDict[str, Any] | None = None
    _changed: bool = False
    _kind: ClassVar[type[AdapterSettings]]
    _kind_methods: ClassVar[tuple[Any, ...]]
    _kind_seams: ClassVar[tuple[Any, ...]]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _METHODS:
            self.__dict__["_changed"] = True
        super().__setattr__(name, value)

    @property
    def adapters(self) -> MutableMapping[str, Any]:
        """The adapters by the beginning of the URLs they are for, the longest first."""
        found = self._adapters
        if found is None:
            own = self._kind.of_session(ref(self))
            found = self.__dict__.setdefault(
                "_adapters",
                OrderedDict((("https://", own), ("http://", self._kind.of_session(ref(self))))),
            )
        return found

    @adapters.setter
    def adapters(self, value: Mapping[str, Any]) -> None:
        self._adapters = OrderedDict(value)

    def mount(self, prefix: str, adapter: Any) -> None:
        """Send requests whose URLs begin with `prefix` by way of an adapter; the longest prefix
        wins.

        Args:
            prefix: such as "https://api.example.org/"; case does not matter.
            adapter: a `BaseAdapter`, or in an `AsyncSession` an `AsyncBaseAdapter`.

        Raises:
            InvalidOption: no adapter.
        """
        require_adapter(adapter)
        mounted = {**self.adapters, prefix: adapter}
        # Another object, put in place at once: other threads may be looking an adapter up in the
        # former.
        self._adapters = OrderedDict(
            sorted(mounted.items(), key=lambda item: len(item[0]) < len(prefix))
        )

    def get_adapter(self, url: str) -> Any:
        """The adapter for a URL.

        Args:
            url: absolute.

        Raises:
            InvalidSchema: none is mounted for it.
        """
        lowered = url.lower()
        for prefix, adapter in self.adapters.items():
            if lowered.startswith(prefix.lower()):
                return adapter
        raise InvalidSchema(f"No connection adapters were found for {public(url)!r}")

    def __getstate__(self) -> dict[str, Any]:
        """The settings, without connections and what else belongs to this process, as in requests;
        adapters that were mounted go along.

        What a subclass has besides stays here, unless its `__attrs__` names it.
        """
        names = _names_of_settings().union(self.__attrs__)
        state = {name: value for name, value in super().__getstate__().items() if name in names}
        adapters = self._adapters
        if adapters is not None:
            kept = OrderedDict(
                (key, adapter)
                for key, adapter in adapters.items()
                if getattr(adapter, "_session", None) is None
            )
            state["_mounted"] = (list(adapters), kept)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        order, kept = state.pop("_mounted", (None, None))
        super().__setstate__(state)
        if order is not None:
            self._adapters = OrderedDict(
                (key, kept[key] if key in kept else self._kind.of_session(ref(self)))
                for key in order
            )

    def _is_by_parts(self) -> bool:
        """Whether one of requests' methods was overridden or patched, so that they are to be
        called.
        """
        return (
            self._changed
            or methods_of(type(self)) != self._kind_methods
            or (bool(watched_netrc) and patched_netrc() is not None)
        )

    def _adapted(self, call: Call) -> Call:
        call = call.copy()
        call.exchange = AdapterExchange(self)
        return call

    def _prepared_call(
        self, pool: Pool, new_reply: Callable[..., Reply], request: Any, options: Mapping[str, Any]
    ) -> tuple[Call, bool]:
        """How `send` sends a prepared request, and whether redirects are followed.

        Raises:
            InvalidOption: not a prepared request, or a setting of the wrong type.
        """
        if not isinstance(request, PreparedRequest):
            raise InvalidOption("You can only send PreparedRequests.")
        more = {name: value for name, value in options.items() if name not in _OPTIONS}
        known = {
            name: value
            for name, value in options.items()
            if name in _OPTIONS and not (name in {"verify", "cert"} and value is None)
        }
        parts: tuple[Any, ...] = (request.method, request.parsed_url, request.headers)
        if None in parts:
            raise InvalidOption("The request is not prepared yet: call its prepare()")
        request.method = validate_method(request.method)
        if known.get("timeout", NOT_GIVEN) is None and request._unsaid:
            del known["timeout"]
        if "max_body" not in known and "_max_body" in request.__dict__:
            known["max_body"] = request.__dict__["_max_body"]
        call = self._with_options(pool, new_reply, known)
        if known.get("proxies") is not None:
            # Complete as they are: `merge_environment_settings` has seen to the rest.
            call.route_for = self._routes.for_proxies(
                {}, "", {key: value for key, value in known["proxies"].items() if key != "no_proxy"}
            )
            call.proxies = known["proxies"]
        call.timeout = call.timeout.until(pool.backend.now() + call.timeout.total_seconds)
        call.exchange = AdapterExchange(self, more, ambient="proxies" not in known)
        return call, bool(options.get("allow_redirects", True))

    def _hop_options(
        self, call: Call, request: PreparedRequest, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What `resolve_redirects` sends the requests with that follow."""
        more = {name: value for name, value in options.items() if name not in _OPTIONS}
        timeout = call.timeout.in_plain_words()
        off = call.proxies is None or self._direct
        proxies = (
            {"no_proxy": "*"}
            if off
            else self._proxies_for(request, call, ambient="proxies" not in options)
        )
        return {
            "stream": call.stream,
            "timeout": timeout,
            "verify": call.verify,
            "cert": call.cert,
            "proxies": proxies,
            **more,
        }

    def _proxies_for(
        self, request: PreparedRequest, call: Call, *, ambient: bool
    ) -> dict[str, Any]:
        """The proxies that an adapter is told of; the environment's among them, if `ambient`."""
        if call.proxies is None or self._direct:
            return {}
        found: dict[str, Any] = dict(call.proxies)
        environment = self._surroundings() if ambient else NOTHING
        if environment.proxies and "all" not in found:
            from envoi._proto.plans.no_proxy import bypasses

            scheme = request.parsed_url.scheme
            proxy = environment.proxies.get(scheme, environment.proxies.get("all"))
            if proxy and not bypasses(
                request.parsed_url, found.get("no_proxy") or environment.no_proxy
            ):
                found.setdefault(scheme, proxy)
        return found


@cache
def _names_of_settings() -> frozenset[str]:
    return frozenset(vars(SessionSettings()))


def watch_netrc(module: str, function: Any) -> None:
    """Look out for another `get_netrc_auth` in requests' module of sessions, where programs patch
    it.

    Args:
        module: its name.
        function: what is there now.
    """
    watched_netrc.update(module=module, function=function)


def patched_netrc() -> Any:
    """The function that somebody has put in the place of `get_netrc_auth`, or None."""
    there = (
        getattr(sys.modules.get(watched_netrc["module"]), "get_netrc_auth", None)
        if watched_netrc
        else None
    )
    return None if there is None or there is watched_netrc["function"] else there


watched_netrc: dict[str, Any] = {}
"""Where `get_netrc_auth` may be patched, and what was there; empty until somebody imports that
module.
"""

_METHODS: Final = frozenset(METHODS)
_OPTIONS: Final = frozenset(
    {"stream", "timeout", "verify", "cert", "proxies", "allow_redirects", "max_body"}
)
