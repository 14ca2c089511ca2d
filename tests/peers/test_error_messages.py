"""What a caller is told when something went wrong: JSON that is none, `raise_for_status`, redirects without their queries, the log."""

from __future__ import annotations

import codecs
import logging
import pickle

import pytest

import envoi
from envoi.testing import Answer, RawConnection

pytestmark = [pytest.mark.timeout(60)]


def answering(server, body, status=200, kind="text/html", **more) -> str:
    """A URL of the server that is answered so."""
    headers = [] if kind is None else [("Content-Type", kind)]
    server.route("/it", ["*"])(lambda _: Answer(status, body, headers, **more))
    return server.url + "/it"


# --- JSON


def refused(client, url: str, **options) -> envoi.JSONDecodeError:
    with pytest.raises(envoi.JSONDecodeError) as caught:
        client.get(url).json(**options)
    return caught.value


def test_html_instead_of_json(client, server) -> None:
    error = refused(client, answering(server, "<!doctype html>\n" + "x" * 200, 502))
    assert error.msg == "Expecting value"
    assert (
        "line 1 column 1 (char 0); the answer was 502 Bad Gateway, text/html, 216 bytes: "
        in str(error)
    )
    assert r"'<!doctype html>\nxxx" in str(error)
    assert str(error).endswith("x'…")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_nothing_instead_of_json(client, server) -> None:
    error = refused(client, answering(server, None, kind=None))
    assert str(error).endswith("the answer was 200 OK, without a Content-Type, without a body")


@pytest.mark.parametrize(
    "body", ["[" * 200_000, "9" * 1_000_000, '{"a": ' * 100_000], ids=["list", "digits", "object"]
)
def test_json_that_no_parser_takes(body, client, server) -> None:
    error = refused(client, answering(server, body, kind="application/json"))
    assert error.doc == body
    assert isinstance(error, envoi.RequestException)


def test_what_the_callers_own_function_raises_stays_what_it_is(client, server) -> None:
    def refusing(pairs):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        client.get(answering(server, b'{"a": 1}')).json(object_pairs_hook=refusing)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "text/html", None]
)
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
        lambda text: text.encode("utf-32-be"),
    ],
    ids=["BOM", "utf-16", "utf-16-le", "utf-16-be with BOM", "utf-32", "utf-32-be"],
)
@pytest.mark.parametrize("text", ['{"a": "é中"}', "7", '"中"'])
def test_json_in_every_utf(text, encode, kind, client, server) -> None:
    import json

    assert client.get(answering(server, encode(text), kind=kind)).json() == json.loads(text)


# --- raise_for_status


def raised(client, url: str, **options) -> envoi.HTTPError:
    with pytest.raises(envoi.HTTPError) as caught:
        client.get(url, **options).raise_for_status()
    return caught.value


def test_a_good_answer_is_returned(client, server) -> None:
    response = client.get(server.url + "/get")
    assert response.raise_for_status().status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("no such\nuser", "text/plain", r". The body begins: 'no such\nuser'"),
        ("x" * 500, "text/plain", ". The body begins: '" + "x" * 200 + "'…"),
        ('{"error": "gone"}', "application/json", """. The body begins: '{"error": "gone"}'"""),
        ('{"title": "Out of credit", "detail": "30, but it costs 50"}', "application/problem+json", ". The server says: 'Out of credit: 30, but it costs 50'"),
        ('{"type": "about:blank"}', "application/problem+json", """. The body begins: '{"type": "about:blank"}'"""),
        ("not json", "application/problem+json; charset=utf-8", ". The body begins: 'not json'"),
        ("[1]", "application/problem+json", ". The body begins: '[1]'"),
        ("<html>", "text/html", ""),
        ("", "text/plain", ""),
        (b"\x89PNG", "image/png", ""),
    ],
)  # fmt: skip
def test_the_message_has_what_the_server_says(body, kind, told, client, server) -> None:
    url = answering(server, body, 404, kind)
    assert str(raised(client, url)) == f"404 Client Error: Not Found for url: {url}{told}"


def test_the_option_raises(client, server) -> None:
    url = answering(server, "no such user", 404, "text/plain")
    with pytest.raises(envoi.HTTPError, match="no such user") as caught:
        client.get(url, raise_for_status=True)
    assert caught.value.response.status_code == 404
    assert caught.value.request.url == url
    assert client.get(url).status_code == 404
    assert client.get(server.url + "/get", raise_for_status=True).status_code == 200
    assert client.in_use == 0


