"""Arguments that are wrong are refused in Envoi's own words before anything is sent, and secrets stay out of the words."""

from __future__ import annotations

import pytest

import envoi
from envoi import exceptions

SECRET = "hunter2"
URL = "http://127.0.0.1:1/"  # nothing listens: what gets as far as connecting raises ConnectionRefused
SURROGATE = "\ud800"

REFUSED = [
    ({"params": b"\xff"}, envoi.InvalidOption),
    ({"params": bytearray(b"\xff")}, envoi.InvalidOption),
    ({"params": {"a": SURROGATE}}, envoi.InvalidOption),
    ({"params": {SURROGATE: "a"}}, envoi.InvalidOption),
    ({"params": SURROGATE}, exceptions.RequestException),
    ({"params": 5}, envoi.InvalidOption),
    ({"data": {"a": SURROGATE}}, envoi.InvalidBody),
    ({"data": [("a", SURROGATE)]}, envoi.InvalidBody),
    ({"data": SURROGATE}, envoi.InvalidBody),
    ({"cookies": "x"}, envoi.InvalidOption),
    ({"cookies": ["x"]}, envoi.InvalidOption),
    ({"cookies": 5}, envoi.InvalidOption),
    ({"proxies": {1: 2}}, envoi.InvalidOption),
    ({"proxies": {None: None}}, envoi.InvalidOption),
    ({"proxies": {b"\xff": b"\xff"}}, envoi.InvalidOption),
    ({"proxies": {"http": 5}}, envoi.InvalidOption),
]


@pytest.mark.parametrize(
    ("options", "kind"), REFUSED, ids=[ascii(options) for options, _ in REFUSED]
)
def test_wrong_options_of_a_request(options, kind) -> None:
    with envoi.Session() as session, pytest.raises(kind) as caught:
        session.post(URL, **options)
    assert not isinstance(caught.value, exceptions.ConnectionError)


@pytest.mark.parametrize("method", [[1], {"a": 1}, None, 5, ["x"], object()])
def test_wrong_methods(method) -> None:
    with envoi.Session() as session, pytest.raises(envoi.InvalidMethod):
        session.request(method, URL)


SETTINGS = [
    {"sensitive_headers": 5},
    {"sensitive_headers": "X-Key"},
    {"sensitive_headers": [5]},
    {"local_address": 5},
    {"local_address": "no.address.test"},
    {"local_address": SURROGATE},
    {"local_address": b"127.0.0.1"},
    {"cookies": 5},
    {"cookies": [None]},
    {"cookies": "x"},
    {"cookies": b"\xff"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=ascii)
@pytest.mark.parametrize("kind", [envoi.Session, envoi.AsyncSession])
def test_wrong_settings_of_a_session(kind, settings) -> None:
    with pytest.raises(envoi.InvalidOption, match=next(iter(settings))):
        kind(**settings)


def test_sensitive_headers_are_checked_when_they_are_set() -> None:
    session = envoi.Session(sensitive_headers=["X-Key"])
    assert session.sensitive_headers == ("X-Key",)
    with pytest.raises(envoi.InvalidOption, match="sensitive_headers"):
        session.sensitive_headers = 5
    assert session.sensitive_headers == ("X-Key",)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1%lo", None])
def test_local_addresses(address) -> None:
    assert envoi.Session(local_address=address)._local_address == address


@pytest.mark.parametrize("limits", [(3, 5), (5,), ()])
def test_exception_passed_as_timeout_tells_what_to_write(limits) -> None:
    with (
        envoi.Session() as session,
        pytest.raises(envoi.InvalidOption, match=r"keywords.*Timeout\(connect=3, read=5\)"),
    ):
        session.get(URL, timeout=envoi.Timeout(*limits))
    with pytest.raises(envoi.InvalidOption, match="keywords"):
        envoi.Session(timeout=envoi.Timeout(*limits))


TELLTALES = [
    ({"headers": {"Authorization": [SECRET]}}, "list"),
    ({"headers": [("Authorization", {SECRET})]}, "set"),
    ({"data": [(SECRET,)]}, "list"),
    ({"params": [SECRET]}, "list"),
    ({"cookies": SECRET}, "cookies="),
]


@pytest.mark.parametrize(
    ("options", "told"), TELLTALES, ids=[str(options) for options, _ in TELLTALES]
)
def test_values_are_not_told(options, told) -> None:
    with envoi.Session() as session, pytest.raises(envoi.RequestException, match=told) as caught:
        session.post(URL, **options)
    assert SECRET not in str(caught.value)


URLS = [
    "http://a.test/path?token=hunter2&x=\x01",
    "http://a.test/path#hunter2\x01",
    "http://a.test:99999/path?token=hunter2",
    "a.test/path?token=hunter2",
    "ftp://a.test/path?token=hunter2",
    "1ftp://a.test/path?token=hunter2",
    "http://a.test\x00/path?token=hunter2",
]


@pytest.mark.parametrize("url", URLS, ids=ascii)
def test_queries_of_refused_urls_are_not_told(url) -> None:
    with (
        envoi.Session() as session,
        pytest.raises(envoi.RequestException, match=r"a\.test.*/path") as caught,
    ):
        session.get(url)
    assert SECRET not in str(caught.value)
    assert "…" in str(caught.value)


def test_header_helper_names_the_type_alone() -> None:
    with pytest.raises(envoi.InvalidHeader) as caught:
        envoi.utils.check_header_validity(("Authorization", [SECRET]))
    assert SECRET not in str(caught.value)
    with pytest.raises(envoi.InvalidHeader) as caught:
        envoi.utils.check_header_validity(("Authorization", SECRET + "\n"))
    assert SECRET not in str(caught.value)
