"""A real web server, and httpbin."""

from __future__ import annotations

import hashlib

import pytest

import envoi
from peers.clients import Client

pytestmark = [pytest.mark.timeout(60)]

LARGE = 100 * 1024 * 1024


def test_thousands_of_requests_over_one_connection(client, nginx) -> None:
    first = client.get(nginx.url + "/small")
    ports = {first.connection_info.local}
    for _ in range(1500):
        response = client.get(nginx.url + "/small")
        assert response.content == first.content
        ports.add(response.connection_info.local)
    assert len(ports) == 1


@pytest.fixture(scope="module")
def large_digest(nginx) -> tuple[int, str]:
    """The size and the hash of /large, as the standard library downloads it."""
    import urllib.request

    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(nginx.url + "/large") as response:
        while piece := response.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_large_download_in_pieces(secure: bool, client, nginx, large_digest) -> None:
    digest, size = hashlib.sha256(), 0
    url, options = (nginx.tls_url, {"verify": nginx.ca_path}) if secure else (nginx.url, {})
    with client.get(
        url + "/large", stream=True, headers={"Accept-Encoding": "identity"}, **options
    ) as response:
        for piece in response.iter_content():
            digest.update(piece)
            size += len(piece)
    assert (size, digest.hexdigest()) == large_digest


@pytest.mark.slow
def test_large_download_at_once(client, nginx, large_digest) -> None:
    response = client.get(nginx.url + "/large", headers={"Accept-Encoding": "identity"})
    assert (len(response.content), hashlib.sha256(response.content).hexdigest()) == large_digest


@pytest.mark.slow
def test_large_download_compressed(nginx, large_digest) -> None:
    response = envoi.get(nginx.url + "/large")
    assert response.headers["Content-Encoding"] == "gzip"
    assert (len(response.content), hashlib.sha256(response.content).hexdigest()) == large_digest


def test_medium_download_is_the_same_whichever_way(client, nginx) -> None:
    whole = client.get(nginx.url + "/medium", headers={"Accept-Encoding": "identity"}).content
    assert len(whole) == 1024 * 1024 or len(whole) == 1_000_000
    assert client.get(nginx.url + "/medium").content == whole
    assert b"".join(client.get(nginx.url + "/medium", stream=True).iter_content(1000)) == whole
    assert client.get(nginx.tls_url + "/medium", verify=nginx.ca_path).content == whole


def test_head_range_and_conditions(client, nginx) -> None:
    head = client.request("HEAD", nginx.url + "/medium", headers={"Accept-Encoding": "identity"})
    assert head.content == b""
    assert int(head.headers["Content-Length"]) >= 1_000_000
    part = client.get(
        nginx.url + "/medium", headers={"Range": "bytes=10-19", "Accept-Encoding": "identity"}
    )
    assert (part.status_code, len(part.content)) == (206, 10)
    assert (
        client.get(
            nginx.url + "/medium",
            headers={"Range": "bytes=99999999-", "Accept-Encoding": "identity"},
        ).status_code
        == 416
    )
    fresh = client.get(
        nginx.url + "/small", headers={"If-Modified-Since": head.headers["Last-Modified"]}
    )
    assert (fresh.status_code, fresh.content) in {
        (304, b""),
        (200, client.get(nginx.url + "/small").content),
    }
    assert client.get(nginx.url + "/none").status_code == 404


@pytest.mark.parametrize("streamed", [False, True])
def test_refused_upload_gives_its_answer(streamed: bool, client, nginx) -> None:
    body = (bytes(65536) for _ in range(160)) if streamed else bytes(10_000_000)
    assert client.post(nginx.url + "/small", body).status_code == 405
    assert client.get(nginx.url + "/small").status_code == 200


def test_expect_continue(client, nginx) -> None:
    response = client.post(nginx.url + "/small", b"x" * 1000, headers={"Expect": "100-continue"})
    assert response.status_code == 405
    assert client.get(nginx.url + "/small").status_code == 200


