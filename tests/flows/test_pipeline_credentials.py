"""Credentials stay within the origin they were given for, and never come back to it later in the chain."""

from __future__ import annotations

import base64

import pytest

from flows.support import RUNNERS, answer, fields, heads, redirect, run_client, server

OK = answer(b"ok")
BASIC = "Basic " + base64.b64encode(b"user:secret").decode()


@pytest.fixture(params=RUNNERS)
def runner(request):
    return request.param


# How a caller may give credentials: settings of the session, options of the call, the URL's user info.
WAYS = {
    "auth of the call": ({}, {"auth": ("user", "secret")}, ""),
    "auth of the session": ({"auth": ("user", "secret")}, {}, ""),
    "header of the call": ({}, {"headers": {"Authorization": BASIC}}, ""),
    "header in lower case": ({}, {"headers": {"authorization": BASIC}}, ""),
    "header of the session": ({"headers": {"AUTHORIZATION": BASIC}}, {}, ""),
    "user info": ({}, {}, "user:secret@"),
    "cookie header": ({}, {"headers": {"Cookie": "user=secret"}}, ""),
    "cookies of the call": ({}, {"cookies": {"user": "secret"}}, ""),
    "own header": ({"sensitive_headers": ["X-Api-Key"]}, {"headers": {"x-api-key": "secret"}}, ""),
}
SECRETS = ("secret", BASIC)


def hops(runner, way, start, *steps):
    """Follow redirects from `start` to each of `steps`; for each request, whether it carried the credentials."""
    settings, options, user = WAYS[way]
    scheme, rest = start.split("://")
    urls = [start, *(url for url, _ in steps)]
    answers = {}
    for number, url in enumerate(urls):
        reply = redirect(urls[number + 1], steps[number][1]) if number + 1 < len(urls) else OK
        origin = "/".join(url.split("/")[:3])
        answers.setdefault(origin, []).append(reply)
    order = list(dict.fromkeys("/".join(url.split("/")[:3]) for url in urls))
    peers = [server(*answers[origin]) for origin in order]

    async def flow(client):
        return await client.get(f"{scheme}://{user}{rest}", **options)

    response, client = run_client(runner, peers, flow, **settings)
    assert response.content == b"ok"
    client.check()
    sent = {
        order[number]: [any(secret in head for secret in SECRETS) for head in heads(stream)]
        for number, stream in enumerate(client.streams)
    }
    return [sent["/".join(url.split("/")[:3])].pop(0) for url in urls]


KEPT_WITHIN = [way for way in WAYS if way != "cookie header"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("way", KEPT_WITHIN)
def test_credentials_are_kept_within_the_origin(runner, way, status):
    assert hops(runner, way, "http://a.test/", ("http://a.test/next", status)) == [True, True]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("start", "target"),
    [
        ("http://a.test/", "http://b.test/"),
        ("http://a.test/", "http://sub.a.test/"),
        ("http://a.test/", "http://a.test:8080/"),
        ("https://a.test/", "http://a.test/"),
        ("http://a.test/", "https://a.test:8443/"),
    ],
)
def test_credentials_are_dropped_on_another_origin(runner, way, start, target, status):
    assert hops(runner, way, start, (target, status)) == [True, False]


@pytest.mark.parametrize("way", WAYS)
def test_credentials_do_not_come_back_with_the_first_origin(runner, way):
    assert hops(
        runner,
        way,
        "http://a.test/",
        ("http://b.test/", 302),
        ("http://a.test/again", 302),
        ("http://a.test/more", 307),
    ) == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("way", KEPT_WITHIN)
def test_credentials_survive_the_upgrade_to_https(runner, way):
    assert hops(runner, way, "http://a.test/", ("https://a.test/", 301)) == [True, True]


def test_call_after_a_redirect_still_has_the_session_s_credentials(runner):
    async def flow(client):
        await client.get()
        await client.get()

    _, client = run_client(
        runner, [server(redirect("//b.test/"), OK), server(OK)], flow, auth=("user", "secret")
    )
    assert [BASIC in head for head in heads(client.streams[0])] == [True, True]


def test_user_info_in_a_location_is_not_sent(runner):
    _, client = run_client(
        runner,
        [server(redirect("http://user:secret@a.test/next"), OK)],
        lambda client: client.get(),
    )
    assert "authorization" not in fields(heads(client.streams[0])[1])


def test_jar_s_cookies_go_where_they_belong(runner):
    first = redirect("http://b.test/", 302, b"", "Set-Cookie: mine=a")
    second = redirect("http://a.test/", 302, b"", "Set-Cookie: mine=b")
    _, client = run_client(runner, [server(first, OK), server(second)], lambda client: client.get())
    assert [fields(head).get("cookie") for head in heads(client.streams[0])] == [None, "mine=a"]
    assert [fields(head).get("cookie") for head in heads(client.streams[1])] == [None]
    assert len(client.cookies) == 2


def test_next_of_a_redirect_not_followed_has_no_credentials_for_another_origin(runner):
    response, _ = run_client(
        runner,
        [server(redirect("//b.test/"))],
        lambda client: client.get(
            allow_redirects=False, auth=("user", "secret"), cookies={"a": "b"}
        ),
    )
    assert "Authorization" not in response.next.headers
    assert "Cookie" not in response.next.headers


@pytest.mark.parametrize(
    ("auth", "url", "header", "expected"),
    [
        (("user", "secret"), "http://other:word@a.test/", None, BASIC),
        (None, "http://user:secret@a.test/", "Bearer x", BASIC),
        (None, "http://us%65r:s%65cret@a.test/", None, BASIC),
        (None, "http://a.test/", "Bearer x", "Bearer x"),
    ],
)
def test_which_credentials_win(runner, auth, url, header, expected):
    headers = {} if header is None else {"Authorization": header}
    _, client = run_client(
        runner, [server(OK)], lambda client: client.get(url, auth=auth, headers=headers)
    )
    assert fields(heads(client.streams[0])[0])["authorization"] == expected


def test_user_info_is_not_in_what_is_sent_or_said(runner):
    from flows.support import caught

    error, client = run_client(
        runner,
        [server(redirect("ftp://x/"))],
        lambda client: caught(client.get("http://user:secret@a.test/")),
    )
    assert "secret" not in str(error)
    assert b"secret" not in client.streams[0].sent
    assert fields(heads(client.streams[0])[0])["host"] == "a.test"


def test_session_cookie_without_a_domain_stays_within_the_first_origin(runner):
    peers = [server(redirect("http://b.test/"), OK), server(redirect("http://a.test/again"))]
    _, client = run_client(
        runner, peers, lambda client: client.get("http://a.test/"), cookies={"sid": "secret"}
    )
    assert ["sid=secret" in head for stream in client.streams for head in heads(stream)] == [
        True,
        False,
        False,
    ]
