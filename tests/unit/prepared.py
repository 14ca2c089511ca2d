"""A prepared request from a user's words, for the tests of what works on one."""

from __future__ import annotations

from typing import Any

from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request


def prepared_request(method: str, url: str, **arguments: Any) -> PreparedRequest:
    return Request(method, url, **arguments).prepare()
