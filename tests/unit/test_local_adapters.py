"""`FileAdapter`: the files below a folder and no others; and what it has in common with `DataAdapter`. In three colours."""

from __future__ import annotations

import gc
import os
import pickle
import tracemalloc
from urllib.request import urlopen

import pytest

import envoi
from envoi.adapters import DataAdapter, FileAdapter
from envoi.testing import Answer

TEXT = "Grüße, née Zoë\n".encode()


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "page.html").write_bytes(TEXT)
    (folder / "below").mkdir()
    (folder / "below" / "deep.txt").write_bytes(b"deep")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (tmp_path / "rooted").mkdir()
    (tmp_path / "rooted" / "beside.txt").write_bytes(b"beside")
    return folder


@pytest.fixture
def files(client, root):
    """A client in one of three colours, with the folder mounted."""
    client.session.mount("file:", FileAdapter(root))
    return client


def test_a_file_is_answered_with_what_is_known_of_it(files, root):
    page = root / "page.html"
    os.utime(page, (784111777, 784111777))
    response = files.get(page.as_uri())
    assert (response.status_code, response.reason, response.content) == (200, "OK", TEXT)
    assert response.headers["Content-Length"] == str(len(TEXT))
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["Last-Modified"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert response.url == page.as_uri()
    assert response.request.url == page.as_uri()
    assert response.history == []


def test_urllib_says_the_same_of_a_file(files, root):
    address = (root / "page.html").as_uri()
    response = files.get(address)
    with urlopen(address) as theirs:
        assert response.content == theirs.read()
        for name in ("Content-Length", "Content-Type", "Last-Modified"):
            assert response.headers[name] == theirs.headers[name]


def test_text_guesses_the_encoding_that_no_file_tells(files, root):
    assert files.get((root / "page.html").as_uri()).text == TEXT.decode()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.json", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.bz2", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_name_suggests_the_type_and_nothing_is_decompressed(files, root, name, kind):
    (root / name).write_bytes(b"\x1f\x8b not really")
    response = files.get((root / name).as_uri())
    assert response.headers["Content-Type"] == kind
    assert "Content-Encoding" not in response.headers
    assert response.content == b"\x1f\x8b not really"


def test_head_is_answered_without_a_body(files, root):
    for name, status, length in (("page.html", 200, str(len(TEXT))), ("missing", 404, "0")):
        response = files.request("HEAD", (root / name).as_uri())
        assert (response.status_code, response.content, response.headers["Content-Length"]) == (
            status,
            b"",
            length,
        )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_file_is_not_written_nor_removed(files, root, method):
    response = files.request(method, (root / "page.html").as_uri(), data=b"new")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert (root / "page.html").read_bytes() == TEXT


@pytest.mark.parametrize(
    "spelling",
    [
        "file://{}",
        "file://localhost{}",
        "file://LOCALHOST{}",
        "file:{}",
        "FILE://{}",
        "file://{}?q=1#here",
    ],
)
def test_ways_to_write_the_same_file(files, root, spelling):
    assert files.get(spelling.format(root / "page.html")).content == TEXT


@pytest.mark.parametrize(
    "name",
    ["a b.txt", "100%.txt", "née.txt", "a?b#c.txt", "a+b.txt", "a%20b.txt", "semi;colon.txt"],
)
def test_names_are_percent_decoded_once(files, root, name):
    (root / name).write_bytes(b"found")
    response = files.get((root / name).as_uri())
    assert response.content == b"found"


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX alone")
def test_a_name_that_is_no_utf8_is_found(files, root):
    try:
        (root / os.fsdecode(b"a\xff")).write_bytes(b"found")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert files.get(f"{root.as_uri()}/a%FF").content == b"found"
    assert files.get(f"{root.as_uri()}/b%FF").status_code == 404


def test_a_missing_file_is_a_404_that_says_so(files, root):
    response = files.get((root / "missing.txt").as_uri())
    assert response.status_code == 404
    assert response.reason == f"Not Found: there is no file {str(root / 'missing.txt')!r}"
    assert response.text == response.reason + "\n"
    with pytest.raises(envoi.HTTPError, match="404 Client Error: Not Found: there is no file"):
        response.raise_for_status()


@pytest.mark.parametrize("path", ["/page.html/below", "/" + "x" * 300, "/missing/page.html"])
def test_what_cannot_be_there_is_a_404(files, root, path):
    assert files.get(root.as_uri() + path).status_code == 404


@pytest.mark.parametrize("path", ["", "/", "/below", "/below/"])
def test_a_folder_is_forbidden(files, root, path):
    response = files.get(root.as_uri() + path)
    assert response.status_code == 403
    assert response.reason.endswith("is a folder")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E./secret.txt",
        "/below/../../secret.txt",
        "/../rooted/beside.txt",
        "/../root/../secret.txt",
        "/../missing.txt",
        "/../../../../../../../../../../../../etc/passwd",
    ],
)
def test_dots_lead_nowhere(files, root, path):
    response = files.get(root.as_uri() + path)
    assert response.status_code == 403
    assert "is below none of the adapter's folders" in response.reason
    assert b"secret" not in response.content.replace(b"secret.txt", b"")


