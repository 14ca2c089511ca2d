"""The servers that the clients are measured against: nginx, and a slow one. Loopback only."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.cases import LARGE_BYTES, MEDIUM_BYTES, SMALL_BYTES
from benchmarks.processes import start, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = "127.0.0.1"
_START_SECONDS = 10.0

_CONFIGURATION = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
  access_log off;
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  server_tokens off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  root {folder}/files;
  ssl_certificate {folder}/server.pem;
  ssl_certificate_key {folder}/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  server {{
    listen {host}:{plain} backlog=4096;
    listen {host}:{tls} ssl backlog=4096;
    location = /json {{ default_type application/json; return 200 '{small}'; }}
  }}
  server {{
    listen {host}:{tls_close} ssl backlog=4096;
    keepalive_timeout 0;
    location = /json {{ default_type application/json; return 200 '{small}'; }}
  }}
}}
"""


class Site(NamedTuple):
    """The addresses of the server's pages, and the CA file that its certificate is signed by."""

    plain: str
    tls: str
    tls_close: str
    large: str
    tls_large: str
    medium: str
    slow: str
    ca: str

    def page(self, name: str) -> str:
        """Return the address of the page of that name."""
        return str(getattr(self, name))


class MissingProgramError(RuntimeError):
    """A program that the benchmark needs is not installed."""


@contextlib.contextmanager
def serve(cpu: int | None, open_files: int) -> Iterator[Site]:
    """Run nginx and the slow server until the block ends.

    Args:
        cpu: The core that both run on.
        open_files: How many files a process may open, which bounds nginx's connections.

    Raises:
        MissingProgramError: nginx or openssl is not on the PATH.
    """
    nginx = _program("nginx", "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    with (
        tempfile.TemporaryDirectory(prefix="envoi-benchmark-") as name,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(name)
        ca = make_certificates(folder)
        _write_files(folder / "files")
        plain, tls, tls_close, slow = _free_ports(4)
        (folder / "nginx.conf").write_text(
            _CONFIGURATION.format(
                folder=folder,
                host=_HOST,
                plain=plain,
                tls=tls,
                tls_close=tls_close,
                small=small_body(),
                connections=max(open_files - 64, 256),
            )
        )
        server = start(
            [nginx, "-p", name, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
            cpu,
        )
        stack.callback(stop, server)
        slow_server = start([sys.executable, "-m", "benchmarks.slow_server", str(slow)], cpu)
        stack.callback(stop, slow_server)
        for port, process in (
            (plain, server),
            (tls, server),
            (tls_close, server),
            (slow, slow_server),
        ):
            _wait_for(port, process, folder / "error.log")
        yield Site(
            plain=f"http://{_HOST}:{plain}/json",
            tls=f"https://{_HOST}:{tls}/json",
            tls_close=f"https://{_HOST}:{tls_close}/json",
            large=f"http://{_HOST}:{plain}/large.bin",
            tls_large=f"https://{_HOST}:{tls}/large.bin",
            medium=f"http://{_HOST}:{plain}/medium.bin",
            slow=f"http://{_HOST}:{slow}/json",
            ca=str(ca),
        )


def small_body() -> str:
    """Return the small JSON body, `SMALL_BYTES` long."""
    start_, end = '{"id":1,"name":"envoi","text":"', '"}'
    return start_ + "x" * (SMALL_BYTES - len(start_) - len(end)) + end


def make_certificates(folder: Path) -> Path:
    """Write a CA and a certificate for 127.0.0.1 and localhost to a folder, and return the CA's
    file.
    """
    openssl = _program("openssl", "")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    (folder / "server.ext").write_text(
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n"
    )
    authority = ["-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=benchmark CA"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    request = ["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"]
    signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
    signing = ["-in", "server.csr", *signer, "-out", "server.pem", "-extfile", "server.ext"]
    for command in (
        ["req", "-x509", *key, *authority, *usage],
        ["req", "-new", *key, *request],
        ["x509", "-req", *signing],
    ):
        subprocess.run([openssl, *command], cwd=folder, check=True, capture_output=True, timeout=30)
    return folder / "ca.pem"


def _program(name: str, more_folders: str) -> str:
    found = shutil.which(name) or (shutil.which(name, path=more_folders) if more_folders else None)
    if found is None:
        message = (
            f"the benchmark needs {name}, which is not on the PATH (Debian: apt-get install {name})"
        )
        raise MissingProgramError(message)
    return found


def _write_files(folder: Path) -> None:
    folder.mkdir()
    for name, size in (("large.bin", LARGE_BYTES), ("medium.bin", MEDIUM_BYTES)):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    # nginx drops to an unprivileged user when root starts it.
    for parent in (folder, folder.parent):
        parent.chmod(0o755)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((_HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port), timeout=1):
            return
        time.sleep(0.02)
    reason = log.read_text() if log.exists() else ""
    message = f"the server on port {port} did not start: {reason or 'no message'}"
    raise RuntimeError(message)
