"""Hooks, prepared requests and pickled sessions, with requests and with Envoi."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from compat.differential_support import Case, Peer, assert_same, assert_same_in_colour, snapshot

pytestmark = pytest.mark.timeout(30)

CASES: dict[str, Case] = {}
SYNC: dict[str, Case] = {}
"""Cases that need the synchronous session itself."""


def case(function: Case) -> Case:
    """Take a function for a case that has its name."""
    return _take(CASES, function)


def sync_case(function: Case) -> Case:
    """The same, for the synchronous session alone."""
    return _take(SYNC, function)


def _take(cases: dict[str, Case], function: Case) -> Case:
    name = function.__name__.strip("_").replace("_", " ")
    assert name not in CASES.keys() | SYNC.keys()
    cases[name] = function
    return function


@case
def _hooks_of_both(peer: Peer) -> None:
    order: list[str] = []
    peer.session.hooks = {"response": lambda response, **_: order.append("session")}
    peer.get(
        "/final",
        hooks={
            "response": [
                lambda response, **_: order.append("first"),
                lambda response, **_: order.append("second"),
            ]
        },
    )
    peer.get("/final")
    peer.see("order", order)


@case
def _hooks_appended(peer: Peer) -> None:
    order: list[int] = []
    peer.session.hooks["response"].append(lambda response, **_: order.append(response.status_code))
    peer.get("/two")
    peer.see("order", order)


@case
def _hook_changes_the_response(peer: Peer) -> None:
    def change(response: Any, **_: Any) -> None:
        response.status_code = 299
        response.headers["X-Added"] = "1"
        response.encoding = "utf-16"

    peer.get("/final", hooks={"response": change})


@case
def _hook_raises(peer: Peer) -> None:
    def fail(response: Any, **_: Any) -> None:
        raise KeyError("of the hook")

    peer.get("/final", hooks={"response": fail})
    peer.get("/final")


@case
def _hook_raises_for_status(peer: Peer) -> None:
    peer.session.hooks["response"] = lambda response, **_: response.raise_for_status()
    peer.get("/404")
    peer.get("/to-302")


@case
def _hook_of_another_event(peer: Peer) -> None:
    peer.get("/final", hooks={"request": print})


@case
def _hook_that_is_none(peer: Peer) -> None:
    peer.get("/final", hooks={"response": None})
    peer.get("/final", hooks=None)
    peer.get("/final", hooks={})


@case
def _hook_of_every_hop(peer: Peer) -> None:
    seen: list[Any] = []
    peer.get(
        "/two",
        hooks={
            "response": lambda response, **_: seen.append(
                (response.status_code, len(response.history))
            )
        },
    )
    peer.see("seen", seen)


@case
def _hook_is_told(peer: Peer) -> None:
    told: list[Any] = []
    peer.get(
        "/final",
        timeout=7,
        hooks={
            "response": lambda response, **options: told.append(
                {key: options[key] for key in ("timeout", "stream", "cert") if key in options}
            )
        },
    )
    peer.see("told", told)


@case
def _prepared_and_sent(peer: Peer) -> None:
    peer.session.headers["X-Session"] = "s"
    peer.session.params = {"s": 1}
    request = peer.library.Request(
        "post",
        peer.world.expand("/d"),
        data={"a": 1},
        headers={"X-Request": "r"},
        params={"r": 2},
        cookies={"c": "1"},
        auth=("u", "p"),
    )
    prepared = peer.see(
        "prepared",
        lambda: peer.session.prepare_request(request),
        lambda made: (
            made.method,
            made.url,
            made.body,
            sorted(key.lower() for key in made.headers),
        ),
    )
    peer.send(prepared)
    peer.send(prepared)


@case
def _prepared_without_a_session(peer: Peer) -> None:
    prepared = peer.library.Request("GET", peer.world.expand("/h"), headers={"X-A": "1"}).prepare()
    peer.send(prepared)


@case
def _prepared_and_changed(peer: Peer) -> None:
    prepared = peer.session.prepare_request(
        peer.library.Request("POST", peer.world.expand("/d"), data=b"abc")
    )
    prepared.headers["X-Late"] = "1"
    prepared.url += "?late=1"
    prepared.method = "PUT"
    prepared.body = b"longer body"
    prepared.prepare_content_length(prepared.body)
    peer.send(prepared)


@case
def _prepared_and_redirected(peer: Peer) -> None:
    prepared = peer.session.prepare_request(
        peer.library.Request("POST", peer.world.expand("/to-302"), data={"a": 1}, auth=("u", "p"))
    )
    peer.send(prepared)
    peer.send(prepared, allow_redirects=False)
    peer.send(
        peer.session.prepare_request(
            peer.library.Request("POST", peer.world.expand("/to-307"), json={"a": 1})
        )
    )


@case
def _next_is_sent(peer: Peer) -> None:
    response = peer.get("/two", allow_redirects=False, auth=("u", "p"), headers={"X-A": "1"})
    response = peer.send(response.next, allow_redirects=False)
    response = peer.send(response.next, allow_redirects=False)
    peer.see("no next", lambda: response.next)


@case
def _not_prepared(peer: Peer) -> None:
    peer.send(peer.library.Request("GET", peer.world.expand("/h")))


@case
def _hooks_of_a_request(peer: Peer) -> None:
    order: list[str] = []

    def first(response: Any, **_: Any) -> None:
        order.append("first")

    def second(response: Any, **_: Any) -> None:
        order.append("second")

    request = peer.library.Request("GET", peer.world.expand("/two"), hooks={"response": first})
    peer.see("registered", lambda: request.register_hook("response", second))
    peer.see("several", lambda: request.register_hook("response", [first, second]))
    peer.see("no hook", lambda: request.register_hook("response", [5]))
    peer.see(
        "removed",
        lambda: (
            request.deregister_hook("response", first),
            request.deregister_hook("response", print),
        ),
    )
    peer.see("unknown", lambda: request.register_hook("request", first))
    peer.see("left", lambda: len(request.hooks["response"]))
    prepared = peer.session.prepare_request(request)
    prepared.register_hook("response", first)
    peer.send(prepared)
    peer.see("order", order)


@sync_case
def _hook_gives_another_response(peer: Peer) -> None:
    other = peer.open("GET", "/html")
    response = peer.get("/cookie", hooks={"response": lambda response, **_: other})
    peer.see("the other", response is other)
    peer.get("/final")


@sync_case
def _hook_gives_another_response_for_a_redirect(peer: Peer) -> None:
    other = peer.open("GET", "/html")
    peer.get(
        "/two",
        hooks={"response": lambda response, **_: other if response.status_code == 301 else None},
    )


@sync_case
def _hook_sends_again(peer: Peer) -> None:
    """As authentication in requests does it."""

    def again(response: Any, **options: Any) -> Any:
        if response.status_code != 401:
            return None
        _ = response.content
        response.close()
        request = response.request.copy()
        request.headers["X-Again"] = "1"
        request.url = request.url.replace("401", "final")
        sent = response.connection.send(request, **options)
        sent.history.append(response)
        sent.request = request
        return sent

    peer.get("/401", hooks={"response": again})
    peer.post("/401", data=b"body", hooks={"response": again})


@sync_case
def _hook_uses_the_session(peer: Peer) -> None:
    def look(response: Any, **_: Any) -> None:
        if "final" not in response.url:
            peer.see("inside", lambda: peer.session.get(peer.world.expand("/final")), snapshot)

    peer.get("/html", hooks={"response": look})


@sync_case
def _copied(peer: Peer) -> None:
    prepared = peer.session.prepare_request(
        peer.library.Request(
            "POST", peer.world.expand("/d"), data={"a": 1}, cookies={"c": "1"}, headers={"X-A": "1"}
        )
    )
    copy = prepared.copy()
    copy.headers["X-A"] = "2"
    copy.url += "?copy"
    for one in (prepared, copy):
        peer.send(one)


@sync_case
def _prepared_by_hand(peer: Peer) -> None:
    prepared = peer.library.PreparedRequest()
    prepared.prepare(
        method="put",
        url=peer.world.expand("/d"),
        headers={"X-A": "1"},
        data=b"abc",
        params={"q": 1},
        auth=("u", "p"),
        cookies={"c": "1"},
    )
    peer.see(
        "shown",
        lambda: (
            prepared.method,
            prepared.url,
            prepared.path_url,
            prepared.body,
            sorted(name.lower() for name in prepared.headers),
            repr(prepared),
        ),
    )
    peer.send(prepared)
    prepared.prepare_url(peer.world.expand("/e"), {"z": "2"})
    prepared.prepare_method("POST")
    prepared.prepare_headers({"X-B": "2"})
    prepared.prepare_body(None, None, {"a": 1})
    peer.send(prepared)


@sync_case
def _prepared_step_by_step(peer: Peer) -> None:
    prepared = peer.library.PreparedRequest()
    prepared.prepare_method("get")
    prepared.prepare_url(peer.world.expand("/h"), None)
    prepared.prepare_headers({"X-A": "1"})
    prepared.prepare_cookies({"c": "1"})
    prepared.prepare_auth(("u", "p"))
    peer.send(prepared)


@sync_case
def _pickled(peer: Peer) -> None:
    session = peer.session
    session.headers["X-A"] = "1"
    session.params = {"q": "1"}
    session.auth = ("u", "p")
    session.max_redirects = 1
    session.cookies.set("c", "1")
    peer.get("/cookie")
    with pickle.loads(pickle.dumps(session)) as copy:
        for path in ("/a", "/to-302", "/two"):
            peer.see(f"copy {path}", lambda path=path: copy.get(peer.world.expand(path)), snapshot)
    peer.get("/a")


def _merged(proxies: Any, stream: Any, verify: Any, cert: Any) -> Case:
    def play(peer: Peer) -> None:
        session = peer.session
        session.proxies, session.verify, session.stream = (
            {"http": "http://127.0.0.1:1"},
            "/authorities",
            True,
        )
        merged = session.merge_environment_settings(
            peer.world.expand("/x"), proxies, stream, verify, cert
        )
        peer.see("merged", {**merged, "proxies": dict(merged["proxies"])})

    return play


SYNC |= {
    "merged: nothing": _merged({}, None, None, None),
    "merged: all": _merged({"https": "http://127.0.0.1:2"}, False, "/other", ("/client", "/key")),
    "merged: False": _merged({}, False, False, None),
    "merged: True": _merged({}, None, True, None),
    "merged: None as a proxy": _merged({"http": None}, None, None, None),
}


@sync_case
def _helpers_of_redirects(peer: Peer) -> None:
    session = peer.session
    for old, new in (
        ("http://a/", "http://a/x"),
        ("http://a/", "https://a/"),
        ("http://a:80/", "https://a:443/"),
        ("https://a/", "http://a/"),
        ("http://a/", "http://a:80/"),
        ("http://a:1/", "http://a:2/"),
        ("http://a/", "http://A/"),
        ("http://a/", "http://b/"),
        ("http://a:8080/", "https://a/"),
    ):
        peer.see(f"{old} to {new}", lambda old=old, new=new: session.should_strip_auth(old, new))
    for status in (301, 302, 303, 307, 308):
        response = peer.open("POST", f"/to-{status}", allow_redirects=False)
        for method in ("GET", "HEAD", "POST", "PUT"):
            prepared = peer.library.Request(method, "http://a/").prepare()
            session.rebuild_method(prepared, response)
            peer.see(f"{status} {method}", prepared.method)


DIFFERENCES: dict[str, tuple[set[str], str]] = {
    "prepared without a session": ({"wire.User-Agent", "wire.Accept-Encoding"}, "urllib3 and http.client put their own; none means none"),
    "prepared step by step": ({"wire.User-Agent", "wire.Accept-Encoding"}, "as above"),
    "prepared by hand": ({f"wire.{number}.{name}" for number in (1, 2) for name in ("User-Agent", "Accept-Encoding")}, "as above"),
    "hooks of a request": ({"no hook.error"}, "what is no function is refused; requests leaves it out"),
    "hook gives another response": ({"wire.3.connection"}, "the connection of a response that a hook replaced is used again"),
    "hook uses the session": ({"wire.2.connection"}, "a body that is at its end has given its connection back before hooks are called"),
    "merged: None as a proxy": ({"proxies"}, "None is kept: it means no proxy, whatever the environment says"),
    "hook raises": ({"wire.2.connection"}, "the connection of a response that a hook refused is used again"),
    "hook raises for status": ({"wire.2.connection", "wire.3.connection"}, "as above"),
    "pickled": ({"wire.4.order", "wire.6.order"}, "the order of fields with different names means nothing (RFC 9110, section 5.3)"),
}  # fmt: skip
"""Case: what differs, and why it is meant to."""


@pytest.mark.parametrize("name", [*CASES, *SYNC])
def test_same_as_requests(name: str) -> None:
    assert_same((CASES | SYNC)[name], DIFFERENCES.get(name))


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_same_in_every_colour(colour: str) -> None:
    assert_same_in_colour(CASES, colour)


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= (CASES | SYNC).keys()
    assert len(CASES | SYNC) >= 25
