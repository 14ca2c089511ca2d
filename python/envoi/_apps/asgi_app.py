"""One ASGI application, asked by a blocking or an asynchronous session.

The flow is the same for both (`answer`). They differ in how they reach the event loop that the
application runs in, which is their `Access`: an async session is in that loop, a blocking one waits
for it from another thread. Only a runner's and a call's own methods run in the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from envoi._apps.body import AppBody
from envoi._apps.reply import AppTrace, new_reply
from envoi._apps.request import name_of
from envoi._io.protocols import StreamClosed
from envoi._model import exceptions

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi._apps.asgi_call import ASGICall
    from envoi._apps.asgi_runner import ASGIRunner
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timeout import Timeout
    from envoi._proto.h1 import ResponseHead
    from envoi._responses.base import OpenReply

T = TypeVar("T")
R = TypeVar("R", bound="OpenReply")


class Access(Protocol):
    """How the event loop of an application is reached.

    Attributes:
        runner: calls the application in that loop.
    """

    runner: ASGIRunner

    def now(self) -> float:
        """The caller's clock, on which its deadlines are."""
        ...

    def check_owner(self) -> None:
        """Refuse an event loop that has no access."""

    async def run(self, flow: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a flow in the loop, and return its result."""
        ...

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the loop, now or soon."""

    def call_soon(self, function: Callable[[], None]) -> None:
        """Call a function in the loop, soon; from the garbage collector, too."""


async def answer(
    access: Access,
    kind: type[R],
    adapter: Any,
    request: PreparedRequest,
    limits: Timeout,
    max_body: int | None,
    *,
    start: bool,
) -> R:
    """Call the application, and return its response, the body not read.

    Args:
        access: to the application.
        kind: `Response` or `AsyncResponse`.
        adapter: the adapter that sends the request.
        request: the request.
        limits: `read_seconds` and the end of the whole mean something.
        max_body: the largest decoded body in bytes; None for no limit.
        start: whether its lifespan is started first, if it was not.

    Raises:
        RequestException: whatever went wrong; see `ASGIAdapter.send`.
        Exception: what the application raised, if that is wanted.
    """
    now = access.now()
    left = limits.deadline_from(now) - now
    runner = access.runner
    clock = runner.backend.now  # the loop may have another clock than the caller
    started = clock()
    deadline = started + left
    where = name_of(request)
    try:
        call, head = await access.run(lambda: runner.begin(request, limits, deadline, start=start))
    except StreamClosed:
        raise exceptions.ConnectionError(
            f"{where} was closed while it was asked", request=request
        ) from None
    trace = AppTrace(started, clock())
    reply = new_reply(kind, adapter, request, head, trace)
    reply.body = ASGIBody(access, call, where, head, trace, limits, deadline, max_body, request)
    return reply


class ASGIBody(AppBody):
    """The body of an answer, as the application sends it.

    Args:
        access: to the application.
        call: the call that goes on as the body is read.
        where: the application, for messages.
        head: the head of the answer.
        trace: gets the time of the body's end.
        timeout: `read_seconds` bounds each wait.
        deadline: the end of the whole, on the loop's clock.
        max_body: the largest decoded size in bytes; None for no limit.
        request: the request that is answered.
    """

    __slots__ = ("_access", "_call")

    def __init__(
        self,
        access: Access,
        call: ASGICall,
        where: str,
        head: ResponseHead,
        trace: AppTrace,
        timeout: Timeout,
        deadline: float,
        max_body: int | None,
        request: PreparedRequest,
    ) -> None:
        self._access = access
        self._call = call
        backend = access.runner.backend
        super().__init__(backend, where, head, trace, timeout, deadline, max_body, request)

    def check_owner(self) -> None:
        """Refuse another event loop than the application's."""
        self._access.check_owner()

    async def _take(self, threshold: int, deadline: float) -> bytes:
        if self._call.ended:  # nothing changes any more, and nothing is waited for
            return await self._call.piece(threshold, deadline)
        return await self._access.run(lambda: self._call.piece(threshold, deadline))

    def _stop(self) -> None:
        self._access.call(self._call.disconnect)

    def _abort(self) -> None:
        self._access.call(self._call.cancel)

    def _drop(self) -> None:
        self._access.call_soon(self._call.disconnect)
