"""Real servers, httpbin and nginx, asked by requests and by Envoi, with somebody between who writes down every byte that they send."""

from __future__ import annotations

import io
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from compat.differential_support import (
    Case,
    DigestWorld,
    Peer,
    World,
    assert_same,
    assert_same_in_colour,
    read_request,
)
from envoi.testing import CertificateAuthority, RawConnection
from peers.servers.nginx import Nginx, _free_ports, _wait_until_listening

pytestmark = pytest.mark.timeout(60)

HTTPBIN: dict[str, Case] = {}
NGINX: dict[str, Case] = {}


class Taps(DigestWorld):
    """Two places that pass everything on to one real server, and write down the requests; the second speaks TLS when a certificate is given."""

    def __init__(self, port: int, tls: Any = False) -> None:
        super().__init__(tls=tls)
        self._port = port
        self.names[f":{port}"] = ":<real>"

    def local(self, value: Any) -> Any:
        """As for every world, and without what depends on time and chance."""
        value = super().local(value)
        if isinstance(value, bytes):
            return re.sub(_CHANCE.encode(), b"<chance>", value)
        return re.sub(_CHANCE, "<chance>", value) if isinstance(value, str) else value

    def _answer(self, name: str, connection: RawConnection) -> None:
        with (
            socket.create_connection(("127.0.0.1", self._port)) as server,
            selectors.DefaultSelector() as selector,
        ):
            selector.register(server, selectors.EVENT_READ)
            selector.register(connection.socket, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(20)]
                if server in ready:
                    data = server.recv(65536)
                    if not data:
                        return
                    connection.send(data)
                else:
                    request, failure = read_request(connection)
                    self.record.append((name, connection.number, request + failure))
                    server.sendall(request)


