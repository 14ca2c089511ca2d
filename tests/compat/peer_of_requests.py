"""The same call made with requests and with Envoi: what each sent, and what each gave back."""

from __future__ import annotations

import gzip
import re
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from envoi.testing import RawConnection, RawServer

COMPARED = (
    "error",
    "status",
    "reason",
    "headers",
    "content",
    "encoding",
    "text",
    "url",
    "history",
    "cookies",
    "method",
    "sent_url",
    "sent_body",
    "ok",
    "links",
    "redirects",
    "wire",
)


def observe(
    session: Any, server: RawServer, method: str, path: str, options: dict[str, Any]
) -> dict[str, Any]:
    """Everything that a user, and the server, can see of one call."""
    before = len(server.requests)
    seen: dict[str, Any] = dict.fromkeys(COMPARED)
    url = path if "://" in path or not path.startswith("/") else server.url + path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            response = session.request(method, url, **options)
    except Exception as error:
        seen["error"] = [
            one.__name__
            for one in type(error).__mro__
            if one.__module__.startswith(("requests", "envoi"))
        ]
    else:
        seen |= _of_response(response, server)
    seen["wire"] = [_normalised(one, server) for one in server.requests[before:]]
    return seen


def _of_response(response: Any, server: RawServer) -> dict[str, Any]:
    def local(url: str) -> str:
        return url.replace(server.url, "")

    sent_body = response.request.body
    return {
        "status": response.status_code,
        "reason": response.reason,
        "headers": sorted((name.lower(), value) for name, value in response.headers.items()),
        "content": response.content,
        "encoding": response.encoding,
        "text": response.text,
        "url": local(response.url),
        "history": [(local(one.url), one.status_code) for one in response.history],
        "cookies": dict(response.cookies),
        "method": response.request.method,
        "sent_url": local(response.request.url),
        "sent_body": sent_body
        if isinstance(sent_body, (bytes, str)) or sent_body is None
        else type(sent_body).__name__,
        "ok": response.ok,
        "links": response.links,
        "redirects": (response.is_redirect, response.is_permanent_redirect),
    }


