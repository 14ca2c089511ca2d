"""What a response tells, with requests and with Envoi: encoding, text, JSON, links, headers, errors for statuses; and responses pickled."""

from __future__ import annotations

import codecs
import json
import pickle
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest

from compat.differential_support import (
    Case,
    Peer,
    Reply,
    World,
    assert_same,
    assert_same_in_colour,
    reply,
)

pytestmark = pytest.mark.timeout(30)

_FRENCH = "L'été dernier, nous avons mangé des crêpes à la crème près de la forêt. " * 5
_JAPANESE = "これは日本語の文章です。今日は天気がいいので、散歩に行きました。" * 5
_RUSSIAN = "Это русский текст, который достаточно длинный для определения кодировки. " * 5
# Bodies, and what Content-Type says of them.
TEXTS: dict[str, tuple[bytes, str | None]] = {
    "ASCII": (b"plain text", None), "UTF-8": (_FRENCH.encode(), None), "UTF-8 with a mark": (codecs.BOM_UTF8 + "é".encode(), None), "UTF-16 with a mark": ("text é".encode("utf-16"), None), "UTF-32 with a mark": ("text é".encode("utf-32"), None), "French in Latin-1": (_FRENCH.encode("latin-1"), None), "Japanese in Shift-JIS": (_JAPANESE.encode("shift-jis"), None),
    "Japanese in EUC": (_JAPANESE.encode("euc-jp"), None), "Russian in Windows-1251": (_RUSSIAN.encode("cp1251"), None), "Russian in KOI8-R": (_RUSSIAN.encode("koi8-r"), None), "binary": (bytes(range(256)) * 4, None), "NULs": (b"\x00" * 20, None), "HTML that says so": (b'<meta charset="iso-8859-15">\xa4', "text/html"), "XML that says so": (b'<?xml version="1.0" encoding="latin-1"?>\xe9', "application/xml"),
    **{content_type: ("é".encode(), content_type) for content_type in (
        "text/html", "text/plain; charset=utf-8", "TEXT/PLAIN; CHARSET=UTF-8", 'text/plain; charset="utf-8"', "text/plain; charset='utf-8'", "text/plain;charset=utf-8", "text/plain; charset = utf-8", "text/plain; charset=", 'text/plain; charset=""', "text/plain; charset=utf8", "text/plain; charset=klingon", "text/plain; charset=utf-8; charset=latin-1", "text/plain; format=flowed; charset=utf-8",
        "text/plain; format=flowed", "text/plain;", ";charset=utf-8", "charset=utf-8", "application/json", "application/json; charset=latin-1", "application/vnd.api+json", "application/x-json", "application/jsonp", "text/json", "application/xml", "image/svg+xml", "application/octet-stream", "multipart/mixed; boundary=x", "x", "text", " text/plain ; charset=utf-8 ", "text/plain, text/html; charset=utf-8", "text/plain; charset=utf-16", "text/plain; charset=ascii",
        "text/plain; charset=hex", "text/plain; charset=idna", "text/plain; charset=undefined", "text/plain; charset=utf-8\t", 'text/plain; a="b;charset=x"; charset=utf-8', "text/plain; charset=\xe9",
    )},
}  # fmt: skip
JSONS: dict[str, bytes] = {
    "object": b'{"a": [1, 2.5, null, true, "x"]}', "text": b'"x"', "number": b"1", "nothing": b"", "spaces": b"  ", "broken": b'{"a": ', "more behind": b"{} {}", "no JSON": b"<html>", "NaN": b"[NaN, Infinity, -Infinity]", "doubled key": b'{"a": 1, "a": 2}', "single quotes": b"{'a': 1}", "trailing comma": b"[1,]", "long number": b"1234567890123456789012345678901234567890",
    "escapes": rb'"\u00e9\ud83e\udd80"', "lone surrogate": rb'"\ud83e"', "control character": b'"a\nb"', "UTF-8": '"é"'.encode(), "UTF-8 with a mark": codecs.BOM_UTF8 + b'{"a": 1}', "UTF-16": '{"a": "é"}'.encode("utf-16"), "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"), "UTF-16 the other way round": '{"a": 1}'.encode("utf-16-be"), "UTF-32": '{"a": 1}'.encode("utf-32"), "UTF-32 without a mark": '{"a": 1}'.encode("utf-32-be"),
    "Latin-1": b'"caf\xe9"', "broken UTF-8": b'{"a": "\xff"}', "line ends": b"{\r\n}\r\n", "deep": b"[" * 100_000,
}  # fmt: skip
LINKS: dict[str, str] = {
    "one": '</2>; rel="next"', "two": '</2>; rel="next", </9>; rel="last"', "no relation": "</2>", "unquoted": "</2>; rel=next", "title": '</2>; rel=next; title="a, b"', "several relations": '</2>; rel="next last"', "two of a relation": "</2>; rel=next, </3>; rel=next", "upper case": "</2>; REL=next", "comma in the URL": "</a,b>; rel=next", "semicolon in the URL": "</a;b>; rel=next",
    "no brackets": "/2; rel=next", "no semicolon": "</2> rel=next", "empty": "", "comma alone": ",", "equals in a value": '</2>; rel=next; x="a=b"', "no value": "</2>; rel", "spaces": '  < /2 > ;  rel = "next"  ', "single quotes": "</2>; rel='next'", "no space behind the comma": "</2>; rel=next,</3>; rel=last", "encoded title": "</2>; rel=next; title*=UTF-8''%e2%82%ac", "long": ", ".join(f"</{number}>; rel=r{number}" for number in range(50)),
}  # fmt: skip
STATUSES = (
    200,
    201,
    299,
    300,
    304,
    399,
    400,
    401,
    403,
    404,
    418,
    429,
    451,
    499,
    500,
    502,
    503,
    599,
    600,
    999,
    100_0,
)
REASONS = {
    "plain": "Not Found",
    "empty": "",
    "wide": "Pas trouv\xc3\xa9",
    "latin": "Pas trouv\xe9",
    "spaces": "  Not   Found  ",
    "long": "x" * 500,
}
REPLIES: dict[str, Reply] = {
    **{f"/text/{number}": reply("200 OK", body, *([] if content_type is None else [f"Content-Type: {content_type}"])) for number, (body, content_type) in enumerate(TEXTS.values())},
    **{f"/json/{number}": reply("200 OK", body, "Content-Type: application/json") for number, body in enumerate(JSONS.values())},
    **{f"/link/{number}": reply("200 OK", b"", f"Link: {value}") for number, value in enumerate(LINKS.values())},
    **{f"/status/{status}": reply(f"{status} Reason of it", b"" if status == 304 else b"body") for status in STATUSES},
    **{f"/reason/{number}": reply(f"404 {text}", b"") for number, text in enumerate(REASONS.values())},
    "/two-links": reply("200 OK", b"", "Link: </2>; rel=next", "Link: </9>; rel=last"),
    "/two-types": reply("200 OK", "é".encode(), "Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=latin-1"),
    "/headers": reply("200 OK", b"", "X-One: 1", "x-one: 2", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/", "UPPER: 1", "X-Empty:", "X-Spaces:   a  b   ", "X-Latin: \xe9", "X-Utf: \xc3\xa9", "X-Comma: a, b", "x_under: 1", "Date: Mon, 01 Jan 2024 00:00:00 GMT"),
    "/folded": b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\n\tc\r\nContent-Length: 0\r\n\r\n",
    "/to-404": reply("302 Found", b"", "Location: /status/404"),
}  # fmt: skip
CASES: dict[str, Case] = {}
SYNC: dict[str, Case] = {}
"""Cases that need the synchronous response itself."""


def make_world() -> World:
    return World(REPLIES)


def asking(
    name: str, path: str, *questions: Callable[[Any], Any], cases: dict[str, Case] = CASES
) -> None:
    """One call, and what its response says to each question, by the question's number when there are several."""
    assert name not in CASES.keys() | SYNC.keys()

    def play(peer: Peer) -> None:
        response = _itself(peer.open("GET", path))
        for number, question in enumerate(questions, 1):
            peer.see(str(number), lambda question=question: question(response))

    cases[name] = play


def _itself(response: Any) -> Any:
    """The response of an asynchronous session, without what waits for it: these questions need no waiting."""
    return getattr(response, "response", response)


def _with_encoding(encoding: Any) -> Callable[[Any], Any]:
    def read(response: Any) -> Any:
        response.encoding = encoding
        return response.text

    return read


def _json_error(response: Any) -> Any:
    try:
        return response.json()
    except ValueError as error:
        return (
            str(error).partition("; the answer was ")[0],  # which requests does not tell
            error.doc,
            error.pos,
            error.lineno,
            error.colno,
            error.msg,
            isinstance(error, json.JSONDecodeError),
        )  # type: ignore[attr-defined]


for _number, _name in enumerate(TEXTS):
    asking(
        f"text: {_name}",
        f"/text/{_number}",
        lambda response: response.encoding,
        lambda response: response.text,
        lambda response: response.apparent_encoding,
    )
for _number, _name in enumerate(("ASCII", "UTF-8")):
    for _encoding in ("utf-8", "latin-1", "utf-16", "klingon", "", None, "ASCII"):
        asking(
            f"{_name} read as {_encoding!r}",
            f"/text/{_number}",
            _with_encoding(_encoding),
            lambda response: response.encoding,
        )
asking("apparent encoding of nothing", "/empty", lambda response: response.apparent_encoding)
asking(
    "two types", "/two-types", lambda response: response.encoding, lambda response: response.text
)
for _number, _name in enumerate(JSONS):
    asking(f"JSON: {_name}", f"/json/{_number}", lambda response: response.json(), _json_error)
asking(
    "JSON with options",
    "/json/0",
    lambda response: str(response.json(parse_float=lambda text: f"<{text}>")),
    lambda response: response.json(object_pairs_hook=list),
    lambda response: response.json(no_such=1),
)
asking(
    "JSON with an encoding",
    "/json/22",
    lambda response: _set(response, "latin-1").json(),
    lambda response: _set(response, "utf-8").json(),
    lambda response: _set(response, "klingon").json(),
)
for _number, _name in enumerate(LINKS):
    asking(f"links: {_name}", f"/link/{_number}", lambda response: _links(response))
asking("links: two fields", "/two-links", lambda response: _links(response))


def _links(response: Any) -> dict[str, Any]:
    """The links, whose URLs requests leaves relative."""
    return {
        name: {**link, "url": urljoin(response.url, link["url"])}
        for name, link in response.links.items()
    }


def _set(response: Any, encoding: str) -> Any:
    response.encoding = encoding
    return response


def _raised(peer: Peer, response: Any) -> Any:
    try:
        return response.raise_for_status() and None  # requests returns nothing
    except peer.library.HTTPError as error:
        return (
            peer.world.local(str(error)),
            error.response is response,
            error.request is response.request,
            isinstance(error, OSError),
        )


def _statuses(peer: Peer) -> None:
    for path in (
        *(f"/status/{status}" for status in STATUSES[:-1]),
        *(f"/reason/{number}" for number in range(len(REASONS))),
        "/to-404",
        "/status/404?secret=1",
    ):
        response = _itself(peer.open("GET", path))
        peer.see(
            path,
            lambda response=response: (
                response.status_code,
                response.reason,
                response.ok,
                bool(response),
                repr(response),
                response.is_redirect,
                response.is_permanent_redirect,
                _raised(peer, response),
            ),
        )


def _four_digits(peer: Peer) -> None:
    peer.get("/status/1000")


CASES |= {"statuses": _statuses, "a status of four digits": _four_digits}
asking(
    "headers", "/headers", lambda response: response.headers["X-ONE"], lambda response: response.headers["set-cookie"], lambda response: response.headers.get("missing", "none"), lambda response: "x-latin" in response.headers, lambda response: len(response.headers), lambda response: list(response.headers), lambda response: list(response.headers.values()), lambda response: list(response.headers.items()), lambda response: response.headers["missing"],
    lambda response: dict(response.headers), lambda response: response.headers == {name.upper(): value for name, value in response.headers.items()}, lambda response: list(response.headers.lower_items()), lambda response: sorted(response.cookies.items()), lambda response: response.headers["x-utf"], lambda response: response.headers.copy() == response.headers, lambda response: response.headers.pop("UPPER"), lambda response: response.headers.setdefault("New", "1"),
)  # fmt: skip
CASES["a folded header"] = lambda peer: peer.get("/folded")
asking(
    "iteration and truth",
    "/status/404",
    bool,
    lambda response: list(response),
    lambda response: repr(response),
    cases=SYNC,
)
asking(
    "types",
    "/two",
    lambda response: type(response.elapsed).__name__,
    lambda response: response.elapsed.total_seconds() > 0,
    lambda response: type(response.history),
    lambda response: type(response.content),
    lambda response: type(response.url),
    lambda response: response.raw is not None,
    lambda response: response.connection is not None,
    lambda response: type(response.request).__name__,
    lambda response: sorted(response.__attrs__),
    lambda response: response.next,
    cases=SYNC,
)


def _pickled(path: str, *, stream: bool = False) -> Case:
    def play(peer: Peer) -> None:
        response = peer.open("GET", path, stream=stream, headers={"X-Mine": "1"})
        copy = peer.see("pickled", lambda: pickle.loads(pickle.dumps(response)), lambda _: None)
        response.close()
        if copy is None:
            return
        for name, value in {
            "content": lambda: copy.content, "text": lambda: copy.text, "status": lambda: (copy.status_code, copy.reason, copy.ok), "headers": lambda: sorted((key.lower(), value) for key, value in copy.headers.items()), "url": lambda: copy.url, "encoding": lambda: copy.encoding, "cookies": lambda: dict(copy.cookies), "history": lambda: [(one.status_code, one.url, one.content) for one in copy.history],
            "elapsed": lambda: copy.elapsed == response.elapsed, "request": lambda: (copy.request.method, copy.request.url, copy.request.headers["X-Mine"], copy.request.body), "raw": lambda: copy.raw, "pieces": lambda: list(copy.iter_content(5)), "lines": lambda: list(copy.iter_lines()), "error": lambda: copy.raise_for_status() and None, "twice": lambda: pickle.loads(pickle.dumps(copy)).content, "links": lambda: _links(copy),
        }.items():  # fmt: skip
            peer.see(name, value)

    return play


for _path in ("/html", "/json", "/gzip", "/two", "/cookie", "/status/404", "/204", "/link/1"):
    SYNC[f"pickled {_path}"] = _pickled(_path)
SYNC["pickled, streamed"] = _pickled("/html", stream=True)

DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **{f"text: text/plain; charset={charset}": ({"2.error"}, "a charset that cannot decode a body is as one that is not known; requests lets a bare UnicodeError through") for charset in ("idna", "undefined")},
    "links: semicolon in the URL": ({"1"}, "between the brackets a semicolon is part of the URL (RFC 8288, section 3)"),
    "links: equals in a value": ({"next"}, "between quotes an equals sign is part of the value"),
    "links: no value": ({"/2"}, "a parameter without a value is one; requests drops what follows it"),
    "links: no semicolon": ({"1"}, "what is no link gives no nonsense"),
    "links: comma alone": ({"1"}, "as above"),
    "headers": ({"7", "8", "12", "10.X-Spaces"}, "white space around a value is not part of it (RFC 9110, section 5.5)"),
    **{f"JSON: {name}": ({"1.error", "2"}, "JSON shows whether it is UTF-8, -16 or -32 (RFC 8259, section 8.1)") for name in ("UTF-8 with a mark", "UTF-16", "UTF-16 without a mark", "UTF-16 the other way round", "UTF-32", "UTF-32 without a mark")},
    "JSON with an encoding": ({"1.error", "2.error", "3.error"}, "as above, whatever else was said"),
    "JSON: deep": ({"1.error", "2.error"}, "requests lets a bare RecursionError through"),
    "links: no brackets": ({"1"}, "a link is between brackets (RFC 8288, section 3)"),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", [*CASES, *SYNC])
def test_same_as_requests(name: str) -> None:
    assert_same((CASES | SYNC)[name], DIFFERENCES.get(name), make_world)


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str) -> None:
    assert_same_in_colour(CASES, colour, make_world)


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= (CASES | SYNC).keys()
    assert len(CASES | SYNC) >= 130
