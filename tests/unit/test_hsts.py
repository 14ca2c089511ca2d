"""Which hosts are asked by https only (RFC 6797)."""

from __future__ import annotations

import copy
import os
import pickle
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

import envoi
from envoi import HSTS, URL
from envoi._model import hsts as module
from envoi._model.hsts import MAX_AGE, MAX_HOSTS, parse_field
from envoi.exceptions import HSTSFileError, InvalidOption


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("max-age=31536000", (31536000, False)),
        ("Max-Age=31536000; INCLUDESUBDOMAINS; preload", (31536000, True)),
        ('max-age="31536000"', (31536000, False)),
        ('max-age="3153\\6000"', (31536000, False)),
        ("  max-age = 0 ; includesubdomains ;", (0, True)),
        ("includeSubDomains=yes; max-age=1", (1, True)),
        ('max-age=1; other="a;b, max-age=2"; x=y', (1, False)),
        (";;max-age=1", (1, False)),
        ("max-age=" + "9" * 400, (MAX_AGE, False)),
        ("max-age=1; max-age=1", None),
        ("max-age=1; preload; preload", None),
        ("includeSubDomains", None),
        ("max-age", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=1.5", None),
        ("max-age=1 max-age=2", None),
        ('max-age="1', None),
        ("max-age=1, includeSubDomains", None),
        ("", None),
        ("\n", None),
        (" " * 100_000 + "x y", None),
        ("max-age=1" + " \t" * 100_000 + "x", None),
    ],
)
def test_fields(field, expected):
    assert parse_field(field) == expected


@given(st.text(alphabet='max-age=1;"\\ \tincludeSubDomains,', max_size=60))
def test_any_field_is_read_or_ignored(field):
    said = parse_field(field)
    assert said is None or 0 <= said[0] <= MAX_AGE


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://example.com", "https://example.com/"),
        ("http://example.com:80/a?b#c", "https://example.com/a?b#c"),
        ("http://example.com:8080/", "https://example.com:8080/"),
        ("http://user:p%40ss@EXAMPLE.com:80/", "https://user:p%40ss@example.com/"),
        ("http://deep.api.example.com/", "https://deep.api.example.com/"),
        ("http://example.com./", "https://example.com./"),
        ("http://narrow.org/", "https://narrow.org/"),
        ("http://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("http://www.narrow.org/", None),
        ("http://badexample.com/", None),
        ("http://com/", None),
        ("http://127.0.0.1/", None),
        ("http://[::1]/", None),
        ("https://example.com:80/", None),
        ("ftp://example.com/", None),
    ],
)
def test_which_urls_are_asked_by_https(url, asked):
    hsts = HSTS(["Example.COM.", "B\u00fccher.example"])
    hsts.add("narrow.org", max_age=10)
    assert str(hsts.upgraded(URL(url))) == (asked or str(URL(url)))


def test_what_answers_say():
    hsts = HSTS()
    url = URL("https://www.example.com./")
    hsts.learn(url, ["max-age=10; includeSubDomains", "max-age=0"])
    assert "www.example.com" in hsts
    assert "a.www.example.com." in hsts
    assert "WWW.example.com" in hsts
    assert "example.com" not in hsts
    assert list(hsts) == ["www.example.com"]
    hsts.learn(url, ["max-age=10"])
    assert "a.www.example.com" not in hsts
    hsts.learn(url, ["nonsense"])
    hsts.learn(url, [])
    assert "www.example.com" in hsts
    hsts.learn(url, ["max-age=0"])
    assert len(hsts) == 0


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1/", "https://[::1]/"])
def test_whom_nobody_believes(url):
    hsts = HSTS()
    hsts.learn(URL(url), ["max-age=10"])
    assert len(hsts) == 0


