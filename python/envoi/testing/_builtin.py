"""The ready-made paths of the test server: enough of a web site to show what a client does."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from envoi.testing._messages import Answer, Answerable, Headers, Request
from envoi.testing._routes import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NO_HEADERS = Headers()
_PIECE = 64 * 1024
_BLOCK = bytes(range(256)) * (_PIECE // 256)
_MAX_BYTES = 10 * 1024**3
_HTML = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A test server</title></head>
<body>
<h1>It works</h1>
<p>This page comes from a small server inside the test process.</p>
<ul>
{paths}
</ul>
</body>
</html>
"""


def router() -> Router[Callable[[Request], Answerable]]:
    """A new table of the ready-made paths."""
    table: Router[Callable[[Request], Answerable]] = Router()
    for pattern, methods, handler in _ROUTES:
        table.add(pattern, methods.split(), handler)
    return table


def _page(_: Request) -> Answerable:
    return _HTML.format(
        paths="\n".join(
            f"<li><code>{pattern.replace('<', '&lt;')}</code></li>" for pattern, *_ in _ROUTES
        )
    )


def _echo(request: Request) -> dict[str, Any]:
    return {
        "args": request.args,
        "data": "" if request.form() or request.files() else request.text(),
        "files": {
            name: content.decode("utf-8", "replace")
            for name, (_, content) in request.files().items()
        },
        "form": request.form(),
        "headers": request.headers.as_dict(),
        "json": _json_or_none(request),
        "method": request.method,
        "origin": request.peer[0],
        "url": request.url,
    }


def _json_or_none(request: Request) -> Any:
    try:
        return request.json() if request.body else None
    except ValueError:
        return None


def _headers(request: Request) -> Answerable:
    return {"headers": request.headers.as_dict()}


def _status(request: Request) -> Answerable:
    status = _number(request, "code", 999)
    if status in {301, 302, 303, 307, 308}:
        return Answer(status, headers=[("Location", "/get")])
    reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return Answer(status, f"{status} {reason}".rstrip() + "\n")


def _redirect(request: Request) -> Answerable:
    count = _number(request, "count", 1000)
    return Answer(302, headers=[("Location", f"/redirect/{count - 1}" if count > 1 else "/get")])


def _redirect_to(request: Request) -> Answerable:
    fields = dict(parse_qsl(request.query))
    return Answer(
        int(fields.get("status_code", "302")), headers=[("Location", fields.get("url", "/get"))]
    )


def _cookies(request: Request) -> Answerable:
    return {"cookies": request.cookies}


def _set_cookies(request: Request) -> Answerable:
    fields = [("Set-Cookie", f"{name}={value}; Path=/") for name, value in parse_qsl(request.query)]
    return Answer(302, headers=[*fields, ("Location", "/cookies")])


def _delete_cookies(request: Request) -> Answerable:
    fields = [
        ("Set-Cookie", f"{name}=; Path=/; Max-Age=0")
        for name, _ in parse_qsl(request.query, keep_blank_values=True)
    ]
    return Answer(302, headers=[*fields, ("Location", "/cookies")])


def _delay(request: Request) -> Answerable:
    answer = Answer(200, _echo(request))
    answer.delay = min(float(request.parameters["seconds"]), 60.0)
    return answer


def _bytes(request: Request) -> Answerable:
    return b"".join(_block_pieces(_number(request, "count", 100 * 1024**2)))


def _download(request: Request) -> Answerable:
    size = _number(request, "count", _MAX_BYTES)
    headers = [("Content-Length", str(size)), ("Content-Type", "application/octet-stream")]
    return Answer(200, headers=headers, chunks=_block_pieces(size))


def _stream(request: Request) -> Answerable:
    count = _number(request, "count", 1_000_000)
    lines = (
        json.dumps({"id": index, "url": request.url}).encode() + b"\n" for index in range(count)
    )
    return Answer(200, headers=[("Content-Type", "application/x-ndjson")], chunks=lines)


def _drip(request: Request) -> Answerable:
    fields = dict(parse_qsl(request.query))
    size, seconds = int(fields.get("numbytes", "10")), float(fields.get("duration", "2"))
    return Answer(
        200, b"*" * size, delay=float(fields.get("delay", "0")), trickle=(1, seconds / max(size, 1))
    )


def _gzip(request: Request) -> Answerable:
    body = gzip.compress(json.dumps({"gzipped": True, **_echo(request)}).encode())
    return Answer(200, body, [("Content-Encoding", "gzip"), ("Content-Type", "application/json")])


def _deflate(request: Request) -> Answerable:
    body = zlib.compress(json.dumps({"deflated": True, **_echo(request)}).encode())
    return Answer(
        200, body, [("Content-Encoding", "deflate"), ("Content-Type", "application/json")]
    )


def _basic_auth(request: Request) -> Answerable:
    user, password = request.parameters["user"], request.parameters["password"]
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if request.headers.get("authorization") != expected:
        return Answer(
            401,
            {"authenticated": False},
            [("WWW-Authenticate", 'Basic realm="test", charset="UTF-8"')],
        )
    return {"authenticated": True, "user": user}


def _bearer(request: Request) -> Answerable:
    scheme, _, token = request.headers.get("authorization").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return Answer(401, {"authenticated": False}, [("WWW-Authenticate", "Bearer")])
    return {"authenticated": True, "token": token}


def _response_headers(request: Request) -> Answerable:
    fields = parse_qsl(request.query)
    return Answer(200, dict(fields), fields)


def _number(request: Request, name: str, most: int) -> int:
    return max(0, min(int(request.parameters[name]), most))


def _block_pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // _PIECE):
        yield _BLOCK
    if size % _PIECE:
        yield _BLOCK[: size % _PIECE]


_ROUTES: list[tuple[str, str, Callable[[Request], Answerable]]] = [
    ("/", "GET", _page),
    ("/get", "GET", _echo),
    ("/post", "POST", _echo),
    ("/put", "PUT", _echo),
    ("/patch", "PATCH", _echo),
    ("/delete", "DELETE", _echo),
    ("/anything", "*", _echo),
    ("/anything/<path...>", "*", _echo),
    ("/headers", "GET", _headers),
    ("/response-headers", "GET", _response_headers),
    ("/status/<code>", "*", _status),
    ("/redirect/<count>", "GET", _redirect),
    ("/redirect-to", "*", _redirect_to),
    ("/cookies", "GET", _cookies),
    ("/cookies/set", "GET", _set_cookies),
    ("/cookies/delete", "GET", _delete_cookies),
    ("/basic-auth/<user>/<password>", "GET", _basic_auth),
    ("/bearer", "GET", _bearer),
    ("/delay/<seconds>", "*", _delay),
    ("/drip", "GET", _drip),
    ("/bytes/<count>", "GET", _bytes),
    ("/download/<count>", "GET", _download),
    ("/stream/<count>", "GET", _stream),
    ("/gzip", "GET", _gzip),
    ("/deflate", "GET", _deflate),
]
