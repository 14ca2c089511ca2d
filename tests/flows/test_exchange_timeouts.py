"""Every limit, on the virtual clock: the exception's class, what it says, and when it strikes."""

from __future__ import annotations

import pytest

from envoi import exceptions
from envoi._io.protocols import TimedOut
from envoi._model.timeout import Timeout
from flows.fake_backend import End, FakeBackend, NeverEnds, Receive, Send, Stall, pieces, run
from flows.support import ASYNC_RUNNERS, RUNNERS, Client, answer, caught, redirect, server, together

OK = answer(b"ok")


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


class SlowBackend(FakeBackend):
    """Names, connections and handshakes take their time."""

    dns = connect_time = tls = 0.0

    async def resolve(self, host, port, deadline):
        self._take(self.dns, deadline)
        return await super().resolve(host, port, deadline)

    async def connect(self, addresses, settings, deadline):
        self._take(self.connect_time, deadline)
        return await super().connect(addresses, settings, deadline)

    async def start_tls(self, stream, config, server_hostname, deadline):
        try:
            self._take(self.tls, deadline)
        except TimedOut:
            stream.close()
            raise
        return await super().start_tls(stream, config, server_hostname, deadline)

    def _take(self, seconds, deadline):
        if self.clock + seconds > deadline:
            self.clock = deadline
            raise TimedOut
        self.clock += seconds


def timed(runner, peers, flow, **slow):
    """Run a flow that ends in an exception: the exception, how many seconds it took, the client."""
    backend = SlowBackend(runner, peers)
    for name, seconds in slow.items():
        setattr(backend, name, seconds)
    client = Client(backend)
    before = backend.clock
    error = run(backend, caught(flow(client)))
    client.check()
    return error, backend.clock - before, client


def check(error, kind, phase, seconds, *words):
    assert type(error) is kind
    assert (error.phase, error.seconds) == (phase, seconds)
    assert error.request.method
    for word in ("a.test:", *words):
        assert word in str(error)


LIMITS = Timeout(connect=3, read=5, write=7, pool=11)


@pytest.mark.parametrize(
    ("slow", "phase"),
    [
        ({"dns": 9}, "dns"),
        ({"connect_time": 9}, "connect"),
        ({"tls": 9}, "tls"),
        ({"dns": 1, "connect_time": 1, "tls": 2}, "tls"),
    ],
)
def test_connect_limit_spans_name_connection_and_tls(runner, slow, phase):
    error, took, _ = timed(
        runner, [server(OK)], lambda client: client.get("https://a.test/", timeout=LIMITS), **slow
    )
    check(error, exceptions.ConnectTimeout, phase, 3, "after 3 s", "Timeout(connect=")
    assert took == 3


def test_read_limit_while_waiting_for_the_head(runner):
    error, took, client = timed(
        runner, [[Send(None), Stall()]], lambda client: client.get(timeout=LIMITS)
    )
    check(error, exceptions.ReadTimeout, "read", 5, "waiting for the answer of", "after 5 s")
    assert took == 5
    assert client.streams[0].closed


def test_read_limit_is_for_each_wait(runner):
    backend = FakeBackend(
        runner, [[Send(None), *(step for one in pieces(OK) for step in (Stall(4), one))]]
    )
    response = run(backend, Client(backend).get(timeout=LIMITS))
    assert response.content == b"ok"


@pytest.mark.parametrize("stream", [False, True])
def test_read_limit_within_the_body(runner, stream):
    async def flow(client):
        return await (await client.get(stream=stream, timeout=LIMITS)).read()

    error, took, _ = timed(runner, [[Send(None), Receive(OK[:-1]), Stall()]], flow)
    assert (type(error), error.seconds, took) == (exceptions.ReadTimeout, 5, 5)
    assert error.phase == ("body" if stream else error.phase)
    assert "a.test:80" in str(error)


def test_write_limit(runner):
    error, took, _ = timed(runner, [[Stall()]], lambda client: client.get(timeout=LIMITS))
    check(error, exceptions.WriteTimeout, "write", 7, "sending the request to", "Timeout(write=")
    assert took == 7


def test_pool_limit(runner):
    async def flow(client):
        client.pool.state.max_connections = 1
        held = await client.get(stream=True)
        error = await caught(client.get(timeout=LIMITS))
        await held.close()
        raise error

    error, took, _ = timed(runner, [[Send(None), Receive(OK[:-1])]], flow)
    check(error, exceptions.PoolTimeout, "pool", 11, "within 11 s", "max_connections")
    assert took == 11


@pytest.mark.parametrize(
    ("slow", "script", "doing"),
    [
        ({"dns": 9}, [], "looking up the name of"),
        ({"connect_time": 9}, [], "connecting to"),
        ({"tls": 9}, [], "setting up TLS with"),
        ({}, [Stall()], "sending the request to"),
        ({}, [Send(None), Stall()], "waiting for the answer of"),
        (
            {},
            [Send(None), *(step for one in pieces(OK) for step in (Stall(1), one))],
            "waiting for the answer of",
        ),
    ],
)
def test_total_limit_in_every_phase(runner, slow, script, doing):
    error, took, _ = timed(
        runner,
        [script],
        lambda client: client.get("https://a.test/", timeout=Timeout(total=2)),
        **slow,
    )
    check(error, exceptions.TotalTimeout, "total", 2, doing, "total of 2 s")
    assert took == 2


