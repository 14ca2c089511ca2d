"""Carries a session's requests by way of its adapters, where some were mounted or their classes
changed.

Our own adapters have a door of their own, `_carry`, which is told all of a call. An adapter that
somebody wrote, or one whose `send` was overridden, is asked by requests' `send`, which has no
argument for some of it: a limit on the body is set on the response instead, and that a timeout of
None means off is told by the request's `provenance`.
"""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from envoi._adapters.base import AdapterSettings
from envoi._adapters.translation import as_argument
from envoi._model.exceptions import InvalidOption, InvalidSchema
from envoi._model.timeout import FOREVER
from envoi._net.decoded import SO_MUCH_CAME, too_large
from envoi._pipeline.carry import carry
from envoi._pipeline.reply import Reply
from envoi._responses.foreign import ForeignBody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Journey, Told


class Chooser(Protocol):
    """A session, as far as it chooses."""

    def get_adapter(self, url: str) -> Any:
        """The adapter for a URL."""
        ...

    def _proxies_for(
        self, request: PreparedRequest, told: Told, *, ambient: bool
    ) -> dict[str, Any]: ...


class AdapterCarrier:
    """A `Carrier`: sends each request by the adapter for its URL.

    Args:
        session: chooses the adapter, and the proxies that it is told of.
        more: further arguments for the adapter's `send`, from `Session.send`.
        ambient: whether the environment's proxies count besides the call's.
    """

    __slots__ = ("_ambient", "_more", "_session")

    def __init__(
        self, session: Chooser, more: Mapping[str, Any] | None = None, *, ambient: bool = True
    ) -> None:
        self._session = session
        self._more = more or {}
        self._ambient = ambient

    async def carry(self, journey: Journey, request: PreparedRequest) -> Reply:
        """Send one request.

        Raises:
            InvalidOption: the adapter returned no response.
            RequestException: whatever went wrong.
        """
        adapter = self._session.get_adapter(url=request.url)
        if getattr(adapter, "_uds", None) is not None and (
            journey.left_origin or request.provenance.left_origin
        ):
            raise InvalidSchema(
                "A redirect from another origin leads to a Unix socket: it is not followed",
                request=request,
            )
        request.settle()
        delivery, started, deadline = journey.delivery, journey.started, journey.deadline
        untouched = isinstance(adapter, AdapterSettings) and adapter.is_untouched
        if untouched and not self._more:
            return await carry(delivery, request, started, deadline)
        told = journey.policy.told
        told = told._replace(
            proxies=self._session._proxies_for(request, told, ambient=self._ambient)
        )
        backend = delivery.pool.backend
        blocking = backend.name == "blocking"
        if not blocking and hasattr(type(adapter), "_awaited"):
            adapter = adapter._awaited  # the async half of an adapter for both kinds of session
        response: Any
        if _has_own_door(adapter, blocking=blocking) and not self._more:
            response = await adapter._carry(delivery, told, request, started, deadline)
        else:
            provenance = request.provenance
            off = delivery.timeout == FOREVER and deadline == inf
            request.provenance = provenance._replace(timeout_given=off)
            try:
                response = await self._send(journey, adapter, request, told)
            finally:
                request.provenance = provenance
        if not isinstance(response, Reply):
            raise InvalidOption(
                f"{type(adapter).__name__}.send returned {type(response).__name__}, not a Response",
                request=request,
            )
        self._complete(journey, adapter, request, response)
        return response

    async def _send(
        self, journey: Journey, adapter: Any, request: PreparedRequest, told: Told
    ) -> Any:
        """Ask an adapter's `send`."""
        delivery = journey.delivery
        options = {
            "stream": delivery.stream,
            "timeout": as_argument(delivery.timeout.until(journey.deadline)),
            **told._asdict(),
            **self._more,
        }
        backend = delivery.pool.backend
        blocking = backend.name == "blocking"
        if not blocking and not _is_async(adapter):
            from envoi._adapters.in_thread import send_in_thread

            return await send_in_thread(backend, adapter, request, options, delivery.max_body)
        response = adapter.send(request, **options)
        if not hasattr(response, "__await__"):
            return response
        if blocking:
            response.close()
            raise InvalidOption(
                f"{type(adapter).__name__} is asynchronous, and needs an AsyncSession",
                request=request,
            )
        return await response

    @staticmethod
    def _complete(journey: Journey, adapter: Any, request: PreparedRequest, response: Any) -> None:
        """Give a response what an adapter may have left out, and its body the call's limits."""
        delivery = journey.delivery
        if response.request is None:
            response.request = request
        # A recorder gives the request that it has recorded; the hooks are those of the one sent.
        response._sent = None if response.request is request else request
        if response.connection is None:
            response.connection = adapter
        now = delivery.pool.backend.now
        if response.trace is None and response._elapsed is None:
            response.elapsed = timedelta(seconds=now() - journey.started)
        body = response.body
        if isinstance(body, ForeignBody):
            body.limit(delivery.max_body, request)
            body.hold(journey.deadline, now, delivery.timeout)
        elif delivery.max_body is not None:
            if hasattr(body, "limit"):
                body.limit(delivery.max_body)
            content = response._content
            if isinstance(content, bytes) and len(content) > delivery.max_body:
                raise too_large(delivery.max_body, SO_MUCH_CAME)


def _has_own_door(adapter: Any, *, blocking: bool) -> bool:
    """Whether it is one of ours, for this kind of session, and its `send` the one that we wrote."""
    kind = type(adapter)
    return (
        getattr(kind, "_own_send", None) is getattr(kind, "send", kind)
        and "send" not in getattr(adapter, "__dict__", ())
        and kind._is_blocking == blocking
    )


def _is_async(adapter: Any) -> bool:
    from inspect import iscoroutinefunction

    from envoi._adapters.async_http import AsyncBaseAdapter

    return isinstance(adapter, AsyncBaseAdapter) or iscoroutinefunction(adapter.send)
