"""requests' methods of a session, called and overridden, in the three colours."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any

import pytest
import requests

import envoi
import envoi.sessions
from envoi.auth import Auth, HTTPDigestAuth
from envoi.testing import Server
from peers.clients import COLOURS, Client
from peers.servers.proxy import HttpProxy
from peers.test_session_auth import challenging

pytestmark = pytest.mark.timeout(30)


@pytest.fixture(params=COLOURS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with Client(request.param) as made:
        yield made


@pytest.fixture
def other() -> Iterator[Server]:
    with Server() as running:
        yield running


def call(client: Client, method: Any, *arguments: Any, **options: Any) -> Any:
    return client._wrapped(client._loop.call(method, *arguments, **options))


def send(client: Client, request: Any, **options: Any) -> Any:
    return call(client, client.session.send, request, **options)


def override(client: Client, **methods: Any) -> None:
    """Give the session's class other methods, as a subclass would have them."""
    client.session.__class__ = type("Own", (type(client.session),), methods)


def test_prepare_request_has_the_sessions_share(client: Client) -> None:
    session = client.session
    session.headers["X-Session"] = "1"
    session.headers["Accept"] = None
    session.params = {"a": "1", "b": "2"}
    session.auth = ("user", "pass")
    session.cookies.set("c", "1")
    prepared = session.prepare_request(
        envoi.Request(
            "post",
            "https://example.org/?x",
            headers={"X-Own": b"2"},
            params={"b": None, "d": "4"},
            data={"k": "v"},
            cookies={"e": "2"},
        )
    )
    assert (prepared.method, prepared.url, prepared.body) == (
        "POST",
        "https://example.org/?x&a=1&d=4",
        "k=v",
    )
    assert prepared.headers["X-Session"] == "1"
    assert prepared.headers["X-Own"] == b"2"
    assert "Accept" not in prepared.headers
    assert prepared.headers["Authorization"].startswith("Basic ")
    assert prepared.headers["Cookie"] == "c=1; e=2"
    assert prepared.headers["Content-Length"] == "3"


def test_prepare_request_joins_the_base_url() -> None:
    with envoi.Session(base_url="https://example.org/api/") as session:
        assert (
            session.prepare_request(envoi.Request("GET", "users")).url
            == "https://example.org/api/users"
        )
        with pytest.raises(envoi.InvalidURL):
            session.prepare_request(envoi.Request("GET", "../secret"))


