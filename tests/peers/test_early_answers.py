"""Servers that answer before they have all of an upload, and streams that go both ways."""

from __future__ import annotations

import gc
import hashlib
import io
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import envoi
from envoi.testing._wire import body_length, parse_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi.testing import RawConnection

pytestmark = pytest.mark.timeout(30)

SIZE = 6_000_000
BODY = bytes(range(256)) * (SIZE // 256)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def body_pieces(connection: RawConnection, head: bytes) -> Iterator[bytes]:
    """A request's body as it comes, framing removed."""
    left = body_length(parse_head(head)[3])
    if left is not None:
        while left:
            piece = connection.take_buffered()[:left] or connection.socket.recv(min(left, 65536))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            yield piece
        return

    def line() -> bytes:
        read = connection._reader.line()
        if not read:
            raise ConnectionResetError
        return read

    while size := int(line(), 16):
        yield connection.read_exactly(size)
        assert line() == b"\r\n"
    assert line() == b"\r\n"


class Taker:
    """Answers at once, and goes on reading: what it took of each body."""

    def __init__(self, reply: bytes = OK) -> None:
        self.reply = reply
        self.taken: list[str] = []
        self.heads: list[bytes] = []

    def __call__(self, connection: RawConnection) -> None:
        while True:
            head = connection.read_head()
            self.heads.append(head)
            connection.send(self.reply)
            digest = hashlib.sha256()
            for piece in body_pieces(connection, head):
                digest.update(piece)
            self.taken.append(digest.hexdigest())


def echo(connection: RawConnection) -> None:
    """Answers with a head at once, then gives each piece back as it comes."""
    while True:
        head = connection.read_head()
        connection.send(CHUNKED)
        for piece in body_pieces(connection, head):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")


class Pieces:
    """An asynchronous iterable."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            raise StopAsyncIteration from None


def slices(body: bytes, size: int = 100_000) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


KINDS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "bytes": lambda body: {"data": body},
    "file": lambda body: {"data": io.BytesIO(body)},
    "generator": lambda body: {"data": iter(slices(body))},
    "asynchronous": lambda body: {"data": Pieces(slices(body))},
    "form": lambda body: {"data": {"a": body.hex()}},
    "multipart": lambda body: {"files": {"f": ("name", io.BytesIO(body))}},
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, colour: str) -> Callable[[bytes], dict[str, Any]]:
    if request.param == "asynchronous" and colour == "sync":
        pytest.skip("a sync session sends no asynchronous body")
    return KINDS[request.param]


@pytest.fixture
def secure_client(new_client, ca) -> Any:
    return new_client(verify=ca.path)


@pytest.fixture(params=["plain", "TLS", "proxy", "tunnel"])
def way(request: pytest.FixtureRequest, new_client, ca, raw_server, http_proxy) -> Any:
    """A client, and what makes the server that it reaches."""
    tls = request.param in {"TLS", "tunnel"}
    settings: dict[str, Any] = {"verify": ca.path} if tls else {}
    if request.param in {"proxy", "tunnel"}:
        settings["proxies"] = {"all": http_proxy.url}
    return new_client(**settings), lambda script: raw_server(script, tls=tls)


def test_early_answer_does_not_cut_an_upload_short(way, kind) -> None:
    client, make_server = way
    taker = Taker()
    server = make_server(taker)
    response = client.post(server.url, **kind(BODY))
    assert (response.status_code, response.read()) == (200, b"ok")
    assert response.request_complete
    _until(lambda: taker.taken)
    if b"multipart" not in taker.heads[0] and b"urlencoded" not in taker.heads[0]:
        assert taker.taken == [hashlib.sha256(BODY).hexdigest()]
    assert client.in_use == 0


def test_connection_serves_again_after_an_early_answer(client, raw_server) -> None:
    server = raw_server(Taker())
    for _ in range(3):
        assert client.post(server.url, BODY).text == "ok"
    assert server.connections == 1


def test_streams_go_both_ways(way, kind) -> None:
    client, make_server = way
    server = make_server(echo)
    body = BODY[:200_000]
    response = client.post(server.url, **kind(body))
    assert response.request_complete
    if kind in (KINDS["form"], KINDS["multipart"]):
        assert len(response.content) > len(body)
    else:
        assert response.content == body
    assert client.in_use == 0


def test_much_goes_both_ways(client, raw_server, kind) -> None:
    response = client.post(raw_server(echo).url, **kind(BODY))
    assert len(response.content) >= len(BODY)
    assert response.request_complete


def test_much_goes_both_ways_over_tls(secure_client, raw_server, kind) -> None:
    response = secure_client.post(raw_server(echo, tls=True).url, **kind(BODY))
    assert len(response.content) >= len(BODY)


def test_streamed_response_is_there_before_the_upload_ends(client, raw_server, kind) -> None:
    server = raw_server(echo)
    response = client.post(server.url, stream=True, **kind(BODY))
    assert response.status_code == 200
    assert not response.request_complete
    assert sum(len(piece) for piece in response.iter_content()) >= len(BODY)
    assert response.request_complete
    assert client.in_use == 0
    assert client.post(server.url, b"x").content == b"x"
    assert server.connections == 1


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_dialogue(client, raw_server) -> None:
    """Each piece of the body depends on the answer to the one before."""
    answers: Any = []
    came = threading.Event()

    def talk() -> Iterator[bytes]:
        yield b"1"
        for _ in range(20):
            assert came.wait(10)
            came.clear()
            yield b"%d" % (int(answers[-1]) + 1)

    response = client.post(raw_server(echo).url, talk(), stream=True)
    for piece in response.iter_content():
        answers.append(piece)
        came.set()
    assert answers == [b"%d" % number for number in range(1, 22)]
    assert response.request_complete


def test_echo_of_an_iterator_that_looks_at_what_came(client, raw_server) -> None:
    """In a sync session a body may use what has come of the answer, but must not wait for more."""
    came: list[bytes] = []

    class Talk:
        left = 5

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            self.left -= 1
            if not self.left:
                raise StopIteration
            return b"%d;" % len(came)

    response = client.post(raw_server(echo).url, Talk(), stream=True)
    for piece in response.iter_content():
        came.append(piece)
    assert b"".join(came).startswith(b"0;")
    assert b"".join(came).count(b";") == 4


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nno",
    ],
)
def test_refusal_stops_the_sending(client, raw_server, kind, reply: bytes) -> None:
    taken: list[int] = []

    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(reply)
        taken.append(len(connection.wait_closed()))

    server = raw_server(script)
    response = client.post(server.url, **kind(BODY * 5))
    assert response.text == "no"
    assert not response.request_complete
    assert client.in_use == 0
    _until(lambda: taken)
    assert taken[0] < 5 * SIZE


def test_refusal_is_seen_while_the_generator_is_slow(client, raw_server, colour) -> None:
    closed = threading.Event()

    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        connection.wait_closed()
        closed.set()

    def slow() -> Iterator[bytes]:
        yield b"a"
        # In a sync session the generator runs in the same thread, and is not left.
        closed.wait(10 if colour != "sync" else 0.1)
        yield b"b"

    began = time.monotonic()
    assert client.post(raw_server(script).url, slow()).text == "no"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_deadline_holds_against_a_body_that_blocks(
    client, raw_server, colour, asynchronous: bool
) -> None:
    release = threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"a"
        release.wait(10)
        yield b"b"

    class Never(Pieces):
        async def __anext__(self) -> bytes:
            if colour == "trio":
                import trio

                await trio.sleep_forever()
            import asyncio

            await asyncio.Event().wait()
            return b""

    server = raw_server(echo)
    began = time.monotonic()
    with pytest.raises(envoi.TotalTimeout):
        client.post(
            server.url,
            Never([]) if asynchronous else slow(),
            timeout=envoi.Timeout(total=0.3),
        )
    assert time.monotonic() - began < 5
    release.set()
    assert client.in_use == 0


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_loop_runs_while_a_generator_or_file_blocks(client, raw_server) -> None:
    started, release = threading.Event(), threading.Event()

    class Slow:
        done = False

        def read(self, size: int) -> bytes:
            if self.done:
                return b""
            self.done = True
            started.set()
            assert release.wait(10)
            return b"x"

    def slow() -> Iterator[bytes]:
        yield Slow().read(1)

    server = raw_server(echo)
    for body in (slow(), Slow()):
        started.clear()
        release.clear()
        outcomes = client._loop.together(
            [
                (client.session.post, (server.url,), {"data": body}),
                (_when, (started, release, client, server.url), {}),
            ]
        )
        assert [one.content for one in outcomes] == [b"x", b"quick"]


async def _when(started: Any, release: Any, client: Any, url: str) -> Any:
    from anyio import sleep

    while not started.is_set():
        await sleep(0)
    answer = await client.session.post(url, data=b"quick")
    release.set()
    return answer


def test_total_deadline_in_the_middle(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(OK)
        connection.stopping.wait(20)

    with pytest.raises(envoi.TotalTimeout) as raised:
        client.post(raw_server(script).url, BODY * 5, timeout=envoi.Timeout(write=10, total=0.3))
    assert raised.value.response.status_code == 200
    assert client.in_use == 0


def test_write_timeout_in_the_middle(client, raw_server, kind) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(OK)
        connection.stopping.wait(20)

    with pytest.raises(envoi.WriteTimeout):
        client.post(raw_server(script).url, **kind(BODY * 5), timeout=envoi.Timeout(write=0.2))
    assert client.in_use == 0


def test_read_timeout_after_the_upload(client, raw_server, kind) -> None:
    def script(connection: RawConnection) -> None:
        head = connection.read_head()
        connection.send(OK[:-1])
        for _ in body_pieces(connection, head):
            pass
        connection.wait_closed()

    with pytest.raises(envoi.ReadTimeout):
        client.post(raw_server(script).url, **kind(BODY), timeout=envoi.Timeout(read=0.5))
    assert client.in_use == 0


@pytest.mark.parametrize("whole", [True, False])
def test_reset_in_the_middle(client, raw_server, kind, whole: bool) -> None:
    def script(connection: RawConnection) -> None:
        head = connection.read_head()
        connection.send(OK if whole else OK[:-1])
        next(body_pieces(connection, head))
        connection.stopping.wait(0.1)
        connection.reset()

    url = raw_server(script).url
    if whole:
        response = client.post(url, **kind(BODY * 5))
        assert response.text == "ok"
        assert not response.request_complete
    else:
        with pytest.raises(envoi.IncompleteBody):
            client.post(url, **kind(BODY * 5))
    assert client.in_use == 0


def test_response_dropped_in_the_middle(client, raw_server, kind, leftovers) -> None:
    gone = threading.Event()

    def script(connection: RawConnection) -> None:
        head = connection.read_head()
        connection.send(CHUNKED + b"1\r\nx\r\n")
        try:
            for _ in body_pieces(connection, head):
                pass
        finally:
            gone.set()

    response = client.post(raw_server(script).url, stream=True, **kind(BODY * 5))
    assert response.status_code == 200
    del response

    async def turn() -> bool:
        return gone.is_set()

    # The loop's thread may hold what it did last.
    _until(gone.is_set if client.colour == "sync" else lambda: client._loop.call(turn))
    _until(lambda: client.in_use == 0)


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["closed", "dropped"])
def test_body_that_waits_ends_with_its_response(client, raw_server, colour, how: str) -> None:
    waiting, ended = threading.Event(), threading.Event()

    class Waits(Pieces):
        async def __anext__(self) -> bytes:
            piece = next(self._pieces, None)
            if piece is not None:
                return piece
            waiting.set()
            try:
                await _sleeper(colour)()
            finally:
                ended.set()
            return b""

    def script(connection: RawConnection) -> None:
        connection.read_head()
        connection.send(CHUNKED + b"1\r\na\r\n")
        assert waiting.wait(10)
        connection.send(b"1\r\nb\r\n")
        connection.wait_closed()

    response = client.post(raw_server(script).url, Waits([b"1"]), stream=True)
    pieces = response.iter_content()
    came = next(pieces)
    while came != b"ab":
        came += next(pieces)
    assert not ended.is_set()
    if how == "closed":
        response.close()
    del response, pieces

    async def turn() -> bool:
        return ended.is_set()

    _until(lambda: client._loop.call(turn))  # the loop's thread may hold what it did last
    _until(lambda: client.in_use == 0)


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_body_that_nobody_asks_any_more_ends_with_its_response(client, raw_server, colour) -> None:
    async def tasks() -> int:
        if colour == "trio":
            import trio

            return trio.lowlevel.current_statistics().tasks_living
        import asyncio

        return len(asyncio.all_tasks())

    before = client._loop.call(tasks)
    for _ in range(3):
        response = client.post(raw_server(echo).url, Pieces(slices(BODY)), stream=True)
        assert next(response.iter_content())
        del response
    _until(lambda: client._loop.call(tasks) == before)
    assert client.in_use == 0


def _sleeper(colour: str) -> Any:
    if colour == "trio":
        import trio

        return trio.sleep_forever
    import asyncio

    return asyncio.Event().wait


def test_session_closed_in_the_middle(new_client, raw_server) -> None:
    client = new_client()
    response = client.post(raw_server(echo).url, BODY, stream=True)
    state = client.session._pool.state
    client._loop.call(client.session.close)
    assert sum(len(piece) for piece in response.iter_content()) == len(BODY)
    assert response.request_complete
    assert state.open == 0


def test_file_is_at_rest_before_it_is_sent_again(client, raw_server) -> None:
    """A 401 comes while a thread reads the file: it is rewound only afterwards."""

    refused, rewound = threading.Event(), threading.Event()

    class File(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads == 2:
                assert refused.wait(10)
                rewound.wait(0.2)
            return super().read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            if self.reads:
                rewound.set()
            return super().seek(offset, whence)

    bodies: list[bytes] = []

    def script(connection: RawConnection) -> None:
        head = connection.read_head()
        if b"Authorization" not in head:
            connection.send(
                b'HTTP/1.1 401 X\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n'
                b"Content-Length: 0\r\n\r\n"
            )
            refused.set()
            connection.wait_closed()
            return
        bodies.append(b"".join(body_pieces(connection, head)))
        connection.send(OK)
        connection.wait_closed()

    response = client.post(
        raw_server(script).url, File(BODY), auth=envoi.auth.HTTPDigestAuth("u", "p")
    )
    assert response.text == "ok"
    assert bodies == [BODY]


def _until(condition: Callable[[], object]) -> None:
    """Wait for what a server's thread does, or what happens when a response is collected. To
    collect all the time would leave that thread no time in a process with many objects.
    """
    pause = threading.Event()
    end = time.monotonic() + 30
    turns = 0
    while not condition():
        assert time.monotonic() < end, "it never came true"
        if turns % 50 == 0:
            gc.collect()
        turns += 1
        pause.wait(0.01)
