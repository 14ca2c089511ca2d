"""netrc files: entries found by the host's name and nothing else, mistakes silent."""

from __future__ import annotations

import netrc as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi._model.netrc import LARGEST, Netrc, credentials_for, load_netrc, netrc_paths
from envoi._model.url import parse_url

FILE = """\
# who goes where
machine example.com login anna password "a b\\"c"
machine api.example.com
    user bob
    account staff
    password #hash

macdef init
    machine evil.example login x password y

machine account.example account only password p
machine empty.example
machine password.example password alone
"""


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", ("anna", 'a b"c')),
        ("api.example.com", ("bob", "#hash")),
        ("account.example", ("only", "p")),
        ("password.example", ("", "alone")),
        ("empty.example", None),
        ("evil.example", None),
        ("other.example", None),
        ("xexample.com", None),
        ("", None),
    ],
)
def test_an_entry_is_found_by_its_whole_name(host, expected):
    assert Netrc(FILE).credentials_for(host) == expected


def test_default_serves_hosts_without_an_entry_only():
    entries = Netrc(
        "machine a.example login a password b\nmachine none.example\ndefault login d password e"
    )
    assert entries.credentials_for("a.example") == ("a", "b")
    assert entries.credentials_for("b.example") == ("d", "e")
    assert entries.credentials_for("none.example") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com:@evil.example/",
        "http://example.com:80@evil.example/",
        "http://example.com%40x@evil.example",
        "http://evil.example/@example.com",
    ],
)
def test_the_host_is_the_parsed_one(url):
    entries = Netrc("machine example.com login a password b")
    assert entries.credentials_for(parse_url(url).host) is None


@pytest.mark.parametrize(
    "url", ["http://EXAMPLE.com", "http://example.com:8080/x", "https://u:p@example.com"]
)
def test_case_port_and_userinfo_do_not_hide_an_entry(url):
    assert Netrc("machine Example.COM login a password b").credentials_for(parse_url(url).host) == (
        "a",
        "b",
    )


@pytest.mark.parametrize(
    "text",
    [
        "machine a.example login a password b\nmacdef init\n never ends",
        'machine a.example login a password "b',
        "machine a.example login a password b\nmachine",
        "machine a.example login a password",
        "machine a.example login a password b" + " " * LARGEST,
    ],
)
def test_a_file_with_a_mistake_has_no_entries(text):
    entries = Netrc(text)
    assert not entries
    assert entries.credentials_for("a.example") is None


@pytest.mark.parametrize(
    "text",
    [
        "machine a.example login a password b method interactive",
        "machine a.example method interactive login a password b",
        "machine other login o password p\nport 21 machine a.example login a port 21 password b",
        "nonsense\nmachine a.example login a password b\nnonsense",
    ],
)
def test_words_of_other_programs_are_skipped(text):
    assert Netrc(text).credentials_for("a.example") == ("a", "b")


@given(
    st.text(alphabet='machine default login password macdef user account#"\\\n\t ab.', max_size=200)
)
def test_any_text_is_read_or_refused(text):
    found = Netrc(text).credentials_for("a")
    assert found is None or (len(found) == 2 and ("machine" in text or "default" in text))


_WORD = st.text(alphabet="abcXYZ019.-_#$é", min_size=1, max_size=8).filter(
    lambda word: not word.startswith("#")
)


@given(
    st.lists(st.tuples(_WORD.map(str.lower), _WORD, _WORD), max_size=5),
    st.sampled_from([" ", "\n", "\n\t"]),
)
def test_entries_are_those_of_the_standard_library(tmp_path_factory, entries, space):
    text = "\n".join(
        space.join(("machine", name, "login", user, "password", secret))
        for name, user, secret in entries
    )
    path = tmp_path_factory.mktemp("netrc") / "file"
    path.write_text(text, encoding="utf-8")
    known = standard.netrc(path)
    for name, _, _ in entries:
        login, _, password = known.authenticators(name)
        assert Netrc(text).credentials_for(name) == (login, password)


def test_paths_are_what_the_environment_names_or_two_in_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    assert netrc_paths({}) == ("/home/anna/.netrc", "/home/anna/_netrc")
    assert netrc_paths({"NETRC": "~/mine"}) == ("/home/anna/mine",)


def test_the_second_file_is_read_when_the_first_is_not_there():
    def read(path):
        if path.endswith(".netrc"):
            raise FileNotFoundError(path)
        return "machine é.example login ä password b".encode("latin-1")

    assert load_netrc({}, read).credentials_for("é.example") == ("ä", "b")


@pytest.mark.parametrize(
    "error",
    [
        PermissionError("no"),
        IsADirectoryError("no"),
        FileNotFoundError("no"),
        ValueError("null byte"),
    ],
)
def test_what_cannot_be_read_is_silent(error):
    def read(path):
        raise error

    assert not load_netrc({"NETRC": "x"}, read)
    assert credentials_for("a.example", "x", read) is None


def test_one_file_is_asked_for_one_host():
    assert credentials_for(
        "a.example", "x", lambda path: b"\xef\xbb\xbfmachine a.example login a password b"
    ) == ("a", "b")


def test_passwords_stay_out_of_the_repr():
    assert "hash" not in repr(Netrc(FILE))
