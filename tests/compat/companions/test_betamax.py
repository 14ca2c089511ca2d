"""betamax: an adapter that records what goes over the wire, and replays it."""

from __future__ import annotations

import json

import pytest
import requests
from betamax import Betamax, BetamaxError
from betamax.fixtures.pytest import betamax_recorder, betamax_session  # noqa: F401 - used by name

import envoi
from envoi.testing import Server

assert requests.Session is envoi.Session


def test_it_is_recorded_and_replayed_without_a_server(tmp_path) -> None:
    with Server() as server:
        url = server.url
        session = requests.Session()
        session.headers["X-Mine"] = "1"
        with Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette("one"):
            recorded = [
                session.get(url + "/get", params={"a": "é"}),
                session.post(url + "/post", data={"field": "value"}),
                session.get(url + "/gzip"),
                session.get(url + "/redirect/2"),
                session.get(url + "/cookies/set?flavour=mint"),
                session.get(url + "/bytes/100?seed=1"),
            ]
    session = requests.Session()
    session.headers["X-Mine"] = "1"
    with Betamax(
        session,
        cassette_library_dir=str(tmp_path),
        default_cassette_options={"record_mode": "none"},
    ).use_cassette("one"):
        replayed = [
            session.get(url + "/get", params={"a": "é"}),
            session.post(url + "/post", data={"field": "value"}),
            session.get(url + "/gzip"),
            session.get(url + "/redirect/2"),
            session.get(url + "/cookies/set?flavour=mint"),
            session.get(url + "/bytes/100?seed=1"),
        ]
    for before, after in zip(recorded, replayed, strict=True):
        assert (before.status_code, before.url, dict(before.headers)) == (
            after.status_code,
            after.url,
            dict(after.headers),
        )
        assert before.content == after.content
        assert [step.url for step in before.history] == [step.url for step in after.history]
    assert session.cookies["flavour"] == "mint"
    kept = json.loads((tmp_path / "one.json").read_text())["http_interactions"]
    assert [one["request"]["method"] for one in kept] == [
        "GET",
        "POST",
        "GET",
        "GET",
        "GET",
        "GET",
        "GET",
        "GET",
        "GET",
    ]
    assert kept[0]["request"]["headers"]["X-Mine"] == ["1"]


def test_what_is_not_on_the_cassette_is_refused(tmp_path) -> None:
    session = requests.Session()
    recorder = Betamax(session, cassette_library_dir=str(tmp_path))
    (tmp_path / "empty.json").write_text('{"http_interactions": [], "recorded_with": "betamax/0"}')
    with recorder.use_cassette("empty", record="none"), pytest.raises(BetamaxError):
        session.get("http://nobody.invalid/")


def test_streamed_answers_are_recorded(tmp_path, server) -> None:
    for record in ("once", "none"):
        session = requests.Session()
        with Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette(
            "streamed", record=record
        ):
            with session.get(server.url + "/stream/3", stream=True) as response:
                assert len(list(response.iter_lines())) == 3
            with session.get(server.url + "/get", stream=True) as response:
                assert response.raw.read(3) == b"{\n "
    assert server.served == 2


def test_bytes_are_kept_exactly(tmp_path, server) -> None:
    server.add("/binary", bytes(range(256)))
    for record in ("once", "none"):
        session = requests.Session()
        recorder = Betamax(session, cassette_library_dir=str(tmp_path))
        with recorder.use_cassette("binary", record=record, preserve_exact_body_bytes=True):
            assert session.get(server.url + "/binary").content == bytes(range(256))
    assert server.served == 1


def test_requests_are_told_apart_by_body_and_headers(tmp_path, server) -> None:
    options = {"match_requests_on": ["method", "uri", "body", "headers", "query"]}
    for record in ("once", "none"):
        session = requests.Session()
        with Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette(
            "bodies", record=record, **options
        ):
            assert session.post(server.url + "/post", data={"a": "1"}).json()["form"] == {"a": "1"}
            assert session.post(server.url + "/post", data={"a": "2"}).json()["form"] == {"a": "2"}
            assert session.post(server.url + "/post", json={"a": 3}).json()["json"] == {"a": 3}
    with (
        Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette(
            "bodies", record="none", **options
        ),
        pytest.raises(BetamaxError),
    ):
        session.post(server.url + "/post", data={"a": "4"})
    assert server.served == 3


def test_errors_and_authentication(tmp_path, server) -> None:
    for record in ("once", "none"):
        session = requests.Session()
        with Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette(
            "auth", record=record
        ):
            assert (
                session.get(server.url + "/basic-auth/me/secret", auth=("me", "secret")).status_code
                == 200
            )
            with pytest.raises(requests.HTTPError):
                session.get(server.url + "/status/404").raise_for_status()
    assert server.served == 2