PREPARED: list[dict[str, Any]] = [
    {}, {"params": {"a": [1, 2], "b": None}}, {"data": {"a": "1"}}, {"data": b"bytes"}, {"data": "text"}, {"json": {"a": 1}}, {"files": {"f": b"x"}}, {"auth": ("u", "p")},
    {"headers": {"X-A": "1", "accept": None}}, {"cookies": {"a": "b"}}, {"data": iter([b"a"])}, {"headers": {"Content-Type": "own/type"}, "data": {"a": "1"}},
]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    PREPARED,
    ids=[
        str(list(arguments) or "nothing") + str(index) for index, arguments in enumerate(PREPARED)
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_prepared_as_requests_prepares(method: str, arguments: dict[str, Any]) -> None:
    with requests.Session() as theirs, envoi.Session() as ours:
        theirs.trust_env = False
        expected = theirs.prepare_request(
            requests.Request(method, "http://example.org/path?q", **arguments)
        )
        prepared = ours.prepare_request(
            envoi.Request(method, "http://example.org/path?q", **arguments)
        )
    assert (prepared.method, prepared.url, prepared.path_url) == (
        expected.method,
        expected.url,
        expected.path_url,
    )
    names = [name for name in expected.headers if name not in {"User-Agent", "Accept-Encoding"}]
    assert [
        name for name in prepared.headers if name not in {"User-Agent", "Accept-Encoding"}
    ] == names
    if "files" not in arguments:
        assert {name: prepared.headers[name] for name in names} == {
            name: expected.headers[name] for name in names
        }
        assert prepared.body == expected.body


def test_a_prepared_request_is_sent_as_it_is(client: Client, server: Server) -> None:
    client.session.headers["X-Session"] = "1"
    client.session.auth = ("user", "pass")
    client.session.cookies.set("c", "1")
    prepared = envoi.Request("GET", f"{server.url}/headers").prepare()
    prepared.headers["X-Mine"] = "3"
    sent = send(client, prepared).json()["headers"]
    assert sent["X-Mine"] == "3"
    assert not {"X-Session", "Authorization", "Cookie", "User-Agent"} & sent.keys()


def test_a_prepared_request_may_be_changed_until_it_is_sent(client: Client, server: Server) -> None:
    prepared = client.session.prepare_request(
        envoi.Request("POST", f"{server.url}/anything", data={"a": "1"})
    )
    prepared.url = f"{server.url}/anything?changed"
    prepared.method = "PUT"
    prepared.body = "exactly this"
    del prepared.headers["Content-Type"]
    echoed = send(client, prepared).json()
    assert (echoed["method"], echoed["data"]) == ("PUT", "exactly this")
    assert echoed["url"].endswith("?changed")


@pytest.mark.parametrize(
    "wrong", [None, "http://x/", envoi.Request("GET", "http://x/"), envoi.PreparedRequest()]
)
def test_only_prepared_requests_are_sent(client: Client, wrong: Any) -> None:
    with pytest.raises(envoi.InvalidOption, match=r"PreparedRequests|not prepared"):
        send(client, wrong)


def test_digest_is_kept_until_a_prepared_request_is_sent(client: Client, server: Server) -> None:
    challenging(server)
    prepared = client.session.prepare_request(
        envoi.Request("GET", f"{server.url}/digest", auth=HTTPDigestAuth("user", "pass"))
    )
    assert "Authorization" not in prepared.headers
    response = send(client, prepared)
    assert response.status_code == 200
    assert [step.status_code for step in response.history] == [401]


def test_a_generator_of_ones_own_works_by_parts(client: Client, server: Server) -> None:
    class Twice(Auth):
        def auth_flow(self, request: Any) -> Any:
            response = yield request
            request.headers["X-Status"] = str(response.status_code)
            yield request

    override(client, rebuild_method=lambda self, prepared, response: None)
    response = client.get(f"{server.url}/headers", auth=Twice())
    assert response.json()["headers"]["X-Status"] == "200"


def test_redirects_of_a_prepared_request_carry_cookies_and_lose_credentials(
    client: Client, server: Server, other: Server
) -> None:
    client.session.cookies.set("plain", "1")
    prepared = client.session.prepare_request(
        envoi.Request(
            "GET",
            f"{server.url}/redirect-to",
            params={"url": f"{other.url}/headers"},
            auth=("user", "pass"),
            cookies={"own": "2"},
        )
    )
    assert "Authorization" in prepared.headers
    response = send(client, prepared)
    sent = response.json()["headers"]
    assert not {"Authorization", "Cookie"} & sent.keys()
    assert [step.status_code for step in response.history] == [302]
    within = client.session.prepare_request(
        envoi.Request(
            "GET",
            f"{server.url}/redirect-to?url=/headers",
            auth=("user", "pass"),
            cookies={"own": "2"},
        )
    )
    sent = send(client, within).json()["headers"]
    assert sent["Authorization"].startswith("Basic ")
    assert sorted(sent["Cookie"].split("; ")) == ["own=2", "plain=1"]


def test_next_is_ready_to_be_sent(client: Client, server: Server) -> None:
    for response in (
        client.get(
            f"{server.url}/redirect/2", allow_redirects=False, auth=("u", "p"), cookies={"a": "1"}
        ),
        send(
            client,
            client.session.prepare_request(
                envoi.Request(
                    "GET", f"{server.url}/redirect/2", auth=("u", "p"), cookies={"a": "1"}
                )
            ),
            allow_redirects=False,
        ),
    ):
        assert response.status_code == 302
        following = response.next
        assert following.url == f"{server.url}/redirect/1"
        assert following.headers["Authorization"].startswith("Basic ")
        assert following.headers["Cookie"] == "a=1"
        last = send(client, following)
        assert (last.status_code, len(last.history)) == (200, 1)


def test_resolve_redirects_goes_step_by_step(client: Client, server: Server) -> None:
    first = client.get(f"{server.url}/redirect/3", allow_redirects=False, stream=True)
    steps = client.session.resolve_redirects(
        first if client.colour == "sync" else first.response, first.request
    )
    seen = []
    if client.colour == "sync":
        seen = [step.status_code for step in steps]
    else:
        while (step := client._loop.call(anext, steps, None)) is not None:
            seen.append(step.status_code)
    assert seen == [302, 302, 200]


def test_too_many_redirects_by_parts(client: Client, server: Server) -> None:
    override(client, rebuild_auth=lambda self, prepared, response: None)
    client.session.max_redirects = 2
    assert client.get(f"{server.url}/redirect/2").ok
    with pytest.raises(envoi.TooManyRedirects) as caught:
        client.get(f"{server.url}/redirect/3")
    assert caught.value.response.status_code == 302


def test_rebuild_auth_may_keep_credentials_for_another_host(
    client: Client, server: Server, other: Server
) -> None:
    seen: list[Any] = []

    def rebuild_auth(self: Any, prepared_request: Any, response: Any) -> None:
        seen.append(
            (
                prepared_request.url,
                response.request.url,
                "Authorization" in prepared_request.headers,
            )
        )

    override(client, rebuild_auth=rebuild_auth)
    client.session.auth = ("user", "pass")
    response = client.get(f"{server.url}/redirect-to", params={"url": f"{other.url}/headers"})
    assert response.json()["headers"]["Authorization"].startswith("Basic ")
    assert seen == [(f"{other.url}/headers", response.history[0].request.url, True)]


def test_should_strip_auth_decides(client: Client, server: Server, other: Server) -> None:
    override(client, should_strip_auth=lambda self, old, new: False)
    client.session.auth = ("user", "pass")
    sent = client.get(f"{server.url}/redirect-to", params={"url": f"{other.url}/headers"}).json()[
        "headers"
    ]
    assert "Authorization" in sent


def test_rebuild_method_may_keep_post(client: Client, server: Server) -> None:
    override(client, rebuild_method=lambda self, prepared_request, response: None)
    echoed = client.post(f"{server.url}/redirect-to?url=/anything", data={"a": "1"}).json()
    assert (echoed["method"], echoed["form"]) == ("POST", {"a": "1"})


def test_get_redirect_target_may_say_no(client: Client, server: Server) -> None:
    override(client, get_redirect_target=lambda self, resp: None)
    assert client.get(f"{server.url}/redirect/1").status_code == 302


def test_rebuild_proxies_is_asked_at_each_redirect(
    client: Client, server: Server, http_proxy: HttpProxy
) -> None:
    override(
        client, rebuild_proxies=lambda self, prepared_request, proxies: {"http": http_proxy.url}
    )
    assert client.get(f"{server.url}/redirect/1").ok
    assert len(http_proxy.heads) == 1


def test_merge_environment_settings_may_decide_everything(
    client: Client, tls_server: Server
) -> None:
    def merged(self: Any, url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        settings = super(type(self), self).merge_environment_settings(
            url, proxies, stream, verify, cert
        )
        return {**settings, "verify": tls_server.ca_path}

    override(client, merge_environment_settings=merged)
    assert client.get(f"{tls_server.url}/get").ok


def test_merged_settings_are_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/some/where.pem")
    with requests.Session() as theirs, envoi.Session() as ours:
        for session in (theirs, ours):
            session.proxies = {"http": "http://own.test:2"}
            session.cert = "mine.pem"
        for arguments in (
            ({}, None, None, None),
            ({"https": "http://third.test:3"}, True, False, "other.pem"),
            ({}, None, "/path.pem", None),
        ):
            expected = theirs.merge_environment_settings(
                "https://example.org/", dict(arguments[0]), *arguments[1:]
            )
            merged = ours.merge_environment_settings(
                "https://example.org/", dict(arguments[0]), *arguments[1:]
            )
            assert merged == {**expected, "proxies": dict(expected["proxies"])}


def test_send_sees_every_request_of_a_chain(client: Client, server: Server) -> None:
    seen: list[Any] = []
    plain = type(client.session).send

    def counted(self: Any, request: Any, **options: Any) -> Any:
        seen.append((request.url, sorted(options)))
        return plain(self, request, **options)

    override(client, send=counted)
    response = client.get(f"{server.url}/redirect/2", timeout=5)
    assert [step.status_code for step in response.history] == [302, 302]
    assert [url.removeprefix(server.url) for url, _ in seen] == [
        "/redirect/2",
        "/redirect/1",
        "/get",
    ]
    assert seen[0][1] == ["allow_redirects", "cert", "proxies", "stream", "timeout", "verify"]


def test_methods_set_on_the_object_are_called(client: Client, server: Server) -> None:
    adapters: list[str] = []
    former = client.session.get_adapter

    def get_adapter(url: str) -> Any:
        adapters.append(url)
        return former(url)

    client.session.get_adapter = get_adapter
    assert client.get(f"{server.url}/redirect/1").ok
    assert [url.removeprefix(server.url) for url in adapters] == ["/redirect/1", "/get"]


def test_methods_patched_on_the_class_are_called(
    client: Client, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    kind = type(client.session)
    former = kind.prepare_request

    def prepare_request(self: Any, request: Any) -> Any:
        calls.append(request.url)
        return former(self, request)

    monkeypatch.setattr(kind, "prepare_request", prepare_request)
    assert client.get(f"{server.url}/get").ok
    monkeypatch.undo()
    assert client.get(f"{server.url}/get").ok
    assert calls == [f"{server.url}/get"]


def test_one_shot_functions_keep_no_cookies_when_patched(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = envoi.Session.get_adapter
    monkeypatch.setattr(envoi.Session, "get_adapter", lambda self, url: former(self, url))
    assert envoi.get(f"{server.url}/cookies/set?a=1").json() == {"cookies": {"a": "1"}}
    assert envoi.get(f"{server.url}/cookies").json() == {"cookies": {}}


def test_none_is_off_by_parts_as_well(
    client: Client, server: Server, http_proxy: HttpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", http_proxy.url)
    override(client, rebuild_auth=lambda self, prepared, response: None)
    client.session.auth = ("user", "pass")
    response = client.get(f"{server.url}/redirect-to?url=/headers", proxies=None, auth=None)
    assert "Authorization" not in response.json()["headers"]
    assert http_proxy.heads == []
    assert client.get(f"{server.url}/redirect/1").ok
    assert len(http_proxy.heads) == 2


def test_netrc_patched_where_programs_patch_it(
    client: Client, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envoi.sessions, "get_netrc_auth", lambda url: ("user", "pass"))
    assert client.get(f"{server.url}/basic-auth/user/pass").status_code == 200
    assert (
        client.get(f"{server.url}/basic-auth/user/pass", auth=("user", "wrong")).status_code == 401
    )


def test_options_by_position(client: Client, server: Server) -> None:
    response = call(
        client,
        client.session.request,
        "POST",
        f"{server.url}/anything",
        {"q": "1"},
        {"k": "v"},
        {"X-Own": "1"},
    )
    echoed = response.json()
    assert (echoed["args"], echoed["form"], echoed["headers"]["X-Own"]) == (
        {"q": "1"},
        {"k": "v"},
        "1",
    )
    with pytest.raises(envoi.InvalidOption, match="several values for params"):
        call(client, client.session.request, "GET", server.url, {"a": 1}, params={})
    with pytest.raises(envoi.InvalidOption, match="at most"):
        call(client, client.session.request, "GET", server.url, *range(20))


def test_a_jar_of_the_callers_own_kind_stays_one(server: Server) -> None:
    jar = CookieJar()
    prepared = envoi.Request(
        "GET",
        f"{server.url}/redirect-to?url=/cookies",
        cookies=envoi.cookies.cookiejar_from_dict({"a": "1"}, jar),
    ).prepare()
    with envoi.Session() as session:
        response = session.send(prepared)
    assert response.json() == {"cookies": {"a": "1"}}
    assert type(response.request._cookies) is CookieJar


def test_hooks_of_both_kinds_of_request() -> None:
    request = envoi.Request("GET", "http://e.test/", hooks={"response": print})
    request.register_hook("response", [str, repr])
    assert request.hooks["response"] == [print, str, repr]
    assert request.deregister_hook("response", str)
    assert not request.deregister_hook("response", str)
    prepared = request.prepare()
    assert prepared.hooks["response"] == [print, repr]
    with pytest.raises(ValueError, match="no event 'sent'"):
        envoi.Request("GET", "http://e.test/", hooks={"sent": print})
