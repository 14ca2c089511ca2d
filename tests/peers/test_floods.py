"""Peers that send without end, and bombs: memory and time stay bounded."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
import zlib

import pytest

import envoi
from envoi.testing import RawConnection, RawServer

pytestmark = pytest.mark.timeout(60)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"

ENDLESS = {
    "status line": (b"HTTP/1.1 200 ", b"x" * 4096),
    "header value": (START + b"X: ", b"x" * 4096),
    "header name": (START, b"x" * 4096),
    "headers": (START, b"X: y\r\n" * 500),
    "Set-Cookie": (START, b"Set-Cookie: a=b\r\n" * 300),
    "informational answers": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 500),
    "a trailer": (CHUNKED + b"0\r\nX: ", b"y" * 4096),
    "a chunk extension": (CHUNKED + b"5;", b"x" * 4096),
    "zeros of a chunk size": (CHUNKED, b"0" * 4096),
    "line ends before the status": (b"", b"\r\n" * 2000),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_endless_input_is_cut_off(what: str, client, raw_server) -> None:
    start, piece = ENDLESS[what]
    sent = 0

    def script(connection: RawConnection) -> None:
        nonlocal sent
        connection.read_request()
        connection.send(start)
        while sent < 64 * 1024 * 1024:
            connection.send(piece)
            sent += len(piece)

    server = raw_server(script)
    with pytest.raises((envoi.RemoteProtocolError, envoi.ChunkedEncodingError)):
        client.get(server.url)
    server.close()
    assert sent < 16 * 1024 * 1024, "what the sockets' buffers hold may have been sent, not more"


def test_endless_chunk_extensions_are_cut_off_or_cost_no_memory(client, raw_server) -> None:
    piece = (b"1;" + b"x" * 1000 + b"\r\na\r\n") * 50

    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(CHUNKED)
        for _ in range(100):
            connection.send(piece)
        connection.send(b"0\r\n\r\n")

    server = raw_server(script)
    try:
        assert client.get(server.url).content == b"a" * 5000
    except (envoi.RemoteProtocolError, envoi.ChunkedEncodingError):
        pass


def test_a_million_tiny_cookies_take_linear_time(raw_server) -> None:
    def seconds(count: int) -> float:
        reply = (
            START
            + b"Content-Length: 0\r\n"
            + b"".join(b"Set-Cookie: c%d=1; Path=/\r\n" % number for number in range(count))
            + b"\r\n"
        )
        server = raw_server([reply] * 3)
        best = 1e9
        for _ in range(3):
            with envoi.Session() as session:
                began = time.perf_counter()
                try:
                    session.get(server.url)
                except envoi.RemoteProtocolError:
                    return 0.0
                best = min(best, time.perf_counter() - began)
        return best

    assert seconds(1_000_000) == 0.0, "refused as too many"
    small, large = seconds(60), seconds(240)
    assert large < small * 16 + 0.05


@pytest.mark.parametrize("kind", ["chunks", "pieces", "gzip"])
def test_time_grows_with_the_size_alone(kind: str, raw_server) -> None:
    def reply(count: int) -> bytes:
        if kind == "chunks":
            return CHUNKED + b"1\r\na\r\n" * count + b"0\r\n\r\n"
        if kind == "gzip":
            body = gzip.compress(b"", mtime=0) * (count // 20) + gzip.compress(b"x", mtime=0)
            return (
                START + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
        return START + b"Content-Length: %d\r\n\r\n" % count + b"x" * count

    def seconds(count: int) -> float:
        server = raw_server([reply(count)] * 3)
        best = 1e9
        with envoi.Session() as session:
            for _ in range(3):
                began = time.perf_counter()
                session.get(server.url)
                best = min(best, time.perf_counter() - began)
        return best

    assert seconds(800_000) < 3 * seconds(400_000) + 0.05


# --- Bombs, in a process that may not use much memory

CHILD = """
import resource, sys
import envoi
method, url, colour = sys.argv[1:]
limit = 512 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
def sync():
    with envoi.Session(timeout=30) as session:
        if method == "cap":
            try:
                session.get(url, max_body=10_000_000)
            except envoi.BodyTooLarge:
                return "too large"
        if method == "redirect":
            return session.get(url).text
        if method == "peek":
            with session.get(url, stream=True) as response:
                return str(len(next(response.iter_content(1))))
        if method == "raw":
            response = session.get(url, stream=True)
            piece = response.raw.read(1, decode_content=True)
            response.close()
            return str(len(piece))
        if method == "stream":
            total = 0
            for piece in session.get(url, stream=True).iter_content():
                assert len(piece) <= 1 << 20
                total += len(piece)
                if total > 600 << 20:
                    return "enough"
