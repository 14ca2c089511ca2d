"""Nothing that a caller passes can write a line of its own into a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envoi
from envoi.testing import RawConnection, RawServer
from peers.clients import COLOURS, Client

pytestmark = [pytest.mark.timeout(60)]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CONTROLS = "".join(
    chr(code)
    for code in (
        *range(32),
        127,
        0x80,
        0x85,
        0xA0,
        0x2028,
        0x2029,
        0xFEFF,
        0x10A,
        0x10D,
        0xFF0D,
        0x560A,
        0x560D,
    )
)
TEXT = st.text(
    st.sampled_from(CONTROLS + "aZ0:/?#[]@!$&'()*+,;=%\\ \"<>^`{|}~é雪"), min_size=1, max_size=12
).filter(lambda text: any(one in CONTROLS for one in text))
PLACES: dict[str, Any] = {
    "method": lambda text, url: (("G" + text + "T", url), {}),
    "path": lambda text, url: (("GET", f"{url}/a{text}b"), {}),
    "query": lambda text, url: (("GET", f"{url}/?a={text}"), {}),
    "fragment": lambda text, url: (("GET", f"{url}/#{text}"), {}),
    "host": lambda text, url: (("GET", url.replace("127.0.0.1", f"127.0.0.1{text}")), {}),
    "userinfo": lambda text, url: (("GET", url.replace("//", f"//us{text}er:pw@")), {}),
    "port": lambda text, url: (("GET", f"{url}{text}/"), {}),
    "header name": lambda text, url: (("GET", url), {"headers": {f"X-{text}-Y": "v"}}),
    "header value": lambda text, url: (("GET", url), {"headers": {"X-V": f"a{text}b"}}),
    "Host header": lambda text, url: (("GET", url), {"headers": {"Host": f"a{text}b"}}),
    "bytes header value": lambda text, url: (
        ("GET", url),
        {"headers": {"X-V": f"a{text}b".encode()}},
    ),
    "Content-Type": lambda text, url: (
        ("POST", url),
        {"headers": {"Content-Type": f"a/{text}b"}, "data": b"x"},
    ),
    "cookie name": lambda text, url: (("GET", url), {"cookies": {f"c{text}d": "v"}}),
    "cookie value": lambda text, url: (("GET", url), {"cookies": {"c": f"v{text}w"}}),
    "params name": lambda text, url: (("GET", url), {"params": {text: "v"}}),
    "params value": lambda text, url: (("GET", url), {"params": {"p": text}}),
    "params text": lambda text, url: (("GET", url), {"params": f"p={text}"}),
    "user": lambda text, url: (("GET", url), {"auth": (text, "p")}),
    "password": lambda text, url: (("GET", url), {"auth": ("u", text)}),
}


@pytest.fixture(scope="module")
def recorder() -> Iterator[tuple[RawServer, list[bytes]]]:
    """A server that keeps the exact bytes of each request's head."""
    heads: list[bytes] = []

    def script(connection: RawConnection) -> None:
        while True:
            heads.append(connection.read_head())
            connection.send(OK[:-2] + b"Connection: close\r\n\r\n")
            connection.half_close()
            connection.wait_closed()
            return

    with RawServer(script) as server:
        yield server, heads


@pytest.fixture(scope="module", params=COLOURS)
def lasting_client(request) -> Iterator[Client]:
    with Client(request.param, timeout=5) as client:
        yield client


@pytest.mark.parametrize("place", PLACES)
def test_control_characters_are_refused_or_encoded(place: str, lasting_client, recorder) -> None:
    server, heads = recorder

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(TEXT)
    def check(text: str) -> None:
        heads.clear()
        arguments, options = PLACES[place](text, server.url)
        try:
            lasting_client.request(*arguments, **options)
        except envoi.RequestException:
            assert not heads, "refused before a byte was sent"
            return
        assert len(heads) == 1
        _assert_regular(heads[0], place)

    check()


def _assert_regular(head: bytes, place: str) -> None:
    lines = head[:-4].split(b"\r\n")
    method, target, version = lines[0].split(b" ")
    assert version == b"HTTP/1.1"
    assert method.isalpha()
    assert all(33 <= byte < 127 for byte in target)
    names = [line.partition(b":")[0] for line in lines[1:]]
    expected = {
        b"Host",
        b"User-Agent",
        b"Accept-Encoding",
        b"Accept",
        b"Connection",
        b"Cookie",
        b"Authorization",
        b"Content-Length",
        b"Content-Type",
        b"X-V",
    }
    assert place == "header name" or set(names) <= expected
    for line in lines[1:]:
        assert all((byte >= 32 and byte != 127) or byte == 9 for byte in line), line


@pytest.mark.parametrize(
    "location", ["/a\rb", "/a\0b", "http://127.0.0.1\x00.evil/", "/a\x7fb", "/\x01"]
)
def test_control_characters_in_a_location_are_not_sent_on(
    location: str, client, raw_server
) -> None:
    heads: list[bytes] = []

    def script(connection: RawConnection) -> None:
        while True:
            heads.append(connection.read_head())
            connection.send(
                b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
                + location.encode()
                + b"\r\n\r\n"
                if len(heads) == 1
                else OK
            )

    server = raw_server(script)
    try:
        client.get(server.url)
    except (envoi.RemoteProtocolError, envoi.InvalidURL):
        assert len(heads) == 1
    else:
        _assert_regular(heads[1], "path")


@pytest.mark.parametrize("cookie", ["a=b\x01c", "a=b\x00c", "a\x1b=b", "a=b\x7f"])
def test_control_characters_in_a_set_cookie_are_not_sent_back(
    cookie: str, client, raw_server
) -> None:
    heads: list[bytes] = []

    def script(connection: RawConnection) -> None:
        while True:
            heads.append(connection.read_head())
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: "
                + cookie.encode()
                + b"; Path=/\r\n\r\n"
            )

    server = raw_server(script)
    for _ in range(2):
        try:
            client.get(server.url)
        except envoi.RemoteProtocolError:
            continue
    for one in heads:
        _assert_regular(one, "cookie value")
