"""responses: replies in place of a server, by a patched `HTTPAdapter.send`."""

from __future__ import annotations

import re

import pytest
import requests
import responses
from responses import matchers
from responses.registries import OrderedRegistry

import envoi

assert requests.Session is envoi.Session

URL = "http://nobody.invalid/api"


@responses.activate
def test_a_reply_takes_the_place_of_a_server() -> None:
    responses.get(URL, json={"mocked": True}, status=201, headers={"X-Mine": "1"})
    for response in (requests.get(URL), requests.Session().get(URL)):
        assert (response.status_code, response.json(), response.headers["x-mine"]) == (
            201,
            {"mocked": True},
            "1",
        )
        assert response.url == URL
        assert response.reason == "Created"
    responses.assert_call_count(URL, 2)
    assert responses.calls[0].request.method == "GET"
    assert responses.calls[0].response.json() == {"mocked": True}


def test_what_is_not_registered_is_refused() -> None:
    with responses.RequestsMock() as mocked:
        mocked.add("GET", URL, body="x")
        with pytest.raises(
            requests.exceptions.ConnectionError, match="Connection refused by Responses"
        ):
            requests.get(URL + "/other")
        requests.get(URL)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get("http://127.0.0.1:9/")


def test_the_patch_is_taken_back(server) -> None:
    with responses.RequestsMock() as mocked:
        mocked.add("GET", server.url + "/get", json={"mocked": True})
        assert requests.get(server.url + "/get").json() == {"mocked": True}
    assert requests.get(server.url + "/get").json()["url"] == server.url + "/get"


@responses.activate
def test_requests_are_matched_by_what_they_carry() -> None:
    responses.post(URL, json={"who": "json"}, match=[matchers.json_params_matcher({"a": 1})])
    responses.post(
        URL, json={"who": "form"}, match=[matchers.urlencoded_params_matcher({"a": "1"})]
    )
    responses.get(URL, json={"who": "query"}, match=[matchers.query_param_matcher({"page": 2})])
    responses.get(URL, json={"who": "header"}, match=[matchers.header_matcher({"X-Key": "k"})])
    files = {"file": ("name.txt", b"content")}
    responses.put(URL, json={"who": "files"}, match=[matchers.multipart_matcher(files)])
    assert requests.post(URL, json={"a": 1}).json() == {"who": "json"}
    assert requests.post(URL, data={"a": "1"}).json() == {"who": "form"}
    assert requests.get(URL, params={"page": 2}).json() == {"who": "query"}
    assert requests.get(URL, headers={"X-Key": "k"}).json() == {"who": "header"}
    assert requests.put(URL, files=files).json() == {"who": "files"}
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(URL, params={"page": 3})


@responses.activate
def test_arguments_of_the_call_are_matched() -> None:
    responses.get(
        URL,
        body="ok",
        match=[matchers.request_kwargs_matcher({"stream": True, "verify": False, "timeout": 5})],
    )
    assert requests.get(URL, stream=True, verify=False, timeout=5).text == "ok"


@responses.activate
def test_a_function_replies() -> None:
    def reply(request):
        return 200, {"X-Path": request.path_url}, request.body

    responses.add_callback("POST", re.compile(r"http://nobody\.invalid/.*"), callback=reply)
    response = requests.post("http://nobody.invalid/deep?x=1", data=b"echo")
    assert (response.content, response.headers["X-Path"]) == (b"echo", "/deep?x=1")


@responses.activate
def test_an_exception_is_raised() -> None:
    responses.get(URL, body=requests.exceptions.ConnectTimeout("too late"))
    with pytest.raises(requests.exceptions.ConnectTimeout, match="too late"):
        requests.get(URL)


@responses.activate
def test_redirects_are_followed_and_cookies_kept() -> None:
    responses.get(
        URL, status=302, headers={"Location": "/next", "Set-Cookie": "flavour=mint; Path=/"}
    )
    responses.get("http://nobody.invalid/next", body="there")
    session = requests.Session()
    response = session.get(URL)
    assert (response.text, [step.status_code for step in response.history]) == ("there", [302])
    assert session.cookies["flavour"] == "mint"
    assert responses.calls[1].request.headers["Cookie"] == "flavour=mint"
    assert [call.request.url for call in responses.calls] == [URL, "http://nobody.invalid/next"]


@responses.activate
def test_a_reply_is_streamed() -> None:
    responses.get(URL, body=b"line one\nline two\n")
    with requests.get(URL, stream=True) as response:
        assert list(response.iter_lines()) == [b"line one", b"line two"]
    with requests.get(URL, stream=True) as response:
        assert response.raw.read(4) == b"line"
        assert b"".join(response.iter_content(3)) == b" one\nline two\n"


@responses.activate
def test_an_error_status_raises() -> None:
    responses.get(URL, json={"error": "none"}, status=404)
    with pytest.raises(requests.HTTPError, match="404 Client Error: Not Found") as caught:
        requests.get(URL).raise_for_status()
    assert caught.value.response.json() == {"error": "none"}


@responses.activate(registry=OrderedRegistry)
def test_answers_are_tried_again_as_the_adapter_says() -> None:
    session = requests.Session()
    retries = requests.adapters.Retry(
        total=3, backoff_factor=0, status_forcelist=[503], allowed_methods=["GET"]
    )
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
    responses.get(URL, status=503)
    responses.get(URL, status=503)
    responses.get(URL, body="at last")
    assert session.get(URL).text == "at last"


@responses.activate
def test_retries_come_to_an_end() -> None:
    session = requests.Session()
    session.mount(
        "http://",
        requests.adapters.HTTPAdapter(
            max_retries=requests.adapters.Retry(1, status_forcelist=[503])
        ),
    )
    responses.get(URL, status=503)
    with pytest.raises(requests.exceptions.RetryError):
        session.get(URL)


@responses.activate
def test_some_are_passed_through_to_the_server(server) -> None:
    responses.add_passthru(server.url)
    responses.get(URL, body="mocked")
    assert requests.get(server.url + "/status/418").status_code == 418
    assert requests.get(URL).text == "mocked"


@responses.activate
def test_a_prepared_request_is_answered() -> None:
    responses.delete(URL, status=204)
    session = requests.Session()
    prepared = session.prepare_request(requests.Request("DELETE", URL))
    response = session.send(prepared)
    assert (response.status_code, response.content, response.request) == (204, b"", prepared)
