"""ASGI applications in the place of a server, in sessions of both kinds: what they are told, and what they answer."""

from __future__ import annotations

import gzip
import io
import threading
from contextlib import closing
from functools import partial

import pytest

import envoi
from envoi.adapters import ASGIAdapter, AsyncASGIAdapter
from peers.asgi_support import TEXT, body_of, echo, gathered, http, mount, respond, start, until
from peers.clients import Client


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


# What the application is told.


def test_scope_is_complete(mounted):
    told = mounted(echo).get("http://app.test/some/ä%2Fb?a=b&c=%20d", headers={"X-One": "1"}).json()
    expected = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/some/ä/b",
        "raw_path": "/some/%C3%A4%2Fb",
        "query_string": "a=b&c=%20d",
        "root_path": "",
        "client": ["127.0.0.1", 50000],
        "server": ["app.test", 80],
        "state": {},
        "body": "",
    }
    assert {name: told.get(name) for name in expected} == expected
    assert told["headers"][0] == ["host", "app.test"]
    assert ["x-one", "1"] in told["headers"]


def test_scope_of_another_port_scheme_and_client(mounted):
    told = mounted(echo, client="192.0.2.7").get("https://app.test:8443/").json()
    assert (told["scheme"], told["server"], told["client"][0], told["headers"][0]) == (
        "https",
        ["app.test", 8443],
        "192.0.2.7",
        ["host", "app.test:8443"],
    )


@pytest.mark.parametrize("path", ["/root/page", "/page"])
def test_root_path_is_part_of_the_path(mounted, path):
    told = mounted(echo, root_path="/root").get("http://app.test" + path).json()
    assert (told["root_path"], told["path"], told["raw_path"]) == (
        "/root",
        "/root/page",
        "/root/page",
    )


def test_fields_keep_their_order_and_number(mounted):
    fields = [
        ("X-Many", "1"),
        ("x-many", "2"),
        ("Host", "other.test"),
        ("Proxy-Authorization", "Basic abc"),
        ("X-Latin", "é".encode("latin-1")),
    ]
    told = mounted(echo).get("http://app.test/", headers=fields).json()["headers"]
    assert [value for name, value in told if name == "x-many"] == ["1", "2"]
    assert told[0] == ["host", "other.test"]
    assert ["x-latin", "é"] in told
    assert "proxy-authorization" not in dict(told)


# Uploads.


def test_body_in_memory_is_one_message(mounted):
    messages = []

    @http
    async def app(scope, receive, send):
        messages.append(await receive())
        await respond(send)

    mounted(app).post("http://app.test/", b"x" * 1_000_000)
    mounted(app).get("http://app.test/")
    assert messages == [
        {"type": "http.request", "body": b"x" * 1_000_000, "more_body": False},
        {"type": "http.request", "body": b"", "more_body": False},
    ]


