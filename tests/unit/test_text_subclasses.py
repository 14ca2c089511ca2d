"""A text of a subclass of str, such as a member of an enumeration, is the text that it is, whatever its `__str__` says."""

from __future__ import annotations

import io
from enum import Enum

import pytest

import envoi
from envoi._model.multipart import encode_files


class Colour(str, Enum):  # noqa: UP042 - that is the point
    """As code before `StrEnum` has them: `str(Colour.RED)` is "Colour.RED"."""

    RED = "red"
    SPACED = "light blue"


class Shouting(str):
    """`str()` and formatting give something else than the characters."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"

    def __format__(self, _: str) -> str:
        return "other"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(Colour.RED, "red"), (Colour.SPACED, "light+blue"), (Shouting("red"), "red")],
)
def test_query_and_form(value, encoded) -> None:
    request = envoi.Request(
        "POST", "http://h/", params={value: value, "many": [value]}, data=[(value, value)]
    ).prepare()
    assert request.url == f"http://h/?{encoded}={encoded}&many={encoded}"
    assert request.body == f"{encoded}={encoded}"


@pytest.mark.parametrize("value", [Colour.RED, Shouting("red")])
def test_everything_else_that_takes_text(value) -> None:
    whole = type(value)("red") if isinstance(value, Colour) else Shouting("http://red/")
    url = whole if isinstance(value, Shouting) else "http://red/"
    request = envoi.Request(
        value, url, params=value, data=value, headers={value: value, "X": value}
    ).prepare()
    assert (request.method, request.url, request.body) == ("RED", "http://red/?red", "red")
    assert (request.headers["X"], request.headers["red"]) == ("red", "red")
    assert envoi.auth.BearerAuth(value).token == "red"
    basic = envoi.Request("GET", "http://h/", auth=(value, value)).prepare()
    assert basic.headers["Authorization"] == "Basic cmVkOnJlZA=="


def test_digest_and_multipart() -> None:
    plain, own = (
        envoi.auth.HTTPDigestAuth(user, user, make_cnonce=lambda: "c")
        for user in ("red", Colour.RED)
    )
    for auth in (plain, own):
        auth._thread_local.chal = {"realm": "r", "nonce": "n", "qop": "auth"}
    assert own.build_digest_header("GET", "http://h/") == plain.build_digest_header(
        "GET", "http://h/"
    )
    body = encode_files({Colour.RED: (Colour.SPACED, io.BytesIO(b"x"), Colour.RED)}, None)
    content = body.content
    assert b'name="red"; filename="light blue"' in content
    assert b"Content-Type: red\r\n" in content


def test_a_proxy() -> None:
    from envoi._proto.plans.proxy import parse_proxy

    assert parse_proxy(Shouting("http://red:1")) == parse_proxy("http://red:1")
