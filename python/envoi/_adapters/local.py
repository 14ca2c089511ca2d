"""Adapters for `file:` and `data:` URLs. A session has neither, until somebody mounts one on
purpose.
"""

from __future__ import annotations

import io
import os
import re
import stat
from base64 import b64decode
from errno import ELOOP, ENAMETOOLONG
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from envoi._adapters.http import BaseAdapter
from envoi._model import exceptions
from envoi._model.headers import Headers
from envoi._model.url import public
from envoi._responses.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType

_METHODS: Final = ("GET", "HEAD")
_PIECE: Final = 65536
_DEFAULT_MEDIA_TYPE: Final = "text/plain;charset=US-ASCII"
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+ *(;[ -~]*)?", re.ASCII)


class LocalAdapter(BaseAdapter):
    """What both have in common: what concerns connections is not looked at, and only GET and HEAD
    are answered.
    """

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - an adapter's interface, here and below
        timeout: TimeoutType = None,  # noqa: ARG002
        verify: VerifyType = True,  # noqa: ARG002
        cert: CertType = None,  # noqa: ARG002
        proxies: ProxiesType = None,  # noqa: ARG002
    ) -> Response:
        """Return what the URL names, as a response.

        Args:
            request: what is asked for; 405 is the answer to other methods than GET and HEAD.
            stream: not looked at, nor is any of the following.
            timeout: not looked at.
            verify: not looked at.
            cert: not looked at.
            proxies: not looked at.

        Raises:
            InvalidURL: the URL cannot name anything.
            ConnectionError: a file cannot be opened, for another reason than that it is missing or
                forbidden.
        """
        if request.method not in _METHODS:
            reason = (
                f"Method Not Allowed: {request.parsed_url.scheme}: URLs are only for GET and "
                f"HEAD, not {request.method}"
            )
            return _refusal(request, 405, reason, [("Allow", "GET, HEAD")])
        return self._answer(request)

    def close(self) -> None:
        """Nothing: what is being read stays open to its end."""

    def _answer(self, request: PreparedRequest) -> Response:
        raise NotImplementedError


class FileAdapter(LocalAdapter):
    """Answers `file:` URLs with the files below the folders that you name, and with no others.

    A file is a 200 with Content-Length, Last-Modified and the Content-Type that its name suggests,
    and is read as the body is asked for. One that is not there is a 404. What must not or cannot be
    read is a 403: a folder, a file without the permission or below none of the folders, once
    symbolic links and `..` are resolved. `reason` tells which. `text` guesses the encoding, as no
    file tells it. Only GET and HEAD are answered.

    Somebody who may put a symbolic link in the place of a folder at the moment of a request can
    still lead it elsewhere.

    Args:
        root: a folder.
        *more: further folders.

    Raises:
        InvalidOption: a folder that is not there.

    Examples:
        >>> from pathlib import Path
        >>> page = Path(envoi.__file__)
        >>> with envoi.Session() as session:
        ...     session.mount("file:", envoi.adapters.FileAdapter(page.parent))
        ...     session.get(page.as_uri()).status_code, session.get("file:///etc/passwd").status_code
        (200, 403)
    """

    def __init__(self, root: str | os.PathLike[str], *more: str | os.PathLike[str]) -> None:
        self._roots = [_folder(each) for each in (root, *more)]

    def _answer(self, request: PreparedRequest) -> Response:
        name = _file_name(request)
        path = os.path.realpath(name)
        if not any(Path(path).is_relative_to(root) for root in self._roots):
            return _refusal(
                request, 403, f"Forbidden: {name!r} is below none of the adapter's folders"
            )
        try:
            file = _File(path)
        except OSError as error:
            return _refusal(request, *_status_of(error, name, request))
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            file.close()
            return _refusal(request, 403, f"Forbidden: {name!r} is no regular file")
        fields = _fields(path, found)
        if request.method == "HEAD":
            file.close()
        response = _response(
            request, 200, "OK", fields, file if request.method == "GET" else io.BytesIO()
        )
        response.encoding = None
        return response


class DataAdapter(LocalAdapter):
    """Answers `data:` URLs (RFC 2397) with what they say themselves.

    Without a media type it is `text/plain;charset=US-ASCII`. A fragment, from `#` on, is not part
    of the data, a query is, and `+` stays a plus. Base64 may lack its padding, and have white space
    in it. A URL, and hence the data, has a limit of 64 KiB. Only GET and HEAD are answered; what is
    no `data:` URL raises InvalidURL.

    Examples:
        >>> with envoi.Session() as session:
        ...     session.mount("data:", envoi.adapters.DataAdapter())
        ...     session.get("data:text/plain;base64,aGVsbG8=").text
        'hello'
    """

    def _answer(self, request: PreparedRequest) -> Response:
        head, comma, encoded = request.url.partition("#")[0].partition(":")[2].partition(",")
        if not comma:
            raise exceptions.InvalidURL(
                f"Invalid URL {public(request.url)!r}: a data: URL has a comma before its data",
                request=request,
            )
        data = unquote_to_bytes(encoded)
        media_type, semicolon, last = head.strip().rpartition(";")
        if semicolon and last.strip().lower() == "base64":
            data = _from_base64(data, request)
        else:
            media_type = head.strip()
        if media_type.startswith(";"):
            media_type = "text/plain" + media_type
        if not _MEDIA_TYPE.fullmatch(media_type):
            media_type = _DEFAULT_MEDIA_TYPE
        fields = [("Content-Type", media_type), ("Content-Length", str(len(data)))]
        return _response(
            request, 200, "OK", fields, io.BytesIO(data if request.method == "GET" else b"")
        )


