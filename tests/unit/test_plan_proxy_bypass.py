"""What NO_PROXY exempts."""

from __future__ import annotations

import time

import pytest

from envoi._core import URL
from envoi._proto.plans.no_proxy import bypasses


@pytest.mark.parametrize(
    ("url", "no_proxy", "expected"),
    [
        ("http://a.test/", "", False),
        ("http://a.test/", " , ", False),
        ("http://a.test/", "*", True),
        ("http://a.test/", "b.test, *", True),
        # names
        ("http://a.test/", "a.test", True),
        ("http://a.test/", "b.test,a.test", True),
        ("http://a.test/", "b.test a.test", True),
        ("http://a.test/", " b.test ,  a.test ", True),
        ("http://www.a.test/", "a.test", True),
        ("http://www.a.test/", ".a.test", True),
        ("http://www.a.test/", "*.a.test", True),
        ("http://a.test/", ".a.test", True),
        ("http://x.www.a.test/", ".a.test", True),
        ("http://evila.test/", "a.test", False),
        ("http://evila.test/", ".a.test", False),
        ("http://evila.test/", "*a.test", False),
        ("http://a.test.evil.example/", "a.test", False),
        ("http://test/", "a.test", False),
        ("http://localhost/", "localhost", True),
        # one form of a name
        ("http://A.TEST/", "a.test", True),
        ("http://a.test/", "A.Test", True),
        ("http://a.test./", "a.test", True),
        ("http://a.test/", "a.test.", True),
        ("http://www.a.test./", ".A.test.", True),
        ("http://localhost./", "localhost", True),
        ("http://bücher.test/", "xn--bcher-kva.test", True),
        ("http://xn--bcher-kva.test/", "BÜCHER.test", True),
        ("http://www.bücher.test/", ".bücher.test", True),
        # ports
        ("http://a.test/", "a.test:80", True),
        ("https://a.test/", "a.test:443", True),
        ("https://a.test/", "a.test:80", False),
        ("http://a.test:8080/", "a.test:8080", True),
        ("http://a.test:8080/", "a.test", True),
        ("http://a.test:8081/", "a.test:8080", False),
        ("http://www.a.test:8080/", ".a.test:8080", True),
        ("http://10.0.0.1:8080/", "10.0.0.1:8080", True),
        ("http://10.0.0.1:8081/", "10.0.0.1:8080", False),
        ("http://10.1.0.1:8080/", "10.0.0.0/8:8080", True),
        # IPv4
        ("http://10.0.0.1/", "10.0.0.1", True),
        ("http://10.0.0.12/", "10.0.0.1", False),
        ("http://110.0.0.1/", "10.0.0.1", False),
        ("http://10.0.0.1/", "0.0.1", False),
        ("http://10.0.0.1/", ".0.0.1", False),
        ("http://10.200.3.4/", "10.0.0.0/8", True),
        ("http://11.0.0.1/", "10.0.0.0/8", False),
        ("http://10.1.2.3/", "10.9.9.9/8", True),
        ("http://10.1.2.3/", "10.0.0.0/255.0.0.0", True),
        ("http://10.0.0.1/", "0.0.0.0/0", True),
        ("http://10.0.0.1/", "10.0.0.0/33", False),
        ("http://a.test/", "0.0.0.0/0", False),
        # IPv6
        ("http://[::1]/", "::1", True),
        ("http://[::1]/", "[::1]", True),
        ("http://[0:0:0:0:0:0:0:1]/", "::1", True),
        ("http://[::1]:8080/", "[::1]:8080", True),
        ("http://[::1]:8081/", "[::1]:8080", False),
        ("http://[::1:8080]/", "::1:8080", True),
        ("http://[FD00::1]/", "fd00::/8", True),
        ("http://[fe00::1]/", "fd00::/8", False),
        ("http://[fe80::1%25eth0]/", "fe80::1", True),
        ("http://[fe80::1]/", "fe80::/10", True),
        ("http://[::1]/", "0.0.0.0/0", False),
        ("http://127.0.0.1/", "::/0", False),
        # IPv4 in IPv6
        ("http://[::ffff:127.0.0.1]/", "127.0.0.1", True),
        ("http://[::ffff:7f00:1]/", "127.0.0.0/8", True),
        ("http://127.0.0.1/", "::ffff:127.0.0.1", True),
        ("http://127.0.0.1/", "[::ffff:7f00:1]", True),
        ("http://10.1.2.3/", "::ffff:10.0.0.0/104", True),
        ("http://11.1.2.3/", "::ffff:10.0.0.0/104", False),
        # user names do not count
        ("http://a.test@b.test/", "a.test", False),
        ("http://a.test:80@b.test/", "a.test:80", False),
        # what cannot be read is skipped
        ("http://a.test/", "http://a.test", False),
        ("http://a.test/", "[,],::::,a..test,a b,%,a.test:99999999,a.test", True),
        ("http://a.test/", ".", False),
        ("http://a.test/", ":80", False),
        ("http://a.test/", "*.", False),
        ("http://a.test/", "u@a.test", False),
    ],
)
def test_exempt(url, no_proxy, expected):
    assert bypasses(URL(url), no_proxy) is expected


def test_long_lists_take_linear_time():
    def seconds(count):
        entries = ",".join(f"h{number}.test:{'9' * 5}" for number in range(count))
        began = time.perf_counter()
        bypasses(URL("http://a.test/"), entries)
        return time.perf_counter() - began

    seconds(10)
    assert seconds(4000) < max(20 * seconds(1000), 0.5)
