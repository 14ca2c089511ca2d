"""Answers whose faults cannot move the end of a message are read, and said to be repaired."""

from __future__ import annotations

import logging
import pickle

import pytest

import envoi
from envoi.testing import RawConnection

pytestmark = pytest.mark.timeout(30)

OK = b"HTTP/1.1 200 OK\r\n"
BROTLI = b"\x0b\x02\x80hello\x03"  # "hello", as it is
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

REPAIRED = {
    "lines of an old device": (
        b"HTTP/1.0 200 OK\nContent-Length: 2\n\nhi",
        "bare LF in the head",
    ),
    "only the blank line ends in LF": (OK + b"Content-Length: 2\r\n\nhi", "bare LF in the head"),
    "only one line ends in LF": (OK + b"X: y\nContent-Length: 2\r\n\r\nhi", "bare LF in the head"),
    "LF in trailers": (CHUNKED + b"2\r\nhi\r\n0\r\nT: u\n\n", "bare LF in the trailers"),
    "folded field": (
        OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi",
        "folded field in the head",
    ),
    "folded trailer": (
        CHUNKED + b"2\r\nhi\r\n0\r\nT: a\r\n\tb\r\n\r\n",
        "folded field in the trailers",
    ),
    "control characters in a value": (
        OK + b"X: a\x01\x7f\r\nContent-Length: 2\r\n\r\nhi",
        "control character in the head",
    ),
    "blanks after a chunk size": (
        CHUNKED + b"2   \r\nhi\r\n0\r\n\r\n",
        "blanks after a chunk size",
    ),
    "blanks before an extension": (
        CHUNKED + b"2 ;a=b\r\nhi\r\n0\r\n\r\n",
        "blanks after a chunk size",
    ),
    "empty first coding": (
        OK + b"Transfer-Encoding: , chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "empty member in Transfer-Encoding",
    ),
    "empty last coding": (
        OK + b"Transfer-Encoding: chunked,\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "empty member in Transfer-Encoding",
    ),
}


def answering(first: bytes):
    """A script: the first answer of the first connection, then good ones."""

    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(first if connection.number == 1 else OK + b"Content-Length: 2\r\n\r\nhi")
        while True:
            connection.read_request()
            connection.send(OK + b"Content-Length: 2\r\n\r\nhi")

    return script


@pytest.mark.parametrize("case", REPAIRED)
def test_harmless_fault_is_repaired_and_the_connection_not_used_again(
    case: str, client, raw_server, caplog
) -> None:
    caplog.set_level(logging.DEBUG, "envoi")
    data, repair = REPAIRED[case]
    server = raw_server(answering(data))
    response = client.get(server.url + "/x?secret=1")
    assert response.text == "hi"
    assert response.repaired == (repair,)
    again = client.get(server.url)
    assert (again.text, again.repaired) == ("hi", ())
    assert server.connections == 2
    assert f"repaired: {repair}" in caplog.text
    assert "secret" not in caplog.text


def test_what_was_repaired_in_the_trailers_is_known_once_the_body_is_read(
    client, raw_server
) -> None:
    server = raw_server(answering(b"HTTP/1.1 200 OK\n" + CHUNKED[17:] + b"2\r\nhi\r\n0\r\n\n"))
    with client.get(server.url, stream=True) as response:
        assert response.repaired[0] == "bare LF in the head"
        assert b"".join(response.iter_content(10)) == b"hi"
        assert response.repaired == ("bare LF in the head", "bare LF in the trailers")


def test_what_was_repaired_is_pickled(raw_server) -> None:
    server = raw_server(answering(REPAIRED["folded field"][0]))
    with envoi.Session() as session:
        response = session.get(server.url)
        copy = pickle.loads(pickle.dumps(response))
    assert copy.repaired == ("folded field in the head",)
    assert copy.headers["X"] == "a b"


UNREPAIRED = {
    "chunk size with 17 zeros": CHUNKED + b"000000000000000002\r\nhi\r\n0\r\n\r\n",
    "blanks within an extension": CHUNKED + b"2; a=b\r\nhi\r\n0\r\n\r\n",
    "higher minor version": b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "64 interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 64
    + OK
    + b"Content-Length: 2\r\n\r\nhi",
}


