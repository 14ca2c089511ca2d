"""Basic and Digest authentication with requests and with Envoi, against a server that checks the answers; only the client's nonce is random."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from compat.differential_support import (
    Case,
    DigestWorld,
    Peer,
    Reply,
    World,
    assert_same,
    assert_same_in_colour,
    envoi_peer,
    play,
    reply,
)

pytestmark = pytest.mark.timeout(30)

_HASHES = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-256": "sha256",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}
_FIELD = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]*))')


def challenge(*fields: str) -> bytes:
    return reply("401 Unauthorized", b"who?", *(f"WWW-Authenticate: {field}" for field in fields))


def digest(parameters: str = 'realm="r", nonce="n", qop="auth"', *more: str) -> Reply:
    """A resource for user:word, which demands Digest with these parameters.

    Args:
        parameters: of the challenge.
        more: fields of the answer when it lets somebody in.
    """

    def answer(request: bytes) -> bytes:
        return (
            reply("200 OK", b"in", *more)
            if _is_right(request)
            else challenge(f"Digest {parameters}")
        )

    return answer


def _is_right(request: bytes) -> bool:
    """Whether the request's answer is the one of RFC 7616, section 3.4, for user and word."""
    head, _, body = request.partition(b"\r\n\r\n")
    found = re.search(rb"\r\nAuthorization: Digest (.*?)(\r\n|$)", head)
    if found is None:
        return False
    given = {
        name: quoted or plain for name, quoted, plain in _FIELD.findall(found[1].decode("latin-1"))
    }
    algorithm = given.get("algorithm", "MD5").upper()
    name = _HASHES.get(algorithm.removesuffix("-SESS"))
    if name is None:
        return False

    def hashed(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode("latin-1")).hexdigest()

    method = head.split(b" ")[0].decode()
    of_the_body = [hashlib.new(name, body).hexdigest()] if given.get("qop") == "auth-int" else []
    first = hashed("user", given["realm"], "word")
    if algorithm.endswith("-SESS"):
        first = hashed(first, given["nonce"], given.get("cnonce", ""))
    between = [given["nc"], given["cnonce"], given["qop"]] if "qop" in given else []
    return given["response"] == hashed(
        first, given["nonce"], *between, hashed(method, given["uri"], *of_the_body)
    )


def _stale(request: bytes) -> bytes:
    if b'nonce="old"' in request:
        return challenge('Digest realm="r", nonce="new", qop="auth", stale=true')
    return digest('realm="r", nonce="old", qop="auth"')(request)  # type: ignore[operator]


def _changing(request: bytes) -> bytes:
    """Another nonce after each use."""
    used = re.search(rb'nonce="(\d+)"', request)
    number = int(used[1]) if used else 0
    if used and number % 2 == 0 and _is_right(request):
        return reply("200 OK", b"in")
    return challenge(f'Digest realm="r", nonce="{number + 1 + number % 2}", qop="auth", stale=true')


def _with_cookie(request: bytes) -> bytes:
    if b"Cookie: seen=1" in request and _is_right(request):
        return reply("200 OK", b"in")
    return reply(
        "401 Unauthorized",
        b"",
        "Set-Cookie: seen=1; Path=/",
        'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"',
    )


def _closing(request: bytes) -> bytes:
    return (
        reply("200 OK", b"in")
        if _is_right(request)
        else challenge('Digest realm="r", nonce="n", qop="auth"').replace(
            b"\r\n", b"\r\nConnection: close\r\n", 1
        )
    )


