"""Response bodies: every framing, cut short at every place, corrupt, encoded, too large."""

from __future__ import annotations

import gzip

import pytest

from envoi import exceptions
from flows.fake_backend import End, FakeBackend, Receive, Reset, Stall, pieces, run
from flows.support import (
    ASYNC_RUNNERS,
    RUNNERS,
    Client,
    answer,
    caught,
    chunked,
    gunzippable,
    run_client,
    server,
    together,
)

LENGTH = answer(b"hello")
CHUNKED = chunked(b"hel", b"lo")
CLOSED = answer(b"hello", length=False)
FRAMINGS = {"length": LENGTH, "chunked": CHUNKED, "close": CLOSED}


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


def body_of(whole):
    return whole.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n"


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("stream", [False, True])
def test_body_in_pieces_of_any_size(runner, framing, size, stream):
    async def flow(client):
        response = await client.get(stream=stream)
        content = await response.read()
        assert response.status_code == 200
        return content

    content, client = run_client(
        runner,
        [server([*pieces(FRAMINGS[framing], size), *([End()] if framing == "close" else [])])],
        flow,
    )
    assert content == b"hello"
    client.check()
    assert client.pool.state.idle == (framing != "close")


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("field", [(), ("Content-Length: 5",), ("Content-Encoding: gzip",)])
@pytest.mark.parametrize("stream", [False, True])
def test_status_without_a_body(runner, status, field, stream):
    if status == 204:
        field = tuple(name for name in field if "Length" not in name)

    async def flow(client):
        response = await client.get(stream=stream)
        assert (response.status_code, await response.read()) == (status, b"")
        assert (await client.get()).content == b"hello"

    _, client = run_client(
        runner, [server(answer(b"", status, *field, length=False), LENGTH)], flow
    )
    client.check()
    assert len(client.streams) == 1


@pytest.mark.parametrize(
    "field", ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Encoding: gzip", "X: y"]
)
def test_answer_to_head_has_no_body(runner, field):
    async def flow(client):
        response = await client.request("HEAD", "http://a.test/")
        assert response.content == b""
        assert (await client.get()).content == b"hello"

    _, client = run_client(runner, [server(answer(b"", 200, field, length=False), LENGTH)], flow)
    client.check()
    assert len(client.streams) == 1


@pytest.mark.parametrize(
    ("method", "whole"),
    [
        ("HEAD", answer(b"", 200, "Content-Length: 9", length=False)),
        ("GET", answer(b"", 204, length=False)),
        ("GET", answer(b"")),
    ],
)
@pytest.mark.parametrize("options", [{"stream": True}, {"max_body": 1}])
def test_answer_without_a_body_holds_no_connection(runner, method, whole, options):
    async def flow(client):
        response = await client.request(method, "http://a.test/", **options)
        client.check()
        assert client.pool.state.idle == 1
        assert await response.read() == b""
        return [piece async for piece in response.iter_content()]

    pieces, _ = run_client(runner, [server(whole)], flow, max_connections=1)
    assert pieces == []


def test_trailers_come_after_a_chunked_body(runner):
    async def flow(client):
        buffered = await client.get()
        streamed = await client.get(stream=True)
        assert streamed.trailers is None
        await streamed.read()
        return buffered, streamed

    whole = chunked(b"hello", trailers=["X-Sum: 5"])
    responses, client = run_client(runner, [server(whole, whole)], flow)
    assert [dict(response.trailers) for response in responses] == [{"X-Sum": "5"}] * 2
    client.check()


def test_informational_answers_are_shown(runner):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    response, client = run_client(runner, [server(early + LENGTH)], Client.get)
    assert [head.status for head in response.informational] == [103, 102]
    assert response.informational[0].headers["link"] == "</x>"
    assert response.content == b"hello"
    client.check()


@pytest.mark.parametrize("stop", range(1, 5))
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("last", [End(), Reset()])
def test_body_cut_short_under_content_length(runner, stop, stream, last):
    async def flow(client):
        if not stream:
            return await caught(client.get())
        response = await client.get(stream=True)
        received = []
        with pytest.raises(exceptions.IncompleteBody) as raised:
            while piece := await response.body.receive():
                received.append(piece)
        assert b"".join(received) == b"hello"[:stop]
        with pytest.raises(exceptions.IncompleteBody):
            await response.body.receive()
        return raised.value

    error, client = run_client(
        runner, [server([Receive(body_of(LENGTH)), Receive(b"hello"[:stop]), last])], flow
    )
    assert isinstance(error, exceptions.IncompleteBody)
    assert "a.test:80" in str(error)
    client.check()
    assert client.streams[0].closed