def test_streamed_bodies_come_whole(mounted, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(b"0123456789" * 100_000)
    client = mounted(echo)
    with path.open("rb") as file:
        told = client.post("http://app.test/", file).json()
    assert told["body"] == "0123456789" * 100_000
    assert ["content-length", "1000000"] in told["headers"]
    told = client.post("http://app.test/", iter([b"one ", b"", "two"])).json()
    assert told["body"] == "one two"
    assert ["transfer-encoding", "chunked"] in told["headers"]
    assert (
        "content"
        in client.request("POST", "http://app.test/", files={"f": io.BytesIO(b"content")}).json()[
            "body"
        ]
    )


def test_async_body_is_pulled_in_an_async_session():
    async def pieces():
        for number in range(3):
            yield f"{number}\n".encode()

    for colour in ("asyncio", "trio"):
        with Client(colour) as client:
            client.session.mount("http://app.test/", ASGIAdapter(echo))
            assert client.post("http://app.test/", pieces()).json()["body"] == "0\n1\n2\n"
    with envoi.Session() as session:
        session.mount("http://app.test/", ASGIAdapter(echo))
        with pytest.raises(envoi.InvalidBody, match="AsyncSession"):
            session.post("http://app.test/", pieces())


def test_application_answers_while_the_upload_goes_on(mounted):
    given = []

    def upload():
        for number in range(1000):
            given.append(number)
            yield f"{number}\n".encode()

    @http
    async def app(scope, receive, send):
        await start(send)
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            await send(
                {
                    "type": "http.response.body",
                    "body": b"got " + message["body"] + b"-" * 70_000,
                    "more_body": True,
                }
            )

    with (
        mounted(app).request("POST", "http://app.test/", data=upload(), stream=True) as response,
        closing(response.iter_content(6)) as pieces,
    ):
        assert next(pieces) == b"got 0\n"
        assert (
            len(given) < 10
        )  # the application waits for its reader, and the upload for the application


def test_answer_without_reading_the_upload(mounted):
    def upload():
        raise AssertionError("nobody asked")
        yield

    @http
    async def app(scope, receive, send):
        await respond(send, status=413)

    assert mounted(app).post("http://app.test/", upload()).status_code == 413


@pytest.mark.parametrize("raises", [True, False])
def test_what_the_upload_raises_is_raised_and_the_application_disconnected(mounted, raises):
    seen = []

    def upload():
        yield b"one"
        raise LookupError("the source is gone")

    @http
    async def app(scope, receive, send):
        while (message := await receive())["type"] == "http.request":
            seen.append(message["body"])
        seen.append(message["type"])

    client = mounted(app, raise_app_exceptions=raises)
    with pytest.raises(LookupError, match="the source is gone"):
        client.post("http://app.test/", upload())
    client.close()
    assert seen == [b"one", "http.disconnect"]


@pytest.mark.parametrize("length", ["2", "4", "some"])
def test_upload_of_another_length_than_declared_is_refused(mounted, length):
    client = mounted(echo)
    with pytest.raises(envoi.InvalidBody):
        client.post("http://app.test/", iter([b"abc"]), headers={"Content-Length": length})


def test_two_receivers_do_not_disturb_each_other(mounted):
    @http
    async def app(scope, receive, send):
        messages = await gathered(receive, receive)
        await respond(send, b"".join(sorted(message["body"] for message in messages)))

    def upload():
        yield b"a"
        yield b"b"

    assert mounted(app).post("http://app.test/", upload()).content == b"ab"


# Answers.


def test_head_comes_as_it_was_given(mounted):
    @http
    async def app(scope, receive, send):
        await respond(
            send,
            b"x",
            201,
            [
                *TEXT,
                (b"x-a", b"1"),
                (b"x-a", b" 2 "),
                (b"x-latin", b"\xe9"),
                (b"transfer-encoding", b"chunked"),
            ],
        )

    response = mounted(app).get("http://app.test/")
    assert (response.status_code, response.reason, response.http_version) == (
        201,
        "Created",
        "HTTP/1.1",
    )
    assert response.headers.multi_items() == [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("x-latin", "é"),
    ]
    assert response.url == "http://app.test/"
    assert response.elapsed.total_seconds() > 0
    assert response.timing.total >= response.timing.first_byte
    assert response.connection_info is None


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_body_where_there_is_none_is_dropped(mounted, method, status):
    @http
    async def app(scope, receive, send):
        await respond(send, b"hello" * 100_000, status, [(b"content-length", b"500000")])

    response = mounted(app).request(method, "http://app.test/")
    assert response.content == b""
    assert response.headers["Content-Length"] == "500000"


def test_encoded_bodies_are_decoded_and_bounded(mounted):
    packed = gzip.compress(b"hello " * 1000)

    @http
    async def app(scope, receive, send):
        await start(send, headers=[(b"content-encoding", b"gzip")])
        await send({"type": "http.response.body", "body": packed[:20], "more_body": True})
        await send({"type": "http.response.body", "body": bytearray(packed[20:])})

    client = mounted(app)
    assert client.get("http://app.test/").content == b"hello " * 1000
    with pytest.raises(envoi.BodyTooLarge):
        client.get("http://app.test/", max_body=5000)


def test_declared_length_beyond_max_body_is_refused_at_once(mounted):
    @http
    async def app(scope, receive, send):
        await start(send, headers=[(b"content-length", b"2000")])
        raise AssertionError("nobody waits for this")

    with pytest.raises(envoi.BodyTooLarge, match="Content-Length"):
        mounted(app).get("http://app.test/", max_body=1000)


def test_raw_gives_what_the_application_gave():
    packed = gzip.compress(b"hello")

    @http
    async def app(scope, receive, send):
        await respond(send, packed, headers=[(b"content-encoding", b"gzip")])

    with envoi.Session() as session:
        session.mount("http://app.test/", ASGIAdapter(app))
        assert session.get("http://app.test/", stream=True).raw.read() == packed
        assert (
            session.get("http://app.test/", stream=True).raw.read(decode_content=True) == b"hello"
        )


# With the rest of a session.


@http
async def shop(scope, receive, send):
    """Sets a cookie, redirects, and shows the cookie and the body."""
    body = await body_of(receive)
    if scope["path"] == "/enter":
        await respond(
            send, b"this way", 307, [(b"location", b"/inside"), (b"set-cookie", b"guest=7; Path=/")]
        )
    else:
        await respond(send, dict(scope["headers"]).get(b"cookie", b"") + b" " + body)


def test_redirects_within_the_application_take_cookies_and_the_body_along(mounted):
    client = mounted(shop)
    response = client.post("http://app.test/enter", io.BytesIO(b"twice"))
    assert (response.url, response.text) == ("http://app.test/inside", "guest=7 twice")
    assert [(step.status_code, step.content) for step in response.history] == [(307, b"this way")]
    assert client.session.cookies.get_dict() == {"guest": "7"}
    assert (
        client.get("http://app.test/enter", allow_redirects=False).next.url
        == "http://app.test/inside"
    )


def test_hooks_see_the_response(mounted):
    seen = []
    client = mounted(
        echo,
        session={"hooks": {"response": lambda response, **_: seen.append(response.json()["path"])}},
    )
    client.get("http://app.test/a")
    assert seen == ["/a"]


def test_hook_sends_another_request_over_the_same_adapter(new_client, colour):
    @http
    async def app(scope, receive, send):
        await respond(send, status=200 if b"authorization" in dict(scope["headers"]) else 401)

    def once_more(response, **options):
        if response.status_code == 401:
            request = response.request.copy()
            request.headers["Authorization"] = "yes"
            return response.connection.send(request, **options)
        return None

    client = mount(new_client, app, session={"hooks": {"response": once_more}})
    response = client.get("http://app.test/")
    assert response.status_code == 200
    assert isinstance(response.connection, ASGIAdapter if colour == "sync" else AsyncASGIAdapter)


def test_async_adapter_in_a_blocking_session_is_refused():
    with envoi.Session() as session:
        session.mount("http://app.test/", AsyncASGIAdapter(echo))
        with pytest.raises(envoi.exceptions.InvalidOption, match="AsyncSession"):
            session.get("http://app.test/")
        session.adapters.clear()


def test_application_runs_in_the_loop_of_an_async_session():
    where = []

    @http
    async def app(scope, receive, send):
        where.append(threading.get_ident())
        await respond(send)

    for colour in ("sync", "asyncio", "trio"):
        with Client(colour) as client:
            client.session.mount("http://app.test/", ASGIAdapter(app))
            client.get("http://app.test/")
            client.get("http://app.test/")
    own = threading.get_ident()
    assert where[0] == where[1] != own
    assert where[2:4] == [own, own]


def test_many_at_once(mounted):
    inside = []

    @http
    async def app(scope, receive, send):
        inside.append(scope["path"])
        await until(lambda: len(inside) == 8)  # all of them are in here at once
        await respond(send, scope["path"].encode())

    outcomes = mounted(app).together(8, "GET", lambda number: f"http://app.test/{number}")
    assert sorted(each.text for each in outcomes) == [f"/{number}" for number in range(8)]


@pytest.mark.parametrize(
    "settings", [{"app": None}, {"root_path": "root"}, {"client": ("a",)}, {"lifespan": "maybe"}]
)
@pytest.mark.parametrize("kind", [ASGIAdapter, AsyncASGIAdapter, envoi.aio.ASGISession])
def test_what_cannot_be_used_is_refused(kind, settings):
    with pytest.raises(envoi.exceptions.InvalidOption):
        kind(**{"app": echo, **settings})
