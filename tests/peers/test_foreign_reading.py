"""A body that an adapter gave out as `raw` is read in one way, whether its reader awaits or not."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

import envoi

pytestmark = [pytest.mark.timeout(30)]
KINDS = [envoi.Response, envoi.AsyncResponse]


def pieces_of(iterator: Any) -> list[Any]:
    """What an iteration gives, awaited where it is to be."""
    if not hasattr(iterator, "__anext__"):
        return list(iterator)

    async def main() -> list[Any]:
        return [piece async for piece in iterator]

    return asyncio.run(main())


def read(response: Any) -> bytes:
    """The whole body."""
    if isinstance(response, envoi.Response):
        return response.read()
    return asyncio.run(response.read())


def made(kind: type, raw: Any) -> Any:
    response = kind()
    response.status_code, response.raw = 200, raw
    return response


class Noting(io.BytesIO):
    """Notes how much is asked for."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.asked: list[int | None] = []

    def read(self, amount: int | None = None) -> bytes:
        self.asked.append(amount)
        return super().read(amount)


@pytest.mark.parametrize("kind", KINDS)
def test_raw_is_asked_for_pieces_of_the_size_wanted(kind) -> None:
    raw = Noting(b"abcdefgh")
    assert pieces_of(made(kind, raw).iter_content(3)) == [b"abc", b"def", b"gh"]
    assert set(raw.asked) == {3}


@pytest.mark.parametrize("kind", KINDS)
def test_lines_come_from_an_overridden_iter_content(kind) -> None:
    if kind is envoi.Response:

        class Derived(kind):
            def iter_content(self, chunk_size=None, decode_unicode=False):
                return [b"a\nb", b"c\n"]
    else:

        class Pieces:
            def __aiter__(self):
                return self.pieces()

            async def pieces(self):
                for piece in (b"a\nb", b"c\n"):
                    yield piece

        class Derived(kind):
            def iter_content(self, chunk_size=None, decode_unicode=False):
                return Pieces()

    assert pieces_of(made(Derived, io.BytesIO(b"other")).iter_lines()) == [b"a", b"bc"]


@pytest.mark.parametrize("kind", KINDS)
def test_content_of_false_is_not_read_yet(kind) -> None:
    for way in (read, lambda response: b"".join(pieces_of(response.iter_content()))):
        response = made(kind, io.BytesIO(b"body"))
        response._content = False
        assert way(response) == b"body"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on", ["instance", "subclass"])
def test_attributes_that_a_response_names_are_pickled(kind, on) -> None:
    import copy

    class Derived(kind):
        pass

    response = made(Derived if on == "subclass" else kind, io.BytesIO(b"body"))
    read(response)
    named = [*kind.__attrs__, "from_cache", "never_set"]
    if on == "subclass":
        Derived.__attrs__ = named
    else:
        response.__attrs__ = named
    response.from_cache, response.other = True, "left behind"
    made_of_it = copy.copy(response)
    assert (made_of_it.from_cache, made_of_it.never_set) == (True, None)
    assert not hasattr(made_of_it, "other")
    assert made_of_it.content == b"body"
