"""How many Python functions a warm request enters: the part of its cost that a person can see."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import envoi
from envoi._sessions.overrides import watched_netrc
from envoi.testing import Server

PACKAGE = Path(envoi.__file__).parent
MOST = 30
"""Functions of the package that a warm `session.get` may enter."""


def functions_entered(function: Any, *arguments: Any) -> list[str]:
    """The package's functions that a call enters in this thread, one item for each entry.

    A coroutine is entered once more each time it is resumed; over the blocking backend none is.
    """
    entered: list[str] = []

    def record(frame: FrameType, event: str, argument: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
            entered.append(f"{path.relative_to(PACKAGE)}: {name}")

    before = sys.getprofile()
    sys.setprofile(record)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return entered


def test_warm_get_enters_few_functions(server: Server) -> None:
    # Another test may have imported requests' module of sessions, which is then looked at.
    with envoi.Session() as session, patch.dict(watched_netrc, clear=True):
        for _ in range(3):
            assert session.get(server.url + "/get").ok
        entered = functions_entered(session.get, server.url + "/get")
    assert any(name.endswith("SessionVerbs._get") for name in entered)
    assert len(entered) <= MOST, "\n".join([f"{len(entered)} functions entered:", *entered])


def test_every_warm_get_enters_the_same_functions(server: Server) -> None:
    with envoi.Session() as session:
        for _ in range(3):
            assert session.get(server.url + "/get").ok
        first = functions_entered(session.get, server.url + "/get")
        assert functions_entered(session.get, server.url + "/get") == first
