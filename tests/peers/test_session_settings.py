"""A session's settings while threads, loops and processes come and go."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
import subprocess
import sys
import threading
import weakref

import pytest

import envoi
from envoi import aio
from envoi._model.url import parse_url
from envoi._responses.response import Response
from envoi._sessions import calls, settings, shared
from envoi._sessions.base_url import joined
from envoi.testing import Server

pytestmark = [pytest.mark.timeout(60), pytest.mark.leaks]

SETTINGS = {
    "verify": (False, True, lambda journey: journey.delivery.tls.verify),
    "auth": (("u", "p"), None, lambda journey: journey.auth),
    "timeout": (10, envoi.Limits(3, 3, 3), lambda journey: journey.delivery.timeout),
    "max_redirects": (5, 6, lambda journey: journey.policy.max_redirects),
}


def journey_of(session, pool):
    journey, _ = calls.new_call(session, pool, Response, "GET", "https://a.test/", {})
    return journey


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_changed_while_a_request_is_made_holds_for_the_next(name: str, monkeypatch) -> None:
    before, after, used = SETTINGS[name]
    with envoi.Session(**{name: before}) as changed:
        pool = changed._open()
        real = calls.Usual

        def make_and_change(*parts):
            # As another thread might, once everything was read and before anything is kept.
            setattr(changed, name, after)
            return real(*parts)

        monkeypatch.setattr(calls, "Usual", make_and_change)
        calls.usual(changed, pool, Response)
        monkeypatch.setattr(calls, "Usual", real)
        assert used(journey_of(changed, pool)) == after


def test_changed_verify_is_not_undone_by_a_thread_that_read_the_old_one(monkeypatch) -> None:
    with envoi.Session(verify=False) as changed:
        pool = changed._open()
        real = calls.tls_config

        def slowly(verify, cert):
            made = real(verify, cert)
            monkeypatch.setattr(calls, "tls_config", real)
            changed.verify = True
            return made

        monkeypatch.setattr(calls, "tls_config", slowly)
        journey_of(changed, pool)
        assert journey_of(changed, pool).delivery.tls.verify is True


def test_environment_read_before_it_changed_is_not_kept(monkeypatch) -> None:
    one = shared._SharedSession()
    real = settings.read_environment

    def slowly():
        found = real()
        monkeypatch.setattr(settings, "read_environment", real)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/new.pem")
        one._look_around()
        journey_of(one, pool)
        return found

    pool = one._open()
    monkeypatch.setattr(settings, "read_environment", slowly)
    one._look_around()
    journey_of(one, pool)
    one._look_around()
    assert journey_of(one, pool).delivery.tls.verify == "/new.pem"
    one.close()


def test_close_during_the_first_request_leaves_no_open_pool(monkeypatch, server) -> None:
    one = envoi.Session()
    real = envoi.Session._open_pool
    pools = []

    def close_meanwhile(*arguments):
        pools.append(real(*arguments))
        one.close()
        return pools[-1]

    monkeypatch.setattr(envoi.Session, "_open_pool", staticmethod(close_meanwhile))
    for _ in range(2):
        with pytest.raises(envoi.SessionClosed):
            one.get(server.url + "/get")
    assert one._pool is None
    assert server.connections == 0


def test_two_threads_open_one_pool(server) -> None:
    with envoi.Session() as one:
        barrier = threading.Barrier(8)
        found = []

        def work() -> None:
            barrier.wait(20)
            found.append(one._open())

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found) == {one._pool}


ESCAPES = [
    "%2e%2e/x",
    "..%2fx",
    "..%2Fx",
    ".%2E/x",
    "%2e./x",
    "..\\x",
    "..%5cx",
    "a/%2e%2e/%2e%2e/x",
    "a%2f..%2f..%2fx",
    "%2e%2e",
    "a/%2f/..%2f../x",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_base_url_is_not_left_by_encoded_dots(path: str) -> None:
    base = parse_url("http://a.test/api/")
    with pytest.raises(envoi.InvalidURL, match="leaves base_url"):
        joined(base, path)


@pytest.mark.parametrize(
    "path",
    ["x/%2e%2e/y", "%2e/x", "a..b", "%2e%2e%2e/x", "x?%2e%2e/", "%41/..%41", "...", "a%2fb/..%2fc"],
)
def test_encoded_dots_within_base_url_are_kept_as_written(path: str) -> None:
    base = parse_url("http://a.test/api/")
    assert str(joined(base, path)) == "http://a.test/api/" + path


def test_url_that_leaves_base_url_is_told_without_its_query() -> None:
    base = parse_url("http://a.test/api/")
    for path in ("../x?token=hunter2", "//b.test/?token=hunter2"):
        with pytest.raises(envoi.InvalidURL) as caught:
            joined(base, path)
        assert "hunter2" not in str(caught.value)


def test_loops_that_were_only_closed_leave_nothing_behind(leftovers) -> None:
    with Server() as server:  # gone, with its own descriptors, before they are counted
        for _ in range(10):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(aio.get(server.url + "/get"))
            loop.close()
            known = weakref.ref(loop)
            del loop

        async def last() -> None:
            await aio.get(server.url + "/get")
            assert len(shared._async_sessions) == 1

        asyncio.run(last())
        assert not shared._async_sessions
    gc.collect()
    assert known() is None
    leftovers.check()


def test_body_of_a_closed_loop_is_let_go(leftovers) -> None:
    with Server() as server:
        loop = asyncio.new_event_loop()
        response = loop.run_until_complete(aio.get(server.url + "/bytes/1000000", stream=True))
        loop.close()
        asyncio.run(aio.get(server.url + "/get"))
        assert not shared._async_sessions
        del response, loop
    leftovers.check()


def test_loop_may_go_on_after_it_closed_its_generators(server) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(aio.get(server.url + "/get"))
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert not shared._async_sessions
    loop.close()


END = """
import asyncio, sys, envoi
from envoi import aio
url, = sys.argv[1:]
kept = asyncio.new_event_loop()
kept.run_until_complete(aio.get(url))
open_loop = asyncio.new_event_loop()
session = envoi.AsyncSession()
cycle = [open_loop.run_until_complete(session.get(url)), session]
cycle.append(cycle)
sys.modules["somewhere"] = cycle
kept.close()
"""


def test_nothing_is_said_when_the_interpreter_ends(server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", END, server.url + "/get"],
        check=False,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert (done.returncode, done.stderr) == (0, "")


FORK = """
import os, signal, sys, threading, envoi
from envoi._sessions import shared
url, = sys.argv[1:]
real = envoi.Session._open_pool
entered, leave = threading.Event(), threading.Event()
def slowly(*arguments):
    if threading.current_thread() is not threading.main_thread():
        entered.set()
        leave.wait(30)
    return real(*arguments)
