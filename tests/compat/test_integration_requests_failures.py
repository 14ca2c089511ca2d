"""What goes wrong below requests over Envoi's connections is raised as requests raises it over its own, and tried again as often."""

from __future__ import annotations

import io
import pickle
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3

import envoi
from compat.peer_of_requests import requests_session
from compat.test_integration_requests import over_envoi
from envoi.integrations.requests import EnvoiAdapter
from envoi.testing import RawConnection, Server
from peers.servers.proxy import HttpProxy, Socks5Proxy

pytestmark = pytest.mark.timeout(60)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"


def described(error: BaseException) -> list[Any]:
    """What a handler may look at: the class, the request, what urllib3 said and why."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    request = getattr(error, "request", None)
    return [
        type(error).__name__,
        request is not None and request.method,
        _urllib3s(inner),
        _urllib3s(reason),
    ]


def _urllib3s(error: Any) -> str | None:
    """The class of urllib3 that an exception is, past those of Envoi's that derive from them."""
    return next(
        (kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "urllib3.exceptions"),
        None,
    )


def failure(session: requests.Session, url: str, **options: Any) -> BaseException:
    with pytest.raises(Exception) as caught:
        _ = session.request(options.pop("method", "GET"), url, **{"timeout": 10, **options}).content
    return caught.value


def both(
    url: str, other_url: str | None = None, retries: Any = 0, **options: Any
) -> tuple[BaseException, BaseException]:
    """The failure of the same call over requests' own connections and over Envoi's, perhaps to another server of the same kind."""
    own = requests_session()
    for prefix in ("http://", "https://"):
        own.mount(prefix, requests.adapters.HTTPAdapter(max_retries=retries))
    with own, over_envoi(EnvoiAdapter(max_retries=retries)) as ours:
        return failure(own, url, **options), failure(ours, other_url or url, **options)


