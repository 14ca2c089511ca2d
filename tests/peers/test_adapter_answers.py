"""What adapters that somebody wrote answer with: another request, mocks, text for bytes; hooks of few parameters; a Retry-After that says nothing."""

from __future__ import annotations

import io
from unittest.mock import MagicMock

import pytest

import envoi
from envoi.adapters import AsyncBaseAdapter, AsyncHTTPAdapter, BaseAdapter, HTTPAdapter
from envoi.testing import Answer

pytestmark = [pytest.mark.timeout(30)]


def answering(colour: str, make):
    """An adapter for a session of that colour, which answers with what `make(request)` gives."""

    class Sync(BaseAdapter):
        def send(self, request, **options):
            return make(request)

        def close(self):
            pass

    class Awaited(AsyncBaseAdapter):
        async def send(self, request, **options):
            return make(request)

        async def close(self):
            pass

    return Sync() if colour == "sync" else Awaited()


@pytest.fixture
def respond(new_client, colour):
    """A function that has a client get what an adapter's response, with these attributes, makes of it."""
    kind = envoi.Response if colour == "sync" else envoi.AsyncResponse

    def get(hooks=None, **attributes):
        def make(request):
            response = kind()
            response.status_code, response.url, response.request = 200, request.url, request
            for name, value in attributes.items():
                setattr(response, name, value)
            return response

        client = new_client()
        client.session.mount("made://", answering(colour, make))
        stream = attributes.get("stream", False)
        return client.get("made://h/", hooks=hooks, stream=stream)

    return get


def test_hooks_are_those_of_the_request_that_was_sent(respond) -> None:
    recorded = envoi.Request("GET", "made://h/").prepare()
    called = []
    response = respond(
        hooks={"response": lambda response, **_: called.append(response.request)}, request=recorded
    )
    assert called == [recorded]
    assert response.request is recorded


def test_an_authentications_hooks_are_called_as_well(new_client, colour) -> None:
    recorded = envoi.Request("GET", "made://h/").prepare()
    kind = envoi.Response if colour == "sync" else envoi.AsyncResponse
    called = []

    def make(request):
        response = kind()
        response.status_code, response.url, response.request = 200, request.url, recorded
        response.raw = io.BytesIO(b"")
        return response

    def auth(request):
        request.register_hook("response", lambda *_, **__: called.append("auth"))
        return request

    client = new_client()
    client.session.mount("made://", answering(colour, make))
    client.get("made://h/", auth=auth, hooks={"response": lambda *_, **__: called.append("own")})
    assert sorted(called) == ["auth", "own"]


def test_a_mock_for_a_body_ends(respond) -> None:
    assert respond(raw=MagicMock()).content == b""


@pytest.mark.parametrize("given", [MagicMock(), 5, ["a"]])
def test_a_body_that_is_not_bytes_is_refused(given, respond) -> None:
    class Raw:
        def read(self, amount=None):
            return given

    with pytest.raises(envoi.InvalidOption, match="must give bytes"):
        respond(raw=Raw())


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_kinds_of_bytes_are_taken(kind, respond) -> None:
    pieces = [kind(b"ab"), kind(b"cd")]

    class Raw:
        def read(self, amount=None):
            return pieces.pop(0) if pieces else b""

    assert respond(raw=Raw()).content == b"abcd"


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (lambda log: lambda response: log.append({}), set()),
        (lambda log: lambda response, timeout=None: log.append({"timeout": timeout}), {"timeout"}),
        (lambda log: lambda response, *, verify: log.append({"verify": verify}), {"verify"}),
        (
            lambda log: lambda response, **options: log.append(options),
            {"timeout", "verify", "cert", "proxies", "stream"},
        ),
        (lambda log: lambda timeout, /: log.append({}), set()),
        (lambda log: lambda timeout: log.append({}), set()),
    ],
    ids=["response", "one by name", "keyword only", "all", "positional", "named as an option"],
)
def test_a_hook_is_told_what_it_has_parameters_for(hook, told, client, server) -> None:
    log: list[dict] = []
    client.get(f"{server.url}/get", hooks={"response": hook(log)})
    assert [set(options) for options in log] == [told]


def test_a_method_of_one_parameter_is_a_hook(client, server) -> None:
    class Counter:
        count = 0

        def note(self, response):
            self.count += 1

    counter = Counter()
    client.get(f"{server.url}/get", hooks={"response": counter.note})
    assert counter.count == 1


@pytest.mark.parametrize(
    "value", ["Fri, 31 Dec 99999 23:59:59 GMT", "1m0s", "-1", "", "soon", "99999999999999999999999"]
)
def test_a_retry_after_that_says_nothing_leaves_the_back_off(
    value, new_client, colour, server
) -> None:
    from urllib3.util import Retry

    answers = iter([Answer(503, headers={"Retry-After": value}), Answer(200, "ok")])
    server.route("/slow")(lambda _: next(answers))
    client = new_client(timeout=envoi.Timeout(total=10))
    retry = Retry(1, backoff_factor=0, status_forcelist=[503])
    client.session.mount(
        "http://",
        HTTPAdapter(max_retries=retry) if colour == "sync" else AsyncHTTPAdapter(max_retries=retry),
    )
    if value.isdigit():  # a number is what the server asks for, however long
        with pytest.raises(envoi.RetryError):
            client.get(server.url + "/slow")
    else:
        assert client.get(server.url + "/slow").text == "ok"


def test_refused_connections_have_the_systems_number(client) -> None:
    import errno
    import pickle

    with pytest.raises(envoi.ConnectionRefused) as caught:
        client.get("http://127.0.0.1:1/")
    assert caught.value.errno == errno.ECONNREFUSED
    assert pickle.loads(pickle.dumps(caught.value)).errno == errno.ECONNREFUSED
    assert str(caught.value).startswith("127.0.0.1:1 refused")
