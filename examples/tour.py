"""A tour of Envoi: each snippet is shown, run against a server started here, and checked.

    python examples/tour.py
    python examples/tour.py https://example.org/      fetch that page instead

Exit code 0 when everything went as it should. Needs `pip install envoi[testing,trio]`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

import envoi
from envoi.testing import Server
from screen import Screen, Step, screen

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Site:
    """What the snippets talk to: a server with TLS, one without, and a closed port."""

    url: str
    secure_url: str
    ca_path: str
    closed_url: str
    folder: Path


def a_page(site: Site) -> None:
    """Fetch a page"""
    response = envoi.get(site.url)
    print(response.status_code, response.reason, response.headers["Content-Type"])
    print(response.text[:200])


def a_form(site: Site) -> None:
    """Post a form"""
    response = envoi.post(f"{site.url}/post", data={"name": "Ada", "city": "London"})
    print(response.json()["form"])


def some_json(site: Site) -> None:
    """Send and receive JSON"""
    response = envoi.put(f"{site.url}/put", json={"answer": 42}, params={"pretty": "yes"})
    print(response.url)
    print(response.json()["json"])


def a_session(site: Site) -> None:
    """Keep cookies and connections in a session"""
    with envoi.Session() as session:
        session.headers["Accept-Language"] = "fr"
        session.get(f"{site.url}/cookies/set?biscuit=oatmeal")
        print(session.get(f"{site.url}/cookies").json())
        print(session.get(f"{site.url}/headers").json()["headers"]["Accept-Language"])


def a_missing_page(site: Site) -> None:
    """Turn a 404 into an exception"""
    try:
        envoi.get(f"{site.url}/status/404").raise_for_status()
    except envoi.HTTPError as error:
        print(error)
        print("status:", error.response.status_code)


def a_timeout(site: Site) -> None:
    """Give up on a slow server"""
    try:
        envoi.get(f"{site.url}/delay/5", timeout=0.2)
    except envoi.Timeout as error:
        print(type(error).__name__, "-", error)


def a_refused_connection(site: Site) -> None:
    """Hear that nobody is there"""
    try:
        envoi.get(site.closed_url)
    except envoi.ConnectionError as error:
        print(type(error).__name__, "-", error)


def https(site: Site) -> None:
    """Speak HTTPS with an authority of your own"""
    response = envoi.get(f"{site.secure_url}/get", verify=site.ca_path)
    print(response.status_code, response.json()["url"])


def an_untrusted_certificate(site: Site) -> None:
    """Refuse a certificate that nobody vouches for"""
    try:
        envoi.get(site.secure_url)
    except envoi.SSLError as error:
        print(type(error).__name__, "-", error)


def a_download(site: Site) -> None:
    """Stream a download to disk"""
    path = site.folder / "download"
    with (
        envoi.get(f"{site.url}/download/50000000", stream=True) as response,
        path.open("wb") as file,
    ):
        size = int(response.headers["Content-Length"])
        for piece in response.iter_content(256 * 1024):
            file.write(piece)
            print(f"\r{file.tell() / size:.0%}", end="")
    print(f"\r100% - {path.stat().st_size} bytes on disk")


async def a_hundred_pages(site: Site) -> None:
    """Fetch a hundred pages at once, under asyncio"""
    async with envoi.AsyncSession() as session:
        started = time.perf_counter()
        responses = await asyncio.gather(
            *(session.get(f"{site.url}/get?page={page}") for page in range(100))
        )
        seconds = time.perf_counter() - started
    print(
        f"{sum(response.ok for response in responses)} pages, "
        f"{len(responses) / seconds:.0f} requests per second"
    )


async def a_hundred_more(site: Site) -> None:
    """The same session, under trio"""
    sizes: list[int] = []

    async def fetch(session: envoi.AsyncSession, page: int) -> None:
        response = await session.get(f"{site.url}/get?page={page}")
        sizes.append(len(response.content))

    async with envoi.AsyncSession() as session:
        started = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for page in range(100):
                nursery.start_soon(fetch, session, page)
        seconds = time.perf_counter() - started
    print(f"{len(sizes)} pages, {len(sizes) / seconds:.0f} requests per second")


async def an_async_stream(site: Site) -> None:
    """Read a stream as it comes"""
    async with envoi.AsyncSession() as session:
        response = await session.get(f"{site.url}/stream/3", stream=True)
        async for line in response.iter_lines():
            print(line.decode())


STEPS = (
    Step(a_page, ("200 OK", "<!doctype html>", "It works")),
    Step(a_form, ("{'name': 'Ada', 'city': 'London'}",)),
    Step(some_json, ("/put?pretty=yes", "{'answer': 42}")),
    Step(a_session, ("{'cookies': {'biscuit': 'oatmeal'}}", "fr")),
    Step(a_missing_page, ("404", "status: 404")),
    Step(a_timeout, ("Timeout",)),
    Step(a_refused_connection, ("ConnectionRefused",)),
    Step(https, ("200 https://127.0.0.1:",)),
    Step(an_untrusted_certificate, ("CertificateError",)),
    Step(a_download, ("100% - 50000000 bytes on disk",)),
    Step(
        a_hundred_pages,
        ("100 pages",),
        lambda flow, site: asyncio.run(flow(site)),
        "asyncio.run(a_hundred_pages(site))",
    ),
    Step(a_hundred_more, ("100 pages",), trio.run, "trio.run(a_hundred_more, site)"),
    Step(
        an_async_stream,
        ('{"id": 0', '{"id": 2'),
        lambda flow, site: asyncio.run(flow(site)),
        "asyncio.run(an_async_stream(site))",
    ),
)


def main(arguments: list[str]) -> int:
    """Take the tour, or fetch the page that was asked for. Returns the exit code."""
    display = screen()
    url = (arguments[0] if arguments else os.environ.get("URL", "")).removeprefix("URL=")
    display.line()
    display.line(
        f"  Envoi {envoi.__version__}, Python {platform.python_version()}, {platform.system()}", "1"
    )
    return fetch(display, url) if url else tour(display)


def tour(display: Screen) -> int:
    """Run every step."""
    # The steps talk to this machine alone, whatever proxy the environment names.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    started = time.perf_counter()
    with start_site() as site:
        for number, step in enumerate(STEPS, 1):
            display.show(number, step, site)
    display.line()
    done = len(STEPS) - len(display.failed)
    display.line(
        f"  {done} of {len(STEPS)} as they should be, in {time.perf_counter() - started:.1f} s",
        "1",
        "31" if display.failed else "32",
    )
    for title in display.failed:
        display.line(f"  ✗ {title}", "31")
    return 1 if display.failed else 0


@contextlib.contextmanager
def start_site() -> Iterator[Site]:
    """Start the servers."""
    with (
        Server() as plain,
        Server(tls=True) as secure,
        tempfile.TemporaryDirectory() as folder,
        socket.socket() as closed,
    ):
        # Bound but not listening: the port stays ours, and connections to it are refused.
        closed.bind(("127.0.0.1", 0))
        yield Site(
            plain.url,
            secure.url,
            secure.ca_path,
            f"http://127.0.0.1:{closed.getsockname()[1]}/",
            Path(folder),
        )


def fetch(display: Screen, url: str) -> int:
    """Fetch a page of the user's choice, and show what came."""
    try:
        response: Any = envoi.get(url)
    except envoi.RequestException as error:
        display.line(f"  ✗ {type(error).__name__}: {error}", "31")
        return 1
    display.line(
        f"  {response.status_code} {response.reason}  {response.url}",
        "1",
        "32" if response.ok else "31",
    )
    display.line(
        f"  {response.elapsed.total_seconds() * 1000:.0f} ms, {len(response.content)} bytes", "2"
    )
    display.line()
    for name, value in response.headers.items():
        display.line(f"  {display.colour(name, '36')}: {value}")
    display.line()
    display.line(response.text[:200])
    return 0 if response.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
