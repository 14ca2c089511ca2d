"""Sending bodies: framing, answers before the end, Expect: 100-continue."""

from __future__ import annotations

import pytest

from envoi import exceptions
from flows.fake_backend import End, FakeBackend, Receive, Reset, Send, Stall, run
from flows.support import (
    ASYNC_RUNNERS,
    RUNNERS,
    Client,
    answer,
    caught,
    drain,
    heads,
    redirect,
    run_client,
    server,
)

OK = answer(b"ok")
REFUSED = answer(b"too large", 413, "Connection: close")
BIG = b"x" * (1 << 20)


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


def slices(count=8):
    for _ in range(count):
        yield b"y" * 1000


class Slices:
    """As `slices`, and can be had again."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return slices(self.count)


class AsyncSlices:
    def __init__(self, count=3):
        self.left = count

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return b"ab"


def test_small_body_travels_with_its_head(runner):
    _, client = run_client(runner, [server(OK)], lambda client: client.post(data=b"hello"))
    head, _, body = bytes(client.streams[0].sent).partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert body == b"hello"
    client.check()


@pytest.mark.parametrize("size", [65535, 65536, 65537, 262144, 262145, 1 << 20])
def test_body_in_memory_arrives_whole(runner, size):
    script = [*[Send(None)] * (2 + size // 262144), Receive(OK)]
    if size <= 65536:
        script = [Send(None), Receive(OK)]
    elif size % 262144 == 0:
        script = [*[Send(None)] * (1 + size // 262144), Receive(OK)]
    response, client = run_client(runner, [script], lambda client: client.post(data=b"x" * size))
    assert bytes(client.streams[0].sent).partition(b"\r\n\r\n")[2] == b"x" * size
    assert response.content == b"ok"
    client.check()
    assert client.pool.state.idle == 1


@pytest.mark.parametrize(
    "data", [lambda: iter([b"ab", b"", b"cd"]), lambda: [b"ab", b"cd"].__iter__()]
)
def test_generator_is_sent_in_chunks(runner, data):
    script = [*[Send(None)] * 4, Receive(OK)]
    _, client = run_client(runner, [script], lambda client: client.post(data=data()))
    assert (
        bytes(client.streams[0].sent).partition(b"\r\n\r\n")[2]
        == b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
    )
    client.check()


@pytest.mark.parametrize("runner", ASYNC_RUNNERS)
def test_asynchronous_generator_is_sent_in_chunks(runner):
    script = [*[Send(None)] * 5, Receive(OK)]
    _, client = run_client(runner, [script], lambda client: client.post(data=AsyncSlices()))
    assert (
        bytes(client.streams[0].sent).partition(b"\r\n\r\n")[2] == b"2\r\nab\r\n" * 3 + b"0\r\n\r\n"
    )
    client.check()


@pytest.mark.parametrize(("declared", "pieces"), [(3, [b"ab"]), (3, [b"ab", b"cd"])])
def test_body_of_another_length_than_declared(runner, declared, pieces):
    async def flow(client):
        return await caught(
            client.post(data=iter(pieces), headers={"Content-Length": str(declared)})
        )

    error, client = run_client(runner, [[Send(None)] * 5], flow)
    assert isinstance(error, exceptions.InvalidBody)
    client.check()
    assert client.streams[0].closed


@pytest.mark.parametrize("data", [BIG, "generator"])
@pytest.mark.parametrize("waits", [1, 2, 3])
def test_answer_before_the_body_s_end_stops_the_sending(runner, data, waits):
    script = [*[Send(None)] * waits, Receive(REFUSED), *[Send(None)] * 20]
    response, client = run_client(
        runner, [script], lambda client: client.post(data=slices() if data == "generator" else data)
    )
    assert (response.status_code, response.content) == (413, b"too large")
    assert len(client.streams[0].script_left) >= 19
    client.check()
    assert client.streams[0].closed


@pytest.mark.parametrize("status", [200, 204, 302, 399])
@pytest.mark.parametrize("waits", [1, 2, 3, 9])
def test_early_answer_that_is_no_error_does_not_stop_the_sending(runner, status, waits):
    early = answer(b"ok" if status != 204 else b"", status, length=status != 204)
    script = [*[Send(None)] * waits, Receive(early), *[Send(None)] * (10 - waits)]
    response, client = run_client(runner, [script], lambda client: client.post(data=slices()))
    assert response.status_code == status
    assert response.request_complete
    assert (
        bytes(client.streams[0].sent).partition(b"\r\n\r\n")[2]
        == (b"3e8\r\n" + b"y" * 1000 + b"\r\n") * 8 + b"0\r\n\r\n"
    )
    client.check()
    assert client.pool.state.idle == 1


@pytest.mark.parametrize("data", [BIG, "generator"])
def test_both_directions_go_on(runner, data):
    count = 4 if data == BIG else 8
    ending = [Receive(b"2\r\nok\r\n"), Receive(b"0\r\n\r\n")]
    if data != BIG:
        ending.insert(0, Send(None))
    script = [Send(None), Receive(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    for _ in range(count):
        script += [Send(None), Receive(b"1\r\n.\r\n")]
    response, client = run_client(
        runner,
        [[*script, *ending]],
        lambda client: client.post(data=slices() if data == "generator" else data),
    )
    assert response.content == b"." * count + b"ok"
    assert response.request_complete
    assert not client.streams[0].script_left
    client.check()
    assert client.pool.state.idle == 1


def test_streamed_response_is_there_with_its_head_and_reading_it_sends_on(runner):
    script = [*[Send(None)] * 2, Receive(OK[:-2]), *[Send(None)] * 8, Receive(OK[-2:])]

    async def flow(client):
        response = await client.post(data=slices(), stream=True)
        stream = client.streams[0]
        assert not response.request_complete
        assert len(stream.script_left) == 9
        assert await drain(response) == [b"ok"]
        assert response.request_complete
        return response

    _, client = run_client(runner, [script], flow)
    client.check()
    assert client.pool.state.idle == 1


def test_response_closed_before_its_upload_ended_costs_the_connection(runner):
    script = [*[Send(None)] * 2, Receive(OK), *[Send(None)] * 8]

    async def flow(client):
        response = await client.post(data=slices(), stream=True)
        assert await response.body.receive() == b"ok"
        response.body.close()
        return response

    response, client = run_client(runner, [script], flow)
    assert not response.request_complete
    assert client.streams[0].closed
    client.check()


@pytest.mark.parametrize(
    "refusal",
    [
        answer(b"no", 400),
        answer(b"no", 503),
        answer(b"no", 200, "Connection: close"),
        answer(b"no").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_answer_that_refuses_more_stops_the_sending(runner, refusal):
    script = [*[Send(None)] * 2, Receive(refusal), *[Send(None)] * 20]
    response, client = run_client(runner, [script], lambda client: client.post(data=slices()))
    assert response.content == b"no"
    assert not response.request_complete
    assert len(client.streams[0].script_left) == 20
    assert client.streams[0].closed
    client.check()


def test_server_that_answers_and_goes_has_answered(runner):
    script = [*[Send(None)] * 2, Receive(OK), Send(None), Reset()]
    response, client = run_client(runner, [script], lambda client: client.post(data=slices()))
    assert response.content == b"ok"
    assert not response.request_complete
    assert client.streams[0].closed
    client.check()


def test_server_that_goes_in_the_middle_of_its_answer(runner):
    script = [*[Send(None)] * 2, Receive(OK[:-1]), Send(None), Reset()]
    error, client = run_client(runner, [script], lambda client: caught(client.post(data=slices())))
    assert isinstance(error, exceptions.IncompleteBody)
    client.check()


def test_server_that_answers_and_takes_no_more_makes_a_write_timeout(runner):
    script = [*[Send(None)] * 2, Receive(OK), Stall()]
    error, client = run_client(
        runner, [script], lambda client: caught(client.post(data=slices(), timeout=(3, 7)))
    )
    assert isinstance(error, exceptions.WriteTimeout)
    assert error.seconds == 7
    assert error.response.status_code == 200
    client.check()


def test_body_that_raises_after_the_answer_began(runner):
    def broken():
        yield b"ab"
        yield b"cd"
        message = "the caller's"
        raise OSError(message)

    async def flow(client):
        with pytest.raises(OSError, match="the caller's") as raised:
            await client.post(data=broken())
        return raised.value

    script = [*[Send(None)] * 2, Receive(OK), *[Send(None)] * 8]
    error, client = run_client(runner, [script], flow)
    assert type(error) is OSError
    client.check()
    assert client.streams[0].closed


@pytest.mark.parametrize(("status", "rest"), [(303, 8), (302, 8), (307, 0), (308, 0)])
def test_redirect_during_an_upload(runner, status, rest):
    """The rest is sent, unless the same body goes to the other place as a whole."""
    moved = redirect("http://b.test/", status)
    data = Slices(8)
    script = [*[Send(None)] * 2, Receive(moved), *[Send(None)] * 8]
    response, client = run_client(
        runner,
        [script, server(OK) if rest else [*[Send(None)] * 10, Receive(OK)]],
        lambda client: client.post(data=data),
    )
    assert response.content == b"ok"
    first, second = client.streams
    assert len(first.script_left) == 8 - rest
    assert first.closed == (not rest)
    assert response.history[0].request_complete == bool(rest)
    assert second.sent.count(b"y" * 1000) == (0 if rest else 8)
    client.check()


def test_early_answer_whose_body_comes_later(runner):
    head, body = REFUSED[:-9], REFUSED[-9:]
    script = [
        *[Send(None)] * 2,
        Receive(head[:20]),
        Receive(head[20:]),
        Stall(1),
        Receive(body[:3]),
        Receive(body[3:]),
        End(),
    ]
    response, client = run_client(runner, [script], lambda client: client.post(data=slices()))
    assert (response.status_code, response.content) == (413, b"too large")
    client.check()


def test_informational_answer_during_an_upload_does_not_stop_it(runner):
    script = [
        *[Send(None)] * 2,
        Receive(b"HTTP/1.1 102 Processing\r\n\r\n"),
        *[Send(None)] * 8,
        Receive(OK),
    ]
    response, client = run_client(runner, [script], lambda client: client.post(data=slices()))
    assert response.content == b"ok"
    assert bytes(client.streams[0].sent).endswith(b"\r\n0\r\n\r\n")
    assert [head.status for head in response.informational] == [102]
    client.check()
    assert client.pool.state.idle == 1


def test_connection_that_breaks_during_an_upload(runner):
    script = [*[Send(None)] * 2, Reset()]
    error, client = run_client(runner, [script], lambda client: caught(client.post(data=slices())))
    assert isinstance(error, exceptions.ConnectionError)
    assert "sending the request to a.test:80" in str(error)
    client.check()


def test_server_that_takes_nothing_makes_a_write_timeout(runner):
    script = [*[Send(None)] * 2, Stall()]
    error, client = run_client(
        runner, [script], lambda client: caught(client.post(data=slices(), timeout=(3, 7)))
    )
    assert isinstance(error, exceptions.WriteTimeout)
    assert (error.phase, error.seconds) == ("write", 7)
    client.check()


EXPECT = {"Expect": "100-continue"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(params=["memory", "large", "generator"])
def upload(request):
    make = {
        "memory": lambda: b"hello",
        "large": lambda: b"x" * 300000,
        "generator": lambda: iter([b"hello"]),
    }[request.param]
    make.writes = 1 if request.param == "memory" else 2
    return make


def test_body_follows_100_continue(runner, upload):
    script = [Send(None), Receive(CONTINUE), *[Send(None)] * upload.writes, Receive(OK)]
    backend = FakeBackend(runner, [script])
    client = Client(backend)
    before = backend.clock
    response = run(backend, client.post(data=upload(), headers=EXPECT))
    if upload() == b"hello":
        assert bytes(client.streams[0].sent).endswith(b"\r\n\r\nhello")
    assert response.content == b"ok"
    assert backend.clock == before
    client.check()


def test_body_is_not_sent_after_a_final_answer(runner, upload):
    response, client = run_client(
        runner,
        [[Send(None), Receive(answer(b"no", 403))]],
        lambda client: client.post(data=upload(), headers=EXPECT),
    )
    assert response.status_code == 403
    assert not response.request_complete
    assert bytes(client.streams[0].sent).endswith(b"\r\n\r\n")
    assert client.streams[0].closed
    client.check()


def test_failed_expectation_is_dropped_once(runner, upload):
    refusal = [Send(None), Receive(answer(b"no", 417))]
    response, client = run_client(
        runner,
        [refusal, [*[Send(None)] * (upload.writes + (upload.writes > 1)), Receive(OK)]],
        lambda client: client.post(data=upload(), headers=EXPECT),
    )
    assert response.content == b"ok"
    assert response.request_complete
    first, second = client.streams
    assert b"Expect: 100-continue" in first.sent
    assert b"Expect" not in second.sent
    assert b"hello" in second.sent or b"xxxx" in second.sent
    assert first.closed
    client.check()


def test_417_without_an_expectation_is_the_answer(runner):
    response, client = run_client(
        runner, [server(answer(b"no", 417))], lambda client: client.post(data=b"x")
    )
    assert response.status_code == 417
    client.check()


def test_body_is_sent_after_a_second_of_silence(runner, upload):
    backend = FakeBackend(
        runner, [[Send(None), Stall(1.5), *[Send(None)] * upload.writes, Receive(OK)]]
    )
    client = Client(backend)
    before = backend.clock
    response = run(backend, client.post(data=upload(), headers=EXPECT))
    assert response.content == b"ok"
    assert backend.clock == before + 1.5
    client.check()


def test_total_deadline_counts_while_waiting_for_100_continue(runner):
    import envoi

    error, client = run_client(
        runner,
        [[Send(None), Stall()]],
        lambda client: caught(
            client.post(data=b"x", headers=EXPECT, timeout=envoi.Timeout(total=0.5))
        ),
    )
    assert isinstance(error, exceptions.TotalTimeout)
    client.check()


def test_expect_without_a_body_waits_for_nothing(runner):
    response, client = run_client(runner, [server(OK)], lambda client: client.get(headers=EXPECT))
    assert response.content == b"ok"
    assert len(heads(client.streams[0])) == 1
    client.check()


@pytest.mark.parametrize("header", [{"X": "a\r\nb"}, {"X\n": "a"}, {"Transfer-Encoding": "gzip"}])
def test_what_cannot_be_sent_is_refused_before_a_byte(runner, header):
    error, client = run_client(
        runner, [server(OK)], lambda client: caught(client.post(data=b"x", headers=header))
    )
    assert isinstance(error, (exceptions.InvalidHeader, exceptions.InvalidBody))
    assert all(not stream.sent for stream in client.streams)
    client.check()