envoi.Session._open_pool = staticmethod(slowly)
own = envoi.Session()
for get in (own.get, envoi.get):
    entered.clear(), leave.clear()
    thread = threading.Thread(target=get, args=(url,))
    thread.start()
    entered.wait(30)
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        os._exit(0 if get(url).status_code == 200 else 1)
    _, status = os.waitpid(pid, 0)
    leave.set()
    thread.join()
    print(status)
own.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_child_forked_while_a_thread_opens_a_pool_opens_its_own(server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, server.url + "/get"],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.stdout == "0\n0\n", done.stdout + done.stderr


def test_contexts_of_closed_sessions_are_let_go(tls_server) -> None:
    context = ssl.create_default_context(cafile=tls_server.ca_path)
    with envoi.Session(verify=context) as one:
        assert one.get(tls_server.url + "/get").ok
    known = weakref.ref(context)
    del context, one
    gc.collect()
    assert known() is None


def test_contexts_of_single_requests_are_let_go_by_a_session_that_lives_on(tls_server) -> None:
    with envoi.Session(max_connections=1) as one:
        known = []
        for _ in range(3):
            context = ssl.create_default_context(cafile=tls_server.ca_path)
            one.get(tls_server.url + "/get", verify=context)
            known.append(weakref.ref(context))
            del context
        assert tls_server.connections == 3, "another context is another connection"
        gc.collect()
        assert [one() is None for one in known[:2]] == [True, True]


def test_same_context_is_the_same_connection_after_other_settings_changed(tls_server) -> None:
    context = ssl.create_default_context(cafile=tls_server.ca_path)
    with envoi.Session(verify=context) as one:
        one.get(tls_server.url + "/get")
        one.max_redirects = 3
        one.get(tls_server.url + "/get")
        one.get(tls_server.url + "/get", verify=context)
    assert tls_server.connections == 1


def two_loops():
    return asyncio.new_event_loop(), asyncio.new_event_loop()


READERS = {
    "read": lambda response: response.read(),
    "iter_content": lambda response: anext(response.iter_content()),
    "iter_lines": lambda response: anext(response.iter_lines()),
    "raw": lambda response: response.raw.read(),
    "close": lambda response: response.close(),
}


@pytest.mark.parametrize("reader", READERS)
def test_body_is_not_read_in_another_loop(reader: str, server) -> None:
    own, other = two_loops()
    one = envoi.AsyncSession()
    response = own.run_until_complete(one.get(server.url + "/bytes/1000000", stream=True))

    async def read():
        await READERS[reader](response)

    with pytest.raises(envoi.WrongEventLoop):
        other.run_until_complete(read())
    assert len(own.run_until_complete(response.read())) == 1000000
    own.run_until_complete(one.close())
    own.close()
    other.close()


def test_session_is_not_closed_in_another_loop(server) -> None:
    own, other = two_loops()
    one = envoi.AsyncSession()
    own.run_until_complete(one.get(server.url + "/get"))
    with pytest.raises(envoi.WrongEventLoop):
        other.run_until_complete(one.close())
    assert own.run_until_complete(one.get(server.url + "/get")).ok
    own.run_until_complete(one.close())
    other.run_until_complete(one.close())
    own.close()
    other.close()
