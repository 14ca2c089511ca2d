"""A program that a timer interrupts at random instants while it sends requests; run by `test_interrupts.py`.

    python interrupted.py requests|threads|core COUNT SEED

Its signal handler raises. What must come of it: each interrupt is raised where the program is, none is lost in a destructor; afterwards the pool gives out as many connections as it may have, no fewer and no more; and the program ends. It prints its figures as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time

import envoi
from envoi._io.blocking import BlockingWaiter
from envoi._proto.pool import Lease, Permit, Place, PoolState

LIMIT = 3
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNENDED = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


class Interrupt(BaseException):
    """What the handler raises."""


def respond(listener: socket.socket) -> None:
    """Answer requests, in a process of its own, for ever."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    parent = os.getppid()
    while os.getppid() == parent:
        for key, _ in selector.select(1):
            if key.fileobj is listener:
                connection, _ = listener.accept()
                selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(65536)
                if b"\r\n\r\n" in data:
                    path = data.split(b" ", 2)[1]
                    key.fileobj.sendall(
                        UNENDED if path == b"/unended" else CLOSING if path == b"/closing" else OK
                    )
            except OSError:
                data = b""
            if not data:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def start_responder() -> tuple[int, int]:
    """The responder's process and port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = listener.getsockname()[1]
    process = os.fork()
    if process == 0:
        try:
            for descriptor in (0, 1, 2):  # whoever reads our output is not to wait for this process
                os.close(descriptor)
            respond(listener)
        finally:
            os._exit(0)
    listener.close()
    return process, port


class Steps:
    """What is done over and over."""

    def __init__(self, port: int) -> None:
        self.session = envoi.Session(max_connections=LIMIT, timeout=20)
        # Two hosts, so that one's idle connections give way to the other's.
        self.urls = [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
        self.session.get(self.urls[1] + "/").close()
        self.choice = random.Random(0).choice
        self.all = [self.get, self.get, self.closing, self.drop, self.drop_read, self.drop_raw]
        self.all += [self.close, self.drop_in_cycle]

    def url(self, path: str) -> str:
        return self.choice(self.urls) + path

    def get(self) -> None:
        assert self.session.get(self.url("/")).content == b"ok"

    def closing(self) -> None:
        assert self.session.get(self.url("/closing")).content == b"ok"

    def drop(self) -> None:
        self.session.get(self.url("/unended"), stream=True)

    def drop_read(self) -> None:
        response = self.session.get(self.url("/unended"), stream=True)
        next(response.iter_content(10))
        del response

    def drop_raw(self) -> None:
        response = self.session.get(self.url("/unended"), stream=True)
        response.raw.read(10)
        del response

    def close(self) -> None:
        with self.session.get(self.url("/unended"), stream=True):
            pass

    def drop_in_cycle(self) -> None:
        response = self.session.get(self.url("/unended"), stream=True)
        response.myself = response
        del response
        gc.collect()


class CoreSteps:
    """Steps of the core alone."""

    def __init__(self) -> None:
        self.state = PoolState(LIMIT, 2, 60.0)
        self.choice = random.Random(0).choice
        self.all = [self.use]

    def use(self) -> None:
        claims = []
        for _ in range(6):
            claim = self.state.acquire(self.choice("ab"), 0.0, BlockingWaiter)
            if type(claim) is Permit and self.choice([True, False]):
                claim = claim.dialled(Closable(), int)
            claims.append(claim)
        while claims:
            claim = claims.pop(0)
            if type(claim) is Lease and self.choice([True, False]):
                claim.release(self.choice([None, 0.0]))
            elif type(claim) is Place and self.choice([True, False]):
                claim.leave(0.0)
            del claim


class Closable:
    def close(self) -> None:
        pass


class Timer:
    """Interrupts what runs, once, at a random instant."""

    def __init__(self, seed: int) -> None:
        self.fired = 0
        self.raised = 0
        self.attempts = 0
        self.where: list[str] = []
        self.vanished: list[list[str]] = []
        self.longest = 2e-3
        self.random = random.Random(seed).random
        signal.signal(signal.SIGALRM, self.fire)

    def fire(self, _number: int, frame) -> None:
        self.fired += 1
        self.where = []
        while frame is not None:
            self.where.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
            frame = frame.f_back
        raise Interrupt

    def attempt(self, step) -> None:
        self.attempts += 1
        fired, raised = self.fired, self.raised
        began = time.perf_counter()
        try:
            signal.setitimer(signal.ITIMER_REAL, self.random() * self.longest + 1e-6)
            step()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Interrupt as error:
            # More than one, when the signal of the attempt before came late.
            chain = error
            while chain is not None:
                self.raised += isinstance(chain, Interrupt)
                chain = chain.__context__
            if step.__name__ == "drop_in_cycle":
                gc.collect()
        else:  # it was too late: aim where the step is under way
            took = time.perf_counter() - began
            self.longest = self.longest * 0.9 + took * 0.1
        if self.fired - fired != self.raised - raised:
            self.vanished.append(self.where)


def connections_that_can_be_had(session: envoi.Session, url: str) -> int:
    """How many the pool gives out at a time."""
    had = []
    while len(had) <= LIMIT:
        try:
            had.append(session.get(url + "/unended", stream=True, timeout=envoi.Timeout(pool=0.2)))
        except envoi.PoolTimeout:
            break
    for response in had:
        response.close()
    return len(had)


def sockets() -> int:
    return sum(
        os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        for name in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{name}")
    )


def main(kind: str, count: int, seed: int) -> dict[str, object]:
    swallowed: list[str] = []
    sys.unraisablehook = lambda unraisable: swallowed.append(repr(unraisable))
    gc.disable()  # nobody's claim may hang in a cycle, but for those that are made here
    process, port = start_responder()
    before = sockets()
    steps = CoreSteps() if kind == "core" else Steps(port)
    done = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not done.is_set():
                steps.get()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(4 if kind == "threads" else 0)]
    for worker in workers:
        worker.start()
    timer = Timer(seed)
    choose = random.Random(seed + 1).choice
    try:
        while timer.fired < count:
            timer.attempt(choose(steps.all))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        done.set()
        for worker in workers:
            worker.join(60)
    gc.collect()
    state = steps.state if kind == "core" else steps.session._pool.state
    figures: dict[str, object] = {
        "attempts": timer.attempts,
        "interrupts": timer.fired,
        "raised": timer.raised,
        "swallowed": swallowed,
        "vanished": timer.vanished,
        "failures": [repr(error) for error in failures],
        "lost": state.open - state.idle,
        "waiting": state.waiting,
        "stuck": sum(worker.is_alive() for worker in workers),
        "sockets": sockets() - before - (state.open if kind != "core" else 0),
    }
    if kind == "core":
        claims = [state.acquire("a", 0.0, BlockingWaiter, fresh=True) for _ in range(LIMIT)]
        figures["can_be_had"] = 1 + sum(type(claim) is Permit for claim in claims)
    else:
        figures["can_be_had"] = connections_that_can_be_had(steps.session, steps.urls[0])
        steps.session.close()
        figures["open_at_last"] = state.open
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return figures


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
