"""What fails on Envoi's transport is raised as the exception that httpx has for it, sync and async alike, with Envoi's as the cause."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import envoi
from envoi.integrations.httpx import transport_classes
from envoi.testing import RawConnection, Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """Httpx and httpx2 in turn."""
    return pytest.importorskip(request.param)


@pytest.fixture(params=["threads", "asyncio", "trio"])
def send(request: pytest.FixtureRequest, library: Any) -> Callable[..., Any]:
    """`send(method, url, transport_options, **options)` makes one request and gives the response, whichever client makes it."""
    transport, async_transport = transport_classes(library)

    def blocking(method: str, url: str, settings: dict[str, Any], **options: Any) -> Any:
        with library.Client(transport=transport(**settings)) as client:
            return client.request(method, url, **options)

    async def awaited(
        method: str, url: str, settings: dict[str, Any], options: dict[str, Any]
    ) -> Any:
        async with library.AsyncClient(transport=async_transport(**settings)) as client:
            return await client.request(method, url, **options)

    def on_asyncio(method: str, url: str, settings: dict[str, Any], **options: Any) -> Any:
        return asyncio.run(awaited(method, url, settings, options))

    def on_trio(method: str, url: str, settings: dict[str, Any], **options: Any) -> Any:
        return pytest.importorskip("trio").run(awaited, method, url, settings, options)

    return {"threads": blocking, "asyncio": on_asyncio, "trio": on_trio}[request.param]


def wait_closed(connection: RawConnection) -> None:
    connection.read_request()
    connection.wait_closed()


def refusing_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_refused_connection_is_a_connect_error(library: Any, send: Callable[..., Any]) -> None:
    with pytest.raises(library.ConnectError, match="refused") as caught:
        send("GET", f"http://127.0.0.1:{refusing_port()}", {})
    assert isinstance(caught.value.__cause__, envoi.exceptions.ConnectionRefused)
    assert caught.value.request.method == "GET"


def test_unknown_host_is_a_connect_error(library: Any, send: Callable[..., Any]) -> None:
    with pytest.raises(library.ConnectError) as caught:
        send("GET", "http://nowhere.invalid/", {})
    assert isinstance(caught.value.__cause__, envoi.exceptions.NameResolutionError)


def test_silent_handshake_is_a_connect_timeout(
    library: Any, send: Callable[..., Any], raw_server: Any
) -> None:
    server = raw_server(lambda connection: connection.wait_closed())
    with pytest.raises(library.ConnectTimeout) as caught:
        send(
            "GET",
            server.url.replace("http", "https"),
            {},
            timeout=library.Timeout(10, connect=0.05),
        )
    assert isinstance(caught.value.__cause__, envoi.exceptions.ConnectTimeout)


def test_silent_server_is_a_read_timeout(
    library: Any, send: Callable[..., Any], raw_server: Any
) -> None:
    server = raw_server(wait_closed)
    with pytest.raises(library.ReadTimeout):
        send("GET", server.url, {}, timeout=library.Timeout(10, read=0.05))


def test_silence_in_the_body_is_a_read_timeout(
    library: Any, send: Callable[..., Any], raw_server: Any
) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(HEAD + b"some")
        connection.wait_closed()

    with pytest.raises(library.ReadTimeout) as caught:
        send("GET", raw_server(script).url, {}, timeout=library.Timeout(10, read=0.05))
    assert isinstance(caught.value.__cause__, envoi.exceptions.ReadTimeout)


def test_server_that_takes_nothing_is_a_write_timeout(
    library: Any, send: Callable[..., Any], raw_server: Any
) -> None:
    done = threading.Event()
    server = raw_server(lambda connection: (connection.read_head(), done.wait(20)))
    try:
        with pytest.raises(library.WriteTimeout):
            send(
                "POST",
                server.url,
                {},
                content=b"x" * 50_000_000,
                timeout=library.Timeout(10, write=0.1),
            )
    finally:
        done.set()


def test_no_free_connection_is_a_pool_timeout(library: Any, server: Server) -> None:
    transport, async_transport = transport_classes(library)
    settings = {"limits": library.Limits(max_connections=1)}
    with library.Client(
        transport=transport(**settings), timeout=library.Timeout(10, pool=0.05)
    ) as client:
        with (
            client.stream("GET", server.url + "/download/9999999"),
            pytest.raises(library.PoolTimeout),
        ):
            client.get(server.url)
        assert client.get(server.url).status_code == 200

    async def main() -> None:
        async with library.AsyncClient(
            transport=async_transport(**settings), timeout=library.Timeout(10, pool=0.05)
        ) as client:
            async with client.stream("GET", server.url + "/download/9999999"):
                with pytest.raises(library.PoolTimeout):
                    await client.get(server.url)
            assert (await client.get(server.url)).status_code == 200

    asyncio.run(main())
    pytest.importorskip("trio").run(main)


@pytest.mark.parametrize("timeout", [0, 1e-9])
def test_a_timeout_of_nothing_is_over_at_once(
    library: Any, send: Callable[..., Any], raw_server: Any, timeout: float
) -> None:
    with pytest.raises(library.TimeoutException):
        send("GET", raw_server(wait_closed).url, {}, timeout=library.Timeout(10, read=timeout))


def test_no_timeout_waits(send: Callable[..., Any], server: Server) -> None:
    assert send("GET", server.url + "/delay/0.05", {}, timeout=None).status_code == 200


BROKEN = {
    "nothing": ([None], "RemoteProtocolError"),
    "short": ([HEAD + b"short"], "RemoteProtocolError"),
    "nothing of the body": ([HEAD], "RemoteProtocolError"),
    "short chunks": (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"],
        "RemoteProtocolError",
    ),
    "bad chunks": (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n"],
        "RemoteProtocolError",
    ),
    "garbage": ([b"SSH-2.0-server\r\n\r\n"], "RemoteProtocolError"),
    "bad gzip": (
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
        "DecodingError",
    ),
}


@pytest.mark.filterwarnings(
    "ignore:Async generator 'httpx:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
@pytest.mark.parametrize("kind", BROKEN)
def test_broken_answers_are_protocol_errors(
    library: Any, send: Callable[..., Any], raw_server: Any, kind: str
) -> None:
    replies, name = BROKEN[kind]
    server = raw_server(replies, close=True) if replies != [None] else raw_server(replies)
    with pytest.raises(getattr(library, name)) as caught:
        send("GET", server.url, {})
    assert isinstance(caught.value.__cause__, Exception)


@pytest.mark.parametrize("head", [b"", HEAD + b"some"])
def test_reset_is_a_read_error(
    library: Any, send: Callable[..., Any], raw_server: Any, head: bytes
) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(head)
        connection.reset()

    with pytest.raises(library.ReadError) as caught:
        send("GET", raw_server(script).url, {})
    assert isinstance(caught.value.__cause__, envoi.exceptions.RequestException)


def test_reset_during_the_upload_is_a_transport_error(
    library: Any, send: Callable[..., Any], raw_server: Any
) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.reset()

    # Which one depends on what the kernel tells first: that writing failed, or that the stream has ended.
    with pytest.raises((library.WriteError, library.ReadError, library.RemoteProtocolError)):
        send("POST", raw_server(script).url, {}, content=b"x" * 20_000_000)


def test_what_came_before_the_end_is_given_out(library: Any, raw_server: Any) -> None:
    server = raw_server([HEAD + b"short"], close=True)
    with (
        library.Client(transport=transport_classes(library)[0]()) as client,
        client.stream("GET", server.url) as response,
    ):
        pieces = response.iter_raw()
        assert next(pieces) == b"short"
        with pytest.raises(library.RemoteProtocolError):
            next(pieces)


@pytest.mark.parametrize("headers", [{"X": "a\r\nEvil: 1"}, {"X Y": "1"}])
def test_illegal_headers_are_local_protocol_errors(
    library: Any, send: Callable[..., Any], server: Server, headers: dict[str, str]
) -> None:
    with pytest.raises(library.LocalProtocolError):
        send("GET", server.url, {}, headers=headers)


def test_illegal_method_is_a_local_protocol_error(
    library: Any, send: Callable[..., Any], server: Server
) -> None:
    with pytest.raises(library.LocalProtocolError):
        send("BAD METHOD", server.url, {})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:123456/path", "http://exa mple/path", "http://[bad/path"]
)
def test_a_url_that_nobody_connects_to_is_named(
    library: Any, send: Callable[..., Any], url: str
) -> None:
    with pytest.raises(library.ConnectError, match="Invalid URL 'http://.*/path'") as caught:
        send("GET", url, {})
    assert "object at 0x" not in str(caught.value)


def test_the_scheme_that_is_unsupported_is_told(library: Any, send: Callable[..., Any]) -> None:
    with pytest.raises(library.UnsupportedProtocol, match="'invalid://127.0.0.1/'") as caught:
        send("GET", "invalid://127.0.0.1/", {})
    assert "object at 0x" not in str(caught.value)


def test_other_schemes_are_unsupported(library: Any, send: Callable[..., Any]) -> None:
    with pytest.raises(library.UnsupportedProtocol):
        send("GET", "ftp://127.0.0.1/", {})


def test_another_server_name_is_refused_rather_than_ignored(
    library: Any, send: Callable[..., Any], server: Server
) -> None:
    with pytest.raises(library.UnsupportedProtocol, match="sni_hostname"):
        send("GET", server.url, {}, extensions={"sni_hostname": "other.example"})


def test_retries_are_for_connecting_alone(
    library: Any, send: Callable[..., Any], raw_server: Any
) -> None:
    server = raw_server([None, HEAD + b"0123456789"])
    with pytest.raises(library.RemoteProtocolError):
        send("GET", server.url, {"retries": 3})
    assert len(server.requests) == 1


def test_a_failed_connection_is_tried_again(
    library: Any, send: Callable[..., Any], ca: Any
) -> None:
    with Server(
        tls=ca.issue("elsewhere.example")
    ) as server:  # no certificate for this host: each handshake fails
        with pytest.raises(library.ConnectError):
            send("GET", server.url, {"retries": 1, "verify": ca.path})
        assert server.connections == 2


def test_a_unix_socket_is_used(send: Callable[..., Any], tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        received = []

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                received.append(accepted.recv(65536))
                accepted.sendall(HEAD + b"0123456789")

        thread = threading.Thread(target=serve)
        thread.start()
        assert send("GET", "http://service.example/path", {"uds": path}).text == "0123456789"
        thread.join(10)
    assert received[0].startswith(b"GET /path HTTP/1.1\r\nHost: service.example\r\n")


def test_local_address_is_used(send: Callable[..., Any], server: Server) -> None:
    assert (
        send("GET", server.url + "/get", {"local_address": "127.0.0.5"}).json()["origin"]
        == "127.0.0.5"
    )