def test_dots_inside_the_folder_are_fine(files, root):
    assert files.get(f"{root.as_uri()}/below/../page.html").content == TEXT


def test_a_link_out_of_the_folder_is_forbidden_whatever_it_leads_to(files, root, tmp_path):
    (root / "link").symlink_to(tmp_path / "secret.txt")
    (root / "dangling").symlink_to(tmp_path / "missing")
    (root / "folder").symlink_to(tmp_path)
    (root / "twice").symlink_to(root / "link")
    for path in ("link", "dangling", "folder/secret.txt", "folder/missing", "twice"):
        response = files.get(f"{root.as_uri()}/{path}")
        assert response.status_code == 403, path
        assert "is below none" in response.reason


def test_a_link_inside_the_folder_is_followed(files, root):
    (root / "link").symlink_to("below/deep.txt")
    assert files.get(f"{root.as_uri()}/link").content == b"deep"


def test_links_in_a_circle_are_forbidden(files, root):
    (root / "one").symlink_to(root / "two")
    (root / "two").symlink_to(root / "one")
    assert files.get(f"{root.as_uri()}/one").status_code == 403


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(client, root, tmp_path, monkeypatch):
    """Between the look at the name and the opening."""
    client.session.mount("file:", FileAdapter(root))
    real = os.path.realpath

    def too_late(path, **options):
        resolved = real(path, **options)
        (root / "page.html").unlink()
        (root / "page.html").symlink_to(tmp_path / "secret.txt")
        return resolved

    monkeypatch.setattr("envoi._adapters.local.os.path.realpath", too_late)
    assert client.get((root / "page.html").as_uri()).status_code == 403


def test_a_root_that_is_a_link_serves_what_it_leads_to(client, root, tmp_path):
    (tmp_path / "alias").symlink_to(root)
    client.session.mount("file:", FileAdapter(tmp_path / "alias"))
    assert client.get((tmp_path / "alias" / "page.html").as_uri()).content == TEXT
    assert client.get((root / "page.html").as_uri()).content == TEXT


def test_several_folders(client, root, tmp_path):
    client.session.mount("file:", FileAdapter(root / "below", str(tmp_path / "rooted")))
    statuses = [
        client.get((tmp_path / name).as_uri()).status_code
        for name in ("root/below/deep.txt", "rooted/beside.txt", "root/page.html")
    ]
    assert statuses == [200, 200, 403]


def test_a_relative_root_is_resolved_at_once(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    adapter = FileAdapter("root")
    monkeypatch.chdir(root)
    with envoi.Session() as session:
        session.mount("file:", adapter)
        assert session.get((root / "page.html").as_uri()).status_code == 200


@pytest.mark.parametrize("root", ["missing", "secret.txt", b"/", None, 3])
def test_a_root_must_be_a_folder(root, tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(envoi.InvalidOption, match="FileAdapter takes folders"):
        FileAdapter(root)


def test_a_root_is_required():
    with pytest.raises(TypeError, match="root"):
        FileAdapter()


def test_a_file_without_permission_is_forbidden(files, root):
    secret = root / "private.txt"
    secret.write_bytes(b"secret")
    secret.chmod(0)
    if os.access(secret, os.R_OK):
        pytest.skip("this user may read everything")
    response = files.get(secret.as_uri())
    assert (
        response.status_code,
        response.reason.endswith("cannot be read: Permission denied"),
    ) == (403, True)


def test_denied_permission_is_told(files, root, monkeypatch):
    """The same for whoever may read everything, such as root."""

    def denied(path, flags):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("envoi._adapters.local._open", denied)
    response = files.get((root / "page.html").as_uri())
    assert (
        response.status_code,
        response.reason.endswith("cannot be read: Permission denied"),
    ) == (403, True)


def test_other_failures_to_open_are_connection_errors(files, root, monkeypatch):
    def exhausted(path, flags):
        raise OSError(24, "Too many open files", path)

    monkeypatch.setattr("envoi._adapters.local._open", exhausted)
    with pytest.raises(
        envoi.ConnectionError, match="cannot be opened: Too many open files"
    ) as caught:
        files.get((root / "page.html").as_uri())
    assert caught.value.request.method == "GET"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_is_forbidden_and_nobody_waits(files, root):
    os.mkfifo(root / "pipe")
    response = files.get((root / "pipe").as_uri())
    assert (response.status_code, response.reason.endswith("is no regular file")) == (403, True)


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1", "localhost:80", "localhost.example.org"]
)
def test_another_host_is_refused(files, root, host):
    with pytest.raises(envoi.InvalidURL, match="on another host") as caught:
        files.get(f"file://{host}{root}/page.html")
    assert caught.value.request is not None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("file:page.html", "is absolute"),
        ("file:", "is absolute"),
        ("file://", "is absolute"),
        ("file:///a%00b", "NUL"),
        ("file:///root%2Fpage.html", "encoded slash"),
    ],
)
def test_a_path_that_no_file_can_have_is_refused(files, url, problem):
    with pytest.raises(envoi.InvalidURL, match=problem):
        files.get(url)


