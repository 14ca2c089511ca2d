"""What a WSGI application answers, and how it fails."""

from __future__ import annotations

import gc
import gzip
from contextlib import closing
from functools import partial

import pytest

import envoi
from envoi.adapters import WSGIAdapter
from peers.clients import Client
from peers.wsgi_support import TEXT, Pieces, answering, echo, mount


@pytest.fixture
def mounted(new_client):
    return partial(mount, new_client)


def test_head_comes_as_it_was_given(mounted):
    app = answering(
        [b"x"],
        ("X-A", "1"),
        ("X-A", " 2 "),
        ("X-Latin", "é"),
        ("Transfer-Encoding", "chunked"),
        status="299 Quite good",
    )
    response = mounted(app).get("http://app.test/")
    assert (response.status_code, response.reason, response.http_version) == (
        299,
        "Quite good",
        "HTTP/1.1",
    )
    assert response.headers.multi_items() == [*TEXT, ("X-A", "1"), ("X-A", "2"), ("X-Latin", "é")]
    assert response.url == "http://app.test/"
    assert response.elapsed.total_seconds() > 0
    assert response.connection_info is None


def test_body_comes_piece_by_piece_and_is_closed_at_its_end(mounted):
    body = Pieces(b"a", b"", b"b", b"c")
    with mounted(answering(body)).get("http://app.test/", stream=True) as response:
        assert body.given == 1
        pieces = iter(response.iter_content())
        assert next(pieces) == b"a"
        assert next(pieces) == b"b"
        assert (body.given, body.closed) == (3, 0)
        assert list(pieces) == [b"c"]
        assert body.closed == 1
    assert body.closed == 1


def test_endless_body_can_be_left(mounted):
    closed = []

    def app(environ, start_response):
        start_response("200 OK", TEXT)
        try:
            while True:
                yield b"more "
        finally:
            closed.append(True)

    client = mounted(app)
    with (
        client.get("http://app.test/", stream=True) as response,
        closing(response.iter_content()) as pieces,
    ):
        assert [next(pieces) for _ in range(3)] == [b"more "] * 3
        assert not closed
    assert closed == [True]
    with pytest.raises(envoi.StreamConsumedError):
        response.read()


def test_dropped_response_closes_the_body():
    body = Pieces(b"a", b"b")
    with envoi.Session() as session:
        session.mount("http://app.test/", WSGIAdapter(answering(body)))
        response = session.get("http://app.test/", stream=True)
        response.myself = response
        del response
        gc.collect()
    assert body.closed == 1


def test_response_outlives_its_session(colour):
    with Client(colour) as client:
        client.session.mount("http://app.test/", WSGIAdapter(answering(Pieces(b"a", b"b"))))
        response = client.get("http://app.test/", stream=True)
        if colour == "sync":
            client.session.close()
        assert response.read() == b"ab"


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")],
)
def test_body_where_there_is_none_is_dropped(mounted, method, status):
    body = Pieces(b"hello", b"and more")
    response = mounted(answering(body, ("Content-Length", "100"), status=status)).request(
        method, "http://app.test/"
    )
    assert response.content == b""
    assert response.headers["Content-Length"] == "100"
    assert body.closed == 1


def test_start_response_called_late(mounted):
    def app(environ, start_response):
        yield b""
        start_response("201 Created", TEXT)
        yield b"late"

    response = mounted(app).get("http://app.test/")
    assert (response.status_code, response.text) == (201, "late")


def test_write_comes_before_the_iterable(mounted):
    def app(environ, start_response):
        write = start_response("200 OK", TEXT)
        write(b"one ")
        write(b"two ")
        return [b"three"]

    assert mounted(app).get("http://app.test/").text == "one two three"


def test_head_can_be_replaced_until_the_body_begins(mounted):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        yield b""
        try:
            raise KeyError("oops")
        except KeyError as error:
            start_response("503 Not now", TEXT, (type(error), error, error.__traceback__))
        yield b"sorry"

    response = mounted(app).get("http://app.test/")
    assert (response.status_code, response.text) == (503, "sorry")


def test_head_cannot_be_replaced_once_the_body_has_begun(mounted):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        yield b"begun"
        try:
            raise KeyError("oops")
        except KeyError as error:
            start_response("503 Not now", TEXT, (type(error), error, error.__traceback__))

    with pytest.raises(KeyError, match="oops"):
        mounted(app).get("http://app.test/")


def test_encoded_bodies_are_decoded(mounted):
    packed = gzip.compress(b"hello " * 1000)
    client = mounted(answering(Pieces(packed[:20], packed[20:]), ("Content-Encoding", "gzip")))
    assert client.get("http://app.test/").content == b"hello " * 1000


def test_raw_gives_what_the_application_gave():
    packed = gzip.compress(b"hello")
    with envoi.Session() as session:
        session.mount(
            "http://app.test/", WSGIAdapter(answering([packed], ("Content-Encoding", "gzip")))
        )
        assert session.get("http://app.test/", stream=True).raw.read() == packed
        assert (
            session.get("http://app.test/", stream=True).raw.read(decode_content=True) == b"hello"
        )


def test_max_body_bounds_what_is_read(mounted):
    def endless(environ, start_response):
        start_response("200 OK", TEXT)
        while True:
            yield b"x" * 100

    with pytest.raises(envoi.BodyTooLarge):
        mounted(endless).get("http://app.test/", max_body=1000)
    body = Pieces(b"x" * 2000)
    with pytest.raises(envoi.BodyTooLarge, match="Content-Length"):
        mounted(answering(body, ("Content-Length", "2000"))).get("http://app.test/", max_body=1000)
    assert body.closed == 1


