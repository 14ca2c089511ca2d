"""Adapters, awaited: what an `AsyncSession` sends requests with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._adapters.base import AdapterSettings, seams_of
from envoi._responses.async_response import AsyncResponse
from envoi._wiring import open_async_pool

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType


class AsyncBaseAdapter:
    """What to derive from for an adapter of one's own, to be given to `AsyncSession.mount`.

    An `AsyncSession` takes a `BaseAdapter` as well, and calls it in a thread.
    """

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutType = None,
        verify: VerifyType = True,
        cert: CertType = None,
        proxies: ProxiesType = None,
    ) -> AsyncResponse:
        """Send one request and return its response; no redirects, no cookies. To be overridden.

        Args:
            request: what to send.
            stream: whether the caller will read the body in pieces.
            timeout: as the caller gave it: None when there were no limits but those by default.
            verify: as for a session.
            cert: as for a session.
            proxies: those for this request, the environment's among them.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must say how a request is sent: override send()"
        )

    async def close(self) -> None:
        """Close what is open. To be overridden; a session calls it when it is closed."""
        raise NotImplementedError(
            f"{type(self).__name__} must say what is to be closed: override close()"
        )


class AsyncHTTPAdapter(AdapterSettings, AsyncBaseAdapter):
    """Sends requests over http and https, with connections of its own, which belong to the event
    loop of the first request.

    For what subclasses may override see `HTTPAdapter`.
    """

    _open_pool = staticmethod(open_async_pool)
    _is_blocking = False
    _new_reply = AsyncResponse

    async def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutType = None,
        verify: VerifyType = True,
        cert: CertType = None,
        proxies: ProxiesType = None,
    ) -> AsyncResponse:
        """Send one request and return its response; no redirects, no cookies.

        Args:
            request: what to send.
            stream: whether the caller will read the body in pieces.
            timeout: as for a session, but None for the limits by default.
            verify: as for a session.
            cert: as for a session.
            proxies: as for a session.

        Raises:
            RequestException: whatever went wrong.
        """
        return await self._send(request, stream, timeout, verify, cert, proxies)  # type: ignore[return-value]

    def build_response(self, req: PreparedRequest, resp: Any) -> AsyncResponse:
        """The response to give to the caller. For subclasses to override.

        Args:
            req: what was sent.
            resp: what came, as `AsyncResponse.raw` shows it, the body not read.
        """
        return self._response_from(req, resp)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close the connections."""
        self._close_pool()


AsyncHTTPAdapter._original = seams_of(AsyncHTTPAdapter)
AsyncHTTPAdapter._own_send = AsyncHTTPAdapter.send
AsyncResponse._adapter_kind = AsyncHTTPAdapter
