"""Ways through SOCKS proxies, over scripted peers."""

from __future__ import annotations

import pytest

from envoi import exceptions
from flows.fake_backend import End, Receive, Reset, Send, pieces
from flows.support import RUNNERS
from flows.tunnel_support import IPV4, IPV6, OK, SOCKS5_OPEN, failure, run_proxied, socks5


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


def test_socks5h_leaves_the_name_to_the_proxy(runner):
    async def flow(client):
        return (await client.get("http://a.test/path", auth=("me", "x"))).content

    peer = [
        Send(b"\x05\x02\x00\x02"), Receive(b"\x05\x02"),
        Send(b"\x01\x04user\x04pass"), *pieces(b"\x01\x00"),
        Send(b"\x05\x01\x00\x03\x06a.test\x00\x50"), *pieces(b"\x05\x00\x00\x03\x01x\x00\x50"),
        Send(None), Receive(OK),
    ]  # fmt: skip
    result, client = run_proxied(runner, "socks5h://user:pass@p.test", [peer], flow)
    client.check()
    assert result == b"ok"
    assert client.backend.resolved == [("p.test", 1080)]
    sent = bytes(client.streams[0].sent)
    assert b"GET /path HTTP/1.1\r\nHost: a.test\r\n" in sent
    assert b"Proxy-Authorization" not in sent


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        ([IPV6, IPV4], b"\x01\xc0\x00\x02\x09"),
        ([IPV6], b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x09"),
    ],
)
def test_socks5_resolves_here(runner, addresses, told):
    async def flow(client):
        return (await client.get("https://a.test/")).content

    result, client = run_proxied(
        runner, "socks5://p.test", [socks5(OK)], flow, names={"a.test": addresses}
    )
    assert result == b"ok"
    assert client.backend.resolved == [("p.test", 1080), ("a.test", 443)], (
        "the target once the proxy talks"
    )
    assert bytes(client.streams[0].sent).startswith(
        b"\x05\x01\x00" + b"\x05\x01\x00" + told + b"\x01\xbb"
    )
    assert [name for _, name in client.backend.secured] == ["a.test"]


@pytest.mark.parametrize(
    ("proxy", "request_bytes", "resolved"),
    [
        ("socks4://fred@p.test", b"\x04\x01\x01\xbb\xc0\x00\x02\x09fred\x00", ["a.test", "p.test"]),
        ("socks4a://p.test", b"\x04\x01\x01\xbb\x00\x00\x00\x01\x00a.test\x00", ["p.test"]),
    ],
)
def test_socks4(runner, proxy, request_bytes, resolved):
    async def flow(client):
        return (await client.get("https://a.test/")).content

    peer = [Send(request_bytes), Receive(b"\x00\x5a" + bytes(6)), Send(None), Receive(OK)]
    result, client = run_proxied(runner, proxy, [peer], flow, names={"a.test": [IPV6, IPV4]})
    assert result == b"ok"
    assert [host for host, _ in client.backend.resolved] == resolved


SOCKS_REFUSALS = {
    "reply": (
        "socks5h://u:hunter2@p.test",
        lambda: [socks5(reply=b"\x05\x04")],
        "the host cannot be reached",
    ),
    "credentials": (
        "socks5h://u:hunter2@p.test",
        lambda: [socks5(greeting=b"\x05\x02", reply=b"\x01\x01")],
        "refused user name and password",
    ),
    "wants credentials": (
        "socks5h://p.test",
        lambda: [socks5(greeting=b"\x05\xff")],
        "wants authentication",
    ),
    "http": (
        "socks5h://p.test",
        lambda: [socks5(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")],
        "not SOCKS5",
    ),
    "hang-up": ("socks5h://p.test", lambda: [socks5(greeting=[End()])], "closed the connection"),
    "surplus": (
        "socks5h://p.test",
        lambda: [socks5(reply=SOCKS5_OPEN + b"x")],
        "more than its answer",
    ),
    "reset": ("socks5h://p.test", lambda: [socks5(greeting=[Reset()])], "reset by peer"),
    "socks4": (
        "socks4a://p.test",
        lambda: [[Send(None), Receive(b"\x00\x5b" + bytes(6))]],
        "rejected",
    ),
    "no ipv4": ("socks4://p.test", list, "no IPv6 addresses"),
}


@pytest.mark.parametrize("name", SOCKS_REFUSALS)
def test_socks_proxy_that_makes_no_tunnel(runner, name):
    proxy, peers, words = SOCKS_REFUSALS[name]
    error, client = failure(runner, proxy, peers(), names={"a.test": [IPV6]})
    assert type(error) is exceptions.ProxyError
    assert words in str(error)
    assert "//p.test:1080" in str(error)
    assert "hunter2" not in str(error)
    assert not client.backend.secured


def test_name_that_is_to_be_resolved_here_and_is_not_known(runner):
    error, client = failure(
        runner,
        "socks5://p.test",
        [socks5(OK)],
        names={"a.test": OSError(-2, "Name or service not known")},
    )
    assert type(error) is exceptions.NameResolutionError
    assert "a.test:443" in str(error)
    assert bytes(client.streams[0].sent) == b"\x05\x01\x00", (
        "the greeting, and nothing about the target"
    )