class _File(io.FileIO):
    """An open file, as `response.raw`. At its end it closes itself, as a response gives its
    connection back.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, opener=_open)
        self._promised = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, decode_content: bool | None = None) -> bytes:  # noqa: ARG002 - urllib3's name
        """At most `size` bytes; all that is left for None or a negative number.

        Raises:
            IncompleteBody: the file was cut short meanwhile.
            ConnectionError: it cannot be read.
        """
        if self.closed:
            return b""
        everything = size is None or size < 0
        try:
            data = super().read(-1 if everything else size)
            ended = everything or (not data and size != 0)
            left = self._promised - self.tell() if ended else 0
        except OSError as error:
            self.close()
            raise exceptions.ConnectionError(
                f"{self.name!r} cannot be read: {error.strerror}"
            ) from error
        if ended:
            self.close()
        if left > 0:
            raise exceptions.IncompleteBody(
                f"{self.name!r} was cut short while it was read: {left} bytes are missing"
            )
        return data

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002 - urllib3's name
        """Pieces of at most `amt` bytes; of 64 KiB for None."""
        while piece := self.read(amt or _PIECE):
            yield piece


def _open(path: str, flags: int) -> int:
    # Not to wait for somebody to write into a named pipe; and not to follow a link that was put
    # there since links were resolved.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))


def _folder(root: Any) -> Path:
    """A folder, symbolic links resolved now, so that a link to it can be compared with what is
    below it.
    """
    if not isinstance(root, (str, os.PathLike)):
        raise exceptions.InvalidOption(f"FileAdapter takes folders, not {root!r}")
    folder = Path(os.path.realpath(root))
    if not folder.is_dir():
        raise exceptions.InvalidOption(
            f"FileAdapter takes folders, and {os.fspath(root)!r} is none"
        )
    return folder


def _file_name(request: PreparedRequest) -> str:
    """The name of the file that a URL names.

    Raises:
        InvalidURL: on another host, not absolute, or no name that a file can have.
    """
    url = request.parsed_url
    name = os.fsdecode(unquote_to_bytes(url.path))
    problem = None
    if url.authority.lower() not in {"", "localhost"}:
        problem = (
            f"the file is on another host, {url.host!r}; only file:///… and file://localhost/… "
            "are answered"
        )
    elif not name.startswith("/"):
        problem = "the path of a file: URL is absolute and begins with a slash"
    elif "\0" in name:
        problem = "the path has a NUL, which no file's name can have"
    elif name.count("/") != url.path.count("/"):
        problem = "the path has an encoded slash, which no file's name can have"
    elif os.name == "nt":
        name = name.removeprefix("/")
        if (
            "\\" in name or not Path(name).is_absolute() or name.startswith("/")
        ):  # a share would be asked for over the network
            problem = "the path of a file: URL begins with a drive, as in file:///C:/folder/file"
    if problem is not None:
        raise exceptions.InvalidURL(
            f"Invalid URL {public(request.url)!r}: {problem}", request=request
        )
    return name


def _status_of(error: OSError, name: str, request: PreparedRequest) -> tuple[int, str]:
    """The status and reason for a file that cannot be opened.

    Raises:
        ConnectionError: it is neither missing nor forbidden.
    """
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) or error.errno == ENAMETOOLONG:
        return 404, f"Not Found: there is no file {name!r}"
    if isinstance(error, IsADirectoryError):
        return 403, f"Forbidden: {name!r} is a folder"
    if isinstance(error, PermissionError) or error.errno == ELOOP:
        return 403, f"Forbidden: {name!r} cannot be read: {error.strerror}"
    raise exceptions.ConnectionError(
        f"{name!r} cannot be opened: {error.strerror}", request=request
    ) from error


def _fields(path: str, found: os.stat_result) -> list[tuple[str, str]]:
    from email.utils import formatdate
    from mimetypes import guess_type

    kind, coding = guess_type(path)
    if coding is not None:  # the file is what it is: nothing undoes its compression
        kind = "application/gzip" if coding == "gzip" else None
    return [
        ("Content-Type", kind or "application/octet-stream"),
        ("Content-Length", str(found.st_size)),
        ("Last-Modified", formatdate(max(found.st_mtime, 0), usegmt=True)),
    ]


def _from_base64(data: bytes, request: PreparedRequest) -> bytes:
    packed = b"".join(data.split()).rstrip(b"=")
    try:
        return b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except ValueError as error:
        raise exceptions.InvalidURL(
            f"Invalid URL {public(request.url)!r}: the data is not base64: {error}", request=request
        ) from None


def _refusal(request: PreparedRequest, status: int, reason: str, more: Any = ()) -> Response:
    told = b"" if request.method == "HEAD" else f"{reason}\n".encode()
    fields = [
        ("Content-Type", "text/plain;charset=utf-8"),
        ("Content-Length", str(len(told))),
        *more,
    ]
    return _response(request, status, reason, fields, io.BytesIO(told))


def _response(
    request: PreparedRequest, status: int, reason: str, fields: Any, raw: Any
) -> Response:
    response = Response()
    response.status_code = status
    response.reason = reason
    response.headers = Headers(fields)
    response.url = request.url
    response.request = request
    response.raw = raw
    return response
