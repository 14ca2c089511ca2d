"""Cookies to a file and back, in the Netscape format or as JSON. Loaded by `RequestsCookieJar.save`
and `load` alone.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, Final

from envoi._model.cookie_json import from_json, to_json
from envoi._model.cookie_lines import HEADER, cookies_of, line_of, looks_like_cookies
from envoi._model.exceptions import (
    CookieFileError,
    CookieFileNotFound,
    CookieFileWarning,
    InvalidOption,
)
from envoi._model.files import atomic_open

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie
    from os import PathLike

MAX_FILE_SIZE: Final = 16 * 1024 * 1024
_MOST_FAULTS: Final = 10


def save(
    cookies: Iterable[Cookie],
    path: str | PathLike[str],
    *,
    ignore_discard: bool,
    ignore_expires: bool,
    format: str,  # noqa: A002 - what else
) -> None:
    """Replace a file by one with these cookies, of mode 0600 from its first moment, or leave it as
    it was.

    Raises:
        CookieFileError: it cannot be written.
        InvalidOption: a format that is none.
    """
    kept = (
        cookie
        for cookie in cookies
        if _is_wanted(cookie, ignore_discard=ignore_discard, ignore_expires=ignore_expires)
    )
    if format == "netscape":
        lines = [line for cookie in kept if (line := line_of(cookie)) is not None]
        content = (HEADER + "".join(f"{line}\n" for line in lines)).encode("latin-1")
    elif format == "json":
        content = to_json(kept)
    else:
        message = f"format must be 'netscape' or 'json', not {format!r}"
        raise InvalidOption(message)
    try:
        with atomic_open(os.fspath(path)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _failure("Cookies cannot be written to", path, error) from error


def load(path: str | PathLike[str], *, ignore_discard: bool, ignore_expires: bool) -> list[Cookie]:
    """A file's cookies: all that are wanted, with a warning about lines that should be cookies.

    Raises:
        CookieFileError: it cannot be read, or is no file of cookies.
    """
    content = _read(path)
    if content.lstrip().startswith(b"{"):
        try:
            cookies = from_json(content)
        except ValueError as error:
            message = f"{os.fspath(path)!r} is no file of cookies: {error}"
            raise CookieFileError(message) from None
    else:
        cookies = _from_lines(content.decode("latin-1"), path)
    return [
        cookie
        for cookie in cookies
        if _is_wanted(cookie, ignore_discard=ignore_discard, ignore_expires=ignore_expires)
    ]


def _from_lines(text: str, path: str | PathLike[str]) -> list[Cookie]:
    cookies, faults = cookies_of(line.removesuffix("\r") for line in text.split("\n"))
    if not cookies and not looks_like_cookies(text):
        message = (
            f"{os.fspath(path)!r} is no file of cookies in the Netscape format"
            if text
            else f"{os.fspath(path)!r} is empty"
        )
        raise CookieFileError(message)
    if faults:
        more = len(faults) - _MOST_FAULTS
        told = "; ".join(faults[:_MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")
        message = f"In {os.fspath(path)!r} some lines are no cookies and were left out: {told}"
        warnings.warn(message, CookieFileWarning, stacklevel=4)
    return cookies


def _is_wanted(cookie: Cookie, *, ignore_discard: bool, ignore_expires: bool) -> bool:
    # By the date: cookies made by hand have `discard` set even when they have a date.
    return (ignore_discard or cookie.expires is not None) and (
        ignore_expires or not cookie.is_expired()
    )


def _read(path: str | PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - any kind of path
            content = file.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        raise _failure("Cookies cannot be read from", path, error) from error
    if len(content) > MAX_FILE_SIZE:
        message = f"{os.fspath(path)!r} is above {MAX_FILE_SIZE} bytes: that is no file of cookies"
        raise CookieFileError(message)
    return content.removeprefix(b"\xef\xbb\xbf")  # as some editors begin a file


def _failure(what: str, path: Any, error: OSError) -> CookieFileError:
    kind = CookieFileNotFound if isinstance(error, FileNotFoundError) else CookieFileError
    return kind(error.errno, f"{what} the file: {error.strerror or error}", os.fspath(path))
