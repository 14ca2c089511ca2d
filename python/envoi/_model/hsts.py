"""HTTP Strict Transport Security (RFC 6797): hosts that are to be asked by https only."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from envoi._model.exceptions import HSTSFileError, HSTSFileNotFound, InvalidOption
from envoi._model.files import atomic_open
from envoi._model.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

    from envoi._core import URL

MAX_HOSTS: Final = 10_000
MAX_FILE_SIZE: Final = 16 * 1024 * 1024
MAX_AGE: Final = 10 * 366 * 24 * 60 * 60
"""Seconds that a host is remembered at most."""


class KnownHost(NamedTuple):
    """What is remembered of a host.

    Attributes:
        expires: when it is forgotten, in seconds since 1970.
        include_subdomains: whether it holds for all names below it as well.
    """

    expires: float
    include_subdomains: bool


class HSTS:
    """The hosts that have asked, over a connection that was verified, to be asked by https only
    (RFC 6797). `Session(hsts=True)` has one of its own; a store may serve several sessions, and
    threads.

    A request or a redirect to such a host by `http:` becomes one by `https:` before anything is
    sent; port 80 becomes 443, and another port stays. What an answer without a verified certificate
    says is not heeded, nor what an IP address says.

    Args:
        hosts: to start with; all are remembered with the names below them, for a year.

    Raises:
        InvalidOption: something in `hosts` is no host name.

    Examples:
        >>> hsts = HSTS(["example.com"])
        >>> "api.example.com" in hsts
        True
    """

    __slots__ = ("_hosts",)

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        # Each change is one operation on the dictionary, which threads may share.
        self._hosts: dict[str, KnownHost] = {}
        for host in hosts:
            self.add(host, max_age=_YEAR, include_subdomains=True)

    def add(self, host: str, *, max_age: float, include_subdomains: bool = False) -> None:
        """Remember a host, in the place of what was known of it.

        Args:
            host: its name; IDNs in either form.
            max_age: seconds; 0 to forget it.
            include_subdomains: whether it holds for all names below it as well.

        Raises:
            InvalidOption: not a host name, or a negative age.

        Examples:
            >>> hsts = HSTS()
            >>> hsts.add("example.com", max_age=3600)
            >>> "api.example.com" in hsts
            False
        """
        name = _checked(host)
        if not max_age >= 0:
            message = f"max_age must be a number of seconds from 0 on, not {max_age!r}"
            raise InvalidOption(message)
        self._note(name, max_age, include_subdomains=include_subdomains)

    def discard(self, host: str) -> None:
        """Forget a host, if it is known. Names above it that include it stay.

        Args:
            host: its name.

        Examples:
            >>> hsts = HSTS(["example.com"])
            >>> hsts.discard("example.com")
            >>> len(hsts)
            0
        """
        self._hosts.pop(_checked(host), None)

    def clear(self) -> None:
        """Forget all hosts.

        Examples:
            >>> HSTS(["example.com"]).clear()
        """
        self._hosts.clear()

    def items(self) -> list[tuple[str, KnownHost]]:
        """The hosts that are remembered, with what is known of them.

        Examples:
            >>> [host for host, known in HSTS(["example.com"]).items()]
            ['example.com']
        """
        now = _now()
        return [(name, known) for name, known in list(self._hosts.items()) if known.expires > now]

    def upgraded(self, url: URL) -> URL:
        """The URL to ask in the place of an `http:` one (RFC 6797, section 8.3); the same one where
        its host is not known.

        Args:
            url: any.

        Examples:
            >>> str(HSTS(["example.com"]).upgraded(envoi.URL("http://example.com:80/a?b")))
            'https://example.com/a?b'
        """
        if url.scheme != "http" or not self._hosts or not self._covers(_canonical(url.host)):
            return url
        rest = str(url)[len("http://") :]
        end = _AUTHORITY.match(rest).end()  # type: ignore[union-attr] # it matches anything
        return parse_url("https://" + _PORT_80.sub("", rest[:end]) + rest[end:])

    def learn(self, url: URL, fields: Iterable[str]) -> None:
        """Heed the Strict-Transport-Security fields of an answer; of several, the first (RFC 6797,
        section 8.1). Those of an answer that did not come over https are ignored; whether the
        certificate was verified is for the caller to know.

        Args:
            url: what was asked for.
            fields: their values.

        Examples:
            >>> hsts = HSTS()
            >>> hsts.learn(envoi.URL("https://example.com/"), ["max-age=3600"])
            >>> "example.com" in hsts
            True
        """
        field = next(iter(fields), None)
        if field is None or url.scheme != "https" or _is_address(url):
            return
        said = parse_field(field)
        if said is not None:
            self._note(_canonical(url.host), said[0], include_subdomains=said[1])

    def save(self, path: str | PathLike[str]) -> None:
        """Write the hosts to a file as curl has it (`curl --hsts`). Only its owner may read it; it
        is replaced at once or not at all.

        Args:
            path: the file, which is replaced.

        Raises:
            HSTSFileError: it cannot be written.

        Examples:
            >>> import os, tempfile
            >>> HSTS(["example.com"]).save(os.path.join(tempfile.mkdtemp(), "hsts.txt"))
        """
        lines = [
            f'{"." if known.include_subdomains else ""}{name} "{_written(known.expires)}"\n'
            for name, known in self.items()
        ]
        try:
            with atomic_open(os.fspath(path)) as file:
                file.write((_HEADER + "".join(lines)).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _failure("written to", path, error) from error

    def load(self, path: str | PathLike[str]) -> None:
        """Remember the hosts in a file that `save` or curl has written, besides those that are
        known already. Lines that are none are passed over.

        Args:
            path: the file, of at most 16 MiB.

        Raises:
            HSTSFileError: it cannot be read; when there is no such file, also FileNotFoundError.

        Examples:
            >>> import os, tempfile
            >>> path = os.path.join(tempfile.mkdtemp(), "hsts.txt")
            >>> HSTS(["example.com"]).save(path)
            >>> hsts = HSTS()
            >>> hsts.load(path)
            >>> "www.example.com" in hsts
            True
        """
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - any kind of path
                content = file.read(MAX_FILE_SIZE + 1)
        except OSError as error:
            raise _failure("read from", path, error) from error
        if len(content) > MAX_FILE_SIZE:
            message = f"{os.fspath(path)!r} is above {MAX_FILE_SIZE} bytes: that is no HSTS file"
            raise HSTSFileError(message)
        now = _now()
        for line in content.decode("latin-1").splitlines():
            found = _LINE.fullmatch(line.strip())
            expires = None if found is None else _read(found["date"])
            if found is None or expires is None or expires <= now:
                continue
            try:
                name = _checked(found["host"])
            except InvalidOption:
                continue
            self._note(name, expires - now, include_subdomains=bool(found["dot"]))

    def __contains__(self, host: object) -> bool:
        """Whether a host is asked by https only: it is known, or a name above it that includes
        it.
        """
        return isinstance(host, str) and self._covers(_canonical(host))

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self.items()])

    def __len__(self) -> int:
        return len(self.items())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} hosts>"

    def __getstate__(self) -> dict[str, KnownHost]:
        return dict(self._hosts)

    def __setstate__(self, state: dict[str, KnownHost]) -> None:
        self._hosts = dict(state)

    def _covers(self, host: str) -> bool:
        """Whether the host or a name above it is known (RFC 6797, section 8.2)."""
        hosts, now, name = self._hosts, _now(), host
        while name:
            known = hosts.get(name)
            if known is not None and _holds(known, now, is_host=name == host):
                return True
            name = name.partition(".")[2]
        return False

    def _note(self, name: str, max_age: float, *, include_subdomains: bool) -> None:
        if max_age <= 0:
            self._hosts.pop(name, None)
            return
        self._hosts[name] = KnownHost(_now() + min(max_age, MAX_AGE), include_subdomains)
        if len(self._hosts) > MAX_HOSTS:
            for oldest in list(self._hosts)[: MAX_HOSTS // 10]:
                self._hosts.pop(oldest, None)


def parse_field(field: str) -> tuple[int, bool] | None:
    """The max-age of a Strict-Transport-Security field, and whether it includes subdomains; None
    for a field that breaks the rules (RFC 6797, section 6.1).
    """
    said: dict[str, str] = {}
    position = 0
    while position < len(field):
        found = _DIRECTIVE.match(field, position)
        if found is None:
            return None
        position = found.end()
        name = (found["name"] or "").lower()
        if name in said:
            return None  # no directive may be there twice
        if name:
            quoted = found["quoted"]
            said[name] = _ESCAPE.sub(r"\1", quoted) if quoted is not None else found["token"] or ""
    age = said.get("max-age", "")
    if not _DIGITS.fullmatch(age):
        return None
    return min(int(age.lstrip("0")[:_MOST_DIGITS] or 0), MAX_AGE), "includesubdomains" in said


def _checked(host: Any) -> str:
    try:
        url = parse_url(f"https://{host}/") if isinstance(host, str) and host else None
    except ValueError:
        url = None
    if url is None or _is_address(url) or url.target != "/" or url.has_userinfo:
        message = f"{host!r} is no host name, such as 'example.com'"
        raise InvalidOption(message)
    return _canonical(url.host)


def _canonical(host: str) -> str:
    """A host in lower case, IDNs as A-labels, without a dot at its end."""
    if not host.isascii():
        try:
            host = parse_url(f"https://{host}/").host
        except ValueError:
            return host
    return host.lower().removesuffix(".")


def _is_address(url: URL) -> bool:
    return url.is_ip_literal or url.host.replace(".", "").isdigit()


def _holds(known: KnownHost, now: float, *, is_host: bool) -> bool:
    return known.expires > now and (is_host or known.include_subdomains)


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d %H:%M:%S")


def _read(date: str) -> float | None:
    if date == "unlimited":
        return _now() + MAX_AGE
    try:
        return datetime.strptime(date, "%Y%m%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _failure(what: str, path: Any, error: OSError) -> HSTSFileError:
    kind = HSTSFileNotFound if isinstance(error, FileNotFoundError) else HSTSFileError
    message = f"HSTS hosts cannot be {what} the file: {error.strerror or error}"
    return kind(error.errno, message, os.fspath(path))


_YEAR: Final = 365 * 24 * 60 * 60
_MOST_DIGITS: Final = 12
_HEADER: Final = "# HSTS cache, as curl has it: https://curl.se/docs/hsts.html\n"
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_PORT_80: Final = re.compile(r":0*80$")
_DIGITS: Final = re.compile(r"[0-9]+")
_ESCAPE: Final = re.compile(r"\\(.)")
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_DIRECTIVE: Final = re.compile(
    rf"[ \t]*+(?:(?P<name>{_WORD})[ \t]*+"
    rf"(?:=[ \t]*+(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<token>{_WORD}))?+)?+)?+"
    r"[ \t]*+(?:;|\Z)"
)
_LINE: Final = re.compile(r'(?P<dot>\.?)(?P<host>[^\s"#.][^\s"]*) +"(?P<date>[^"]*)"')
