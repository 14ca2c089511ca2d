"""A streamed response that is dropped unread, inside a reference cycle: its connection is closed, its slot comes back, nobody is warned."""

from __future__ import annotations

import gc
import warnings

import envoi


def test_response_dropped_in_a_cycle_gives_its_slot_back(server):
    with envoi.Session(max_connections=1) as session:
        response = session.get(server.url + "/download/1000000", stream=True)
        response.myself = response
        del response
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            gc.collect()
        assert session.get(server.url + "/get", timeout=envoi.Timeout(pool=5)).ok


def test_session_that_is_dropped_closes_idle_connections_while_a_response_lives_on(server):
    session = envoi.Session()
    session.get(server.url + "/get")
    response = session.get(server.url.replace("127.0.0.1", "localhost") + "/bytes/9", stream=True)
    state = session._pool.state
    assert (state.open, state.idle) == (2, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del session
    assert state.idle == 0
    assert len(response.content) == 9
    assert state.open == 0
