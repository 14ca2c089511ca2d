import pytest

import envoi
from envoi.testing import Server


@pytest.fixture
def server():
    with Server(builtin=False) as running:
        yield running


def latest_version(address):
    response = envoi.get(address, timeout=5)
    response.raise_for_status()
    return response.json()["version"]


def test_latest_version(server):
    server.add("/latest", {"version": "1.2"})
    assert latest_version(f"{server.url}/latest") == "1.2"


def test_server_trouble_is_told(server):
    server.add("/latest", status=503)
    with pytest.raises(envoi.HTTPError, match="503"):
        latest_version(f"{server.url}/latest")
