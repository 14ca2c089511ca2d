"""A server that answers every request after ten milliseconds: ``python -m benchmarks.slow_server
PORT``.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.server import small_body

DELAY_SECONDS = 0.010
"""Time between a request and its answer."""

_BODY = small_body().encode()
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)


class SlowProtocol(asyncio.Protocol):
    """Answer each request head, whatever it asks for, with the small body."""

    _transport: asyncio.Transport
    _pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Count the heads in the data, and answer each later."""
        *heads, self._pending = (self._pending + data).split(b"\r\n\r\n")
        for _ in heads:
            asyncio.get_running_loop().call_later(DELAY_SECONDS, self._transport.write, _ANSWER)


async def main(port: int) -> None:
    """Serve on a loopback port for ever."""
    server = await asyncio.get_running_loop().create_server(
        SlowProtocol, "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
