"""requests-mock: an adapter of its own, mounted, or put in by a patched `Session.get_adapter`."""

from __future__ import annotations

import io
import re

import pytest
import requests
import requests_mock

import envoi

assert requests.Session is envoi.Session

URL = "http://nobody.invalid/api"


def test_a_reply_takes_the_place_of_a_server() -> None:
    with requests_mock.Mocker() as mocked:
        mocked.get(URL, json={"mocked": True}, status_code=201, headers={"X-Mine": "1"})
        for response in (requests.get(URL), requests.Session().get(URL)):
            assert (response.status_code, response.json(), response.headers["x-mine"]) == (
                201,
                {"mocked": True},
                "1",
            )
    assert mocked.call_count == 2
    assert mocked.last_request.method == "GET"


def test_the_patch_is_taken_back(server) -> None:
    with requests_mock.Mocker() as mocked:
        mocked.get(requests_mock.ANY, text="mocked")
        assert requests.get(server.url + "/get").text == "mocked"
    assert requests.get(server.url + "/get").json()["url"] == server.url + "/get"


def test_what_is_not_registered_is_refused() -> None:
    with (
        requests_mock.Mocker(),
        pytest.raises(requests_mock.NoMockAddress, match="GET http://nobody.invalid/api"),
    ):
        requests.get(URL)


def test_the_fixture_of_its_plugin(requests_mock) -> None:
    requests_mock.post(re.compile("nobody"), text=lambda request, context: request.text.upper())
    assert requests.post(URL, data="shout").text == "SHOUT"
    assert requests_mock.call_count == 1


def test_the_decorator() -> None:
    @requests_mock.Mocker(kw="mocked")
    def decorated(mocked=None) -> list[str]:
        mocked.register_uri("GET", URL, [{"text": "one"}, {"text": "two"}])
        return [requests.get(URL).text for _ in range(3)]

    assert decorated() == ["one", "two", "two"]


def test_what_was_asked_is_told() -> None:
    with requests_mock.Mocker() as mocked:
        mocked.put(URL, text="ok")
        requests.put(
            URL, params={"q": "x"}, json={"a": 1}, timeout=3, verify=False, cert=("c", "k")
        )
    asked = mocked.last_request
    assert (asked.qs, asked.json(), asked.hostname, asked.path) == (
        {"q": ["x"]},
        {"a": 1},
        "nobody.invalid",
        "/api",
    )
    assert (asked.timeout, asked.verify, asked.cert) == (3, False, ("c", "k"))


@pytest.mark.parametrize("timeout", [None, 3, 0.5, (3, 5)])
def test_a_timeout_is_told_as_it_was_given(timeout) -> None:
    with requests_mock.Mocker() as mocked:
        mocked.get(URL)
        requests.get(URL, timeout=timeout)
        requests.get(URL)
    assert [asked.timeout for asked in mocked.request_history] == [timeout, None]


def test_an_exception_is_raised() -> None:
    with requests_mock.Mocker() as mocked:
        mocked.get(URL, exc=requests.exceptions.ConnectTimeout)
        with pytest.raises(requests.exceptions.ConnectTimeout):
            requests.get(URL)


def test_cookies_and_redirects() -> None:
    jar = requests_mock.CookieJar()
    jar.set("flavour", "mint", domain="nobody.invalid", path="/")
    with requests_mock.Mocker() as mocked:
        mocked.get(
            URL, status_code=302, headers={"Location": "http://nobody.invalid/next"}, cookies=jar
        )
        mocked.get(
            "http://nobody.invalid/next", text="there", headers={"Set-Cookie": "size=small; Path=/"}
        )
        response = requests.Session().get(URL)
        assert (response.text, response.cookies.get_dict()) == ("there", {"size": "small"})
        assert [(step.status_code, step.cookies["flavour"]) for step in response.history] == [
            (302, "mint")
        ]
        assert requests.get(URL, allow_redirects=False).next.url == "http://nobody.invalid/next"


def test_a_reply_is_streamed() -> None:
    with requests_mock.Mocker() as mocked:
        mocked.get(URL, body=io.BytesIO(b"abcdef"))
        with requests.get(URL, stream=True) as response:
            assert list(response.iter_content(4)) == [b"abcd", b"ef"]
        mocked.get(URL, content=b"abcdef")
        with requests.get(URL, stream=True) as response:
            assert response.raw.read() == b"abcdef"


def test_the_adapter_is_mounted() -> None:
    session = requests.Session()
    adapter = requests_mock.Adapter()
    session.mount("mock://", adapter)
    adapter.register_uri("GET", "mock://test.com/path", text="data")
    response = session.get("mock://test.com/path")
    assert (response.text, response.connection) == ("data", adapter)
    with pytest.raises(requests_mock.NoMockAddress):
        session.get("mock://test.com/other")


def test_one_session_is_mocked(server) -> None:
    session = requests.Session()
    with requests_mock.Mocker(session=session) as mocked:
        mocked.get(server.url + "/get", text="mocked")
        assert session.get(server.url + "/get").text == "mocked"
        assert requests.get(server.url + "/get").status_code == 200
        assert requests.get(server.url + "/get").text != "mocked"
    assert session.get(server.url + "/get").text != "mocked"


def test_some_go_to_the_server(server) -> None:
    with requests_mock.Mocker(real_http=True) as mocked:
        mocked.get(URL, text="mocked")
        assert requests.get(URL).text == "mocked"
        assert requests.get(server.url + "/get", params={"a": 1}).json()["args"] == {"a": "1"}
    with requests_mock.Mocker() as mocked:
        mocked.get(server.url + "/status/418", real_http=True)
        assert requests.get(server.url + "/status/418").status_code == 418
