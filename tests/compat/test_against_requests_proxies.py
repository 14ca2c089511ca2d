"""Requests by way of HTTP proxies, made with requests and with Envoi: what the proxy and the origin saw, in which order, byte for byte.

SOCKS is left out: requests needs another package for it. `tests/peers` has what Envoi does with it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from compat.differential_support import (
    Case,
    Peer,
    Reply,
    World,
    assert_same,
    assert_same_in_colour,
    envoi_peer,
    play,
    reply,
    requests_peer,
)
from envoi.testing import CertificateAuthority
from envoi.utils import default_user_agent
from peers.servers.proxy import HttpProxy

pytestmark = pytest.mark.timeout(30)

REPLIES: dict[str, Reply] = {
    "/to-https": reply("302 Found", b"", "Location: https://origin.test/final"),
    "/to-http": reply("302 Found", b"", "Location: http://origin.test/final"),
    "/to-other": reply("302 Found", b"", "Location: http://other.test/final"),
    "/to-other-https": reply("307 Moved", b"", "Location: https://other.test/final"),
}
CASES: dict[str, Case] = {}


class _Heads(list[bytes]):
    """What a proxy is shown, written into the common record."""

    def __init__(self, name: str, record: list[tuple[str, int, bytes]]) -> None:
        super().__init__()
        self._name, self._record = name, record

    def append(self, head: bytes) -> None:
        self._record.append((self._name, 0, head))


class _World(World):
    """Origins behind the names origin.test and other.test, and proxies: PROXY and SECOND for everybody, GUARD for user:word, SECURE over TLS,
    and some that answer CONNECT with something else.
    """

    def __init__(self, certificate: Any) -> None:
        super().__init__(REPLIES, certificate)
        self._stack = ExitStack()
        hosts = {
            f"{host}:{port}": ("127.0.0.1", server.port)
            for host in ("origin.test", "other.test")
            for port, server in (
                (80, self.one),
                (8080, self.one),
                (443, self.two),
                (8443, self.two),
            )
        }
        made: dict[str, dict[str, Any]] = {
            "PROXY": {}, "SECOND": {}, "GUARD": {"credentials": ("user", "word")}, "SECURE": {"tls": certificate},
            "FORBIDDEN": {"connect_reply": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope"}, "FAILING": {"connect_reply": b"HTTP/1.1 502 Bad Gateway\r\n\r\n"}, "GARBLED": {"connect_reply": b"this is not HTTP\r\n\r\n"},
            "OLD": {"connect_reply": b"HTTP/1.0 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"},
        }  # fmt: skip
        self._places = {"CLOSED": "127.0.0.1:1"}
        for name, options in made.items():
            proxy = self._stack.enter_context(HttpProxy(resolve=hosts, **options))
            proxy.heads = _Heads(name.lower(), self.record)
            self._places[name] = f"127.0.0.1:{proxy.port}"
            self.names[f":{proxy.port}"] = f":<{name.lower()}>"

    def fill(self, value: Any) -> Any:
        """The value with the proxies' places filled in."""
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        if isinstance(value, str):
            for name, place in self._places.items():
                value = value.replace(name, place)
        return value

    def wire(self) -> list[dict[str, Any]]:
        """As for every world; but the fields of CONNECT, of which a test of its own tells, are the proxy's alone."""
        seen = super().wire()
        for one in seen:
            if one["line"].startswith("CONNECT"):
                one["line"] = one["line"].removesuffix(" HTTP/1.0").removesuffix(" HTTP/1.1")
                one["fields"] = [
                    (name, value)
                    for name, value in one["fields"]
                    if name not in {"Host", "User-Agent"}
                ]
        return seen

    def close(self) -> None:
        with self._stack:
            super().close()


def case(name: str, function: Case) -> None:
    assert name not in CASES
    CASES[name] = function


