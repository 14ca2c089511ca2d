"""httpx's and httpx2's AsyncClient over Envoi's transport, on asyncio and trio: streaming both ways, and cancellation."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from envoi.integrations.httpx import transport_classes
from envoi.testing import RawConnection, Server

anyio = pytest.importorskip("anyio")
pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """Httpx and httpx2 in turn."""
    return pytest.importorskip(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`run(function)` runs an `async def` under asyncio and trio in turn."""
    return lambda function: anyio.run(function, backend=request.param)


@pytest.fixture
def make_client(library: Any) -> Callable[..., Any]:
    """`make_client(max_connections, **options)` makes a client."""

    def make(most: int = 100, **options: Any) -> Any:
        transport = transport_classes(library)[1](
            limits=library.Limits(max_connections=most), verify=options.pop("verify", True)
        )
        return library.AsyncClient(transport=transport, timeout=20, **options)

    return make


def test_ordinary_use(
    make_client: Callable[..., Any], server: Server, run: Callable[..., Any]
) -> None:
    async def main() -> None:
        async with make_client(base_url=server.url, follow_redirects=True) as client:
            assert (await client.get("/get", params={"a": "1"})).json()["args"] == {"a": "1"}
            assert (await client.post("/post", json=[1])).json()["json"] == [1]
            assert (await client.post("/post", files={"f": b"content"})).json()["files"] == {
                "f": "content"
            }
            assert (await client.get("/cookies/set?a=b")).json() == {"cookies": {"a": "b"}}
            assert (
                await client.get("/basic-auth/me/secret", auth=("me", "secret"))
            ).status_code == 200
            assert (await client.get("/gzip")).json()["gzipped"] is True
            assert (await client.get("/status/204")).content == b""

    run(main)
    assert server.connections == 1


