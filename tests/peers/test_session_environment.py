"""What the environment says to a session, where nothing explicit was said: netrc, trust, proxies; in all three colours."""

from __future__ import annotations

import base64
import os

import pytest

import envoi
from envoi.testing import Answer, Server

pytestmark = [pytest.mark.timeout(30), pytest.mark.leaks]

SECRET = "s3cr3t"
OTHER = "0ther"


def basic(user: str, password: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode()


def sent(server: Server) -> list[str]:
    return [request.headers.get("authorization") for request in server.requests]


def redirecting(location: str):
    return lambda _: Answer(302, headers=[("Location", location)])


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    """Writes a netrc file that NETRC names."""

    def write(
        text: str = f"machine 127.0.0.1 login ada password {SECRET}\nmachine localhost login eve password {OTHER}\n",
    ):
        path = tmp_path / "netrc"
        path.write_text(text)
        path.chmod(0o600)
        monkeypatch.setenv("NETRC", str(path))
        return path

    return write


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home without a netrc file, until one is written."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_netrc_that_the_environment_names(new_client, server, netrc) -> None:
    netrc()
    new_client().get(f"{server.url}/get")
    assert sent(server) == [basic("ada")]


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_netrc_of_the_home_folder(name: str, new_client, server, home) -> None:
    (home / name).write_text(f"machine 127.0.0.1 login ada password {SECRET}")
    new_client().get(f"{server.url}/get")
    assert sent(server) == [basic("ada")]


def test_netrc_that_is_named_takes_the_place_of_the_home_folders(
    new_client, server, home, monkeypatch
) -> None:
    (home / ".netrc").write_text(f"machine 127.0.0.1 login ada password {SECRET}")
    monkeypatch.setenv("NETRC", str(home / "missing"))
    new_client().get(f"{server.url}/get")
    assert sent(server) == [""]


def test_default_entry(new_client, server, netrc) -> None:
    netrc(f"default login ada password {SECRET}")
    new_client().get(f"{server.url}/get")
    assert sent(server) == [basic("ada")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "machine 127.0.0.1 login",
        "machine other.test login ada password x",
        "\xff\xfe",
    ],
)
def test_netrc_without_an_entry_changes_nothing(text: str, new_client, server, netrc) -> None:
    netrc(text)
    assert new_client().get(f"{server.url}/get").status_code == 200
    assert sent(server) == [""]


# --- Anything explicit goes before it

EXPLICIT = {
    "auth": ({"auth": ("own", "1")}, basic("own", "1")),
    "function": ({"auth": lambda request: request}, ""),
    "header": ({"headers": {"Authorization": "Mine"}}, "Mine"),
    "header in another case": ({"headers": {"authorization": "Mine"}}, "Mine"),
}


@pytest.mark.parametrize("kind", EXPLICIT)
@pytest.mark.parametrize("where", ["request", "session"])
def test_explicit_credentials_go_before_netrc(
    kind: str, where: str, new_client, server, netrc
) -> None:
    netrc()
    options, expected = EXPLICIT[kind]
    client = new_client(**(options if where == "session" else {}))
    client.get(f"{server.url}/get", **(options if where == "request" else {}))
    assert sent(server) == [expected]


def test_credentials_in_the_url_go_before_netrc(new_client, server, netrc) -> None:
    netrc()
    new_client().get(f"http://own:1@127.0.0.1:{server.port}/get")
    assert sent(server) == [basic("own", "1")]


def test_none_as_auth_leaves_netrc_out_as_well(new_client, server, netrc) -> None:
    netrc()
    new_client().get(f"{server.url}/get", auth=None)
    assert sent(server) == [""]


def test_netrc_is_left_alone_without_trust(new_client, server, netrc) -> None:
    netrc()
    client = new_client(trust_env=False)
    client.get(f"{server.url}/get")
    client.session.trust_env = True
    client.get(f"{server.url}/get")
    client.session.trust_env = False
    client.get(f"{server.url}/get")
    assert sent(server) == ["", basic("ada"), ""]


