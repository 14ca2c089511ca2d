"""Run one example of the documentation, in a process of its own; see `example_site.py`."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

told = json.load(sys.stdin)
ports: dict[str, int] = told["ports"]
resolve = socket.getaddrinfo


def find(host: Any, port: Any, *positional: Any, **options: Any) -> Any:
    """The site's port where a name is the site's; no other name has an address."""
    name = host.decode("ascii") if isinstance(host, bytes) else str(host)
    if name.rstrip(".").endswith(("example.com", "example.org")):
        here = ports.get(f"{name}:{port}") or ports[f"*:{port}"]
        return resolve("127.0.0.1", here, *positional, **options)
    if name not in {"localhost", "None"} and not name.replace(".", "").isdigit():
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return resolve(host, port, *positional, **options)


def connect(self: socket.socket, address: Any) -> None:
    """Connect, to the site also where a client (anyio) keeps the address alone of what was found."""
    host, port = address[:2]
    real_connect(self, (host, ports.get(f"*:{port}", port)) if len(address) == 2 else address)


real_connect = socket.socket.connect
socket.getaddrinfo = find
socket.socket.connect = connect
if "--pytest" in sys.argv:
    import pytest

    plugins = ["-p", "no:cacheprovider", "-p", "no:randomly"]
    sys.exit(pytest.main(["-q", *plugins, "-c", os.devnull, "--rootdir", ".", "test_example.py"]))
code = compile("\n" * (told["line"] - 1) + told["code"], told["page"], "exec")
exec(code, {"__name__": "__main__"})
