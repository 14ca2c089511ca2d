"""A session's exchange where adapters were mounted, or the classes changed: each request by way of the adapter for its URL."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from envoi._facade.adapter_base import AdapterSettings
from envoi._facade.foreign import ForeignBody
from envoi._model.timeout import FOREVER
from envoi._pipeline.exchange import exchange
from envoi._pipeline.reply import Reply
from envoi.exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._facade.mounting import Mounting
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.call import Call


class AdapterExchange:
    """Takes the place of `exchange` in a call.

    Args:
        session: whose adapters.
        more: further arguments for the adapter's `send`, from `Session.send`.
    """

    __slots__ = ("_more", "_session")

    def __init__(self, session: Mounting, more: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self._more = more or {}

    async def __call__(self, call: Call, request: PreparedRequest, started: float, deadline: float) -> Reply:
        """Send one request. See `exchange`.

        Raises:
            InvalidOption: the adapter returned no response.
            RequestException: whatever went wrong.
        """
        adapter = self._session.get_adapter(url=request.url)
        request.settle()
        if isinstance(adapter, AdapterSettings) and adapter.is_untouched and not self._more:
            return await exchange(call, request, started, deadline)
        if call.max_body is not None:
            request.__dict__["_max_body"] = call.max_body
        timeout = call.timeout.until(deadline).in_plain_words()
        if timeout == FOREVER:
            request.__dict__["_limits"] = timeout
            timeout = None
        options = {
            "stream": call.stream,
            "timeout": timeout,
            "verify": call.verify,
            "cert": call.cert,
            "proxies": self._session._proxies_for(request, call),
            **self._more,
        }
        response = await self._sent(call, adapter, request, options)
        if not isinstance(response, Reply):
            raise InvalidOption(f"{type(adapter).__name__}.send returned {type(response).__name__}, not a Response", request=request)
        made: Any = response  # perhaps by hand, and without some of these
        if made.request is None:
            made.request = request
        if made.connection is None:
            made.connection = adapter
        if made.trace is None and made._elapsed is None:
            made.elapsed = timedelta(seconds=call.pool.backend.now() - started)
        if isinstance(made.body, ForeignBody):
            made.body.limit(call.max_body, request)
        return response

    async def _sent(self, call: Call, adapter: Any, request: PreparedRequest, options: dict[str, Any]) -> Any:
        backend = call.pool.backend
        if backend.name != "blocking" and hasattr(type(adapter), "_awaited"):
            adapter = adapter._awaited  # the asynchronous half of an adapter that is for both kinds of session
        if backend.name != "blocking" and not _is_async(adapter):
            from envoi._facade.in_thread import sent_in_thread

            return await sent_in_thread(backend, adapter, request, options)
        response = adapter.send(request, **options)
        if not hasattr(response, "__await__"):
            return response
        if backend.name == "blocking":
            response.close()
            raise InvalidOption(f"{type(adapter).__name__} is asynchronous, and needs an AsyncSession", request=request)
        return await response


def _is_async(adapter: Any) -> bool:
    from inspect import iscoroutinefunction

    from envoi._facade.async_adapters import AsyncBaseAdapter

    return isinstance(adapter, AsyncBaseAdapter) or iscoroutinefunction(adapter.send)
