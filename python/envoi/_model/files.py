"""Files and their names, by requests' helper functions."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedWriter


def guess_filename(obj: Any) -> Any:
    """The last part of a file's `name`; None when it has none, or one in angle brackets, as the
    standard streams have.

    Args:
        obj: any object.
    """
    name = getattr(obj, "name", None)
    if not name or not isinstance(name, (str, bytes)):
        return None
    brackets = ("<", ">") if isinstance(name, str) else (ord("<"), ord(">"))
    return None if name[0] == brackets[0] or name[-1] == brackets[1] else os.path.basename(name)  # noqa: PTH119 - bytes as well


def extract_zipped_paths(path: str) -> str:
    """For a path that leads into a ZIP archive, that of a temporary file with the member's content;
    any other as it is.

    The caller deletes the file.

    Args:
        path: such as "/lib/bundle.zip/certifi/cacert.pem".
    """
    if os.path.exists(path):  # noqa: PTH110 - text in, text out
        return path
    archive, member = _archive_and_member(path)
    from zipfile import ZipFile, is_zipfile

    if not archive or not is_zipfile(archive):
        return path
    with ZipFile(archive) as opened:
        return _extract(opened.read(member), member) if member in opened.namelist() else path


@contextmanager
def atomic_open(filename: str) -> Iterator[BufferedWriter]:
    """A context with a binary file to write. At its end the file replaces the old one; when the
    block raises, it is deleted.

    Args:
        filename: the file to replace.
    """
    from tempfile import mkstemp

    descriptor, temporary = mkstemp(dir=os.path.dirname(filename))  # noqa: PTH120 - "" is here, and not "."
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.replace(temporary, filename)  # noqa: PTH105
    except BaseException:
        os.remove(temporary)  # noqa: PTH107
        raise


def _archive_and_member(path: str) -> tuple[str, str]:
    """The longest part of a path that is there, and the rest, as a ZIP archive writes it."""
    archive, member = os.path.split(path)
    while archive and not os.path.exists(archive):  # noqa: PTH110
        archive, name = os.path.split(archive)
        if not name:
            break  # at the root
        member = f"{name}/{member}"
    return archive, member


def _extract(content: bytes, member: str) -> str:
    from tempfile import mkstemp

    descriptor, path = mkstemp(suffix=os.path.splitext(member)[1])  # noqa: PTH122
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path