# Dates, identifiers, nonces, and nginx's counted boundaries.
_CHANCE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|[0-9a-f]{32,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{20}"


def play(*calls: tuple[str, str, Callable[[], dict[str, Any]]]) -> Case:
    """Calls in a row, with a User-Agent and codings that are the same for both."""

    def case(peer: Peer) -> None:
        peer.session.headers.update({"User-Agent": "battery", "Accept-Encoding": "gzip, deflate"})
        for method, path, options in calls:
            peer.request(method, path, **options())

    return case


def _gets(*paths: str) -> list[Any]:
    return [("GET", path, dict) for path in paths]


def call(
    cases: dict[str, Case],
    method: str,
    path: str,
    options: Callable[[], dict[str, Any]] = dict,
    note: str = "",
) -> None:
    name = f"{method} {path}{note}"
    assert name not in cases, name
    cases[name] = play(
        (
            method,
            path,
            (lambda: {"allow_redirects": True, **options()}) if method == "HEAD" else options,
        )
    )


for _path in (
    "/get?a=1&b=2", "/ip", "/headers", "/user-agent", "/html", "/xml", "/json", "/robots.txt", "/deny", "/encoding/utf8", "/forms/post", "/base64/aGVsbG8=", "/bytes/300?seed=1", "/stream-bytes/2000?seed=1&chunk_size=100", "/stream/5", "/range/1000", "/range/1000?chunk_size=10&duration=0", "/drip?numbytes=5&duration=0&delay=0",
    "/drip?numbytes=5&duration=0&code=404", "/image/png", "/image/jpeg", "/image/svg", "/image/webp", "/links/4/0", "/links/4/3", "/links/4", "/cache", "/cache/60", "/etag/abc", "/delay/0", "/uuid", "/response-headers?X-A=1&X-A=2&x-b=3", "/response-headers?Content-Type=text/plain;%20charset=utf-16", "/cookies", "/anything", "/anything/a b/é?q=☃&q=2#frag", "/anything//x", "/nowhere", "/legacy", "/spec.json",
    "/redirect/1", "/redirect/4", "/relative-redirect/3", "/absolute-redirect/3", "/redirect/40", "/redirect-to?url=/get", "/redirect-to?url=/anything&status_code=307", "/redirect-to?url=http%3A%2F%2FTWO%2Fget", "/redirect-to?url=%2Fget%23frag", "/cookies/set?a=1&b=2", "/cookies/set/a/1", "/cookies/delete?a", "/basic-auth/user/word", "/hidden-basic-auth/user/word", "/digest-auth/auth/user/word", "/bearer",
):  # fmt: skip
    call(HTTPBIN, "GET", _path)
for _path in ("/gzip", "/deflate", "/brotli"):
    call(
        HTTPBIN, "GET", _path, lambda: {"headers": {"Host": "httpbin.test"}}
    )  # else the port is in the body, and its length by chance another
for _status in (
    200,
    201,
    202,
    204,
    206,
    226,
    300,
    301,
    302,
    303,
    304,
    305,
    306,
    307,
    308,
    400,
    401,
    402,
    403,
    404,
    405,
    406,
    407,
    409,
    410,
    418,
    422,
    428,
    429,
    431,
    451,
    500,
    501,
    502,
    503,
    504,
    505,
    511,
):
    call(HTTPBIN, "GET", f"/status/{_status}")
    call(HTTPBIN, "POST", f"/status/{_status}", lambda: {"data": b"body"})
for _method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"):
    call(HTTPBIN, _method, "/anything/method")
    call(HTTPBIN, _method, "/redirect-to?url=/anything&status_code=302", note=" followed")
    call(
        HTTPBIN,
        _method,
        "/redirect-to?url=/anything&status_code=308",
        lambda: {"data": {"a": "1"}},
        " with a form",
    )
    call(
        HTTPBIN,
        _method,
        "/redirect-to?url=http%3A%2F%2FTWO%2Fanything&status_code=307",
        lambda: {"json": {"a": 1}, "auth": ("u", "p"), "headers": {"X-A": "1"}},
        " to the other",
    )
for _note, _options in {
    "form": lambda: {"data": {"a": ["1", "2"], "é": "☃"}}, "text": lambda: {"data": "é"}, "bytes": lambda: {"data": b"\x00\xff"}, "json": lambda: {"json": {"a": [1, None, "é"]}}, "file": lambda: {"data": io.BytesIO(b"file")}, "multipart": lambda: {"files": {"f": ("é.txt", io.BytesIO(b"x"), "text/plain")}, "data": {"a": "1"}}, "several files": lambda: {"files": [("f", ("1", b"1")), ("f", ("2", b"2"))]},
    "params": lambda: {"params": {"a": [1, 2], "b": "é ü"}}, "headers": lambda: {"headers": {"X-A": "1", "x-b": "two"}}, "cookies": lambda: {"cookies": {"a": "1", "b": "x y"}}, "auth": lambda: {"auth": ("us\xe9r", "p:w")}, "empty": lambda: {"data": b""},
}.items():  # fmt: skip
    call(HTTPBIN, "POST", "/anything", _options, f" {_note}")
    call(HTTPBIN, "GET", "/anything", _options, f" {_note}")
call(HTTPBIN, "POST", "/anything", lambda: {"data": iter([b"one", b"two"])}, " generator")
for _path, _headers in (
    ("/etag/abc", {"If-None-Match": "abc"}), ("/etag/abc", {"If-Match": "other"}), ("/cache", {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}), ("/range/1000", {"Range": "bytes=10-19"}), ("/range/1000", {"Range": "bytes=-5"}), ("/range/1000", {"Range": "bytes=2000-"}), ("/range/1000", {"Range": "bytes=5-, 1-2"}), ("/image", {"Accept": "image/webp"}), ("/image", {"Accept": "text/html"}), ("/bearer", {"Authorization": "Bearer t"}), ("/headers", {"Accept": None}), ("/gzip", {"Accept-Encoding": "identity", "Host": "httpbin.test"}),
):  # fmt: skip
    call(HTTPBIN, "GET", _path, lambda headers=_headers: {"headers": headers}, f" {_headers}")
for _path in ("/basic-auth/user/word", "/hidden-basic-auth/user/word"):
    for _word in ("word", "wrong"):
        call(HTTPBIN, "GET", _path, lambda word=_word: {"auth": ("user", word)}, f" by {_word}")


def _digest(qop: str, algorithm: str, word: str, stale: str = "", *, cookies: bool = False) -> Case:
    """Three calls with one Digest object; without the cookies that httpbin sets on the way, unless they are wanted."""
    headers = {
        "User-Agent": "battery",
        "Accept-Encoding": "identity",
        **({} if cookies else {"Cookie": "mine=1"}),
    }

    def case(peer: Peer) -> None:
        auth = peer.library.auth.HTTPDigestAuth("user", word)
        for _ in range(3):
            peer.get(f"/digest-auth/{qop}/user/word/{algorithm}{stale}", auth=auth, headers=headers)

    return case


for _algorithm in ("MD5", "SHA-256", "SHA-512"):
    HTTPBIN[f"digest {_algorithm}"] = _digest("auth", _algorithm, "word")
    HTTPBIN[f"digest {_algorithm}, a wrong password"] = _digest("auth", _algorithm, "wrong")
HTTPBIN["digest, any qop"] = _digest("any", "MD5", "word")
HTTPBIN["digest auth-int"] = _digest("auth-int", "MD5", "word")
HTTPBIN["digest with cookies"] = _digest("auth", "MD5", "word", cookies=True)
HTTPBIN["digest gone stale"] = _digest("auth", "MD5", "word", "/1", cookies=True)
HTTPBIN["cookies in a row"] = play(
    *_gets(
        "/cookies/set?a=1&b=2",
        "/cookies",
        "/cookies/set?a=3",
        "/cookies/delete?b",
        "/cookies",
        "http://TWO/cookies",
    ),
    ("GET", "/cookies", lambda: {"cookies": {"r": "1"}}),
    *_gets(
        "/response-headers?Set-Cookie=c%3D1%3B%20Path%3D%2Fcookies",
        "/cookies",
        "/cookies/delete?a",
        "/cookies",
    ),
)


def _joined(pieces: Iterable[Any]) -> Any:
    every = list(pieces)
    return type(every[0])().join(every)


def _streamed(peer: Peer) -> None:
    for path in (
        "/stream/5",
        "/range/1000?chunk_size=10&duration=0",
        "/stream-bytes/2000?seed=1&chunk_size=100",
        "/gzip",
        "/brotli",
        "/encoding/utf8",
        "/drip?numbytes=20&duration=0",
    ):
        for name, read in {
            "lines": lambda response: list(response.iter_lines()),
            "content": lambda response: b"".join(response.iter_content(100)),
            "text": lambda response: _joined(response.iter_content(7, decode_unicode=True)),
        }.items():
            response = peer.open(
                "GET",
                path,
                stream=True,
                headers={
                    "User-Agent": "battery",
                    "Accept-Encoding": "gzip",
                    "Host": "httpbin.test",
                },
            )
            peer.see(f"{name} of {path}", lambda read=read, response=response: read(response))
            response.close()


HTTPBIN["streamed"] = _streamed

_CONFIGURATION = r"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_timeout 3600; absolute_redirect off; default_type text/plain; gzip on; gzip_types text/plain; gzip_min_length 20;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{
    listen 127.0.0.1:{port}; root {folder}/files; client_max_body_size 100; large_client_header_buffers 4 2k;
    location /echo {{ return 200 "$request_method $request_uri $content_length $http_x_a $http_cookie $http_authorization"; }}
    location /echo-long {{ return 200 "$request_method $request_uri and enough text behind it to be worth compressing, compressing, compressing"; }}
    location /301-to {{ return 301 /echo?1; }} location /302-to {{ return 302 /echo?2; }} location /303-to {{ return 303 /echo?3; }}
    location /307-to {{ return 307 /echo?7; }} location /308-to {{ return 308 /echo?8; }} location /absolute {{ return 302 http://$http_host/echo; }}
    location /loop {{ return 302 /loop; }} location /closed {{ return 444; }} location /nothing {{ return 204; }}
    location /guarded {{ auth_basic "the realm"; auth_basic_user_file {folder}/users; try_files /small =404; }}
    location /fields {{ add_header X-A 1 always; add_header X-A 2 always; add_header Set-Cookie "a=1; Path=/"; add_header Set-Cookie "b=2; HttpOnly"; return 200 "fields"; }}
    location /utf-8 {{ charset utf-8; default_type text/html; return 200 "é☃"; }} location /koi {{ add_header Content-Type "text/plain; charset=koi8-r"; return 200 "x"; }}
    location /custom {{ error_page 404 =418 /small; return 404; }} location /418 {{ return 418 "teapot"; }} location /503 {{ return 503; }} location /499 {{ return 499; }}
    location /no-ranges {{ max_ranges 0; alias {folder}/files/small; }} location /old {{ add_header Last-Modified "Mon, 01 Jan 2001 00:00:00 GMT"; etag off; alias {folder}/files/small; }}
  }}
}}
"""


@pytest.fixture(scope="session")
def nginx_port(nginx: Nginx) -> Iterator[int]:
    """An nginx with more to ask for than the one of the other tests, which has shown that nginx is here."""
    program = shutil.which(
        "nginx", path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin:/opt/homebrew/bin"
    )
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="envoi-nginx-") as name:
        folder, (port,) = Path(name), _free_ports(1)
        folder.chmod(0o755)
        (folder / "files" / "folder").mkdir(parents=True)
        (folder / "files" / "small").write_bytes(b"small and short\n")
        (folder / "files" / "text").write_bytes(b"0123456789" * 100)
        (folder / "files" / "a b").write_bytes(b"a space")
        (folder / "users").write_text("user:{PLAIN}word\n")
        (folder / "nginx.conf").write_text(
            _CONFIGURATION.format(folder=folder, port=port), encoding="utf-8"
        )
        command = [program, "-p", name, "-c", f"{name}/nginx.conf", "-e", f"{name}/error.log"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            try:
                _wait_until_listening(process, port, folder / "error.log")
                yield port
            finally:
                process.terminate()
                process.wait(10)


for _path in (
    "/small", "/text", "/a b", "/a%20b", "/folder", "/folder/", "/", "/missing", "/../small", "/%2e%2e/small", "/small?x=1#y", "/echo", "/echo?a=1&a=2", "/echo/%2F%zz", "/echo/é", "/echo-long", "/absolute", "/loop", "/closed", "/nothing", "/guarded", "/fields", "/utf-8", "/koi", "/custom", "/418", "/503", "/499", "/no-ranges", "/old", "/301-to", "/302-to", "/303-to", "/307-to", "/308-to", "/" + "x" * 3000,
):  # fmt: skip
    call(NGINX, "GET", _path)
for _method in ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
    for _path in (
        "/small",
        "/echo",
        "/301-to",
        "/302-to",
        "/303-to",
        "/307-to",
        "/308-to",
        "/missing",
    ):
        call(NGINX, _method, _path)
for _method, _path in (
    ("POST", "/echo"),
    ("PUT", "/echo-long"),
    ("POST", "/307-to"),
    ("POST", "/302-to"),
    ("POST", "/small"),
):
    call(
        NGINX, _method, _path, lambda: {"data": {"a": "1"}, "headers": {"X-A": "x"}}, " with a form"
    )
call(NGINX, "POST", "/echo", lambda: {"data": iter([b"one", b"two"])}, " with a generator")
call(NGINX, "POST", "/small", lambda: {"data": b"x" * 101}, " with too much")
for _headers in (
    {"Range": "bytes=0-9"}, {"Range": "bytes=990-"}, {"Range": "bytes=-10"}, {"Range": "bytes=0-1,5-6"}, {"Range": "bytes=5000-"}, {"Range": "lines=1-2"}, {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, {"If-None-Match": "*"}, {"If-Match": '"x"'}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0"}, {"Accept-Encoding": None}, {"Host": "example.org"}, {"Host": ""}, {"Connection": "close"}, {"Connection": "Upgrade", "Upgrade": "x"}, {"X-Long": "x" * 3000}, {"TE": "trailers"},
):  # fmt: skip
    call(
        NGINX,
        "GET",
        "/text",
        lambda headers=_headers: {"headers": headers},
        f" {str(_headers)[:60]}",
    )
for _auth in (("user", "word"), ("user", "wrong"), ("other", "word")):
    call(NGINX, "GET", "/guarded", lambda auth=_auth: {"auth": auth}, f" by {_auth}")
NGINX["in a row"] = play(
    *_gets(
        "/fields",
        "/echo",
        "/small",
        "/text",
        "/302-to",
        "/missing",
        "/nothing",
        "/418",
        "http://TWO/echo",
        "/closed",
        "/echo",
    )
)
OVER_TLS: dict[str, Case] = {}
for _path in ("/small", "/text", "/302-to", "/absolute", "/missing", "/fields"):
    for _method in ("GET", "HEAD", "POST"):
        call(OVER_TLS, _method, f"https://TWO{_path}", lambda: {"verify": CA_PATH[0]})
CA_PATH = [""]
"""The authority of the certificates; a fixture puts it there."""


def _absent(*numbers: int) -> set[str]:
    return {
        f"wire.{number}.Authorization {name}"
        for number in numbers
        for name in (
            "username",
            "realm",
            "nonce",
            "uri",
            "response",
            "opaque",
            "algorithm",
            "qop",
            "nc",
            "cnonce",
        )
    }


def _algorithm_of(*numbers: int) -> set[str]:
    return {f"wire.{number}.Authorization algorithm" for number in numbers}


URL = {"url", "request.url", "request.path_url", "wire.line"}
FRAMED = "the second request is framed as the first was"
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **{f"digest {algorithm}": (_algorithm_of(2, 3, 4), "algorithm is not quoted (RFC 7616, section 3.4)") for algorithm in ("MD5", "SHA-256", "SHA-512")},
    "digest, any qop": (_algorithm_of(2, 3, 4), "as above"),
    "digest with cookies": (_algorithm_of(2, 3, 4) | {"wire.2.order"}, "as above; the order of fields with different names means nothing (RFC 9110, section 5.3)"),
    **{f"digest {algorithm}, a wrong password": (_absent(3, 5) | _algorithm_of(2, 4, 6) | {"2.history", "3.history"}, "an answer that was refused is not given unasked") for algorithm in ("MD5", "SHA-256", "SHA-512")},
    "digest auth-int": ({"1.status", "2.status", "3.status", "wire"}, "auth-int is understood"),
    "digest gone stale": ({"2.status", "wire.4.Cookie", "wire.5.Cookie", "wire.2.order", "wire.6.order"} | _algorithm_of(2, 3, 4, 5, 6), "a stale nonce is replaced at once (RFC 7616, section 3.3); requests gives the 401 out"),
    "GET /../small": ({"status", "wire.line"}, "the caller's path is kept"),
    "GET /%2e%2e/small": (URL, "the caller's escapes are kept"),
    "GET /echo/%2F%zz": (URL | {"content", "text"}, "the caller's escapes are kept, whatever else is in the URL"),
    **{f"{method} /301-to": ({"request.headers", "wire.2.order"}, FRAMED) for method in ("PUT", "PATCH", "PROPFIND")},
    **{f"{method} /301-to": ({"request.headers", "wire.2.Content-Length", "headers", "content", "text"}, FRAMED) for method in ("DELETE", "OPTIONS")},
    "GET /text {'Accept-Encoding': None}": ({"wire.Accept-Encoding"}, "http.client puts identity; None means none"),
    "in a row": ({"wire"}, "a request whose kept connection is closed without an answer is sent once more over a new one"),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.fixture(scope="session")
def httpbin_taps(httpbin: str) -> Callable[[], World]:
    port = int(httpbin.rpartition(":")[2])
    return lambda: Taps(port)


@pytest.fixture(scope="session")
def nginx_taps(nginx_port: int, ca: CertificateAuthority) -> Callable[[], World]:
    return lambda: Taps(nginx_port)


@pytest.fixture(scope="session")
def nginx_tls_taps(nginx_port: int, ca: CertificateAuthority) -> Callable[[], World]:
    CA_PATH[0] = ca.path
    certificate = ca.issue("localhost", "127.0.0.1")
    return lambda: Taps(nginx_port, certificate)


@pytest.mark.parametrize("name", HTTPBIN)
def test_httpbin_answers_both_alike(name: str, httpbin_taps: Callable[[], World]) -> None:
    assert_same(HTTPBIN[name], DIFFERENCES.get(name), httpbin_taps)


@pytest.mark.parametrize("name", NGINX)
def test_nginx_answers_both_alike(name: str, nginx_taps: Callable[[], World]) -> None:
    assert_same(NGINX[name], DIFFERENCES.get(name), nginx_taps)


@pytest.mark.parametrize("name", OVER_TLS)
def test_nginx_answers_both_alike_over_tls(name: str, nginx_tls_taps: Callable[[], World]) -> None:
    assert_same(OVER_TLS[name], DIFFERENCES.get(name), nginx_tls_taps)


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_httpbin_answers_every_colour_alike(
    colour: str, part: int, httpbin_taps: Callable[[], World]
) -> None:
    cases = {name: HTTPBIN[name] for name in list(HTTPBIN)[part::2]}
    assert_same_in_colour(cases, colour, httpbin_taps)


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_nginx_answers_every_colour_alike(
    colour: str, part: int, nginx_taps: Callable[[], World]
) -> None:
    assert_same_in_colour({name: NGINX[name] for name in list(NGINX)[part::2]}, colour, nginx_taps)


def test_every_difference_belongs_to_a_case() -> None:
    cases = HTTPBIN | NGINX | OVER_TLS
    assert DIFFERENCES.keys() <= cases.keys()
    assert len(cases) >= 300
