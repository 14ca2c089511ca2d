"""Cookies over several calls, with requests and with Envoi: what is taken, kept, sent back, changed, let go; the jar after each call."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import pytest

from compat.differential_support import Case, Peer, World, assert_same, assert_same_in_colour, reply

pytestmark = pytest.mark.timeout(30)

# Set-Cookie fields that an answer has, and the paths that are asked afterwards.
SET: dict[str, tuple[str, ...]] = {
    "plain": ("a=1",), "root": ("a=1; Path=/",), "two": ("a=1; Path=/", "b=2; Path=/"), "same name twice": ("a=1; Path=/", "a=2; Path=/"), "order": ("z=1; Path=/", "a=2; Path=/", "m=3; Path=/"), "paths of different lengths": ("a=1; Path=/", "a=2; Path=/set", "b=3; Path=/set/deep"),
    "joined with a comma": ("a=1, b=2",), "joined, with attributes": ("a=1; Path=/, b=2; Path=/",), "path below": ("a=1; Path=/set/deep",), "path with a slash at the end": ("a=1; Path=/set/",), "path elsewhere": ("a=1; Path=/other",), "path that is a prefix of a word": ("a=1; Path=/se",), "relative path": ("a=1; Path=set",),
    "empty path": ("a=1; Path=",), "quoted path": ('a=1; Path="/"',), "path with an escape": ("a=1; Path=/%73et",), "two paths": ("a=1; Path=/other; Path=/",), "upper-case attributes": ("a=1; PATH=/; HTTPONLY",), "no space after the semicolon": ("a=1;Path=/;HttpOnly",), "spaces": ("  a  =  1  ;  Path  =  /  ",),
    "HttpOnly": ("a=1; Path=/; HttpOnly",), "SameSite": ("a=1; Path=/; SameSite=Lax",), "Partitioned": ("a=1; Path=/; Partitioned",), "unknown attributes": ("a=1; Path=/; Foo=bar; Baz",), "Secure": ("a=1; Path=/; Secure",), "Secure with a value": ("a=1; Path=/; Secure=no",), "__Host-": ("__Host-a=1; Path=/; Secure",),
    "__Host- without Secure": ("__Host-a=1; Path=/",), "__Secure- without Secure": ("__Secure-a=1; Path=/",), "Version": ("a=1; Path=/; Version=1",), "Port": ('a=1; Path=/; Port="80"',), "Comment": ("a=1; Path=/; Comment=why; CommentURL=x",), "Discard": ("a=1; Path=/; Discard; Max-Age=99",),
    "quoted": ('a="1 2"; Path=/',), "quoted with a semicolon": ('a="1;2"; Path=/',), "escaped quote": (r'a="1\"2"; Path=/',), "empty value": ("a=; Path=/",), "no value": ("a; Path=/",), "no name": ("=1; Path=/",), "nothing": ("",), "semicolons alone": (";;;",), "equals in the value": ("a=b=c==; Path=/",),
    "comma in the value": ("a=1,2; Path=/",), "space in the value": ("a=1 2; Path=/",), "tab in the value": ("a=1\t2; Path=/",), "UTF-8 value": ("a=\xc3\xa9; Path=/",), "latin value": ("a=\xe9; Path=/",), "percent in the value": ("a=%20; Path=/",), "name with brackets": ("a[b]=1; Path=/",), "name with a space": ("a b=1; Path=/",),
    "name in another case": ("a=1; Path=/", "A=2; Path=/"), "name that starts with a dollar": ("$a=1; Path=/",), "name of an attribute": ("path=1; Path=/",), "JSON": ('a={"b": 1}; Path=/',),
    "domain": ("a=1; Path=/; Domain=127.0.0.1",), "domain with a dot": ("a=1; Path=/; Domain=.127.0.0.1",), "domain of another": ("a=1; Path=/; Domain=example.org",), "empty domain": ("a=1; Path=/; Domain=",), "domain localhost": ("a=1; Path=/; Domain=localhost",), "domain with a port": ("a=1; Path=/; Domain=127.0.0.1:PORT",),
    "upper-case domain": ("a=1; Path=/; Domain=LOCALHOST",), "domain local": ("a=1; Path=/; Domain=.local",),
    "Max-Age": ("a=1; Path=/; Max-Age=1000",), "Max-Age 0": ("a=1; Path=/; Max-Age=0",), "Max-Age below 0": ("a=1; Path=/; Max-Age=-5",), "Max-Age in words": ("a=1; Path=/; Max-Age=soon",), "Max-Age quoted": ('a=1; Path=/; Max-Age="100"',), "Max-Age with a fraction": ("a=1; Path=/; Max-Age=1.5",), "Max-Age huge": ("a=1; Path=/; Max-Age=" + "9" * 12,),
    "Expires to come": ("a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT",), "Expires with dashes": ("a=1; Path=/; Expires=Fri, 01-Jan-2100 00:00:00 GMT",), "Expires as in RFC 850": ("a=1; Path=/; Expires=Friday, 01-Jan-70 00:00:00 GMT",), "Expires as in asctime": ("a=1; Path=/; Expires=Fri Jan  1 00:00:00 2100",), "Expires past": ("a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",),
    "Expires 0": ("a=1; Path=/; Expires=0",), "Expires in words": ("a=1; Path=/; Expires=tomorrow",), "Expires quoted": ('a=1; Path=/; Expires="Fri, 01 Jan 2100 00:00:00 GMT"',), "Expires in another zone": ("a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 +0200",), "Max-Age over Expires": ("a=1; Path=/; Max-Age=99; Expires=Thu, 01 Jan 1970 00:00:00 GMT",), "Expires after Max-Age 0": ("a=1; Path=/; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",),
    "set and deleted at once": ("a=1; Path=/", "a=; Path=/; Max-Age=0"), "deleted and set at once": ("a=; Path=/; Max-Age=0", "a=1; Path=/"), "sixty": tuple(f"c{number}=1; Path=/" for number in range(60)), "long": ("a=" + "x" * 5000 + "; Path=/",), "of 4,000 characters": ("a=" + "x" * 4000 + "; Path=/",),
}  # fmt: skip
SLUGS = {name: f"/set/{number}" for number, name in enumerate(SET)}
REPLIES = {
    **{
        SLUGS[name]: reply("200 OK", b"", *(f"Set-Cookie: {field}" for field in fields))
        for name, fields in SET.items()
    },
    "/a": reply("200 OK", b"", "Set-Cookie: a=1; Path=/"),
    "/a2": reply("200 OK", b"", "Set-Cookie: a=2; Path=/"),
    "/gone": reply("200 OK", b"", "Set-Cookie: a=; Path=/; Max-Age=0"),
    "/gone-elsewhere": reply("200 OK", b"", "Set-Cookie: a=; Path=/elsewhere; Max-Age=0"),
    "/gone-no-path": reply("200 OK", b"", "Set-Cookie: a=; Max-Age=0"),
    "/old": reply("200 OK", b"", "Set-Cookie2: a=1; Version=1"),
    "/to": reply("302 Found", b"", "Location: /final", "Set-Cookie: hop=1; Path=/"),
    "/to-gone": reply("302 Found", b"", "Location: /final", "Set-Cookie: a=; Path=/; Max-Age=0"),
    "/to-other": reply(
        "302 Found", b"", "Location: http://127.0.0.1:OTHER/final", "Set-Cookie: hop=1; Path=/"
    ),
    "/to-localhost": reply(
        "302 Found", b"", "Location: http://localhost:PORT/final", "Set-Cookie: hop=1; Path=/"
    ),
    "/401-set": reply(
        "401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"', "Set-Cookie: a=1; Path=/"
    ),
}
CASES: dict[str, Case] = {}


def make_world() -> World:
    return World(REPLIES)


def jar(peer: Peer, name: str) -> None:
    """Write down what the session has, cookie by cookie."""
    peer.see(name, lambda: sorted(_shown(cookie) for cookie in peer.session.cookies))


def _shown(cookie: Any) -> tuple[Any, ...]:
    return (
        cookie.domain,
        cookie.path,
        cookie.name,
        str(cookie.value),
        cookie.expires is None,
        cookie.secure,
        cookie.discard,
        cookie.has_nonstandard_attr("HttpOnly"),
        cookie.domain_specified,
        cookie.path_specified,
    )


for _name in SET:

    def _set(peer: Peer, path: str = SLUGS[_name]) -> None:
        response = peer.get(path)
        jar(peer, "jar")
        peer.see("names", lambda: sorted(response.cookies.keys()))
        for further in (path, "/set/deep/x", "/other", "http://TWO/set/x", "http://LOCAL/set/x"):
            peer.open("GET", further)

    CASES[f"set: {_name}"] = _set


def case(function: Case) -> Case:
    name = function.__name__.strip("_").replace("_", " ")
    assert name not in CASES
    CASES[name] = function
    return function


@case
def _changed_and_deleted(peer: Peer) -> None:
    for path in (
        "/a",
        "/final",
        "/a2",
        "/final",
        "/gone-elsewhere",
        "/final",
        "/gone",
        "/final",
        "/a",
        "/gone-no-path",
        "/final",
    ):
        peer.get(path)
    jar(peer, "jar")


@case
def _of_the_old_kind(peer: Peer) -> None:
    peer.get("/old")
    peer.get("/final")


@case
def _of_an_error(peer: Peer) -> None:
    peer.get("/401-set")
    peer.get("/final")


@case
def _with_head(peer: Peer) -> None:
    peer.request("HEAD", "/a")
    peer.get("/final")


@case
def _along_redirects(peer: Peer) -> None:
    for path in ("/to", "/a", "/to-gone", "/to-other", "/to-localhost", "/final"):
        peer.get(path)
        jar(peer, f"jar {path}")


@case
def _along_redirects_not_followed(peer: Peer) -> None:
    peer.get("/to", allow_redirects=False)
    peer.get("/final")


@case
def _given_along_a_redirect(peer: Peer) -> None:
    peer.get("/to", cookies={"given": "1", "hop": "mine"})
    peer.get("/to-gone", cookies={"a": "1"})
    jar(peer, "jar")


@case
def _given_to_another_port(peer: Peer) -> None:
    peer.get("/to-other", cookies={"given": "1"})


@case
def _given_to_another_host(peer: Peer) -> None:
    peer.get("/to-localhost", cookies={"given": "1"})


# cookies= of a request, over those of a session.
for _name, _cookies in {
    "one": {"r": "1"}, "over the session's": {"a": "9"}, "several": {"z": "1", "a": "2", "m": "3"}, "None": {"a": None}, "number": {"r": 5}, "empty": {}, "space": {"r": "1 2"}, "quote": {"r": 'x"y'}, "semicolon": {"r": "1;2"}, "comma": {"r": "1,2"}, "wide": {"r": "☃"}, "latin": {"r": "é"}, "line end": {"r": "1\r\nX: y"},
    "bytes": {"r": b"1"}, "bytes name": {b"r": "1"}, "empty name": {"": "1"}, "name with an equals": {"r=s": "1"}, "name with a space": {"r s": "1"}, "pairs": [("r", "1")], "text": "r=1", "True": {"r": True}, "quoted already": {"r": '"1"'}, "backslash": {"r": "a\\b"},
}.items():  # fmt: skip

    def _given(peer: Peer, cookies: Any = _cookies) -> None:
        peer.session.cookies.set("a", "1")
        peer.session.cookies.set("b", "2")
        peer.get("/c", cookies=cookies)
        peer.get("/c")
        jar(peer, "jar")

    CASES[f"given: {_name}"] = _given


@case
def _given_with_a_header(peer: Peer) -> None:
    peer.get("/c", cookies={"r": "1"}, headers={"Cookie": "h=1"})
    peer.session.cookies.set("a", "1")
    peer.get("/c", headers={"Cookie": "h=1"})
    peer.session.headers["Cookie"] = "s=1"
    peer.get("/c")
    peer.session.cookies.clear()
    peer.get("/c")


@case
def _given_as_a_jar(peer: Peer) -> None:
    given = peer.library.cookies.RequestsCookieJar()
    given.set("r", "1", domain="127.0.0.1", path="/")
    given.set("s", "1", domain="example.org")
    given.set("t", "1", path="/deep")
    peer.get("/c", cookies=given)
    peer.get("/deep/c", cookies=given)
    peer.get("/c", cookies=peer.library.cookies.cookiejar_from_dict({"u": "1"}))
    jar(peer, "jar")


@case
def _given_as_a_jar_of_the_standard_library(peer: Peer) -> None:
    given = CookieJar()
    given.set_cookie(peer.library.cookies.create_cookie("r", "1", domain="127.0.0.1"))
    peer.get("/c", cookies=given)


@case
def _session_with_a_jar_of_the_standard_library(peer: Peer) -> None:
    peer.session.cookies = CookieJar()
    for path in ("/a", "/final", "/gone", "/final"):
        peer.get(path)
    jar(peer, "jar")


@case
def _session_with_a_policy(peer: Peer) -> None:
    peer.session.cookies.set_policy(DefaultCookiePolicy(blocked_domains=["127.0.0.1"]))
    peer.get("/a")
    peer.get("/final")
    jar(peer, "jar")


@case
def _set_by_hand(peer: Peer) -> None:
    cookies = peer.session.cookies
    cookies.set("a", "1")
    cookies.set("b", "2", domain="127.0.0.1", path="/deep")
    cookies.set("c", "3", domain="example.org")
    cookies.set("d", "4", domain="localhost", path="/")
    cookies.set("e", "5", secure=True)
    cookies["g"] = "7"
    cookies.update({"h": "8", "i": None})
    jar(peer, "jar")
    for path in ("/c", "/deep/c", "http://LOCAL/c", "http://TWO/c"):
        peer.get(path)
    cookies.set("a", None)
    del cookies["g"]
    peer.see("missing", lambda: cookies["missing"])
    peer.see("popped", lambda: cookies.pop("h"))
    peer.see("unknown", lambda: cookies.set("x", "1", colour="red"))
    cookies.clear("example.org")
    peer.get("/c")
    jar(peer, "jar at the end")


@case
def _number_by_hand(peer: Peer) -> None:
    peer.see("set", lambda: peer.session.cookies.set("f", 6), lambda _: None)


@case
def _read(peer: Peer) -> None:
    cookies = peer.session.cookies
    cookies.set("a", "1", domain="one.example", path="/")
    cookies.set("a", "2", domain="two.example", path="/x")
    cookies.set("b", "3", domain="one.example", path="/")
    for name, value in {
        "conflict": lambda: cookies["a"], "conflict in get": lambda: cookies.get("a"), "by domain": lambda: cookies.get("a", domain="two.example"), "by path": lambda: cookies.get("a", path="/"), "default": lambda: cookies.get("z", "none"), "in": lambda: "b" in cookies, "in, several": lambda: "a" in cookies,
        "keys": lambda: sorted(cookies.keys()), "values": lambda: sorted(cookies.values()), "items": lambda: sorted(cookies.items()), "domains": lambda: cookies.list_domains(), "paths": lambda: cookies.list_paths(), "several domains": lambda: cookies.multiple_domains(), "as a dict": lambda: cookies.get_dict(domain="one.example"),
        "length": lambda: len(cookies), "copy": lambda: len(cookies.copy()), "dict": lambda: dict(cookies),
    }.items():  # fmt: skip
        peer.see(name, value)


@case
def _replaced_by_a_dict(peer: Peer) -> None:
    peer.session.cookies = peer.library.cookies.cookiejar_from_dict({"a": "1"})
    peer.get("/c")
    peer.get("/a2")
    peer.see("names", lambda: sorted(cookie.name for cookie in peer.session.cookies))
    peer.get("/c")


SENT = {"wire.2.Cookie", "wire.3.Cookie", "wire.4.Cookie", "wire.5.Cookie"}
KEPT = {"jar", "1.cookies", "names"}
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **dict.fromkeys((f"set: {name}" for name in ("Secure", "Secure with a value", "__Host-")), (KEPT, "a Secure cookie that came over plain http is not kept (RFC 6265bis, section 5.7)")),
    **dict.fromkeys((f"set: {name}" for name in ("__Host- without Secure", "__Secure- without Secure")), (KEPT | SENT, "such a name promises that the cookie is Secure (RFC 6265bis, section 4.1.3)")),
    "set: long": (KEPT | SENT, "a name and a value of more than 4,096 characters are not taken (RFC 6265bis, section 5.6)"),
    **dict.fromkeys((f"set: {name} path" for name in ("relative", "quoted")), ({"jar", "wire.2.Cookie", "wire.3.Cookie", "wire.5.Cookie"}, "a path that does not begin with a slash means the default one (RFC 6265bis, section 5.6.4)")),
    **dict.fromkeys((f"set: {name}" for name in ("empty domain", "Max-Age in words", "Max-Age quoted", "Max-Age with a fraction", "Port")), (KEPT | SENT, "an attribute that means nothing is ignored, and the cookie kept (RFC 6265bis, section 5.6)")),
    "set: upper-case attributes": ({"jar"}, "HttpOnly is noted under one name"),
    "set: Discard": ({"jar"}, "RFC 6265bis knows no such attribute"),
    "set: escaped quote": (SENT | {"jar"}, "a value goes back as it came"),
    "set: no value": ({"1.error", "jar", "names.error"}, "without an equals sign it is a value without a name; requests has a name without a value, and fails"),
    "set: no name": (KEPT | SENT, "a value without a name is a cookie (RFC 6265bis, section 5.6)"),
    "set: Expires as in RFC 850": (KEPT | SENT, "the year 70 is 1970 (RFC 6265bis, section 5.1.1)"),
    "set: Expires as in asctime": ({"jar"}, "a date in whatever order (RFC 6265bis, section 5.1.1)"),
    "set: set and deleted at once": (KEPT | SENT, "fields are taken in their order"),
    "given: empty name": ({"1.request.headers", "wire.1.Cookie"}, "a value without a name is sent without an equals sign (RFC 6265bis, section 5.8.3)"),
    "set by hand": ({"3.request.headers", "wire.3.Cookie"}, "localhost is a host like any other, and not localhost.local"),
    "set: two paths": ({"jar", "wire.2.Cookie", "wire.3.Cookie", "wire.5.Cookie"}, "of two attributes of a name the last one counts (RFC 6265, section 5.3)"),
    "set: joined, with attributes": (SENT | {"jar"}, "as above"),
    "set: spaces": ({"1.headers"}, "white space around a value is not part of it (RFC 9110, section 5.5)"),
    "given: None": ({"wire.1.Cookie", "1.request.headers"}, "None sends nothing; requests sends the name alone"),
    **dict.fromkeys(("given: number", "given: True"), ({"1.error", "wire"}, "a number is sent as text; requests raises AttributeError")),
    "number by hand": ({"error"}, "as above"),
    "given: pairs": ({"1.error", "wire"}, "pairs are as good as a mapping"),
    "given: wide": ({"1.error"}, "requests lets a bare UnicodeEncodeError through"),
    "given to another port": ({"wire.2.Cookie", "request.headers"}, "cookies= of a request stay with its origin"),
    "given to another host": ({"wire.2.Cookie", "request.headers"}, "as above"),
    "given along a redirect": ({"1.request.headers", "wire.2.Cookie"}, "the session's cookies come before those of the request in every step of a chain"),
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
    assert len(CASES) >= 100
