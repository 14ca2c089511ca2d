"""requests-file and requests-unixsocket: URLs of other kinds, by adapters; with the second, urllib3's pools carry the requests."""

from __future__ import annotations

import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest
import requests
import requests_unixsocket
from requests_file import FileAdapter

import envoi

assert requests.Session is envoi.Session


def test_a_file_is_read(tmp_path) -> None:
    path = tmp_path / "a file.txt"
    path.write_text("line one\nline two\n", encoding="utf-8")
    session = requests.Session()
    session.mount("file://", FileAdapter())
    response = session.get(path.as_uri())
    assert (response.status_code, response.ok, response.content) == (
        200,
        True,
        b"line one\nline two\n",
    )
    assert response.headers["Content-Length"] == "18"
    with session.get(path.as_uri(), stream=True) as response:
        assert list(response.iter_lines()) == [b"line one", b"line two"]
    assert session.head(path.as_uri()).status_code == 200
    missing = session.get((tmp_path / "missing").as_uri())
    assert (missing.status_code, missing.reason) == (
        404,
        f"[Errno 2] No such file or directory: '{tmp_path / 'missing'}'",
    )
    with pytest.raises(requests.HTTPError):
        missing.raise_for_status()
    with pytest.raises(ValueError, match="Invalid request method"):
        session.post(path.as_uri(), data="x")


@pytest.fixture
def socket_url(tmp_path):
    """A server that listens on a socket of the file system, and its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{self.command} {self.path} {self.headers['Host']}".encode()
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/there")
            else:
                self.send_response(200)
            length = int(self.headers.get("Content-Length") or 0)
            body += b" " + self.rfile.read(length) if length else b""
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", "flavour=mint; Path=/")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def address_string(self) -> str:
            return "local"

        def log_message(self, *_) -> None:
            """Nothing."""

    class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    path = str(tmp_path / "s")
    with UnixServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield "http+unix://" + path.replace("/", "%2F")
        server.shutdown()
        thread.join()


def test_a_socket_of_the_file_system(socket_url) -> None:
    session = requests_unixsocket.Session()
    response = session.get(socket_url + "/path?q=1")
    assert (response.status_code, response.text) == (200, "GET /path?q=1 localhost")
    assert response.url == socket_url + "/path?q=1"
    assert session.post(socket_url + "/post", data={"a": "1"}).text == "POST /post localhost a=1"
    with session.get(socket_url + "/streamed", stream=True) as response:
        assert b"".join(response.iter_content(5)) == b"GET /streamed localhost"
    assert requests_unixsocket.get(socket_url + "/function").text == "GET /function localhost"
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("http+unix://%2Fnowhere%2Fat%2Fall/path")


def test_all_of_requests_is_patched(socket_url) -> None:
    with requests_unixsocket.monkeypatch():
        assert requests.get(socket_url + "/patched").text == "GET /patched localhost"
    with pytest.raises(requests.exceptions.InvalidSchema):
        requests.get(socket_url + "/patched")