def test_bad_requests_are_answered(client, nginx) -> None:
    assert client.get(nginx.url + "/small", headers={"X": "y" * 100_000}).status_code in {
        400,
        414,
        431,
    }
    assert client.get(nginx.url + "/small").status_code == 200
    assert client.get(nginx.tls_url.replace("https", "http") + "/small").status_code == 400


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_five_hundred_connections_at_once(colour: str, nginx) -> None:
    with Client(colour, max_connections=None, timeout=30) as client:
        for path, count in (("/small", 512), ("/small", 512), ("/medium", 64)):
            outcomes = client.together(
                count, "GET", nginx.url + path, headers={"Accept-Encoding": "identity"}
            )
            assert {one.status_code for one in outcomes} == {200}
            assert len({len(one.content) for one in outcomes}) == 1
        assert client.session._pool.state.open == client.session._pool.state.idle


# --- httpbin


def test_httpbin_echoes(client, httpbin) -> None:
    assert client.get(httpbin + "/get", params={"a": ["1", "2"]}).json()["args"] == {
        "a": ["1", "2"]
    }
    assert client.post(httpbin + "/post", {"a": "1"}).json()["form"] == {"a": "1"}
    assert client.post(httpbin + "/post", json={"a": "é"}).json()["json"] == {"a": "é"}
    assert client.request("PUT", httpbin + "/put", data=b"raw").json()["data"] == "raw"
    assert client.request("PATCH", httpbin + "/patch", data="é").json()["data"] == "é"
    assert client.request("DELETE", httpbin + "/delete").json()["args"] == {}
    assert (
        client.get(httpbin + "/headers", headers={"X-Mine": "yes"}).json()["headers"]["X-Mine"]
        == "yes"
    )


def test_httpbin_auth(client, httpbin) -> None:
    assert (
        client.get(httpbin + "/basic-auth/user/pass", auth=("user", "pass")).json()["authenticated"]
        is True
    )
    assert client.get(httpbin + "/basic-auth/user/pass").status_code == 401
    assert (
        client.get(httpbin.replace("//", "//user:pass@") + "/basic-auth/user/pass").status_code
        == 200
    )
    assert (
        client.get(httpbin + "/bearer", headers={"Authorization": "Bearer t"}).json()["token"]
        == "t"
    )


def test_httpbin_redirects(client, httpbin) -> None:
    for kind in ("redirect", "relative-redirect", "absolute-redirect"):
        response = client.get(f"{httpbin}/{kind}/3")
        assert response.status_code == 200
        assert [one.status_code for one in response.history] == [302, 302, 302]
    with pytest.raises(envoi.TooManyRedirects):
        client.get(httpbin + "/redirect/31")
    assert (
        client.post(httpbin + "/redirect-to?url=/post&status_code=307", b"body").json()["data"]
        == "body"
    )


def test_httpbin_cookies(client, httpbin) -> None:
    assert client.get(httpbin + "/cookies/set?a=1&b=2").json()["cookies"] == {"a": "1", "b": "2"}
    assert client.get(httpbin + "/cookies/delete?a=").json()["cookies"] == {"b": "2"}
    assert client.get(httpbin + "/cookies", cookies={"c": "3"}).json()["cookies"] == {
        "b": "2",
        "c": "3",
    }
    assert client.get(httpbin + "/cookies").json()["cookies"] == {"b": "2"}


def test_httpbin_codings_and_texts(client, httpbin) -> None:
    assert client.get(httpbin + "/gzip").json()["gzipped"] is True
    assert client.get(httpbin + "/deflate").json()["deflated"] is True
    assert client.get(httpbin + "/brotli").json()["brotli"] is True
    assert "∮" in client.get(httpbin + "/encoding/utf8").text
    assert client.get(httpbin + "/image/png").content.startswith(b"\x89PNG")


def test_httpbin_streams(client, httpbin) -> None:
    assert len(list(client.get(httpbin + "/stream/20", stream=True).iter_lines())) == 20
    assert len(client.get(httpbin + "/stream-bytes/5000?chunk_size=100").content) == 5000
    assert len(client.get(httpbin + "/bytes/70000").content) == 70000
    assert client.get(httpbin + "/drip?numbytes=5&duration=0.1&delay=0").content == b"*****"
    assert client.get(httpbin + "/range/100", headers={"Range": "bytes=1-3"}).content == b"bcd"


@pytest.mark.parametrize("status", [200, 201, 204, 205, 304, 400, 404, 418, 429, 500, 503])
def test_httpbin_status(status: int, client, httpbin) -> None:
    response = client.get(f"{httpbin}/status/{status}")
    assert response.status_code == status
    assert response.ok is (status < 400)
