"""How long connections are kept, and how their sockets are set up."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

import envoi
from envoi.testing import RawConnection, Server
from peers.clients import Client

pytestmark = pytest.mark.timeout(30)


def numbered(field: bytes) -> Callable[[RawConnection], None]:
    """A script for a server: each answer has the given header field, and as its body the number of its connection."""

    def script(connection: RawConnection) -> None:
        while True:
            connection.read_request()
            connection.send(
                b"HTTP/1.1 200 OK\r\n%bContent-Length: 1\r\n\r\n%d" % (field, connection.number)
            )

    return script


def turn_clock(client: Client, seconds: float) -> None:
    """Let so much time pass for the pool."""
    backend = client.session._pool.backend
    real = backend.now
    backend.now = lambda: real() + seconds


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("field", "seconds", "texts"),
    [
        (b"", 30, ["1", "1"]),
        (b"Keep-Alive: timeout=5\r\n", 3.9, ["1", "1"]),
        (b"Keep-Alive: timeout=5\r\n", 4.1, ["1", "2"]),
        (b"Keep-Alive: timeout=1\r\n", 0.8, ["1", "2"]),
        (b"Keep-Alive: timeout=0\r\n", 0, ["1", "2"]),
        (b"Keep-Alive: timeout=60, max=0\r\n", 0, ["1", "2"]),
    ],
)
def test_kept_connection_is_not_used_beyond_what_the_server_says(
    client: Client, raw_server: Any, field: bytes, seconds: float, texts: list[str], stream: bool
) -> None:
    server = raw_server(numbered(field))
    found = []
    for _ in range(2):
        response = client.get(server.url, stream=stream)
        found.append(response.read().decode() if stream else response.text)
        turn_clock(client, seconds)
    assert found == texts
    assert client.in_use == 0


# --- Sockets


def socket_of(response: Any) -> socket.socket:
    """The socket that brought a response."""
    return response.trace.link.stream._socket  # type: ignore[no-any-return]


def test_keepalive_probes_come_within_a_minute(client: Client, server: Server) -> None:
    made = socket_of(client.get(f"{server.url}/get"))
    assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
    assert idle is not None
    assert 1 <= made.getsockopt(socket.IPPROTO_TCP, idle) <= 60
    assert 1 <= made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) <= 60


@pytest.mark.parametrize("as_adapter", [False, True])
def test_socket_options_are_set_over_those_by_default(
    new_client: Any, server: Server, as_adapter: bool
) -> None:
    options = [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0),
        [socket.IPPROTO_TCP, socket.TCP_NODELAY, (0).to_bytes(4, "little")],
    ]
    if as_adapter:
        client = new_client()
        kind = (
            envoi.adapters.HTTPAdapter
            if client.colour == "sync"
            else envoi.adapters.AsyncHTTPAdapter
        )
        client.session.mount("http://", kind(socket_options=options))
    else:
        client = new_client(socket_options=options)
    made = socket_of(client.get(f"{server.url}/get"))
    assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0


def test_option_that_the_system_refuses_is_named(new_client: Any, server: Server) -> None:
    client = new_client(socket_options=[(socket.IPPROTO_TCP, 9999, 1)])
    with pytest.raises(envoi.exceptions.InvalidOption, match=r"socket_options.*9999"):
        client.get(f"{server.url}/get")
    assert client.in_use == 0


@pytest.mark.parametrize(
    "value", [5, "abc", [1], [(1, 2)], [("a", 2, 3)], [(1, 2, "x")], [(1, 2, None)], {"a": 1}]
)
def test_what_is_no_list_of_options_is_refused(value: Any) -> None:
    for make in (envoi.Session, envoi.AsyncSession, envoi.adapters.HTTPAdapter):
        with pytest.raises(envoi.exceptions.InvalidOption, match="socket_options"):
            make(socket_options=value)


def test_adapter_that_tells_its_pool_manager_needs_no_urllib3(server: Server) -> None:
    class KeepsAlive(envoi.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
            settings["socket_options"] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)]
            super().init_poolmanager(*arguments, **settings)

    with envoi.Session() as session:
        adapter = KeepsAlive()
        session.mount("http://", adapter)
        assert session.get(f"{server.url}/get").status_code == 200
        assert adapter._pool is not None
        assert adapter._pool.state.open == 1
