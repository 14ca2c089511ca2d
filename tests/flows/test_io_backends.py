"""Waiters, look-ups, clocks and owners, under every backend."""

from __future__ import annotations

import asyncio
import math
import socket
import sys
import threading
from functools import partial

import pytest

from envoi._io import resolver as resolver_module
from envoi._io.asyncio_ import AsyncioBackend
from envoi._io.protocols import TimedOut
from envoi.exceptions import WrongEventLoop
from flows.io_support import KINDS, become, beside, run_flow, turns


@pytest.fixture(params=[kind for kind in KINDS if kind != "asyncio-proactor"])
def kind(request):
    return request.param


def test_waiter_set_before_it_waits(kind):
    async def flow(backend):
        waiter = backend.waiter()
        waiter.set()
        waiter.set()
        await waiter.wait(math.inf)
        await waiter.wait(backend.now())

    run_flow(kind, flow)


def test_waiter_times_out_and_can_still_be_set(kind):
    async def flow(backend):
        waiter = backend.waiter()
        with pytest.raises(TimedOut):
            await waiter.wait(backend.now() + 0.01)
        with pytest.raises(TimedOut):
            await waiter.wait(backend.now() - 1)
        waiter.set()
        await waiter.wait(math.inf)

    run_flow(kind, flow)


def test_waiter_is_set_by_another(kind):
    async def flow(backend):
        waiter = backend.waiter()

        async def set_later():
            await turns(backend)
            waiter.set()

        async with beside(kind, set_later):
            await waiter.wait(backend.now() + 10)

    run_flow(kind, flow)


def test_cancelled_waiter_can_be_set_without_harm():
    async def flow(backend):
        waiter = backend.waiter()
        waiting = asyncio.create_task(waiter.wait(backend.now() + 10))
        await asyncio.sleep(0)
        waiting.cancel()
        waiter.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await waiter.wait(math.inf)

    run_flow("asyncio", flow)


