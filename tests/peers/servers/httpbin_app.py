"""httpbin from PyPI, in the process, with connections kept alive."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def httpbin() -> Iterator[str]:
    """The URL of a running httpbin, without a slash at the end."""
    application = pytest.importorskip("httpbin").app
    serving = pytest.importorskip("werkzeug.serving")

    class Handler(serving.WSGIRequestHandler):  # type: ignore[misc, name-defined]
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log(self, *_: Any) -> None:
            """Keep quiet."""

    server = serving.make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=Handler
    )
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="httpbin", daemon=True
    )
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)
