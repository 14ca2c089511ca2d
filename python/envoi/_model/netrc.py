"""User names and passwords from a netrc file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST: Final = 1024 * 1024


class Netrc:
    """The entries of one netrc file.

    Args:
        text: what the file says. Words that are not known are skipped: other programs have words
            of their own. A file that ends within an entry, a quotation or a macro, or is larger
            than a mebibyte, has no entries.
    """

    __slots__ = ("_default", "_machines")

    def __init__(self, text: str) -> None:
        self._machines: dict[str, tuple[str, str]] = {}
        self._default: tuple[str, str] | None = None
        try:
            self._read(_Tokens(text))
        except _Mistake:
            self._machines, self._default = {}, None

    def credentials_for(self, host: str) -> tuple[str, str] | None:
        """User name and password for a host, from its own entry or else `default`; None when there
        is nothing.

        Args:
            host: as `URL.host` gives it, never cut from a URL's text: in lower case, A-labels, no
                brackets, no port.
        """
        found = self._machines.get(host, self._default)
        return found if found is not None and any(found) else None

    def __bool__(self) -> bool:
        return bool(self._machines) or self._default is not None

    def __repr__(self) -> str:
        return f"<Netrc of {len(self._machines)} machines>"

    def _read(self, tokens: _Tokens) -> None:
        while word := tokens.next():
            if word.startswith("#"):
                tokens.skip_line()
            elif word == "machine":
                name = tokens.value().lower()
                self._machines[name] = _entry(tokens)
            elif word == "default":
                self._default = _entry(tokens)
            elif word == "macdef":
                tokens.skip_macro()


def netrc_paths(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Where to look, in order: what NETRC names and nothing else, or `~/.netrc` and `~/_netrc`."""
    from os.path import expanduser

    named = environment.get("NETRC")
    return tuple(
        expanduser(path)  # noqa: PTH111 - leaves the path as it is where there is no home
        for path in (("~/.netrc", "~/_netrc") if named is None else (named,))
    )


def load_netrc(environment: Mapping[str, str], read: Callable[[str], bytes]) -> Netrc:
    """The netrc file that the environment points to; an empty `Netrc` when there is none, or it
    cannot be read.

    Args:
        environment: such as `os.environ`.
        read: gives a file's bytes, or raises OSError.
    """
    for path in netrc_paths(environment):
        try:
            return Netrc(_decoded(read(path)))
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            break
    return Netrc("")


def credentials_for(host: str, path: str, read: Callable[[str], bytes]) -> tuple[str, str] | None:
    """User name and password for a host, from one file; None when it says nothing, or cannot be
    read.

    Args:
        host: as `URL.host` gives it.
        path: the file.
        read: gives a file's bytes, or raises OSError.
    """
    try:
        return Netrc(_decoded(read(path))).credentials_for(host)
    except (OSError, ValueError):
        return None


class _Mistake(Exception):  # noqa: N818 - never leaves this module
    """The file does not follow the syntax of netrc."""


_TOKEN: Final = re.compile(r"[\t\n\r ]*+((?:[^\t\n\r \\]|\\.?)++)?", re.DOTALL)
_LEFT_OPEN: Final = re.compile(r'[\t\n\r ]*+"')
_QUOTED: Final = re.compile(r'[\t\n\r ]*+"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)
_KEYWORDS: Final = frozenset({"machine", "default", "macdef"})


class _Tokens:
    """A netrc file's words, one after the other."""

    __slots__ = ("_text", "position")

    def __init__(self, text: str) -> None:
        if len(text) > LARGEST:
            raise _Mistake
        self._text = text
        self.position = 0

    def next(self) -> str:
        """The next word, "" at the end."""
        quoted = _QUOTED.match(self._text, self.position)
        if quoted is not None:
            self.position = quoted.end()
            return _ESCAPE.sub(r"\1", quoted[1])
        if _LEFT_OPEN.match(self._text, self.position):
            raise _Mistake
        found = _TOKEN.match(self._text, self.position)
        if found is None or found[1] is None:
            self.position = len(self._text)
            return ""
        self.position = found.end()
        return _ESCAPE.sub(r"\1", found[1]) if "\\" in found[1] else found[1]

    def value(self) -> str:
        """The next word, which must be there."""
        before = self.position
        word = self.next()
        if not word and self._text[before:].strip() == "":
            raise _Mistake
        return word

    def back_to(self, position: int) -> None:
        """Go back to `position`: the words after it are read again."""
        self.position = position

    def skip_line(self) -> None:
        """Leave out the rest of the line: a comment."""
        end = self._text.find("\n", self.position)
        self.position = len(self._text) if end < 0 else end

    def skip_macro(self) -> None:
        """Leave out a macro: everything to the next empty line, which must be there."""
        end = self._text.find("\n\n", self.position)
        if end < 0:
            raise _Mistake
        self.position = end


def _entry(tokens: _Tokens) -> tuple[str, str]:
    login = account = password = ""
    while True:
        before = tokens.position
        word = tokens.next()
        if not word or word in _KEYWORDS:
            tokens.back_to(before)
            break
        if word.startswith("#"):
            tokens.skip_line()
        elif word in {"login", "user"}:
            login = tokens.value()
        elif word == "account":
            account = tokens.value()
        elif word == "password":
            password = tokens.value()
    return login or account, password


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
