"""requests.utils on files, on the environment and on proxies."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from netrc import NetrcParseError
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from envoi import utils
from envoi._proto.plans.proxy_lookup import registry_exempts
from envoi.exceptions import FileModeWarning, UnrewindableBodyError


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


class Measured:
    def __init__(self, length: int, position: int) -> None:
        self.len = length
        self.position = position

    def tell(self) -> int:
        return self.position


class Pipe:
    def tell(self) -> int:
        raise OSError

    def __len__(self) -> int:
        return 5


def read_from(stream: Any, count: int) -> Any:
    stream.read(count)
    return stream


@pytest.mark.parametrize(
    ("source", "length"),
    [
        ("é", 2),
        (b"abc", 3),
        ([1, 2], 2),
        (io.BytesIO(b"abc"), 3),
        (read_from(io.BytesIO(b"abc"), 2), 1),
        (read_from(io.StringIO("abc"), 1), 2),
        (Measured(10, 4), 6),
        (Measured(2, 4), 0),
        (Pipe(), 0),
        (object(), 0),
    ],
)
def test_length_that_is_left(source: Any, length: int) -> None:
    assert utils.super_len(source) == length


def test_length_of_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with path.open("rb") as file:
        file.read(2)
        assert utils.super_len(file) == 3
    with path.open() as file, pytest.warns(FileModeWarning):
        assert utils.super_len(file) == 5


def test_length_of_a_member_of_an_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        entry = tarfile.TarInfo("member")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"abcd"))
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert utils.super_len(archive.extractfile("member")) == 4


def test_length_leaves_the_position() -> None:
    stream = io.BytesIO(b"abc")
    stream.seek(1)
    utils.super_len(stream)
    assert stream.tell() == 1


def test_bodies_are_rewound_to_where_they_began() -> None:
    body = io.BytesIO(b"abc")
    body.read()
    utils.rewind_body(SimpleNamespace(body=body, _body_position=1))
    assert body.read() == b"bc"


class Stuck:
    def seek(self, position: int) -> None:
        raise OSError("stuck")


@pytest.mark.parametrize(
    ("body", "position"),
    [(iter(()), 0), (io.BytesIO(), None), (io.BytesIO(), object()), (Stuck(), 0)],
)
def test_bodies_that_cannot_be_rewound_say_so(body: Any, position: Any) -> None:
    with pytest.raises(UnrewindableBodyError, match="rewind"):
        utils.rewind_body(SimpleNamespace(body=body, _body_position=position))


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("/a/b.txt", "b.txt"),
        (b"/a/b.txt", b"b.txt"),
        ("<stdin>", None),
        (b"<stdin>", None),
        (3, None),
        (None, None),
        ("", None),
    ],
)
def test_file_names(name: Any, guess: Any) -> None:
    assert utils.guess_filename(SimpleNamespace(name=name)) == guess


def test_members_of_zip_archives_are_extracted(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("folder/member.pem", "content")
    extracted = Path(utils.extract_zipped_paths(f"{archive}/folder/member.pem"))
    assert (extracted.read_text(), extracted.suffix) == ("content", ".pem")
    extracted.unlink()
    for unchanged in (str(archive), f"{archive}/folder/other", f"{tmp_path}/none", "/", "none", ""):
        assert utils.extract_zipped_paths(unchanged) == unchanged


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with utils.atomic_open(str(path)) as file:
        file.write(b"old")
    with pytest.raises(KeyError), utils.atomic_open(str(path)) as file:
        file.write(b"new")
        raise KeyError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(("before", "value"), [(None, "x"), ("y", "x"), ("y", None), (None, None)])
def test_environment_is_restored(
    before: str | None, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENVOI_TEST", raising=False)
    if before is not None:
        monkeypatch.setenv("ENVOI_TEST", before)
    with pytest.raises(KeyError), utils.set_environ("ENVOI_TEST", value):
        assert os.environ.get("ENVOI_TEST") == (before if value is None else value)
        raise KeyError
    assert os.environ.get("ENVOI_TEST") == before


def test_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(path))
    assert utils.get_netrc_auth("http://example.org/") is None
    path.write_text("machine example.org login a password b\n")
    assert utils.get_netrc_auth(b"http://Example.org:80/x", raise_errors=True) == ("a", "b")
    assert utils.get_netrc_auth("http://example.org:@evil.test/") is None
    assert utils.get_netrc_auth("no url") is None
    path.write_text("machine\n")
    assert utils.get_netrc_auth("http://example.org/") is None
    with pytest.raises(NetrcParseError):
        utils.get_netrc_auth("http://example.org/", raise_errors=True)


@pytest.mark.parametrize(
    ("url", "bypassed"),
    [
        ("http://intern.test/", True),
        ("http://www.intern.test:8080/", True),
        ("http://notintern.test/", False),
        ("http://10.1.2.3/", True),
        ("http://11.1.2.3/", False),
        ("http://port.test:6000/", True),
        ("http://port.test/", False),
        ("file:///etc/hosts", True),
        ("no url", True),
    ],
)
def test_urls_that_need_no_proxy(url: str, bypassed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    exempt = "intern.test, 10.0.0.0/8,port.test:6000"
    assert utils.should_bypass_proxies(url, exempt) is bypassed
    monkeypatch.setenv("no_proxy", exempt)
    assert utils.should_bypass_proxies(url, None) is bypassed


@pytest.mark.parametrize(("answer", "bypassed"), [(1, True), (0, False)])
def test_system_is_asked_with_the_host_alone(answer: int, bypassed: bool) -> None:
    with mock.patch("envoi.utils.proxy_bypass", return_value=answer) as asked:
        assert utils.should_bypass_proxies("http://user:password@host.test:80/", None) is bypassed
    asked.assert_called_once_with("host.test")


def test_system_that_fails_exempts_nothing() -> None:
    with mock.patch("envoi.utils.proxy_bypass", side_effect=OSError):
        assert utils.should_bypass_proxies("http://host.test/", None) is False


@pytest.mark.parametrize(
    ("host", "exempt"),
    [
        ("192.168.0.1", True),
        ("LOCAL", True),
        ("a.test", False),
        ("ab.corp", True),
        ("1.1.1.1", False),
    ],
)
def test_windows_patterns(host: str, exempt: bool) -> None:
    assert registry_exempts(host, "192.168.*;<local>;a?.corp;;(".split(";")) is exempt


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:1")
    assert utils.get_environ_proxies("http://host.test/") == {"http": "http://proxy.test:1"}
    assert utils.get_environ_proxies("http://host.test/", no_proxy="host.test") == {}


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://some.host/p", "a"),
        ("http://other.host/", "b"),
        ("https://all.host/", "c"),
        ("https://else.host/", "d"),
        ("http:///path", "b"),
        ("file:///path", "d"),
    ],
)
def test_selected_proxies(url: str, proxy: str) -> None:
    proxies = {"http://some.host": "a", "http": "b", "all://all.host": "c", "all": "d"}
    assert utils.select_proxy(url, proxies) == proxy
    assert utils.select_proxy(url, None) is None


def test_resolved_proxies_keep_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://environment.test")
    monkeypatch.setenv("all_proxy", "http://all.test")
    plain, secure = (
        SimpleNamespace(url="http://host.test/"),
        SimpleNamespace(url="https://host.test/"),
    )
    given = {"http": "http://explicit.test"}
    assert utils.resolve_proxies(plain, given) == given
    assert utils.resolve_proxies(plain, None) == {"http": "http://environment.test"}
    assert utils.resolve_proxies(secure, given) == {**given, "https": "http://all.test"}
    assert utils.resolve_proxies(plain, None, trust_env=False) == {}
    assert utils.resolve_proxies(plain, {"no_proxy": "host.test"}) == {"no_proxy": "host.test"}
    assert given == {"http": "http://explicit.test"}
