"""Ways through proxies, over scripted peers: what is said to whom, what goes wrong, and that nothing is left open."""

from __future__ import annotations

import ssl

import pytest

from envoi import exceptions
from envoi._io.protocols import TLSConfig
from envoi._model.timeout import Timeout
from envoi._net.routes import Routes, tls_config
from envoi._proto.plans.proxy import parse_proxy
from flows.fake_backend import (
    CANCELLED,
    End,
    FakeBackend,
    Receive,
    Reset,
    Send,
    Stall,
    cancelled_at_each_wait,
    pieces,
)
from flows.support import RUNNERS, answer, heads, server
from flows.tunnel_support import ESTABLISHED, OK, Proxied, failure, run_proxied, socks5, tunnel


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


def test_plain_http_is_forwarded_in_absolute_form(runner):
    async def flow(client):
        first = await client.get("http://a.test/path?q=1#fragment")
        second = await client.get("http://u:p@b.test:8080/", headers={"X": "1"})
        return first.content, second.content

    result, client = run_proxied(runner, "http://user:pass@p.test:3128", [server(OK, OK)], flow)
    client.check()
    assert result == (b"ok", b"ok")
    assert client.backend.resolved == [("p.test", 3128)]
    first, second = heads(client.streams[0])
    assert first.startswith("GET http://a.test/path?q=1 HTTP/1.1\r\nHost: a.test\r\n")
    assert second.startswith("GET http://b.test:8080/ HTTP/1.1\r\nHost: b.test:8080\r\n")
    assert first.count("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n") == 1
    assert second.count("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n") == 1
    assert "u:p@" not in second


def test_request_is_not_changed_by_the_proxy_it_took(runner):
    async def flow(client):
        forwarded = await client.get("http://a.test/")
        client.go_through({})
        direct = await client.get("http://a.test/")
        return forwarded.request.headers, direct.request.headers

    (forwarded, direct), client = run_proxied(
        runner, "http://user:pass@p.test", [server(OK), server(OK)], flow
    )
    assert forwarded == direct
    assert "Proxy-Authorization" not in heads(client.streams[1])[0]
    assert heads(client.streams[1])[0].startswith("GET / HTTP/1.1\r\n")


def test_https_goes_through_a_tunnel(runner):
    async def flow(client):
        response = await client.get(
            "https://a.test/path", headers={"Authorization": "Bearer secret"}
        )
        again = await client.get("https://a.test/")
        return response.content, again.connection_info.reused

    result, client = run_proxied(runner, "http://user:pass@p.test:3128", [tunnel(OK, OK)], flow)
    client.check()
    assert result == (b"ok", True)
    connect, first, _ = split(client.streams[0])
    assert connect.startswith("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n")
    assert "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n" in connect
    assert "User-Agent: envoi/" in connect
    assert "secret" not in connect
    assert first.startswith("GET /path HTTP/1.1\r\nHost: a.test\r\n")
    assert "Proxy-Authorization" not in first
    assert "Authorization: Bearer secret\r\n" in first
    assert [name for _, name in client.backend.secured] == ["a.test"]


def split(stream):
    """The heads that were sent, CONNECT first."""
    return [
        part + "\r\n\r\n" for part in bytes(stream.sent).decode("latin-1").split("\r\n\r\n")[:-1]
    ]


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://a.test:8443/", "a.test:8443"),
        ("https://[2001:db8::1]/", "[2001:db8::1]:443"),
        ("https://[fe80::1%25eth0]/", "[fe80::1]:443"),
    ],
)
def test_connect_tells_the_authority_with_its_port(runner, url, authority):
    async def flow(client):
        return (await client.get(url)).content

    _, client = run_proxied(runner, "p.test", [tunnel(OK)], flow)
    assert split(client.streams[0])[0].startswith(
        f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    )