CHALLENGES: dict[str, str] = {
    "no qop": 'realm="r", nonce="n"', "opaque": 'realm="r", nonce="n", qop="auth", opaque="o"', "empty opaque": 'realm="r", nonce="n", qop="auth", opaque=""', "auth and auth-int": 'realm="r", nonce="n", qop="auth,auth-int"', "auth-int and auth": 'realm="r", nonce="n", qop="auth-int, auth"', "auth-int": 'realm="r", nonce="n", qop="auth-int"', "unknown qop": 'realm="r", nonce="n", qop="other"',
    "unquoted": "realm=r, nonce=n, qop=auth", "no realm": 'nonce="n", qop="auth"', "no nonce": 'realm="r", qop="auth"', "empty realm": 'realm="", nonce="n", qop="auth"', "realm with a comma": 'realm="a, b", nonce="n", qop="auth"', "realm with an equals": 'realm="a=b", nonce="n", qop="auth"', "no space": 'realm="r",nonce="n",qop="auth"', "spaces around equals": 'realm = "r", nonce = "n", qop = "auth"',
    "domain": 'realm="r", nonce="n", qop="auth", domain="/x http://y/"', "userhash": 'realm="r", nonce="n", qop="auth", userhash=true', "charset": 'realm="r", nonce="n", qop="auth", charset=UTF-8', "upper-case names": 'REALM="r", NONCE="n", QOP="auth"', "order": 'qop="auth", algorithm=MD5, nonce="n", realm="r"', "nonce with signs": 'realm="r", nonce="a/b+c==:;", qop="auth"', "nothing": "",
    **{algorithm: f'realm="r", nonce="n", qop="auth", algorithm={algorithm}' for algorithm in ("MD5", "md5", "MD5-sess", "MD5-SESS", "SHA", "SHA-256", "SHA-256-sess", "SHA-512", "SHA-512-256", "TOKEN")},
    "quoted algorithm": 'realm="r", nonce="n", qop="auth", algorithm="MD5"', **{f"{algorithm} without qop": f'realm="r", nonce="n", algorithm={algorithm}' for algorithm in ("MD5", "MD5-sess", "SHA-256")},
}  # fmt: skip
PLAIN = 'Digest realm="r", nonce="n", qop="auth"'
REPLIES: dict[str, Reply] = {
    **{f"/{number}": digest(text) for number, text in enumerate(CHALLENGES.values())},
    "/in": digest(),
    "/info": digest('realm="r", nonce="n", qop="auth"', 'Authentication-Info: nextnonce="next"'),
    "/stale": _stale,
    "/changing": _changing,
    "/with-cookie": _with_cookie,
    "/closing": _closing,
    "/basic": challenge('Basic realm="b"'),
    "/basic-and-digest": lambda request: digest()(request).replace(b"WWW-Authenticate: D", b'WWW-Authenticate: Basic realm="b", D'),  # type: ignore[operator]
    "/digest-and-basic": lambda request: digest()(request).replace(b'"auth"\r\n', b'"auth", Basic realm="b"\r\n'),  # type: ignore[operator]
    "/two-fields": lambda request: digest()(request).replace(b"WWW-Authenticate: D", b'WWW-Authenticate: Basic realm="b"\r\nWWW-Authenticate: D'),  # type: ignore[operator]
    "/two-digests": lambda request: digest()(request).replace(b"WWW-Authenticate: D", b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256\r\nWWW-Authenticate: D'),  # type: ignore[operator]
    "/lower-case": lambda request: digest()(request).replace(b"Digest realm", b"digest realm"),  # type: ignore[operator]
    "/no-challenge": reply("401 Unauthorized", b"who?"),
    "/always": challenge(PLAIN),
    "/407": reply("407 Proxy Authentication Required", b"", 'Proxy-Authenticate: Digest realm="r", nonce="n", qop="auth"'),
    "/403": reply("403 Forbidden", b"", f"WWW-Authenticate: {PLAIN}"),
    "/to-in": reply("302 Found", b"", "Location: /in"),
    "/to-other": reply("302 Found", b"", "Location: http://127.0.0.1:OTHER/in"),
    "/guarded": lambda request: reply("302 Found", b"", "Location: /in") if _is_right(request) else challenge(PLAIN),
    "/guarded-out": lambda request: reply("302 Found", b"", "Location: http://127.0.0.1:OTHER/in") if _is_right(request) else challenge(PLAIN),
    "/large": lambda request: reply("200 OK", b"in") if _is_right(request) else reply("401 Unauthorized", b"x" * 30_000, f"WWW-Authenticate: {PLAIN}"),
}  # fmt: skip
CASES: dict[str, Case] = {}


def make_world() -> World:
    return DigestWorld(REPLIES)


def _auth(peer: Peer, user: Any = "user", word: Any = "word") -> Any:
    return peer.library.auth.HTTPDigestAuth(user, word)


def case(
    name: str, *calls: tuple[str, str, dict[str, Any]] | str, user: Any = "user", word: Any = "word"
) -> None:
    """Calls in a row with one Digest object."""
    assert name not in CASES

    def play(peer: Peer) -> None:
        auth = _auth(peer, user, word)
        for one in calls:
            method, path, options = ("GET", one, {}) if isinstance(one, str) else one
            given = {key: value() if callable(value) else value for key, value in options.items()}
            peer.request(method, path, auth=auth, **given)

    CASES[name] = play


def _pieces() -> Iterator[bytes]:
    yield b"one"


for _number, _name in enumerate(CHALLENGES):
    case(f"digest: {_name}", f"/{_number}", f"/{_number}?again=1")
    case(f"digest, POST: {_name}", ("POST", f"/{_number}", {"data": b"body"}))
for _path in REPLIES:
    if not _path[1:].isdigit():
        case(f"digest {_path}", _path, _path)
        case(f"digest {_path}, a wrong password", _path, word="wrong")
case(
    "digest for several paths",
    "/in",
    "/in?a=1&b=2",
    "/é?é",
    "/in#fragment",
    ("POST", "/in", {"data": {"a": "1"}}),
    ("HEAD", "/in", {}),
    ("PUT", "/in", {"json": {}}),
    ("GET", "/in", {"params": {"q": "a b"}}),
)
case("digest, and the other origin", "/in", "http://TWO/in", "/in", "http://LOCAL/in")
case(
    "digest not followed",
    ("GET", "/guarded", {"allow_redirects": False}),
    ("GET", "/to-in", {"allow_redirects": False}),
)
for _name, _data in {
    "file": lambda: io.BytesIO(b"0123456789"),
    "generator": _pieces,
    "iterator": lambda: iter([b"a"]),
    "empty": lambda: b"",
    "text": lambda: "é",
}.items():
    case(
        f"digest with a body: {_name}",
        ("POST", "/in", {"data": _data}),
        ("POST", "/in", {"data": _data}),
    )
case("digest with a multipart body", ("POST", "/in", {"files": lambda: {"f": io.BytesIO(b"x")}}))
case("digest with a header", ("GET", "/in", {"headers": {"Authorization": "Bearer x"}}))
case("digest with cookies", ("GET", "/with-cookie", {"cookies": {"mine": "1"}}), "/with-cookie")
for _name, _user, _word in (("wide", "üser☃", "wörd"), ("quoted", 'us"er', 'wo"rd'), ("colon", "us:er", "wo:rd"), ("empty", "", ""), ("bytes", b"user", b"word"), ("None", None, None), ("backslash", "us\\er", "word"), ("comma", "us,er", "word")):  # fmt: skip
    case(f"digest user: {_name}", "/in", user=_user, word=_word)


def _session(*paths: str) -> Case:
    def play(peer: Peer) -> None:
        peer.session.auth = _auth(peer)
        for path in paths:
            peer.get(path)

    return play


def _hooks(peer: Peer) -> None:
    seen: list[int] = []
    peer.get(
        "/in",
        auth=_auth(peer),
        hooks={"response": lambda response, **_: seen.append(response.status_code)},
    )
    peer.see("seen", seen)


def _prepared(peer: Peer) -> None:
    auth = _auth(peer)
    for _ in range(2):
        peer.send(
            peer.session.prepare_request(
                peer.library.Request("GET", peer.world.expand("/in"), auth=auth)
            )
        )


def _stream(peer: Peer) -> None:
    response = peer.open("GET", "/large", auth=_auth(peer), stream=True)
    peer.see("status", (response.status_code, [one.status_code for one in response.history]))
    response.close()


def _objects(peer: Peer) -> None:
    module = peer.library.auth
    for auth in (
        module.HTTPBasicAuth("user", "word"),
        module.HTTPBasicAuth(b"\xff", b"\x00"),
        module.HTTPBasicAuth("é", "€"),
        module.HTTPBasicAuth("user", None),
        module.HTTPBasicAuth(5, 6),
        module.HTTPProxyAuth("user", "word"),
    ):
        peer.get("/a", auth=auth)
    peer.see(
        "equal",
        (
            module.HTTPBasicAuth("a", "b") == module.HTTPBasicAuth("a", "b"),
            module.HTTPBasicAuth("a", "b") != module.HTTPBasicAuth("a", "c"),
            module.HTTPDigestAuth("a", "b") == module.HTTPDigestAuth("a", "b"),
            module.HTTPBasicAuth("a", "b") == ("a", "b"),
        ),
    )


def _own(peer: Peer) -> None:
    class Own(peer.library.auth.AuthBase):  # type: ignore[misc, name-defined]
        def __call__(self, request: Any) -> Any:
            request.headers["X-Body"] = str(len(request.body or b""))
            request.headers["X-Url"] = request.path_url
            return request

    peer.post("/d", data=b"12345", auth=Own())
    peer.get("/d?x=1", auth=Own())
    peer.see("base", lambda: peer.library.auth.AuthBase()(None))


def _url(peer: Peer) -> None:
    for user in (
        "user:word@",
        "user@",
        ":word@",
        ":@",
        "us%3Aer:wo%40rd@",
        "%C3%A9:%E2%82%AC@",
        "a:b:c@",
        "a@b:c@",
        "%zz:x@",
    ):
        peer.get(f"http://{user}ONE/a")
    peer.get("http://user:word@ONE/in", auth=_auth(peer))


CASES |= {
    "digest of the session": _session("/in", "/in", "/final", "/basic", "/in"),
    "digest of the session, redirected": _session("/to-in", "/to-in", "/guarded"),
    "digest of the session, led out": _session("/to-other", "/guarded-out", "/in"),
}
CASES |= {
    "digest and hooks": _hooks,
    "digest prepared": _prepared,
    "digest streamed": _stream,
    "basic objects": _objects,
    "own class": _own,
    "user in the URL": _url,
}


def _absent(number: int, *more: str) -> set[str]:
    """What an Authorization that only one of the two sends differs in."""
    return {
        f"wire.{number}.Authorization {name}"
        for name in ("username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce", *more)
    }


def _of_both(
    names: tuple[str, ...], twice: set[str], once: set[str], reason: str
) -> dict[str, tuple[set[str], str]]:
    """For GET, which is sent twice, and for POST."""
    return {
        **{f"digest: {name}": (twice, reason) for name in names},
        **{f"digest, POST: {name}": (once, reason) for name in names},
    }


ALGORITHM = {"wire.2.Authorization algorithm", "wire.3.Authorization algorithm"}
QUOTED = (
    "order",
    "MD5",
    "md5",
    "MD5-sess",
    "MD5-SESS",
    "SHA",
    "SHA-256",
    "SHA-512",
    "quoted algorithm",
    "MD5 without qop",
    "SHA-256 without qop",
)
STATUS = {"1.status", "2.status", "wire"}
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    **_of_both(QUOTED, ALGORITHM, {"wire.2.Authorization algorithm"}, "algorithm is not quoted (RFC 7616, section 3.4)"),
    **dict.fromkeys(("digest /two-digests", ), (ALGORITHM, "as above")),
    "digest /two-digests, a wrong password": ({"wire.2.Authorization algorithm"}, "as above"),
    **_of_both(("empty opaque",), {"wire.2.Authorization opaque", "wire.3.Authorization opaque"}, {"wire.2.Authorization opaque"}, "opaque comes back as it came, an empty one too (RFC 7616, section 3.4)"),
    **_of_both(("auth-int", "auth-int and auth"), STATUS, {"status"} | _absent(2), "auth-int is understood, and spaces in the list are"),
    **_of_both(("SHA-256-sess", "SHA-512-256"), STATUS, {"status"} | _absent(2, "algorithm"), "requests does not know the algorithm, and sends the request once more without an answer"),
    **_of_both(("MD5-sess without qop",), STATUS, {"status", "wire.2.Authorization algorithm", "wire.2.Authorization cnonce"}, "requests makes a session's key of a nonce that it does not send"),
    **_of_both(("unknown qop", "TOKEN"), {"1.history", "2.history", "wire"}, {"history", "wire"}, "what cannot be answered is not asked again"),
    **_of_both(("no realm", "no nonce", "nothing"), {"1.error", "2.error"}, {"error"}, "requests lets a bare KeyError through; the 401 is given out"),
    **_of_both(("spaces around equals", "upper-case names"), {"1.error", "2.error", "wire"}, {"error"}, "such a challenge is one (RFC 9110, section 11.2); requests lets a bare KeyError through"),
    **_of_both(("userhash",), {f"wire.{number}.Authorization {name}" for number in (2, 3) for name in ("username", "userhash")}, {"wire.2.Authorization username", "wire.2.Authorization userhash"}, "the name is hashed where the server asks for it (RFC 7616, section 3.4.4)"),
    "digest: domain": ({"wire", "2.history"}, "an answer is given unasked only where domain says that it is good (RFC 7616, section 3.3)"),
    "digest /info": ({"wire.3.Authorization nonce", "wire.3.Authorization nc"}, "nextnonce is the next nonce (RFC 7616, section 3.5)"),
    "digest /stale": ({"1.status", "2.history", "wire.3.Authorization nonce", "wire.3.Authorization nc", "wire.4.Authorization nc"}, "a stale nonce is replaced at once (RFC 7616, section 3.3); requests gives the 401 out"),
    "digest /stale, a wrong password": ({"headers", "history", "wire"}, "as above"),
    "digest /changing": ({"1.history", "2.history", "1.headers", "2.headers", "wire"}, "as above"),
    "digest /changing, a wrong password": ({"headers", "history", "wire"}, "as above"),
    "digest /always": (_absent(3) | {"wire.4.Authorization nc"}, "an answer that was refused is not given unasked"),
    "digest /to-other": (STATUS, "another origin's challenge is not answered behind a redirect"),
    "digest /to-other, a wrong password": ({"request.headers", "wire"}, "as above"),
    "digest /guarded-out": (STATUS, "as above"),
    "digest of the session, led out": (STATUS, "as above"),
    "digest, and the other origin": ({"2.history", "4.history", "wire"}, "one server's nonce is nothing to another"),
    "digest /guarded": ({"wire"}, "requests takes the answer for one path along to another, where it is wrong"),
    "digest /to-in": ({"wire.5.Authorization uri", "wire.5.Authorization nc"}, "as above"),
    "digest of the session, redirected": ({"wire.5.Authorization uri", "wire.5.Authorization nc", "wire.6.Authorization nc", "wire.7.Authorization uri", "wire.7.Authorization nc"}, "as above"),
    "digest not followed": ({"1.history"}, "requests loses the 401 when the redirect behind it is not followed"),
    **{f"digest with a body: {name}": ({"1.error", "wire"}, "requests sends the used-up generator as an empty body; that would be a lie") for name in ("generator", "iterator")},
    "digest with cookies": ({"1.status", "wire.2.Cookie"}, "a cookie that the 401 sets is sent with the answer, whatever else is in Cookie"),
    "digest user: wide": ({"error"}, "a name is sent as UTF-8; requests lets a bare UnicodeEncodeError through"),
    "digest user: bytes": ({"status", "wire.2.Authorization username"}, "bytes are a name; requests sends Python's b'…'"),
    **{f"digest user: {name}": ({"wire.2.Authorization username"}, "what needs a backslash between quotes has one (RFC 9110, section 5.6.4)") for name in ("quoted", "backslash")},
    "basic objects": ({"3.error", "4.error", "wire.3.Authorization", "wire.5.Proxy-Authorization"}, "UTF-8 where Latin-1 does not do; None is no password; Proxy-Authorization goes to a proxy alone"),
    "user in the URL": ({"2.request.headers", "wire.2.Authorization", "6.error", "8.error", "wire.6.Authorization", "wire.7.Authorization"}, "a user without a password is one; UTF-8 where Latin-1 does not do; two @ are ambiguous, and refused"),
    **dict.fromkeys(("digest /with-cookie", "digest /with-cookie, a wrong password"), ({"wire.2.order"}, "the order of fields with different names means nothing (RFC 9110, section 5.3)")),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", CASES)
def test_same_as_requests(name: str) -> None:
    assert_same(CASES[name], DIFFERENCES.get(name), make_world)


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str) -> None:
    assert_same_in_colour(CASES, colour, make_world)


@pytest.mark.parametrize("name", ["digest /always", "digest /to-in", "digest /guarded"])
def test_no_nonce_is_used_twice_with_one_count(name: str) -> None:
    """A server may take the second for a replay (RFC 7616, section 3.4). In requests only the first of these cases is free of it."""
    wire = play(CASES[name], envoi_peer, make_world())["wire"]
    answers = [
        dict(request["fields"]) for request in wire if "Authorization nc" in dict(request["fields"])
    ]
    used = [(fields["Authorization nonce"], fields["Authorization nc"]) for fields in answers]
    assert len(used) == len(set(used)) >= 2


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= CASES.keys()
    assert len(CASES) >= 130
