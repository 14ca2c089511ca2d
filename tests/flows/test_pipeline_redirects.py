"""Redirects through the whole pipeline: chains, limits, methods, bodies, targets, connections."""

from __future__ import annotations

import gzip

import pytest

from envoi import exceptions
from flows.fake_backend import Receive, Send, Stall
from flows.support import (
    RUNNERS,
    Client,
    answer,
    caught,
    drain,
    fields,
    heads,
    redirect,
    run_client,
    server,
)

OK = answer(b"ok")


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


def lines(client):
    """The request lines, over all connections, in the order of connections."""
    return [
        head.split("\r\n")[0].removesuffix(" HTTP/1.1")
        for stream in client.streams
        for head in heads(stream)
    ]


def test_chain_is_followed_and_told(runner):
    response, client = run_client(
        runner, [server(redirect("/1"), redirect("2", 301), redirect("?3", 307), OK)], Client.get
    )
    assert response.content == b"ok"
    assert [step.status_code for step in response.history] == [302, 301, 307]
    assert [step.url for step in response.history] == [
        "http://a.test/",
        "http://a.test/1",
        "http://a.test/2",
    ]
    assert response.url == "http://a.test/2?3"
    assert [len(step.history) for step in response.history] == [0, 1, 2]
    assert lines(client) == ["GET /", "GET /1", "GET /2", "GET /2?3"]
    assert len(client.streams) == 1
    client.check()


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_limit(runner, limit):
    error, client = run_client(
        runner,
        [server(*[redirect(f"/{number}") for number in range(9)])],
        lambda client: caught(client.get()),
        max_redirects=limit,
    )
    assert type(error) is exceptions.TooManyRedirects
    assert len(error.response.history) == limit
    assert error.response.status_code == 302
    assert error.request is not None
    assert f"{limit} redirects" in str(error)
    assert len(lines(client)) == limit + 1
    client.check()


def test_chain_as_long_as_the_limit_is_followed(runner):
    response, client = run_client(
        runner, [server(*[redirect("/")] * 3, OK)], Client.get, max_redirects=3
    )
    assert response.content == b"ok"
    client.check()


def test_loop_ends_at_the_limit(runner):
    error, client = run_client(
        runner, [server(*[redirect("/")] * 40)], lambda client: caught(client.get())
    )
    assert type(error) is exceptions.TooManyRedirects
    assert len(lines(client)) == 31
    client.check()


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (307, "POST", "POST", True),
        (308, "POST", "POST", True),
        (301, "PUT", "PUT", True),
        (302, "PUT", "GET", False),
        (303, "DELETE", "GET", False),
        (308, "PATCH", "PATCH", True),
    ],
)
def test_method_and_body(runner, status, method, then, body):
    sent = {
        "data": b"hello",
        "headers": {"Content-Language": "fr", "X-Mine": "1", "Expect": "nothing"},
    }
    del sent["headers"]["Expect"]
    response, client = run_client(
        runner,
        [server(redirect("/next", status), OK)],
        lambda client: client.request(method, "http://a.test/", **sent),
    )
    raw = bytes(client.streams[0].sent)
    assert response.request.method == then
    assert response.request.body == (b"hello" if body else None) or (
        not body and not response.request.body
    )
    assert raw.count(b"hello") == (2 if body else 1)
    second = fields(heads(client.streams[0])[1])
    assert ("content-length" in second) == body
    assert ("content-language" in second) == body
    assert second["x-mine"] == "1"
    client.check()


class Twice:
    def __iter__(self):
        return iter([b"ab", b"cd"])


OF_A_BODY = {
    "Content-Encoding": "gzip",
    "Content-Language": "fr",
    "Content-Length": "4",
    "Content-Location": "/it",
    "Content-Type": "text/plain",
    "Expect": "100-continue",
}


