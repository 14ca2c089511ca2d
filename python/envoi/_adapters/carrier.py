"""A session's exchange where adapters were mounted, or the classes changed: each request by way of
the adapter for its URL.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from envoi._adapters.base import AdapterSettings
from envoi._model.timeout import FOREVER
from envoi._pipeline.exchange import exchange
from envoi._pipeline.reply import Reply
from envoi._responses.foreign import ForeignBody
from envoi.exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.call import Call


_ALONG: Final = ("_max_body", "_limits")


class Chooser(Protocol):
    """What chooses the adapter: a session."""

    def get_adapter(self, url: str) -> Any:
        """The adapter for a URL."""
        ...

    def _proxies_for(
        self, request: PreparedRequest, call: Call, *, ambient: bool
    ) -> dict[str, Any]: ...


class AdapterExchange:
    """Takes the place of `exchange` in a call.

    Args:
        session: whose adapters.
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

    async def __call__(
        self, call: Call, request: PreparedRequest, started: float, deadline: float
    ) -> Reply:
        """Send one request. See `exchange`.

        Raises:
            InvalidOption: the adapter returned no response.
            RequestException: whatever went wrong.
        """
        adapter = self._session.get_adapter(url=request.url)
        request.settle()
        if isinstance(adapter, AdapterSettings) and adapter.is_untouched and not self._more:
            return await exchange(call, request, started, deadline)
        timeout = call.timeout.until(deadline).in_plain_words()
        # What requests' `send` has no argument for goes along on the request, and is taken off
        # after.
        kept = {name: value for name, value in request.__dict__.items() if name in _ALONG}
        request.__dict__["_max_body"] = call.max_body
        request.__dict__.pop("_limits", None)
        if timeout == FOREVER:
            request.__dict__["_limits"], timeout = timeout, None
        options = {
            "stream": call.stream,
            "timeout": timeout,
            "verify": call.verify,
            "cert": call.cert,
            "proxies": self._session._proxies_for(request, call, ambient=self._ambient),
            **self._more,
        }
        try:
            response = await self._sent(call, adapter, request, options)
        finally:
            for name in _ALONG:
                request.__dict__.pop(name, None)
            request.__dict__.update(kept)
        if not isinstance(response, Reply):
            raise InvalidOption(
                f"{type(adapter).__name__}.send returned {type(response).__name__}, not a Response",
                request=request,
            )
        made: Any = response  # perhaps by hand, and without some of these
        if made.request is None:
            made.request = request
        if made.connection is None:
            made.connection = adapter
        if made.trace is None and made._elapsed is None:
            made.elapsed = timedelta(seconds=call.pool.backend.now() - started)
        if isinstance(made.body, ForeignBody):
            made.body.limit(call.max_body, request)
            made.body.hold(deadline, call.pool.backend.now, call.timeout)
        return response

    async def _sent(
        self, call: Call, adapter: Any, request: PreparedRequest, options: dict[str, Any]
    ) -> Any:
        backend = call.pool.backend
        if backend.name != "blocking" and hasattr(type(adapter), "_awaited"):
            adapter = (
                adapter._awaited
            )  # the asynchronous half of an adapter that is for both kinds of session
        if backend.name != "blocking" and not _is_async(adapter):
            from envoi._adapters.in_thread import sent_in_thread

            return await sent_in_thread(backend, adapter, request, options)
        response = adapter.send(request, **options)
        if not hasattr(response, "__await__"):
            return response
        if backend.name == "blocking":
            response.close()
            raise InvalidOption(
                f"{type(adapter).__name__} is asynchronous, and needs an AsyncSession",
                request=request,
            )
        return await response


def _is_async(adapter: Any) -> bool:
    from inspect import iscoroutinefunction

    from envoi._adapters.async_http import AsyncBaseAdapter

    return isinstance(adapter, AsyncBaseAdapter) or iscoroutinefunction(adapter.send)
