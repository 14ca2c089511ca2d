"""Where memory ends, MemoryError is raised: the process lives on, and the next request is fine."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS is Linux's"),
]

LIMITED = """
import gc, resource, sys, zlib
from envoi._core import Decoder, H1Machine, Headers, URL

def limit(megabytes):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20), resource.RLIM_INFINITY))

def raises_memory_error(function):
    try:
        function()
    except MemoryError:
        gc.collect()
        return
    except BaseException as error:
        sys.exit(f"{type(error).__mro__}: {error}")
    sys.exit("nothing was raised")
"""

CASES = {
    "decoding in one step": """
packer = zlib.compressobj(wbits=31)
bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
decoder = Decoder.for_encoding("gzip")
decoder.feed(bomb)
limit(64)
raises_memory_error(lambda: decoder.read(256 << 20))
""",
    "making the bytes that were decoded": """
packer = zlib.compressobj(wbits=31)
bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(40)) + packer.flush()
decoder = Decoder.for_encoding("gzip")
decoder.feed(bomb)
limit(70)
raises_memory_error(lambda: decoder.read(40 << 20))
""",
    "a brotli window": """
decoder = Decoder.for_encoding("br")
# RFC 7932, section 9: a window of 16 MiB, then a chunk of 4 MiB that is not compressed.
decoder.feed(b"\\x0f" + bytes(8))
limit(4)
waste = []
try:
    while True:
        waste.append(bytes(100_000))
except MemoryError:
    pass
try:
    decoder.read(1000)
except (MemoryError, ValueError):
    pass
waste.clear()
""",
    "a body of tiny chunks": """
machine = H1Machine()
machine.start("GET", "/", "example.com", Headers())
machine.feed(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
chunks = b"3e8\\r\\n" + b"x" * 1000 + b"\\r\\n"
chunks *= 1000
limit(64)
def receive():
    while True:
        machine.feed(chunks)
raises_memory_error(receive)
raises_memory_error(machine.take_body)
""",
    "a whole body": """
machine = H1Machine()
machine.start("GET", "/", "example.com", Headers())
machine.feed(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
piece = b"x" * (1 << 20)
for _ in range(200):
    machine.feed(piece)
limit(64)
raises_memory_error(machine.take_body)
""",
    "a part of a piece": """
machine = H1Machine()
machine.start("GET", "/", "example.com", Headers())
machine.feed(b"HTTP/1.1 200 OK\\r\\n\\r\\n" + b"x" * (100 << 20))
limit(64)
raises_memory_error(machine.take_body)
""",
    "what follows an upgrade": """
machine = H1Machine()
machine.start("CONNECT", "example.com:443", "example.com:443", Headers())
machine.feed(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
piece = b"x" * (1 << 20)
limit(64)
def receive():
    while True:
        machine.feed(piece)
raises_memory_error(receive)
""",
    "a field's value": """
headers = Headers({"X": b"\\xff" * (40 << 20)})
plain = Headers({"X": b"x" * (70 << 20)})
limit(64)
raises_memory_error(lambda: headers["X"])
raises_memory_error(lambda: plain["X"])
raises_memory_error(lambda: headers.raw)
""",
}


@pytest.mark.parametrize("case", CASES)
def test_no_memory_is_a_memory_error(case: str) -> None:
    code = LIMITED + CASES[case] + "\nassert str(URL('http://a/')) == 'http://a/'\nprint('alive')\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("alive\n", "", 0)
