"""A call on one screen: its stages, and the order in which a request passes them.

A stage is `async def stage(journey, request, onward)`: it may change the request, sends it onward
as often as it needs, and returns the answer. The outermost comes first. Most calls give no stage
anything to do; those are carried directly, and pass the stages only when their answer turns out to
ask for one: `answered` then takes the place of the first sending.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from envoi._model.errors import RequestException, blame
from envoi._pipeline.authenticate import authenticate, authenticate_as_prepared
from envoi._pipeline.carry import carry
from envoi._pipeline.cookies import exchange_cookies, take_cookies
from envoi._pipeline.hooks import call_hooks
from envoi._pipeline.hsts import heed_hsts
from envoi._pipeline.redirects import follow_redirects
from envoi._pipeline.reply import discard, load

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Journey, Onward
    from envoi._pipeline.reply import Reply

    Stage: TypeAlias = Callable[[Journey, PreparedRequest, Onward], Coroutine[Any, Any, Reply]]

STAGES: Final[tuple[Stage, ...]] = (follow_redirects, exchange_cookies, call_hooks, authenticate)
"""Of a request as a caller wants it."""

STAGES_WITH_HSTS: Final[tuple[Stage, ...]] = (STAGES[0], heed_hsts, *STAGES[1:])
"""The same, of a session with a memory for hosts that want https."""

STAGES_AS_IT_IS: Final[tuple[Stage, ...]] = (
    take_cookies,
    call_hooks,
    authenticate_as_prepared,
)
"""Of a request that was prepared: nothing is added to it, and a redirect is its answer."""


async def send(journey: Journey, request: PreparedRequest) -> Reply:
    """Send a request and return its final response, the body read unless it is to be streamed.

    Raises:
        RequestException: whatever went wrong, with the request it happened to.
    """
    try:
        if goes_directly(journey, request):
            reply = await carry(journey.delivery, request, journey.started, journey.deadline)
            head = reply._head
            if head is None or head.sets_cookies or head.location is not None:
                reply = await pass_stages(journey, request, STAGES, answered(journey, reply))
        else:
            stages = STAGES if journey.policy.hsts is None else STAGES_WITH_HSTS
            reply = await pass_stages(journey, request, stages, onward_from(journey))
        if reply.body is not None and not journey.delivery.stream:
            await load(reply)
        if journey.policy.raises and not reply.ok:
            await discard(reply)  # a short body is still there, and shown
            reply.raise_for_status()
    except RequestException as error:
        blame(error, request)
        raise
    return reply


async def send_as_it_is(journey: Journey, request: PreparedRequest) -> Reply:
    """Send a prepared request and return its response: nothing is added to the request, a redirect
    is not followed, the body not read.

    Raises:
        RequestException: whatever went wrong, with the request it happened to.
    """
    try:
        stages = STAGES_AS_IT_IS
        if journey.policy.hsts is not None:
            stages = (heed_hsts, *stages)
        return await pass_stages(journey, request, stages, onward_from(journey))
    except RequestException as error:
        blame(error, request)
        raise


def goes_directly(journey: Journey, request: PreparedRequest) -> bool:
    """Whether no stage has anything to do before the request's answer is there."""
    return (
        journey.carrier is None
        and journey.auth is None
        and journey.netrc is None
        and journey.policy.hsts is None
        and journey.cookies is None
        and journey.jar.is_empty
        and request._hooks is None
        and not request.parsed_url.has_userinfo
    )


async def pass_stages(
    journey: Journey, request: PreparedRequest, stages: tuple[Stage, ...], onward: Onward
) -> Reply:
    """Send a request through stages.

    Args:
        journey: the call.
        request: what to send.
        stages: the outermost first.
        onward: what the innermost sends with.
    """
    for stage in reversed(stages):
        onward = _entrance(stage, journey, onward)
    return await onward(request)


def _entrance(stage: Stage, journey: Journey, onward: Onward) -> Onward:
    return lambda request: stage(journey, request, onward)


def onward_from(journey: Journey) -> Onward:
    """What the innermost stage sends with: the pool's connections, or a session's adapters."""
    carrier = journey.carrier
    if carrier is not None:
        return partial(carrier.carry, journey)

    def onward(request: PreparedRequest) -> Coroutine[Any, Any, Reply]:
        return carry(journey.delivery, request, journey.started, journey.deadline)

    return onward


def answered(journey: Journey, reply: Reply) -> Onward:
    """The same, where the first request was sent already.

    Args:
        journey: the call.
        reply: the first request's answer.
    """
    replies = [reply]
    further = onward_from(journey)

    async def onward(request: PreparedRequest) -> Reply:
        return replies.pop() if replies else await further(request)

    return onward
