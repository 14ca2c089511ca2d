"""TLS without a network: plaintext in, ciphertext out, and back. OpenSSL sees two buffers in
memory, never a socket.

The buffers: what was received goes into `incoming`, from which OpenSSL reads it; what OpenSSL puts
out goes into `outgoing`, from which it is taken to be sent. OpenSSL also puts out what nobody asked
for: alerts, answers to a key update (RFC 8446, section 4.6.3).

The lock: a sending and a receiving thread share one OpenSSL object, whose calls let other threads
run while they work. So every step that changes the object or a buffer is done under `lock`, and no
step waits for anything. `decrypt` and `add_ciphertext` take the lock themselves. To encrypt and to
hand on what was put out is one step of the caller's, under the lock, because ciphertext must reach
the network in the order in which it was put out.
"""

from __future__ import annotations

import ssl
import threading
from typing import Final

from envoi._io.tls_context import certificate_name

MAX_PER_RECORD: Final = 1 << 14
"""The most that one TLS record carries (RFC 8446, section 5.1), and so the most that one read
gives.
"""
_MAX_RECORDS = 16
"""How many records are given out in one piece."""


class TLSRecords:
    """OpenSSL's side of one connection, as a client.

    Args:
        context: used as it is.
        server_hostname: the name or the address that the certificate must be for.

    Attributes:
        lock: guards all of it.
        object: OpenSSL's connection.
        incoming: ciphertext that OpenSSL has not looked at, part of a record perhaps.
        outgoing: ciphertext that is to be sent.
        closed_cleanly: False once the peer ended without close_notify.
        has_output: whether OpenSSL had something to say after the last `decrypt`.
    """

    __slots__ = ("closed_cleanly", "has_output", "incoming", "lock", "object", "outgoing")

    def __init__(self, context: ssl.SSLContext, server_hostname: str) -> None:
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.object: ssl.SSLObject = context.wrap_bio(
            self.incoming, self.outgoing, server_hostname=certificate_name(server_hostname)
        )
        self.lock = threading.Lock()
        self.closed_cleanly = True
        self.has_output = False

    def decrypt(self, ciphertext: bytes | None) -> bytes | None:
        """The next plaintext; b"" at the end of what the peer has to say, None when more ciphertext
        is needed first.

        Args:
            ciphertext: what was received, b"" at the end of the stream; None to go on with what is
                here already.

        Raises:
            ssl.SSLError: what was received is not to be believed.
        """
        with self.lock:
            if ciphertext:
                self.incoming.write(ciphertext)
            elif ciphertext is not None:
                self.incoming.write_eof()
            try:
                data = self.object.read(MAX_PER_RECORD)
                if len(data) == MAX_PER_RECORD and self.incoming.pending:
                    data = self._gathered(data)
            except ssl.SSLWantReadError:
                return None
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLEOFError:
                self.closed_cleanly = False
                return b""
            else:
                return data
            finally:
                self.has_output = self.outgoing.pending > 0

    def add_ciphertext(self, ciphertext: bytes) -> None:
        """Take what was received (b"" at the end of the stream), and decrypt nothing yet."""
        with self.lock:
            if ciphertext:
                self.incoming.write(ciphertext)
            else:
                self.incoming.write_eof()

    def encrypt(self, data: bytes | memoryview) -> None:
        """Encrypt all of `data`; under the lock.

        Raises:
            ssl.SSLWantReadError: a handshake is under way (a renegotiation, in TLS 1.2), which
                needs bytes of the peer's first. Nothing was encrypted: the same `data` must be
                tried again.
        """
        written = self.object.write(data)
        while written < len(data):
            data = data[written:]
            written = self.object.write(data)

    def _gathered(self, first: bytes) -> bytes:
        """A full record and those behind it: a large body costs the flow one step for many of
        them.
        """
        pieces = [first]
        read = self.object.read
        try:
            while (
                len(pieces) < _MAX_RECORDS
                and self.incoming.pending
                and (piece := read(MAX_PER_RECORD))
            ):
                pieces.append(piece)
        except ssl.SSLError:
            pass  # more is needed, or the end is here: the next read says so again
        return b"".join(pieces)
