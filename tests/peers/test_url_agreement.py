"""One URL parser: where a request connects, and what Host, TLS and cookies are told, is the same host; redirects lead to http(s) alone."""

from __future__ import annotations

import pytest

import envoi
from envoi.testing import Answer, RawConnection

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def host_of(head: bytes) -> str:
    (value,) = [
        line.partition(b": ")[2] for line in head.split(b"\r\n") if line.startswith(b"Host: ")
    ]
    return value.decode()


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("127.0.0.1:{port}", "127.0.0.1:{port}"),
        ("localhost:{port}", "localhost:{port}"),
        ("LOCALHOST:{port}", "localhost:{port}"),
        ("LocalHost:0{port}", "localhost:{port}"),
        ("evil.example@127.0.0.1:{port}", "127.0.0.1:{port}"),
        ("evil.example:80@127.0.0.1:{port}", "127.0.0.1:{port}"),
        ("a%40evil.example@127.0.0.1:{port}", "127.0.0.1:{port}"),
        ("127.0.0.1:{port}?@evil.example", "127.0.0.1:{port}"),
        ("127.0.0.1:{port}#@evil.example", "127.0.0.1:{port}"),
        ("127.0.0.1:{port}/@evil.example", "127.0.0.1:{port}"),
        ("127.0.0.1:{port}/\\evil.example", "127.0.0.1:{port}"),
        ("127.0.0.1:{port}/#@evil.example/", "127.0.0.1:{port}"),
    ],
)
def test_connection_host_field_and_cookies_agree(
    authority: str, host: str, client, raw_server
) -> None:
    server = raw_server([OK.replace(b"\r\nCon", b"\r\nSet-Cookie: a=1; Path=/\r\nCon", 1), OK])
    response = client.get(f"http://{authority.format(port=server.port)}")
    wanted = host.format(port=server.port)
    assert host_of(server.requests[0]) == wanted
    assert response.request.parsed_url.authority == wanted
    assert client.get(f"http://{wanted}/").text == "ok"
    assert b"\r\nCookie: a=1\r\n" in server.requests[1]
    assert server.connections == 1, "the same origin, the same connection"


AMBIGUOUS = (
    "http://127.0.0.1\\@evil.example/",
    "http://evil.example\\127.0.0.1/",
    "http://127.0.0.1:{port}\\@evil.example/",
    "http://127.0.0.1%2f@evil.example%2f/",
    "http://127.0.0.1%00.evil.example/",
    "http://127.0.0.1 .evil.example/",
    "http://127.0.0.1\t/",
    "http://127.0.0.1\n/",
    "http://127.0.0.1%0d%0aX:y/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://[127.0.0.1]/",
    "http://[::1%25eth0\\]/",
    "http://a@b@/",
    "http://127.0.0.1:{port}@/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1:{port}x/",
    "http://127.0.0.1: {port}/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:٨٠/",
    "http://exa<mple.org/",
    "http://exa^mple.org/",
    "http://exa|mple.org/",
    "http://exam%ple.org/",
    "http://{{}}/",
    "http://",
    "http:///path",
    "http://?x",
    "http://#x",
    "http://:80/",
    "http://@/",
    "http://-/..%5c@/\x7f",
)


@pytest.mark.parametrize("url", AMBIGUOUS)
def test_ambiguous_url_is_refused_before_a_byte_is_sent(url: str, client, raw_server) -> None:
    server = raw_server([OK] * 2)
    with pytest.raises((envoi.InvalidURL, envoi.InvalidSchema, envoi.MissingSchema)):
        client.get(url.format(port=server.port))
    assert server.connections == 0


