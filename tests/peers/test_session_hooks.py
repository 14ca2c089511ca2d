"""Hooks of sessions and requests: when they are called, with what, and what their results do, in all three colours."""

from __future__ import annotations

import pytest

import envoi
from envoi.testing import Answer, Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]


class Recorder:
    """A hook that remembers what it was called with."""

    def __init__(self, name: str = "", log: list | None = None) -> None:
        self.name = name
        self.log = [] if log is None else log
        self.options: dict = {}

    def __call__(self, response, **options):
        self.log.append((self.name, response.status_code, response.request.parsed_url.path))
        self.options = options


def redirecting(location: str, status: int = 302):
    return lambda _: Answer(status, b"moved", headers=[("Location", location)])


def test_hooks_are_called_in_their_order(client, server) -> None:
    log: list = []
    client.get(
        f"{server.url}/get", hooks={"response": [Recorder("one", log), Recorder("two", log)]}
    )
    assert log == [("one", 200, "/get"), ("two", 200, "/get")]


@pytest.mark.parametrize("form", ["function", "list", "tuple"])
def test_forms_of_the_argument(form: str, client, server) -> None:
    recorder = Recorder()
    given = {"function": recorder, "list": [recorder], "tuple": (recorder,)}[form]
    client.get(f"{server.url}/get", hooks={"response": given})
    assert len(recorder.log) == 1


@pytest.mark.parametrize("hooks", [None, {}, {"response": []}, {"response": None}])
def test_empty_hooks_leave_the_sessions(hooks, new_client, server) -> None:
    recorder = Recorder()
    client = new_client(hooks={"response": recorder})
    client.get(f"{server.url}/get", hooks=hooks)
    assert len(recorder.log) == 1


def test_hooks_of_a_request_take_the_place_of_the_sessions(new_client, server) -> None:
    session, request = Recorder("session"), Recorder("request")
    client = new_client(hooks={"response": session})
    client.get(f"{server.url}/get", hooks={"response": request})
    client.get(f"{server.url}/get")
    assert (len(session.log), len(request.log)) == (1, 1)


def test_hooks_of_a_session_can_be_changed(client, server) -> None:
    one, two = Recorder(), Recorder()
    session = client.session
    session.hooks["response"].append(one)
    client.get(f"{server.url}/get")
    session.hooks = {"response": two}
    client.get(f"{server.url}/get")
    session.hooks["response"] = one
    client.get(f"{server.url}/get")
    for nothing in ({}, None):
        session.hooks = nothing
        client.get(f"{server.url}/get")
    session.hooks.clear()
    client.get(f"{server.url}/get")
    assert (len(one.log), len(two.log)) == (2, 1)


@pytest.mark.parametrize(
    "hooks",
    [
        {"request": print},
        {"response": 5},
        {"response": [print, None]},
        [print],
        print,
        {"response": "print"},
    ],
)
def test_what_is_no_hook_is_refused_before_anything_is_sent(hooks, client, server) -> None:
    with pytest.raises(envoi.exceptions.InvalidOption, match="hooks"):
        client.get(f"{server.url}/get", hooks=hooks)
    with pytest.raises(envoi.exceptions.InvalidOption, match="hooks"):
        client.session.hooks = hooks
    assert server.requests == []


def test_hook_learns_the_options_of_its_request(client, server) -> None:
    recorder = Recorder()
    client.get(
        f"{server.url}/get",
        hooks={"response": recorder},
        stream=True,
        verify=False,
        proxies={"https": "p.test"},
    ).close()
    options = recorder.options
    assert set(options) == {"timeout", "verify", "cert", "proxies", "stream"}
    assert (options["stream"], options["verify"], options["cert"], options["proxies"]) == (
        True,
        False,
        None,
        {"https": "p.test"},
    )


def test_hook_can_read_the_body(client, server) -> None:
    seen = []
    client.get(
        f"{server.url}/bytes/300000",
        hooks={"response": lambda response, **_: seen.append(len(response.content))},
    )
    assert seen == [300000]


def test_hook_can_change_the_response(client, server) -> None:
    def mark(response, **_):
        response.marked = True
        return response

    assert client.get(f"{server.url}/get", hooks={"response": mark}).marked


def test_hooks_see_every_response_of_a_chain(client, server) -> None:
    recorder = Recorder()
    client.get(f"{server.url}/redirect/2", hooks={"response": recorder})
    assert recorder.log == [("", 302, "/redirect/2"), ("", 302, "/redirect/1"), ("", 200, "/get")]


def test_hook_on_a_redirect_that_is_not_followed(client, server) -> None:
    recorder = Recorder()
    client.get(f"{server.url}/redirect/1", hooks={"response": recorder}, allow_redirects=False)
    assert recorder.log == [("", 302, "/redirect/1")]


