"""Whether a request may be sent again when a reused connection turned out to be dead (RFC 9112,
section 9.3.1; RFC 9110, section 9.2.2).
"""

from __future__ import annotations

from typing import Final

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


def may_resend(
    *, method: str, reused: bool, response_started: bool, anything_sent: bool, replayable: bool
) -> bool:
    """Decide about one more try on a fresh connection.

    A server may close an idle connection at any moment, also in the one in which a request is on
    its way. An idempotent method is safe to repeat; another only when not one byte of it was taken
    by the kernel, so that no server can have seen it.

    Args:
        method: the request's method.
        reused: whether the connection had served a request before: a fresh one that fails has
            another reason.
        response_started: whether any byte of an answer came.
        anything_sent: whether any byte of the request was handed over.
        replayable: whether the body can be sent from its beginning again.
    """
    if not reused or response_started or not replayable:
        return False
    return method in IDEMPOTENT_METHODS or not anything_sent
