"""What belongs to one origin under TLS, and what both sides agreed to speak there."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import envoi
from envoi.testing import RawConnection, RawServer, Server
from peers.clients import Client

pytestmark = pytest.mark.timeout(30)


# --- Client certificates stay with their origin


@pytest.fixture
def mutual(ca: Any) -> Iterator[Callable[[], Server]]:
    """Starts servers that demand a client certificate."""
    servers = []

    def start() -> Server:
        server = Server(tls=ca.issue("127.0.0.1").server_context(client_ca=ca.path))
        servers.append(server.__enter__())
        return server

    yield start
    for server in servers:
        server.close()


def redirecting(server: Server, url: str) -> str:
    """A URL of a server that redirects to another."""
    server.add("/go", status=302, headers={"Location": url})
    return f"{server.url}/go"


class ByParts(envoi.Session):
    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)


class AwaitedByParts(envoi.AsyncSession):
    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)


def by_parts(client: Client) -> None:
    client.session.__class__ = ByParts if client.colour == "sync" else AwaitedByParts


def by_adapter(client: Client) -> None:
    kind = (
        envoi.adapters.HTTPAdapter if client.colour == "sync" else envoi.adapters.AsyncHTTPAdapter
    )
    client.session.mount("https://", kind())


WAYS = pytest.mark.parametrize("way", [lambda _: None, by_parts, by_adapter])


@WAYS
@pytest.mark.parametrize("of_session", [True, False])
def test_certificate_is_not_shown_to_another_origin(
    client: Client, mutual: Any, ca: Any, way: Any, of_session: bool
) -> None:
    way(client)
    mine, other = mutual(), mutual()
    certificate = ca.issue("me", client=True).pair
    options: dict[str, Any] = {"verify": ca.path}
    if of_session:
        client.session.cert = certificate
    else:
        options["cert"] = certificate
    away = redirecting(mine, f"{other.url}/get")
    with pytest.raises(envoi.ConnectionError):
        client.get(away, **options)
    assert other.served == 0
    assert client.get(redirecting(mine, "/get"), **options).status_code == 200
    assert client.get(f"{other.url}/get", **options).status_code == 200


def test_certificate_does_not_come_back_with_the_chain(
    client: Client, mutual: Any, server: Server, ca: Any
) -> None:
    mine = mutual()
    server.add("/back", status=302, headers={"Location": f"{mine.url}/get"})
    away = redirecting(mine, f"{server.url}/back")
    with pytest.raises(envoi.ConnectionError):
        client.get(away, verify=ca.path, cert=ca.issue("me", client=True).pair)
    assert mine.served == 1


def sent(client: Client, request: Any, **options: Any) -> Any:
    return client._loop.call(client.session.send, request, **options)


def test_request_that_left_the_origin_is_sent_without_the_sessions_certificate(
    client: Client, mutual: Any, ca: Any
) -> None:
    mine, other = mutual(), mutual()
    client.session.cert = ca.issue("me", client=True).pair
    client.session.verify = ca.path
    following = client.get(redirecting(mine, f"{other.url}/get"), allow_redirects=False).next
    with pytest.raises(envoi.ConnectionError):
        sent(client, following)
    assert other.served == 0
    assert sent(client, following, cert=client.session.cert).status_code == 200


# --- What ALPN says


@pytest.fixture
def h2_server(ca: Any) -> Iterator[RawServer]:
    """A TLS server that chooses HTTP/2 by ALPN, and records the bytes that it receives."""
    context = ca.issue("127.0.0.1").server_context()
    context.set_alpn_protocols(["h2"])

    def script(connection: Any) -> None:
        received.append(connection.socket.recv(65536))

    received: list[bytes] = []
    with RawServer(script, tls=context) as server:
        server.received = received  # type: ignore[attr-defined]
        yield server


def test_nothing_is_sent_where_a_context_has_negotiated_http2(
    client: Client, h2_server: Any, ca: Any
) -> None:
    context = ssl.create_default_context(cafile=ca.path)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with pytest.raises(envoi.exceptions.InvalidOption, match=r"set_alpn_protocols\(\['http/1.1'\]"):
        client.get(
            f"https://127.0.0.1:{h2_server.port}/", verify=context, headers={"Authorization": "s"}
        )
    client.close()
    h2_server.close()
    assert not any(h2_server.received)


def test_context_that_offers_http1_is_used(client: Client, tls_server: Server, ca: Any) -> None:
    context = ssl.create_default_context(cafile=ca.path)
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert client.get(f"{tls_server.url}/get", verify=context).status_code == 200


# --- A forked child, and what its parent has half read


FORKED = """
import os, ssl, sys, envoi
colour, url, authority, dropped = sys.argv[1:]

def child(failure, close):
    code = 0 if "forked" in str(failure) else 2
    close()
    os._exit(code)

def ended(process):
    _, status = os.waitpid(process, 0)
    assert status == 0, status

def main():
    session = envoi.Session(timeout=10)
    held = session.get(url, stream=True, verify=authority)
    pieces = held.iter_content(1000)
    first = next(pieces)
    if dropped:
        del session
    process = os.fork()
    if process == 0:
        try:
            rest = b"".join(pieces)
        except envoi.exceptions.StreamConsumedError as error:
            child(error, held.close)
        os._exit(3)
    ended(process)
    assert len(first + b"".join(pieces)) == 300000

async def amain():
    session = envoi.AsyncSession(timeout=10)
    held = await session.get(url, stream=True, verify=authority)
    pieces = held.iter_content(1000)
    first = await anext(pieces)
    process = os.fork()
    if process == 0:
        try:
            rest = [piece async for piece in pieces]
        except envoi.exceptions.StreamConsumedError as error:
            await held.close()
            child(error, lambda: None)
        os._exit(3)
    ended(process)
    assert len(first) + sum([len(piece) async for piece in pieces]) == 300000
    await session.close()

if colour == "sync":
    main()
elif colour == "asyncio":
    import asyncio
    asyncio.run(amain())
else:
    import trio
    trio.run(amain)
print("fine")
"""


def _long(connection: RawConnection) -> None:
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + bytes(100000))
    for _ in range(20):
        connection.send(bytes(10000))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("dropped", ["", "dropped"])
def test_child_does_not_read_what_its_parent_has_half_read(
    colour: str, raw_server: Any, ca: Any, secure: bool, dropped: str
) -> None:
    served = raw_server(_long, tls=secure)
    url = f"{'https' if secure else 'http'}://127.0.0.1:{served.port}/"
    done = subprocess.run(
        [sys.executable, "-c", FORKED, colour, url, ca.path, dropped],
        check=False,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr
