"""Headers as Python sees them: a case-insensitive, multi-valued mapping that keeps order and case."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import envoi
from envoi._core import Headers, InvalidHeaderError

NAMES = st.sampled_from(["A", "a", "B", "b", "Content-Type", "content-type", "X"])
VALUES = st.text(alphabet="xyz ", max_size=4)


class PlainMapping(Mapping[str, str]):
    """A mapping that is not a dict."""

    def __init__(self, items: dict[str, str]) -> None:
        self._items = items

    def __getitem__(self, name: str) -> str:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


def test_names_are_found_in_any_case_and_as_bytes() -> None:
    headers = Headers({"Content-Type": "text/plain"})
    assert headers["content-TYPE"] == headers[b"Content-type"] == "text/plain"
    assert "CONTENT-TYPE" in headers
    assert "content" not in headers
    others: list[object] = [b"content-type", b"content", 1, None]
    assert [name in headers for name in others] == [True, False, False, False]
    with pytest.raises(KeyError, match="absent"):
        headers["absent"]


def test_case_and_order_are_kept() -> None:
    headers = Headers([("b", "1"), ("A", "2"), ("B", "3")])
    assert list(headers) == ["b", "A"]
    assert len(headers) == 2
    assert headers.raw == [(b"b", b"1"), (b"A", b"2"), (b"B", b"3")]
    assert headers.multi_items() == [("b", "1"), ("A", "2"), ("B", "3")]
    assert list(headers.lower_items()) == [("b", "1, 3"), ("a", "2")]


def test_repeated_fields_join_and_stay_apart() -> None:
    headers = Headers()
    headers.add("Set-Cookie", "a=1")
    headers.add("set-cookie", b"b=2")
    assert headers["Set-Cookie"] == "a=1, b=2"
    assert headers.get_all("SET-COOKIE") == ["a=1", "b=2"]
    assert headers.get_all("absent") == []


def test_setting_replaces_the_first_in_place_and_removes_the_others() -> None:
    headers = Headers([("a", "1"), ("b", "2"), ("A", "3"), ("c", "4")])
    headers["A"] = "5"
    assert headers.multi_items() == [("A", "5"), ("b", "2"), ("c", "4")]


def test_deleting_removes_every_field_of_the_name() -> None:
    headers = Headers([("a", "1"), ("b", "2"), ("A", "3")])
    del headers["a"]
    assert headers.multi_items() == [("b", "2")]
    with pytest.raises(KeyError):
        del headers["a"]


def test_it_is_a_mutable_mapping() -> None:
    headers = Headers({"A": "1", "B": "2"})
    assert isinstance(headers, MutableMapping)
    assert list(headers.keys()) == ["A", "B"]
    assert list(headers.values()) == ["1", "2"]
    assert list(headers.items()) == [("A", "1"), ("B", "2")]
    assert "a" in headers.keys()
    assert dict(headers) == {"A": "1", "B": "2"}
    assert {**headers} == {"A": "1", "B": "2"}
    assert bool(headers)
    assert not Headers()
    assert headers.get("a") == "1"
    assert headers.get("x") is None
    assert headers.get("x", "d") == "d"
    assert headers.pop("a") == "1"
    assert headers.pop("a", None) is None
    with pytest.raises(KeyError):
        headers.pop("a")
    assert headers.setdefault("b", "9") == "2"
    assert headers.setdefault("c", "3") == "3"
    assert headers.popitem() == ("c", "3")
    headers.clear()
    assert headers == {}
    with pytest.raises(KeyError):
        headers.popitem()


def test_update_takes_mappings_pairs_and_keywords() -> None:
    headers = Headers({"A": "1"})
    headers.update({"a": "2"}, B="3")
    headers.update([("c", "4")])
    headers.update(PlainMapping({"D": "5"}))
    headers.update(Headers([("e", "6"), ("E", "7")]))
    headers.update()
    assert headers.multi_items() == [
        ("a", "2"),
        ("B", "3"),
        ("c", "4"),
        ("D", "5"),
        ("e", "6"),
        ("E", "7"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"A": "1", "B": "2, 3"},
        {"b": "2, 3", "a": "1"},
        {b"b": b"2, 3", b"a": b"1"},
        OrderedDict({"a": "1", "b": "2, 3"}),
        MappingProxyType({"a": "1", "b": "2, 3"}),
        PlainMapping({"a": "1", "b": "2, 3"}),
        Headers([("B", "2, 3"), ("A", "1")]),
        Headers([("b", "2"), ("a", "1"), ("b", "3")]),
    ],
)
def test_equality_ignores_case_and_order_of_names(other: object) -> None:
    headers = Headers([("a", "1"), ("B", "2"), ("b", "3")])
    assert headers == other
    assert not headers != other


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"a": "1"},
        {"a": "1", "b": "3"},
        {"a": "1", "b": 2},
        {"a": "1", "b": "2", "c": "3"},
        [("a", "1"), ("b", "2")],
        None,
        5,
    ],
)
def test_inequality(other: object) -> None:
    assert Headers({"a": "1", "b": "2"}) != other


def test_it_is_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(Headers())


def test_copies_are_independent() -> None:
    headers = Headers({"A": "1"})
    for twin in (
        headers.copy(),
        copy.copy(headers),
        copy.deepcopy(headers),
        Headers(headers),
        headers.merged(None),
    ):
        assert twin.raw == headers.raw
        twin["A"] = "2"
        assert headers["A"] == "1"


def test_pickle_keeps_every_field() -> None:
    headers = Headers([("A", "1"), ("a", b"\xff"), ("b", "")])
    twin = pickle.loads(pickle.dumps(headers))
    assert twin.raw == headers.raw
    assert type(twin) is Headers


def test_values_are_latin_1() -> None:
    headers = Headers([("A", "caf\xe9"), ("B", b"caf\xc3\xa9")])
    assert headers.raw == [(b"A", b"caf\xe9"), (b"B", b"caf\xc3\xa9")]
    assert headers["A"] == "caf\xe9"
    assert headers["B"] == "caf\xc3\xa9"


def test_setting_none_removes_the_name() -> None:
    headers = Headers({"A": "1", "B": "2"})
    headers["a"] = None  # type: ignore[assignment]
    headers.update({"b": None, "C": "3"})  # type: ignore[arg-type]
    headers["never there"] = None  # type: ignore[assignment]
    assert headers.multi_items() == [("C", "3")]
    with pytest.raises(InvalidHeaderError):
        Headers({"A": None})  # type: ignore[dict-item]


def test_what_is_merged_as_bytes_comes_back_as_bytes() -> None:
    merged = Headers({"A": "1"}).merged({"b": b"2", "a": "3"})
    assert (merged["B"], merged.get("b"), merged["A"]) == (b"2", b"2", "3")
    assert merged.copy()["b"] == b"2"
    assert merged.multi_items() == [("a", "3"), ("b", "2")], "text, where fields are gone through"
    merged.add("B", "4")
    assert merged["b"] == "2, 4", "several are joined as text"
    merged["b"] = "5"
    assert merged["b"] == "5"


@pytest.mark.parametrize("value", [1, 1.5, ["a"], bytearray(b"a"), True])
def test_values_of_other_types_are_refused_by_name(value: object) -> None:
    message = f"header 'X-Count': value must be str or bytes, not {type(value).__name__}"
    headers = Headers()
    with pytest.raises(InvalidHeaderError, match=message):
        headers["X-Count"] = value  # type: ignore[assignment]
    with pytest.raises(InvalidHeaderError, match=message):
        headers.add("X-Count", value)  # type: ignore[arg-type]
    with pytest.raises(InvalidHeaderError, match=message):
        Headers({"X-Count": value})  # type: ignore[arg-type]
    assert not headers


@pytest.mark.parametrize("value", ["\u20ac", "\U0001f600", "\ud800"])
def test_characters_that_fit_no_byte_are_refused_with_advice(value: str) -> None:
    with pytest.raises(InvalidHeaderError, match=r"header 'A'.*encode it to bytes first"):
        Headers({"A": value})
    with pytest.raises(InvalidHeaderError):
        Headers({value: "1"})


@pytest.mark.parametrize("items", [5, [1], [("a",)], [("a", "b", "c")], "ab"])
def test_what_is_neither_mapping_nor_pairs_is_refused(items: object) -> None:
    with pytest.raises(InvalidHeaderError):
        Headers(items)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "1"),
        ("A B", "1"),
        ("A:", "1"),
        ("A\r\n", "1"),
        ("\xe9", "1"),
        ("A", "1\r\nB: 2"),
        ("A", "\n"),
        ("A", "\0"),
        ("A", " 1"),
        ("A", " "),
    ],
)
def test_validate_refuses_what_cannot_be_sent(name: str, value: str) -> None:
    headers = Headers([("Fine", "a\tb"), (name, value)])
    with pytest.raises(InvalidHeaderError, match="header '"):
        headers.validate()
    headers.clear()
    headers.validate()


def test_validate_never_shows_a_value() -> None:
    headers = Headers({"Authorization": "Bearer secret\n"})
    with pytest.raises(InvalidHeaderError, match="header 'Authorization'") as caught:
        headers.validate()
    assert "secret" not in str(caught.value)


def test_repr_hides_credentials() -> None:
    headers = Headers(
        {
            "Accept": "*/*",
            "AUTHORIZATION": "s1",
            "proxy-authorization": "s2",
            "Cookie": "s3",
            "Set-Cookie": "s4",
        }
    )
    text = repr(headers)
    assert "('Accept', '*/*')" in text
    assert text.count("'[redacted]'") == 4
    assert not any(secret in text for secret in ("s1", "s2", "s3", "s4"))


def test_version_changes_with_every_mutation() -> None:
    headers = Headers({"A": "1"})
    seen = {headers.version}
    for change in (
        lambda: headers.add("B", "1"),
        lambda: headers.__setitem__("A", "2"),
        lambda: headers.__delitem__("A"),
        lambda: headers.pop("B"),
        lambda: headers.update(C="1"),
        headers.clear,
    ):
        change()
        assert headers.version not in seen
        seen.add(headers.version)
    assert headers.get("A") is None
    assert headers.version in seen


def test_merged_replaces_adds_and_removes() -> None:
    headers = Headers([("A", "1"), ("B", "2"), ("b", "3"), ("C", "4")])
    merged = headers.merged({"b": "5", "c": None, "D": "6", "e": None})
    assert merged.multi_items() == [("A", "1"), ("b", "5"), ("D", "6")]
    assert len(headers.multi_items()) == 4
    assert headers.merged([("a", "1"), ("A", "2"), ("d", "3")]).get_all("a") == ["1", "2"]
    assert headers.merged(Headers([("a", "7"), ("a", "8")])).multi_items()[0] == ("a", "7")


def test_mapping_that_touches_the_headers_while_they_are_merged() -> None:
    headers = Headers({"A": "1"})

    class Meddling(PlainMapping):
        def __getitem__(self, name: str) -> str:
            headers.add("B", "2")
            return super().__getitem__(name)

    assert headers.merged(Meddling({"A": "3"}))["A"] == "3"
    headers.update(Meddling({"A": "3"}))
    assert headers["A"] == "3"


def test_a_value_set_in_a_loop_does_not_pile_up() -> None:
    headers = Headers({"A": "1", "B": "2"})
    for number in range(20_000):
        headers["A"] = f"{number:050}"
    assert headers.multi_items() == [("A", f"{19_999:050}"), ("B", "2")]


def stored(value: str) -> str:
    """Without the blanks behind it; one that begins with a blank is refused when it is sent, and stays as it is."""
    return value if value[:1] in {" ", "\t"} else value.rstrip(" \t")


def test_blanks_behind_a_value_are_no_part_of_it() -> None:
    headers = Headers([("A", "1 "), ("B", b"a b \t")])
    headers["C"] = "2\t"
    headers.add("D", "\xe9 ")
    headers.update({"E": ""})
    assert headers.multi_items() == [("A", "1"), ("B", "a b"), ("C", "2"), ("D", "\xe9"), ("E", "")]
    headers.validate()


def test_shown_as_text_they_are_a_dictionary_of_joined_values() -> None:
    headers = Headers([("A", "1"), ("b", "2"), ("B", "3"), ("Set-Cookie", "id=secret")])
    assert str(headers) == "{'A': '1', 'b': '2, 3', 'Set-Cookie': '[redacted]'}"
    assert repr(headers).startswith("Headers([('A', '1'), ")
    assert str(Headers()) == "{}"


def test_what_users_meet_is_the_public_exception() -> None:
    headers = Headers()
    with pytest.raises(envoi.InvalidHeader) as caught:
        headers["a"] = 1  # type: ignore[assignment]
    assert isinstance(caught.value, envoi.RequestException)
    for refused in (
        lambda: Headers({"a": None}),
        lambda: headers.add("a", 1),
        lambda: headers.update(a=1),
    ):  # type: ignore[dict-item,arg-type]
        with pytest.raises(envoi.InvalidHeader):
            refused()
    headers["a"] = "\n"
    with pytest.raises(envoi.InvalidHeader):
        headers.validate()


@given(st.lists(st.tuples(st.sampled_from(["set", "add", "del"]), NAMES, VALUES), max_size=40))
def test_any_mutations_agree_with_a_list_of_pairs(steps: list[tuple[str, str, str]]) -> None:
    headers, model = Headers(), list[tuple[str, str]]()
    for action, name, value in steps:
        same = [index for index, (other, _) in enumerate(model) if other.lower() == name.lower()]
        if action == "add" or (action == "set" and not same):
            model.append((name, stored(value)))
        elif action == "set":
            model[same[0]] = (name, stored(value))
            model = [pair for index, pair in enumerate(model) if index not in same[1:]]
        elif same:
            model = [pair for index, pair in enumerate(model) if index not in same]
        if action == "set":
            headers[name] = value
        elif action == "add":
            headers.add(name, value)
        elif same:
            del headers[name]
        assert headers.multi_items() == model
