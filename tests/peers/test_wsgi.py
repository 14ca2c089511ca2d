"""What a WSGI application is told of a request, in sessions of both kinds: under the blocking backend, asyncio and trio."""

from __future__ import annotations

import io
from contextlib import closing
from functools import partial
from wsgiref.validate import validator

import pytest

import envoi
from envoi.adapters import WSGIAdapter
from peers.clients import Client
from peers.wsgi_support import TEXT, answering, echo, mount


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


def test_environ_is_complete(mounted):
    client = mounted(echo)
    told = client.get(
        "http://app.test/some/path?a=b&c=%20d", headers={"X-One": "1", "User-Agent": "me"}
    ).json()
    expected = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/some/path", "QUERY_STRING": "a=b&c=%20d", "SERVER_NAME": "app.test",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "HTTP_HOST": "app.test",
        "HTTP_X_ONE": "1", "HTTP_USER_AGENT": "me", "HTTP_ACCEPT": "*/*",
    }  # fmt: skip
    assert {name: told.get(name) for name in expected} == expected
    assert "CONTENT_LENGTH" not in told
    assert "CONTENT_TYPE" not in told


def test_environ_of_another_port_scheme_and_client(mounted):
    client = mounted(echo, client=("192.0.2.7", 1234))
    told = client.get("https://app.test:8443/").json()
    assert (told["SERVER_PORT"], told["HTTP_HOST"], told["wsgi.url_scheme"]) == (
        "8443",
        "app.test:8443",
        "https",
    )
    assert (told["REMOTE_ADDR"], told["REMOTE_PORT"]) == ("192.0.2.7", "1234")
    assert client.get("https://app.test/").json()["SERVER_PORT"] == "443"


def test_path_is_utf_8_in_latin_1_and_decoded_once(mounted):
    told = mounted(echo).get("http://app.test/ä/%252F/a%2Fb").json()
    assert told["PATH_INFO"].encode("latin-1").decode() == "/ä/%2F/a/b"


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/root/page", "/page"),
        ("/root", ""),
        ("/root/", "/"),
        ("/rootless", "/rootless"),
        ("/page", "/page"),
    ],
)
def test_root_path_is_the_script_name(mounted, path, rest):
    told = mounted(echo, root_path="/root").get("http://app.test" + path).json()
    assert (told["SCRIPT_NAME"], told["PATH_INFO"]) == ("/root", rest)


def test_fields_of_one_name_are_joined(mounted):
    fields = [
        ("X-Many", "1"),
        ("x-many", "2"),
        ("Cookie", "a=1"),
        ("Cookie", "b=2"),
        ("Host", "other.test"),
        ("X-Latin", "é".encode("latin-1")),
    ]
    told = mounted(echo).get("http://app.test/", headers=fields).json()
    assert (told["HTTP_X_MANY"], told["HTTP_COOKIE"], told["HTTP_HOST"], told["HTTP_X_LATIN"]) == (
        "1,2",
        "a=1; b=2",
        "other.test",
        "é",
    )


def test_what_is_for_a_proxy_does_not_reach_the_application(mounted):
    told = (
        mounted(echo).get("http://app.test/", headers={"Proxy-Authorization": "Basic abc"}).json()
    )
    assert "HTTP_PROXY_AUTHORIZATION" not in told


def test_validator_of_the_standard_library_is_content(mounted):
    @validator
    def app(environ, start_response):
        body = environ["wsgi.input"].read(100)
        environ["wsgi.errors"].write("a line\n")
        start_response("200 OK", TEXT)
        return [body, b"!"]

    errors = io.StringIO()
    client = mounted(app, errors=errors)
    assert client.post("http://app.test/", b"hello").text == "hello!"
    assert errors.getvalue() == "a line\n"


# Uploads.


def test_bodies_in_memory_have_their_length_and_type(mounted):
    client = mounted(echo)
    told = client.post("http://app.test/", {"a": "ü"}).json()
    assert (told["body"], told["CONTENT_LENGTH"], told["CONTENT_TYPE"]) == (
        "a=%C3%BC",
        "8",
        "application/x-www-form-urlencoded",
    )
    assert (
        client.request("POST", "http://app.test/", json=[1]).json()["CONTENT_TYPE"]
        == "application/json"
    )
    assert client.post("http://app.test/").json()["CONTENT_LENGTH"] == "0"


def test_file_is_read_as_the_input(mounted, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(b"0123456789" * 100_000)
    with path.open("rb") as file:
        told = mounted(echo).post("http://app.test/", file).json()
    assert told["CONTENT_LENGTH"] == "1000000"
    assert told["body"] == "0123456789" * 100_000


def test_iterator_is_an_input_that_ends(mounted):
    told = mounted(echo).post("http://app.test/", iter([b"one ", b"", "two"])).json()
    assert told["body"] == "one two"
    assert "CONTENT_LENGTH" not in told
    assert told["HTTP_TRANSFER_ENCODING"] == "chunked"


def test_multipart_form_is_read_by_a_real_application(mounted):
    client = mounted(pytest.importorskip("httpbin").app)
    told = client.request(
        "POST",
        "http://app.test/post",
        data={"a": "1"},
        files={"f": ("name.txt", io.BytesIO(b"content"))},
    ).json()
    assert (told["form"], told["files"]) == ({"a": "1"}, {"f": "content"})


def test_async_body_reaches_the_application(new_client):
    async def pieces():
        for number in range(3):
            yield f"{number}\n".encode()

    for colour in ("asyncio", "trio"):
        with Client(colour) as client:
            client.session.mount("http://app.test/", WSGIAdapter(echo))
            assert client.post("http://app.test/", pieces()).json()["body"] == "0\n1\n2\n"


def test_async_body_in_a_blocking_session_is_refused():
    async def pieces():
        yield b""

    with envoi.Session() as session:
        session.mount("http://app.test/", WSGIAdapter(echo))
        with pytest.raises(envoi.InvalidBody, match="AsyncSession"):
            session.post("http://app.test/", pieces())


def test_application_answers_while_the_upload_goes_on(mounted):
    given = []

    def upload():
        for number in range(3):
            given.append(number)
            yield f"{number}\n".encode()

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        for line in environ["wsgi.input"]:
            yield b"got " + line

    with (
        mounted(app).request("POST", "http://app.test/", data=upload(), stream=True) as response,
        closing(response.iter_content()) as pieces,
    ):
        assert given == [0]
        assert next(pieces) == b"got 0\n"
    assert len(given) < 3


def test_answer_without_reading_the_upload(mounted):
    def upload():
        raise AssertionError("nobody asked")
        yield

    assert (
        mounted(answering([b"no"], status="413 Too Much"))
        .post("http://app.test/", upload())
        .status_code
        == 413
    )


def test_what_the_upload_raises_is_raised_whatever_the_application_makes_of_it(mounted):
    def upload():
        yield b"one"
        raise LookupError("the source is gone")

    def app(environ, start_response):
        try:
            environ["wsgi.input"].read()
        except LookupError:
            pass
        start_response("200 OK", TEXT)
        return [b"never mind"]

    for settings in ({}, {"raise_app_exceptions": False}):
        with pytest.raises(LookupError, match="the source is gone"):
            mounted(app, **settings).post("http://app.test/", upload())


@pytest.mark.parametrize("length", ["2", "4", "some"])
def test_upload_of_another_length_than_declared_is_refused(mounted, length):
    client = mounted(echo)
    with pytest.raises(envoi.InvalidBody):
        client.post("http://app.test/", iter([b"abc"]), headers={"Content-Length": length})
