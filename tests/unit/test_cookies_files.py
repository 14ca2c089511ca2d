"""Cookies saved and loaded."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from http.cookiejar import MozillaCookieJar

import pytest

import envoi
from envoi._core import Headers
from envoi._model.cookie_files import MAX_FILE_SIZE
from envoi._model.cookies import CookieHolder
from envoi._model.url import parse_url
from envoi.cookies import CookieFileError, RequestsCookieJar, create_cookie
from envoi.exceptions import CookieFileWarning, InvalidOption

HTTPS = parse_url("https://www.example.org/")
LATE = 4_000_000_000
MAGIC = "# Netscape HTTP Cookie File\n"


def received(*fields, url=HTTPS):
    holder = CookieHolder()
    holder.extract(url, Headers([("Set-Cookie", field) for field in fields]))
    return holder.jar


def loaded(path, **options):
    jar = RequestsCookieJar()
    jar.load(path, **options)
    return jar


def written(jar, path, **options):
    jar.save(path, **options)
    return [
        line
        for line in path.read_text("latin-1").splitlines()
        if line and (not line.startswith("# "))
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cookies.txt"


def test_a_session_saves_and_loads(path):
    with envoi.Session() as session:
        session.cookies.set("a", "1", domain="example.org", expires=LATE)
        session.cookies.save(path)
    with envoi.Session() as other:
        other.cookies.load(str(path))
        assert other.cookies["a"] == "1"


def test_what_is_written(path):
    jar = received(
        "host=1; Path=/; Max-Age=1000000000; Secure; HttpOnly",
        "wide=x=y; Domain=example.org; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
        "short=1",
    )
    for cookie in jar:
        if cookie.expires is not None:
            cookie.expires = LATE
    assert written(jar, path, ignore_discard=True) == [
        f"#HttpOnly_www.example.org\tFALSE\t/\tTRUE\t{LATE}\thost\t1",
        "www.example.org\tFALSE\t/\tFALSE\t0\tshort\t1",
        f".example.org\tTRUE\t/\tFALSE\t{LATE}\twide\tx=y",
    ]
    assert path.read_text().startswith(MAGIC)


def test_session_cookies_are_kept_when_asked_for(path):
    jar = received("a=1", "b=1; Max-Age=1000")
    jar.save(path)
    assert loaded(path, ignore_discard=True).keys() == ["b"]
    jar.save(path, ignore_discard=True)
    assert loaded(path).keys() == ["b"]
    assert loaded(path, ignore_discard=True).keys() == ["a", "b"]


def test_expired_cookies_are_kept_when_asked_for(path):
    jar = RequestsCookieJar()
    jar.set("a", "1", expires=5, discard=False)
    jar.save(path)
    assert loaded(path, ignore_expires=True).is_empty
    jar.save(path, ignore_expires=True)
    assert loaded(path).is_empty
    assert loaded(path, ignore_expires=True).keys() == ["a"]


@pytest.mark.parametrize(
    "url",
    ["https://www.example.org/", "https://localhost/", "https://127.0.0.1/", "https://[::1]:8443/"],
)
def test_host_only_cookies_stay_so(url, path):
    received("a=1; Path=/; Secure", url=parse_url(url)).save(path, ignore_discard=True)
    holder = CookieHolder(loaded(path, ignore_discard=True))
    assert holder.header_for(parse_url(url)) == "a=1"
    for other in (
        "https://sub.www.example.org/",
        "https://example.org/",
        "http://www.example.org/",
        "https://sub.localhost/",
    ):
        assert holder.header_for(parse_url(other)) is None


def test_domain_cookies_stay_so(path):
    jar = received("a=1; Path=/; Domain=example.org")
    jar.set("b", "1", domain="example.org")
    jar.set("c", "1")
    jar.save(path, ignore_discard=True)
    holder = CookieHolder(loaded(path, ignore_discard=True))
    assert sorted(holder.header_for(HTTPS).split("; ")) == sorted(
        CookieHolder(jar).header_for(HTTPS).split("; ")
    )
    assert holder.header_for(parse_url("https://deep.www.example.org/")) == "a=1; b=1; c=1"
    assert holder.header_for(parse_url("https://other.example/")) == "c=1"


def test_a_round_trip_keeps_everything_the_format_has(path):
    jar = received(
        "a=1; Path=/x; HttpOnly; Max-Age=1000",
        "b=; Path=/",
        "c",
        'd="quoted value"',
        "e=\xe9\xff",
        "f=1; Domain=example.org; Secure; Max-Age=9",
    )
    jar.save(path, ignore_discard=True)
    again = loaded(path, ignore_discard=True)
    known = (
        "name",
        "value",
        "domain",
        "path",
        "secure",
        "expires",
        "discard",
        "domain_specified",
        "version",
        "port",
    )
    assert [[getattr(cookie, name) for name in known] for cookie in again] == [
        [getattr(cookie, name) for name in known] for cookie in jar
    ]
    assert [cookie.has_nonstandard_attr("HttpOnly") for cookie in again] == [
        cookie.has_nonstandard_attr("HttpOnly") for cookie in jar
    ]


def test_mozilla_s_jar_reads_what_is_written(path):
    jar = received(
        "a=1; Path=/; Max-Age=1000; HttpOnly",
        "b=2; Domain=example.org; Secure; Max-Age=1000",
        "c=3",
    )
    jar.set("d", "4", domain="example.org", expires=LATE, discard=False)
    jar.save(path)
    mozilla = MozillaCookieJar()
    mozilla.load(str(path))
    assert sorted(cookie.name for cookie in mozilla) == ["a", "b", "d"]


def test_what_mozilla_s_jar_writes_is_read(path):
    mozilla = MozillaCookieJar(str(path))
    for cookie in received(
        "a=1; Path=/; Max-Age=1000; HttpOnly",
        "b=2; Domain=example.org; Secure; Max-Age=1000",
        "c=3",
        "d",
    ):
        mozilla.set_cookie(cookie)
    mozilla.save(ignore_discard=True)
    jar = loaded(path, ignore_discard=True)
    assert CookieHolder(jar).header_for(HTTPS) == "a=1; c=3; d; b=2"


def test_what_curl_writes_is_read(path):
    path.write_text(
        "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n# This file was generated by libcurl! Edit at your own risk.\n\n"
        f"localhost\tFALSE\t/\tFALSE\t{LATE}\tk\t2\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tnew\t1\n.example.org\tTRUE\t/\tTRUE\t{LATE}\twide\ta b\n"
    )
    holder = CookieHolder(loaded(path, ignore_discard=True))
    assert holder.header_for(parse_url("http://localhost/")) == "k=2"
    assert holder.header_for(parse_url("http://127.0.0.1/")) == "new=1"
    assert holder.header_for(HTTPS) == "wide=a b"


GOOD = "example.org\tFALSE\t/\tFALSE\t0\tgood\t1\r\n"


@pytest.mark.parametrize("line", ["", "  ", "# comment", "$ comment", "#HttpOnly_# comment"])
def test_comments_are_passed_over(line, path):
    path.write_text(f"{MAGIC}{line}\n{GOOD}", "latin-1", newline="")
    assert loaded(path, ignore_discard=True).items() == [("good", "1")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("words and words", "has 1 of 7 fields, which have tabs and not blanks between them"),
        ("example.org FALSE / FALSE 0 n v", "tabs and not blanks"),
        ("a\tb", "has 2 of 7 fields"),
        ("example.org\tFALSE\t/\tFALSE\tsoon\tn\tv", "has 'soon' where seconds since 1970"),
        ("example.org\tFALSE\t/\tFALSE\t-1\tn\tv", "has '-1' where seconds since 1970"),
        ("example.org\tFALSE\t/\tFALSE\t" + "9" * 5000 + "\tn\tv", "has '9"),
        ("example.org\tFALSE\t/\tFALSE\t0\t\t", "neither a name nor a value"),
        ("example.org\tFALSE\t/\tFALSE\t0\tn\tv\tmore", "has 8 of 7 fields"),
        ("example.org\tFALSE\t/\tFALSE\t0\tn\tv\x00", "control character"),
        ("example.org\tFALSE\t/\tFALSE\t0\tn\tv\x1b[0m", "control character"),
        (".\tTRUE\t/\tFALSE\t0\tn\tv", "has no domain"),
        ("example.org\tFALSE\t/\tFALSE\t0\tn\t" + "v" * 20_000, "longer than 16384"),
    ],
)
def test_lines_that_should_be_cookies_are_named_and_left_out(line, told, path):
    path.write_text(f"{MAGIC}{line}\n{GOOD}", "latin-1", newline="")
    number = MAGIC.count("\n") + 1
    with pytest.warns(CookieFileWarning, match=rf"cookies\.txt.*: line {number} .*{told}"):
        jar = loaded(path, ignore_discard=True)
    assert jar.items() == [("good", "1")]


def test_a_warning_shows_no_secret_and_no_more_than_ten_lines(path):
    path.write_text(f"{MAGIC}{GOOD}" + "example.org FALSE / FALSE 0 name s3cret\n" * 30)
    with pytest.warns(CookieFileWarning, match="and 20 more") as caught:
        loaded(path, ignore_discard=True)
    assert [str(warning.message).count("line ") for warning in caught] == [10]
    assert "s3cret" not in str(caught[0].message)
    assert caught[0].filename == __file__


ALL = [
    "host=1; Path=/; Max-Age=1000; Secure; HttpOnly; SameSite=Strict; Priority=High; Partitioned",
    "wide=2; Domain=example.org; Path=/deep",
    r'quoted="\"3\""; Path=/',
    "nameless",
    "short=1",
]


def test_json_keeps_everything(path):
    jar = received(*ALL)
    jar.set("by hand", "\u20ac\t\u2028", port="80,81", comment="why", rest={"n": 5})
    jar.save(path, ignore_discard=True, format="json")
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    made = RequestsCookieJar()
    made.load(path, ignore_discard=True)
    jar.set("by hand", "\u20ac\t\u2028", port="80,81", comment="why", rest={"n": "5"})
    assert [vars(cookie) for cookie in made] == [vars(cookie) for cookie in jar]
    assert list(made._ordered()._made) == list(jar._ordered()._made)


def test_json_leaves_out_what_the_netscape_format_does(path):
    jar = received("short=1", "long=1; Max-Age=1000")
    jar.save(path, format="json")
    made = RequestsCookieJar()
    made.load(path)
    assert made.keys() == ["long"]
    assert json.loads(path.read_text())["cookies"][0]["name"] == "long"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"a": 1}',
        '{"cookies": {}}',
        '{"cookies": [5]}',
        '{"cookies": [{"name": "a"}]}',
        '{"cookies": [{"name": 5, "domain": ""}]}',
        '{"cookies": [{"name": "a", "domain": "", "version": true}]}',
        '{"cookies": [{"name": "a", "domain": "", "expires": "soon"}]}',
        '{"cookies": [{"name": "a", "domain": "", "rest": {"a": 5}}]}',
        '{"cookies": ' + "[" * 200_000,
        "{\xff",
    ],
)
def test_json_of_something_else_is_refused_and_nothing_changes(content, path):
    path.write_text(content, "latin-1")
    jar = RequestsCookieJar({"a": "1"})
    with pytest.raises(CookieFileError, match="is no file of cookies"):
        jar.load(path)
    assert jar == {"a": "1"}


def test_another_format_is_refused(path):
    with pytest.raises(InvalidOption, match="'netscape' or 'json'"):
        RequestsCookieJar().save(path, format="xml")
    assert not path.exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Example.ORG\tfalse\tpath\ttrue\t\tn\tv",
            ("example.org", False, "/", True, None, "n", "v"),
        ),
        (
            ".example.org\tFALSE\t/\tFALSE\t0\tn\tv",
            ("example.org", False, "/", False, None, "n", "v"),
        ),
        (
            "example.org\tTRUE\t/\tFALSE\t4000000000.5\tn\tv",
            (".example.org", True, "/", False, LATE, "n", "v"),
        ),
        ("example.org\tFALSE\t/\tFALSE\t0\tn", ("example.org", False, "/", False, None, "n", "")),
        (
            "example.org\tFALSE\t/\tFALSE\t0\t\tn",
            ("example.org", False, "/", False, None, "", "n"),
        ),
        ("printer\tFALSE\t/\tFALSE\t0\tn\tv", ("printer", False, "/", False, None, "n", "v")),
    ],
)
def test_other_programs_dialects_are_read(line, expected, path):
    for head in (MAGIC, "\ufeff" + MAGIC, "# HTTP Cookie File\n", ""):
        path.write_text(head + line, "utf-8")
        (cookie,) = loaded(path, ignore_discard=True)
        found = (
            cookie.domain,
            cookie.domain_specified,
            cookie.path,
            cookie.secure,
            cookie.expires,
            cookie.name,
            cookie.value,
        )
        assert found == expected


def test_loading_adds_to_what_is_there(path):
    received("a=new; Path=/").save(path, ignore_discard=True)
    jar = received("a=old; Path=/", "b=kept")
    jar.load(path, ignore_discard=True)
    assert jar.items() == [("a", "new"), ("b", "kept")]


@pytest.mark.parametrize(
    "content", [b"", b"<html>no</html>", b"{}", b"\x00" * 100, b"SQLite format 3\x00", b"\xff\xfe"]
)
def test_a_file_of_something_else_is_refused_and_nothing_changes(content, path):
    path.write_bytes(content)
    jar = RequestsCookieJar({"a": "1"})
    with pytest.raises(CookieFileError, match="is empty" if not content else "no file of cookies"):
        jar.load(path)
    assert jar == {"a": "1"}


def test_a_file_without_cookies_is_fine(path):
    RequestsCookieJar().save(path)
    assert loaded(path).is_empty


def test_a_huge_file_is_refused(path):
    with path.open("wb") as file:
        file.write(MAGIC.encode())
        file.truncate(MAX_FILE_SIZE + 1)
    with pytest.raises(CookieFileError, match="above"):
        loaded(path)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device of Unix")
def test_an_endless_file_is_refused():
    with pytest.raises(CookieFileError):
        loaded("/dev/zero")


def test_missing_file_and_missing_folder(path):
    for act in (loaded, lambda gone: RequestsCookieJar().save(gone / "cookies.txt")):
        with pytest.raises(envoi.CookieFileNotFound, match="cookies.txt") as raised:
            act(path)
        assert isinstance(raised.value, (envoi.RequestException, FileNotFoundError))
        assert raised.value.errno == errno.ENOENT
        assert raised.value.filename.startswith(str(path))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(CookieFileError, match="cannot be read"):
        loaded(tmp_path)
    with pytest.raises(CookieFileError, match="cannot be written"):
        RequestsCookieJar().save(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="modes of Unix")
def test_only_the_owner_may_read_from_the_first_moment(path, monkeypatch):
    path.write_text("old")
    path.chmod(0o666)
    modes = []
    before = os.umask(0)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(
                os,
                "fsync",
                lambda descriptor: modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode)),
            )
            received("a=1").save(path, ignore_discard=True)
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_save_leaves_the_old_file_and_no_other(path, monkeypatch):
    received("a=1").save(path, ignore_discard=True)
    old = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(CookieFileError, match="No space"):
            received("b=1").save(path)
    assert path.read_bytes() == old
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="links of Unix")
def test_a_planted_link_is_replaced_and_not_followed(path, tmp_path):
    target = tmp_path / "target"
    target.write_text("untouched")
    path.symlink_to(target)
    received("a=1").save(path)
    assert target.read_text() == "untouched"
    assert not path.is_symlink()


@pytest.mark.parametrize("field", ["name", "value", "path", "domain"])
@pytest.mark.parametrize("text", ["a\tb", "a\nb\tTRUE", "a\rb", "a\x00b", "\u20ac"])
def test_what_could_forge_a_line_is_left_out(field, text, path):
    jar = RequestsCookieJar({"good": "1"})
    cookie = create_cookie("bad", "1", domain="example.org")
    setattr(cookie, field, text)
    jar.set_cookie(cookie)
    assert len(written(jar, path, ignore_discard=True)) == 1


@pytest.mark.parametrize("domain", ["#evil", "$evil"])
def test_a_domain_that_would_be_a_comment_is_left_out(domain, path):
    jar = RequestsCookieJar()
    cookie = create_cookie("a", "1", domain=domain)
    cookie.domain_specified = False
    jar.set_cookie(cookie)
    assert written(jar, path, ignore_discard=True) == []


def test_saving_while_others_change_the_jar(path):
    from concurrent.futures import ThreadPoolExecutor

    jar = RequestsCookieJar()

    def work(number):
        jar.set(f"c{number}", "1", domain="example.org", expires=LATE, discard=False)
        jar.save(path)
        assert loaded(path) is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    jar.save(path)
    assert len(loaded(path)) == 40