def test_https_proxy_has_tls_of_its_own(runner):
    async def flow(client):
        return [(await client.get(url)).content for url in ("https://a.test/", "http://a.test/")]

    peers = [tunnel(OK), server(OK)]
    result, client = run_proxied(
        runner, "https://p.test", peers, flow, verify="/ca.pem", cert="/client.pem"
    )
    assert result == [b"ok", b"ok"]
    # The client's certificate is for origins alone.
    proxy, origin = TLSConfig(verify="/ca.pem"), TLSConfig(verify="/ca.pem", cert="/client.pem")
    assert client.backend.secured == [(proxy, "p.test"), (origin, "a.test"), (proxy, "p.test")]


def test_proxy_may_have_a_tls_configuration_of_its_own(runner):
    async def flow(client):
        return (await client.get("https://a.test/")).content

    own = TLSConfig(verify="/proxy.pem")
    proxies = {"https": parse_proxy("https://p.test").with_tls(own)}
    _, client = run_proxied(runner, proxies, [tunnel(OK)], flow)
    assert [config for config, _ in client.backend.secured] == [own, TLSConfig()]


def test_each_proxy_user_has_connections_of_its_own(runner):
    async def flow(client):
        for user in ("one:1@", "two:2@", "one:1@", ""):
            client.go_through(f"http://{user}p.test")
            await client.get("https://a.test/")
            await client.get("http://a.test/")

    peers = [tunnel(OK, OK), server(OK, OK), tunnel(OK), server(OK), tunnel(OK), server(OK)]
    _, client = run_proxied(runner, {}, peers, flow)
    client.check()
    assert len(client.streams) == 6
    texts = [bytes(stream.sent).decode("latin-1") for stream in client.streams]
    assert [text.count("Basic b25lOjE=") for text in texts] == [1, 2, 0, 0, 0, 0]
    assert [text.count("Basic dHdvOjI=") for text in texts] == [0, 0, 1, 1, 0, 0]


def test_connections_to_proxies_are_kept_apart_by_trust():
    routes, url, https = Routes(), parse_url("https://a.test/"), parse_proxy("https://p.test")
    plain = parse_url("http://a.test/")
    strict, lax = tls_config(True, None), tls_config(False, None)
    assert routes(url, strict, https).key != routes(url, lax, https).key
    assert routes(plain, strict, https).key != routes(plain, lax, https).key
    assert (
        routes(plain, strict, parse_proxy("http://p.test")).key
        == routes(plain, lax, parse_proxy("http://p.test")).key
    )
    assert routes(url, strict).key != routes(url, strict, https).key
    assert (
        routes(plain, strict, https).key == routes(parse_url("http://b.test/"), strict, https).key
    )
    assert (
        routes(plain, strict, parse_proxy("socks5://p.test")).key
        != routes(parse_url("http://b.test/"), strict, parse_proxy("socks5://p.test")).key
    )
    assert routes(url, strict, https) is routes(url, strict, https)


def parse_url(text):
    from envoi._model.url import parse_url as parse

    return parse(text)


def test_redirect_chooses_the_proxy_anew(runner):
    async def flow(client):
        client.find_in_the_environment(
            {"http": "http://u:p@one.test", "https": "http://two.test"}, "direct.test"
        )
        return (await client.get("http://a.test/", auth=("me", "hunter2"))).content

    peers = [
        server(answer(b"", 302, "Location: https://b.test/")),
        tunnel(answer(b"", 302, "Location: http://direct.test/")),
        server(OK),
    ]
    result, client = run_proxied(runner, {}, peers, flow)
    assert result == b"ok"
    assert [host for host, _ in client.backend.resolved] == ["one.test", "two.test", "direct.test"]
    one, two, direct = (bytes(stream.sent).decode("latin-1") for stream in client.streams)
    assert "Proxy-Authorization" in one
    assert "uthorization" not in two + direct
    assert direct.startswith("GET / HTTP/1.1")


def test_request_may_bring_its_own_credentials_for_a_forwarding_proxy(runner):
    async def flow(client):
        return (
            await client.get("http://a.test/", headers={"Proxy-Authorization": "Bearer mine"})
        ).content

    _, client = run_proxied(runner, "http://u:p@p.test", [server(OK)], flow)
    assert [line for line in heads(client.streams[0])[0].split("\r\n") if "Proxy-Auth" in line] == [
        "Proxy-Authorization: Bearer mine"
    ]