def test_look_up_runs_outside_the_loop(kind, monkeypatch):
    threads = []

    def getaddrinfo(host, port, **options):
        threads.append(threading.current_thread().name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]

    monkeypatch.setattr(resolver_module.socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(resolver_module, "_shared", resolver_module.Resolver())

    async def flow(backend):
        for _ in range(2):
            (address,) = await backend.resolve("name.example", 80, backend.now() + 10)
            assert address.sockaddr == ("192.0.2.7", 80)

    run_flow(kind, flow)
    assert threads == ["envoi-resolver"]


def test_slow_look_up_times_out_and_its_answer_comes_to_nobody(kind, monkeypatch):
    gate = threading.Event()

    def getaddrinfo(host, port, **options):
        gate.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]

    resolver = resolver_module.Resolver()
    monkeypatch.setattr(resolver_module.socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(resolver_module, "_shared", resolver)

    async def flow(backend):
        with pytest.raises(TimedOut):
            await backend.resolve("slow.example", 80, backend.now() + 0.02)

    run_flow(kind, flow)
    finished = threading.Event()
    resolver.look_up("slow.example", 80).when_finished(finished.set)
    gate.set()
    assert finished.wait(10)


def test_hung_names_do_not_hold_up_a_good_one(kind, monkeypatch):
    gate = threading.Event()

    def getaddrinfo(host, port, **options):
        if host.startswith(b"slow"):
            gate.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]

    resolver = resolver_module.Resolver()
    monkeypatch.setattr(resolver_module.socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(resolver_module, "_shared", resolver)

    async def flow(backend):
        for number in range(20):
            with pytest.raises(TimedOut):
                await backend.resolve(f"slow{number}.example", 80, backend.now() + 0.002)
        await backend.resolve("good.example", 80, backend.now() + 5)

    try:
        run_flow(kind, flow)
    finally:
        gate.set()


def test_failed_look_up_is_a_gaierror(kind, monkeypatch):
    def getaddrinfo(host, port, **options):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(resolver_module.socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(resolver_module, "_shared", resolver_module.Resolver())

    async def flow(backend):
        with pytest.raises(socket.gaierror, match="unknown"):
            await backend.resolve("missing.example", 80, math.inf)

    run_flow(kind, flow)


def test_blocking_calls_run_where_they_may(kind):
    async def flow(backend):
        return await backend.call_blocking(threading.current_thread)

    assert (run_flow(kind, flow) is threading.current_thread()) == (kind == "blocking")


def test_call_soon_runs_in_the_loop(kind):
    async def flow(backend):
        backend.check_owner()
        ran = []
        thread = threading.Thread(
            target=partial(backend.call_soon, lambda: ran.append(threading.current_thread()))
        )
        thread.start()
        thread.join()
        await become(backend, lambda: ran)
        await turns(backend)
        assert len(ran) == 1
        assert kind == "blocking" or ran == [threading.current_thread()]
        return backend

    backend = run_flow(kind, flow)
    backend.call_soon(lambda: None)  # the loop is closed: nothing happens


@pytest.mark.parametrize("seconds", [1e7, 1e12, 1e300, sys.maxsize])
def test_far_deadlines_are_no_trouble(kind, seconds):
    async def flow(backend):
        waiter = backend.waiter()
        if kind == "blocking":
            threading.Timer(0.01, waiter.set).start()
        else:
            backend.check_owner()
            backend.call_soon(waiter.set)
        await waiter.wait(backend.now() + seconds)

    run_flow(kind, flow)


def test_clock_and_lock(kind):
    async def flow(backend):
        before = backend.now()
        await backend.sleep(0.01)
        assert 0.009 <= backend.now() - before < 2
        lock = backend.lock()
        with lock:
            assert not lock.acquire(blocking=False)

    run_flow(kind, flow)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_backend_belongs_to_one_loop(kind):
    async def flow(backend):
        backend.check_owner()
        backend.check_owner()
        return backend

    backend = run_flow(kind, flow)
    with pytest.raises(WrongEventLoop):
        backend.check_owner()

    async def again(_):
        with pytest.raises(WrongEventLoop, match="another"):
            backend.check_owner()

    run_flow(kind, again)


def test_asyncio_backend_is_made_outside_a_loop():
    called = []
    backend = AsyncioBackend()
    backend.call_soon(lambda: called.append(True))
    assert called == []  # there is no loop to call it in


async def give(value):
    return value


async def sleep_and_give(backend, seconds, value):
    await backend.sleep(seconds)
    return value


@pytest.mark.parametrize("far", [math.inf, 10.0, 1e12])
def test_within_gives_what_the_awaitable_gives(kind, far):
    async def flow(backend):
        assert await backend.within(backend.now() + far, give(1)) == 1
        assert await backend.within(backend.now() + far, sleep_and_give(backend, 0.001, 2)) == 2
        with pytest.raises(LookupError):
            await backend.within(backend.now() + far, fail(LookupError()))

    run_flow(kind, flow)


async def fail(error):
    raise error


def test_within_raises_at_the_deadline(kind):
    cancelled = []

    async def hang(backend):
        try:
            await backend.sleep(0.1 if kind == "blocking" else 30)
        except BaseException:
            cancelled.append(True)
            raise

    async def flow(backend):
        began = backend.now()
        with pytest.raises(TimedOut):
            await backend.within(began + 0.02, hang(backend))
        assert 0.015 <= backend.now() - began < 2

    run_flow(kind, flow)
    assert kind == "blocking" or cancelled


def test_within_runs_nothing_after_the_deadline(kind):
    async def flow(backend):
        ran = []

        async def run():
            ran.append(True)

        with pytest.raises(TimedOut):
            await backend.within(backend.now() - 1, run())
        assert not ran

    run_flow(kind, flow)


def test_within_passes_on_a_timeout_that_is_not_its_own(kind):
    async def flow(backend):
        with pytest.raises(TimeoutError, match="of the caller's"):
            await backend.within(backend.now() + 10, fail(TimeoutError("of the caller's")))

    run_flow(kind, flow)


@pytest.mark.parametrize("far", [math.inf, 10.0])
def test_within_passes_on_an_outer_cancellation(kind, far):
    async def flow(backend):
        if kind == "trio":
            import trio

            with trio.move_on_after(0.01) as scope:
                await backend.within(backend.now() + far, trio.sleep_forever())
            assert scope.cancelled_caught
            return
        task = asyncio.create_task(backend.within(backend.now() + far, asyncio.sleep(3600)))
        await turns(backend)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    if kind != "blocking":
        run_flow(kind, flow)


def test_checkpoint_lets_others_run(kind):
    async def flow(backend):
        backend.check_owner()
        order = []
        backend.call_soon(lambda: order.append("other"))
        for _ in range(3):
            await backend.checkpoint()
        order.append("flow")
        assert order == ["other", "flow"]

    run_flow(kind, flow)
