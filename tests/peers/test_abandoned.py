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