def test_hosts_are_forgotten(monkeypatch):
    hsts = HSTS()
    hsts.add("example.com", max_age=10, include_subdomains=True)
    hsts.add("www.example.com", max_age=5)
    now = module._now()
    monkeypatch.setattr(module, "_now", lambda: now + 6)
    assert "www.example.com" in hsts  # by the name above it
    assert list(hsts) == ["example.com"]
    monkeypatch.setattr(module, "_now", lambda: now + 11)
    assert "www.example.com" not in hsts
    assert len(hsts) == 0
    assert str(hsts.upgraded(URL("http://example.com/"))) == "http://example.com/"


def test_hosts_are_bounded():
    hsts = HSTS()
    for number in range(MAX_HOSTS + 1):
        hsts.add(f"h{number}.example", max_age=10)
    assert len(hsts) <= MAX_HOSTS
    assert f"h{MAX_HOSTS}.example" in hsts
    assert "h0.example" not in hsts


def test_hosts_may_be_put_in_and_taken_out():
    hsts = HSTS(["example.com", "example.org"])
    hsts.discard("EXAMPLE.com")
    hsts.discard("unknown.example")
    assert list(hsts) == ["example.org"]
    assert repr(hsts) == "<HSTS: 1 hosts>"
    assert 5 not in hsts
    hsts.clear()
    assert len(hsts) == 0


@pytest.mark.parametrize(
    "host", ["", "127.0.0.1", "[::1]", "a/b", "u@example.com", "a b", 5, None, "http://x"]
)
def test_what_is_no_host_is_refused(host):
    with pytest.raises(InvalidOption, match="is no host name"):
        HSTS([host])


def test_a_negative_age_is_refused():
    with pytest.raises(InvalidOption, match="max_age"):
        HSTS().add("example.com", max_age=-1)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies(copied):
    hsts = HSTS(["example.com"])
    made = copied(hsts)
    assert made.items() == hsts.items()
    made.clear()
    assert "example.com" in hsts


def test_a_file_and_back(tmp_path):
    path = tmp_path / "hsts.txt"
    hsts = HSTS(["example.com"])
    hsts.add("narrow.org", max_age=1000)
    hsts.save(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    made = HSTS(["other.example"])
    made.load(path)
    assert sorted(made) == ["example.com", "narrow.org", "other.example"]
    assert "www.example.com" in made
    assert "www.narrow.org" not in made
    assert [int(known.expires) for name, known in made.items() if name == "narrow.org"] == [
        int(known.expires) for name, known in hsts.items() if name == "narrow.org"
    ]


def test_what_curl_writes_is_read(tmp_path):
    path = tmp_path / "hsts.txt"
    path.write_text(
        "# Your HSTS cache. https://curl.se/docs/hsts.html\n"
        '.example.com "20991231 10:00:00"\nwww.example.org "unlimited"\n'
        'past.example "20001231 10:00:00"\nnonsense\n127.0.0.1 "20991231 10:00:00"\n'
        'bad.example "soon"\n'
    )
    hsts = HSTS()
    hsts.load(path)
    assert sorted(hsts) == ["example.com", "www.example.org"]


def test_files_that_cannot_be(tmp_path):
    with pytest.raises(HSTSFileError, match="cannot be read") as caught:
        HSTS().load(tmp_path / "missing")
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(HSTSFileError, match="cannot be written"):
        HSTS().save(tmp_path / "missing" / "hsts.txt")
    huge = tmp_path / "huge"
    huge.write_bytes(b"")
    os.truncate(huge, module.MAX_FILE_SIZE + 1)
    with pytest.raises(HSTSFileError, match="no HSTS file"):
        HSTS().load(huge)


@pytest.mark.parametrize("kind", [envoi.Session, envoi.AsyncSession])
def test_settings(kind):
    assert kind().hsts is None
    assert kind(hsts=False).hsts is None
    assert isinstance(kind(hsts=True).hsts, HSTS)
    own = HSTS()
    session = kind(hsts=own)
    assert session.hsts is own
    session.hsts = None
    assert session.hsts is None
    with pytest.raises(InvalidOption, match="hsts="):
        kind(hsts="yes")