REPLIES: dict[str, list[bytes | None]] = {
    "no answer": [None],
    "no HTTP": [b"garbage\r\n\r\n"],
    "a short body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"],
    "short chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"],
    "bad chunks": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"
    ],
    "bad gzip": [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
    "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_broken_answer(name: str, raw_server: Any) -> None:
    expected, seen = both(*(raw_server(REPLIES[name], close=True).url for _ in range(2)))
    assert described(seen) == described(expected)
    assert type(seen).__module__ == "requests.exceptions"


def test_half_a_head_is_no_answer(raw_server: Any) -> None:
    with over_envoi() as session:
        error = failure(session, raw_server([b"HTTP/1.1 200 OK\r\nContent-Le"], close=True).url)
    assert isinstance(
        error, requests.ConnectionError
    )  # requests over its own takes it for a whole one
    assert isinstance(error.__cause__, envoi.exceptions.IncompleteHead)


def test_the_chain_of_causes_ends_with_envois(raw_server: Any) -> None:
    with over_envoi() as session:
        head = failure(session, raw_server([b"garbage\r\n\r\n"], close=True).url)
        assert isinstance(head.__cause__, envoi.RemoteProtocolError)
        assert head.request.url.startswith("http://127.0.0.1")
        body = failure(session, raw_server(REPLIES["a short body"], close=True).url)
        assert isinstance(body.args[0].__cause__, envoi.IncompleteBody)


def test_a_redirect_is_followed_though_its_body_is_broken(raw_server: Any) -> None:
    broken = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    for make in (requests_session, over_envoi):
        with make() as session:
            response = session.get(raw_server([broken, OK], close=True).url)
            assert (response.text, len(response.history)) == ("ok", 1)


def test_a_reset(raw_server: Any) -> None:
    def resetting(connection: RawConnection) -> None:
        connection.read_request()
        connection.reset()

    def resetting_within(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(1000))
        connection.reset()

    for script in (resetting, resetting_within):
        expected, seen = both(raw_server(script).url)
        assert described(seen) == described(expected)


def test_silence(raw_server: Any) -> None:
    def silent(connection: RawConnection) -> None:
        connection.read_request()
        connection.wait_closed()

    url = raw_server(silent).url
    for timeout in (
        0.1,
        (5, 0.1),
        urllib3.Timeout(connect=5, read=0.1),
        urllib3.Timeout(total=0.1),
        urllib3.Timeout(0.1),
    ):
        expected, seen = both(url, timeout=timeout)
        assert described(seen) == described(expected)
        assert isinstance(seen, requests.ReadTimeout)
        assert isinstance(seen.__cause__, envoi.ReadTimeout)


def test_silence_within_a_body(raw_server: Any) -> None:
    def halting(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.wait_closed()

    expected, seen = both(raw_server(halting).url, timeout=0.1)
    assert described(seen) == described(expected)
    assert isinstance(seen, requests.ConnectionError)
    assert isinstance(seen.args[0], urllib3.exceptions.ReadTimeoutError)


def test_the_default_timeout_of_sockets_is_that_of_an_empty_one(
    raw_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(connection: RawConnection) -> None:
        connection.read_request()
        connection.wait_closed()

    url = raw_server(silent).url
    monkeypatch.setattr("urllib3.util.timeout.getdefaulttimeout", lambda: 0.1)
    with over_envoi() as session:
        assert isinstance(failure(session, url, timeout=urllib3.Timeout()), requests.ReadTimeout)


def test_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/path?query"
    for retries in (0, 2, urllib3.Retry(total=3, connect=1)):
        expected, seen = both(url, retries=retries)
        assert described(seen) == described(expected)
        assert isinstance(seen, requests.ConnectionError)
        assert isinstance(seen.__cause__, envoi.ConnectionRefused)
        assert "Connection refused" in str(seen)
    for retries in (urllib3.Retry(connect=False), urllib3.Retry(False)):
        with over_envoi(EnvoiAdapter(max_retries=retries)) as session:
            assert isinstance(
                failure(session, url), requests.ConnectionError
            )  # over its own, requests lets urllib3's through


def test_no_such_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    expected, seen = both("http://nowhere.test/")
    assert described(seen) == described(expected)
    assert isinstance(seen.args[0].reason, urllib3.exceptions.NameResolutionError)
    assert isinstance(seen.__cause__, envoi.NameResolutionError)
    assert "Name or service not known" in str(seen)


def test_no_handshake_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, over_envoi() as session:
        error = failure(session, f"https://127.0.0.1:{mute.getsockname()[1]}/", timeout=(0.1, 5))
    assert isinstance(
        error, requests.ConnectTimeout
    )  # requests over its own: a ReadTimeout, though nothing was sent
    assert isinstance(error.__cause__, envoi.ConnectTimeout)


def test_no_trust(tls_server: Server, ca: Any, raw_server: Any) -> None:
    def in_the_clear(connection: RawConnection) -> None:
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.wait_closed()

    for url, options in (
        (raw_server(in_the_clear).url.replace("http:", "https:"), {}),
        (f"{tls_server.url}/get", {}),
        (raw_server([OK], tls=ca.issue("other.test")).url, {"verify": ca.path}),
    ):
        expected, seen = both(url, **options)
        assert described(seen) == described(expected)
        assert isinstance(seen, requests.exceptions.SSLError)
        assert isinstance(seen.__cause__, envoi.SSLError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(seen)


def test_files_for_tls_that_are_none(tls_server: Server, tmp_path: Any) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate")
    with over_envoi() as session:
        for options in (
            {"verify": "/no/such/file"},
            {"verify": str(nothing)},
            {"cert": "/no/such/file"},
            {"cert": (str(nothing), "/no/such")},
        ):
            error = failure(session, f"{tls_server.url}/get", **options)
            assert isinstance(
                error, requests.exceptions.SSLError
            )  # which is an OSError, as requests' own are
            assert isinstance(error.__cause__, envoi.InvalidOption)
            assert error.request.method == "GET"


@pytest.mark.parametrize("timeout", ["soon", (1, 2, 3), 0, -1, True, (1, "soon"), [1, 2]])
def test_timeouts_that_are_none(timeout: Any, server: Server) -> None:
    expected, seen = both(f"{server.url}/get", timeout=timeout)
    assert isinstance(seen, ValueError)
    assert type(seen) is type(expected)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://127.0.0.1:9",
        "nonsense://x",
        "http://",
        "http://127.0.0.1:99999",
        "http:///nothing",
        5,
    ],
)
def test_proxies_that_are_none(proxy: Any, server: Server) -> None:
    expected, seen = both(f"{server.url}/get", proxies={"http": proxy})
    assert isinstance(seen, type(expected)) or isinstance(seen, requests.exceptions.InvalidProxyURL)
    assert seen.request.method == "GET"


def test_proxies_that_refuse(tls_server: Server) -> None:
    refusals: dict[str, Callable[[], Any]] = {
        "407": lambda: HttpProxy(credentials=("user", "pass")),
        "403": lambda: HttpProxy(
            connect_reply=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        ),
    }
    for make in refusals.values():
        with make() as proxy:
            expected, seen = both(
                f"{tls_server.url}/get", proxies={"https": proxy.url}, verify=tls_server.ca_path
            )
        assert described(seen) == described(expected)
        assert isinstance(seen.__cause__, envoi.ProxyError)
    with Socks5Proxy(reply_code=2) as socks, over_envoi() as session:
        assert isinstance(
            failure(session, f"{tls_server.url}/get", proxies={"https": socks.url}),
            requests.exceptions.ProxyError,
        )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/\x01", "http://[::1", "http://127.0.0.1:99999/"]
)
def test_urls_that_are_none(url: str, server: Server) -> None:
    prepared = requests.Request("GET", "http://127.0.0.1/").prepare()
    prepared.url = url.format(port=server.port)
    with over_envoi() as session, pytest.raises(requests.exceptions.InvalidURL) as caught:
        session.get_adapter(prepared.url).send(prepared)
    assert caught.value.request is prepared


def test_headers_and_bodies_that_cannot_be_sent(server: Server) -> None:
    prepared = requests.Request("POST", f"{server.url}/anything", data=b"abc").prepare()
    prepared.headers["X"] = "one\r\ntwo"
    with over_envoi() as session:
        with pytest.raises(requests.exceptions.InvalidHeader, match="line break"):
            session.send(prepared)
        prepared.headers.update({"X": "", "Content-Length": "5"})
        with pytest.raises(requests.exceptions.RequestException, match="the body has 3 bytes"):
            session.send(prepared)
    assert not server.requests


def test_what_a_body_raises_is_left_alone(server: Server) -> None:
    def failing() -> Any:
        yield b"one"
        raise LookupError("mine")

    with over_envoi() as session, pytest.raises(LookupError, match="mine"):
        session.post(f"{server.url}/anything", data=failing())


def test_exceptions_can_be_pickled() -> None:
    with over_envoi() as session:
        error = failure(session, "http://127.0.0.1:9/")
    assert type(pickle.loads(pickle.dumps(error))) is requests.ConnectionError


RETRIES: dict[str, tuple[list[bytes | None], Callable[[], Any], dict[str, Any]]] = {
    "a number, and the connection ends": ([None, OK], lambda: 2, {}),
    "no number": ([None, OK], lambda: 0, {}),
    "a number, and POST": ([None, OK], lambda: 2, {"method": "POST", "data": b"x"}),
    "status": ([BUSY, BUSY, OK], lambda: urllib3.Retry(total=3, status_forcelist=[503]), {}),
    "too often": ([BUSY, BUSY, BUSY, OK], lambda: urllib3.Retry(total=2, status_forcelist=[503]), {}),
    "too often, unraised": ([BUSY, BUSY, BUSY], lambda: urllib3.Retry(total=2, status_forcelist=[503], raise_on_status=False), {}),
    "another method": ([BUSY], lambda: urllib3.Retry(total=2, status_forcelist=[503]), {"method": "POST", "data": b"x"}),
    "any method": ([BUSY, OK], lambda: urllib3.Retry(total=2, status_forcelist=[503], allowed_methods=None), {"method": "POST", "data": b"x"}),
    "Retry-After": ([b"HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", OK], lambda: 1, {}),
    "a broken body": ([b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nbusy", OK], lambda: urllib3.Retry(total=1, status_forcelist=[503]), {}),
    "read": ([None, None, OK], lambda: urllib3.Retry(read=2, backoff_factor=0), {}),
    "read, too often": ([None, None, OK], lambda: urllib3.Retry(total=9, read=1), {}),
}  # fmt: skip


def answering(replies: list[bytes | None]) -> Callable[[RawConnection], None]:
    """A script that gives each request the next reply; None closes the connection."""
    left = list(replies)

    def script(connection: RawConnection) -> None:
        while connection.read_request():
            reply = left.pop(0)
            if reply is None:
                return
            connection.send(reply)
            if b"Content-Length: 9" in reply:  # a lie
                return

    return script


@pytest.mark.parametrize("name", RETRIES)
def test_tried_again_as_often(name: str, raw_server: Any) -> None:
    replies, retries, options = RETRIES[name]
    outcomes = []
    for adapter in (
        requests.adapters.HTTPAdapter(max_retries=retries()),
        EnvoiAdapter(max_retries=retries()),
    ):
        server = raw_server(answering(replies))
        with requests_session() as session:
            session.mount("http://", adapter)
            try:
                response = session.request(
                    options.get("method", "GET"), f"{server.url}/path", data=options.get("data")
                )
                outcome = [
                    response.status_code,
                    response.content,
                    [step[:2] + step[3:] for step in response.raw.retries.history],
                ]
            except requests.RequestException as error:
                outcome = described(error)
        outcomes.append([outcome, [request.partition(b"\r\n")[0] for request in server.requests]])
    assert outcomes[1] == outcomes[0]


def test_files_are_sent_again_from_where_they_stood(raw_server: Any) -> None:
    server = raw_server([BUSY, OK], close=True)
    file = io.BytesIO(b"not this, but this")
    file.seek(10)
    with over_envoi(EnvoiAdapter(max_retries=urllib3.Retry(status_forcelist=[503]))) as session:
        assert session.put(server.url, data=file).text == "ok"
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [
        b"but this",
        b"but this",
    ]


def test_generators_are_not(raw_server: Any) -> None:
    server = raw_server([BUSY], close=True)
    with over_envoi(EnvoiAdapter(max_retries=urllib3.Retry(status_forcelist=[503]))) as session:
        error = failure(session, server.url, method="PUT", data=iter([b"gone"]))
    assert isinstance(
        error, requests.exceptions.UnrewindableBodyError
    )  # requests over its own sends an empty body


def test_retries_may_be_set_later(raw_server: Any) -> None:
    adapter = EnvoiAdapter()
    adapter.max_retries = urllib3.Retry(status_forcelist=[503])
    with over_envoi(adapter) as session:
        assert session.get(raw_server([BUSY, OK], close=True).url).text == "ok"
    adapter.max_retries = 1
    with over_envoi(adapter) as session:
        assert session.get(raw_server([None, OK], close=True).url).text == "ok"
