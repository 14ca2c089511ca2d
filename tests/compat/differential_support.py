"""A case played with requests and with Envoi, each on servers of its own; what each gave back and sent; and what differs, by name."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import requests

import envoi
from compat.peer_of_requests import REPLIES
from envoi.testing import RawConnection, RawServer
from envoi.testing._wire import Malformed, body_length, parse_head, read_chunked
from peers.clients import Client

Reply = bytes | Callable[[bytes], bytes]
Case = Callable[["Peer"], object]

_NOT_TOLD = {"object", "BaseException", "Exception"}
_DEFAULT_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"


class World:
    """Two origins on ports of their own that answer by path, and one record of what both were sent, in its order.

    In a URL or a header, ONE and TWO stand for `127.0.0.1:port`, and LOCAL for `localhost:port` of the first; in a reply PORT and
    OTHER are the ports of the origin itself and of the other one.

    Args:
        replies: what to answer, by path: bytes, or a function of the request's bytes. They go before those of `peer_of_requests`.
        tls: what the second origin speaks TLS with.
    """

    def __init__(self, replies: Mapping[str, Reply] | None = None, tls: Any = False) -> None:
        self.replies: dict[str, Reply] = {**REPLIES, **(replies or {})}
        self.record: list[tuple[str, int, bytes]] = []
        self.one = RawServer(lambda connection: self._answer("one", connection))
        self.two = RawServer(lambda connection: self._answer("two", connection), tls=tls)
        self.names = {f":{self.one.port}": ":<one>", f":{self.two.port}": ":<two>"}

    def expand(self, text: Any) -> Any:
        """The text with ONE, TWO and LOCAL filled in; a path belongs to the first origin."""
        if not isinstance(text, str):
            return text
        if text.startswith("/"):
            text = f"http://ONE{text}"
        for name, place in (("ONE", self.one), ("TWO", self.two)):
            text = text.replace(name, f"127.0.0.1:{place.port}")
        return text.replace("LOCAL", f"localhost:{self.one.port}")

    def local(self, value: Any) -> Any:
        """The value with ports taken out, wherever in it they are."""
        if isinstance(value, str):
            for port, name in self.names.items():
                value = value.replace(port, name)
            return value
        if isinstance(value, bytes):
            for port, name in self.names.items():
                value = value.replace(port.encode(), name.encode())
            return value
        if isinstance(value, (list, tuple)):
            return type(value)(self.local(one) for one in value)
        if isinstance(value, dict):
            return {self.local(key): self.local(one) for key, one in value.items()}
        return value

    def wire(self) -> list[dict[str, Any]]:
        """What was sent, request by request: where to, over which connection, the line, the fields in their order, the body's bytes."""
        return [
            self.local({"to": to, "connection": number, **parsed(request)})
            for to, number, request in self.record
        ]

    def close(self) -> None:
        """Stop the servers; what a script raised is raised here."""
        with self.one, self.two:
            pass

    def _answer(self, name: str, connection: RawConnection) -> None:
        ports = (self.one.port, self.two.port) if name == "one" else (self.two.port, self.one.port)
        while True:
            request, failure = read_request(connection)
            self.record.append((name, connection.number, request + failure))
            if failure:
                return
            method, target, _ = request.split(b"\r\n")[0].split(b" ")
            reply = self.replies.get(target.partition(b"?")[0].decode("latin-1"), _DEFAULT_REPLY)
            if callable(reply):
                reply = reply(request)
            reply = reply.replace(b"PORT", str(ports[0]).encode()).replace(
                b"OTHER", str(ports[1]).encode()
            )
            if method == b"HEAD":
                reply = reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            connection.send(reply)
            if (
                not reply
                or b"Connection: close" in reply
                or reply.startswith(b"HTTP/1.0")
                or target == b"/garbage"
            ):
                return


class DigestWorld(World):
    """Shows each parameter of a Digest header as a field of its own; what is random in them is taken out."""

    def wire(self) -> list[dict[str, Any]]:
        seen = super().wire()
        for one in seen:
            one["fields"] = [
                shown for field in one["fields"] for shown in _parameters_of_digest(*field)
            ]
        return seen

    def local(self, value: Any) -> Any:
        value = super().local(value)
        return (
            "Digest ..."
            if isinstance(value, str) and value.startswith("Digest username")
            else value
        )


def _parameters_of_digest(name: str, value: str) -> list[tuple[str, str]]:
    if not value.startswith(" Digest "):
        return [(name, value)]
    quiet = re.sub(
        r'(cnonce|response)="(?:[0-9a-f]{16,128}|<chance>)"',
        r'\1="..."',
        value.removeprefix(" Digest "),
    )
    # requests quotes qop, which RFC 7616 (section 3.4) forbids.
    quiet = re.sub(r'(?<= qop=)"([\w-]+)"', r"\1", quiet)
    return [
        (f"{name} {key}", text)
        for key, _, text in (one.partition("=") for one in re.split(r", (?=\w+=)", quiet))
    ]