def test_a_large_file_is_streamed(files, root):
    size, memory = 32 << 20, 4 << 20
    with (root / "large").open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        with files.get((root / "large").as_uri(), stream=True) as response:
            received = sum(map(len, response.iter_content()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert received == size
    assert peak < memory


def test_pieces_are_as_small_as_asked_for(files, root):
    (root / "page.html").write_bytes(b"x" * 1000)
    with files.get((root / "page.html").as_uri(), stream=True) as response:
        assert [len(piece) for piece in response.iter_content(400)] == [400, 400, 200]


def test_lines(files, root):
    (root / "lines").write_bytes(b"one\ntwo\r\nthree")
    with files.get((root / "lines").as_uri(), stream=True) as response:
        assert list(response.iter_lines()) == [b"one", b"two", b"three"]


def test_a_file_that_is_cut_short_meanwhile_is_incomplete(files, root):
    (root / "page.html").write_bytes(b"x" * 200_000)
    with files.get((root / "page.html").as_uri(), stream=True) as response:
        pieces = response.iter_content(65536)
        assert len(next(pieces)) == 65536
        os.truncate(root / "page.html", 70_000)
        with pytest.raises(envoi.IncompleteBody, match="130000 bytes are missing"):
            list(pieces)


def test_no_file_stays_open(files, root):
    address = (root / "page.html").as_uri()
    files.get(address)  # an event loop opens descriptors of its own
    before = open_descriptors()
    for _ in range(3):
        assert files.get(address).content == TEXT
        files.request("HEAD", address)
        files.get(root.as_uri())
        with files.get(address, stream=True) as response:
            next(response.iter_content(2))
    gc.collect()
    assert open_descriptors() == before


def test_raw_is_a_file_that_ends_quietly(root):
    with envoi.Session() as session:
        session.mount("file:", FileAdapter(root))
        with session.get((root / "page.html").as_uri(), stream=True) as response:
            assert response.raw.read(4) + response.raw.read(decode_content=True) == TEXT
            assert (response.raw.read(), response.raw.read(10), response.raw.closed) == (
                b"",
                b"",
                True,
            )


def test_adapters_survive_pickling(root):
    with envoi.Session() as session:
        session.mount("file:", FileAdapter(root))
        session.mount("data:", DataAdapter())
        with pickle.loads(pickle.dumps(session)) as copied:
            assert copied.get((root / "page.html").as_uri()).content == TEXT
            assert copied.get("data:,hello").text == "hello"


def test_a_response_survives_pickling_and_is_truthy(root):
    with envoi.Session() as session:
        session.mount("file:", FileAdapter(root))
        response = pickle.loads(pickle.dumps(session.get((root / "page.html").as_uri())))
    assert (bool(response), response.content) == (True, TEXT)


def test_a_session_answers_neither_on_its_own(client, root):
    for address in ((root / "page.html").as_uri(), "data:,hello"):
        with pytest.raises(envoi.InvalidSchema, match="No connection adapters were found"):
            client.get(address)


@pytest.mark.parametrize(
    "target",
    [
        "file:{root}/page.html",
        "FILE://{root}/page.html",
        "file://localhost{root}/page.html",
        "data:,hello",
    ],
)
@pytest.mark.parametrize("by_parts", [False, True])
def test_a_redirect_from_the_network_is_not_followed(files, root, server, target, by_parts):
    target = target.format(root=root)
    files.session.mount("data:", DataAdapter())
    server.add("/away", Answer(302, headers=[("Location", target)]))
    if by_parts:  # as where a companion patches requests' methods
        files.session.rebuild_auth = files.session.rebuild_auth
    with pytest.raises(envoi.InvalidSchema, match="only http and https are followed") as caught:
        files.get(f"{server.url}/away")
    assert caught.value.response.status_code == 302
    unfollowed = files.get(f"{server.url}/away", allow_redirects=False)
    assert (unfollowed.status_code, unfollowed.next) == (302, None)


def open_descriptors():
    """How many files are open in this process, where it can be told."""
    folder = "/proc/self/fd"
    return len(os.listdir(folder)) if os.path.isdir(folder) else 0