@pytest.mark.parametrize("name", OF_A_BODY)
def test_fields_of_a_body_that_stays_behind_stay_too(runner, name):
    async def flow(client):
        value = OF_A_BODY[name]
        return await client.post(data=b"body", headers={name: value, "X-Other": "1"})

    peers = [server(redirect("/next", 303), OK), server(OK)]
    response, _ = run_client(runner, peers, flow)
    assert response.history[0].request.headers[name] == OF_A_BODY[name]
    assert name not in response.request.headers
    assert response.request.headers["X-Other"] == "1"


def test_how_a_body_that_stays_behind_was_framed_is_not_said_again(runner):
    async def flow(client):
        return await client.post(data=iter([b"body"]))

    response, _ = run_client(runner, [server(redirect("/next", 303), OK), server(OK)], flow)
    assert response.history[0].request.headers["Transfer-Encoding"] == "chunked"
    assert "Transfer-Encoding" not in response.request.headers


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Proxy-Authorization"])
def test_credentials_stay_with_their_origin(runner, name):
    async def flow(client):
        response = await client.get(headers={name: "secret", "X-Other": "1"})
        return response.request.headers

    peers = [server(redirect("http://b.test/")), server(OK)]
    headers, client = run_client(runner, peers, flow)
    assert name not in headers
    assert headers["X-Other"] == "1"
    assert b"secret" not in bytes(client.streams[1].sent)


def test_iterable_that_begins_anew_is_sent_again(runner):
    script = [*[Send(None)] * 4, Receive(redirect("/next", 307)), *[Send(None)] * 4, Receive(OK)]
    response, client = run_client(runner, [script], lambda client: client.post(data=Twice()))
    assert response.content == b"ok"
    assert client.streams[0].sent.count(b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n") == 2
    client.check()


def test_file_is_sent_again_from_where_it_stood(runner, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(b"skip" + b"hello")
    script = [*[Send(None)] * 2, Receive(redirect("/next", 308)), *[Send(None)] * 2, Receive(OK)]
    with path.open("rb") as file:
        file.seek(4)
        response, client = run_client(runner, [script], lambda client: client.post(data=file))
    assert response.content == b"ok"
    assert client.streams[0].sent.count(b"\r\n\r\nhello") == 2
    assert b"skip" not in client.streams[0].sent
    client.check()


@pytest.mark.parametrize("status", [307, 308])
def test_generator_cannot_be_sent_again(runner, status):
    script = [*[Send(None)] * 3, Receive(redirect("/next", status))]
    error, client = run_client(
        runner, [script], lambda client: caught(client.post(data=iter([b"ab"])))
    )
    assert type(error) is exceptions.UnrewindableBodyError
    assert error.request.url == "http://a.test/next"
    assert len(lines(client)) == 1
    client.check()


@pytest.mark.parametrize("status", [301, 302, 303])
def test_generator_need_not_be_sent_again_where_the_body_stays_behind(runner, status):
    script = [*[Send(None)] * 3, Receive(redirect("/next", status)), Send(None), Receive(OK)]
    response, client = run_client(runner, [script], lambda client: client.post(data=iter([b"ab"])))
    assert response.request.method == "GET"
    client.check()


def test_redirect_during_an_upload_stops_it_and_sends_it_again_elsewhere(runner):
    first = [Send(None), Receive(redirect("//b.test/", 307)), *[Send(None)] * 9]
    response, client = run_client(
        runner, [first, [*[Send(None)] * 4, Receive(OK)]], lambda client: client.post(data=Twice())
    )
    assert response.content == b"ok"
    assert client.streams[0].closed
    client.check()


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("next", "http://a.test/dir/next"),
        ("/next", "http://a.test/next"),
        ("?next", "http://a.test/dir/?next"),
        ("#next", "http://a.test/dir/#next"),
        ("//b.test/next", "http://b.test/next"),
        ("https://b.test:8443/next", "https://b.test:8443/next"),
        ("HTTP://B.test/next", "http://b.test/next"),
        ("/\u00e9", "http://a.test/%C3%A9"),
        ("/a%20b%2Fc", "http://a.test/a%20b%2Fc"),
        ("/a b", "http://a.test/a%20b"),
    ],
)
def test_target(runner, location, target):
    peers = [server(redirect(location), OK), server(OK)]
    response, client = run_client(runner, peers, lambda client: client.get("http://a.test/dir/"))
    assert response.url == target
    client.check()


