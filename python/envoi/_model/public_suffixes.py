"""Domains under which anybody may have a name, such as `co.uk` and `github.io`: no cookie may be
for all of them. The list is Mozilla's, https://publicsuffix.org, its private section included.

The package `publicsuffixlist` brings it, and is loaded with the first Set-Cookie field that has a
Domain attribute. A newer package, or a newer file, brings a newer list.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from envoi._model.exceptions import InvalidOption

if TYPE_CHECKING:
    from os import PathLike

MAX_LIST_SIZE: Final = 16 * 1024 * 1024


def is_public_suffix(domain: str) -> bool:
    """Whether anybody may have a name below the domain: it is in the list, or a single label.

    Args:
        domain: in lower case; IDNs in either form.
    """
    return _is_public(domain.removesuffix("."))


def public_suffix_list_date() -> str | None:
    """The date of the public suffix list in use, such as "2026-10-22"; None when it does not say.

    Examples:
        >>> public_suffix_list_date() > "2023"
        True
    """
    if _LIST.date is _UNREAD:
        from publicsuffixlist import PSLFILE

        _LIST.date = _date_in(_read(PSLFILE))
    return _LIST.date  # type: ignore[no-any-return]


def use_public_suffix_list(path: str | PathLike[str] | None) -> None:
    """Have the whole process use another public suffix list, such as a newer one from
    https://publicsuffix.org/list/public_suffix_list.dat.

    Args:
        path: the file; None for the one that is installed.

    Raises:
        InvalidOption: it cannot be read, or is no such list.

    Examples:
        >>> use_public_suffix_list(None)
    """
    from publicsuffixlist import PublicSuffixList

    if path is None:
        _LIST.suffixes, _LIST.date = None, _UNREAD
    else:
        try:
            text = _read(path)
        except OSError as error:
            message = f"the public suffix list cannot be read: {error}"
            raise InvalidOption(message) from error
        if _MARK not in text or len(text) > MAX_LIST_SIZE:
            message = f"{os.fspath(path)!r} is no public suffix list as publicsuffix.org has it"
            raise InvalidOption(message)
        _LIST.suffixes, _LIST.date = PublicSuffixList(text), _date_in(text)
    _is_public.cache_clear()


class _List:
    """The list in use, once it was needed."""

    suffixes: Any = None
    date: Any = None


_UNREAD: Final = object()
_LIST: Final = _List()
_LIST.date = _UNREAD
_MARK: Final = "===BEGIN ICANN DOMAINS==="
_VERSION: Final = re.compile(r"^// VERSION: ([0-9]{4}-[0-9]{2}-[0-9]{2})", re.MULTILINE)


@lru_cache(maxsize=1024)
def _is_public(domain: str) -> bool:
    suffixes = _LIST.suffixes
    if suffixes is None:
        from publicsuffixlist import PublicSuffixList

        suffixes = _LIST.suffixes = PublicSuffixList()
    return bool(suffixes.is_public(domain))


def _read(path: str | PathLike[str]) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - any kind of path
        return file.read(MAX_LIST_SIZE + 1).decode("utf-8", "replace")


def _date_in(text: str) -> str | None:
    found = _VERSION.search(text)
    return None if found is None else found[1]
