"""What the tests of pool, exchange and pipeline share: a session over the fake backend, and peers that answer."""

from __future__ import annotations

import gzip
import re

from envoi._net.dial import Dialer
from envoi._net.pool import Pool
from envoi._pipeline.send import send
from envoi._responses.async_response import AsyncResponse
from envoi._sessions.calls import new_call
from envoi._sessions.settings import SessionSettings
from envoi.exceptions import RequestException
from flows.fake_backend import CANCELLED, RUNNERS, FakeBackend, run

__all__ = [
    "ASYNC_RUNNERS",
    "CANCELLED",
    "RUNNERS",
    "Client",
    "answer",
    "caught",
    "chunked",
    "drain",
    "fields",
    "gunzippable",
    "heads",
    "redirect",
    "run_client",
    "server",
    "together",
]

ASYNC_RUNNERS = ("asyncio", "trio")


class Client(SessionSettings):
    """A session's settings over a fake backend: the same flow under every runner."""

    def __init__(self, backend: FakeBackend, **settings) -> None:
        super().__init__(**settings)
        self.backend = backend
        self.pool = Pool(backend, Dialer(backend), *self._pool_sizes)

    @property
    def streams(self):
        return self.backend.streams

    async def request(self, method, url, **options):
        journey, request = new_call(self, self.pool, AsyncResponse, method, url, options)
        return await send(journey, request)

    async def get(self, url="http://a.test/", **options):
        return await self.request("GET", url, **options)

    async def post(self, url="http://a.test/", **options):
        return await self.request("POST", url, **options)

    def check(self) -> None:
        """The books are right: what the pool counts is what is open, nobody waits, and nothing is in use."""
        state = self.pool.state
        alive = self.backend.open_streams
        assert state.waiting == 0
        assert state.open == len(alive), f"the pool counts {state.open}, open are {len(alive)}"
        assert state.idle == len(alive), (
            f"{len(alive) - state.idle} connections are in nobody's hands"
        )


def run_client(runner, peers, flow, *, names=None, tls_failures=(), **settings):
    """Run `flow(client)` over scripted peers; returns its result and the client."""
    backend = FakeBackend(runner, peers, names=names, tls_failures=tls_failures)
    client = Client(backend, **settings)
    return run(backend, flow(client)), client


async def caught(flow):
    """The exception that a flow ends in."""
    try:
        result = await flow
    except RequestException as error:
        return error
    message = f"nothing was raised, but returned: {result!r}"
    raise AssertionError(message)


async def drain(response):
    """A streamed body to its end, in its pieces."""
    pieces = []
    while piece := await response.body.receive():
        pieces.append(piece)
    return pieces


def answer(body=b"", status=200, *fields, length=True) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} X", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*chunks, fields=(), trailers=()) -> bytes:
    """A whole answer in chunks."""
    head = "\r\n".join(["HTTP/1.1 200 X", "Transfer-Encoding: chunked", *fields, "", ""]).encode()
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head + body + b"0\r\n" + "".join(line + "\r\n" for line in trailers).encode() + b"\r\n"


def redirect(location, status=302, body=b"", *fields) -> bytes:
    """A redirect."""
    return answer(body, status, f"Location: {location}", *fields)


def server(*answers):
    """A peer that answers each request head it sees with the next of `answers`: bytes, or a list of steps."""
    left = list(answers)

    def serve(sent: bytes):
        if not _REQUEST.match(sent) or not left:
            return b""
        return left.pop(0)

    return serve


def heads(stream) -> list[str]:
    """The heads of the requests that were sent on a stream whose bodies are empty or short text."""
    return [part.decode("latin-1") for part in _BOUNDARY.split(bytes(stream.sent)) if part]


def fields(head: str) -> dict[str, str]:
    """A head's fields, names in lower case."""
    lines = head.split("\r\n\r\n")[0].split("\r\n")[1:]
    return {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }


def gunzippable(data: bytes, *more, length=True) -> bytes:
    """A gzip answer."""
    return answer(gzip.compress(data, mtime=0), 200, "Content-Encoding: gzip", *more, length=length)


async def together(backend, *flows):
    """Run flows as tasks of asyncio or trio; each one's result or exception, in order."""
    results = [None] * len(flows)

    async def one(number, flow):
        try:
            results[number] = await flow
        except Exception as error:
            results[number] = error

    try:
        if backend.name == "asyncio":
            import asyncio

            await asyncio.gather(*(one(number, flow) for number, flow in enumerate(flows)))
        else:
            import trio

            async with trio.open_nursery() as nursery:
                for number, flow in enumerate(flows):
                    nursery.start_soon(one, number, flow)
                    await trio.lowlevel.checkpoint()
    finally:
        for flow in flows:
            flow.close()  # one that was cancelled before it began
    return results


_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.1\r\n")
_BOUNDARY = re.compile(rb"(?=(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE) \S+ HTTP/1\.1\r\n)")
