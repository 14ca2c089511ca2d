"""A server on a Unix socket."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import Self


class UnixServer:
    """Answers with what it was asked, as JSON.

    Args:
        path: where it listens.

    Attributes:
        path: the same.
        requests: the paths and Host fields that it was sent.
        redirects: where paths lead.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, str]] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, once the connections have ended."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        threads = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            threads.append(threading.Thread(target=self._talk, args=(connection,), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(10)

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while line := lines.readline().decode():
                fields = {}
                while field := lines.readline().decode().strip():
                    name, _, value = field.partition(":")
                    fields[name.lower()] = value.strip()
                path, host = line.split()[1], fields["host"]
                self.requests.append((path, host))
                connection.sendall(self._answer(path, host))

    def _answer(self, path: str, host: str) -> bytes:
        location = self.redirects.get(path)
        head = "302 Found\r\nLocation: " + location if location else "200 OK"
        text = json.dumps({"path": path, "host": host})
        return f"HTTP/1.1 {head}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
