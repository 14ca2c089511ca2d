"""What the tests of proxies share: a client whose requests go by way of them, and proxies that follow a script."""

from __future__ import annotations

from envoi._io.protocols import Address
from envoi._sessions.environment import NOTHING
from flows.fake_backend import FakeBackend, run
from flows.support import Client, answer, caught, server

OK = answer(b"ok")
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
SOCKS5_OPEN = b"\x05\x00\x00\x01" + bytes(6)
IPV4 = Address(2, ("192.0.2.9", 443))
IPV6 = Address(10, ("2001:db8::9", 443, 0, 0))


def tunnel(*answers, first=ESTABLISHED):
    """A proxy that makes a tunnel, behind which the origin answers."""
    return server(first, *answers)


def socks5(*answers, greeting=b"\x05\x00", reply=SOCKS5_OPEN):
    """A SOCKS5 proxy that asks for nothing."""
    left = [greeting, reply, *answers]

    def serve(sent):
        del sent
        return left.pop(0) if left else b""

    return serve


class Proxied(Client):
    """A client whose every request goes by way of `proxies`."""

    def __init__(self, backend, proxies, **settings):
        super().__init__(backend, **settings)
        self.go_through(proxies)

    def go_through(self, proxies):
        self.proxies = {"all": proxies} if isinstance(proxies, str) else proxies

    def find_in_the_environment(self, proxies, no_proxy):
        self._environment = [NOTHING._replace(proxies=proxies, no_proxy=no_proxy)]


def run_proxied(runner, proxies, peers, flow, *, names=None, tls_failures=(), **settings):
    backend = FakeBackend(runner, peers, names=names, tls_failures=tls_failures)
    client = Proxied(backend, proxies, **settings)
    return run(backend, flow(client)), client


def failure(runner, proxies, peers, url="https://a.test/", **options):
    async def flow(client):
        return await caught(client.get(url))

    error, client = run_proxied(runner, proxies, peers, flow, **options)
    client.check()
    assert not client.backend.open_streams
    return error, client
