"""Whether a request that met a dead connection is sent again: the whole table."""

from __future__ import annotations

from itertools import product

import pytest

from envoi._proto.plans.resend import may_resend

SAFE_TO_REPEAT = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}
METHODS = [*sorted(SAFE_TO_REPEAT), "POST", "PATCH", "CONNECT", "QUERY", "get", "MADEUP"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("reused", "started", "sent", "replayable"), list(product([False, True], repeat=4))
)
def test_resend(method, reused, started, sent, replayable):
    answer = may_resend(
        method=method,
        reused=reused,
        response_started=started,
        anything_sent=sent,
        replayable=replayable,
    )
    harmless = method in SAFE_TO_REPEAT or not sent
    assert answer == (reused and not started and replayable and harmless)
