"""What requests does, Envoi does: each case is made with both, and every visible result compared."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from compat.peer_of_requests import COMPARED, observe, requests_session, script
from envoi.testing import RawServer
from peers.clients import Client

pytestmark = pytest.mark.timeout(30)

Options = Callable[[], dict[str, Any]]
CASES: dict[str, tuple[str, str, Options]] = {}


def case(name: str, method: str, path: str, options: Options = dict) -> None:
    assert name not in CASES
    CASES[name] = (method, path, options)


for _path in ("html", "html-no-charset", "latin", "unknown-charset", "quoted-charset", "json", "json-utf8", "png", "no-type", "empty", "gzip", "x-gzip",
              "gzip-upper", "deflate", "raw-deflate", "double", "gzip-members", "identity", "unknown-coding", "bad-gzip", "chunked", "trailers", "bad-chunk",
              "until-close", "short", "short-chunked", "http10", "no-reason", "odd-reason", "continue", "multi", "empty-header", "latin-header", "spaces-header",
              "link", "garbage", "silent", "cookie", "cookies", "cookie-path", "cookie-secure", "cookie-domain", "cookie-gone", "cookie-expired",
              "cookie-redirect", "204", "304", "205", "401", "404", "418", "500", "503", "599", "loop", "relative", "deep/relative", "deep/dot", "query-only",
              "fragment", "scheme-relative", "absolute", "space-location", "utf8-location", "percent-location", "file-location", "ftp-location",
              "empty-location", "no-location", "300", "305", "redirect-body", "redirect-gzip", "two"):  # fmt: skip
    case(f"GET {_path}", "GET", f"/{_path}")
for _method in (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "get",
    "Post",
    "custom",
):
    case(f"method {_method}", _method, "/method")
    case(f"method {_method} with a body", _method, "/method", lambda: {"data": b"body"})
for _status in (301, 302, 303, 307, 308):
    for _method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        case(
            f"{_status} {_method}",
            _method,
            f"/to-{_status}",
            lambda m=_method: (
                {"data": {"a": "1"}, "allow_redirects": True}
                if m in {"POST", "PUT"}
                else {"allow_redirects": True}
            ),
        )
case("redirects off", "GET", "/two", lambda: {"allow_redirects": False})
case("HEAD does not follow", "HEAD", "/two", lambda: {"allow_redirects": False})
case("redirect to ftp not followed", "GET", "/ftp-location", lambda: {"allow_redirects": False})
case("empty Location not followed", "GET", "/empty-location", lambda: {"allow_redirects": False})
case("307 with a file", "POST", "/to-307", lambda: {"data": io.BytesIO(b"file body")})
case("307 with JSON", "POST", "/to-307", lambda: {"json": {"a": 1}})
case("302 with JSON", "POST", "/to-302", lambda: {"json": {"a": 1}})
case("307 with a generator", "POST", "/to-307", lambda: {"data": _pieces()})
case("redirect with a fragment asked", "GET", "/to-302#part")
case(
    "redirect keeps headers",
    "GET",
    "/to-302",
    lambda: {"headers": {"X-Mine": "1", "Authorization": "Bearer t"}},
)
case("redirect keeps auth", "GET", "/to-302", lambda: {"auth": ("user", "pass")})
case("redirect drops params", "GET", "/to-302", lambda: {"params": {"a": 1}})
case("redirect with cookies of the request", "GET", "/to-302", lambda: {"cookies": {"c": "1"}})

PARAMS: dict[str, Any] = {
    "dict": {"a": 1, "b": "two"}, "list value": {"a": [1, 2, 3]}, "tuple value": {"a": (1, 2)}, "None": {"a": None, "b": 1}, "bool": {"a": True},
    "float": {"a": 1.5}, "empty string": {"a": ""}, "empty list": {"a": []}, "empty dict": {}, "pairs": [("a", 1), ("a", 2), ("b", 3)], "tuple of pairs": (("a", 1),),
    "text": "a=1&b=2", "text with spaces": "a b=c d", "bytes": b"a=1", "unicode": {"é": "ü", "雪": "☃"}, "bytes value": {"a": b"\xff\xfe"}, "bytes key": {b"k": "v"},
    "reserved": {"a": "x&y=z?#/+;%"}, "space": {"a b": "c d"}, "tilde": {"a": "~-._"}, "quotes": {"a": "\"'<>"}, "percent": {"a": "%20"}, "newline": {"a": "x\ny"},
    "emoji": {"a": "🦀"}, "brackets": {"a[]": [1, 2]}, "slash": {"a": "/"}, "numbers": {1: 2}, "none list": {"a": [None, 1]}, "generator": None,
}  # fmt: skip
for _name, _value in PARAMS.items():
    case(
        f"params {_name}",
        "GET",
        "/p",
        (lambda: {"params": {"a": (str(n) for n in range(3))}})
        if _name == "generator"
        else (lambda value=_value: {"params": value}),
    )
case("params added to a query", "GET", "/p?x=1", lambda: {"params": {"a": 2}})
case("params before a fragment", "GET", "/p#frag", lambda: {"params": {"a": 2}})
case("params after an empty query", "GET", "/p?", lambda: {"params": {"a": 2}})


def _pieces() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


DATA: dict[str, Options] = {
    "dict": lambda: {"data": {"a": 1, "b": "two"}}, "list value": lambda: {"data": {"a": [1, 2]}}, "pairs": lambda: {"data": [("a", 1), ("a", 2)]},
    "unicode": lambda: {"data": {"é": "ü"}}, "None value": lambda: {"data": {"a": None, "b": 1}}, "text": lambda: {"data": "a=1"}, "unicode text": lambda: {"data": "é"},
    "bytes": lambda: {"data": b"\x00\xff"}, "empty bytes": lambda: {"data": b""}, "empty text": lambda: {"data": ""}, "empty dict": lambda: {"data": {}},
    "BytesIO": lambda: {"data": io.BytesIO(b"file")}, "BytesIO in the middle": lambda: {"data": _sought()}, "StringIO": lambda: {"data": io.StringIO("text")},
    "empty BytesIO": lambda: {"data": io.BytesIO()}, "generator": lambda: {"data": _pieces()}, "iterator": lambda: {"data": iter([b"a", b"bc"])},
    "bytearray": lambda: {"data": bytearray(b"array")}, "memoryview": lambda: {"data": memoryview(b"view")}, "json": lambda: {"json": {"a": [1, None, "é"]}},
    "json list": lambda: {"json": [1, 2]}, "json text": lambda: {"json": "x"}, "json 0": lambda: {"json": 0}, "json False": lambda: {"json": False},
    "json empty": lambda: {"json": {}}, "json empty list": lambda: {"json": []}, "json and data": lambda: {"json": {"a": 1}, "data": {"b": 2}},
    "json and empty data": lambda: {"json": {"a": 1}, "data": {}}, "json NaN": lambda: {"json": float("nan")}, "json of an object": lambda: {"json": object()},
    "json with own type": lambda: {"json": {}, "headers": {"Content-Type": "application/vnd.x+json"}}, "dict with own type": lambda: {"data": {"a": 1}, "headers": {"content-type": "text/x"}},
    "bytes with own length": lambda: {"data": b"abc", "headers": {"Content-Length": "3"}}, "special characters": lambda: {"data": {"a": "x&y=z +%"}}, "text in a form": lambda: {"data": {"a": b"\xff"}},
}  # fmt: skip
for _name, _options in DATA.items():
    case(f"data {_name}", "POST", "/d", _options)
case("GET with data", "GET", "/d", lambda: {"data": {"a": 1}})
case("GET with json", "GET", "/d", lambda: {"json": {"a": 1}})
case("DELETE with json", "DELETE", "/d", lambda: {"json": {"a": 1}})


def _sought() -> io.BytesIO:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    return file


HEADERS: dict[str, Any] = {
    "one": {"X-One": "1"}, "several": {"X-One": "1", "X-Two": "2"}, "bytes": {"X-B": b"bytes"}, "override": {"User-Agent": "mine", "Accept": "text/html"},
    "override in lower case": {"user-agent": "mine"}, "None takes out": {"Accept": None, "User-Agent": None}, "None for Accept-Encoding": {"Accept-Encoding": None}, "Host": {"Host": "example.org"},
    "Connection": {"Connection": "close"}, "empty value": {"X-E": ""}, "latin": {"X-L": "caf\xe9"}, "inner spaces": {"X-S": "a b"}, "leading space": {"X-S": " a"}, "trailing space": {"X-S": "a "},
    "line break": {"X-S": "a\r\nb: c"}, "bad name": {"X S": "a"}, "number": {"X-N": 1}, "wide": {"X-W": "☃"}, "colon in the name": {"X:Y": "1"}, "Authorization": {"Authorization": "Bearer x"}, "Cookie": {"Cookie": "a=b"},
    "bytes name": {b"X-N": "v"}, "empty name": {"": "x"}, "folded": {"X-F": "a\n b"}, "Content-Length on GET": {"Content-Length": "0"}, "tab": {"X-T": "a\tb"},
}  # fmt: skip
for _name, _value in HEADERS.items():
    case(f"headers {_name}", "GET", "/h", lambda value=_value: {"headers": value})
for _name, _value in {
    "one": {"a": "1"},
    "two": {"b": "2", "a": "1"},
    "quoted": {"a": "x y"},
    "comma": {"a": "1,2"},
    "empty": {"a": ""},
    "with Cookie header": {"a": "1"},
}.items():
    case(
        f"cookies {_name}",
        "GET",
        "/c",
        lambda name=_name, value=_value: {
            "cookies": value,
            **({"headers": {"Cookie": "h=1"}} if "header" in name else {}),
        },
    )
for _name, _value in {
    "pair": ("user", "pass"),
    "bytes": (b"user", b"pass"),
    "latin": ("us\xe9r", "p\xe4ss"),
    "colon": ("user", "pa:ss"),
    "empty": ("", ""),
    "wide": ("☃", "x"),
    "list": ["user", "pass"],
}.items():
    case(f"auth {_name}", "GET", "/a", lambda value=_value: {"auth": value})
case(
    "auth over a header",
    "GET",
    "/a",
    lambda: {"auth": ("user", "pass"), "headers": {"Authorization": "Bearer x"}},
)
case("auth in the URL", "GET", "http://user:p%40ss@127.0.0.1:PORT/a")
case(
    "auth in the URL and given",
    "GET",
    "http://user:pass@127.0.0.1:PORT/a",
    lambda: {"auth": ("other", "word")},
)
case("user alone in the URL", "GET", "http://user@127.0.0.1:PORT/a")

URLS = (
    "", "/", "//", "/a/../b", "/a/./b", "/a//b", "/a b", "/é", "/%C3%A9", "/%c3%a9", "/%zz", "/%", "/a%2Fb", "/a%20b", "/~user", "/a;b=c", "/a,b", "/a:b", "/@x", "/a+b", "/(a)", "/[a]", "/a|b", "/{a}", "/a\\b",
    "/a^b", "/a`b", '/a"b', "/<a>", "/'a'", "/!$&*", "?a=1", "?a b", "?é=ü", "?a=%20", "?a='x'", "?a=[1]", "?a={x}", "?a|b", "?a=b?c=d", "?a#b", "#frag", "/a#b c", "?", "/a?b=c&b=d&&", "/☃", "?q=☃", "/a\tb", "/a\nb",
)  # fmt: skip
for _url in URLS:
    case(f"URL path {_url!a}", "GET", f"http://127.0.0.1:PORT{_url}")
for _url in ("127.0.0.1:PORT/x", "", "http://", "http:///x", "http://[::1", "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "://x", "http//x", "mailto:a@b", "http://*x/", "http://.example/", "http://a b/",
             "HTTP://127.0.0.1:PORT/x", " http://127.0.0.1:PORT/x", "http://127.0.0.1:PORT/x ", "http:127.0.0.1:PORT/x", "/x", "x", "http://:80/", "http://127.0.0.1:/", "http://\u2603.invalid\u0000/", "http://127.0.0.1:1/"):  # fmt: skip
    case(f"URL {_url!a}", "GET", _url if _url != "/x" else "no-scheme/x")

DIFFERENCES: dict[str, tuple[set[str], str]] = {
    "GET cookie-secure": (
        {"cookies"},
        "a Secure cookie that came over plain http is not kept (RFC 6265bis, section 5.7)",
    ),
    "GET spaces-header": (
        {"headers"},
        "white space around a value is not part of it (RFC 9110, section 5.5)",
    ),
    "307 with a generator": (
        {"error"},
        "requests sends the used-up generator as an empty body; that would be a lie",
    ),
    "301 PUT": (
        {"sent_body", "wire"},
        "a method that is not rewritten keeps its body (RFC 9110, section 15.4.2)",
    ),
    "301 DELETE": ({"wire"}, "the second request is framed as the first was"),
    "data json of an object": ({"error"}, "requests lets a bare TypeError through"),
    "GET link": (
        {"links"},
        "links are resolved against the response's URL (RFC 8288, section 3.1)",
    ),
    "data json and data": ({"error"}, "requests drops the JSON without a word"),
    "headers trailing space": (
        {"wire"},
        "white space around a value is not part of it (RFC 9110, section 5.5)",
    ),
    "headers bad name": ({"error"}, "a name that is no token is not sent (RFC 9110, section 5.1)"),
    "headers wide": ({"error"}, "requests lets a bare UnicodeEncodeError through"),
    "headers None takes out": ({"wire"}, "urllib3 puts a User-Agent of its own; None means none"),
    "headers None for Accept-Encoding": ({"wire"}, "http.client puts identity; None means none"),
    "auth wide": (
        {"error"},
        "requests cannot encode it; UTF-8 is what RFC 7617, section 2.1 names",
    ),
    "auth list": ({"error"}, "a list of two is as good as a tuple"),
    "user alone in the URL": (
        {"wire"},
        "a user without a password is still a user: curl and browsers send it",
    ),
    "URL path '/%c3%a9'": ({"sent_url", "url", "wire"}, "the caller's escapes are kept"),
    "URL path '/a/../b'": ({"sent_url", "url", "wire"}, "the caller's path is kept"),
    "URL path '/a/./b'": ({"sent_url", "url", "wire"}, "the caller's path is kept"),
    "URL path '?'": ({"sent_url", "url", "wire"}, "the caller's empty query is kept"),
    r"URL path '/a\tb'": ({"error"}, "control characters in a URL are refused"),
    r"URL path '/a\nb'": ({"error"}, "control characters in a URL are refused"),
    "URL 'http://127.0.0.1:PORT/x '": (
        {"sent_url", "url", "wire"},
        "a space at the end is no part of a URL, as one at the start",
    ),
}
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", CASES)
def test_same_as_requests(name: str) -> None:
    with RawServer(script) as recorder, requests_session() as session:
        theirs = _observed(session, recorder, name)
        with Client("sync") as client:
            ours = _observed(client, recorder, name)
    if theirs["error"] and ours["error"] and theirs["error"][0] in ours["error"]:
        ours["error"] = theirs["error"]  # the same class, or a more precise one below it
    if (ours["error"] is None) != (theirs["error"] is None):
        different = {"error"}
    else:
        different = {field for field in COMPARED if ours[field] != theirs[field]}
    expected, _ = DIFFERENCES.get(name, (set(), ""))
    assert different == expected, "\n".join(
        f"{field}:\n  requests {theirs[field]!r}\n  envoi    {ours[field]!r}"
        for field in sorted(different ^ expected)
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str, part: int) -> None:
    differences = []
    for name in list(CASES)[part::4]:
        with RawServer(script) as recorder, Client("sync") as sync_client, Client(colour) as client:
            expected, seen = (
                _observed(sync_client, recorder, name),
                _observed(client, recorder, name),
            )
        differences += [
            f"{name}: {field}: {expected[field]!r}, {seen[field]!r}"
            for field in COMPARED
            if expected[field] != seen[field]
        ]
    assert not differences, "\n".join(differences)


def _observed(session: Any, recorder: RawServer, name: str) -> dict[str, Any]:
    method, path, options = CASES[name]
    return observe(session, recorder, method, path.replace("PORT", str(recorder.port)), options())


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= CASES.keys()
    assert len(CASES) >= 150