def call(
    name: str, method: str, url: str, options: Callable[[], dict[str, Any]] = dict, **more: Any
) -> None:
    """One request by way of PROXY, unless `proxies` is something else; `of_the_session` are attributes of the session, `environment` of the world."""

    def play(peer: Peer) -> None:
        peer.session.verify = CA_PATH[0]
        world: Any = peer.world
        given = {"proxies": {"http": "http://PROXY", "https": "http://PROXY"}, **options(), **more}
        for attribute, value in given.pop("of_the_session", {}).items():
            setattr(peer.session, attribute, world.fill(value))
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in given.pop("environment", {}).items():
                peer.session.trust_env = True
                patch.setenv(variable, world.fill(value))
            if given["proxies"] == "not given":
                del given["proxies"]
            peer.request(method, url, **world.fill(given))

    case(name, play)


CA_PATH = [""]
"""The authority of the certificates; a fixture puts it there."""


def _pieces() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


SCHEMES = ("http", "https")
for _scheme in SCHEMES:
    _origin = f"{_scheme}://origin.test"
    _near, _near_host = (
        ("http://ONE", "http://127.0.0.1")
        if _scheme == "http"
        else ("https://TWO", "https://127.0.0.1")
    )  # reached without a proxy, too
    for _method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "REPORT"):
        call(f"{_scheme} {_method}", _method, f"{_origin}/m")
    for _name, _options in {
        "form": lambda: {"data": {"a": "1"}}, "bytes": lambda: {"data": b"abc"}, "json": lambda: {"json": {"a": 1}}, "file": lambda: {"data": io.BytesIO(b"file")}, "generator": lambda: {"data": _pieces()}, "multipart": lambda: {"files": {"f": ("n", b"x")}, "data": {"a": "1"}},
        "headers": lambda: {"headers": {"X-A": "1", "accept": "x", "Host": "example.org"}}, "Connection": lambda: {"headers": {"Connection": "close"}}, "no defaults": lambda: {"headers": {"User-Agent": "mine", "Accept-Encoding": "identity", "Accept": None, "Connection": None}}, "cookies": lambda: {"cookies": {"c": "1"}}, "auth": lambda: {"auth": ("u", "p")}, "params": lambda: {"params": {"q": "a b"}},
        "Proxy-Authorization": lambda: {"headers": {"Proxy-Authorization": "Basic x"}}, "Proxy-Connection": lambda: {"headers": {"Proxy-Connection": "keep-alive"}},
    }.items():  # fmt: skip
        call(f"{_scheme} with {_name}", "POST", f"{_origin}/d", _options)
    for _url in (
        "",
        "/",
        "?",
        "?q=1",
        "/?q=1#frag",
        "/é?é",
        "/a b",
        "/a/../b",
        "//x",
        *((":80/x", ":8080/x") if _scheme == "http" else (":443/x", ":8443/x")),
        "/%2F",
        "/%zz",
        "/a;b",
        "/*",
    ):
        call(f"{_scheme} URL {_url!a}", "GET", f"{_origin}{_url}")
    call(f"{_scheme} upper-case host", "GET", f"{_scheme.upper()}://ORIGIN.test/x")
    call(f"{_scheme} user in the URL", "GET", f"{_scheme}://u:p@origin.test/x")
    call(f"{_scheme} refused", "GET", f"{_scheme}://127.0.0.1:1/x")

    # Which proxy it is, by the keys.
    for _name, _proxies in {
        "none": {}, "None": None, "http": {"http": "http://PROXY"}, "https": {"https": "http://PROXY"}, "all": {"all": "http://PROXY"}, "all and its own": {"all": "http://PROXY", _scheme: "http://SECOND"}, "a host": {_near_host: "http://SECOND", _scheme: "http://PROXY"}, "another host": {f"{_scheme}://other.test": "http://SECOND", _scheme: "http://PROXY"},
        "all of a host": {"all://127.0.0.1": "http://SECOND", "all": "http://PROXY"}, "all of a host after the scheme": {"all://127.0.0.1": "http://SECOND", _scheme: "http://PROXY"}, "host with a port": {_near: "http://SECOND", _scheme: "http://PROXY"}, "upper case": {_scheme.upper(): "http://PROXY"},
        "no scheme": {_scheme: "PROXY"}, "a slash": {_scheme: "http://PROXY/"}, "a path": {_scheme: "http://PROXY/path?x=1"}, "upper-case scheme": {_scheme: "HTTP://PROXY"}, "text": "http://PROXY", "list": ["http://PROXY"], "number": {_scheme: 5}, "unknown scheme": {_scheme: "ftp://PROXY"}, "no host": {_scheme: "http://"}, "no host but a port": {_scheme: "http://:80"},
        "no_proxy inside": {_scheme: "http://PROXY", "no_proxy": "127.0.0.1"}, "no_proxy of another inside": {_scheme: "http://PROXY", "no_proxy": "other.test"}, "closed": {_scheme: "http://CLOSED"}, "space": {_scheme: " http://PROXY"},
    }.items():  # fmt: skip
        call(f"{_scheme} proxies: {_name}", "GET", f"{_near}/x", proxies=_proxies)
    for _other in SCHEMES:
        call(
            f"{_scheme} over https proxy, {_other}",
            "GET" if _other == "http" else "POST",
            f"{_scheme}://origin.test/x",
            proxies={"http": "https://SECURE", "https": "https://SECURE"},
        )
    for _value in (None, "", {}):
        call(f"{_scheme} key with {_value!r}", "GET", f"{_near}/x", proxies={_scheme: _value})

    # Who the proxy takes one for.
    for _user in (
        "user:word@",
        "user:wrong@",
        "user@",
        ":word@",
        "",
        "us%65r:w%6Frd@",
        "user:word:more@",
        "%C3%A9:%E2%82%AC@",
    ):
        call(
            f"{_scheme} guarded: {_user!a}",
            "GET",
            f"{_origin}/x",
            proxies={_scheme: f"http://{_user}GUARD"},
        )
    call(
        f"{_scheme} guarded, auth as well",
        "GET",
        f"{_origin}/x",
        proxies={_scheme: "http://user:word@GUARD"},
        auth=("u", "p"),
    )
    call(
        f"{_scheme} guarded, by a header",
        "GET",
        f"{_origin}/x",
        proxies={_scheme: "http://GUARD"},
        headers={"Proxy-Authorization": "Basic dXNlcjp3b3Jk"},
    )
    call(
        f"{_scheme} guarded, by the URL and a header",
        "GET",
        f"{_origin}/x",
        proxies={_scheme: "http://user:word@GUARD"},
        headers={"Proxy-Authorization": "Basic eDp5"},
    )

    # The session's, the request's, the environment's.
    _theirs = {"http": "http://PROXY", "https": "http://PROXY"}
    _second = {"http": "http://SECOND", "https": "http://SECOND"}
    for _name, _given in {
        "of the session": {"proxies": "not given", "of_the_session": {"proxies": _theirs}}, "over the session's": {"proxies": _second, "of_the_session": {"proxies": _theirs}}, "another key than the session's": {"proxies": {"ftp": "http://SECOND"}, "of_the_session": {"proxies": _theirs}}, "all over the session's": {"proxies": {"all": "http://SECOND"}, "of_the_session": {"proxies": _theirs}},
        "of the environment": {"proxies": "not given", "environment": {"http_proxy": "http://PROXY", "https_proxy": "http://PROXY"}}, "of the environment, in capitals": {"proxies": "not given", "environment": {"HTTP_PROXY": "http://PROXY", "HTTPS_PROXY": "http://PROXY"}}, "all of the environment": {"proxies": "not given", "environment": {"all_proxy": "http://PROXY"}}, "over the environment's": {"proxies": _second, "environment": {"http_proxy": "http://PROXY", "https_proxy": "http://PROXY"}},
        "session over the environment": {"proxies": "not given", "of_the_session": {"proxies": _second}, "environment": {"http_proxy": "http://PROXY", "https_proxy": "http://PROXY"}}, "of the environment, without a scheme": {"proxies": "not given", "environment": {"http_proxy": "PROXY", "https_proxy": "PROXY"}}, "of the environment, with a user": {"proxies": "not given", "environment": {"http_proxy": "http://user:word@GUARD", "https_proxy": "http://user:word@GUARD"}},
        "host over the environment": {"proxies": {_near_host: "http://SECOND"}, "environment": {"http_proxy": "http://PROXY", "https_proxy": "http://PROXY"}}, "all over the environment": {"proxies": {"all": "http://SECOND"}, "environment": {"http_proxy": "http://PROXY", "https_proxy": "http://PROXY"}},
    }.items():  # fmt: skip
        call(f"{_scheme} {_name}", "GET", f"{_near}/x", lambda given=_given: dict(given))

