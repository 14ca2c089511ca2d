"""requests-oauthlib: OAuth 1 signatures and the three legs, OAuth 2 with tokens that are fetched and renewed."""

from __future__ import annotations

import os
import time
from urllib.parse import parse_qsl

import pytest
import requests
from oauthlib.common import Request as SignedRequest
from oauthlib.oauth1.rfc5849 import signature
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, TokenExpiredError
from requests_oauthlib import OAuth1, OAuth1Session, OAuth2, OAuth2Session

import envoi
from envoi.testing import Answer

assert requests.Session is envoi.Session


@pytest.fixture(autouse=True)
def plain_http(monkeypatch) -> None:
    """oauthlib refuses http otherwise."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("kind", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("client", ["auth", "session"])
def test_a_request_is_signed(server, kind, client) -> None:
    if client == "auth":
        auth = OAuth1("key", "secret", "token", "token-secret", signature_type=kind)
        response = requests.post(
            server.url + "/anything?q=a%20b", data={"status": "ça va"}, auth=auth
        )
    else:
        session = OAuth1Session("key", "secret", "token", "token-secret", signature_type=kind)
        response = session.post(server.url + "/anything?q=a%20b", data={"status": "ça va"})
    assert response.status_code == 200
    assert is_signed(server.requests[-1])


def test_a_get_and_a_json_body_are_signed(server) -> None:
    auth = OAuth1("key", "secret", "token", "token-secret")
    assert requests.get(server.url + "/anything", params={"a": "1 2"}, auth=auth).status_code == 200
    assert is_signed(server.requests[-1])
    assert requests.post(server.url + "/anything", json={"a": 1}, auth=auth).json()["json"] == {
        "a": 1
    }
    assert is_signed(server.requests[-1])


def test_three_legs(server) -> None:
    server.add(
        "/request_token",
        "oauth_token=temporary&oauth_token_secret=hush&oauth_callback_confirmed=true",
    )
    server.add("/access_token", "oauth_token=lasting&oauth_token_secret=quiet&user_id=7")
    session = OAuth1Session("key", client_secret="secret", callback_uri="http://127.0.0.1/cb")
    assert session.fetch_request_token(server.url + "/request_token")["oauth_token"] == "temporary"
    assert session.authorization_url(server.url + "/authorize").endswith(
        "/authorize?oauth_token=temporary"
    )
    session.parse_authorization_response(
        "http://127.0.0.1/cb?oauth_token=temporary&oauth_verifier=checked"
    )
    assert session.fetch_access_token(server.url + "/access_token")["user_id"] == "7"
    fields = requests.utils.parse_dict_header(
        server.requests[-1].headers.get("authorization").partition(" ")[2]
    )
    assert fields["oauth_verifier"] == "checked"
    assert session.authorized


def test_a_signature_is_made_anew_for_a_redirect(server) -> None:
    server.add("/moved", Answer(302, headers={"Location": "/anything/there"}))
    session = OAuth1Session("key", "secret", "token", "token-secret")
    response = session.get(server.url + "/moved")
    assert response.json()["url"] == server.url + "/anything/there"
    assert is_signed(server.requests[-1])


def test_a_token_is_sent(server) -> None:
    response = requests.get(
        server.url + "/bearer", auth=OAuth2(token={"access_token": "abc", "token_type": "Bearer"})
    )
    assert response.json()["token"] == "abc"


def test_a_token_is_fetched_and_used(server) -> None:
    token_server(server)
    session = OAuth2Session(client=BackendApplicationClient(client_id="me"))
    token = session.fetch_token(server.url + "/token", client_id="me", client_secret="secret")
    assert token["access_token"] == "token-1"
    assert session.get(server.url + "/bearer").json()["token"] == "token-1"
    asked = server.requests[0]
    assert dict(parse_qsl(asked.text()))["grant_type"] == "client_credentials"
    assert asked.headers.get("authorization") == requests.auth._basic_auth_str("me", "secret")
    session = OAuth2Session(client=LegacyApplicationClient(client_id="me"))
    session.fetch_token(
        server.url + "/token", username="u", password="p", client_id="me", client_secret="secret"
    )
    assert session.get(server.url + "/bearer").json()["token"] == "token-2"


def test_the_code_of_a_browsers_visit_becomes_a_token(server) -> None:
    token_server(server)
    session = OAuth2Session("me", redirect_uri="http://127.0.0.1/cb", scope=["read"], pkce="S256")
    url, state = session.authorization_url(server.url + "/authorize")
    assert f"state={state}" in url
    session.fetch_token(
        server.url + "/token",
        authorization_response=f"http://127.0.0.1/cb?code=c&state={state}",
        client_secret="s",
    )
    asked = dict(parse_qsl(server.requests[-1].text()))
    assert (asked["grant_type"], asked["code"], asked["redirect_uri"]) == (
        "authorization_code",
        "c",
        "http://127.0.0.1/cb",
    )
    assert asked["code_verifier"]


def test_a_token_that_has_expired_is_renewed(server) -> None:
    token_server(server)
    expired = {
        "access_token": "old",
        "refresh_token": "again",
        "token_type": "Bearer",
        "expires_at": time.time() - 10,
        "expires_in": -10,
    }
    kept = []
    session = OAuth2Session(
        "me",
        token=dict(expired),
        auto_refresh_url=server.url + "/token",
        auto_refresh_kwargs={"client_id": "me", "client_secret": "secret"},
        token_updater=kept.append,
    )
    assert session.get(server.url + "/bearer").json()["token"] == "token-1"
    assert [token["access_token"] for token in kept] == ["token-1"]
    assert dict(parse_qsl(server.requests[0].text()))["refresh_token"] == "again"
    with pytest.raises(TokenExpiredError):
        OAuth2Session("me", token=dict(expired)).get(server.url + "/bearer")


def test_hooks_change_an_answer_on_its_way(server) -> None:
    server.add(
        "/odd", Answer(200, "access_token=abc&expires=60", headers={"Content-Type": "text/plain"})
    )

    def as_json(response):
        fields = dict(parse_qsl(response.text))
        response._content = (
            b'{"access_token": "%s", "token_type": "Bearer"}' % fields["access_token"].encode()
        )
        return response

    session = OAuth2Session(client=BackendApplicationClient(client_id="me"))
    session.register_compliance_hook("access_token_response", as_json)
    assert (
        session.fetch_token(server.url + "/odd", client_id="me", client_secret="s")["access_token"]
        == "abc"
    )


def token_server(server) -> None:
    count = iter(range(1, 100))

    @server.route("/token", ["POST"])
    def token(request):
        return {
            "access_token": f"token-{next(count)}",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": os.urandom(4).hex(),
        }


def is_signed(request) -> bool:
    """Whether a request that came carries a signature that fits it, by oauthlib's own check."""
    url = request.url
    form = (
        request.text()
        if request.headers.get("content-type").startswith("application/x-www-form-urlencoded")
        else ""
    )
    headers = {"Authorization": value} if (value := request.headers.get("authorization")) else {}
    parameters = signature.collect_parameters(
        uri_query=request.query,
        body=form,
        headers=headers,
        exclude_oauth_signature=False,
        with_realm=False,
    )
    signed = SignedRequest(url, http_method=request.method)
    signed.params = [(name, value) for name, value in parameters if name != "oauth_signature"]
    signed.signature = dict(parameters)["oauth_signature"]
    return signature.verify_hmac_sha1(signed, "secret", "token-secret")
