"""Names are looked up in threads of the resolver's own: shared, kept briefly, never twice at once."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from envoi._io import resolver as module
from envoi._io.resolver import Resolver


class FakeNames:
    """Stands in for getaddrinfo."""

    def __init__(self):
        self.calls = []
        self.gate = threading.Event()
        self.gate.set()
        self.silent = None
        self.answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]

    def __call__(self, host, port, *, type=0, proto=0, flags=0):  # noqa: A002 - getaddrinfo's name
        if flags & socket.AI_NUMERICHOST:
            return self.real(host, port, type=type, proto=proto, flags=flags)
        self.calls.append(host)
        if self.silent is None or host in self.silent:
            assert self.gate.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    real = staticmethod(socket.getaddrinfo)


@pytest.fixture
def names(monkeypatch):
    fake = FakeNames()
    monkeypatch.setattr(module.socket, "getaddrinfo", fake)
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    return fake


def wait(lookup):
    finished = threading.Event()
    lookup.when_finished(finished.set)
    assert finished.wait(10)
    return lookup.result()


def test_concurrent_look_ups_of_one_name_share_a_job(names):
    resolver = Resolver()
    names.gate.clear()
    first, second = resolver.look_up("a.example", 80), resolver.look_up("a.example", 80)
    assert first is second
    names.gate.set()
    assert wait(first)[0].sockaddr == ("192.0.2.1", 80)
    assert names.calls == [b"a.example"]


def test_answers_are_kept_and_failures_are_not(names, monkeypatch):
    resolver = Resolver()
    wait(resolver.look_up("a.example", 80))
    assert resolver.known("a.example", 80)
    names.answer = socket.gaierror(socket.EAI_NONAME, "unknown")
    lookup = resolver.look_up("b.example", 80)
    for _ in range(2):
        with pytest.raises(socket.gaierror, match="unknown"):
            wait(lookup)
    assert resolver.known("b.example", 80) is None
    resolver.clear()
    assert resolver.known("a.example", 80) is None


def test_answers_grow_old(names, monkeypatch):
    monkeypatch.setattr(module, "TIME_TO_LIVE", -1.0)
    resolver = Resolver()
    wait(resolver.look_up("a.example", 80))
    assert resolver.known("a.example", 80) is None


def test_the_cache_is_bounded(names, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    resolver = Resolver()
    for number in range(5):
        wait(resolver.look_up(f"{number}.example", 80))
    assert [resolver.known(f"{number}.example", 80) is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%1"])
def test_addresses_need_no_look_up(host, names):
    (address,) = Resolver().known(host, 443)
    assert address.sockaddr[0].partition("%")[0] == host.partition("%")[0]
    assert address.sockaddr[1] == 443
    assert not names.calls


def test_scope_of_an_address_is_kept(names):
    (address,) = Resolver().known("fe80::1%1", 443)
    assert address.sockaddr[3] == 1


def test_good_name_does_not_wait_for_silent_ones(names):
    resolver = Resolver()
    names.gate.clear()
    silent = [resolver.look_up(f"silent{number}.example", 80) for number in range(100)]
    until(lambda: len(names.calls) == len(silent))
    names.silent = set(names.calls)
    assert wait(resolver.look_up("good.example", 80))
    assert not any(lookup.finished for lookup in silent)
    names.gate.set()
    for lookup in silent:
        wait(lookup)


def test_threads_are_bounded_and_end(names, leftovers, monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 32)
    resolver = Resolver()
    names.gate.clear()
    lookups = [resolver.look_up(f"{number}.example", 80) for number in range(40)]
    assert resolver._threads == module.MAX_THREADS
    threads = [thread for thread in threading.enumerate() if thread.name == "envoi-resolver"]
    assert all(thread.daemon for thread in threads)
    names.gate.set()
    for lookup in lookups:
        wait(lookup)
    for thread in threads:
        thread.join(10)
    assert resolver._threads == 0
    wait(resolver.look_up("again.example", 80))


def test_look_ups_that_nobody_waits_for_leave_the_queue(names, monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 1)
    resolver = Resolver()
    names.gate.clear()
    running, left, shared = (
        resolver.look_up(host, 80) for host in ("running.example", "left.example", "shared.example")
    )
    assert resolver.look_up("shared.example", 80) is shared
    for lookup in (left, shared):
        resolver.leave(lookup)
    good = resolver.look_up("good.example", 80)
    names.gate.set()
    for lookup in (running, shared, good):
        wait(lookup)
    assert names.calls == [b"running.example", b"shared.example", b"good.example"]


def test_names_that_hung_come_after_others(names, monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 1)
    resolver = Resolver()
    names.answer = socket.gaierror(socket.EAI_AGAIN, "no answer")
    hang(resolver, names, "hung.example")
    names.gate.clear()
    first, hung, good = (
        resolver.look_up(host, 80) for host in ("first.example", "hung.example", "good.example")
    )
    names.gate.set()
    for lookup in (first, hung, good):
        with pytest.raises(socket.gaierror):
            wait(lookup)
    assert names.calls == [b"hung.example", b"first.example", b"good.example", b"hung.example"]


def test_names_that_hung_do_not_take_all_threads(names, monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 3)
    monkeypatch.setattr(module, "MAX_SUSPECT_THREADS", 2)
    resolver = Resolver()
    names.answer = socket.gaierror(socket.EAI_AGAIN, "no answer")
    hosts = [f"hung{number}.example" for number in range(5)]
    for host in hosts:
        hang(resolver, names, host)
    names.calls.clear()
    names.gate.clear()
    hung = [resolver.look_up(host, 80) for host in hosts]
    good = resolver.look_up("good.example", 80)
    until(lambda: b"good.example" in names.calls)
    assert len(names.calls) <= 3
    names.gate.set()
    for lookup in (*hung, good):
        with pytest.raises(socket.gaierror):
            wait(lookup)


def hang(resolver, names, host):
    """Ask for a name, and give up once the look-up runs."""
    names.gate.clear()
    lookup = resolver.look_up(host, 80)
    until(lambda: host.encode() in names.calls)
    resolver.leave(lookup)
    names.gate.set()
    with pytest.raises(socket.gaierror):
        wait(lookup)


def until(condition):
    for _ in range(5000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it never came true")


def test_unusual_failures_reach_the_asker(names):
    names.answer = MemoryError()
    with pytest.raises(socket.gaierror, match="look-up failed"):
        wait(Resolver().look_up("a.example", 80))
    names.answer = []
    with pytest.raises(socket.gaierror, match="no address"):
        wait(Resolver().look_up("a.example", 80))
    with pytest.raises(socket.gaierror, match="ASCII"):
        wait(Resolver().look_up("ä.example", 80))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_child_of_a_fork_starts_anew(names):
    shared = module.shared_resolver()
    names.gate.clear()
    lookup = shared.look_up("a.example", 80)
    shared._lock.acquire()
    child = os.fork()
    if child == 0:
        names.gate.set()
        fine = wait(module.shared_resolver().look_up("a.example", 80))
        os._exit(0 if fine else 1)
    shared._lock.release()
    names.gate.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    wait(lookup)
    shared.clear()


@pytest.mark.parametrize("running", [-1, 0, 1])
def test_interrupt_while_a_thread_is_started_is_raised_and_leaves_no_look_up_behind(
    monkeypatch, running
):
    resolver = Resolver()
    resolver._threads = running

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(resolver, "_start_thread", interrupted)
    with pytest.raises(KeyboardInterrupt):
        resolver.look_up("a.example", 80)
    assert not resolver._running
    assert not resolver._queue
