"""HTTP Strict Transport Security through sessions of every colour, on TLS."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trio

import envoi
from envoi import HSTS
from envoi.testing import Answer, RawServer, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

COLOURS = ["sync", "by parts", "asyncio", "trio"]
AGE = ("Strict-Transport-Security", "max-age=1000")


class ByParts(envoi.Session):
    """Sends by requests' methods, one of which is overridden."""

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)


class Prepared(envoi.Session):
    """Prepares by requests' method, which is overridden."""

    def prepare_request(self, request: Any) -> Any:
        return super().prepare_request(request)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(tls=True) as running:

        @running.route("/secure")
        def secure(_request: Any) -> Answer:
            return Answer(200, "secure", [AGE])

        @running.route("/off")
        def off(_request: Any) -> Answer:
            return Answer(200, "off", [("Strict-Transport-Security", "max-age=0")])

        @running.route("/back")
        def back(_request: Any) -> Answer:
            return Answer(302, "", [("Location", plain(running, "/headers")), AGE])

        yield running


def plain(server: Server, path: str) -> str:
    return f"http://localhost:{server.port}{path}"


def tls(server: Server, path: str) -> str:
    return f"https://localhost:{server.port}{path}"


def visit(colour: str, server: Any, *urls: str, **settings: Any) -> list[Any]:
    """The answers, or the exceptions, at each URL."""
    settings = {"trust_env": False, "hsts": True, **settings}
    if "verify" not in settings:
        settings["verify"] = server.ca_path
    options = settings.pop("options", {})
    found: list[Any] = []
    if colour in {"sync", "by parts"}:
        with (envoi.Session if colour == "sync" else ByParts)(**settings) as session:
            for url in urls:
                try:
                    found.append(session.get(url, **options))
                except envoi.RequestException as error:
                    found.append(error)
        return found

    async def visit_all() -> None:
        async with envoi.AsyncSession(**settings) as session:
            for url in urls:
                try:
                    found.append(await session.get(url, **options))
                except envoi.RequestException as error:
                    found.append(error)

    if colour == "asyncio":
        asyncio.run(visit_all())
    else:
        trio.run(visit_all)
    return found


@pytest.mark.parametrize("colour", COLOURS)
def test_a_host_that_asked_is_asked_by_https_only(colour: str, server: Server) -> None:
    _, second = visit(colour, server, tls(server, "/secure"), plain(server, "/get?a=b"))
    assert second.url == tls(server, "/get?a=b")
    assert second.status_code == 200
    assert second.history == []


@pytest.mark.parametrize("colour", COLOURS)
def test_it_is_off_by_default(colour: str, server: Server) -> None:
    connections = server.connections
    _, second = visit(colour, server, tls(server, "/secure"), plain(server, "/get"), hsts=False)
    assert isinstance(second, envoi.RequestException)
    assert server.connections > connections


@pytest.mark.parametrize("colour", COLOURS)
def test_a_redirect_is_asked_by_https_and_keeps_credentials(colour: str, server: Server) -> None:
    (last,) = visit(colour, server, tls(server, "/back"), auth=("user", "secret"))
    assert last.url == tls(server, "/headers")
    assert len(last.history) == 1
    assert last.request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("colour", COLOURS)
def test_a_host_may_change_its_mind(colour: str, server: Server) -> None:
    *_, last = visit(
        colour, server, tls(server, "/secure"), plain(server, "/off"), plain(server, "/get")
    )
    assert isinstance(last, envoi.RequestException)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_an_answer_without_a_verified_certificate_is_not_heeded(
    colour: str, server: Server
) -> None:
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    nameless = ssl.create_default_context(cafile=server.ca_path)
    nameless.check_hostname = False
    for settings in ({"verify": False}, {"verify": unchecked}, {"verify": nameless}):
        store = HSTS()
        (first,) = visit(colour, server, tls(server, "/secure"), hsts=store, **settings)
        assert first.status_code == 200
        assert len(store) == 0
    visit(colour, server, tls(server, "/secure"), hsts=store, options={"verify": False})
    assert len(store) == 0


@pytest.mark.parametrize("colour", COLOURS)
def test_a_context_that_checks_is_heeded(colour: str, server: Server) -> None:
    store = HSTS()
    context = ssl.create_default_context(cafile=server.ca_path)
    visit(colour, server, tls(server, "/secure"), hsts=store, verify=context)
    assert list(store) == ["localhost"]


@pytest.mark.parametrize("colour", COLOURS)
def test_an_address_is_not_heeded(colour: str, server: Server) -> None:
    store = HSTS()
    (first,) = visit(colour, server, f"https://127.0.0.1:{server.port}/secure", hsts=store)
    assert first.status_code == 200
    assert len(store) == 0


@pytest.mark.parametrize("colour", COLOURS)
def test_secure_cookies_go_along(colour: str, server: Server) -> None:
    jar = envoi.Cookies()
    jar.set("a", "b", domain="localhost", secure=True)
    (first,) = visit(
        colour, server, plain(server, "/cookies"), hsts=HSTS(["localhost"]), cookies=jar
    )
    assert first.json() == {"cookies": {"a": "b"}}


@pytest.mark.parametrize("kind", [envoi.Session, ByParts, Prepared])
def test_a_prepared_request_is_asked_by_https(kind: Any, server: Server) -> None:
    with kind(verify=server.ca_path, hsts=HSTS(["localhost"])) as session:
        request = envoi.Request("GET", plain(server, "/get"))
        assert session.prepare_request(request).url == tls(server, "/get")
        assert session.send(request.prepare()).url == tls(server, "/get")
        assert session.get(plain(server, "/get")).url == tls(server, "/get")


@pytest.mark.parametrize("colour", COLOURS)
def test_nothing_is_sent_in_the_clear(colour: str) -> None:
    seen: list[bytes] = []
    with RawServer(lambda connection: seen.append(connection.read_exactly(3))) as clear:
        url = f"http://localhost:{clear.port}/secret"
        (first,) = visit(colour, clear, url, hsts=HSTS(["localhost"]), verify=True)
        assert isinstance(first, envoi.exceptions.ConnectionError)
        assert first.request.url == url.replace("http:", "https:")
    assert [begin[:2] for begin in seen] == [b"\x16\x03"]  # a TLS handshake
