"""Challenges: read in linear time, whatever they hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._model.challenges import (
    LONGEST_FIELD,
    MAX_CHALLENGES,
    Challenge,
    parse_challenges,
    parse_parameters,
    quoted,
)
from envoi._model.digest_answer import choose_challenge


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('Basic realm="x, y"', [Challenge("basic", {"realm": "x, y"})]),
        ("Negotiate", [Challenge("negotiate", {})]),
        ("Negotiate abc==, NTLM", [Challenge("negotiate", {}, "abc=="), Challenge("ntlm", {})]),
        ("A,B , C\tx=1", [Challenge("a", {}), Challenge("b", {}), Challenge("c", {"x": "1"})]),
        ('A x = "1" ,, Y=2, B', [Challenge("a", {"x": "1", "y": "2"}), Challenge("b", {})]),
        ("A x=1, X=2, B y=3", [Challenge("b", {"y": "3"})]),
        ('A x="1" y="2", B', [Challenge("a", {})]),
        ('A, B x="never closed', [Challenge("a", {}), Challenge("b", {})]),
        ('A x="nul\x00"', [Challenge("a", {})]),
        ("", []),
        ("=", []),
    ],
)
def test_challenges_are_read_in_order(field, expected):
    assert parse_challenges([field]) == expected


@pytest.mark.parametrize(
    "field",
    [
        'Digest realm="' + "\\" * 16_000,
        'Digest realm="' + 'a\\"' * 5_000,
        "Digest " + "a=1," * 4_000,
        "a " * 8_000,
        "a," * 8_000,
        "," * 16_000,
        "Digest " + 'a="",' * 3_000,
        "a" * 16_000 + " ",
        "a " + "b" * 15_000 + " c",
        "a " + "b=" * 8_000,
    ],
)
def test_hostile_fields_are_read_in_linear_time(field):
    started = time.process_time()
    for _ in range(5):
        parse_challenges([field])
        parse_parameters(field)
    assert time.process_time() - started < 0.5


def test_what_is_read_is_bounded():
    assert len(parse_challenges(["Basic realm=x"] * 100)) == MAX_CHALLENGES
    assert len(parse_challenges(["a," * 100])) == MAX_CHALLENGES
    assert parse_challenges(["Basic realm=" + "x" * LONGEST_FIELD]) == []
    assert choose_challenge(["Digest " + ",".join(f"a{number}=1" for number in range(100))]) is None


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=80), max_size=3))
def test_any_field_is_read_or_left(fields):
    everything = "\n".join(fields).lower()
    assert all(challenge.scheme in everything for challenge in parse_challenges(fields))
    assert choose_challenge(fields) is None or "digest" in everything
    for field in fields:
        assert all(name in field.lower() for name in parse_parameters(field))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_a_quoted_string_is_read_as_it_was_written(text):
    assert parse_parameters(f"a={quoted(text)}") == {"a": text}
    assert parse_challenges([f"X a={quoted(text)}, b=1"])[0].parameters == {"a": text, "b": "1"}