@pytest.mark.parametrize("case", UNREPAIRED)
def test_unusual_but_correct_answer_needs_no_repair(case: str, client, raw_server) -> None:
    server = raw_server(answering(UNREPAIRED[case]))
    response = client.get(server.url)
    assert (response.text, response.repaired) == ("hi", ())
    assert client.get(server.url).text == "hi"
    assert server.connections == 1


def test_unknown_transfer_coding_ends_with_the_connection(client, raw_server) -> None:
    server = raw_server([OK + b"Transfer-Encoding: yolo\r\n\r\nhi"], close=True)
    response = client.get(server.url)
    assert response.text == "hi"
    assert response.repaired == ("unknown Transfer-Encoding",)


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", b"200 OK"), ("GET", b"204 None"), ("GET", b"304 Old")]
)
def test_answer_without_a_body_may_contradict_itself(
    method: str, status: bytes, client, raw_server
) -> None:
    both = b"\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = raw_server(answering(b"HTTP/1.1 " + status + both))
    assert client.request(method, server.url).content == b""
    assert client.get(server.url).text == "hi"
    assert server.connections == 2


def test_length_beyond_64_bits_is_said_to_be_too_large(client, raw_server) -> None:
    server = raw_server([OK + b"Content-Length: 18446744073709551616\r\n\r\n"])
    with pytest.raises(envoi.InvalidFraming, match="Content-Length is too large"):
        client.get(server.url)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"X y: hush", r"line 3 of the head \('X y'\): the field's name"),
        (b"no colon", r"line 3 of the head \('no colon'\): it has no colon"),
        (b"X\xe9: hush", r"line 3 of the head \('X\\xe9'\): the field's name"),
    ],
)
def test_refusal_names_the_line_and_hides_the_value(
    line: bytes, shown: str, client, raw_server
) -> None:
    server = raw_server([OK + b"A: b\r\n" + line + b"\r\n\r\n"])
    with pytest.raises(envoi.RemoteProtocolError, match=shown) as caught:
        client.get(server.url)
    assert "hush" not in str(caught.value)


def test_redirect_to_several_places_is_refused(client, raw_server) -> None:
    found = b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
    server = raw_server(answering(found % b"/b"))
    with pytest.raises(envoi.exceptions.InvalidRedirect, match="Location fields differ") as caught:
        client.get(server.url)
    assert caught.value.response.headers.get_all("Location") == ["/a", "/b"]
    alike = raw_server(answering(found % b"/a"))
    assert client.get(alike.url).text == "hi"
    unfollowed = raw_server(answering(found % b"/b"))
    assert client.get(unfollowed.url, allow_redirects=False).status_code == 302


def test_endless_interim_answers_end_at_the_total_deadline(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 30)
        connection.wait_closed()

    server = raw_server(script)
    with pytest.raises(envoi.exceptions.TotalTimeout):
        client.get(server.url, timeout=envoi.Timeout(total=0.3))


def test_second_brotli_stream_is_not_dropped_silently(client, raw_server) -> None:
    body = BROTLI + BROTLI
    fields = b"Content-Encoding: br\r\nContent-Length: %d\r\n\r\n" % len(body)
    server = raw_server([OK + fields + body])
    with pytest.raises(envoi.ContentDecodingError, match="bytes follow its end"):
        client.get(server.url)


def test_https_to_a_port_that_speaks_http(client, raw_server) -> None:
    def script(connection: RawConnection) -> None:
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.wait_closed()

    server = raw_server(script)
    where = server.url.removeprefix("http://")
    with pytest.raises(envoi.exceptions.SSLError, match=f"plain HTTP.* Try http://{where}"):
        client.get(f"https://{where}/")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_whose_answer_to_connect_ends_in_line_feeds(
    scheme: str, client, raw_server, tls_server
) -> None:
    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.0 200 Connection established\nProxy-Agent: old\n\n")
        connection.wait_closed()

    proxy = raw_server(script, tls=scheme == "https")
    with pytest.raises(envoi.exceptions.RequestException) as caught:
        client.get(
            tls_server.url,
            proxies={"https": proxy.url},
            verify=str(tls_server.ca_path),
            timeout=envoi.Timeout(total=0.7),
        )
    # The tunnel stood: what failed is TLS through it, with a server that says nothing.
    assert isinstance(caught.value, (envoi.exceptions.Timeout, envoi.exceptions.SSLError))
    assert b"CONNECT" in proxy.requests[0]
