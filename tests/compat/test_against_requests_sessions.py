"""Calls in a row on one session, made with requests and with Envoi: settings merged, limits, connections kept."""

from __future__ import annotations

from typing import Any

import pytest

from compat.differential_support import Case, Peer, World, assert_same, assert_same_in_colour, reply

pytestmark = pytest.mark.timeout(30)

REPLIES = {
    "/close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nend",
    "/large": reply("200 OK", b"x" * 200_000),
    "/large-redirect": reply("302 Found", b"x" * 200_000, "Location: /final"),
    "/three": reply("302 Found", b"", "Location: /two"),
}
CASES: dict[str, Case] = {}


def make_world() -> World:
    return World(REPLIES)


def case(function: Case) -> Case:
    """Take a function for a case that has its name."""
    name = function.__name__.strip("_").replace("_", " ")
    assert name not in CASES
    CASES[name] = function
    return function


# Session's headers, and what a request puts over them.
for _name, _ours, _given in (
    ("added", {"X-Session": "s"}, {"X-Request": "r"}), ("overridden", {"X-A": "s", "X-B": "s"}, {"X-A": "r"}), ("overridden in another case", {"X-A": "s", "X-B": "s"}, {"x-a": "r"}), ("taken out", {"X-A": "s", "X-B": "s"}, {"X-A": None}),
    ("taken out in another case", {"X-A": "s", "X-B": "s"}, {"x-A": None}), ("taken out, and not there", {}, {"X-A": None}), ("None in the session", {"X-A": None, "X-B": "s"}, {}), ("None in the session, given", {"X-A": None}, {"X-A": "r"}), ("default None in the session", {"Accept": None}, {}),
    ("default overridden", {"User-Agent": "mine", "accept": "text/x"}, {}), ("default overridden twice", {"User-Agent": "mine"}, {"user-agent": "yours"}), ("bytes", {"X-A": b"s"}, {"X-B": b"r"}), ("own Content-Type", {"Content-Type": "a/b"}, {}), ("own Host", {"Host": "example.org"}, {}),
    ("own Authorization", {"Authorization": "Bearer s"}, {}), ("own Authorization overridden", {"Authorization": "Bearer s"}, {"Authorization": "Bearer r"}), ("own Connection", {"Connection": "close"}, {}), ("order of the request", {}, {"Z": "1", "A": "2", "Accept": "x", "M": "3"}),
):  # fmt: skip

    def _headers(peer: Peer, ours: Any = _ours, given: Any = _given) -> None:
        peer.session.headers.update(ours)
        peer.get("/h", headers=given)
        peer.post("/h", data=b"x", headers=given)
        peer.see(
            "kept",
            lambda: sorted(
                (key.lower(), value)
                for key, value in peer.session.headers.items()
                if key.lower() not in {"user-agent", "accept-encoding"}
            ),
        )

    CASES[f"headers {_name}"] = _headers


@case
def _headers_replaced(peer: Peer) -> None:
    peer.session.headers = {"X-Only": "1"}
    peer.get("/h")


@case
def _headers_cleared(peer: Peer) -> None:
    peer.session.headers.clear()
    peer.get("/h")
    peer.post("/h", json={"a": 1})


@case
def _headers_deleted(peer: Peer) -> None:
    del peer.session.headers["accept"]
    peer.see("popped", peer.session.headers.pop("ACCEPT-encoding") is not None)
    peer.see("missing", lambda: peer.session.headers["Accept"])
    peer.get("/h")


@case
def _headers_as_pairs(peer: Peer) -> None:
    peer.get("/h", headers=[("X-A", "1"), ("X-B", "2")])


