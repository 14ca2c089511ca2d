"""Jobs, which run beside the flow that started them, under every backend; and the event loop in a thread."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import threading
from contextvars import ContextVar

import pytest
import trio

from envoi._io.loop_thread import LoopThread
from envoi._io.protocols import StreamClosed
from envoi.exceptions import WrongEventLoop
from flows.io_support import KINDS, run_flow, turns

LOOPS = [kind for kind in KINDS if kind not in {"blocking", "asyncio-proactor"}]


@pytest.fixture(params=LOOPS)
def kind(request):
    return request.param


def tasks():
    return (
        trio.lowlevel.current_statistics().tasks_living
        if trio.lowlevel.in_trio_task()
        else len(asyncio.all_tasks())
    )


@pytest.mark.parametrize("kind", ["blocking", *LOOPS])
def test_job_runs_and_its_exceptions_are_its_own(kind):
    async def flow(backend):
        ran = backend.waiter()

        async def job():
            ran.set()
            raise RuntimeError("nobody hears this")

        started = backend.start(job)
        await ran.wait(backend.now() + 10)
        await started.stop()
        started.cancel()
        await started.stop()

    run_flow(kind, flow)


def test_job_that_would_wait_under_the_blocking_backend_is_refused():
    async def flow(backend):
        async def job():
            await asyncio.sleep(0)

        backend.start(job)

    with pytest.raises(RuntimeError, match="suspended"):
        run_flow("blocking", flow)


def test_stopped_job_has_cleaned_up(kind):
    noted = []

    async def flow(backend):
        before = tasks()

        async def job():
            try:
                await backend.sleep(3600)
            finally:
                noted.append("ended")

        started = backend.start(job)
        await backend.checkpoint()
        await started.stop()
        assert noted == ["ended"]
        assert tasks() == before

    run_flow(kind, flow)


def test_job_is_stopped_even_by_a_flow_that_is_cancelled(kind):
    noted = []

    async def flow(backend):
        async def job():
            try:
                await backend.sleep(3600)
            finally:
                noted.append("job")

        async def waiting():
            started = backend.start(job)
            try:
                await backend.sleep(3600)
            finally:
                await started.stop()
                noted.append("flow")

        if kind == "trio":
            with trio.move_on_after(0.01):
                await waiting()
        else:
            task = asyncio.create_task(waiting())
            await turns(backend)
            task.cancel()
            await asyncio.wait([task])
        assert noted == ["job", "flow"]

    run_flow(kind, flow)


def test_job_that_stops_itself(kind):
    noted = []

    async def flow(backend):
        before = tasks()
        ended = backend.waiter()

        async def job():
            try:
                await started.stop()
                noted.append("returned")
                await backend.sleep(3600)
            finally:
                ended.set()

        started = backend.start(job)
        await ended.wait(backend.now() + 10)
        await started.stop()
        assert noted == ["returned"]
        assert tasks() == before

    run_flow(kind, flow)


def test_job_nobody_holds_runs_on_and_ends_with_its_loop(kind):
    noted = []

    async def flow(backend):
        async def job():
            try:
                await backend.waiter().wait(math.inf)  # nobody else knows of it
            finally:
                noted.append("ended")

        backend.start(job)
        await backend.checkpoint()
        gc.collect()
        await backend.checkpoint()
        assert noted == []

    run_flow(kind, flow)
    assert noted == ["ended"]


def test_job_sees_the_context_of_its_starter(kind):
    variable = ContextVar("variable", default="none")

    async def flow(backend):
        seen = []
        ended = backend.waiter()

        async def job():
            seen.append(variable.get())
            variable.set("in the job")
            ended.set()

        variable.set("in the flow")
        backend.start(job)
        await ended.wait(backend.now() + 10)
        assert (seen, variable.get()) == (["in the flow"], "in the flow")

    run_flow(kind, flow)


def test_loop_thread_runs_coroutines_of_many_threads_and_ends(leftovers):
    thread = LoopThread("loop")

    async def where():
        await asyncio.sleep(0)
        return threading.get_ident()

    async def fails():
        raise LookupError("as it is")

    found = []
    callers = [threading.Thread(target=lambda: found.append(thread.run(where))) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert set(found) == {thread._thread.ident}
    with pytest.raises(LookupError, match="as it is"):
        thread.run(fails)
    thread.close()
    thread.close()
    with pytest.raises(StreamClosed):
        thread.run(where)
    thread.call_soon(lambda: found.append("never"))
    assert "never" not in found
    leftovers.check()


def test_loop_thread_that_is_closed_cancels_what_is_waited_for():
    thread = LoopThread("loop")
    inside = threading.Event()
    outcomes = []

    async def stays():
        inside.set()
        await asyncio.sleep(3600)

    def wait():
        try:
            thread.run(stays)
        except StreamClosed:
            outcomes.append("closed")

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert inside.wait(10)
    thread.close()
    waiting.join(10)
    assert outcomes == ["closed"]


def test_loop_thread_does_not_wait_for_itself():
    thread = LoopThread("loop")

    async def inner():
        return 1

    async def outer():
        thread.run(inner)

    with pytest.raises(WrongEventLoop):
        thread.run(outer)
    thread.close()


def test_loop_thread_that_nobody_holds_ends(leftovers):
    thread = LoopThread("loop")
    running = thread._thread
    del thread
    gc.collect()
    running.join(10)
    leftovers.check()


def test_loop_thread_is_not_usable_in_a_forked_child():
    thread = LoopThread("loop")
    try:
        thread._process = os.getpid() + 1  # as a child sees it
        assert not thread.usable
        with pytest.raises(StreamClosed):
            thread.run(asyncio.sleep)
    finally:
        thread._process = os.getpid()
        thread.close()
