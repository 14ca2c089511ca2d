"""An adapter's `max_retries`: a number, or a `urllib3.util.Retry`, which is asked and never
imported.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from envoi._model.exceptions import ConnectionError as OurConnectionError
from envoi._model.exceptions import ReadTimeout, RequestException, RetryError
from envoi._net.errors import CONNECTING
from envoi._pipeline.carry import carry
from envoi._pipeline.reply import discard

if TYPE_CHECKING:
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Delivery
    from envoi._pipeline.reply import Reply

_LONGEST_WAIT: Final = 21_600.0
"""Seconds: a server must not put a client to sleep for days."""


class Attempts(int):
    """A number as `max_retries`: so many more attempts at connecting, at once. Companions ask it as
    they would a `urllib3.util.Retry`.
    """

    __slots__ = ()

    status_forcelist: ClassVar[frozenset[int]] = frozenset()
    backoff_factor: ClassVar[float] = 0.0
    read: ClassVar[bool] = False

    @property
    def total(self) -> int:
        """The number."""
        return int(self)

    connect = total

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: ARG002 - as in urllib3
        """Whether an answer is to be tried again: none is."""
        return False


async def carry_with_retries(
    retries: Any, delivery: Delivery, request: PreparedRequest, started: float, deadline: float
) -> Reply:
    """Send a request, and again as often as its adapter's `max_retries` says.

    Args:
        retries: how often connecting is tried again, or a `urllib3.util.Retry`.
        delivery: how.
        request: what.
        started: when this part of the call began.
        deadline: the end of the whole; a wait never goes beyond it.

    Raises:
        RetryError: the server's answers were all of those that are tried again.
        UnrewindableBodyError: the body is a stream that is gone.
        RequestException: the last failure.
    """
    if isinstance(retries, int):
        retries = Attempts(retries)
    backend = delivery.pool.backend
    while True:
        reply: Reply | None = None
        try:
            reply = await carry(delivery, request, started, deadline)
        except (OurConnectionError, ReadTimeout) as error:
            retries = _after_failure(retries, request, error)
        else:
            again = _after_answer(retries, request, reply)
            if again is None:
                return reply
            retries = again
            await discard(reply, resends=True)
        delay = _delay(retries, reply)
        if backend.now() + delay >= deadline:
            raise RetryError(
                f"The next attempt would begin {delay:g} s from now, after the total timeout's end",
                request=request,
                response=reply,
            )
        if delay > 0:
            await backend.sleep(delay)
        request.content.rewind()


class _Answer(NamedTuple):
    """What of a response a `Retry` looks at."""

    status: int
    headers: Headers

    def get_redirect_location(self) -> bool:
        return False


def _after_failure(retries: Any, request: PreparedRequest, error: RequestException) -> Any:
    """The retries that are left; raises the failure when there are none."""
    connecting = getattr(error, "phase", None) in CONNECTING
    if isinstance(retries, Attempts):
        if not connecting or retries <= 0:
            raise error
        return Attempts(retries - 1)
    theirs = sys.modules["urllib3.exceptions"]
    kind = theirs.ConnectTimeoutError if connecting else theirs.ProtocolError
    cause = kind(str(error))
    try:
        return retries.increment(request.method, request.url, error=cause)
    except theirs.HTTPError as exhausted:  # `cause` itself, or that there are no more
        raise error from exhausted


def _after_answer(retries: Any, request: PreparedRequest, reply: Reply) -> Any:
    """The retries that are left after an answer that is to be tried again; None for one that is
    not.
    """
    if not retries.is_retry(request.method, reply.status_code, "retry-after" in reply.headers):
        return None
    theirs = sys.modules["urllib3.exceptions"]
    try:
        return retries.increment(
            request.method, request.url, response=_Answer(reply.status_code, reply.headers)
        )
    except theirs.MaxRetryError as error:
        if not retries.raise_on_status:
            return None
        if reply.body is not None:
            reply.body.close()
        raise RetryError(
            f"Too many answers of status {reply.status_code}: {error}",
            request=request,
            response=reply,
        ) from error


def _delay(retries: Any, reply: Reply | None) -> float:
    """Seconds until the next attempt: what the server asks for, else the back-off."""
    if isinstance(retries, Attempts):
        return 0.0
    if reply is not None and retries.respect_retry_after_header:
        try:
            asked = retries.get_retry_after(_Answer(reply.status_code, reply.headers))
        except (sys.modules["urllib3.exceptions"].HTTPError, ValueError, OverflowError):
            asked = None  # "1m0s", a year that no calendar has: it says nothing
        if asked:
            return min(float(asked), _LONGEST_WAIT)
    return float(retries.get_backoff_time())
