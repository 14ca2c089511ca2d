"""Cookies that servers set, and what goes back: RFC 6265bis through sessions of every colour."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import trio

import envoi
from envoi.testing import RawServer

COLOURS = ["sync", "asyncio", "trio"]


class Hosts:
    """All hosts there are, behind a proxy. Each answer sets the cookies that it is told to."""

    def __init__(self) -> None:
        self.sent: list[str | None] = []
        self.fields: list[str] = []
        self._server = RawServer(self._script)

    def _script(self, connection: Any) -> None:
        while True:
            head = connection.read_head().decode("latin-1")
            found = [line for line in head.split("\r\n") if line.lower().startswith("cookie: ")]
            self.sent.append(found[0].partition(": ")[2] if found else None)
            fields = "".join(f"Set-Cookie: {field}\r\n" for field in self.fields)
            connection.send(
                f"HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n".encode("latin-1")
            )

    def visit(
        self, colour: str, *visits: tuple[str, list[str]], jar: Any = None
    ) -> list[str | None]:
        """The Cookie fields that were sent at each visit: a URL, and what its answer sets."""
        with self._server:
            settings = {"proxies": {"http": self._server.url}, "trust_env": False, "cookies": jar}
            if colour == "sync":
                with envoi.Session(**settings) as session:
                    for url, self.fields in visits:
                        session.get(url)
            else:
                run = asyncio.run if colour == "asyncio" else trio.run

                async def visit_all() -> None:
                    async with envoi.AsyncSession(**settings) as session:
                        for url, self.fields in visits:
                            await session.get(url)

                run(visit_all()) if colour == "asyncio" else trio.run(visit_all)
        return self.sent


def back(
    colour: str, fields: list[str], url: str = "http://www.example.org/", to: str | None = None
) -> str | None:
    """The Cookie fields that are sent after a URL has set cookies."""
    return Hosts().visit(colour, (url, fields), (to or url, []))[-1]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        (["s=1", "s=; Max-Age=0"], None),
        (["s=; Max-Age=0", "s=1"], "s=1"),
        (["a=b; version=1000"], "a=b"),
        (["a=b; Max-Age=50,399"], "a=b"),
        (["a=b; Max-Age=abc"], "a=b"),
        (["a=b; Max-Age="], "a=b"),
        (["a=b; Path"], "a=b"),
        (["a=b; Path=foo"], "a=b"),
        (['a=b; Path="/"'], "a=b"),
        (["a=b; Domain="], "a=b"),
        (['a=b; Port="8888"'], "a=b"),
        (["a=b; domain=example.org; domain="], "a=b"),
        ([r'test="159\"687"'], r'test="159\"687"'),
        (["a" * 46 + "=" + "v" * 4050 + "; Path=/; X=" + "x" * 60], "a" * 46 + "=" + "v" * 4050),
        (["a=" + "v" * 4096], None),
        (["a=b; Path=/" + "p" * 1024], "a=b"),
        (["=x"], "x"),
        (["foo", "bar"], "bar"),
        (["foo", "=bar", "a=b"], "bar; a=b"),
        (["=__Host-a=1", "__Secure-b"], None),
        (["a=b; Max-Age=" + "9" * 400, "c=d"], "a=b; c=d"),
        (["a=\xc3\xa9; SameSite=Lax; Priority=High"], "a=\xc3\xa9"),
        (["a=1; Path=/x"], None),
        (["a=b; Domain=org"], None),
        (["a=b; Domain=example.org"], "a=b"),
        (["a=b; Domain=.EXAMPLE.org"], "a=b"),
        (["a=b; Domain=example.org."], None),
        (["a=b; Domain=ex\xe4mple.org"], None),
        (["a=1; Secure"], None),
    ],
)
def test_what_comes_is_read_as_rfc_6265bis_has_it(
    colour: str, fields: list[str], sent: str | None
) -> None:
    assert back(colour, fields) == sent


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01-Jan-70 00:00:01 GMT",
        "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
        "Thu, 1 Jan 1970 0:0:0 GMT",
        "Thursday, 01-January-1970 00:00:00 GMT",
        "Thu Jan  1 00:00:00 1970",
        "02 Sept 2014 00:00:00",
        "Tue, 02 Sep 2014 00:00:00 CET",
        "Tue, 02 Sep 2014 00:00:00 -0400",
    ],
)
def test_a_date_in_any_form_deletes(colour: str, date: str) -> None:
    assert back(colour, ["s=1", f"s=; Expires={date}"]) is None


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("url", "field", "to", "sent"),
    [
        ("http://me.github.io/", "a=b; Domain=github.io", "http://me.github.io/", None),
        ("http://github.io/", "a=b; Domain=github.io", "http://github.io/", "a=b"),
        ("http://github.io/", "a=b; Domain=github.io", "http://me.github.io/", None),
        ("http://x.kobe.jp/", "a=b; Domain=kobe.jp", "http://x.kobe.jp/", None),
        ("http://x.city.kobe.jp/", "a=b; Domain=city.kobe.jp", "http://city.kobe.jp/", "a=b"),
        ("http://a.b\u00fccher.example/", "a=b; Domain=xn--bcher-kva.example", "http://b\u00fccher.example/", "a=b"),
        ("http://localhost/", "a=b; Domain=localhost", "http://localhost/", "a=b"),
        ("http://evil/", "a=b; Domain=local", "http://payroll/", None),
        ("http://evil/", "a=b; Domain=local", "http://localhost/", None),
        ("http://evil/", "a=b", "http://evil.local/", None),
        ("http://evil.local/", "a=b", "http://evil/", None),
        ("http://evil.local/", "a=b; Domain=local", "http://evil.local/", None),
        ("http://evil/", "a=b", "http://evil/", "a=b"),
        ("http://evil/", "a=b", "http://sub.evil/", None),
        ("http://10.0.0.1/", "a=b; Domain=0.0.1", "http://10.0.0.1/", None),
        ("http://10.0.0.1/", "a=b; Domain=10.0.0.1", "http://10.0.0.1/", "a=b"),
        ("http://10.0.0.1/", "a=b; Domain=10.0.0.1", "http://9.10.0.0.1.example/", None),
        ("http://[::1]/", "a=b", "http://[::1]/", "a=b"),
        ("http://a.example/x/y", "a=b", "http://a.example/x/z", "a=b"),
        ("http://a.example/x/y", "a=b", "http://a.example/xy", None),
        ("http://a.example/x", "a=b", "http://a.example/", "a=b"),
        ("http://a.example/?q=/x/y", "a=b", "http://a.example/", "a=b"),
    ],
)  # fmt: skip
def test_where_cookies_go(colour: str, url: str, field: str, to: str, sent: str | None) -> None:
    assert back(colour, [field], url, to) == sent


@pytest.mark.parametrize("colour", COLOURS)
def test_longest_path_first_and_then_the_oldest(colour: str) -> None:
    sent = Hosts().visit(
        colour,
        ("http://www.example.org/", ["a=1; Domain=example.org", "b=2", "c=3; Path=/deep"]),
        ("http://www.example.org/", ["d=4; Domain=example.org", "e=5", "a=6; Domain=example.org"]),
        ("http://www.example.org/deep", []),
    )
    assert sent == [None, "a=1; b=2", "c=3; a=6; b=2; d=4; e=5"]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_host_s_cookies_are_bounded_and_those_that_are_used_stay(colour: str) -> None:
    first = ["used=1; Path=/", *(f"old{number}=1; Path=/x" for number in range(179))]
    sent = Hosts().visit(
        colour,
        ("http://www.example.org/", first),
        ("http://www.example.org/", [f"new{number}=1; Path=/x" for number in range(179)]),
        ("http://www.example.org/x", []),
    )
    names = {part.partition("=")[0] for part in (sent[-1] or "").split("; ")}
    assert names == {"used", *(f"new{number}" for number in range(179))}


@pytest.mark.parametrize("colour", COLOURS)
def test_a_cookie_field_is_bounded(colour: str) -> None:
    fields = [f"c{number}=" + "x" * 1000 for number in range(20)]
    sent = back(colour, fields) or ""
    assert 7000 < len(sent) <= 8192
    assert sent.startswith("c0=x")


@pytest.mark.parametrize("colour", COLOURS)
def test_a_jar_s_own_cookies_go_to_every_host(colour: str) -> None:
    jar = envoi.cookies.RequestsCookieJar()
    jar.set("a", "b")
    jar.set("long", "x" * 9000)
    sent = Hosts().visit(colour, ("http://one.example/", []), ("http://two/x", []), jar=jar)
    assert sent == ["a=b; long=" + "x" * 9000] * 2