@pytest.mark.parametrize(
    "location",
    [
        "ftp://a.test/",
        "file:///etc/passwd",
        "gopher://a.test/",
        "javascript:alert(1)",
        "data:,x",
        "mailto:a@b",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_other_schemes_are_not_followed(runner, location, stream):
    error, client = run_client(
        runner,
        [server(redirect(location))],
        lambda client: caught(client.get(stream=stream)),
        max_connections=1,
    )
    assert type(error) is exceptions.InvalidSchema
    assert error.response.status_code == 302
    client.check()


@pytest.mark.parametrize(
    "location",
    [
        "http://",
        "http://a.test:99999/",
        "http:// a/",
        "http://[::1/",
        "http://a\x01b/",
        "/\x01",
        "http://a\\b/",
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_location_that_is_no_url(runner, location, whole):
    """Whatever becomes of it, the connection is not lost."""

    async def flow(client):
        try:
            response = await client.get(stream=not whole)
            await response.read()
        except exceptions.RequestException as error:
            return error
        return response

    body = b"" if whole else b"x" * 10
    result, client = run_client(
        runner, [server(redirect(location, 302, body), OK), server(OK)], flow, max_connections=1
    )
    assert (
        isinstance(result, (exceptions.InvalidURL, exceptions.RemoteProtocolError))
        or "\x01" not in result.url
    )
    client.check()


def test_empty_location_is_no_redirect(runner):
    response, client = run_client(runner, [server(redirect("", 302, b"here"))], Client.get)
    assert (response.status_code, response.content, response.history) == (302, b"here", [])
    client.check()


@pytest.mark.parametrize("status", [300, 304, 305, 306, 399, 200, 201])
def test_other_statuses_with_a_location_are_not_followed(runner, status):
    response, client = run_client(runner, [server(redirect("/next", status))], Client.get)
    assert response.status_code == status
    client.check()


def test_redirect_without_a_location_is_an_answer(runner):
    response, _ = run_client(runner, [server(answer(b"x", 302))], Client.get)
    assert (response.status_code, response.content) == (302, b"x")


def test_switched_off(runner):
    response, client = run_client(
        runner,
        [server(redirect("/next", 303, b"look there"))],
        lambda client: client.post(data=b"x", allow_redirects=False),
    )
    assert (response.status_code, response.content, response.history) == (303, b"look there", [])
    assert (response.next.method, response.next.url) == ("GET", "http://a.test/next")
    assert lines(client) == ["POST /"]
    client.check()


@pytest.mark.parametrize("location", ["ftp://a.test/", "http://", "mailto:a@b"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_switched_off_a_location_that_cannot_be_followed_is_nobody_s_trouble(
    runner, location, method
):
    response, client = run_client(
        runner,
        [server(redirect(location))],
        lambda client: client.request(method, "http://a.test/", allow_redirects=False),
    )
    assert response.status_code == 302
    assert response.next is None
    assert response.headers["location"] == location
    client.check()


def test_head_is_redirected_as_any_method_is(runner):
    async def flow(client):
        first = await client.request("HEAD", "http://a.test/", allow_redirects=False)
        second = await client.request("HEAD", "http://a.test/")
        return first.status_code, second.status_code

    statuses, client = run_client(
        runner, [server(redirect("/1"), redirect("/2", 303), answer())], flow
    )
    assert statuses == (302, 200)
    assert lines(client) == ["HEAD /", "HEAD /", "HEAD /2"]
    client.check()


def test_short_body_of_a_redirect_is_kept_and_the_connection_too(runner):
    response, client = run_client(
        runner, [server(redirect("/next", 302, b"moved"), OK)], Client.get
    )
    assert response.history[0].content == b"moved"
    assert len(client.streams) == 1
    client.check()


@pytest.mark.parametrize("stream", [False, True])
def test_large_body_of_a_redirect_costs_the_connection(runner, stream):
    head = b"HTTP/1.1 302 X\r\nLocation: /next\r\nContent-Length: 10000000\r\n\r\n"
    script = [Send(None), Receive(head), *[Receive(b"x" * 20000)] * 500]
    response, client = run_client(
        runner, [script, server(OK)], lambda client: client.get(stream=True)
    )
    assert client.streams[0].closed
    assert len(client.streams[0].script_left) > 400
    assert response.status_code == 200


def test_large_body_of_a_redirect_is_not_gathered_by_a_buffered_request(runner):
    head = b"HTTP/1.1 302 X\r\nLocation: /next\r\nContent-Length: 10000000\r\n\r\n"
    script = [Send(None), Receive(head), *[Receive(b"x" * 20000)] * 500]
    response, client = run_client(runner, [script, server(OK)], Client.get)
    assert client.streams[0].closed
    assert len(client.streams[0].script_left) > 400
    assert response.content == b"ok"
    client.check()


@pytest.mark.parametrize("status", [300, 305, 306, 399])
def test_body_of_a_redirection_that_is_not_followed_is_read_to_its_end(runner, status):
    head = b"HTTP/1.1 %d X\r\nLocation: /next\r\nContent-Length: 8\r\n\r\n" % status
    script = [Send(None), Receive(head), Receive(b"some"), Receive(b"body")]
    response, client = run_client(runner, [script], Client.get)
    assert (response.status_code, response.content) == (status, b"somebody")
    client.check()


def test_body_of_a_redirect_is_not_decoded(runner):
    bomb = gzip.compress(bytes(8 << 20))
    assert len(bomb) < 65536
    response, client = run_client(
        runner, [server(redirect("/next", 302, bomb, "Content-Encoding: gzip"), OK)], Client.get
    )
    assert response.content == b"ok"
    assert response.history[0].content == b""
    assert len(client.streams) == 1
    client.check()


def test_corrupt_body_of_a_redirect_does_not_matter(runner):
    broken = b"HTTP/1.1 302 X\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\n"
    response, client = run_client(
        runner,
        [server([Receive(broken), Receive(b"zz\r\n")]), server(OK)],
        lambda client: client.get(stream=True),
    )
    assert response.status_code == 200
    response.body.close()
    client.check()


def test_cookies_of_a_redirect_are_kept_and_sent(runner):
    first = redirect("/next", 302, b"", "Set-Cookie: a=1")
    _, client = run_client(runner, [server(first, OK)], Client.get)
    assert fields(heads(client.streams[0])[1])["cookie"] == "a=1"
    client.check()


def test_final_body_is_streamed(runner):
    async def flow(client):
        response = await client.get(stream=True)
        return b"".join(await drain(response))

    content, client = run_client(runner, [server(redirect("/next"), OK)], flow)
    assert content == b"ok"
    client.check()


def test_custom_host_goes_along_within_the_origin_alone(runner):
    _, client = run_client(
        runner,
        [server(redirect("/next"), redirect("//b.test/")), server(OK)],
        lambda client: client.get(headers={"Host": "virtual.test"}),
    )
    hosts = [fields(head)["host"] for stream in client.streams for head in heads(stream)]
    assert hosts == ["virtual.test", "virtual.test", "b.test"]
    client.check()


def test_redirect_that_keeps_a_slow_body_does_not_hold_the_next_request_for_ever(runner):
    script = [Send(None), Receive(redirect("/next", 302, b"moved")[:-1]), Stall()]
    response, client = run_client(
        runner, [script, server(OK)], lambda client: client.get(timeout=5, stream=True)
    )
    assert response.status_code == 200
    response.body.close()
    client.check()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("runner", RUNNERS)
def test_redirect_whose_body_stalls_is_followed_all_the_same(runner, stream):
    stalls = [
        Send(None),
        Receive(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 10\r\n\r\nabc"),
        Stall(),
    ]
    fine = [Send(None), Receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]

    async def flow(client):
        began = client.backend.now()
        response = await client.get(stream=stream)
        return response.status_code, client.backend.now() - began

    (status, taken), _ = run_client(runner, [stalls, fine], flow)
    assert status == 200
    assert taken == pytest.approx(1.0)
