"""A blocking adapter in an async session: its `send`, and the reading of what it returns, in a
thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._io.run_sync import run_sync
from envoi._net.decoded import DecodedBody
from envoi._pipeline.reply import discard, load, receive
from envoi._responses.async_response import AsyncResponse
from envoi._responses.foreign import ForeignBody
from envoi._responses.response import Response

if TYPE_CHECKING:
    from envoi._io.protocols import Backend
    from envoi._model.prepared import PreparedRequest


async def send_in_thread(
    backend: Backend,
    adapter: Any,
    request: PreparedRequest,
    options: dict[str, Any],
    max_body: int | None,
) -> Any:
    """Send a request by way of a blocking adapter.

    Args:
        backend: of the async session.
        adapter: a `BaseAdapter`.
        request: what to send.
        options: the arguments of `send`.
        max_body: the largest body in bytes, or None.

    Returns:
        An `AsyncResponse`; what is no `Response` as it is.
    """
    work = _Work(adapter, request, options, max_body)
    try:
        response = await backend.call_blocking(work.run)
    except BaseException:
        work.abandoned = True
        raise
    if not isinstance(response, Response):
        return response
    made = AsyncResponse()
    made.status_code = response.status_code
    made.headers = response.headers
    made.reason = response.reason
    made.url = response.url
    made.request = response.request or request
    made.trace = response.trace
    made.informational = response.informational
    made.history = response.history
    made.encoding = response.encoding
    made.cookies = response.cookies
    made.connection = adapter
    if isinstance(response._content, bytes):
        made.finish(response.content)
    else:
        made.body = _InThread(backend, response, request, max_body)
    return made


class _Work:
    """What the thread does: send, and unless the body is to be streamed, read it as well.

    Reading later could deadlock: every worker may be waiting for a connection that an unread body
    holds.
    """

    def __init__(
        self,
        adapter: Any,
        request: PreparedRequest,
        options: dict[str, Any],
        max_body: int | None,
    ) -> None:
        self._adapter = adapter
        self._request = request
        self._options = options
        self._max_body = max_body
        self.abandoned = False

    def run(self) -> Any:
        response = self._adapter.send(self._request, **self._options)
        if isinstance(response, Response):
            if isinstance(response.body, ForeignBody):
                response.body.limit(self._max_body, self._request)
            if self.abandoned:
                response.close()
            elif response.is_redirect:
                run_sync(discard(response))
            elif not self._options.get("stream"):
                run_sync(load(response))
        return response


class _InThread(DecodedBody):
    """A blocking response's body, each piece read in a thread. It is decoded there."""

    __slots__ = ("_backend", "_response")

    def __init__(
        self,
        backend: Backend,
        response: Response,
        request: PreparedRequest,
        max_body: int | None,
    ) -> None:
        super().__init__(str(response.url), None, max_body, request)
        self._backend = backend
        self._response = response

    def check_owner(self) -> None:
        self._backend.check_owner()

    async def receive_raw(self, _threshold: int = 1) -> bytes:
        body = self._response.body
        if body is None or self.ended:
            return b""
        piece = await self._backend.call_blocking(lambda: run_sync(receive(self._response)))
        self.received += len(piece)
        if not piece:
            self.ended = True
            self.trailers = self._response.trailers
        return piece

    async def discard(self) -> bytes:
        body = self._response.body
        return (
            b""
            if body is None
            else await self._backend.call_blocking(lambda: run_sync(body.discard()))
        )

    def close(self) -> None:
        self.ended = True
        self._response.close()