def test_streaming_both_ways(
    make_client: Callable[..., Any], server: Server, run: Callable[..., Any]
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(3):
            await anyio.lowlevel.checkpoint()
            yield b"%d" % number

    async def main() -> None:
        async with make_client(base_url=server.url) as client:
            assert (await client.post("/post", content=pieces())).json()["data"] == "012"
            async with client.stream("GET", "/download/3000000") as response:
                assert sum([len(piece) async for piece in response.aiter_bytes()]) == 3_000_000
            async with client.stream("GET", "/stream/5") as response:
                assert len([line async for line in response.aiter_lines()]) == 5

    run(main)
    assert server.requests[0].headers.get("transfer-encoding") == "chunked"
    assert server.connections == 1


def test_many_at_once_keep_to_the_limit(
    make_client: Callable[..., Any], server: Server, run: Callable[..., Any]
) -> None:
    found: list[str] = []

    async def main() -> None:
        async with (
            make_client(4, base_url=server.url) as client,
            anyio.create_task_group() as group,
        ):

            async def one(number: int) -> None:
                found.append(
                    (await client.get(f"/anything/{number}")).json()["url"].rpartition("/")[2]
                )

            for number in range(40):
                group.start_soon(one, number)

    run(main)
    assert sorted(found, key=int) == [str(number) for number in range(40)]
    assert server.connections <= 4


def test_tls(make_client: Callable[..., Any], tls_server: Server, run: Callable[..., Any]) -> None:
    async def main() -> None:
        async with make_client(verify=tls_server.ca_path) as client:
            assert (await client.get(tls_server.url + "/get")).status_code == 200

    run(main)


class Stalling:
    """Answers each second request; the others get `first` and then nothing."""

    def __init__(self, first: bytes) -> None:
        self.first = first

    def __call__(self, connection: RawConnection) -> None:
        if b"/stall" in connection.read_request():
            connection.send(self.first)
            connection.wait_closed()
        else:
            connection.send(HEAD + b"0123456789")


def test_cancelled_while_waiting_for_the_head(
    make_client: Callable[..., Any], raw_server: Any, run: Callable[..., Any]
) -> None:
    server = raw_server(Stalling(b""))

    async def main() -> None:
        async with make_client(1) as client:
            for attempt in range(1, 4):
                async with anyio.create_task_group() as group:
                    group.start_soon(client.get, server.url + "/stall")
                    await anyio.to_thread.run_sync(server.wait_for_requests, attempt)
                    group.cancel_scope.cancel()
            assert (await client.get(server.url)).text == "0123456789"

    run(main)


def test_cancelled_while_streaming(
    make_client: Callable[..., Any], raw_server: Any, run: Callable[..., Any]
) -> None:
    server = raw_server(Stalling(HEAD + b"some"))

    async def main() -> None:
        async with make_client(1) as client:
            for _ in range(3):
                with anyio.CancelScope() as scope:
                    async with client.stream("GET", server.url + "/stall") as response:
                        async for piece in response.aiter_raw():
                            assert piece == b"some"
                            scope.cancel()
                assert scope.cancelled_caught
            assert (await client.get(server.url)).text == "0123456789"

    run(main)


def test_cancelled_while_waiting_for_a_connection(
    make_client: Callable[..., Any], server: Server, run: Callable[..., Any]
) -> None:
    async def main() -> None:
        async with make_client(1, base_url=server.url) as client:
            async with client.stream("GET", "/download/99999999"):
                with anyio.move_on_after(0.02) as scope:
                    await client.get("/get")
                assert scope.cancelled_caught
            assert (await client.get("/get")).status_code == 200

    run(main)


def test_cancelled_while_uploading(
    make_client: Callable[..., Any], raw_server: Any, run: Callable[..., Any]
) -> None:
    def script(connection: RawConnection) -> None:
        if b"POST" in connection.read_head():
            connection.wait_closed()
        else:
            connection.send(HEAD + b"0123456789")

    server = raw_server(script)

    async def main() -> None:
        async with make_client(1) as client:
            with anyio.CancelScope() as scope:

                async def pieces() -> AsyncIterator[bytes]:
                    yield b"first"
                    scope.cancel()
                    await anyio.sleep_forever()

                await client.post(server.url, content=pieces())
            assert scope.cancelled_caught
            assert (await client.get(server.url)).text == "0123456789"

    run(main)


def test_an_early_answer_does_not_cut_an_upload_short(
    make_client: Callable[..., Any], raw_server: Any, run: Callable[..., Any]
) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(HEAD + b"01234")
        received = connection.take_buffered()
        while not received.endswith(b"\r\n0\r\n\r\n"):
            data = connection.socket.recv(1 << 16)
            assert data, "the upload was cut short"
            received += data
        arrived.append(received.count(b"x"))
        connection.send(b"56789")
        connection.wait_closed()

    arrived: list[int] = []
    server = raw_server(script)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            await anyio.sleep(0)
            yield b"x" * 100_000

    async def main() -> None:
        async with make_client(1) as client:
            assert (await client.post(server.url, content=pieces())).text == "0123456789"

    run(main)
    assert arrived == [2_000_000]


def test_a_task_of_asyncio_is_cancelled(make_client: Callable[..., Any], raw_server: Any) -> None:
    server = raw_server(Stalling(b""))

    async def main() -> None:
        async with make_client(1) as client:
            task = asyncio.create_task(client.get(server.url + "/stall"))
            await asyncio.to_thread(server.wait_for_requests, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await client.get(server.url + "/stall")
            assert (await client.get(server.url)).text == "0123456789"

    asyncio.run(main())


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_an_abandoned_response_gives_its_slot_back(
    make_client: Callable[..., Any], server: Server, run: Callable[..., Any]
) -> None:
    async def main() -> None:
        async with make_client(1, base_url=server.url) as client:
            request = client.build_request("GET", "/download/99999999")
            response = await client.send(request, stream=True)
            assert response.status_code == 200
            del response
            gc.collect()  # httpx's response refers to itself
            assert (await client.get("/get")).status_code == 200

    run(main)


def test_a_transport_serves_one_loop_after_another_once_closed(
    library: Any, server: Server
) -> None:
    transport = transport_classes(library)[1]()

    async def main() -> None:
        async with library.AsyncClient(transport=transport) as client:
            assert (await client.get(server.url + "/get")).status_code == 200

    asyncio.run(main())
    asyncio.run(main())
    anyio.run(main, backend="trio")
