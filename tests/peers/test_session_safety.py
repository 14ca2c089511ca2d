"""Credentials, limits and connections by every way that a request may take: prepared, redirected by parts, through adapters."""

from __future__ import annotations

import gzip
import socket
from typing import Any, Self

import pytest

import envoi
from envoi.testing import RawServer, Server

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


class Replies:
    """A server that answers each head by a function, and keeps the heads."""

    def __init__(self, answer: Any) -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._server = RawServer(self._script)

    def _script(self, connection: Any) -> None:
        while True:
            self.heads.append(connection.read_head())
            connection.send(self._answer(self.heads[-1]))

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.url = self._server.url
        return self

    def __exit__(self, *arguments: object) -> None:
        self._server.__exit__(*arguments)

    def fields(self, name: bytes) -> list[bytes]:
        return [
            line
            for head in self.heads
            for line in head.split(b"\r\n")
            if line.lower().startswith(name.lower() + b":")
        ]


def ok(_head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def to(url: str) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % url.encode()


class ByParts(envoi.Session):
    def get_adapter(self, url: str) -> Any:
        return super().get_adapter(url)


class NeedsUrllib3(envoi.adapters.HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        super().init_poolmanager(
            *arguments, **settings, socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        )


class Rebuilt(envoi.adapters.HTTPAdapter):
    def build_response(self, req: Any, resp: Any) -> Any:
        self.seen = resp
        raise KeyError


def key(request: Any) -> Any:
    request.headers["X-Api-Key"] = "secret"
    return request


KINDS = [envoi.Session, ByParts]


def test_an_explicit_verify_true_goes_before_the_sessions_false() -> None:
    session = envoi.Session(trust_env=False, verify=False)
    assert (
        session.merge_environment_settings("https://x.test/", {}, None, True, None)["verify"]
        is True
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_auth_callable_wrote_stays_within_the_origin(kind: Any) -> None:
    with (
        Replies(ok) as other,
        Replies(lambda _: to(other.url)) as first,
        kind(trust_env=False) as session,
    ):
        session.get(first.url, auth=key)
        session.send(session.prepare_request(envoi.Request("GET", first.url, auth=key)))
        assert not other.fields(b"X-Api-Key")


def test_a_cookie_without_a_domain_does_not_stray_by_way_of_next() -> None:
    with (
        Replies(lambda head: to("/two") if b" /one " in head else ok()) as other,
        Replies(lambda _: to(other.url + "/one")) as first,
        envoi.Session(trust_env=False) as session,
    ):
        session.cookies.set("mine", "secret")
        session.send(session.get(first.url, allow_redirects=False).next)
        assert not other.fields(b"Cookie")


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxys_credentials_do_not_reach_another_proxy_after_a_redirect(kind: Any) -> None:
    with (
        Replies(ok) as other,
        Replies(lambda _: to("http://b.test/")) as first,
        kind(trust_env=False) as session,
    ):
        session.get(
            "http://a.test/",
            proxies={"http": first.url.replace("//", "//user:secret@"), "http://b.test": other.url},
        )
        assert len(other.heads) == 1
        assert not other.fields(b"Proxy-Authorization")


@pytest.mark.parametrize("proxied", [False, True])
def test_proxy_credentials_do_not_reach_the_origin_when_urllib3_carries_the_request(
    proxied: bool,
) -> None:
    with (
        Replies(ok) as origin,
        Replies(lambda _: to(origin.url)) as proxy,
        ByParts(trust_env=False) as session,
    ):
        session.mount("http://", NeedsUrllib3())
        if proxied:
            session.get(
                "http://a.test/",
                proxies={"http": proxy.url.replace("//", "//u:secret@"), "http://127.0.0.1": None},
            )
        else:
            session.get(origin.url, headers={"Proxy-Authorization": "Basic secret"})
        assert len(origin.heads) == 1
        assert not origin.fields(b"Proxy-Authorization")


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_to_an_exempt_host_goes_past_the_environments_proxy(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Replies(ok) as origin, Replies(lambda _: to(origin.url)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with kind() as session:
            session.get("http://a.test/", max_body=100, allow_redirects=True)
        assert len(origin.heads) == 1


def test_a_mounted_adapter_is_told_of_the_sessions_proxies_besides_the_requests_own() -> None:
    with (
        Replies(ok) as proxy,
        Replies(ok) as origin,
        envoi.Session(trust_env=False, proxies={"http": proxy.url}) as session,
    ):
        session.mount("http://", envoi.adapters.HTTPAdapter())
        session.get(origin.url, proxies={"https": "http://127.0.0.1:1"})
        assert (len(proxy.heads), len(origin.heads)) == (1, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "auth", [None, key, envoi.auth.HTTPDigestAuth("d", "d")], ids=["none", "callable", "digest"]
)
def test_netrc_has_no_say_after_a_redirect_of_a_request_with_auth(
    kind: Any, auth: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login u password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with (
        Replies(lambda head: to("/two") if b" /one " in head else ok()) as server,
        kind() as session,
    ):
        session.get(server.url + "/one", auth=auth)
        assert not server.fields(b"Authorization")


def test_a_scheme_of_several_exchanges_does_not_answer_a_stranger_when_rebuild_auth_was_overridden() -> (
    None
):
    class Trusting(envoi.Session):
        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            prepared_request.headers.pop("Authorization", None)

    challenge = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n'
    with (
        Replies(lambda _: challenge) as other,
        Replies(lambda head: to(other.url) if b"uthorization:" in head else challenge) as first,
        Trusting(trust_env=False) as session,
    ):
        session.get(first.url, auth=envoi.auth.HTTPDigestAuth("u", "p"))
        assert not other.fields(b"Authorization")


@pytest.mark.parametrize("kind", KINDS)
def test_the_body_of_a_redirect_is_never_decoded(kind: Any) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    second = (
        b"HTTP/1.1 302 Found\r\nLocation: /three\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
        % (len(bomb), bomb)
    )
    pages = {b"/one": to("/two"), b"/two": second, b"/three": ok()}
    with (
        Replies(lambda head: pages[head.split(b" ")[1]]) as server,
        kind(trust_env=False) as session,
    ):
        response = session.get(server.url + "/one")
        assert [step.content for step in response.history] == [b"", b""]


def test_total_is_kept_when_urllib3_carries_the_request() -> None:
    def script(connection: Any) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        connection.send_slowly(b"x" * 60, seconds=0.1)

    with RawServer(script) as server, envoi.Session(trust_env=False) as session:
        session.mount("http://", NeedsUrllib3())
        with pytest.raises(envoi.exceptions.Timeout):
            session.get(server.url, timeout=envoi.Limits(total=0.5))


def test_a_wrong_content_length_is_not_sent_when_urllib3_carries_the_request() -> None:
    with Replies(ok) as server, envoi.Session(trust_env=False) as session:
        session.mount("http://", NeedsUrllib3())
        prepared = session.prepare_request(
            envoi.Request("POST", server.url, data=b"abcGET /evil HTTP/1.1\r\n\r\n")
        )
        prepared.headers["Content-Length"] = "3"
        with pytest.raises(envoi.RequestException):
            session.send(prepared)
        assert not server.heads


def test_an_overridden_request_url_works_when_urllib3_carries_the_request() -> None:
    class Elsewhere(NeedsUrllib3):
        def request_url(self, request: Any, proxies: Any) -> str:
            return "/elsewhere"

    with Replies(ok) as server, envoi.Session(trust_env=False) as session:
        session.mount("http://", Elsewhere())
        assert session.get(server.url + "/there").url == server.url + "/there"


def test_what_one_send_was_told_does_not_stick_to_the_request() -> None:
    told: list[Any] = []

    class Told(envoi.adapters.HTTPAdapter):
        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
            told.append((options["timeout"], request.provenance))
            return super().send(request, **options)

    with Replies(ok) as server, envoi.Session(trust_env=False) as session:
        session.mount("http://", Told())
        prepared = session.prepare_request(envoi.Request("GET", server.url))
        session.send(prepared)
        session.send(prepared, timeout=None, max_body=100)
        session.send(prepared)
        assert told[1] == (None, prepared.provenance._replace(timeout_given=True))
        assert told[2] == told[0]
        assert prepared.provenance.timeout_given is None


def test_a_response_is_closed_when_build_response_raises() -> None:
    def script(connection: Any) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\nx")
        connection.wait_closed()

    with RawServer(script) as server, envoi.Session(trust_env=False) as session:
        session.mount("http://", Rebuilt(pool_maxsize=1, pool_block=True))
        for _ in range(2):
            with pytest.raises(KeyError):
                session.get(server.url, timeout=envoi.Limits(pool=0.5))


@pytest.mark.parametrize("value", [b"nonsense", b"-5"])
def test_a_malformed_retry_after_leaves_the_attempts_to_the_back_off(value: bytes) -> None:
    retry = pytest.importorskip("urllib3").Retry(1, status_forcelist=[503])
    answer = b"HTTP/1.1 503 No\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n"
    with Replies(lambda _: answer) as server, envoi.Session(trust_env=False) as session:
        session.mount("http://", envoi.adapters.HTTPAdapter(max_retries=retry))
        with pytest.raises(envoi.RetryError):
            session.get(server.url)


async def _many(url: str, count: int) -> list[Any]:
    import asyncio

    async with envoi.AsyncSession(trust_env=False) as session:
        session.mount("http://", envoi.adapters.HTTPAdapter(pool_maxsize=1, pool_block=True))
        gets = (
            session.get(url + "/bytes/1000000", timeout=envoi.Limits(pool=3)) for _ in range(count)
        )
        return await asyncio.gather(*gets, return_exceptions=True)


def test_blocking_adapters_that_wait_for_a_connection_do_not_starve_those_that_have_one() -> None:
    import asyncio

    with Server() as server:
        answers = asyncio.run(_many(server.url, 40))
        assert not [answer for answer in answers if isinstance(answer, Exception)]


def test_resolve_redirects_has_limits_when_nothing_was_said() -> None:
    limits: list[Any] = []

    class Told(envoi.adapters.HTTPAdapter):
        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
            limits.append((options["timeout"], request.provenance.timeout_given))
            return super().send(request, **options)

    with (
        Replies(lambda head: to("/two") if b" /one " in head else ok()) as server,
        envoi.Session(trust_env=False) as session,
    ):
        session.mount("http://", Told())
        first = session.get(server.url + "/one", allow_redirects=False)
        list(session.resolve_redirects(first, first.request))
        assert limits == [(None, False), (None, False)]


def test_mounting_does_not_disturb_those_who_look_an_adapter_up() -> None:
    import sys
    import threading

    session, failed, stop = envoi.Session(trust_env=False), [], threading.Event()
    adapter = envoi.adapters.HTTPAdapter()

    def look() -> None:
        while not stop.is_set():
            try:
                session.get_adapter("http://b/")
            except Exception as error:
                failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=look)
    thread.start()
    for number in range(3000):
        session.mount(f"http://{number % 50}/{'y' * (number % 7)}", adapter)
    stop.set()
    thread.join()
    sys.setswitchinterval(interval)
    assert not failed