def _plain_send(session: Any, client: Any, prepared: Any, **options: Any) -> Any:
    if client is None:
        return session.send(prepared, **options)
    return client._wrapped(client._loop.call(session.send, prepared, **options))


class Peer:
    """One of the two libraries, as a case sees it: a session, and a notebook for what comes of it.

    Attributes:
        library: `requests` or `envoi`.
        session: a session of it that the environment does not touch, unless the case lets it.
        seen: what came back, by name.
        stack: closed when the case is over.
    """

    def __init__(self, library: Any, session: Any, world: World, client: Any = None) -> None:
        self.library, self.session, self.world = library, session, world
        self.seen: dict[str, Any] = {}
        self.stack = ExitStack()
        self._client = session if client is None else client
        self._send = partial(_plain_send, session, client)
        self._calls = 0

    def open(self, method: str, url: str, **options: Any) -> Any:
        """Send a request; nothing is written down."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._client.request(method, self.world.expand(url), **options)

    def send(self, prepared: Any, **options: Any) -> Any:
        """Send a prepared request, and write down all that can be seen of its response, or the error."""
        self._calls += 1
        return self.see(str(self._calls), lambda: self._send(prepared, **options), snapshot)

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send a request, and write down all that can be seen of its response, or the error; in that case None is returned."""
        self._calls += 1
        return self.see(str(self._calls), lambda: self.open(method, url, **options), snapshot)

    def get(self, url: str, **options: Any) -> Any:
        """GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        """POST."""
        return self.request("POST", url, **options)

    def file(
        self, content: bytes, mode: str = "rb", name: str = "upload.txt", position: int = 0
    ) -> IO[Any]:
        """An open file with this content, which stands at a position."""
        path = Path(self.stack.enter_context(TemporaryDirectory()), name)
        path.write_bytes(content)
        file = self.stack.enter_context(path.open(mode, encoding=None if "b" in mode else "utf-8"))
        file.seek(position)
        return file

    def see(self, name: str, value: Any, shown: Callable[[Any], Any] = lambda value: value) -> Any:
        """Write down a value, or what calling it gives or raises."""
        try:
            result = value() if callable(value) else value
            self.seen[name] = self.world.local(shown(result))
        except Exception as error:
            self.seen[name] = {
                "error": [
                    one.__name__ for one in type(error).__mro__ if one.__name__ not in _NOT_TOLD
                ]
            }
            return None
        return result


def snapshot(response: Any) -> dict[str, Any]:
    """All that can be seen of a response, and of the request that it answers."""
    request = response.request
    body = request.body
    return {
        "status": response.status_code,
        "reason": response.reason,
        "headers": sorted((name.lower(), value) for name, value in response.headers.items()),
        "content": response.content,
        "encoding": response.encoding,
        "text": response.text,
        "url": response.url,
        "history": [
            (one.status_code, one.url, one.request.method, one.request.url, dict(one.cookies))
            for one in response.history
        ],
        "cookies": dict(response.cookies),
        "ok": response.ok,
        "links": response.links,
        "redirects": (response.is_redirect, response.is_permanent_redirect),
        "next": None if response.next is None else (response.next.method, response.next.url),
        "elapsed": type(response.elapsed).__name__,
        "request.method": request.method,
        "request.url": request.url,
        "request.path_url": request.path_url,
        "request.headers": sorted(
            (name.lower(), quiet(name, value)) for name, value in request.headers.items()
        ),
        "request.body": without_boundary(body)
        if isinstance(body, (bytes, str)) or body is None
        else type(body).__name__,
    }


def parsed(request: bytes) -> dict[str, Any]:
    """A request in its parts, with what is random or names the library taken out."""
    head, _, body = without_boundary(request).partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = [field.partition(":")[::2] for field in fields]
    return {
        "line": line,
        "fields": [(name, quiet(name, value)) for name, value in pairs],
        "body": body,
    }


def quiet(name: str, value: Any) -> Any:
    """A header's value, without what names the library or depends on what else is installed."""
    if isinstance(value, bytes):
        return value
    if name.lower() == "user-agent":
        return re.sub(r"^( ?)(python-requests|envoi)/.*", r"\1...", value)
    if name.lower() == "accept-encoding":
        return re.sub(
            r"^( ?)gzip, deflate.*", r"\1...", value
        )  # requests offers br and zstd only where their packages are installed
    if name.lower() == "content-type":
        return re.sub(r"boundary=[0-9a-f]{32}$", "boundary=...", value)
    return value


def without_boundary(text: Any) -> Any:
    """Multipart bodies with a mark of the same length in place of the random one."""
    if isinstance(text, bytes):
        return re.sub(rb"(boundary=|--)[0-9a-f]{32}(?=\r\n|--\r\n)", rb"\1" + b"B" * 32, text)
    return text


@contextmanager
def requests_peer(world: World) -> Iterator[Peer]:
    """The real requests."""
    with requests.Session() as session:
        session.trust_env = False
        yield Peer(requests, session, world)