def test_total_limit_in_the_pool(runner):
    async def flow(client):
        client.pool.state.max_connections = 1
        held = await client.get(stream=True)
        error = await caught(client.get(timeout=Timeout(total=2)))
        await held.close()
        raise error

    error, took, _ = timed(runner, [[Send(None), Receive(OK[:-1])]], flow)
    check(error, exceptions.TotalTimeout, "total", 2, "waiting for a free connection")
    assert took == 2


def test_total_limit_over_a_trickling_body(runner):
    body = answer(b"x" * 100)
    script = [Send(None), *(step for one in pieces(body, 10) for step in (Stall(1), one))]

    async def flow(client):
        return await (await client.get(stream=True, timeout=Timeout(total=8))).read()

    error, took, _ = timed(runner, [script], flow)
    check(error, exceptions.TotalTimeout, "total", 8, "reading the body from")
    assert took == 8


def test_total_limit_over_redirects(runner):
    script = [step for _ in range(5) for step in (Send(None), Stall(1), Receive(redirect("/")))]
    error, took, _ = timed(runner, [script], lambda client: client.get(timeout=Timeout(total=4.5)))
    check(error, exceptions.TotalTimeout, "total", 4.5)
    assert took == 4.5


def test_total_limit_in_the_body_of_a_redirect(runner):
    script = [Send(None), Receive(redirect("/", body=b"12345")[:-1]), Stall()]
    error, took, _ = timed(
        runner, [script, server(OK)], lambda client: client.get(timeout=Timeout(total=0.5))
    )
    check(error, exceptions.TotalTimeout, "total", 0.5)
    assert took == 0.5


def test_timer_that_fires_a_moment_early_is_still_the_total_s(runner):
    """Loops may wake a timer up to a millisecond before its time."""

    class Early(FakeBackend):
        def wait_in_vain(self, timeout, deadline):
            try:
                super().wait_in_vain(timeout, deadline)
            finally:
                self.clock -= 0.0009

    backend = Early(runner, [[Send(None), Stall()]])
    error = run(backend, caught(Client(backend).get(timeout=Timeout(total=2))))
    assert type(error) is exceptions.TotalTimeout


def test_shorter_limit_wins_over_the_total(runner):
    error, took, _ = timed(
        runner, [[Send(None), Stall()]], lambda client: client.get(timeout=Timeout(read=1, total=2))
    )
    check(error, exceptions.ReadTimeout, "read", 1)
    assert took == 1


@pytest.mark.parametrize("timeout", [None, Timeout(None, None, None, None, None)])
@pytest.mark.parametrize(
    "script", [[Send(None), Stall()], [Stall()], [Send(None), Receive(OK[:-1]), Stall()]]
)
def test_none_waits_for_ever(runner, timeout, script):
    backend = FakeBackend(runner, [script])
    with pytest.raises(NeverEnds):
        run(backend, Client(backend).get(timeout=timeout))


def test_none_waits_for_an_hour_if_need_be(runner):
    backend = SlowBackend(
        runner,
        [[Stall(3600), Send(None), Stall(3600), Receive(OK[:-1]), Stall(3600), Receive(OK[-1:])]],
    )
    backend.dns = backend.connect_time = 3600
    assert run(backend, Client(backend).get(timeout=None)).content == b"ok"
    assert backend.clock == 1000 + 5 * 3600


def test_default_limits(runner):
    error, took, _ = timed(runner, [server([])], Client.get)
    check(error, exceptions.ReadTimeout, "read", 60)
    assert took == 60
    error, took, _ = timed(runner, [server([])], Client.get, connect_time=11)
    check(error, exceptions.ConnectTimeout, "connect", 10)


@pytest.mark.parametrize("runner", ASYNC_RUNNERS)
def test_pool_limit_starts_with_the_wait_and_the_next_in_line_is_served(runner):
    backend = FakeBackend(
        runner, [[Send(None), Receive(OK[:-1]), Stall(3), Receive(b"k"), Send(None), Receive(OK)]]
    )
    client = Client(backend, max_connections=1)

    async def flow():
        held = await client.get(stream=True)
        results = await together(backend, client.get(timeout=Timeout(pool=2)), finish(held))
        assert type(results[0]) is exceptions.PoolTimeout or results[0].content == b"ok"

    async def finish(held):
        await held.read()

    run(backend, flow())
    client.check()


def test_end_of_connection_is_no_timeout(runner):
    error, took, _ = timed(runner, [server([End()])], Client.get)
    assert isinstance(error, exceptions.RemoteProtocolError)
    assert took == 0
