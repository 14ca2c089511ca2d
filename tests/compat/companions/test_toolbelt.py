"""requests-toolbelt: forms that are streamed, downloads, sessions with a base URL, guessed authentication, dumps, threads."""

from __future__ import annotations

import hashlib
import io

import requests
from requests_toolbelt import (
    MultipartDecoder,
    MultipartEncoder,
    MultipartEncoderMonitor,
    StreamingIterator,
    threaded,
    user_agent,
)
from requests_toolbelt.auth.guess import GuessAuth, GuessProxyAuth
from requests_toolbelt.auth.handler import AuthHandler
from requests_toolbelt.cookies.forgetful import ForgetfulCookieJar
from requests_toolbelt.downloadutils import stream, tee
from requests_toolbelt.multipart.encoder import FileFromURLWrapper
from requests_toolbelt.sessions import BaseUrlSession
from requests_toolbelt.threaded import pool
from requests_toolbelt.utils import dump, formdata

import envoi
from envoi.testing import Answer

assert requests.Session is envoi.Session


def test_a_multipart_form_is_streamed(server, tmp_path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(b"x" * 300_000)
    seen = []

    @server.route("/upload", ["POST"])
    def upload(request):
        seen.append(
            (request.headers.get("transfer-encoding"), int(request.headers.get("content-length")))
        )
        return {
            "form": request.form(),
            "files": {
                name: [file, len(content)] for name, (file, content) in request.files().items()
            },
        }

    with path.open("rb") as file:
        form = MultipartEncoder(
            fields={"field": "value", "file": ("big.bin", file, "application/octet-stream")}
        )
        length = form.len
        response = requests.post(
            server.url + "/upload", data=form, headers={"Content-Type": form.content_type}
        )
    assert response.json() == {"form": {"field": "value"}, "files": {"file": ["big.bin", 300_000]}}
    assert seen == [("", length)]


def test_a_monitor_is_told_how_far_the_upload_is(server) -> None:
    told = []
    form = MultipartEncoder(fields={"file": ("a.txt", io.BytesIO(b"y" * 2_000_000), "text/plain")})
    monitor = MultipartEncoderMonitor(form, lambda now: told.append(now.bytes_read))
    response = requests.Session().post(
        server.url + "/post", data=monitor, headers={"Content-Type": monitor.content_type}
    )
    assert response.status_code == 200
    assert told == sorted(told)
    assert told[-1] == form.len
    assert len(told) > 2


def test_a_multipart_answer_is_taken_apart(server) -> None:
    form = MultipartEncoder(fields={"one": "1", "two": "2"})
    server.add("/parts", Answer(body=form.to_string(), headers={"Content-Type": form.content_type}))
    decoded = MultipartDecoder.from_response(requests.get(server.url + "/parts"))
    assert [part.text for part in decoded.parts] == ["1", "2"]


def test_a_streaming_iterator_has_its_length_sent(server) -> None:
    pieces = (b"%d" % number for number in range(10))
    response = requests.post(server.url + "/post", data=StreamingIterator(10, pieces))
    assert response.json()["data"] == "0123456789"
    assert response.json()["headers"]["Content-Length"] == "10"


def test_a_download_becomes_an_upload(server) -> None:
    session = requests.Session()
    form = MultipartEncoder(
        fields={
            "file": ("name", FileFromURLWrapper(server.url + "/bytes/1000?seed=1", session=session))
        }
    )
    response = session.post(
        server.url + "/post", data=form, headers={"Content-Type": form.content_type}
    )
    assert response.status_code == 200
    assert (
        server.requests[-1].files()["file"][1]
        == requests.get(server.url + "/bytes/1000?seed=1").content
    )


def test_a_download_is_streamed_to_a_file(server, tmp_path) -> None:
    content = bytes(range(256)) * 400
    server.add(
        "/file",
        Answer(body=content, headers={"Content-Disposition": "attachment; filename=given.bin"}),
    )
    response = requests.get(server.url + "/file", stream=True)
    name = stream.stream_response_to_file(response, path=str(tmp_path / "here.bin"))
    assert (tmp_path / "here.bin").read_bytes() == content
    assert name == str(tmp_path / "here.bin")
    name = stream.stream_response_to_file(
        requests.get(server.url + "/file", stream=True), path=str(tmp_path), chunksize=1000
    )
    assert name == str(tmp_path / "given.bin")
    with io.BytesIO() as file:
        stream.stream_response_to_file(requests.get(server.url + "/file", stream=True), path=file)
        assert file.getvalue() == content


def test_a_download_is_kept_while_it_is_read(server) -> None:
    kept = bytearray()
    pieces = list(
        tee.tee_to_bytearray(
            requests.get(server.url + "/gzip", stream=True), kept, chunksize=50, decode_content=True
        )
    )
    assert b"".join(pieces) == bytes(kept)
    assert b'"gzipped"' in kept
    with io.BytesIO() as file:
        for _ in tee.tee(requests.get(server.url + "/gzip", stream=True), file):
            pass
        assert file.getvalue().startswith(b"\x1f\x8b")


def test_a_session_with_a_base_url(server) -> None:
    session = BaseUrlSession(base_url=server.url + "/anything/")
    assert (
        session.get("deep/er", params={"a": 1}).json()["url"]
        == server.url + "/anything/deep/er?a=1"
    )
    assert session.get("/get").json()["url"] == server.url + "/get"
    prepared = session.prepare_request(requests.Request("GET", "other"))
    assert session.send(prepared).json()["url"] == server.url + "/anything/other"


def test_basic_authentication_is_guessed(server) -> None:
    session = requests.Session()
    session.auth = GuessAuth("me", "secret")
    response = session.get(server.url + "/basic-auth/me/secret")
    assert response.status_code == 200
    assert [step.status_code for step in response.history] == [401]
    assert session.get(server.url + "/basic-auth/me/secret").history == []
    assert (
        requests.get(
            server.url + "/basic-auth/me/other", auth=GuessAuth("me", "secret")
        ).status_code
        == 401
    )


def test_digest_authentication_is_guessed(server) -> None:
    asked = protect_by_digest(server)
    session = requests.Session()
    auth = GuessAuth("me", "secret")
    assert session.get(server.url + "/digest", auth=auth).text == "welcome"
    assert session.get(server.url + "/digest", auth=auth).text == "welcome"
    assert len(asked) == 3
    assert session.get(server.url + "/digest", auth=GuessAuth("me", "wrong")).status_code == 401


def test_a_proxys_authentication_is_guessed(server) -> None:
    seen = []

    @server.route("/<path...>")
    def proxy(request):
        seen.append(request.headers.get("proxy-authorization"))
        return (
            "through"
            if seen[-1]
            else Answer(407, headers={"Proxy-Authenticate": 'Basic realm="p"'})
        )

    auth = GuessProxyAuth("me", "secret", "proxy-me", "proxy-secret")
    response = requests.get("http://nobody.invalid/", proxies={"http": server.url}, auth=auth)
    assert (response.status_code, response.text) == (200, "through")
    assert seen == ["", requests.auth._basic_auth_str("proxy-me", "proxy-secret")]


def test_authentication_is_chosen_by_host(server) -> None:
    session = requests.Session()
    session.auth = AuthHandler({server.url: ("me", "secret")})
    assert session.get(server.url + "/basic-auth/me/secret").status_code == 200


def test_an_exchange_is_dumped(server) -> None:
    @server.route("/again")
    def again(request):
        return Answer(
            302, headers=[("Location", "/last"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
        )

    server.add("/last", "the end")
    response = requests.get(server.url + "/again", headers={"X-Mine": "1"})
    dumped = bytes(dump.dump_all(response))
    assert dumped.startswith(b"< GET /again HTTP/1.1\r\n< Host: " + server.url[7:].encode())
    assert b"< X-Mine: 1\r\n" in dumped
    assert b"> HTTP/1.1 302 Found\r\n" in dumped
    assert b"> Set-Cookie: a=1\r\n> Set-Cookie: b=2\r\n" in dumped
    assert dumped.endswith(b"the end")
    posted = bytes(dump.dump_response(requests.post(server.url + "/post", data={"a": "1"})))
    assert b"< POST /post HTTP/1.1\r\n" in posted
    assert b"a=1\r\n" in posted


def test_requests_are_made_in_threads(server) -> None:
    wanted = [{"method": "GET", "url": f"{server.url}/get?number={number}"} for number in range(20)]
    responses, failures = threaded.map(wanted, num_processes=4)
    assert sorted(int(one.json()["args"]["number"]) for one in responses) == list(range(20))
    assert list(failures) == []
    # The first takes a moment: a thread of a pool's begins before it knows where failures go.
    made = pool.Pool.from_urls([server.url + "/delay/0.05", "http://127.0.0.1:1/"], num_processes=1)
    made.join_all()
    assert [one.status_code for one in made.responses()] == [200]
    assert [isinstance(one.exception, requests.ConnectionError) for one in made.exceptions()] == [
        True
    ]


def test_a_jar_that_forgets(server) -> None:
    session = requests.Session()
    session.cookies = ForgetfulCookieJar()
    session.get(server.url + "/cookies/set?a=1")
    assert session.get(server.url + "/cookies").json() == {"cookies": {}}


def test_small_things(server) -> None:
    session = requests.Session()
    session.headers["User-Agent"] = user_agent("mine", "1.0")
    assert (
        session.get(server.url + "/headers")
        .json()["headers"]["User-Agent"]
        .startswith("mine/1.0 CPython/")
    )
    query = formdata.urlencode([("a", [("b", "1"), ("c", "2")])])
    assert requests.get(server.url + "/get?" + query).json()["args"] == {"a[b]": "1", "a[c]": "2"}


def protect_by_digest(server) -> list[str]:
    """A path that wants RFC 7616's MD5, and the Authorization fields that it was asked with."""
    asked = []

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    @server.route("/digest")
    def digest(request):
        asked.append(request.headers.get("authorization"))
        fields = requests.utils.parse_dict_header(asked[-1].partition(" ")[2])
        if fields:
            secret = md5("me:realm:secret")
            expected = md5(
                f"{secret}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:auth:{md5('GET:/digest')}"
            )
            if fields["response"] == expected:
                return "welcome"
        return Answer(
            401,
            headers={
                "WWW-Authenticate": 'Digest realm="realm", nonce="abc", qop="auth", algorithm=MD5'
            },
        )

    return asked
