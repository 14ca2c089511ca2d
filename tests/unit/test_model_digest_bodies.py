"""Digest over bodies: `auth-int`, where the body can be read twice."""

from __future__ import annotations

import collections
import io

import pytest

from envoi._model.auth import as_flow
from envoi._model.multipart import encode_files
from unit.digest_support import Answered, exchange, md5, of, scheme
from unit.prepared import prepared_request

BODY_CHALLENGE = 'Digest realm="r", nonce="n", qop="auth-int"'


def body_answer(data):
    fields = exchange(
        scheme(), Answered(401, BODY_CHALLENGE), data=data, method="POST", url="http://example.org/"
    )
    return of(fields[1]) if len(fields) > 1 else None


@pytest.mark.parametrize(
    ("make", "content"),
    [
        (lambda: b"bytes", "bytes"),
        (lambda: None, ""),
        (lambda: {"a": "b"}, "a=b"),
        (lambda: io.BytesIO(b"file"), "file"),
        (lambda: collections.deque(["re", "read"]), "reread"),
    ],
)
def test_auth_int_hashes_the_body(make, content):
    answer = body_answer(make())
    assert answer["qop"] == "auth-int"
    assert answer["response"] == md5(
        f"{md5('user:r:pass')}:n:00000001:{answer['cnonce']}:auth-int:{md5('POST:/:' + md5(content))}"
    )


def test_auth_int_leaves_the_body_at_its_start():
    file = io.BytesIO(b"xfile")
    file.seek(1)
    assert body_answer(file) is not None
    assert file.tell() == 1


def test_auth_int_hashes_multipart_from_files(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"x" * 2_000_000)
    request = prepared_request("POST", "http://example.org/")
    with path.open("rb") as file:
        request.content = encode_files({"f": file})
        flow = as_flow(scheme())(request)
        next(flow)
        assert "auth-int" in flow.send(Answered(401, BODY_CHALLENGE)).headers["Authorization"]
        assert file.tell() == 0
        request.content = encode_files({"f": file, "g": ("n", (x for x in "ab"))})
        flow = as_flow(scheme())(request)
        next(flow)
        with pytest.raises(StopIteration):
            flow.send(Answered(401, BODY_CHALLENGE))


async def nothing():
    yield b""


@pytest.mark.parametrize("make", [lambda: (x for x in ["a"]), nothing])
def test_auth_int_alone_leaves_a_body_that_is_read_once_unanswered_and_unread(make):
    data = make()
    assert body_answer(data) is None
    if hasattr(data, "__next__"):
        assert list(data) == ["a"]


def test_auth_is_preferred_to_auth_int():
    challenge = BODY_CHALLENGE.replace("auth-int", "auth-int, auth")
    assert (
        of(exchange(scheme(), Answered(401, challenge), data=(x for x in "ab"))[1])["qop"] == "auth"
    )