def test_credentials_of_a_request_go_with_connect_and_have_a_tunnel_of_their_own(runner):
    async def flow(client):
        for value in ("Bearer mine", None, "Bearer mine"):
            await client.get("https://a.test/", headers={"Proxy-Authorization": value})

    _, client = run_proxied(runner, "http://u:p@p.test", [tunnel(OK, OK), tunnel(OK)], flow)
    client.check()
    mine, theirs = (split(stream) for stream in client.streams)
    assert mine[0].count("Proxy-Authorization: Bearer mine\r\n") == mine[0].count("Proxy-Auth") == 1
    assert (
        theirs[0].count("Proxy-Authorization: Basic dTpw\r\n") == theirs[0].count("Proxy-Auth") == 1
    )
    assert "Proxy-Auth" not in "".join(mine[1:] + theirs[1:])
    assert (len(mine), len(theirs)) == (3, 2)


def test_headers_for_the_proxy_reach_it_alone(runner):
    async def flow(client):
        return [(await client.get(url)).content for url in ("https://a.test/", "http://a.test/")]

    proxies = {"all": parse_proxy("http://p.test").with_headers({"X-Team": "a", "User-Agent": "b"})}
    _, client = run_proxied(runner, proxies, [tunnel(OK), server(OK)], flow)
    connect, inside = split(client.streams[0])
    assert "X-Team: a" in connect
    assert connect.count("User-Agent: b\r\n") == connect.count("User-Agent") == 1
    assert "X-Team" not in inside
    assert "X-Team: a" in heads(client.streams[1])[0]


REFUSALS = {
    "407": (answer(b"no", 407), "407 Proxy Authentication Required"),
    "403": (b"HTTP/1.1 403 Not from here\r\nContent-Length: 100\r\n\r\n", "403 Not from here"),
    "302": (answer(b"", 302, "Location: https://evil.test/"), "302 X"),
    "no reason": (b"HTTP/1.1 502 \r\n\r\n", "a.test:443: 502"),
    "surplus": (ESTABLISHED + b"x", "more than its answer"),
    "no http": (b"SSH-2.0-OpenSSH_9.6\r\n", "breaks the rules of HTTP"),
    "endless head": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000, "breaks the rules of HTTP"),
    "many fields": (b"HTTP/1.1 200 OK\r\n" + b"X:\r\n" * 400 + b"\r\n", "breaks the rules of HTTP"),
    "endless 1xx": (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "breaks the rules of HTTP"),
    "hang-up": ([End()], "closed the connection"),
    "hang-up in the head": ([Receive(b"HTTP/1.1 200"), End()], "closed the connection"),
    "reset": ([Reset()], "reset by peer"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_proxy_that_makes_no_tunnel(runner, name):
    reply, words = REFUSALS[name]
    error, client = failure(runner, "http://user:hunter2@p.test:3128", [server(reply)])
    assert type(error) is exceptions.ProxyError
    assert words in str(error)
    assert "http://p.test:3128" in str(error)
    assert "hunter2" not in str(error)
    assert not client.backend.secured
    assert error.request is not None
    assert error.__cause__ is not error


def test_missing_credentials_are_explained(runner):
    without, _ = failure(runner, "http://p.test", [server(answer(b"", 407))])
    assert "http://user:password@host:port" in str(without)
    wrong, _ = failure(runner, "http://u:p@p.test", [server(answer(b"", 407))])
    assert "credentials" in str(wrong)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.0 299 \r\n\r\n",
    ],
)
def test_any_success_makes_a_tunnel_and_has_no_body(runner, reply):
    async def flow(client):
        return (await client.get("https://a.test/")).content

    result, client = run_proxied(
        runner,
        "p.test",
        [tunnel(OK, first=[Receive(b"HTTP/1.1 100 C\r\n\r\n"), *pieces(reply)])],
        flow,
    )
    assert result == b"ok"
    client.check()


@pytest.mark.parametrize(
    ("proxy", "peers", "options", "words"),
    [
        ("http://p.test:1", [ConnectionRefusedError(111, "refused")], {}, "refused the connection"),
        (
            "http://p.test:1",
            [],
            {"names": {"p.test": OSError(-2, "Name or service not known")}},
            "could not be resolved",
        ),
        (
            "https://p.test:1",
            [[]],
            {"tls_failures": [ssl.SSLError(1, "wrong version")]},
            "TLS with",
        ),
        (
            "https://p.test:1",
            [[]],
            {"tls_failures": [ssl.SSLCertVerificationError(1, "Hostname mismatch")]},
            "not to be trusted",
        ),
        (
            "socks5h://p.test:1",
            [ConnectionRefusedError(111, "refused")],
            {},
            "refused the connection",
        ),
    ],
)
@pytest.mark.parametrize("url", ["https://a.test/", "http://a.test/"])
def test_proxy_that_cannot_be_reached(runner, proxy, peers, options, words, url):
    error, _ = failure(runner, proxy.replace("//", "//user:hunter2@"), peers, url, **options)
    assert type(error) is exceptions.ProxyError
    assert words in str(error)
    assert proxy in str(error)
    assert "hunter2" not in str(error)
    assert isinstance(error.__cause__, OSError)


def test_certificate_of_the_origin_is_the_origins_fault(runner):
    error, client = failure(
        runner,
        "https://p.test",
        [tunnel()],
        tls_failures=[None, ssl.SSLCertVerificationError(1, "Hostname mismatch")],
    )
    assert type(error) is exceptions.CertificateError
    assert "a.test:443 (through https://p.test:443)" in str(error)
    assert [name for _, name in client.backend.secured] == ["p.test", "a.test"]


@pytest.mark.parametrize(
    "proxy", ["http://p.test", "https://p.test", "socks4a://p.test", "socks5://p.test"]
)
@pytest.mark.parametrize(
    ("limits", "expected", "phase"),
    [
        ({"connect": 3}, exceptions.ConnectTimeout, "connect"),
        ({"total": 2}, exceptions.TotalTimeout, "total"),
    ],
)
def test_silent_proxy_is_a_timeout(runner, proxy, limits, expected, phase):
    error, client = failure(runner, proxy, [[Send(None), Stall()]], timeout=Timeout(**limits))
    assert type(error) is expected
    assert error.phase == phase
    assert "the proxy" in str(error)
    assert client.backend.clock == 1000 + next(iter(limits.values()))


def test_trickling_proxy_does_not_extend_the_deadline(runner):
    script = [Send(None)]
    for piece in pieces(ESTABLISHED):
        script += [Stall(1), piece]
    error, client = failure(runner, "http://p.test", [script], timeout=Timeout(connect=10))
    assert type(error) is exceptions.ConnectTimeout
    assert client.backend.clock == 1010


@pytest.mark.parametrize(
    ("proxy", "peer"),
    [
        ("http://p.test", lambda: tunnel(OK)),
        ("https://u:p@p.test", lambda: tunnel(OK)),
        ("socks5://p.test", lambda: socks5(OK)),
        (
            "socks5h://u:p@p.test",
            lambda: socks5(
                b"\x05\x00\x00\x01" + bytes(6), OK, greeting=b"\x05\x02", reply=b"\x01\x00"
            ),
        ),
        (
            "socks4a://p.test",
            lambda: [Send(None), Receive(b"\x00\x5a" + bytes(6)), Send(None), Receive(OK)],
        ),
    ],
)
def test_cancellation_at_each_wait_leaves_nothing_open(runner, proxy, peer):
    clients = {}

    def make(cancel_at):
        backend = FakeBackend(runner, [peer()], cancel_at=cancel_at)
        clients[id(backend)] = Proxied(backend, proxy)
        return backend

    async def flow(backend):
        return (await clients[id(backend)].get("https://a.test/")).content

    count = 0
    for backend in cancelled_at_each_wait(make, flow):
        count += 1
        assert not backend.open_streams
        clients[id(backend)].check()
    assert count >= 6
    assert CANCELLED is not None
