"""The internet as the documentation's examples see it: example.com and example.org, on loopback.

A page says `https://api.example.com/users`, as its reader would. Each example runs in a process of
its own, whose resolver sends such names to servers here, and which trusts their authority:
`run_example.py`. Nothing of that shows on the page.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import envoi
from envoi.testing import Answer, Certificate, CertificateAuthority, Request, Server
from peers.servers.proxy import HttpProxy
from peers.servers.unix import UnixServer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

RUNNER = Path(__file__).with_name("run_example.py")
REPORT = "".join(f"2026-01-{day:02},{day * 7}\n" for day in range(1, 29)).encode()
_PAGE = (
    '<!doctype html><html lang="en"><head><title>Example Domain</title></head>'
    "<body><h1>Example Domain</h1><p>This domain is for use in documentation.</p></body></html>"
)
_CHALLENGE = 'Digest realm="home", qop="auth", algorithm={}, nonce="abc"'


class Printed(NamedTuple):
    """How an example ended, and what it printed: carriage returns as they are."""

    returncode: int
    stdout: str
    stderr: str


class Authorities:
    """The certificate authorities of the examples, and the certificates that they issued.

    Attributes:
        public: everybody trusts it.
        company: only those who are told to (`company-ca.pem`).
    """

    def __init__(self, public: CertificateAuthority, company: CertificateAuthority) -> None:
        self.public, self.company = public, company
        self.everywhere: Certificate = public.issue(
            "example.com", "*.example.com", "example.org", "*.example.org"
        )
        self.intranet: Certificate = company.issue("intranet.example.com")
        self.services: Certificate = company.issue("services.example.com")
        self.ada: Certificate = company.issue("ada", client=True)


class Site:
    """The servers behind the names, and the files in the folder where an example runs.

    Args:
        authorities: of their certificates.
        folder: where the example runs.
    """

    def __init__(self, authorities: Authorities, folder: Path) -> None:
        self._authorities, self.folder = authorities, folder
        self._running = ExitStack()
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        known = self._authorities
        plain = self._running.enter_context(Server())
        secure = self._running.enter_context(Server(tls=known.everywhere))
        intranet = self._running.enter_context(Server(tls=known.intranet))
        services = self._running.enter_context(
            Server(tls=known.services.server_context(client_ca=known.company.path))
        )
        for server in (plain, secure, intranet, services):
            _add_routes(server)
        closed = self._running.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))  # not listening: connections are refused
        refused = closed.getsockname()[1]
        self.ports = {"*:80": plain.port, "*:443": secure.port}
        self.ports["intranet.example.com:443"] = intranet.port
        self.ports["services.example.com:443"] = services.port
        self.ports |= {"down.example.com:443": refused, "down.example.com:80": refused}
        reach = {
            f"{name}.example.{top}:{port}": ("127.0.0.1", self.ports[f"*:{port}"])
            for name in ("www", "api")
            for top in ("com", "org")
            for port in (80, 443)
        }
        proxy = self._running.enter_context(HttpProxy(resolve=reach, credentials=("ada", "secret")))
        self.ports["proxy.example.com:3128"] = proxy.port
        self._running.enter_context(UnixServer(self.folder / "podman.sock"))
        _write_files(self.folder, known)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.__exit__(kind, error, traceback)

    def run(self, code: str, page: str, line: int) -> Printed:
        """Run an example in a process of its own.

        Args:
            code: the example.
            page: where it stands, for tracebacks.
            line: and in which line.
        """
        told = json.dumps({"ports": self.ports, "code": code, "page": page, "line": line})
        command = [sys.executable, "-W", "error", str(RUNNER)]
        if re.search(r"^(async )?def test_", code, re.MULTILINE):
            self.folder.joinpath("test_example.py").write_text(code, encoding="utf-8")
            command = [*command, "--pytest"]
        done = subprocess.run(
            command,
            input=told.encode(),
            cwd=self.folder,
            env=self._environment(code),
            capture_output=True,
            timeout=50,
            check=False,
        )
        return Printed(done.returncode, done.stdout.decode(), done.stderr.decode())

    def _environment(self, code: str) -> dict[str, str]:
        authority = self._authorities.public.path
        return {
            **os.environ,
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(Path(envoi.__file__).resolve().parents[1]),
            "SSL_CERT_FILE": authority,
            "HOME": str(self.folder),
            **({"REQUESTS_CA_BUNDLE": authority} if "import requests" in code else {}),
        }


def _write_files(folder: Path, known: Authorities) -> None:
    folder.joinpath("report.csv").write_bytes(REPORT)
    folder.joinpath("cat.jpg").write_bytes(b"\xff\xd8miaow")
    folder.joinpath("notes.txt").write_text("buy milk\n", encoding="utf-8")
    with folder.joinpath("film.mp4").open("wb") as film:
        film.truncate(50_000_000)
    folder.joinpath("company-ca.pem").write_bytes(Path(known.company.path).read_bytes())
    certificate, key = known.ada.pair
    folder.joinpath("ada.pem").write_bytes(Path(certificate).read_bytes())
    folder.joinpath("ada.key").write_bytes(Path(key).read_bytes())


def _add_routes(server: Server) -> None:
    """What the examples ask for beside the ready-made paths."""
    server.add("/robots.txt", "User-agent: *\nDisallow: /private\n")
    server.add("/", _PAGE)
    server.route("/login", ["POST"])(
        lambda request: Answer(200, "", [("Set-Cookie", f"user={request.form()['user']}")])
    )
    server.route("/profile")(lambda request: f"Hello, {request.cookies['user']}")
    server.route("/users")(lambda request: [{"name": "ada"}, {"name": "grace"}])
    server.route("/users", ["POST"])(lambda request: Answer(201, {"id": 3, **request.json()}))
    server.route("/users/<name>")(_user)
    server.route("/items")(_items)
    server.route("/report.csv")(_report)
    server.route("/text/<charset>")(_text)
    server.route("/digest")(_digest)
    server.route("/token", ["POST"])(lambda request: {"token": "new"})
    server.route("/private")(
        lambda request: Answer(200 if request.headers.get("Authorization") == "Bearer new" else 401)
    )
    server.route("/keyed")(
        lambda request: (
            Answer(200, "come in")
            if request.headers.get("X-Key") == "k"
            else Answer(401, {"key": "k"})
        )
    )
    busy = iter([503, 503])
    server.route("/busy")(
        lambda request: Answer(next(busy, 200), {"done": True}, [("Retry-After", "0")])
    )
    limited = iter([429])
    server.route("/limited")(
        lambda request: Answer(next(limited, 200), {"done": True}, [("Retry-After", "0")])
    )
    server.route("/empty")(lambda request: Answer(200, b"", [("Content-Type", "application/json")]))


def _user(request: Request) -> object:
    return {"name": request.parameters["name"]}


def _items(request: Request) -> Answer:
    page = int(str(request.args.get("page", "1")))
    after = request.url.partition("?")[0] + f"?page={page + 1}"
    body = {"items": [f"item {page}.{n}" for n in (1, 2)], "next": after if page < 3 else None}
    links = [("Link", f'<{after}>; rel="next"')] if page < 3 else []
    return Answer(200, body, links)


def _report(request: Request) -> Answer:
    fields = [("Accept-Ranges", "bytes"), ("ETag", '"1"'), ("Content-Type", "text/csv")]
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range"))
    if found is None:
        return Answer(200, REPORT, fields)
    start = int(found[1])
    if start >= len(REPORT):
        return Answer(416, b"", [*fields, ("Content-Range", f"bytes */{len(REPORT)}")])
    where = f"bytes {start}-{len(REPORT) - 1}/{len(REPORT)}"
    return Answer(206, REPORT[start:], [*fields, ("Content-Range", where)])


def _text(request: Request) -> Answer:
    """A word in a charset, which `?told=no` keeps secret."""
    charset = request.parameters["charset"]
    kind = "text/plain" + ("" if request.args.get("told") == "no" else f"; charset={charset}")
    return Answer(
        200, "déjà vu, où ça, là-bas, être né à Noël".encode(charset), [("Content-Type", kind)]
    )


def _digest(request: Request) -> Answer:
    if request.headers.has("Authorization"):
        return Answer(200, "come in")
    algorithm = str(request.args.get("algorithm", "SHA-256"))
    return Answer(401, headers=[("WWW-Authenticate", _CHALLENGE.format(algorithm))])
