"""Several of an adapter's methods at once, as packages on top of requests override them."""

from __future__ import annotations

from typing import Any

import envoi
from envoi.adapters import HTTPAdapter
from envoi.testing import Server


def test_fields_that_are_added_go_to_the_target_that_was_changed(server: Server) -> None:
    class Signing(HTTPAdapter):
        def add_headers(self, request: Any, **options: Any) -> None:
            request.headers["X-Signed"] = request.method

        def request_url(self, request: Any, proxies: Any) -> str:
            return super().request_url(request, proxies) + "?signed"

    with envoi.Session() as session:
        session.mount("http://", Signing())
        answer = session.get(server.url + "/anything/a").json()
    assert (answer["headers"]["X-Signed"], answer["args"]) == ("GET", {"signed": ""})


def test_an_answer_is_sent_again_by_the_adapter_of_the_first(server: Server) -> None:
    def again(response: Any, **options: Any) -> Any:
        if response.status_code != 401:
            return response
        response.content  # read, so that the connection is free
        response.raw.release_conn()
        request = response.request.copy()
        request.headers["Authorization"] = "Bearer token"
        sent = response.connection.send(request, **options)
        sent.history.append(response)
        return sent

    with envoi.Session() as session:
        response = session.get(server.url + "/bearer", hooks={"response": again}, timeout=5)
        assert (response.json()["token"], [step.status_code for step in response.history]) == (
            "token",
            [401],
        )
        assert server.connections == 1
