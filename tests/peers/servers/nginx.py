"""A real web server: nginx on loopback, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.testing import CertificateAuthority

_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 3600; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; client_max_body_size 0;
  default_type text/plain; gzip on; gzip_types text/plain; gzip_min_length 100; gzip_proxied any; root {folder}/files;
  server {{ listen 127.0.0.1:{port}; }}
  server {{
    listen 127.0.0.1:{tls_port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_session_cache shared:tls:1m;
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """Where nginx listens. It serves /small (75 bytes), /medium (1 MB) and /large (100 MB)."""

    url: str
    tls_url: str
    ca_path: str


@pytest.fixture(scope="session")
def nginx(ca: CertificateAuthority) -> Iterator[Nginx]:
    """Debian's nginx, one for the run. Without it the test is skipped; with ENVOI_REQUIRE_NGINX=1 it fails."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        if os.environ.get("ENVOI_REQUIRE_NGINX") == "1":
            pytest.fail(
                "nginx is not installed (apt-get install nginx-light), and ENVOI_REQUIRE_NGINX=1"
            )
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    with tempfile.TemporaryDirectory(prefix="envoi-nginx-") as name:
        folder = Path(name)
        _make_files(folder)
        port, tls_port = _free_ports(2)
        certificate = ca.issue("localhost", "127.0.0.1")
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=port,
                tls_port=tls_port,
                certificate=certificate.certificate_path,
                key=certificate.key_path,
            )
        )
        command = [program, "-p", name, "-c", str(configuration), "-e", f"{name}/error.log"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            try:
                _wait_until_listening(process, tls_port, folder / "error.log")
                yield Nginx(f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls_port}", ca.path)
            finally:
                process.terminate()
                process.wait(10)


def _make_files(folder: Path) -> None:
    # nginx's worker runs as another user when root starts it.
    folder.chmod(0o755)
    files = folder / "files"
    files.mkdir()
    (files / "small").write_bytes(b"x" * 74 + b"\n")
    (files / "medium").write_bytes(bytes(range(256)) * 4096)
    with (files / "large").open("wb") as large:
        large.truncate(100 * 1024 * 1024)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        return
    pytest.fail(f"nginx did not start: {log.read_text() if log.exists() else 'no log'}")