# Session's params, and what a request adds.
for _name, _ours, _given in (
    ("added", {"a": 1}, {"b": 2}), ("overridden", {"a": 1, "b": 2}, {"a": 3}), ("taken out", {"a": 1, "b": 2}, {"a": None}), ("None in the session", {"a": None, "b": 1}, {"c": 2}), ("pairs added", {"a": 1}, [("b", 2), ("b", 3)]), ("pairs in the session", [("a", 1), ("a", 2)], {"b": 3}),
    ("pairs in both", [("a", 1)], [("a", 2)]), ("text added", {"a": 1}, "b=2"), ("text in the session", "a=1", {"b": 2}), ("text in both", "a=1", "b=2"), ("text in the session alone", "a=1", None), ("bytes added", {"a": 1}, b"b=2"), ("lists", {"a": [1, 2]}, {"b": [3, 4]}), ("empty", {"a": 1}, {}), ("nothing", {"a": 1}, None),
    ("session None", None, {"b": 2}), ("both None", None, None), ("empty text", {"a": 1}, ""),
):  # fmt: skip

    def _params(peer: Peer, ours: Any = _ours, given: Any = _given) -> None:
        peer.session.params = ours
        peer.get("/p", params=given)
        peer.get("/p?x=1#frag", params=given)
        peer.see("kept", lambda: peer.session.params)

    CASES[f"params {_name}"] = _params


def _token(request: Any) -> Any:
    request.headers["X-Token"] = "t"
    return request


def _changed_url(request: Any) -> Any:
    request.url += "?signed=1"
    return request


# Session's auth, and a request's.
for _name, _ours, _given in (
    ("of the session", ("s", "p"), {}), ("overridden", ("s", "p"), {"auth": ("r", "q")}), ("a function", _token, {}), ("a function over a pair", ("s", "p"), {"auth": _token}), ("with a header", ("s", "p"), {"headers": {"X-A": "1"}}), ("that changes the URL", _changed_url, {}),
    ("of the URL and the session", ("s", "p"), {"url": "http://u:w@ONE/a"}), ("of the URL, a header given", None, {"url": "http://u:w@ONE/a", "headers": {"Authorization": "Bearer x"}}), ("empty pair", ("", ""), {}), ("None", ("s", "p"), {"auth": None}), ("a header over the session's", ("s", "p"), {"headers": {"Authorization": "Bearer r"}}),
    ("a pair of None", (None, None), {}), ("a pair of numbers", (1, 2), {}), ("a triple", ("a", "b", "c"), {}), ("text", "user:pass", {}), ("a number", 5, {}), ("False", False, {}), ("a function that returns None", lambda request: None, {}),
):  # fmt: skip

    def _auth(peer: Peer, ours: Any = _ours, given: Any = _given) -> None:
        peer.session.auth = ours
        options = {"url": "/a", **given}
        peer.request("GET", options.pop("url"), **options)
        peer.post("/a", data=b"x", **options)

    CASES[f"auth {_name}"] = _auth


@case
def _redirects_at_most(peer: Peer) -> None:
    for most in (0, 1, 2, 3):
        peer.session.max_redirects = most
        peer.get("/three")
    peer.session.max_redirects = 1
    peer.get("/final")
    peer.get("/three", allow_redirects=False)


@case
def _too_many_redirects_tells(peer: Peer) -> None:
    peer.session.max_redirects = 1
    try:
        peer.open("GET", "/three")
    except peer.library.TooManyRedirects as error:
        peer.see(
            "response",
            (
                error.response.status_code,
                error.response.url,
                error.request.url,
                len(error.response.history),
            ),
        )


@case
def _connections_are_kept(peer: Peer) -> None:
    for path in (
        "/html",
        "/204",
        "/304",
        "/chunked",
        "/gzip",
        "/404",
        "/500",
        "/two",
        "/redirect-body",
        "/large",
        "/trailers",
        "/empty",
        "/continue",
        "/final",
    ):
        peer.get(path)
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        peer.request(method, "/final", data=b"x" if method == "PUT" else None)
    peer.get("http://TWO/final")
    peer.get("/final")