for _name in ("FORBIDDEN", "FAILING", "GARBLED", "OLD"):
    call(
        f"CONNECT answered: {_name.lower()}",
        "GET",
        "https://origin.test/x",
        proxies={"https": f"http://{_name}"},
    )

for _value in (
    "*",
    "127.0.0.1",
    "localhost",
    ".0.0.1",
    "127.0.0.0/8",
    "127.0.0.1/32",
    "10.0.0.0/8",
    "0.0.1",
    "127.0.0.1:1",
    "127.0.0.1,x",
    "x, 127.0.0.1",
    " 127.0.0.1 ",
    "127.*",
    "",
    ",",
    "127.0.0.1:*",
    "[::1]",
    "http://127.0.0.1",
):
    call(
        f"no_proxy {_value!r}",
        "GET",
        "/direct",
        proxies="not given",
        environment={"http_proxy": "http://PROXY", "no_proxy": _value},
    )
for _value in (
    "localhost",
    ".localhost",
    "LOCALHOST",
    "host",
    "localhost:1",
    "*",
    "127.0.0.1",
    "local*",
    "localhost.",
):
    call(
        f"no_proxy {_value!r} for a name",
        "GET",
        "http://LOCAL/direct",
        proxies="not given",
        environment={"http_proxy": "http://PROXY", "no_proxy": _value},
    )