print(sync())
"""


def bomb(coding: str) -> bytes:
    """Zeros, more than the child may hold, in a megabyte or less."""
    if coding in {"gzip", "deflate"}:
        maker = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
        block = bytes(1 << 20)
        return b"".join(maker.compress(block) for _ in range(640)) + maker.flush()
    if coding == "gzip, gzip":
        return gzip.compress(bomb("gzip"), mtime=0)
    if coding == "members":
        return gzip.compress(bytes(1 << 20), mtime=0) * 640
    if coding == "br":
        brotli = pytest.importorskip("brotlicffi")
        maker = brotli.Compressor(quality=1)
        block = bytes(1 << 24)
        return b"".join(maker.process(block) for _ in range(40)) + maker.finish()
    # A Zstandard frame of RLE blocks, each 128 KiB of one byte (RFC 8878, section 3.1.1.2), window of 8 MiB.
    block_header = ((128 * 1024) << 3 | 1 << 1).to_bytes(3, "little")
    return (
        b"\x28\xb5\x2f\xfd\x00"
        + bytes([13 << 3])
        + (block_header + b"\0") * 20000
        + (1).to_bytes(3, "little")
    )


CODINGS = ("gzip", "deflate", "br", "zstd", "gzip, gzip", "members")


@pytest.fixture(scope="module")
def bombs():
    made: dict[str, bytes] = {}

    def script(connection: RawConnection) -> None:
        while True:
            path = connection.read_request().split(b" ")[1].decode()
            if path == "/fine":
                connection.send(OK)
                continue
            kind, name = path[1:].split("/")
            name = name.replace("+", ", ")
            if name not in made:
                made[name] = bomb(name)
            body = made[name]
            coding = "gzip" if name == "members" else name
            status = "302 Found\r\nLocation: /fine" if kind == "redirect" else "200 OK"
            connection.send(
                f"HTTP/1.1 {status}\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            )
            connection.send(body)

    with RawServer(script) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    ("method", "expected"),
    [("cap", "too large"), ("redirect", "ok"), ("peek", "1"), ("raw", "1"), ("stream", "enough")],
)
def test_bomb_is_bounded_in_memory(method: str, expected: str, coding: str, bombs) -> None:
    if sys.platform == "win32":
        pytest.skip("RLIMIT_AS is Unix's")
    url = f"{bombs.url}/{method}/{coding.replace(', ', '+')}"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, method, url, "sync"],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.stdout.strip() == expected, done.stderr[-2000:]


def test_chain_of_codings_is_limited(client, raw_server) -> None:
    body = b"x"
    for _ in range(6):
        body = gzip.compress(body, mtime=0)
    head = (
        START
        + b"Content-Encoding: "
        + b", ".join([b"gzip"] * 6)
        + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    server = raw_server([head + body])
    with pytest.raises(envoi.ContentDecodingError):
        client.get(server.url)


def test_declared_length_allocates_nothing(client, raw_server) -> None:
    import tracemalloc

    server = raw_server([START + b"Content-Length: 4000000000\r\n\r\nshort"], close=True)
    tracemalloc.start()
    try:
        with pytest.raises(envoi.IncompleteBody):
            client.get(server.url)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_endless_body_stops_at_max_body(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(START + b"\r\n")
        while not connection.stopping.is_set():
            connection.send(bytes(65536))

    server = raw_server(script)
    with pytest.raises(envoi.BodyTooLarge):
        client.get(server.url, max_body=1_000_000)


def test_endless_body_of_a_redirect_is_not_read(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        if connection.number > 1:
            connection.send(OK)
            return
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n")
        while not connection.stopping.is_set():
            connection.send(bytes(65536))

    server = raw_server(script)
    assert client.get(server.url).text == "ok"
