"""Hooks: the caller's functions, called with each response, those of redirects too, but not the
attempts of an authentication.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from envoi._model.exceptions import InvalidOption
from envoi._model.hooks import accepted
from envoi._pipeline.cookies import keep_cookies
from envoi._pipeline.reply import discard, load

if TYPE_CHECKING:
    from envoi._model.hooks import Hook
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Journey, Onward
    from envoi._pipeline.reply import Reply


async def call_hooks(journey: Journey, request: PreparedRequest, onward: Onward) -> Reply:
    """Call a request's hooks with its answer. A stage.

    Raises:
        InvalidOption: an async hook in a sync session.
        RequestException: whatever went wrong.
    """
    reply = await onward(request)
    hooks = (reply._sent or reply.request).response_hooks
    return reply if hooks is None else await run_hooks(journey, reply, hooks)


async def run_hooks(journey: Journey, reply: Reply, hooks: list[Hook]) -> Reply:
    """Call each hook with the response; what one returns, unless None, takes its place.

    In an async session a hook may be async. The body is read first, unless the caller streams it: a
    hook may look at it. The body of a response that is replaced is discarded.

    Raises:
        InvalidOption: an async hook in a sync session.
    """
    delivery = journey.delivery
    blocking = delivery.pool.backend.name == "blocking"
    if not blocking and reply.body is not None and not delivery.stream and not reply.is_redirect:
        await load(reply)
    options = {
        "timeout": delivery.timeout.in_plain_words(),
        **journey.policy.told._asdict(),
        "stream": delivery.stream,
    }
    try:
        for hook in list(hooks):
            result: Any = hook(reply, **accepted(hook, options))
            if hasattr(result, "__await__"):
                if blocking:
                    _refuse_async(hook, result, reply)
                result = await result
            if result is not None:
                replaced, reply = reply, result
                if replaced.body is not None and replaced.body is not reply.body:
                    await discard(replaced)
        for step in reply.history:  # what a hook sent on its way, as requests' Digest does
            keep_cookies(journey, step.request, step)
    except BaseException:
        if reply.body is not None:
            reply.body.close()
        raise
    return reply


def _refuse_async(hook: Hook, result: Any, reply: Reply) -> NoReturn:
    if hasattr(result, "close"):
        result.close()  # else Python warns that it was never awaited
    raise InvalidOption(
        f"hooks: {hook!r} is asynchronous, and needs an AsyncSession", request=reply.request
    )
