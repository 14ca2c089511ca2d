"""requests' dictionaries and hooks."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

import pytest

import envoi
from envoi.hooks import HOOKS, default_hooks, dispatch_hook
from envoi.structures import CaseInsensitiveDict, LookupDict


def test_keys_are_found_in_any_case_and_shown_as_last_set() -> None:
    names = CaseInsensitiveDict({"Accept": 1}, other=2)
    names["ACCEPT"] = 3
    assert (names["accept"], "aCCEPT" in names, list(names), len(names)) == (
        3,
        True,
        ["ACCEPT", "other"],
        2,
    )
    assert list(names.lower_items()) == [("accept", 3), ("other", 2)]
    del names["Accept"]
    assert repr(names) == "{'other': 2}"
    with pytest.raises(KeyError):
        names["Accept"]


def test_case_insensitive_dicts_are_equal_to_mappings_with_the_same_names() -> None:
    names = CaseInsensitiveDict([("A", "1"), ("b", "2")])
    assert names == {"a": "1", "B": "2"}
    assert names != {"a": "1"}
    assert names != [("a", "1"), ("b", "2")]
    assert names == CaseInsensitiveDict(names) == names.copy()
    assert names.copy() is not names


def test_headers_count_as_case_insensitive_dicts() -> None:
    headers = envoi.Headers([("Accept", "a"), ("accept", "b"), ("X", "y")])
    assert isinstance(headers, CaseInsensitiveDict)
    assert issubclass(envoi.Headers, CaseInsensitiveDict)
    assert not isinstance({}, CaseInsensitiveDict)
    names = CaseInsensitiveDict(headers)
    assert names == headers
    assert headers == names
    assert names["ACCEPT"] == "a, b"
    assert envoi.Headers(names) == headers


def test_case_insensitive_dict_has_what_mappings_have() -> None:
    names = CaseInsensitiveDict(a=1)
    assert isinstance(names, (Mapping, MutableMapping))
    assert (
        names.get("A"),
        names.get("b", 0),
        names.setdefault("A", 2),
        names.pop("A"),
        names.pop("A", None),
    ) == (1, 0, 1, 1, None)
    names.update({"X": 1}, y=2)
    assert dict(names) == {"X": 1, "y": 2}
    with pytest.raises(TypeError):
        hash(names)


def test_lookup_dict_finds_attributes_by_item() -> None:
    lookup: LookupDict[int] = LookupDict("status")
    lookup.gone = 410  # type: ignore[attr-defined]
    assert (lookup["gone"], lookup["missing"], lookup.get("gone"), lookup.get("missing", 0)) == (
        410,
        None,
        410,
        0,
    )
    assert repr(lookup) == "<lookup 'status'>"
    with pytest.raises(AttributeError, match="missing"):
        lookup.missing


def test_hooks_are_called_in_turn_and_none_changes_nothing() -> None:
    seen: list[tuple[str, bool]] = []
    hooks = {"response": [str.upper, lambda text, stream: seen.append((text, stream))]}
    assert dispatch_hook("response", {"response": hooks["response"][0]}, "a") == "A"
    assert (
        dispatch_hook(
            "response",
            {"response": [lambda text, **_: text * 2, hooks["response"][1]]},
            "a",
            stream=True,
        )
        == "aa"
    )
    assert seen == [("aa", True)]


@pytest.mark.parametrize("hooks", [None, {}, {"response": []}, {"other": [str.upper]}])
def test_without_hooks_the_data_stay(hooks: dict[str, list[object]] | None) -> None:
    assert dispatch_hook("response", hooks, "a") == "a"  # type: ignore[arg-type]


def test_default_hooks_are_new_each_time() -> None:
    assert HOOKS == ["response"]
    default_hooks()["response"].append(print)
    assert default_hooks() == {"response": []}
