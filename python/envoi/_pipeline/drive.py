"""Runs a flow: a generator that yields requests and is sent their responses.

`response = yield request`, as many times as the flow needs; the last response is the flow's answer.
The generator neither waits nor knows whether anybody awaits it, so that one flow serves sync,
asyncio and trio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._pipeline.reply import discard, load

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Onward
    from envoi._pipeline.reply import Reply

    Between = Callable[[PreparedRequest, Reply, PreparedRequest], None]


async def drive(
    flow: Generator[PreparedRequest, Reply, None],
    request: PreparedRequest,
    onward: Onward,
    *,
    needs_body: bool,
    between: Between,
) -> Reply:
    """Send a flow's requests until it has no more.

    Args:
        flow: has yielded its first request, and waits for that one's response.
        request: that first request.
        onward: sends a request.
        needs_body: whether the flow looks at bodies: each is then read before the flow sees it.
        between: called with a request, its response and the request that the flow sends next.

    Returns:
        The last response, with those before it as its history.

    Raises:
        RequestException: whatever went wrong. What the flow raises is raised as it is.
    """
    passed: list[Reply] = []
    while True:
        reply = await onward(request)
        try:
            if needs_body:
                await load(reply)
            following = flow.send(reply)
        except StopIteration:
            if passed:
                reply.history = passed
            return reply
        except BaseException:
            if reply.body is not None:
                reply.body.close()
            raise
        between(request, reply, following)
        await discard(reply, resends=following.content is request.content)
        reply.history = list(passed)
        passed.append(reply)
        following.content.rewind()
        request = following