def test_total_timeout_ends_an_endless_body(mounted):
    def endless(environ, start_response):
        start_response("200 OK", TEXT)
        while True:
            yield b"x"

    with pytest.raises(envoi.TotalTimeout, match="the application at http://app.test"):
        mounted(endless).get("http://app.test/", timeout=envoi.Limits(total=0.05))


# Applications that fail, or do not keep the rules.


def test_exceptions_of_the_application_are_raised_as_they_are(mounted):
    error = RuntimeError("a fault of mine")

    def app(environ, start_response):
        raise error

    with pytest.raises(RuntimeError) as raised:
        mounted(app).get("http://app.test/")
    assert raised.value is error


def test_stop_iteration_of_the_application_is_an_error_like_others(mounted):
    def app(environ, start_response):
        raise StopIteration

    with pytest.raises(
        RuntimeError, match="the application at http://app.test raised StopIteration"
    ):
        mounted(app).get("http://app.test/")


def test_exception_inside_the_body_is_raised_and_the_body_closed(mounted):
    body = Pieces(b"a", fail=RuntimeError("half way"))
    with mounted(answering(body)).get("http://app.test/", stream=True) as response:
        pieces = iter(response.iter_content())
        assert next(pieces) == b"a"
        with pytest.raises(RuntimeError, match="half way"):
            next(pieces)
    assert body.closed == 1


def test_exceptions_become_answers_if_asked(mounted):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        raise RuntimeError("a fault of mine")

    response = mounted(app, raise_app_exceptions=False).get("http://app.test/")
    assert (response.status_code, response.reason, response.text) == (
        500,
        "Internal Server Error",
        "Internal Server Error",
    )
    body = Pieces(b"a", fail=RuntimeError("half way"))
    with pytest.raises(envoi.exceptions.IncompleteBody, match="RuntimeError"):
        mounted(answering(body), raise_app_exceptions=False).get("http://app.test/")
    assert body.closed == 1


def test_exception_in_close_is_raised_or_not_as_asked(mounted):
    class Faulty(Pieces):
        def close(self):
            raise RuntimeError("in close")

    with pytest.raises(RuntimeError, match="in close"):
        mounted(answering(Faulty(b"a"))).get("http://app.test/")
    assert (
        mounted(answering(Faulty(b"a")), raise_app_exceptions=False).get("http://app.test/").text
        == "a"
    )


def no_start(environ, start_response):
    return [b"body"]


def nothing_at_all(environ, start_response):
    return []


def two_starts(environ, start_response):
    start_response("200 OK", TEXT)
    try:
        start_response("201 Created", TEXT)
    except envoi.ConnectionError:
        pass  # what it makes of it does not matter
    return [b""]


BROKEN = {
    "start_response": [no_start, nothing_at_all],
    "twice": [two_starts],
    "status": [
        answering([], status="OK"),
        answering([], status="100 Continue"),
        answering([], status=200),
        answering([], status="200 a\nb"),
    ],
    "head": [
        answering([], ("X", "a\r\nb: c")),
        answering([], ("X y", "a")),
        answering([], ("Content-Length", "some")),
    ],
    "pairs of str": [
        answering([], (b"X", b"a")),
        answering([], ("X", None)),
        answering([], ("X", "€")),
    ],
    "not bytes": [answering(["text"]), answering([3])],
    "longer": [answering([b"ab", b"c"], ("Content-Length", "2"))],
}


@pytest.mark.parametrize(
    ("words", "app"), [(words, app) for words, apps in BROKEN.items() for app in apps]
)
@pytest.mark.parametrize("raises", [True, False])
def test_application_that_breaks_the_rules(words, app, raises):
    with envoi.Session() as session:
        session.mount("http://app.test/", WSGIAdapter(app, raise_app_exceptions=raises))
        with pytest.raises(
            envoi.exceptions.RemoteProtocolError, match="the application at http://app.test"
        ) as raised:
            session.get("http://app.test/")
    assert words in str(raised.value) or words == "head"
    assert raised.value.request.url == "http://app.test/"


def test_head_of_an_application_may_be_of_any_size(mounted):
    fields = [(f"X-{number}", "v" * 1000) for number in range(300)]
    headers = mounted(answering([b"ab"], *fields)).get("http://app.test/").headers
    assert [headers[name] for name, _ in fields] == [value for _, value in fields]


def test_blanks_around_a_value_are_no_part_of_it(mounted):
    response = mounted(answering([b"ab"], ("X", " \ta b\t "))).get("http://app.test/")
    assert response.headers["X"] == "a b"


@pytest.mark.parametrize("body", [[], [b"ab"], [b"a", b"b"]])
def test_body_shorter_than_declared(mounted, body):
    with pytest.raises(envoi.exceptions.IncompleteBody, match="before its Content-Length"):
        mounted(answering(body, ("Content-Length", "3"))).get("http://app.test/")


@pytest.mark.parametrize(
    "settings",
    [
        {"app": None},
        {"root_path": "root"},
        {"client": ("a",)},
        {"client": ("a", "b")},
        {"root_path": None},
    ],
)
def test_adapter_refuses_what_it_cannot_use(settings):
    with pytest.raises(envoi.exceptions.InvalidOption):
        WSGIAdapter(**{"app": echo, **settings})