REFUSED_TARGETS = ("file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "data:text/plain,x", "javascript:alert(1)", "FILE:///etc/passwd", "mailto:a@b", "ws://127.0.0.1/", "unix:/run/x", "http://", "http:///x", "http://[::1", "http://a b/", "http://127.0.0.1:99999/", "//", "http://\\evil.example/")  # fmt: skip


@pytest.mark.parametrize("location", REFUSED_TARGETS)
def test_redirect_to_anything_but_http_is_refused(location: str, client, server) -> None:
    server.route("/go")(lambda request: Answer(302, headers=[("Location", location)]))
    with pytest.raises((envoi.InvalidURL, envoi.InvalidSchema)) as caught:
        client.get(server.url + "/go")
    assert caught.value.response.status_code == 302
    assert server.served == 1
    assert client.get(server.url + "/go", allow_redirects=False).status_code == 302, (
        "but it may be looked at"
    )
    assert client.session._pool.state.open == client.session._pool.state.idle


@pytest.mark.parametrize(
    "location",
    ["//localhost:{port}/get", "http://localhost:{port}/get", "HTTP://LOCALHOST:{port}/get"],
)
def test_redirect_to_another_host_is_followed_and_told(location: str, client, server) -> None:
    server.route("/go")(
        lambda request: Answer(302, headers=[("Location", location.format(port=server.port))])
    )
    response = client.get(server.url + "/go", headers={"Host": "virtual.example"})
    assert response.url.lower() == f"http://localhost:{server.port}/get"
    assert [one.headers.get("host") for one in server.requests] == [
        "virtual.example",
        f"localhost:{server.port}",
    ]


@pytest.mark.parametrize(
    "location",
    [
        "\\\\localhost:{port}/get",
        "/\\localhost:{port}/get",
        "\\/localhost:{port}/get",
        "\t//localhost:{port}/get",
    ],
)
def test_backslashes_in_a_location_never_lead_to_another_host_unseen(
    location: str, client, server
) -> None:
    server.route("/go")(
        lambda request: Answer(302, headers=[("Location", location.format(port=server.port))])
    )
    try:
        response = client.get(server.url + "/go", headers={"Authorization": "secret"})
    except (envoi.InvalidURL, envoi.InvalidSchema):
        return
    last = server.requests[-1]
    assert envoi.URL(response.url).authority == last.headers.get("host")
    assert last.headers.has("authorization") == (
        last.headers.get("host") == f"127.0.0.1:{server.port}"
    )


def test_userinfo_in_a_location_does_not_change_the_host(client, server) -> None:
    server.route("/go")(
        lambda request: Answer(
            302, headers=[("Location", f"http://evil.example:80@127.0.0.1:{server.port}/get")]
        )
    )
    assert client.get(server.url + "/go").json()["headers"]["Host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "url", ["//evil.example/", "\\\\evil.example/", "../up", "/../../up", "http:evil"]
)
def test_base_url_is_not_escaped_unseen(url: str, new_client, server) -> None:
    client = new_client(base_url=server.url + "/anything/v1")
    try:
        client.get(url)
    except (envoi.InvalidURL, envoi.InvalidSchema):
        assert server.served == 0
        return
    assert server.requests[0].path.startswith("/anything/v1/")


def test_switch_for_redirects_works_at_every_level(client, server) -> None:
    assert client.get(server.url + "/redirect/3", allow_redirects=False).status_code == 302
    assert server.served == 1
    client.session.max_redirects = 1
    with pytest.raises(envoi.TooManyRedirects) as caught:
        client.get(server.url + "/redirect/3")
    assert server.served == 3
    assert len(caught.value.response.history) == 1


def test_nothing_is_written_to_files(client, raw_server, tmp_path, monkeypatch) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\nSet-Cookie: a=1\r\n\r\n"
            + bytes(3_000_000)
        )

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert len(client.get(raw_server(script).url).content) == 3_000_000
    assert list(tmp_path.iterdir()) == []


def test_randomness_is_not_the_random_module() -> None:
    from pathlib import Path

    folder = Path(envoi.__file__).parent
    users = [
        path.name
        for path in folder.rglob("*.py")
        if "testing" not in path.parts and "import random" in path.read_text()
    ]
    assert users == []