call("no_proxy and a proxy of the request", "GET", "/direct", environment={"no_proxy": "127.0.0.1"})
call(
    "no_proxy and a proxy of the session",
    "GET",
    "/direct",
    proxies="not given",
    of_the_session={"proxies": {"http": "http://PROXY"}},
    environment={"no_proxy": "127.0.0.1"},
)
call(
    "NO_PROXY in capitals",
    "GET",
    "/direct",
    proxies="not given",
    environment={"http_proxy": "http://PROXY", "NO_PROXY": "127.0.0.1"},
)
call(
    "environment not trusted",
    "GET",
    "/direct",
    proxies="not given",
    environment={"http_proxy": "http://PROXY"},
    of_the_session={"trust_env": False},
)

for _path in ("/to-https", "/to-http", "/to-other", "/to-other-https", "/to-302"):
    for _scheme in SCHEMES:
        call(f"{_scheme} redirected {_path}", "GET", f"{_scheme}://origin.test{_path}")
        call(
            f"{_scheme} redirected {_path} with credentials",
            "POST",
            f"{_scheme}://origin.test{_path}",
            proxies={"http": "http://user:word@GUARD", "https": "http://PROXY"},
            auth=("u", "p"),
            data={"a": "1"},
        )
    call(
        f"redirected {_path}, with a proxy for one host",
        "GET",
        f"http://origin.test{_path}",
        proxies={
            "http://origin.test": "http://PROXY",
            "http": "http://SECOND",
            "https": "http://SECOND",
        },
    )


def _in_a_row(peer: Peer) -> None:
    world: Any = peer.world
    peer.session.verify = CA_PATH[0]
    peer.session.proxies = world.fill({"http": "http://user:word@GUARD", "https": "http://PROXY"})
    for url in (
        "https://origin.test/1",
        "https://origin.test/2",
        "https://other.test/3",
        "http://origin.test/4",
        "http://origin.test/5",
        "https://origin.test/6",
    ):
        peer.get(url)
    peer.session.proxies = {}
    peer.get("/7")


def _proxy_auth_object(peer: Peer) -> None:
    world: Any = peer.world
    peer.session.proxies = world.fill({"http": "http://GUARD"})
    peer.session.auth = peer.library.auth.HTTPProxyAuth("user", "word")
    peer.get("http://origin.test/x")
    peer.get("http://origin.test/x", auth=("u", "p"))


case("in a row", _in_a_row)
case("proxy auth object", _proxy_auth_object)

