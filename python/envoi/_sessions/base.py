"""What sync and async sessions have in common: all but whether the caller awaits.

Each public method of the two is a line that runs or awaits a flow from here. requests lets a
subclass override ten of a session's methods; where one was, a request is sent by its parts
(`prepare_request`, `merge_environment_settings`, `send`, `resolve_redirects`), each of which may be
the overridden one.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final
from weakref import ref

from envoi._adapters.base import seams_of
from envoi._adapters.carrier import AdapterCarrier
from envoi._adapters.http import require_adapter
from envoi._model.exceptions import InvalidSchema, RequestException
from envoi._model.url import public
from envoi._model.wrong_with import WrongWith
from envoi._pipeline.reply import discard, load
from envoi._pipeline.send import send, send_as_it_is
from envoi._sessions.calls import (
    OPTIONS_OF_SEND,
    hop_options,
    new_call,
    prepared_call,
    proxies_for,
    raises_for_status,
)
from envoi._sessions.checks import adapters_by_prefix
from envoi._sessions.overrides import METHODS, methods_of, patched_netrc, watched_netrc
from envoi._sessions.preparing import by_name, merged_environment, parts_of, prepared
from envoi._sessions.redirecting import Redirecting
from envoi._sessions.settings import SessionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, MutableMapping

    from envoi._adapters.base import AdapterSettings
    from envoi._model.netrc import Netrc
    from envoi._model.prepared import PreparedRequest
    from envoi._model.request import Request
    from envoi._model.types import CertType, ProxiesType, URLType, VerifyType
    from envoi._net.pool import Pool
    from envoi._pipeline.journey import Journey, Told


class BaseSession(SessionSettings, Redirecting, WrongWith):
    """What `Session` and `AsyncSession` have in common."""

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
    _belongs_to_loop: ClassVar[bool]
    _kind: ClassVar[type[AdapterSettings]]
    _new_reply: ClassVar[Any]
    _open_pool: ClassVar[Callable[..., Pool]]
    _kind_methods: ClassVar[tuple[Any, ...]]
    _kind_seams: ClassVar[tuple[Any, ...]]

    if TYPE_CHECKING:
        # Of the two sessions; called here, because a subclass may override them.
        def send(self, request: PreparedRequest, **options: Any) -> Any: ...
        def resolve_redirects(self, *positional: Any, **options: Any) -> Any: ...

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _METHODS:
            self.__dict__["_changed"] = True
        super().__setattr__(name, value)

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
        self._adapters = OrderedDict(adapters_by_prefix(value))

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

    def prepare_request(self, request: Request) -> PreparedRequest:
        """What will be sent for a request, with the session's headers, parameters, cookies,
        authentication and hooks.

        Args:
            request: what is wanted.

        Raises:
            InvalidURL: the URL cannot be used; `MissingSchema` where it has no scheme.
            RequestException: another argument cannot be sent: see the tree in `envoi.exceptions`.
        """
        return prepared(self, request)

    def merge_environment_settings(
        self,
        url: str,
        proxies: ProxiesType,
        stream: bool | None,
        verify: VerifyType | None,
        cert: CertType,
    ) -> dict[str, Any]:
        """The settings for a request to a URL: its own, over the session's, over the environment's.

        Args:
            url: the request's.
            proxies: its own; those of the session and the environment are added.
            stream: its own, or None.
            verify: its own, or None; True gives way to the environment's authorities, as in
                requests.
            cert: its own, or None.
        """
        return merged_environment(self, url, proxies, stream, verify, cert)

    def _start(
        self,
        method: str | bytes,
        url: URLType,
        positional: tuple[Any, ...],
        options: Mapping[str, Any],
    ) -> Coroutine[Any, Any, Any]:
        """The flow of `request`; what is wrong with its arguments is raised at once."""
        given = by_name(positional, options) if positional else options
        # Two questions for every request, written out: a call would cost as much as the answer.
        if (
            self._changed
            or methods_of(type(self)) != self._kind_methods
            or (watched_netrc and self._is_by_parts())
        ):
            return self._send_by_parts(method, url, given)
        pool = self._pool
        if pool is None:
            pool = self._open()
        if self._belongs_to_loop:
            pool.backend.check_owner()
        journey, request = new_call(self, pool, self._new_reply, method, url, given)
        if self._adapters is not None or seams_of(self._kind) != self._kind_seams:
            journey.carrier = AdapterCarrier(self)
        return send(journey, request)

    async def _send_by_parts(
        self, method: str | bytes, url: URLType, options: Mapping[str, Any]
    ) -> Any:
        """Send a request by the methods that may have been overridden."""
        request, arguments = parts_of(self, method, url, options)
        response = self.send(request, **arguments)
        if hasattr(response, "__await__"):
            response = await response
        if raises_for_status(self, options) and not response.ok:
            await discard(response)
            response.raise_for_status()
        return response

    async def _deliver(self, request: Any, options: Mapping[str, Any]) -> Any:
        """The flow of `send`."""
        pool = self._pool
        if pool is None:
            pool = self._open()
        pool.backend.check_owner()
        journey = prepared_call(self, pool, self._new_reply, request, options)
        more = {name: value for name, value in options.items() if name not in OPTIONS_OF_SEND}
        journey.carrier = AdapterCarrier(self, more, ambient="proxies" not in options)
        response: Any = await send_as_it_is(journey, request)
        follow = journey.policy.follow
        in_chain = request.provenance.in_chain
        try:
            if follow:
                response = await self._follow(journey, request, response, options)
            elif response.is_redirect and not in_chain:
                response.next = await self._peek(journey, request, response, options)
            if not journey.delivery.stream and not (
                in_chain and response.is_redirect and not follow
            ):
                await load(response)
        except BaseException:
            closing = response.close()
            if hasattr(closing, "__await__"):
                await closing
            raise
        return response

    async def _follow(
        self, journey: Journey, request: PreparedRequest, response: Any, options: Mapping[str, Any]
    ) -> Any:
        """The last of the responses that `resolve_redirects` leads to, with the others as its
        history.
        """
        hop = hop_options(self, journey, request, options)
        passed = [response, *await _all_of(self.resolve_redirects(response, request, **hop))]
        if len(passed) > 1:
            response = passed.pop()
            response.history = passed
        return response

    async def _peek(
        self, journey: Journey, request: PreparedRequest, response: Any, options: Mapping[str, Any]
    ) -> PreparedRequest | None:
        """The request that following a redirect would send; None when it could not be."""
        hop = hop_options(self, journey, request, options)
        try:
            steps = self.resolve_redirects(response, request, yield_requests=True, **hop)
            return await _first_of(steps)  # type: ignore[no-any-return]
        except RequestException:
            return None

    async def _close(self) -> None:
        """The flow of `close`."""
        pool = self._pool
        if pool is not None:
            pool.backend.check_owner()
        self._closed = True
        self._close_pool()
        for adapter in list((self._adapters or {}).values()):
            closing = adapter.close()
            if self._belongs_to_loop and hasattr(closing, "__await__"):
                await closing

    def _open(self) -> Pool:
        return self._ensure_pool(self._open_pool)

    def _is_by_parts(self) -> bool:
        """Whether one of requests' methods was overridden or patched, so that they are to be
        called.
        """
        return (
            self._changed
            or methods_of(type(self)) != self._kind_methods
            or (bool(watched_netrc) and patched_netrc() is not None)
        )

    def _proxies_for(
        self, request: PreparedRequest, told: Told, *, ambient: bool
    ) -> dict[str, Any]:
        return proxies_for(self, request, told, ambient=ambient)

    def _netrc(self) -> Netrc | None:
        return self._surroundings().netrc

    def _holds_cookies(self) -> bool:
        return not self._cookies.is_empty


async def _first_of(steps: Any) -> Any:
    """What an iterator gives first, plain or asynchronous; None where it gives nothing."""
    if not hasattr(steps, "__aiter__"):
        return next(steps, None)
    try:
        return await anext(steps, None)
    finally:
        await steps.aclose()


async def _all_of(steps: Any) -> list[Any]:
    """What an iterator gives, plain or asynchronous."""
    if hasattr(steps, "__aiter__"):
        return [step async for step in steps]
    return list(steps)


@cache
def _names_of_settings() -> frozenset[str]:
    return frozenset(vars(SessionSettings()))


_METHODS: Final = frozenset(METHODS)
