"""TLS as a layer over any stream: the same for every backend, and over itself (an HTTPS proxy).

`tls_records.py` has what needs no network, `tls_stream.py` the stream. Imported only when a
connection wants TLS.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from envoi._io.tls_context import context_for, known_context
from envoi._io.tls_stream import TLSStream

if TYPE_CHECKING:
    import ssl

    from envoi._io.protocols import Backend, Stream, TLSConfig


async def prepare(backend: Backend, config: TLSConfig) -> ssl.SSLContext:
    """`Backend.prepare_tls` of all the backends: the context, made in a thread where one may not
    block.
    """
    context = known_context(config)
    return (
        context
        if context is not None
        else await backend.call_blocking(partial(context_for, config))
    )


async def start(
    backend: Backend, stream: Stream, config: TLSConfig, server_hostname: str, deadline: float
) -> TLSStream:
    """`Backend.start_tls` of all the backends: the handshake (RFC 8446, section 4) over a stream.
    On any failure the stream is closed.

    Args:
        backend: where the flow runs.
        stream: what carries the bytes.
        config: how.
        server_hostname: the name or the address that the certificate must be for.
        deadline: absolute time.

    Raises:
        ssl.SSLError: the handshake failed; ssl.SSLCertVerificationError when the certificate is to
            blame.
        ConnectionResetError: the peer hung up meanwhile.
        TimedOut: at the deadline.
    """
    secured = None
    try:
        context = await prepare(backend, config)
        secured = TLSStream(stream, context, server_hostname, backend)
        await secured.handshake(deadline)
    except BaseException:
        if secured is not None:
            secured.send_alert()
        stream.close()
        raise
    return secured
