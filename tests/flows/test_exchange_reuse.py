"""Keeping connections, noticing dead ones, and sending again where that is safe."""

from __future__ import annotations

import pytest

from envoi import exceptions
from flows.fake_backend import End, Receive, Reset, Send, Stall
from flows.support import RUNNERS, answer, chunked, drain, heads, run_client, server

OK = answer(b"ok")


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


def sequential(runner, peers, *calls, **settings):
    """Run calls one after the other; their responses or exceptions, and the client."""

    async def flow(client):
        results = []
        for method, options in calls:
            try:
                results.append(await client.request(method, "http://a.test/", **options))
            except exceptions.RequestException as error:
                results.append(error)
        return results

    results, client = run_client(runner, peers, flow, **settings)
    client.check()
    return results, client


GET = ("GET", {})


def test_one_connection_serves_requests_in_turn(runner):
    results, client = sequential(
        runner, [server(OK, answer(status=204, length=False), chunked(b"ok"))], GET, GET, GET
    )
    assert [response.content for response in results] == [b"ok", b"", b"ok"]
    assert [response.connection_info.reused for response in results] == [False, True, True]
    assert len(client.streams) == 1
    assert client.backend.resolved == [("a.test", 80)]


@pytest.mark.parametrize(
    "last",
    [
        answer(b"ok", 200, "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"x",
        OK + OK,
        answer(status=204, length=False) + b"surplus",
        b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_connection_is_not_used_again_when_the_server_says_so_or_says_too_much(runner, last):
    results, client = sequential(runner, [server(last), server(OK)], GET, GET)
    assert [response.status_code for response in results][1] == 200
    assert len(client.streams) == 2
    assert client.streams[0].closed


def test_surplus_that_comes_while_a_body_is_streamed_costs_the_connection(runner):
    async def flow(client):
        response = await client.get(stream=True)
        assert await drain(response) == [b"ok"]

    _, client = run_client(
        runner,
        [
            server(
                [
                    Receive(answer(length=False)[:-2] + b"Content-Length: 2\r\n\r\n"),
                    Receive(b"okHTTP/1.1"),
                ]
            )
        ],
        flow,
    )
    client.check()
    assert client.streams[0].closed


@pytest.mark.parametrize("meanwhile", [End(), Reset(), Receive(OK), Receive(b"\r\n")])
def test_idle_connection_at_which_something_happened_is_not_used(runner, meanwhile):
    results, client = sequential(
        runner, [server([Receive(OK), meanwhile]), server(answer(b"new"))], GET, GET
    )
    assert [response.content for response in results] == [b"ok", b"new"]
    assert client.streams[0].closed
    assert len(heads(client.streams[0])) == 1


def test_all_stale_connections_are_passed_over(runner):
    async def flow(client):
        first = await client.get(stream=True)
        second = await client.get(stream=True)
        await first.read()
        await second.read()
        return (await client.get()).content

    dead = [server([Receive(OK), End()]) for _ in range(2)]
    content, client = run_client(runner, [*dead, server(answer(b"new"))], flow)
    assert content == b"new"
    client.check()


DEATHS = {"end": [End()], "reset": [Reset()]}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_idempotent_request_is_sent_again_once(runner, method, death):
    results, client = sequential(
        runner, [server(OK, DEATHS[death]), server(answer(b"", 200))], GET, (method, {})
    )
    assert results[1].status_code == 200
    assert [len(heads(stream)) for stream in client.streams] == [2, 1]


@pytest.mark.parametrize("death", DEATHS)
def test_request_is_not_sent_a_third_time(runner, death):
    results, client = sequential(
        runner, [server(OK, DEATHS[death]), server(DEATHS[death]), server(OK)], GET, GET
    )
    assert isinstance(results[1], exceptions.ConnectionError)
    assert results[1].request is not None
    assert "a.test:80" in str(results[1])
    assert len(client.streams) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("death", DEATHS)
def test_post_is_never_sent_again_once_bytes_were_sent(runner, method, death):
    results, client = sequential(
        runner, [server(OK, DEATHS[death]), server(OK)], GET, (method, {"data": b"x"})
    )
    assert isinstance(results[1], exceptions.ConnectionError)
    assert len(client.streams) == 1


def test_post_is_sent_again_when_not_a_byte_was_taken(runner):
    script = [Send(None), Receive(OK), Stall(0.0), Reset()]
    results, client = sequential(runner, [script, server(OK)], GET, ("POST", {"data": b"x"}))
    assert results[1].content == b"ok"
    assert len(client.streams) == 2


def test_fresh_connection_that_dies_is_not_tried_again(runner):
    results, client = sequential(runner, [server([End()]), server(OK)], GET)
    assert isinstance(results[0], exceptions.RemoteProtocolError)
    assert len(client.streams) == 1


def test_nothing_is_sent_again_with_resend_off(runner):
    results, client = sequential(runner, [server(OK, [End()]), server(OK)], GET, GET, resend=False)
    assert isinstance(results[1], exceptions.RemoteProtocolError)
    assert len(client.streams) == 1


def test_nothing_is_sent_again_once_the_answer_began(runner):
    results, client = sequential(
        runner, [server(OK, [Receive(b"HTTP/1.1 2"), End()]), server(OK)], GET, GET
    )
    assert isinstance(results[1], exceptions.RemoteProtocolError)
    assert len(client.streams) == 1


def test_nothing_is_sent_again_after_a_timeout(runner):
    results, client = sequential(runner, [server(OK, [Stall()]), server(OK)], GET, GET)
    assert isinstance(results[1], exceptions.ReadTimeout)
    assert len(client.streams) == 1


def test_generator_body_is_not_sent_again(runner):
    script = [Send(None), Receive(OK), *[Send(None)] * 2, End()]
    results, client = sequential(
        runner, [script, server(OK)], GET, ("PUT", {"data": iter([b"ab", b"cd"])})
    )
    assert isinstance(results[1], exceptions.RemoteProtocolError)
    assert len(client.streams) == 1


class Twice:
    """An iterable that begins anew each time."""

    def __iter__(self):
        return iter([b"ab", b"cd"])


def test_iterable_that_begins_anew_is_sent_again_from_its_beginning(runner):
    script = [Send(None), Receive(OK), Stall(0.0), Send(None), Reset()]
    results, client = sequential(
        runner, [script, [*[Send(None)] * 4, Receive(OK)]], GET, ("PUT", {"data": Twice()})
    )
    assert results[1].content == b"ok"
    assert bytes(client.streams[1].sent).endswith(b"\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n")


def test_what_is_wrong_with_the_request_itself_does_not_make_it_sent_again(runner):
    wrong = ("PUT", {"data": Twice(), "headers": {"Content-Length": "3"}})
    results, client = sequential(runner, [server(OK, b"", b""), server(OK)], GET, wrong)
    assert isinstance(results[1], exceptions.InvalidBody)
    assert len(client.streams) == 1


class Failing:
    def __init__(self, error):
        self.error = error

    def __iter__(self):
        yield b"ab"
        raise self.error


@pytest.mark.parametrize(
    "error", [OSError("disk"), ValueError("bug"), TimeoutError("slow"), KeyError("x")]
)
def test_what_the_caller_s_body_raises_comes_out_as_it_is(runner, error):
    async def flow(client):
        await client.get()
        with pytest.raises(type(error)) as raised:
            await client.request("PUT", "http://a.test/", data=Failing(error))
        assert raised.value is error

    _, client = run_client(runner, [server(OK, b"", b""), server(OK)], flow)
    client.check()
    assert len(client.streams) == 1
    assert client.streams[0].closed


def test_two_hosts_have_their_own_connections(runner):
    async def flow(client):
        for host in ("a.test", "b.test", "a.test", "b.test"):
            await client.get(f"http://{host}/")

    _, client = run_client(runner, [server(OK, OK), server(OK, OK)], flow)
    client.check()
    assert [stream.sent.count(b"GET") for stream in client.streams] == [2, 2]


def test_connection_past_its_keepalive_is_not_used(runner):
    async def flow(client):
        await client.get()
        await client.backend.sleep(11)
        await client.get()

    _, client = run_client(runner, [server(OK, OK), server(OK)], flow, keepalive=10)
    client.check()
    assert [stream.closed for stream in client.streams] == [True, False]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"verify": False}, {}),
        ({}, {"verify": False}),
        ({"cert": "a.pem"}, {}),
        ({"verify": "x.pem"}, {"verify": "y.pem"}),
    ],
)
def test_connection_under_another_tls_configuration_is_not_used(runner, first, second):
    async def flow(client):
        for options in (first, second, first, second):
            await client.get("https://a.test/", **options)

    _, client = run_client(runner, [server(OK, OK), server(OK, OK)], flow)
    client.check()
    assert len(client.streams) == len(client.backend.secured) == 2