def test_result_takes_the_place_of_the_response(client, server) -> None:
    kept = (
        client.get(f"{server.url}/status/418").response
        if client.colour != "sync"
        else client.get(f"{server.url}/status/418")
    )
    second = Recorder()
    response = client.get(
        f"{server.url}/bytes/300000",
        hooks={"response": [lambda *_, **__: kept, second]},
        stream=True,
    )
    assert response.status_code == 418
    assert second.log == [("", 418, "/status/418")]
    assert client.in_use == 0, "the one that was replaced is done with"


def test_result_may_be_a_redirect(client, server) -> None:
    moved = client.get(f"{server.url}/redirect/1", allow_redirects=False)
    moved = moved if client.colour == "sync" else moved.response

    def move(response, **_):
        return moved if response.status_code == 404 else None

    response = client.get(f"{server.url}/status/404", hooks={"response": move})
    assert response.status_code == 200
    assert [step.status_code for step in response.history] == [302]


def test_session_is_free_inside_a_hook(new_client, server, colour) -> None:
    client = new_client(max_connections=2)

    def ask_sync(response, **_):
        if response.status_code == 401:
            return client.session.get(f"{server.url}/get", hooks={"response": Recorder()})
        return None

    async def ask_async(response, **_):
        if response.status_code == 401:
            return await client.session.get(f"{server.url}/get", hooks={"response": Recorder()})
        return None

    client.session.hooks["response"].append(ask_sync if colour == "sync" else ask_async)
    for _ in range(3):
        assert client.get(f"{server.url}/status/401").status_code == 200
    assert client.in_use == 0


def test_asynchronous_hook(client, server) -> None:
    called = []

    async def hook(response, **_):
        called.append(response.status_code)
        return response

    if client.colour == "sync":
        with pytest.raises(envoi.exceptions.InvalidOption, match="AsyncSession"):
            client.get(f"{server.url}/bytes/300000", hooks={"response": hook}, stream=True)
        assert (called, client.in_use) == ([], 0)
        return
    assert (
        client.get(f"{server.url}/get", hooks={"response": [hook, Recorder(), hook]}).status_code
        == 200
    )
    assert called == [200, 200]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/get", "/bytes/3000000", "/redirect/1"])
def test_hook_that_raises_leaks_no_connection(path: str, stream: bool, client, server) -> None:
    def fail(response, **_):
        raise LookupError("the hook broke")

    for _ in range(3):
        with pytest.raises(LookupError, match="the hook broke") as caught:
            client.get(server.url + path, hooks={"response": [Recorder(), fail]}, stream=stream)
        assert client.in_use == 0
        del caught
    assert client.get(f"{server.url}/get").status_code == 200


def test_hook_that_raises_for_status(client, server) -> None:
    hooks = {"response": lambda response, **_: response.raise_for_status()}
    with pytest.raises(envoi.HTTPError) as caught:
        client.get(f"{server.url}/status/404", hooks=hooks)
    assert caught.value.response.status_code == 404
    assert client.get(f"{server.url}/get", hooks=hooks).status_code == 200
    assert client.in_use == 0


def test_hooks_do_not_see_the_attempts_of_an_authentication(client, server) -> None:
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')]
    server.route("/digest")(
        lambda request: (
            Answer(200) if request.headers.has("authorization") else Answer(401, headers=challenge)
        )
    )
    recorder = Recorder()
    client.get(
        f"{server.url}/digest",
        auth=envoi.auth.HTTPDigestAuth("ada", "s"),
        hooks={"response": recorder},
    )
    assert recorder.log == [("", 200, "/digest")]


def test_hooks_that_auth_registers_come_first(client, server) -> None:
    log: list = []

    def auth(request):
        request.register_hook("response", Recorder("auth", log))
        return request

    client.get(f"{server.url}/redirect/1", auth=auth, hooks={"response": Recorder("own", log)})
    assert [name for name, *_ in log] == ["auth", "own", "auth", "own"]


def test_module_functions_take_hooks(server) -> None:
    recorder = Recorder()
    envoi.get(f"{server.url}/get", hooks={"response": recorder})
    assert len(recorder.log) == 1


def test_cookies_of_the_original_are_not_lost(client, server: Server) -> None:
    server.route("/set")(lambda _: Answer(200, headers=[("Set-Cookie", "a=1; Path=/")]))
    client.get(f"{server.url}/set", hooks={"response": lambda response, **_: response})
    assert client.get(f"{server.url}/cookies").json() == {"cookies": {"a": "1"}}