def _normalised(request: bytes, server: RawServer) -> list[Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    kept = []
    for field in fields:
        name, _, value = field.partition(b": ")
        if name == b"User-Agent" and value.startswith((b"python-requests/", b"envoi/")):
            value = b"..."
        if name == b"Accept-Encoding" and value.startswith(b"gzip, deflate"):
            value = b"..."  # requests offers br and zstd only where their packages are installed
        kept.append((name, value.replace(str(server.port).encode(), b"PORT")))
    return [first, kept, _unchunked(body) if (b"Transfer-Encoding", b"chunked") in kept else body]


def _unchunked(body: bytes) -> bytes:
    return re.sub(rb"(?:^|\r\n)[0-9a-fA-F]+\r\n", b"|", body)


_GZIP = gzip.compress(b"hello gzip" * 10, mtime=0)
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00"


def _reply(status: str = "200 OK", body: bytes = b"", *fields: str, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status}", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _redirect(status: int, location: str, *fields: str, body: bytes = b"") -> bytes:
    return _reply(f"{status} Moved", body, f"Location: {location}", *fields)


REPLIES: dict[str, bytes] = {
    "/html": _reply("200 OK", "é".encode(), "Content-Type: text/html; charset=utf-8"),
    "/html-no-charset": _reply("200 OK", b"caf\xe9 au lait", "Content-Type: text/html"),
    "/latin": _reply("200 OK", b"caf\xe9", "Content-Type: text/plain; charset=iso-8859-1"),
    "/unknown-charset": _reply("200 OK", b"abc", "Content-Type: text/plain; charset=klingon"),
    "/quoted-charset": _reply("200 OK", "é".encode(), 'Content-Type: text/plain; charset="utf-8"'),
    "/json": _reply("200 OK", b'{"a": [1, 2, null]}', "Content-Type: application/json"),
    "/json-utf8": _reply("200 OK", '{"a": "é"}'.encode(), "Content-Type: application/json"),
    "/png": _reply("200 OK", _PNG, "Content-Type: image/png"),
    "/no-type": _reply("200 OK", b"plain"),
    "/empty": _reply("200 OK", b""),
    "/gzip": _reply("200 OK", _GZIP, "Content-Encoding: gzip", "Content-Type: text/plain"),
    "/x-gzip": _reply("200 OK", _GZIP, "Content-Encoding: x-gzip"),
    "/gzip-upper": _reply("200 OK", _GZIP, "Content-Encoding: GZIP"),
    "/deflate": _reply("200 OK", zlib.compress(b"hello deflate"), "Content-Encoding: deflate"),
    "/raw-deflate": _reply(
        "200 OK", zlib.compress(b"hello deflate")[2:-4], "Content-Encoding: deflate"
    ),
    "/double": _reply(
        "200 OK", gzip.compress(zlib.compress(b"twice"), mtime=0), "Content-Encoding: deflate, gzip"
    ),
    "/gzip-members": _reply("200 OK", _GZIP + _GZIP, "Content-Encoding: gzip"),
    "/identity": _reply("200 OK", b"as is", "Content-Encoding: identity"),
    "/unknown-coding": _reply("200 OK", b"as is", "Content-Encoding: rot13"),
    "/bad-gzip": _reply("200 OK", b"not gzip at all", "Content-Encoding: gzip"),
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    "/trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "/bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "/until-close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup to the end",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nshort",
    "/short-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhel",
    "/http10": b"HTTP/1.0 200 OK\r\n\r\nold",
    "/no-reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "/odd-reason": b"HTTP/1.1 200 Tr\xc3\xa8s bien\r\nContent-Length: 0\r\n\r\n",
    "/continue": b"HTTP/1.1 100 Continue\r\n\r\n" + _reply("200 OK", b"after 100"),
    "/multi": _reply("200 OK", b"", "X-A: 1", "x-a: 2", "Vary: a", "Vary: b"),
    "/empty-header": _reply("200 OK", b"", "X-Empty:"),
    "/latin-header": _reply("200 OK", b"", "X-Name: caf\xe9"),
    "/spaces-header": _reply("200 OK", b"", "X-S:    a b   "),
    "/link": _reply("200 OK", b"", 'Link: </2>; rel="next"; title="two", </9>; rel=last'),
    "/garbage": b"this is not HTTP\r\n\r\n",
    "/silent": b"",
    "/cookie": _reply("200 OK", b"", "Set-Cookie: a=1; Path=/"),
    "/cookies": _reply(
        "200 OK", b"", "Set-Cookie: a=1; Path=/", 'Set-Cookie: b="2 3"; Path=/; HttpOnly'
    ),
    "/cookie-path": _reply("200 OK", b"", "Set-Cookie: p=1; Path=/deep"),
    "/cookie-secure": _reply("200 OK", b"", "Set-Cookie: s=1; Path=/; Secure"),
    "/cookie-domain": _reply("200 OK", b"", "Set-Cookie: d=1; Path=/; Domain=example.org"),
    "/cookie-gone": _reply("200 OK", b"", "Set-Cookie: a=; Path=/; Max-Age=0"),
    "/cookie-expired": _reply(
        "200 OK", b"", "Set-Cookie: a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    ),
    "/cookie-redirect": _redirect(302, "/final", "Set-Cookie: r=1; Path=/"),
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/304": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    "/205": _reply("205 Reset Content"),
    "/401": _reply("401 Unauthorized", b"who?", 'WWW-Authenticate: Basic realm="x"'),
    "/404": _reply("404 Not Found", b"nothing"),
    "/418": _reply("418 I'm a teapot", b"short and stout"),
    "/500": _reply("500 Internal Server Error", b"oops"),
    "/503": _reply("503 Service Unavailable", b"later", "Retry-After: 1"),
    "/599": _reply("599 Odd", b"odd"),
    "/loop": _redirect(302, "/loop"),
    "/relative": _redirect(302, "final"),
    "/deep/relative": _redirect(302, "../final"),
    "/deep/dot": _redirect(302, "./x/./y"),
    "/query-only": _redirect(302, "?q=1"),
    "/fragment": _redirect(302, "/final#part"),
    "/scheme-relative": _redirect(302, "//127.0.0.1:PORT/final"),
    "/absolute": _redirect(302, "http://127.0.0.1:PORT/final?x=1"),
    "/space-location": _redirect(302, "/a b"),
    "/utf8-location": _redirect(302, "/caf\xc3\xa9"),
    "/percent-location": _redirect(302, "/a%20b%2Fc"),
    "/file-location": _redirect(302, "file:///etc/passwd"),
    "/ftp-location": _redirect(302, "ftp://127.0.0.1/x"),
    "/empty-location": _redirect(302, ""),
    "/no-location": _reply("302 Found", b"body"),
    "/300": _reply("300 Multiple Choices", b"", "Location: /final"),
    "/305": _reply("305 Use Proxy", b"", "Location: /final"),
    "/redirect-body": _redirect(302, "/final", body=b"moved"),
    "/redirect-gzip": _reply("302 Found", _GZIP, "Content-Encoding: gzip", "Location: /final"),
    "/two": _redirect(301, "/one"),
    "/one": _redirect(302, "/final"),
    "/final": _reply("200 OK", b"final", "Content-Type: text/plain"),
    **{f"/to-{status}": _redirect(status, "/final") for status in (301, 302, 303, 307, 308)},
}


def script(connection: RawConnection) -> None:
    """Answer by path; an unknown one gets a short text."""
    port = str(connection.socket.getsockname()[1]).encode()
    while True:
        request = connection.read_request()
        method, target, _ = request.split(b"\r\n")[0].split(b" ")
        reply = REPLIES.get(
            target.partition(b"?")[0].decode("latin-1"),
            _reply("200 OK", b"yes", "Content-Type: text/plain"),
        ).replace(b"PORT", port)
        if method == b"HEAD":
            reply = reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        if not reply:
            return
        connection.send(reply)
        if b"Connection: close" in reply or reply.startswith(b"HTTP/1.0") or target == b"/garbage":
            return


def requests_session() -> requests.Session:
    """A session of requests that the environment does not touch."""
    session = requests.Session()
    session.trust_env = False
    return session