@case
def _connection_of_a_large_redirect(peer: Peer) -> None:
    peer.get("/large-redirect")
    peer.get("/final")


@case
def _connections_are_closed(peer: Peer) -> None:
    for path in (
        "/close",
        "/final",
        "/until-close",
        "/final",
        "/http10",
        "/final",
        "/bad-chunk",
        "/final",
        "/short",
        "/final",
    ):
        peer.get(path)
    peer.get("/final", headers={"Connection": "close"})
    peer.get("/final")


@case
def _urls_of_other_types(peer: Peer) -> None:
    peer.session.headers["X"] = "1"
    peer.get(peer.world.expand("/a").encode())
    peer.get(type("Address", (), {"__str__": lambda self: peer.world.expand("/b")})())
    peer.get(None)
    peer.get(5)


@case
def _methods_of_other_types(peer: Peer) -> None:
    for method in (b"GET", "", "G T", "GÉT", None, 5, "get\r\nX: y"):
        peer.request(method, "/m")


@case
def _timeouts(peer: Peer) -> None:
    for timeout in (
        5,
        5.5,
        (5, 6),
        (5, None),
        (None, None),
        None,
        0,
        -1,
        "x",
        (1, 2, 3),
        (1,),
        True,
        [1, 2],
    ):
        peer.get("/final", timeout=timeout)


@case
def _unknown_option(peer: Peer) -> None:
    peer.get("/final", timout=3)


URLS = {
    f"{number}.{name}" for number in (1, 2) for name in ("url", "request.url", "request.path_url")
} | {"wire.1.line", "wire.2.line"}
AUTHORIZATION = {
    "1.request.headers",
    "2.request.headers",
    "wire.1.Authorization",
    "wire.2.Authorization",
}
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **dict.fromkeys((f"headers {name}" for name in ("None in the session", "None in the session, given", "default None in the session")), ({"kept"}, "None takes a header out, and is not kept as its value")),
    "headers replaced": ({"wire.User-Agent", "wire.Accept-Encoding"}, "urllib3 and http.client put their own; none means none"),
    "headers cleared": ({f"wire.{number}.{name}" for number in (1, 2) for name in ("User-Agent", "Accept-Encoding")}, "as above"),
    "headers deleted": ({"wire.Accept-Encoding"}, "as above"),
    "headers own Connection": ({"wire.2.connection"}, "who says Connection: close means it (RFC 9112, section 9.6)"),
    "connections are closed": ({"wire.12.connection"}, "as above"),
    "connection of a large redirect": ({"wire.2.connection", "wire.3.connection"}, "more than 64 KiB that nobody wants are not read to save a connection"),
    "headers as pairs": ({"error"}, "pairs are as good as a mapping"),
    "params text in the session alone": (URLS, "text as a session's params is sent; requests loses it"),
    "auth None": (AUTHORIZATION, "None as a request's auth switches the session's off"),
    "auth a header over the session's": (AUTHORIZATION, "a request's own header goes before the session's auth"),
    "auth False": ({"1.error", "2.error", "wire"}, "what is no authentication is refused; requests ignores it, because it is false"),
    "auth a function that returns None": ({"1.error", "2.error"}, "requests lets a bare AttributeError through"),
    "methods of other types": ({"2.error", "5.error", "6.error", "wire"}, "a method that is no token is refused, an empty one too; requests lets a bare AttributeError through"),
    **dict.fromkeys(("params pairs added", "params pairs in the session"), ({f"{call}.{what}" for call in (1, 2) for what in ("url", "request.url", "request.path_url")} | {"wire.1.line", "wire.2.line"}, "pairs are merged as mappings are; requests loses the session's")),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", CASES)
def test_same_as_requests(name: str) -> None:
    assert_same(CASES[name], DIFFERENCES.get(name), make_world)


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str) -> None:
    assert_same_in_colour(CASES, colour, make_world)


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= CASES.keys()
    assert len(CASES) >= 60
