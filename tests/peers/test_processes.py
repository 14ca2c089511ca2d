"""Sessions across processes: servers that fork workers, multiprocessing's three ways to start, async sessions. The connections of one process are never another's."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from envoi.testing import RawConnection

STARTS = multiprocessing.get_all_start_methods()

# A request's path names its process; the answer is the number of the connection.
CHECKED = """\
def connections_of(get, who, count=4):
    return {int(get(f"{url}/{who}")) for _ in range(count)}

def check(sets):
    for number, one in enumerate(sets):
        for other in sets[number + 1:]:
            assert not one & other, sets
"""

PREFORK = """\
import json, os, sys, threading, envoi
url, ca = sys.argv[1:]
session = envoi.Session(timeout=20, verify=ca or True)
get = lambda target: session.get(target).text
{checked}
mine = connections_of(get, "before")
workers = []
for number in range(3):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            found = connections_of(get, number)
            def beside():
                found.update(connections_of(get, number))
            threads = [threading.Thread(target=beside) for _ in range(3)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            os.write(writer, json.dumps(sorted(found)).encode())
            session.close()
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    workers.append((pid, reader))
mine |= connections_of(get, "meanwhile")
theirs = []
for pid, reader in workers:
    assert os.waitpid(pid, 0)[1] == 0
    theirs.append(set(json.loads(os.read(reader, 10000))))
mine |= connections_of(get, "after")
assert len(mine) == 1, mine
check([mine, *theirs])
print("fine")
"""

STARTED = """\
import multiprocessing, sys, envoi
from concurrent.futures import ProcessPoolExecutor
url, ca, method = sys.argv[1:]
session = envoi.Session(timeout=20, verify=ca or True)
{checked}
def by_global(who):
    return connections_of(lambda target: session.get(target).text, who)

def by_argument(given, who):
    assert given.headers["X-Kept"] == "yes"
    return connections_of(lambda target: given.get(target).text, who)

def by_function(who):
    return connections_of(lambda target: envoi.get(target, verify=ca or True).text, who)

if __name__ == "__main__":
    session.headers["X-Kept"] = "yes"
    mine = by_global("first") | by_function("first")
    context = multiprocessing.get_context(method)
    for work in (by_global, by_function):
        with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(1, context) as other:
            theirs = [pool.submit(work, "child") for pool in (one, other)]
            check([mine, *(one.result() for one in theirs)])
    with ProcessPoolExecutor(1, context) as one:
        check([mine, one.submit(by_argument, session, "given").result()])
    assert by_global("last") <= mine
    print("fine")
"""

ASYNC = """\
import asyncio, os, sys, envoi
url, ca, runner = sys.argv[1:]
if runner == "trio":
    import trio
    run = trio.run
else:
    run = asyncio.run

async def ask(who):
    async with envoi.AsyncSession(timeout=20, verify=ca or True) as session:
        return {int((await session.get(f"{url}/{who}")).text) for _ in range(4)}

async def ask_alone(who):
    return {int((await envoi.aio.get(f"{url}/{who}", verify=ca or True)).text)}

mine = run(ask, "parent") if runner == "trio" else run(ask("parent"))
pid = os.fork()
if pid == 0:
    status = 1
    try:
        for work in (ask, ask_alone):
            found = run(work, "child") if runner == "trio" else run(work("child"))
            assert not found & mine, (found, mine)
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)
assert os.waitpid(pid, 0)[1] == 0
print("fine")
"""


def _numbers(connection: RawConnection) -> None:
    while True:
        connection.read_request()
        body = b"%d" % connection.number
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def run(path: Path, program: str, *arguments: str) -> None:
    """Run a program as a file, which the other processes can import, and see it print "fine"."""
    path.write_text(program.replace("{checked}", CHECKED), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("fine\n", ""), done.stdout + done.stderr


@pytest.fixture(params=["plain", "tls"])
def numbering(request, raw_server):
    """A server's URL and the authority to trust."""
    tls = request.param == "tls"
    server = raw_server(_numbers, tls=tls)
    return server.url, server.ca_path if tls else ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_workers_forked_after_the_session_was_used_have_connections_of_their_own(
    numbering, tmp_path
):
    run(tmp_path / "prefork.py", PREFORK, *numbering)


@pytest.mark.parametrize("method", STARTS)
def test_processes_that_multiprocessing_starts_have_connections_of_their_own(
    numbering, tmp_path, method
):
    run(tmp_path / "started.py", STARTED, *numbering, method)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_async_sessions_of_a_forked_child(numbering, tmp_path, runner):
    run(tmp_path / "forked.py", ASYNC, *numbering, runner)
