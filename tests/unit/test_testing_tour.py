"""The tour of `make demo` is run as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from envoi.testing import Server

TOUR = Path(__file__).parents[2] / "examples" / "tour.py"


def take_tour(*arguments: str) -> subprocess.CompletedProcess[str]:
    # PYTHONIOENCODING: a terminal that has no UTF-8 must not break it.
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-W", "error", str(TOUR), *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.timeout(60)
def test_tour_goes_as_it_should() -> None:
    result = take_tour()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert "\x1b" not in result.stdout


@pytest.mark.timeout(60)
def test_tour_fetches_a_page_of_ones_choice(server: Server) -> None:
    result = take_tour(f"URL={server.url}/")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "200 OK" in result.stdout
    assert "Content-Type" in result.stdout


@pytest.mark.timeout(60)
def test_tour_says_what_went_wrong_with_a_page(server: Server) -> None:
    port = server.port
    server.close()
    result = take_tour(f"http://127.0.0.1:{port}/")
    assert result.returncode == 1
    assert "ConnectionRefused" in result.stdout
    assert "Traceback" not in result.stderr