URL = {"url", "request.url", "request.path_url", "wire.2.line"}
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **{f"http URL {url!a}": (URL | {"wire.1.line"}, "the caller's path and empty query are kept") for url in ("?", "/a/../b")},
    **{f"https URL {url!a}": (URL, "as above") for url in ("?", "/a/../b")},
    "http URL ':80/x'": ({"wire.1.line", "wire.1.Host", "wire.2.Host"}, "the scheme's own port is not written (RFC 9110, section 4.2.3)"),
    **dict.fromkeys(("http proxies: list", "https proxies: list", "https proxies: text"), ({"error"}, "what is no mapping is refused; requests goes without a proxy")),
    **{f"{scheme} proxies: space": ({"error"}, "a space before a URL is no part of it") for scheme in SCHEMES},
    **{f"{scheme} guarded: {user!a}": ({"wire.Proxy-Authorization"}, "a user without a password, and a password without a user, are sent") for scheme in SCHEMES for user in ("user@", ":word@")},
    **{f"{scheme} guarded: '%C3%A9:%E2%82%AC@'": ({"error"}, "UTF-8 where Latin-1 does not do; requests lets a bare UnicodeEncodeError through") for scheme in SCHEMES},
    "http guarded, by the URL and a header": ({"status", "wire"}, "a request's own header goes before what the proxy's URL says"),
    "https guarded, by the URL and a header": ({"error"}, "as above"),
    "https guarded, by a header": ({"error"}, "Proxy-Authorization goes with CONNECT; requests sends it to the origin"),
    "https with Proxy-Authorization": ({"wire.1.Proxy-Authorization", "wire.2.Proxy-Authorization"}, "as above"),
    **{f"{scheme} {how}": ({"wire.1.to"}, "what is given goes before the session's, and that before the environment's, whatever the key") for scheme in SCHEMES for how in ("all over the session's", "session over the environment", "all over the environment")},
    **{f"no_proxy {value!r}": ({"wire"}, "an address is no name, and has no suffixes") for value in (".0.0.1", "0.0.1")},
    "no_proxy 'localhost.' for a name": ({"wire"}, "a name with a dot at its end is the name"),
    **{f"{where} with credentials": ({"request.headers"}, "Proxy-Authorization is not among the headers of a request that did not have it") for where in ("http redirected /to-http", "https redirected /to-http", "http redirected /to-other", "https redirected /to-other", "http redirected /to-302")},
}  # fmt: skip
"""Case: what differs, and why it is meant to. That CONNECT is HTTP/1.1 is in a test of its own."""


@pytest.fixture(scope="session")
def make_world(ca: CertificateAuthority) -> Callable[[], World]:
    CA_PATH[0] = ca.path
    certificate = ca.issue("origin.test", "other.test", "127.0.0.1", "localhost")
    return lambda: _World(certificate)


@pytest.mark.parametrize("name", CASES)
def test_same_as_requests(name: str, make_world: Callable[[], World]) -> None:
    assert_same(CASES[name], DIFFERENCES.get(name), make_world)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str, part: int, make_world: Callable[[], World]) -> None:
    assert_same_in_colour({name: CASES[name] for name in list(CASES)[part::4]}, colour, make_world)


def test_what_connect_looks_like(make_world: Callable[[], World]) -> None:
    """The one head that differs on purpose: RFC 9112, section 3.2, wants Host; requests sends what Python's http.client does, in some versions HTTP/1.0."""

    def seen(peer: Callable[[World], Any]) -> list[bytes]:
        world = make_world()
        play(CASES["https guarded: 'user:word@'"], peer, world)
        return world.record[0][2].split(b"\r\n")

    ours, theirs = seen(envoi_peer), seen(requests_peer)
    authorization = b"Proxy-Authorization: Basic dXNlcjp3b3Jk"
    assert ours == [
        b"CONNECT origin.test:443 HTTP/1.1",
        b"Host: origin.test:443",
        authorization,
        b"User-Agent: " + default_user_agent().encode(),
        b"",
        b"",
    ]
    assert theirs[0].startswith(b"CONNECT origin.test:443 HTTP/1.")
    assert authorization in theirs


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= CASES.keys()
    assert len(CASES) >= 200
