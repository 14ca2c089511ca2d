"""Unix sockets: by a session's or an adapter's `uds=`, and by URLs where an adapter was mounted."""

from __future__ import annotations

import os
import pickle

import pytest

import envoi
from envoi import adapters
from peers.clients import Client
from peers.servers.unix import UnixServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Python has none there")


@pytest.fixture
def unix_server(tmp_path):
    with UnixServer(tmp_path / "s") as server:
        yield server


def quoted(path):
    return path.replace("/", "%2F")


def test_a_session_reaches_its_socket_whatever_the_host(colour, unix_server):
    with Client(colour, uds=unix_server.path) as session:
        first = session.get("http://docker.example/info?a=1")
        second = session.get("http://other.example:8080/x")
    assert first.json() == {"path": "/info?a=1", "host": "docker.example"}
    assert second.json() == {"path": "/x", "host": "other.example:8080"}


def test_a_path_object_and_a_base_url(colour, unix_server, tmp_path):
    with Client(colour, uds=tmp_path / "s", base_url="http://docker/v1") as session:
        assert session.session.uds == unix_server.path
        assert session.get("info").json() == {"path": "/v1/info", "host": "docker"}


def test_a_connection_is_kept(colour, unix_server):
    with Client(colour, uds=unix_server.path) as session:
        for _ in range(3):
            session.get("http://docker/")
        assert session.get("http://docker/").trace.reused


def test_the_setting_can_be_changed(colour, unix_server, server):
    with Client(colour) as session:
        assert session.get(server.url + "/get").ok
        session.session.uds = unix_server.path
        assert session.get(server.url + "/info").json()["path"] == "/info"
        session.session.uds = None
        assert session.get(server.url + "/get").json()["url"]


def test_proxies_of_the_environment_are_not_asked(colour, unix_server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Client(colour, uds=unix_server.path) as session:
        assert session.get("http://docker/").ok


def test_proxies_beside_it_are_refused(colour, unix_server):
    with Client(colour, uds=unix_server.path) as session:
        with pytest.raises(envoi.exceptions.InvalidOption, match="uds"):
            session.get("http://docker/", proxies={"http": "http://127.0.0.1:1"})
        session.session.proxies = {"http": "http://127.0.0.1:1"}
        with pytest.raises(envoi.exceptions.InvalidOption, match="uds"):
            session.get("http://docker/")
    assert unix_server.requests == []


def test_nobody_listens(colour, tmp_path):
    with (
        Client(colour, uds=tmp_path / "missing") as session,
        pytest.raises(envoi.exceptions.ConnectionError, match="missing"),
    ):
        session.get("http://docker/")


@pytest.mark.parametrize("value", [5, "", True, ["/run/x"]])
def test_what_is_no_path(colour, value):
    with pytest.raises(envoi.exceptions.InvalidOption, match="uds="):
        Client(colour, uds=value)
    with pytest.raises(envoi.exceptions.InvalidOption, match="uds="):
        adapters.HTTPAdapter(uds=value)


def test_a_request_has_no_such_option(colour):
    with (
        Client(colour) as session,
        pytest.raises(envoi.exceptions.InvalidOption, match="setting of a session"),
    ):
        session.get("http://docker/", uds="/run/x")


def adapter_of(colour, name, **settings):
    return getattr(adapters, name if colour == "sync" else f"Async{name}")(**settings)


def test_an_adapter_for_a_prefix(colour, unix_server, server):
    with Client(colour) as session:
        session.session.mount(
            "http://docker/", adapter_of(colour, "HTTPAdapter", uds=unix_server.path)
        )
        assert session.get("http://docker/info").json() == {"path": "/info", "host": "docker"}
        assert session.get(server.url + "/get").json()["url"]


def test_a_url_that_names_a_socket_needs_an_adapter(colour, unix_server):
    url = f"http+unix://{quoted(unix_server.path)}/info"
    with Client(colour) as session:
        with pytest.raises(envoi.exceptions.InvalidSchema):
            session.get(url)
        assert unix_server.requests == []
        session.session.mount("http+unix://", adapter_of(colour, "UnixAdapter"))
        response = session.get(url, params={"a": "b"})
        assert response.json() == {"path": "/info?a=b", "host": "localhost"}
        assert response.url == url + "?a=b"
        assert session.get(url).trace.reused


def test_a_sync_adapter_in_an_async_session(colour, unix_server):
    with Client(colour) as session:
        session.session.mount("http+unix://", adapters.UnixAdapter())
        url = f"http+unix://{quoted(unix_server.path)}/info"
        assert session.get(url).json() == {"path": "/info", "host": "localhost"}


@pytest.mark.parametrize("url", ["http+unix://docker/info", "http+unix:///info"])
def test_a_url_without_a_path_of_a_socket(colour, url):
    with Client(colour) as session:
        session.session.mount("http+unix://", adapter_of(colour, "UnixAdapter"))
        with pytest.raises(envoi.exceptions.InvalidURL):
            session.get(url)


def test_no_redirect_leads_to_a_socket(colour, unix_server, raw_server):
    url = f"http+unix://{quoted(unix_server.path)}/secret"

    def redirect(connection):
        connection.read_head()
        connection.send(
            b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % url.encode()
        )

    web = raw_server(redirect)
    with Client(colour) as session:
        session.session.mount("http+unix://", adapter_of(colour, "UnixAdapter"))
        with pytest.raises(envoi.exceptions.InvalidSchema):
            session.get(web.url)
        unix_server.redirects["/there"] = f"http+unix://{quoted(unix_server.path + '2')}/x"
        unix_server.redirects["/here"] = "/secret"
        start = f"http+unix://{quoted(unix_server.path)}"
        with pytest.raises(envoi.exceptions.InvalidSchema, match="another Unix socket"):
            session.get(start + "/there")
        assert session.get(start + "/here").json() == {"path": "/secret", "host": "localhost"}
    assert [path for path, _ in unix_server.requests] == ["/there", "/here", "/secret"]


def test_settings_survive_pickling(unix_server):
    session = pickle.loads(pickle.dumps(envoi.Session(uds=unix_server.path)))
    with session:
        assert session.get("http://docker/").json() == {"path": "/", "host": "docker"}
    adapter = pickle.loads(pickle.dumps(adapters.HTTPAdapter(uds=unix_server.path)))
    with envoi.Session() as other:
        other.mount("http://docker/", adapter)
        assert other.get("http://docker/").json() == {"path": "/", "host": "docker"}


def test_an_adapter_of_the_session_with_retries_of_its_own(unix_server):
    with envoi.Session(uds=unix_server.path) as session:
        session.get_adapter("http://docker/").max_retries = 2
        assert session.get("http://docker/").json() == {"path": "/", "host": "docker"}


def test_no_redirect_from_elsewhere_leads_to_an_adapters_socket(colour, unix_server, server):
    server.add("/go", status=302, headers={"Location": "http://docker/info"})
    with Client(colour) as session:
        session.session.mount(
            "http://docker/", adapter_of(colour, "HTTPAdapter", uds=unix_server.path)
        )
        with pytest.raises(envoi.exceptions.InvalidSchema, match="redirect"):
            session.get(server.url + "/go")
        assert unix_server.requests == []
