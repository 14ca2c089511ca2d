"""Under gevent, patched first as gevent wants it: what one greenlet waits for keeps no other waiting. Each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("gevent")

BEGIN = """\
from gevent import monkey

monkey.patch_all()
import sys, time
import gevent
import envoi

url, ca = sys.argv[1:]
session = envoi.Session(timeout=20, verify=ca or True)
turns = 0

def count():
    global turns
    while True:
        turns += 1
        gevent.sleep(0.005)

others = gevent.spawn(count)

def all_of(*jobs):
    gevent.joinall(jobs, raise_error=True)
    return [job.value for job in jobs]
"""

TOGETHER = """
began = time.monotonic()
get = lambda number: session.get(url + "/delay/0.5").status_code
assert all_of(*(gevent.spawn(get, number) for number in range(10))) == [200] * 10
took = time.monotonic() - began
assert took < 4, f"one after the other: {took}"
assert turns > 20, turns
print("fine")
"""

KEPT = """
for _ in range(3):
    assert session.get(url + "/get").status_code == 200
    opened = session.get(url + "/get").connection_info
assert opened.reused
body = bytes(range(256)) * 4096 * 8  # 8 MiB: more than fits into the socket's buffers
answers = all_of(*(gevent.spawn(session.post, url + "/length", data=body) for _ in range(3)))
assert [answer.text for answer in answers] == [str(len(body))] * 3
pieces = session.get(url + "/bytes/300000", stream=True).iter_content(1000)
assert sum(map(len, pieces)) == 300000
print("fine")
"""

ENDS = """
before = turns
try:
    session.get(url + "/delay/30", timeout=0.3)
except envoi.ReadTimeout:
    assert turns > before + 5
else:
    raise SystemExit("no time-out")
with gevent.Timeout(0.3, False):
    session.get(url + "/delay/30")
    raise SystemExit("no gevent.Timeout")
waiting = gevent.spawn(session.get, url + "/delay/30")
gevent.sleep(0.2)
waiting.kill(timeout=5)
assert waiting.dead
assert session.get(url + "/get").status_code == 200
print("fine")
"""

LIMITED = """
with envoi.Session(max_connections=2, timeout=20, verify=ca or True) as two:
    jobs = [gevent.spawn(two.get, url + "/delay/0.05") for _ in range(8)]
    assert [answer.status_code for answer in all_of(*jobs)] == [200] * 8
    held = two.get(url + "/bytes/300000", stream=True), two.get(url + "/bytes/300000", stream=True)
    try:
        two.get(url + "/get", timeout=envoi.Timeout(pool=0.3))
    except envoi.PoolTimeout:
        pass
    else:
        raise SystemExit("there were three")
    waiting = gevent.spawn(two.get, url + "/get")
    gevent.sleep(0.1)
    held[0].close()
    waiting.join(10)
    assert waiting.value.status_code == 200
print("fine")
"""

ASYNC = """
import asyncio

async def main():
    async with envoi.AsyncSession(timeout=20, verify=ca or True) as own:
        get = lambda: own.get(url + "/delay/0.2")
        answers = await asyncio.gather(*(get() for _ in range(5)))
        return [answer.status_code for answer in answers]

assert asyncio.run(main()) == [200] * 5
print("fine")
"""


@pytest.mark.parametrize(
    "program",
    [TOGETHER, KEPT, ENDS, LIMITED, ASYNC],
    ids=["wait-together", "keep-and-stream", "time-out-and-kill", "limited", "asyncio"],
)
@pytest.mark.parametrize("kind", ["plain", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_greenlets(program: str, kind: str, host: str, server, tls_server) -> None:
    to = server if kind == "plain" else tls_server
    to.route("/length", ["POST"])(lambda request: str(len(request.body)))
    url = to.url.replace("127.0.0.1", host).replace("localhost", host)
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, url, to.ca_path if kind == "tls" else ""],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr
