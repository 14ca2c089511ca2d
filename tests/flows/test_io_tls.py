"""TLS over real sockets: handshakes that must fail, what truncation looks like, TLS inside TLS."""

from __future__ import annotations

import math
import socket
import ssl
import threading
from pathlib import Path

import pytest

from envoi._io.protocols import StreamClosed, TimedOut, TLSConfig, tls_failure
from flows.io_support import (
    KINDS,
    Collector,
    become,
    loopback,
    open_stream,
    read,
    run_flow,
    wait_for_bytes,
)

MEGABYTE = 1 << 20


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def localhost(ca):
    return ca.issue("localhost", "127.0.0.1", "::1")


def echo(connection):
    while data := connection.socket.recv(65536):
        connection.socket.sendall(data)


async def open_secure(backend, server, config, name="localhost"):
    stream = await open_stream(backend, server)
    return await backend.start_tls(stream, config, name, backend.now() + 10)


async def exchange(backend, server, config, name="localhost"):
    stream = await open_secure(backend, server, config, name)
    try:
        await stream.send(b"hello", 5, math.inf)
        assert await read(stream, 5) == b"hello"
        return (
            stream.version,
            stream.alpn,
            stream.cipher,
            stream.peer_certificate,
            stream.peer_certificate_der,
        )
    finally:
        stream.close()


def test_handshake_and_what_was_agreed(kind, raw_server, ca, localhost):
    server = raw_server(echo, tls=localhost)
    config = TLSConfig(verify=ca.path, alpn=("http/1.1",))
    version, alpn, cipher, certificate, der = run_flow(kind, exchange, server, config)
    assert (version, alpn) == ("TLSv1.3", "http/1.1")
    assert cipher
    assert ("DNS", "localhost") in certificate["subjectAltName"]
    assert der == ssl.PEM_cert_to_DER_cert(Path(localhost.certificate_path).read_text())


@pytest.mark.parametrize("name", ["127.0.0.1", "LOCALHOST", "localhost."])
def test_names_and_addresses_are_verified(kind, name, raw_server, ca, localhost):
    server = raw_server(echo, tls=localhost)
    run_flow(kind, exchange, server, TLSConfig(verify=ca.path), name)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"names": ["localhost"], "expired": True}, "localhost"),
        ({"names": ["other.example"]}, "localhost"),
        ({"names": ["127.0.0.2", "localhost"]}, "127.0.0.1"),
        ({"names": ["localhost"], "self_signed": True}, "localhost"),
        ({"names": ["localhost"], "san": False}, "localhost"),
    ],
    ids=["expired", "wrong host", "wrong address", "self-signed", "common name only"],
)
def test_certificate_that_is_not_to_be_trusted(kind, options, name, raw_server, ca, leftovers):
    names = options.pop("names")
    certificate = ca.issue(*names, **options)
    options["names"] = names
    server = raw_server(echo, tls=certificate.server_context())
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        run_flow(kind, exchange, server, TLSConfig(verify=ca.path), name)
    assert tls_failure(caught.value) == "certificate"
    run_flow(kind, exchange, server, TLSConfig(verify=False), name)


def test_client_certificate(kind, raw_server, ca, localhost):
    client = ca.issue("client", client=True)
    server = raw_server(echo, tls=localhost.server_context(client_ca=ca.path))
    run_flow(kind, exchange, server, TLSConfig(verify=ca.path, cert=client.pair))
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
        run_flow(kind, exchange, server, TLSConfig(verify=ca.path))


def test_callers_context_is_used_as_it_is(kind, raw_server, ca, localhost):
    context = ca.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = raw_server(echo, tls=localhost)
    version, alpn, *_ = run_flow(
        kind, exchange, server, TLSConfig(context=context, alpn=("http/1.1",))
    )
    assert (version, alpn) == ("TLSv1.2", None)


def test_old_tls_is_refused(kind, raw_server, ca, localhost):
    context = localhost.server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = raw_server(echo, tls=context)
    with pytest.raises(OSError, match=r".") as caught:
        run_flow(kind, exchange, server, TLSConfig(verify=ca.path))
    assert isinstance(caught.value, (ssl.SSLError, ConnectionError))


def test_silent_server_times_the_handshake_out(kind, raw_server, leftovers):
    done = threading.Event()
    server = raw_server(lambda _: done.wait(20))

    async def flow(backend):
        stream = await open_stream(backend, server)
        with pytest.raises(TimedOut):
            await backend.start_tls(
                stream, TLSConfig(verify=False), "localhost", backend.now() + 0.05
            )
        with pytest.raises(StreamClosed):
            await stream.send(b"x", 1, math.inf)

    try:
        run_flow(kind, flow)
    finally:
        done.set()


def test_plain_server_fails_the_handshake(kind, raw_server):
    server = raw_server(lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with pytest.raises(ssl.SSLError) as caught:
        run_flow(kind, exchange, server, TLSConfig(verify=False))
    assert tls_failure(caught.value) == "tls"


def test_hanging_up_fails_the_handshake(kind, raw_server):
    server = raw_server(lambda connection: connection.socket.recv(10000))
    with pytest.raises(ConnectionResetError, match="handshake"):
        run_flow(kind, exchange, server, TLSConfig(verify=False))


def test_large_bodies_both_ways_at_once(kind, raw_server, ca, localhost):
    payload = bytes(range(256)) * (8 * MEGABYTE // 256)
    server = raw_server(echo, tls=localhost)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        collector = Collector(len(payload))
        await stream.send(payload, 5, math.inf, collector)
        if len(collector.data) < len(payload):
            await stream.pump(collector, 5, math.inf)
        stream.close()
        return bytes(collector.data)

    assert run_flow(kind, flow) == payload


def test_nothing_is_lost_when_the_feed_wakes_for_every_record(kind, raw_server, ca, localhost):
    payload = bytes(range(256)) * (4 * MEGABYTE // 256)

    def send(connection):
        connection.socket.recv(1)
        connection.send(payload)
        connection.wait_closed()

    server = raw_server(send, tls=localhost)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        await stream.send(b"x", 5, math.inf)
        received = bytearray()
        while len(received) < len(payload):
            received += await read(stream, 1)
        stream.close()
        return bytes(received)

    assert run_flow(kind, flow) == payload


@pytest.mark.parametrize("cleanly", [True, False])
def test_truncation_is_told_from_a_clean_end(kind, cleanly, raw_server, ca, localhost):
    def script(connection):
        connection.socket.recv(1)
        connection.send(b"some")
        if cleanly:
            connection.socket.unwrap()
        else:
            connection.socket.shutdown(socket.SHUT_RDWR)

    server = raw_server(script, tls=localhost)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        await stream.send(b"x", 5, math.inf)
        collector = Collector()
        await stream.pump(collector, 5, math.inf)
        assert (bytes(collector.data), collector.ends) == (b"some", 1)
        assert stream.closed_cleanly is cleanly
        assert stream.readable()
        stream.close()

    run_flow(kind, flow)


def test_session_tickets_do_not_make_an_idle_stream_readable(kind, raw_server, ca, localhost):
    speak = threading.Event()

    def script(connection):
        connection.socket.recv(1)
        connection.send(b"1")
        speak.wait(10)
        connection.send(b"unasked")
        connection.wait_closed()

    server = raw_server(script, tls=localhost)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        wait_for_bytes(stream)  # the tickets arrive
        assert not stream.readable()
        await stream.send(b"x", 5, math.inf)
        assert await read(stream, 1) == b"1"
        assert not stream.readable()
        speak.set()
        await become(backend, stream.readable)
        assert await read(stream, 7) == b"unasked"  # kept, although it was looked at
        stream.close()

    run_flow(kind, flow)


def test_close_says_goodbye(kind, raw_server, ca, localhost):
    ends = []

    def script(connection):
        connection.socket.suppress_ragged_eofs = False
        try:
            ends.append(connection.socket.recv(10))
        except ssl.SSLError as error:
            ends.append(error)

    server = raw_server(script, tls=localhost)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        stream.close()
        stream.close()
        assert stream.readable()
        with pytest.raises(StreamClosed):
            await stream.send(b"x", 5, math.inf)
        with pytest.raises(StreamClosed):
            await stream.pump(Collector(), 5, math.inf)

    run_flow(kind, flow)
    server.close()
    assert ends == [b""]


def test_tls_inside_tls(kind, raw_server, ca, localhost):
    """An HTTPS proxy: the outer layer ends at a relay, the inner one at the server behind it."""
    inner = raw_server(echo, tls=localhost)

    def relay(connection):
        with socket.create_connection(("127.0.0.1", inner.port)) as beyond:
            connection.socket.settimeout(0.01)
            beyond.settimeout(0.01)
            while True:
                for source, target in ((connection.socket, beyond), (beyond, connection.socket)):
                    try:
                        data = source.recv(65536)
                    except TimeoutError:
                        continue
                    if not data:
                        return
                    target.settimeout(5)
                    target.sendall(data)
                    target.settimeout(0.01)

    outer = raw_server(relay, tls=localhost)
    payload = bytes(range(256)) * 1024
    config = TLSConfig(verify=ca.path)

    async def flow(backend):
        stream = await open_secure(backend, outer, config)
        stream = await backend.start_tls(stream, config, "localhost", backend.now() + 10)
        await stream.send(b"hello", 5, math.inf)
        assert await read(stream, 5) == b"hello"
        assert not stream.readable()
        collector = Collector(len(payload))
        await stream.send(payload, 5, math.inf, collector)
        if len(collector.data) < len(payload):
            await stream.pump(collector, 5, math.inf)
        assert collector.data == payload
        assert stream.peer_address == ("127.0.0.1", outer.port)
        stream.close()

    run_flow(kind, flow)


def test_broken_record_is_raised(kind, ca, localhost, raw_server):
    """What is not TLS any more, in the middle of the stream."""

    def script(connection):
        with localhost.server_context().wrap_socket(
            connection.socket.dup(), server_side=True
        ) as secured:
            secured.recv(1)
            connection.socket.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            connection.socket.recv(1000)

    server = raw_server(script)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        await stream.send(b"x", 5, math.inf)
        with pytest.raises(ssl.SSLError):
            await stream.pump(Collector(), 5, math.inf)
        stream.close()

    run_flow(kind, flow)


def test_many_threads_close_while_others_read(ca, localhost, raw_server):
    server = raw_server(echo, tls=localhost)

    async def flow(backend):
        stream = await open_secure(backend, server, TLSConfig(verify=ca.path))
        closer = threading.Timer(0.01, stream.close)
        closer.start()
        with pytest.raises((StreamClosed, OSError)):
            while True:
                await stream.send(b"hello", 5, math.inf)
                await read(stream, 5)
        closer.join()

    for _ in range(20):
        run_flow("blocking", flow)


def test_unreachable_names_are_not_sent_as_sni_for_addresses(raw_server, ca, localhost):
    names = []
    context = localhost.server_context()
    context.sni_callback = lambda _, name, __: names.append(name)
    server = raw_server(echo, tls=context)
    for name in ("127.0.0.1", "localhost."):
        run_flow("blocking", exchange, server, TLSConfig(verify=ca.path), name)
    assert names == [None, "localhost"]


def test_ipv6_zone_is_not_part_of_the_name(ca, localhost, raw_server):
    server = raw_server(echo, tls=localhost, host="::1")

    async def flow(backend):
        stream = await backend.connect([loopback(server.port, "::1")], None, math.inf)
        secured = await backend.start_tls(stream, TLSConfig(verify=ca.path), "::1%lo", math.inf)
        secured.close()

    run_flow("blocking", flow)
