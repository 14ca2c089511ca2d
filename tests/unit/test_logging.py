"""What Envoi logs: nothing by default, one redacted line per exchange at DEBUG."""

from __future__ import annotations

import logging
import subprocess
import sys

import envoi


def test_nothing_is_logged_by_default(server, caplog):
    caplog.set_level(logging.INFO, "envoi")
    envoi.get(server.url + "/get")
    assert not [record for record in caplog.records if record.name.startswith("envoi")]


def test_debug_tells_of_each_exchange(server, caplog):
    caplog.set_level(logging.DEBUG, "envoi")
    envoi.get(server.url + "/redirect/1")
    lines = [record.getMessage() for record in caplog.records if record.name == "envoi"]
    assert [line.split(" in ")[0] for line in lines] == [
        f"GET {server.url}/redirect/1 -> 302",
        f"GET {server.url}/get -> 200",
    ]


def test_secrets_are_not_logged(server, caplog):
    caplog.set_level(logging.DEBUG, "envoi")
    url = server.url.replace("http://", "http://user:hush-1@")
    envoi.get(url + "/get?token=hush-2", headers={"X-Key": "hush-3"}, cookies={"c": "hush-4"})
    assert caplog.records
    assert "hush" not in caplog.text


def test_logging_is_not_imported():
    code = "import sys, envoi\nassert 'logging' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