@pytest.mark.parametrize("stop", range(len(CHUNKED) - len(body_of(CHUNKED))))
def test_body_cut_short_in_chunks(runner, stop):
    async def flow(client):
        response = await client.get(stream=True)
        received = b""
        with pytest.raises(exceptions.IncompleteBody):
            while piece := await response.body.receive():
                received += piece
        assert b"hello".startswith(received)
        assert len(received) >= {True: 5, False: 0}[stop >= 13]

    rest = CHUNKED[len(body_of(CHUNKED)) :][:stop]
    _, client = run_client(
        runner,
        [server([Receive(body_of(CHUNKED)), *([Receive(rest)] if rest else []), End()])],
        flow,
    )
    client.check()


def test_body_cut_short_by_a_reset_where_the_end_is_the_connection_s(runner):
    error, client = run_client(
        runner, [server([Receive(CLOSED), Reset()])], lambda client: caught(client.get())
    )
    assert isinstance(error, exceptions.IncompleteBody)
    client.check()


@pytest.mark.parametrize("stream", [False, True])
def test_tls_connection_that_ends_without_saying_so_makes_a_body_to_its_end_incomplete(
    runner, stream
):
    async def flow(client):
        if not stream:
            return await caught(client.get("https://a.test/"))
        response = await client.get("https://a.test/", stream=True)
        assert await response.body.receive() == b"hello"
        return await caught(response.body.receive())

    error, client = run_client(runner, [server([Receive(CLOSED), End(cleanly=False)])], flow)
    assert isinstance(error, exceptions.IncompleteBody)
    client.check()


@pytest.mark.parametrize("whole", [LENGTH, CHUNKED])
def test_tls_connection_that_ends_without_saying_so_matters_not_when_the_body_was_whole(
    runner, whole
):
    response, client = run_client(
        runner,
        [server([Receive(whole), End(cleanly=False)])],
        lambda client: client.get("https://a.test/"),
    )
    assert response.content == b"hello"
    client.check()


