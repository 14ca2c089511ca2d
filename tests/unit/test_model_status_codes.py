"""Status codes by name."""

from __future__ import annotations

from http import HTTPStatus

import pytest
import requests

from envoi.status_codes import codes


def test_every_name_of_requests_gives_the_same_code():
    ambiguous = {
        "early-hints": 102,  # both say so; "early_hints" is right
        "uri_too_long": 414,
        "precondition": 428,
    }
    for name, code in vars(requests.codes).items():
        if name != "name" and name.lower() not in ambiguous:
            assert codes[name] == code, name
    for name, code in ambiguous.items():
        assert codes[name] == code == requests.codes[name]


def test_every_code_of_the_registry_has_its_name():
    for status in HTTPStatus:
        assert status.value in vars(codes).values(), status


def test_lookup():
    assert codes.ok == codes["ok"] == codes.OK == codes["\\o/"] == 200
    assert codes["no such"] is None
    assert codes.get("no such", 1) == 1
    assert "teapot" in codes
    assert "not_found" in list(codes)
    with pytest.raises(AttributeError):
        codes.no_such