@contextmanager
def envoi_peer(world: World, colour: str = "sync") -> Iterator[Peer]:
    """Envoi, in one of the three colours."""
    with Client(colour) as client:
        client.session.trust_env = False
        yield Peer(envoi, client.session, world, client)


def play(case: Case, peer: Callable[[World], Any], world: World) -> dict[str, Any]:
    """What a case saw, and as `wire` what it sent."""
    try:
        with peer(world) as player, player.stack:
            case(player)
    finally:
        world.close()
    return {**player.seen, "wire": world.wire()}


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs: requests' and Envoi's value, by a name such as `2.status`, `wire.1.Cookie`, `wire.1.order`.

    The number is left out where a case made one call or sent one request. A call that failed with one of the two alone, or was answered
    with another status, differs in that.
    """
    found: dict[str, tuple[Any, Any]] = {}
    names = [*theirs, *(name for name in ours if name not in theirs)]
    for name in names:
        if name == "wire" and "error" in found:
            break  # the one call failed with one library alone
        if (
            name == "wire"
            and names == ["1", "wire"]
            and _failed(theirs["1"])
            and not (theirs[name] and ours[name])
        ):
            break  # of a call that broke off, the server may have seen nothing yet
        if name == "wire":
            found |= _of_wires(theirs[name], ours[name])
            continue
        left, right = theirs.get(name), ours.get(name)
        prefix = "" if names == [name, "wire"] else f"{name}."
        if _failed(left) or _failed(right):
            if not (_failed(left) and _failed(right) and left["error"][0] in right["error"]):
                found[f"{prefix}error"] = (left, right)
        elif isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
            apart = {
                f"{prefix}{key}": (left[key], right[key]) for key in left if left[key] != right[key]
            }
            other_answer = f"{prefix}status"  # of which everything else follows
            found |= {other_answer: apart[other_answer]} if other_answer in apart else apart
        elif left != right:
            found[name] = (left, right)
    return found


def assert_same(
    case: Case, expected: tuple[set[str], str] | None, make_world: Callable[[], World] = World
) -> None:
    """Play a case with both, and demand that exactly the expected names differ."""
    different = differences(
        play(case, requests_peer, make_world()), play(case, envoi_peer, make_world())
    )
    wanted = set() if expected is None else expected[0]
    told = "\n".join(
        f"{name}:\n  requests {different[name][0]!r}\n  envoi    {different[name][1]!r}"
        for name in different
        if name not in wanted
    )
    vanished = sorted(wanted - different.keys())
    assert different.keys() == wanted, f"{told}\nno longer different: {vanished}"


def assert_same_in_colour(
    cases: Mapping[str, Case], colour: str, make_world: Callable[[], World] = World
) -> None:
    """Play cases with Envoi in one colour and in sync, and demand that nothing differs."""
    failures = []
    for name, case in cases.items():
        sync = play(case, envoi_peer, make_world())
        other = play(case, lambda world: envoi_peer(world, colour), make_world())
        failures += [
            f"{name}: {field}: {one!r}, {two!r}"
            for field, (one, two) in differences(sync, other).items()
        ]
    assert not failures, "\n".join(failures)


def read_request(connection: RawConnection) -> tuple[bytes, bytes]:
    """A request, and what is wrong with it: its framing, or that its body does not come."""
    request = bytearray(connection.read_head())
    connection.socket.settimeout(2)
    try:
        length = body_length(parse_head(bytes(request))[3])
        if length is None:
            read_chunked(connection._reader, 1 << 30, request.extend)
        else:
            request += connection.read_exactly(length)
    except (Malformed, TimeoutError) as error:
        return bytes(request), f"[{error}]".encode()
    connection.socket.settimeout(20)
    return bytes(request), b""


def reply(status: str = "200 OK", body: bytes = b"", *fields: str) -> bytes:
    """An answer with its length."""
    return (
        "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]).encode(
            "latin-1"
        )
        + body
    )


def _failed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"error"}


def _of_wires(
    theirs: list[dict[str, Any]], ours: list[dict[str, Any]]
) -> dict[str, tuple[Any, Any]]:
    if len(theirs) != len(ours):
        return {"wire": (theirs, ours)}
    found: dict[str, tuple[Any, Any]] = {}
    for number, (left, right) in enumerate(zip(theirs, ours, strict=True), 1):
        prefix = "wire." if len(theirs) == 1 else f"wire.{number}."
        found |= {
            prefix + key: (left[key], right[key])
            for key in ("to", "connection", "line", "body")
            if left[key] != right[key]
        }
        names = list(dict.fromkeys(name for name, _ in (*left["fields"], *right["fields"])))
        values = {
            name: tuple(
                [value for key, value in side["fields"] if key == name] for side in (left, right)
            )
            for name in names
        }
        apart = {name for name, (one, two) in values.items() if one != two}
        found |= {prefix + name: values[name] for name in names if name in apart}
        orders = tuple(
            [name for name, _ in side["fields"] if name not in apart] for side in (left, right)
        )
        if orders[0] != orders[1]:
            found[f"{prefix}order"] = orders
    return found