# --- Redirects


def test_netrc_is_looked_up_for_each_hop(new_client, server, netrc) -> None:
    netrc()
    server.route("/go")(redirecting(f"http://localhost:{server.port}/back"))
    server.route("/back")(redirecting(f"{server.url}/get"))
    new_client().get(f"{server.url}/go")
    assert sent(server) == [basic("ada"), basic("eve", OTHER), basic("ada")]


def test_netrc_password_does_not_follow_a_redirect(new_client, server, netrc) -> None:
    netrc(f"machine 127.0.0.1 login ada password {SECRET}")
    server.route("/go")(redirecting(f"http://localhost:{server.port}/get"))
    new_client().get(f"{server.url}/go")
    assert sent(server) == [basic("ada"), ""]


@pytest.mark.parametrize(
    "options", [{"auth": ("own", "1")}, {"headers": {"Authorization": "Mine"}}]
)
def test_next_host_gets_what_netrc_has_for_it_alone(options, new_client, server, netrc) -> None:
    netrc(f"machine localhost login eve password {OTHER}")
    server.route("/go")(redirecting(f"http://localhost:{server.port}/get"))
    new_client().get(f"{server.url}/go", **options)
    assert sent(server)[1] == basic("eve", OTHER)


def test_netrc_knows_a_host_by_its_parsed_name(new_client, server, netrc) -> None:
    netrc(f"machine LocalHost login eve password {OTHER}")
    new_client().get(f"http://LOCALHOST:{server.port}/get")
    assert sent(server) == [basic("eve", OTHER)]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:x@127.0.0.1:{port}/get",
        "http://127.0.0.1:{port}/@localhost",
        "http://127.0.0.1:{port}/?@localhost:1",
    ],
)
def test_netrc_entry_of_a_name_that_only_looks_like_the_host_is_not_used(
    url: str, new_client, server, netrc
) -> None:
    netrc(f"machine localhost login eve password {OTHER}")
    new_client().get(url.format(port=server.port))
    assert OTHER not in str([base64.b64decode(field[6:]) for field in sent(server) if field])


# --- Trust


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_authorities_of_the_environment(variable: str, new_client, tls_server, monkeypatch) -> None:
    monkeypatch.setenv(variable, os.fspath(tls_server.ca_path))
    assert new_client().get(f"{tls_server.url}/get").status_code == 200
    for settings in ({"verify": True}, {"trust_env": False}):
        with pytest.raises(envoi.SSLError):
            new_client(**settings).get(f"{tls_server.url}/get")


def test_trust_in_the_environment_can_be_withdrawn(new_client, tls_server, monkeypatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.fspath(tls_server.ca_path))
    client = new_client()
    assert client.get(f"{tls_server.url}/get").status_code == 200
    client.session.trust_env = False
    with pytest.raises(envoi.SSLError):
        client.get(f"{tls_server.url}/get")


def test_proxies_of_the_environment_without_trust(
    new_client, server, http_proxy, monkeypatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", http_proxy.url)
    client = new_client(trust_env=False)
    client.get(f"{server.url}/get")
    assert http_proxy.heads == []
    client.session.trust_env = True
    client.get(f"{server.url}/get")
    assert len(http_proxy.heads) == 1


def test_module_functions_look_again_at_the_environment(
    server, http_proxy, netrc, monkeypatch
) -> None:
    envoi.get(f"{server.url}/get")
    monkeypatch.setenv("HTTP_PROXY", http_proxy.url)
    netrc()
    envoi.get(f"{server.url}/get")
    assert len(http_proxy.heads) == 1
    monkeypatch.delenv("HTTP_PROXY")
    monkeypatch.delenv("NETRC")
    envoi.get(f"{server.url}/get")
    assert len(http_proxy.heads) == 1
    assert sent(server) == ["", basic("ada"), ""]
