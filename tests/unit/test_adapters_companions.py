"""What packages on top of requests do to its classes, which Envoi's have to bear."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import threading
import typing
from collections import UserDict
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any, ClassVar

import pytest

import envoi
from envoi.adapters import BaseAdapter, HTTPAdapter
from envoi.structures import CaseInsensitiveDict
from unit.prepared import prepared_request


class Fixed(BaseAdapter):
    """Answers each request with what a function makes of it, and remembers what it was asked."""

    def __init__(self, make: Callable[[Any], Any] = lambda _: answer()) -> None:
        self.make = make
        self.asked: list[Any] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: Any, **options: Any) -> Any:
        self.asked.append(request)
        self.options.append(options)
        return self.make(request)

    def close(self) -> None:
        """Nothing."""


def answer(**attributes: Any) -> envoi.Response:
    made = envoi.Response()
    made.status_code = 200
    made.url = "http://nobody.invalid/"
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def session_with(adapter: BaseAdapter) -> envoi.Session:
    session = envoi.Session()
    session.mount("http://", adapter)
    return session


def test_headers_of_a_request_may_be_any_mapping() -> None:
    adapter = Fixed()
    request = prepared_request("GET", "http://nobody.invalid/")
    request.headers = CaseInsensitiveDict(
        {"X-Mine": "1", b"X-Bytes": b"2", "User-Agent": "@@@SKIP_HEADER@@@"}
    )  # type: ignore[assignment]
    session_with(adapter).send(request)
    assert isinstance(adapter.asked[0].headers, envoi.Headers)
    assert adapter.asked[0].headers.multi_items() == [("X-Mine", "1"), ("X-Bytes", "2")]


def test_headers_that_cannot_be_sent_are_refused_even_so() -> None:
    request = prepared_request("GET", "http://nobody.invalid/")
    request.headers = {"X-Mine": "a\nb"}  # type: ignore[assignment]
    with pytest.raises(envoi.exceptions.InvalidHeader):
        session_with(Fixed()).send(request)


def test_a_body_that_auth_replaces_has_its_own_length() -> None:
    def sign(request: Any) -> Any:
        headers = request.headers.copy()
        request.body = request.body + "&signature=abc"
        request.prepare_headers(headers)  # with the former Content-Length
        return request

    request = prepared_request("POST", "http://nobody.invalid/", data={"a": "1"}, auth=sign)
    assert (request.body, request.headers["Content-Length"]) == ("a=1&signature=abc", "17")


def test_auth_may_set_another_mapping() -> None:
    def replace(request: Any) -> Any:
        request.headers = {"X-Mine": "1"}
        return request

    request = prepared_request("GET", "http://nobody.invalid/", auth=replace)
    assert isinstance(request.headers, envoi.Headers)
    assert request.headers["x-mine"] == "1"


def test_headers_of_a_response_stay_what_they_are() -> None:
    class Own(UserDict[str, str]):
        """A mapping with something besides."""

    own = Own({"set-cookie": "a=1", "content-type": "text/plain; charset=utf-8"})
    response = answer(headers=own, request=prepared_request("GET", "http://nobody.invalid/"))
    assert response.headers is own  # type: ignore[comparison-overlap]
    assert (response.cookies.get_dict(), response.encoding) == ({"a": "1"}, "utf-8")
    assert answer(headers={"X-Mine": "1"}).headers["x-mine"] == "1"


def test_a_subclass_of_response_may_leave_its_constructor_out() -> None:
    class Own(envoi.Response):
        def __init__(self) -> None:
            """Nothing."""

    own = Own()
    own.status_code = 200
    own.url = "http://nobody.invalid/"
    assert (own.reason, own.headers, own.encoding, own.history) == (None, {}, None, [])
    for name in envoi.Response.__attrs__:
        setattr(own, name, getattr(answer(_content=b"x"), name, None))
    assert own.content == b"x"


def test_annotations_of_a_response_can_be_evaluated() -> None:
    assert typing.get_type_hints(envoi.Response)["request"] is envoi.PreparedRequest


@pytest.mark.parametrize("left", [False, None])
def test_content_that_is_set_is_not_read_again(left: Any) -> None:
    def make(_: Any) -> Any:
        made = answer(raw=io.BytesIO(b"content"))
        made._content = made.raw.read()
        return made

    assert session_with(Fixed(make)).get("http://nobody.invalid/").content == b"content"
    unread = answer(raw=io.BytesIO(b"content"), _content=left)
    assert list(unread.iter_content(4)) == [b"cont", b"ent"]


def test_a_raw_that_never_closes_comes_to_an_end() -> None:
    class Urllib3Like:
        """As urllib3's: it is closed by asking it for more than there is."""

        chunked = False

        def __init__(self) -> None:
            self.amounts: list[Any] = []

        def stream(self, amount: Any, decode_content: bool = True) -> Any:
            self.amounts.append(amount)
            return chain([b"content"], repeat(b"") if amount is None else ())

    raw = Urllib3Like()
    assert list(answer(raw=raw).iter_content(None)) == [b"content"]
    assert isinstance(raw.amounts[0], int)
    chunked = Urllib3Like()
    chunked.chunked = True
    assert next(answer(raw=chunked).iter_content(None)) == b"content"
    assert chunked.amounts == [None]