@pytest.mark.parametrize(
    "garbage",
    [
        b"xyz\r\n",
        b"5\r\nhelloXX",
        b"-1\r\n",
        b"0x5\r\nhello\r\n",
        b"5 5\r\n",
        b"fffffffffffffffff\r\n",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_corrupt_chunk(runner, garbage, stream):
    async def flow(client):
        if not stream:
            return await caught(client.get())
        response = await client.get(stream=True)
        received = []
        with pytest.raises(exceptions.ChunkedEncodingError) as raised:
            while piece := await response.body.receive():
                received.append(piece)
        assert received in ([b"hel"], [b"hel", b"hello"])
        return raised.value

    steps = [Receive(body_of(CHUNKED)), Receive(b"3\r\nhel\r\n"), Receive(garbage), End()]
    error, client = run_client(runner, [server(steps)], flow)
    assert isinstance(error, exceptions.ChunkedEncodingError)
    assert not isinstance(error, exceptions.IncompleteBody)
    assert "a.test:80" in str(error)
    client.check()
    assert client.streams[0].closed


@pytest.mark.parametrize("stream", [False, True])
def test_gzip(runner, stream):
    data = bytes(range(256)) * 4000

    async def flow(client):
        return await (await client.get(stream=stream)).read()

    content, client = run_client(runner, [server([*pieces(gunzippable(data), 700)])], flow)
    assert content == data
    client.check()
    assert client.pool.state.idle == 1


BROKEN = {
    "corrupt": answer(b"\x1f\x8b\x08" + b"\xff" * 40, 200, "Content-Encoding: gzip"),
    "cut short": answer(gzip.compress(b"hello" * 1000)[:-9], 200, "Content-Encoding: gzip"),
    "chained": answer(b"hello", 200, "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_corrupt_coding(runner, broken):
    error, client = run_client(
        runner, [server(BROKEN[broken])], lambda client: caught(client.get())
    )
    assert isinstance(error, exceptions.ContentDecodingError)
    assert "a.test:80" in str(error)
    assert error.request.url == "http://a.test/"
    client.check()


@pytest.mark.parametrize("broken", ["corrupt", "cut short"])
def test_broken_body_stays_broken(runner, broken):
    """Asking again must not look like the end of a whole body."""

    async def flow(client):
        response = await client.get(stream=True)
        for _ in range(3):
            with pytest.raises(exceptions.ContentDecodingError):
                await response.read()

    _, client = run_client(runner, [server(BROKEN[broken])], flow)
    client.check()


def test_unknown_coding_is_left_alone(runner):
    response, client = run_client(
        runner, [server(answer(b"hello", 200, "Content-Encoding: rot13"))], Client.get
    )
    assert response.content == b"hello"
    client.check()


def test_raw_bytes_are_not_decoded(runner):
    async def flow(client):
        response = await client.get(stream=True)
        return await response.body.receive_raw()

    content, _ = run_client(runner, [server(gunzippable(b"hello"))], flow)
    assert gzip.decompress(content) == b"hello"


@pytest.mark.parametrize("whole", [LENGTH, CHUNKED, gunzippable(b"hello")])
@pytest.mark.parametrize(("limit", "fits"), [(0, False), (4, False), (5, True)])
@pytest.mark.parametrize("stream", [False, True])
def test_max_body(runner, whole, limit, fits, stream):
    async def flow(client):
        response = await client.get(stream=stream, max_body=limit)
        return await response.read()

    if fits:
        content, client = run_client(runner, [server(whole)], flow)
        assert content == b"hello"
    else:
        error, client = run_client(runner, [server(whole)], lambda client: caught(flow(client)))
        assert isinstance(error, exceptions.BodyTooLarge)
    client.check()


def test_bomb_stops_early(runner):
    bomb = gzip.compress(bytes(16 << 20)) * 64  # a gigabyte
    endless = [
        Receive(answer(b"", 200, "Content-Encoding: gzip", length=False)),
        *pieces(bomb, 1000),
    ]
    error, client = run_client(
        runner, [server(endless)], lambda client: caught(client.get(max_body=1 << 20))
    )
    assert isinstance(error, exceptions.BodyTooLarge)
    assert len(client.streams[0].script_left) > len(endless) // 2
    client.check()


@pytest.mark.parametrize("whole", [answer(b"hello" * 100), gunzippable(b"hello" * 100)])
def test_body_too_large_stays_too_large(runner, whole):
    async def flow(client):
        response = await client.get(stream=True, max_body=10)
        for _ in range(3):
            with pytest.raises(exceptions.BodyTooLarge):
                await response.read()

    _, client = run_client(runner, [server(whole)], flow)
    client.check()


def test_body_closed_unread_is_not_taken_for_an_empty_one(runner):
    async def flow(client):
        response = await client.get(stream=True)
        await response.close()
        await response.close()
        with pytest.raises(exceptions.StreamConsumedError):
            await response.read()

    _, client = run_client(runner, [server([Receive(body_of(LENGTH)), Stall()])], flow)
    client.check()
    assert client.streams[0].closed


def test_body_closed_after_its_end_leaves_the_connection(runner):
    async def flow(client):
        response = await client.get(stream=True)
        await response.read()
        await response.close()
        return await response.read()

    content, client = run_client(runner, [server(LENGTH)], flow)
    assert content == b"hello"
    client.check()
    assert client.pool.state.idle == 1


@pytest.mark.parametrize("runner", ASYNC_RUNNERS)
def test_two_streamed_bodies_at_once(runner):
    async def read(client, host):
        response = await client.get(f"http://{host}/", stream=True)
        return await response.read()

    backend = FakeBackend(
        runner, [server(pieces(answer(b"x" * 50), 7)), server(pieces(answer(b"y" * 50), 5))]
    )
    client = Client(backend)
    assert run(backend, together(backend, read(client, "a.test"), read(client, "b.test"))) == [
        b"x" * 50,
        b"y" * 50,
    ]
    client.check()


def test_nothing_but_garbage(runner):
    error, client = run_client(
        runner, [server(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")], lambda client: caught(client.get())
    )
    assert isinstance(error, exceptions.RemoteProtocolError)
    assert "a.test:80" in str(error)
    client.check()


@pytest.mark.parametrize("stop", range(len(body_of(LENGTH))))
def test_head_cut_short(runner, stop):
    steps = [Receive(LENGTH[:stop]), End()] if stop else [End()]
    error, client = run_client(runner, [server(steps)], lambda client: caught(client.get()))
    assert isinstance(error, exceptions.RemoteProtocolError)
    client.check()
