"""requests-futures: requests in threads. requests-ntlm: an exchange by hooks that has to stay on one connection."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import as_completed

import pytest
import requests
from requests_futures.sessions import FuturesSession
from requests_ntlm import HttpNtlmAuth
from spnego._ntlm_raw.messages import (
    Authenticate,
    AvId,
    Challenge,
    Negotiate,
    NegotiateFlags,
    NTClientChallengeV2,
)
from spnego.channel_bindings import GssChannelBindings

import envoi
from envoi.testing import Answer, Server

assert requests.Session is envoi.Session


def test_requests_run_in_the_background(server) -> None:
    with FuturesSession(max_workers=3) as session:
        futures = [session.get(f"{server.url}/get?number={number}") for number in range(10)]
        answers = [
            int(future.result().json()["args"]["number"]) for future in as_completed(futures)
        ]
        assert sorted(answers) == list(range(10))
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get("http://127.0.0.1:1/").result()


def test_a_hook_runs_in_the_background(server) -> None:
    def parse(response, *_, **__) -> None:
        response.data = response.json()

    session = FuturesSession()
    session.hooks["response"] = parse
    assert session.post(server.url + "/post", json={"a": 1}).result().data["json"] == {"a": 1}


def test_a_session_of_ones_own_is_used(server) -> None:
    own = requests.Session()
    own.headers["X-Mine"] = "1"
    retries = requests.adapters.Retry(2, status_forcelist=[503], backoff_factor=0)
    with FuturesSession(
        session=own, adapter_kwargs={"max_retries": retries, "pool_maxsize": 20}
    ) as session:
        answers = iter([503, 200])
        server.route("/moody")(lambda request: (next(answers), request.headers.get("x-mine")))
        assert session.get(server.url + "/moody").result().text == "1"
    with (
        FuturesSession(adapter_kwargs={"max_retries": 1}) as session,
        pytest.raises(requests.exceptions.ConnectionError),
    ):
        session.get("http://127.0.0.1:1/").result()


def test_ntlm_stays_on_its_connection(server) -> None:
    ntlm_path(server, "/ntlm")
    session = requests.Session()
    session.auth = HttpNtlmAuth("DOMAIN\\me", "secret")
    session.get(server.url + "/get", auth=("x", "y"))
    response = session.get(server.url + "/ntlm")
    assert (response.status_code, response.text) == (200, "welcome DOMAIN me")
    assert [step.status_code for step in response.history] == [401, 401]
    asked = [request.connection for request in server.requests if request.path == "/ntlm"]
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert session.post(server.url + "/ntlm", data={"a": "1"}).text == "welcome DOMAIN me a=1"


def test_ntlm_is_bound_to_the_certificate(ca) -> None:
    with Server(tls=ca.issue("127.0.0.1")) as server:
        tokens = ntlm_path(server, "/ntlm")
        plain = requests.get(server.url + "/get", verify=server.ca_path, stream=True)
        certificate = plain.raw.connection.sock.getpeercert(True)
        assert (
            requests.get(
                server.url + "/ntlm", auth=HttpNtlmAuth("D\\me", "secret"), verify=server.ca_path
            ).text
            == "welcome D me"
        )
    end_point = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
    told = NTClientChallengeV2.unpack(
        Authenticate.unpack(tokens[-1]).nt_challenge_response[16:]
    ).av_pairs[AvId.channel_bindings]
    assert told == hashlib.md5(GssChannelBindings(application_data=end_point).pack()).digest()


def ntlm_path(server, path: str) -> list[bytes]:
    """A path that wants NTLM's three messages, on one connection; the messages that it got."""
    tokens = []
    challenged: dict[int, bool] = {}

    @server.route(path, ["GET", "POST"])
    def answer(request):
        kind, _, token = request.headers.get("authorization").partition(" ")
        if kind == "NTLM":
            data = base64.b64decode(token)
            tokens.append(data)
            if data[8] == 1:
                Negotiate.unpack(data)
                challenged[request.connection] = True
                flags = (
                    NegotiateFlags.key_56
                    | NegotiateFlags.key_128
                    | NegotiateFlags.unicode
                    | NegotiateFlags.ntlm
                )
                challenge = Challenge(
                    flags=flags | NegotiateFlags.extended_session_security,
                    server_challenge=b"12345678",
                    target_name="T",
                )
                encoded = base64.b64encode(challenge.pack()).decode()
                return Answer(401, headers={"WWW-Authenticate": f"NTLM {encoded}"})
            if challenged.pop(request.connection, False):
                message = Authenticate.unpack(data)
                return f"welcome {message.domain_name} {message.user_name} {request.text()}".strip()
        return Answer(401, headers={"WWW-Authenticate": "NTLM"})

    return tokens