@pytest.mark.parametrize(
    ("given", "told"),
    [(None, None), (3, 3), (0.5, 0.5), ((3, 5), (3, 5)), ((3, 3), 3), ((None, 5), (None, 5))],
)
def test_hooks_and_adapters_are_told_time_outs_in_plain_words(given: Any, told: Any) -> None:
    adapter = Fixed()
    hooked: list[Any] = []
    session = session_with(adapter)
    session.get(
        "http://nobody.invalid/",
        timeout=given,
        hooks={"response": lambda _, **options: hooked.append(options["timeout"])},
    )
    assert adapter.options[0]["timeout"] == told
    assert hooked == [told if given is not None else envoi.Limits(None, None, None, None)]
    session.get(
        "http://nobody.invalid/",
        hooks={"response": lambda _, **options: hooked.append(options["timeout"])},
    )
    assert (adapter.options[1]["timeout"], hooked[1]) == (None, None)


def test_limits_that_have_no_plain_words_are_told_as_they_are() -> None:
    adapter = Fixed()
    limits = envoi.Limits(connect=1, total=30)
    session_with(adapter).get("http://nobody.invalid/", timeout=limits)
    assert adapter.options[0]["timeout"] == limits


def test_a_number_of_retries_can_be_asked() -> None:
    retries = HTTPAdapter(max_retries=2).max_retries
    assert (retries, retries.total, retries.connect, retries.read, retries.status_forcelist) == (
        2,
        2,
        2,
        False,
        frozenset(),
    )
    assert retries.is_retry(method="GET", status_code=503, has_retry_after=True) is False
    assert not HTTPAdapter().max_retries


def test_an_adapter_has_its_sizes_before_init_poolmanager() -> None:
    class Own(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
            self.seen = (self._pool_connections, self._pool_maxsize, self._pool_block)

    assert Own(1, 2, pool_block=True).seen == (1, 2, True)


class Own(envoi.Session):
    """With a thing that cannot be pickled, as companions have it, and one that is to go along."""

    __attrs__: ClassVar[list[str]] = [*envoi.Session.__attrs__, "mine"]

    def __init__(self) -> None:
        super().__init__(headers={"X-Mine": "1"}, timeout=3)
        self.mine = "kept"
        self.lock = threading.Lock()
        self.mount("mock://", HTTPAdapter(pool_maxsize=3))


def test_what_a_subclass_has_is_pickled_if_it_says_so() -> None:
    copied = pickle.loads(pickle.dumps(Own()))
    assert (
        copied.mine,
        hasattr(copied, "lock"),
        copied.headers["x-mine"],
        copied.timeout.read,
    ) == ("kept", False, "1", 3)
    assert copied.get_adapter("mock://")._pool_maxsize == 3


def test_the_module_functions_use_the_class_that_was_put_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import envoi.sessions

    asked: list[Any] = []

    class Own:
        def request(self, *arguments: Any, **options: Any) -> Any:
            asked.append((arguments, options))
            return "answered"

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            asked.append("closed")

    monkeypatch.setattr("envoi.sessions.Session", Own)
    assert envoi.get("http://nobody.invalid/", timeout=1) == "answered"
    assert asked == [(("GET", "http://nobody.invalid/"), {"timeout": 1}), "closed"]


def test_the_boundary_of_a_form_is_urllib3s_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("urllib3.filepost")
    monkeypatch.setattr("urllib3.filepost.choose_boundary", lambda: "always-the-same")
    forms = [
        prepared_request("POST", "http://nobody.invalid/", files={"file": b"content"})
        for _ in range(2)
    ]
    assert forms[0].headers["Content-Type"] == "multipart/form-data; boundary=always-the-same"
    assert forms[0].body == forms[1].body


def test_names_of_status_codes_are_looked_up() -> None:
    from envoi.status_codes import _codes

    assert (_codes[404][0], _codes[200][:2]) == ("not_found", ("ok", "okay"))


PROGRAM = """
import envoi
envoi.install_as_requests()
import requests
import requests.adapters
assert all(name in vars(requests) for name in ("get", "request", "Session", "Response", "codes", "exceptions", "adapters"))
assert requests.Response is envoi.Response
try:
    import urllib3
except ImportError:
    pass
else:
    assert requests.urllib3 is urllib3
    assert envoi.Response._make_raw.__name__ == "raw_in_place_of_ours"
print("fine")
"""


def test_the_modules_dictionary_has_the_names() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