def test_the_setting_raises_unless_a_request_says_otherwise(new_client, server) -> None:
    client = new_client(raise_for_status=True)
    url = answering(server, "later", 503, "text/plain")
    with pytest.raises(envoi.HTTPError, match="503 Server Error"):
        client.get(url)
    assert client.get(url, raise_for_status=False).status_code == 503
    client.session.raise_for_status = False
    assert client.get(url).status_code == 503


def test_it_is_the_final_answer_that_counts(new_client, server) -> None:
    client = new_client(raise_for_status=True)
    assert client.get(server.url + "/redirect/2").status_code == 200
    assert client.get(server.url + "/redirect/2", allow_redirects=False).status_code == 302


def test_a_streamed_answer_is_raised_with_its_beginning(client, server) -> None:
    url = answering(server, "no such user", 404, "text/plain")
    with pytest.raises(envoi.HTTPError, match="no such user"):
        client.get(url, stream=True, raise_for_status=True)
    assert client.in_use == 0


def test_a_session_with_an_overridden_method_raises_as_well(server) -> None:
    class Derived(envoi.Session):
        def prepare_request(self, request):
            return super().prepare_request(request)

    url = answering(server, "later", 503, "text/plain")
    with Derived(raise_for_status=True) as session:
        with pytest.raises(envoi.HTTPError, match="later"):
            session.get(url)
        assert session.get(url, raise_for_status=False).status_code == 503


@pytest.mark.parametrize("value", [1, "yes", lambda response: None])
def test_what_is_neither_true_nor_false_is_refused(value, client) -> None:
    with pytest.raises(envoi.InvalidOption, match="raise_for_status must be True or False"):
        client.get("http://127.0.0.1:1/", raise_for_status=value)
    with pytest.raises(envoi.InvalidOption, match="raise_for_status must be True or False"):
        envoi.Session(raise_for_status=value)


# --- Redirects


def test_too_many_redirects_hide_their_queries(new_client, server) -> None:
    server.route("/loop")(lambda _: Answer(302, headers=[("Location", "/loop?code=secret#secret")]))
    client = new_client(max_redirects=3)
    with pytest.raises(envoi.TooManyRedirects, match=r"/loop\?…") as caught:
        client.get(server.url + "/loop")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("location", ["http://[", "file:///etc/passwd"])
def test_a_redirect_that_is_not_followed_hides_the_query(location, client, server) -> None:
    server.route("/bad")(lambda _: Answer(302, headers=[("Location", location)]))
    with pytest.raises(envoi.RequestException, match=r"/bad\?… redirects to") as caught:
        client.get(server.url + "/bad?code=secret")
    assert "secret" not in str(caught.value)


# --- The log


@pytest.fixture
def log(caplog):
    """The lines on the `envoi` logger."""
    caplog.set_level(logging.DEBUG, "envoi")

    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "envoi"]

    return lines


def test_a_refused_connection_is_logged(client, log) -> None:
    with pytest.raises(envoi.ConnectionRefused):
        client.get("http://user:hush@127.0.0.1:1/path?token=hush")
    (line,) = log()
    assert line.startswith(
        "GET http://127.0.0.1:1/path?… failed, phase connect: refused: 127.0.0.1:1"
    )
    assert "hush" not in line


def test_an_untrusted_certificate_is_logged(client, tls_server, log) -> None:
    with pytest.raises(envoi.CertificateError):
        client.get(tls_server.url + "/get")
    (line,) = log()
    assert " failed, phase tls: untrusted: " in line


def test_a_name_that_is_not_found_is_logged(client, log) -> None:
    with pytest.raises(envoi.NameResolutionError):
        client.get("http://nothing.invalid/")
    (line,) = log()
    assert " failed, phase dns: name not found: " in line


def test_a_timeout_is_logged(client, server, log) -> None:
    with pytest.raises(envoi.ReadTimeout):
        client.get(server.url + "/delay/5", timeout=0.05)
    (line,) = log()
    assert " failed, phase read: timed out: " in line


def test_a_body_that_breaks_off_is_logged(client, server, log) -> None:
    with pytest.raises(envoi.IncompleteBody):
        client.get(answering(server, b"x" * 3_000_000, truncate_at=2_000_000))
    answered, failed = log()
    assert " -> 200 in " in answered
    assert " failed, phase body: cut short: " in failed


def test_a_request_that_is_sent_again_is_logged(client, raw_server, log) -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def script(connection: RawConnection) -> None:
        connection.read_request()
        connection.send(ok)
        if server.connections == 1:
            connection.read_request()  # the second one, which is met with an end

    server = raw_server(script)
    assert client.get(server.url).text == client.get(server.url).text == "ok"
    first, failed, second = log()
    assert "over a new connection" in first
    assert " failed, phase " in failed
    assert failed.endswith("; resent on a new connection")
    assert "over a new connection" in second
