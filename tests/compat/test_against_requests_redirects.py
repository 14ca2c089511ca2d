"""Redirects within an origin and to another port and host, with requests and with Envoi: methods, bodies, credentials, odd locations."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

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

TARGETS = {
    "same": "/final",
    "port": "http://127.0.0.1:OTHER/final",
    "host": "http://localhost:PORT/final",
}
LOCATIONS = {
    "no scheme": "//localhost:PORT/final", "upper-case scheme": "HTTP://127.0.0.1:PORT/final", "scheme and path": "http:/final", "no host": "http:///final", "bad port": "http://127.0.0.1:port/final", "port too large": "http://127.0.0.1:99999/final",
    "open bracket": "http://[::1/final", "javascript": "javascript:alert(1)", "data": "data:,x", "mailto": "mailto:a@b.c", "about": "about:blank", "spaces around": "  /final  ", "space in the path": "/a b/final", "backslash": "/a\\b", "tab": "/a\tb", "percent": "/a%2Fb%20c%zz", "latin": "/caf\xe9", "UTF-8": "/\xc3\xa9?\xc3\xa9#\xc3\xa9",
    "query alone": "?x=1", "query and fragment": "?x=1#y", "fragment alone": "#part", "dots": "/a/../b/./c", "dots beyond": "../../../final", "relative": "next/../final", "empty query": "/final?", "empty fragment": "/final#", "semicolon": ";params", "colon in a relative path": "./a:b", "user": "http://u:p@127.0.0.1:PORT/final", "user elsewhere": "http://u:p@127.0.0.1:OTHER/final",
    "user without a password": "http://u@127.0.0.1:PORT/final", "upper-case host": "http://LOCALHOST:PORT/final", "dot behind the host": "http://127.0.0.1.:PORT/final", "quotes": '"/final"', "angle brackets": "</final>", "pipe and brackets": "/a|b[c]{d}", "comma": "/a,b", "long": "/" + "a" * 5000,
    "two slashes": "/a//b", "nothing behind the slashes": "//", "IPv6": "http://[::1]:1/final",
}  # fmt: skip


def _gate(request: bytes) -> bytes:
    if b"passed=1" in request:
        return reply("200 OK", b"through")
    return reply("302 Found", b"", "Location: /gate", "Set-Cookie: passed=1; Path=/")


REPLIES: dict[str, Reply] = {
    **{f"/{status}/{target}": reply(f"{status} Moved", b"moved", f"Location: {location}") for status in (301, 302, 303, 307, 308) for target, location in TARGETS.items()},
    **{f"/location/{number}": reply("302 Found", b"", f"Location: {location}") for number, location in enumerate(LOCATIONS.values())},
    "/there-and-back": reply("302 Found", b"", "Location: http://127.0.0.1:OTHER/back"),
    "/back": reply("302 Found", b"", "Location: http://127.0.0.1:OTHER/final"),
    "/mixed": reply("307 Moved", b"", "Location: /302/port"),
    "/mixed-back": reply("302 Moved", b"", "Location: /307/port"),
    "/two-locations": reply("302 Found", b"", "Location: /final", "Location: /other"),
    "/between": reply("302 Found", b"", "Location: http://127.0.0.1:OTHER/between"),
    "/gate": _gate,
    **{f"/{status}-with-location": reply(f"{status} X", b"", "Location: /final") for status in (200, 201, 202, 204, 300, 304, 305, 306, 309, 400, 401, 503)},
    "/deep/er/relative": reply("302 Found", b"", "Location: x?y"),
}  # fmt: skip
CASES: dict[str, Case] = {}


def make_world() -> World:
    return World(REPLIES)


def case(name: str, function: Case) -> None:
    assert name not in CASES
    CASES[name] = function


def call(
    name: str, method: str, url: str, options: Callable[[Peer], dict[str, Any]] = lambda _: {}
) -> None:
    case(name, lambda peer: peer.request(method, url, **options(peer)))


for _status in (301, 302, 303, 307, 308):
    for _target in TARGETS:
        for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"):
            _options = (
                {"headers": {"X-Mine": "1", "Content-Language": "fr"}, "allow_redirects": True}
                if _method in {"GET", "HEAD"}
                else {"data": {"a": "1"}, "allow_redirects": True}
            )
            call(
                f"{_status} {_method} {_target}",
                _method,
                f"/{_status}/{_target}",
                lambda _, options=_options: options,
            )
        call(
            f"{_status} file {_target}",
            "POST",
            f"/{_status}/{_target}",
            lambda _: {"data": io.BytesIO(b"file")},
        )
        call(
            f"{_status} next {_target}",
            "POST",
            f"/{_status}/{_target}",
            lambda _: {"json": {"a": 1}, "auth": ("u", "p"), "allow_redirects": False},
        )

# What goes along to another port and host, and what comes back with the third request.
SECRETS: dict[str, dict[str, Any]] = {
    "auth": {"auth": ("u", "p")}, "a header": {"headers": {"Authorization": "Bearer x"}}, "a header in lower case": {"headers": {"authorization": "Bearer x"}}, "Proxy-Authorization": {"headers": {"Proxy-Authorization": "Basic x"}}, "a Cookie header": {"headers": {"Cookie": "h=1"}}, "cookies": {"cookies": {"c": "1"}},
    "a key": {"headers": {"X-Api-Key": "k"}}, "a Host header": {"headers": {"Host": "example.org"}}, "params": {"params": {"secret": "1"}}, "a function": {"auth": lambda request: request.headers.update({"X-Signed": request.path_url}) or request}, "a Referer": {"headers": {"Referer": "http://x/"}}, "an Origin": {"headers": {"Origin": "http://x"}},
}  # fmt: skip
for _name, _given in SECRETS.items():
    for _path in ("/302/same", "/302/port", "/302/host", "/there-and-back"):
        call(f"{_name} to {_path}", "GET", _path, lambda _, given=_given: given)


def _of_the_session(peer: Peer) -> None:
    peer.session.auth = ("s", "p")
    peer.session.headers["X-Session"] = "1"
    peer.session.params = {"s": "1"}
    peer.session.cookies.set("c", "1")
    for path in ("/302/same", "/302/port", "/302/host", "/there-and-back"):
        peer.get(path)


def _authorization_of_the_session(peer: Peer) -> None:
    peer.session.headers["Authorization"] = "Bearer s"
    for path in ("/302/same", "/302/port", "/302/host", "/there-and-back"):
        peer.get(path)


def _user_in_the_url(peer: Peer) -> None:
    for path in ("/302/same", "/302/port", "/302/host", "/there-and-back"):
        peer.get(f"http://user:word@ONE{path}")


def _stateful(peer: Peer) -> None:
    peer.session.max_redirects = 5
    for path in ("/gate", "/gate", "/between", "/loop"):
        peer.get(path)


def _with_netrc(text: str, *urls: str, **options: Any) -> Case:
    def play(peer: Peer) -> None:
        path = Path(peer.file(b"", name="netrc").name)
        path.write_text(text)
        path.chmod(0o600)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NETRC", str(path))
            peer.session.trust_env = True
            for url in urls:
                peer.get(url, **options)

    return play


case("of the session", _of_the_session)
case("Authorization of the session", _authorization_of_the_session)
case("user in the URL", _user_in_the_url)
case("stateful", _stateful)
_BOTH = "machine 127.0.0.1 login one password first\nmachine localhost login two password second\n"
case("netrc", _with_netrc(_BOTH, "/a", "http://LOCAL/a", "http://TWO/a", "http://user:word@ONE/a"))
case("netrc of another host", _with_netrc("machine example.org login one password first\n", "/a"))
case(
    "netrc with a default",
    _with_netrc("default login one password first\n", "/a", "http://LOCAL/a", "/302/host"),
)
case("netrc without a password", _with_netrc("machine 127.0.0.1 login one\n", "/a"))
case("netrc that is broken", _with_netrc("machine 127.0.0.1 log in\n", "/a"))
case(
    "netrc along redirects",
    _with_netrc(_BOTH, "/302/same", "/302/port", "/302/host", "/there-and-back"),
)
case(
    "netrc to a host without one",
    _with_netrc("machine 127.0.0.1 login one password first\n", "/302/host"),
)
case(
    "netrc from a host without one",
    _with_netrc("machine localhost login two password second\n", "/302/host"),
)
case("netrc and auth", _with_netrc(_BOTH, "/a", "/302/same", "/302/port", auth=("u", "p")))
case("netrc and auth to another host", _with_netrc(_BOTH, "/302/host", auth=("u", "p")))
case("netrc and a header", _with_netrc(_BOTH, "/a", headers={"Authorization": "Bearer x"}))

for _number, _name in enumerate(LOCATIONS):
    call(f"location {_name}", "GET", f"/location/{_number}")
    call(
        f"location {_name}, not followed",
        "GET",
        f"/location/{_number}",
        lambda _: {"allow_redirects": False},
    )
for _status in (200, 201, 202, 204, 300, 304, 305, 306, 309, 400, 401, 503):
    call(f"{_status} with a Location", "GET", f"/{_status}-with-location")
for _path in ("/mixed", "/mixed-back", "/two-locations", "/deep/er/relative", "/redirect-gzip"):
    call(
        f"POST {_path}",
        "POST",
        _path,
        lambda _: {"data": b"abc", "headers": {"Content-Type": "a/b"}},
    )
call("HEAD followed unless told not to", "HEAD", "/302/same")
call("fragment kept", "GET", "/there-and-back#mine")
call("fragment of the location", "GET", "/fragment#mine")
call("query of the request", "GET", "/302/same?x=1#y", lambda _: {"params": {"z": "2"}})


def _history(peer: Peer) -> None:
    response = peer.open("GET", "/there-and-back")
    peer.see(
        "history",
        [
            (
                one.status_code,
                one.url,
                one.content,
                one.is_redirect,
                one.is_permanent_redirect,
                [step.url for step in one.history],
                one.request.url,
            )
            for one in response.history
        ],
    )


def _resolved_by_hand(peer: Peer) -> None:
    response = peer.session.request(
        "GET", peer.world.expand("/there-and-back"), allow_redirects=False
    )
    peer.see("target", lambda: peer.session.get_redirect_target(response))
    peer.see(
        "steps",
        lambda: [
            (step.status_code, step.url)
            for step in peer.session.resolve_redirects(response, response.request)
        ],
    )
    peer.see(
        "first",
        lambda: next(
            peer.session.resolve_redirects(response, response.request, yield_requests=True)
        ),
        lambda step: (step.method, step.url),
    )


case("history", _history)
BY_HAND: dict[str, Case] = {"resolved by hand": _resolved_by_hand}
"""Cases in which the synchronous session itself is called."""

BODY = {
    "wire.2.body",
    "request.headers",
    "wire.2.Content-Type",
    "request.body",
    "wire.2.Content-Length",
}
ANSWER = {"url", "request.url", "request.path_url", "wire.2.line", "headers", "content", "text"}
URL = {"url", "request.url"}


def _location(
    name: str, followed: set[str] | None, not_followed: set[str] | None, reason: str
) -> dict[str, tuple[set[str], str]]:
    found = {
        f"location {name}": (followed, reason),
        f"location {name}, not followed": (not_followed, reason),
    }
    return {
        case_name: (names, why) for case_name, (names, why) in found.items() if names is not None
    }


DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **{f"301 {method} {target}": (BODY, "a method that is not rewritten keeps its body (RFC 9110, section 15.4.2)") for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "REPORT") for target in TARGETS},
    **{f"303 {method} {target}": ({"request.headers", "wire.2.Content-Language"}, "what describes a body goes with it (RFC 9110, section 15.4)") for method in ("GET", "HEAD") for target in TARGETS},
    **{f"Proxy-Authorization to {path}": ({"wire.1.Proxy-Authorization"}, "Proxy-Authorization goes to a proxy alone") for path in ("/302/port", "/302/host", "/there-and-back")},
    "Proxy-Authorization to /302/same": ({"wire.1.Proxy-Authorization", "request.headers"}, "as above"),
    **{f"cookies to {path}": ({"wire.2.Cookie", "request.headers"}, "cookies= of a request stay with its origin") for path in ("/302/port", "/302/host")},
    "cookies to /there-and-back": ({"wire.2.Cookie", "wire.3.Cookie", "request.headers"}, "and are not there again when the chain comes back"),
    **{f"a Host header to {path}": ({"wire.2.Host", "request.headers"}, "Host names the origin that it is for, and no other") for path in ("/302/port", "/302/host")},
    "a Host header to /there-and-back": ({"wire.2.Host", "wire.3.Host", "request.headers"}, "as above"),
    **{f"a function to {path}": ({"wire.2.X-Signed", "request.headers"}, "authentication is made anew for each request, and not for another origin; requests takes along what the function put into the first") for path in ("/302/same", "/302/port", "/302/host")},
    "a function to /there-and-back": ({"wire.2.X-Signed", "wire.3.X-Signed", "request.headers"}, "as above"),
    "of the session": ({"2.request.headers", "3.request.headers", "4.request.headers", "wire.4.Cookie", "wire.6.Cookie", "wire.8.Cookie", "wire.9.Cookie", "wire.2.order"}, "a cookie that was put into the jar without a domain does not go where a redirect leads out of the origin; the order of fields with different names means nothing (RFC 9110, section 5.3)"),
    "netrc": ({"wire.4.Authorization", "4.request.headers"}, "a user in the URL is explicit, and goes before the netrc file"),
    "netrc and auth": ({"wire.3.Authorization", "2.request.headers"}, "auth= is explicit, behind a redirect as well"),
    "netrc and a header": ({"wire.Authorization", "request.headers"}, "a header is explicit, too"),
    **_location("no host", {"error"}, {"next"}, "a URL without a host is none (RFC 9110, section 4.2.1)"),
    **_location("nothing behind the slashes", {"error"}, {"next"}, "as above"),
    **{name: found for where in ("bad port", "port too large", "javascript", "data", "mailto", "about") for name, found in _location(where, None, {"next"}, "next is None where it could not be followed").items()},
    **_location("dot behind the host", {"error"}, {"next"}, "it is no address; requests tries to look it up"),
    **_location("open bracket", None, {"error"}, "requests raises ValueError for a redirect that it was not to follow"),
    **_location("spaces around", ANSWER, {"headers", "next"}, "white space around a value is not part of it (RFC 9110, section 5.5)"),
    **_location("tab", {"error"}, {"next"}, "control characters in a URL are refused"),
    **_location("percent", URL | {"request.path_url", "wire.2.line"}, {"next"}, "what is quoted stays as it is, whatever else is in the URL"),
    **_location("latin", {"error"}, {"error"}, "what is not UTF-8 is taken for Latin-1; requests lets a bare UnicodeDecodeError through"),
    **_location("empty query", URL | {"request.path_url", "wire.2.line"}, {"next"}, "an empty query is kept"),
    **_location("empty fragment", URL, {"next"}, "an empty fragment is kept"),
    **{name: found for where in ("user", "user elsewhere", "user without a password") for name, found in _location(where, URL, {"next"}, "a user that a stranger puts into a URL is to deceive (RFC 9110, section 4.2.4)").items()},
    **_location("upper-case host", URL, {"next"}, "a host is in lower case, as in the URL of a first request"),
    **_location("pipe and brackets", URL | {"request.path_url"}, {"next"}, "the URL tells what is sent: brackets in a path are quoted, as in the URL of a first request"),
    "POST /two-locations": ({"error"}, "where two Location fields differ, none is followed; requests joins them"),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", [*CASES, *BY_HAND])
def test_same_as_requests(name: str) -> None:
    assert_same((CASES | BY_HAND)[name], DIFFERENCES.get(name), make_world)


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str, part: int) -> None:
    assert_same_in_colour({name: CASES[name] for name in list(CASES)[part::2]}, colour, make_world)


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= (CASES | BY_HAND).keys()
    assert len(CASES) >= 250
