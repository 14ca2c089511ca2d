"""`files=` of a session: every form, streamed from disk, over real connections, in all three colours."""

from __future__ import annotations

import io
import tracemalloc

import pytest

import envoi
from envoi.testing import Answer, Server

pytestmark = [pytest.mark.timeout(60), pytest.mark.leaks]

BIG = 24 * 1024 * 1024
AROUND_A_MEBIBYTE = (1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "report.csv"
    path.write_bytes(b"day,visits\n")
    return path


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "big.bin"
    with path.open("wb") as file:
        file.truncate(BIG)
    return path


@pytest.fixture
def counting(server: Server) -> Server:
    """A server that tells how long a body was and how it was framed: it records no long ones."""

    @server.route("/count", ["POST", "PUT"])
    def count(request):
        framing = {
            name: request.headers.get(name)
            for name in ("content-length", "transfer-encoding", "content-type")
        }
        return {
            "size": len(request.body),
            "files": {name: len(content) for name, (_, content) in request.files().items()},
            **framing,
        }

    return server


def received(server: Server) -> list[tuple[str, str, bytes]]:
    """Field, file name and content of each file of the last request."""
    return [
        (name, filename, content)
        for name, (filename, content) in server.requests[-1].files().items()
    ]


FORMS = {
    "text": ({"a": "day,visits\n"}, "a", None),
    "bytes": ({"a": b"day,visits\n"}, "a", None),
    "bytearray": ({"a": bytearray(b"day,visits\n")}, "a", None),
    "BytesIO": ({"a": io.BytesIO(b"day,visits\n")}, "a", None),
    "StringIO": ({"a": io.StringIO("day,visits\n")}, "a", None),
    "pair": ({"a": ("n.csv", b"day,visits\n")}, "n.csv", None),
    "pair with a file": ({"a": ("n.csv", io.BytesIO(b"day,visits\n"))}, "n.csv", None),
    "with a type": ({"a": ("n.csv", "day,visits\n", "text/csv")}, "n.csv", "text/csv"),
    "with headers": (
        {"a": ("n.csv", "day,visits\n", "text/csv", {"X-Id": "7"})},
        "n.csv",
        "text/csv",
    ),
    "list of tuples": ([("a", ("n.csv", "day,visits\n"))], "n.csv", None),
    "list as a value": ({"a": ["n.csv", "day,visits\n"]}, "n.csv", None),
    "iterable": ({"a": ("n.csv", [b"day,", b"visits\n"])}, "n.csv", None),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_arrives(form: str, client, server) -> None:
    files, filename, content_type = FORMS[form]
    for pair in files.values() if isinstance(files, dict) else [value for _, value in files]:
        content = pair[1] if isinstance(pair, (tuple, list)) else pair
        if hasattr(content, "seek"):
            content.seek(0)
    response = client.post(f"{server.url}/post", files=files)
    assert response.json()["files"] == {"a": "day,visits\n"}
    assert received(server) == [("a", filename, b"day,visits\n")]
    body = server.requests[-1].body
    assert (f"Content-Type: {content_type}\r\n".encode() in body) == (content_type is not None)
    assert (b"X-Id: 7\r\n" in body) == (form == "with headers")


def test_open_file_gives_its_name(client, server, path) -> None:
    with path.open("rb") as file:
        client.post(f"{server.url}/post", files={"a": file})
    assert received(server) == [("a", "report.csv", b"day,visits\n")]
    assert server.requests[-1].headers.get("content-length")


def test_file_opened_as_text(client, server, path) -> None:
    path.write_text("naïve\n", encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        client.post(f"{server.url}/post", files={"a": file})
    assert received(server) == [("a", "report.csv", "naïve\n".encode())]


def test_fields_come_first_and_may_repeat(client, server) -> None:
    response = client.post(
        f"{server.url}/post", {"tags": ["x", "y"], "n": 1, "none": None}, files={"a": b"1"}
    )
    assert response.json()["form"] == {"tags": ["x", "y"], "n": "1"}
    body = server.requests[-1].body
    assert body.index(b'name="n"') < body.index(b'name="a"')


def test_several_files_in_a_field(client, server) -> None:
    files = [("a", ("1.txt", "one")), ("a", ("2.txt", "two"))]
    client.post(f"{server.url}/post", files=files)
    assert server.requests[-1].body.count(b'name="a"; filename=') == 2


def test_httpbin_reads_it(client, httpbin) -> None:
    answer = client.post(
        f"{httpbin}/post",
        {"title": "Cat"},
        files={"photo": ("cat.jpg", b"\x89", "image/jpeg"), "note": "hello"},
    ).json()
    assert answer["form"] == {"title": "Cat"}
    assert answer["files"] == {"photo": "data:image/jpeg;base64,iQ==", "note": "hello"}


def test_file_name_beyond_ascii(client, server) -> None:
    client.post(f"{server.url}/post", files={"Ünïcode": ("日本.txt", b"x")})
    assert 'name="Ünïcode"; filename="日本.txt"'.encode() in server.requests[-1].body


@pytest.mark.parametrize("name", ['a"; filename="b', "a\r\nX: y", "a\nb"])
def test_name_cannot_break_out_of_its_quotes(name: str, client, server) -> None:
    client.post(f"{server.url}/post", files={name: (name, b"x")})
    body = server.requests[-1].body
    assert body.count(b"filename=") == body.count(b'; filename="') + body.count(b"; filename=%22")
    assert body.split(b"\r\n\r\n")[0].count(b"\r\n") == 1


@pytest.mark.parametrize("files", [{}, [], None, ()])
def test_no_files_is_an_ordinary_body(files, client, server) -> None:
    assert client.post(f"{server.url}/post", {"a": "1"}, files=files).json()["form"] == {"a": "1"}


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ({"a": object()}, None),
        ({"a": ("only",)}, None),
        ({"a": ("n", b"x", None, None, None)}, None),
        (5, None),
        ("text", None),
        ({"a": b"x"}, "text"),
        ({"a\x00": b"x"}, None),
        ({"a": ("n", b"x", "text/plain\r\nX: y")}, None),
        ({"a": ("n", b"x", None, {"X\r\n": "y"})}, None),
        ({"a": "\ud800"}, None),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is_sent(
    files, data, client, server
) -> None:
    with pytest.raises(envoi.exceptions.InvalidBody):
        client.post(f"{server.url}/post", data, files=files)
    assert server.requests == []


def test_own_content_type_stays(client, server) -> None:
    client.post(
        f"{server.url}/post",
        files={"a": b"x"},
        headers={"Content-Type": "multipart/mixed; boundary=mine"},
    )
    assert server.requests[-1].headers.all("content-type") == ["multipart/mixed; boundary=mine"]


def test_every_request_has_a_boundary_of_its_own(client, server) -> None:
    for _ in range(3):
        client.post(f"{server.url}/post", files={"a": b"x"})
    assert len({request.headers.get("content-type") for request in server.requests}) == 3


# --- Streamed


@pytest.mark.parametrize("size", AROUND_A_MEBIBYTE)
def test_sizes_around_the_limit_of_memory(size: int, client, counting, tmp_path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    with path.open("rb") as file:
        told = client.post(f"{counting.url}/count", {"a": "1"}, files={"f": file}).json()
    assert told["files"] == {"f": size}
    assert told["content-length"] == str(told["size"])
    assert not told["transfer-encoding"]


def test_big_file_is_streamed_with_its_length(client, raw_server, big) -> None:
    seen = []

    def script(connection):
        head = connection.read_head()
        length = int(
            next(
                line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
            ).split(b":")[1]
        )
        seen.append(length)
        left = length
        while left:
            left -= len(connection.read_exactly(min(left, 1 << 16)))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    peer = raw_server(script)
    with big.open("rb") as file:
        tracemalloc.start()
        try:
            assert (
                client.post(peer.url, {"a": "1"}, files={"f": ("big.bin", file)}).status_code == 200
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert BIG < seen[0] < BIG + 1000
    assert peak < BIG // 4, f"{peak} bytes at once"


def test_generator_is_sent_in_chunks(client, counting) -> None:
    def pieces():
        yield from [b"abc"] * 1000

    told = client.post(f"{counting.url}/count", files={"f": ("n", pieces())}).json()
    assert told["files"] == {"f": 3000}
    assert told["transfer-encoding"] == "chunked"
    assert not told["content-length"]


def test_same_file_in_two_parts(client, counting, big) -> None:
    with big.open("rb") as file:
        told = client.post(
            f"{counting.url}/count", files=[("f", ("1", file)), ("g", ("2", file))]
        ).json()
    assert told["files"] == {"f": BIG, "g": BIG}


class AsyncFile:
    """As anyio's and trio's files."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    async def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


async def async_pieces():
    yield b"ab"
    yield b"cd"


@pytest.mark.parametrize(
    "make", [lambda: AsyncFile(b"abcd"), async_pieces], ids=["file", "generator"]
)
def test_asynchronous_files_need_an_asynchronous_session(make, client, counting) -> None:
    files = {"f": ("n", make()), "g": ("m", b"12")}
    if client.colour == "sync":
        with pytest.raises(envoi.exceptions.InvalidBody, match="AsyncSession"):
            client.post(f"{counting.url}/count", files=files)
        assert counting.requests == []
        return
    assert client.post(f"{counting.url}/count", files=files).json()["files"] == {"f": 4, "g": 2}


def test_asynchronous_and_blocking_files_in_one_body(new_client, counting, big, colour) -> None:
    if colour == "sync":
        pytest.skip("needs an AsyncSession")
    with big.open("rb") as file:
        files = [("f", ("1", AsyncFile(b"abcd"))), ("g", ("2", file)), ("h", ("3", async_pieces()))]
        told = new_client().post(f"{counting.url}/count", files=files).json()
    assert told["files"] == {"f": 4, "g": BIG, "h": 4}
    assert told["transfer-encoding"] == "chunked"


# --- Sent again


@pytest.mark.parametrize("status", [307, 308])
def test_file_is_rewound_for_a_redirect(status: int, client, counting, big) -> None:
    counting.route("/go", ["POST"])(lambda _: Answer(status, headers=[("Location", "/count")]))
    with big.open("rb") as file:
        told = client.post(f"{counting.url}/go", files={"f": file}).json()
    assert told["files"] == {"f": BIG}


def test_redirect_to_get_leaves_the_files_behind(client, server) -> None:
    server.route("/go", ["POST"])(lambda _: Answer(303, headers=[("Location", "/anything")]))
    told = client.post(f"{server.url}/go", files={"f": b"x"}).json()
    assert (told["method"], told["files"]) == ("GET", {})
    assert not server.requests[-1].headers.has("content-type")


def test_generator_cannot_be_rewound(client, server) -> None:
    server.route("/go", ["POST"])(lambda _: Answer(307, headers=[("Location", "/post")]))
    with pytest.raises(envoi.exceptions.UnrewindableBodyError):
        client.post(f"{server.url}/go", files={"f": ("n", iter([b"x"]))})
    assert client.in_use == 0
    assert [request.path for request in server.requests] == ["/go"]


def test_small_file_may_be_closed_once_the_request_is_made(client, server, path) -> None:
    server.route("/go", ["POST"])(lambda _: Answer(307, headers=[("Location", "/post")]))
    with path.open("rb") as file:
        response = client.post(f"{server.url}/go", files={"f": file})
    assert response.json()["files"] == {"f": "day,visits\n"}


def test_file_that_shrinks_is_noticed(client, raw_server, tmp_path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(bytes(3 * 1024 * 1024))
    peer = raw_server(lambda connection: (connection.read_head(), connection.wait_closed()))
    with path.open("rb") as file:

        class Shrinking:
            """Says a length, and has less."""

            name = "s"

            def __len__(self) -> int:
                return 4 * 1024 * 1024

            def read(self, size: int = -1) -> bytes:
                return file.read(size)

        with pytest.raises(envoi.exceptions.InvalidBody, match="fewer"):
            client.post(peer.url, files={"f": Shrinking()})
    assert client.in_use == 0


def test_source_that_fails_leaks_no_connection(client, raw_server) -> None:
    def failing():
        yield b"x" * 100
        raise LookupError("the source broke")

    peer = raw_server(lambda connection: (connection.read_head(), connection.wait_closed()))
    with pytest.raises(LookupError, match="broke"):
        client.post(peer.url, files={"f": ("n", failing())})
    assert client.in_use == 0
