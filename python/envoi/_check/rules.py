"""What differs, by the name of a rule. `docs/differences.md` has the same for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

BREAKS, DIFFERS, NOTE = "breaks", "differs", "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """One difference."""

    kind: str
    """`BREAKS`: it raises. `DIFFERS`: it does something else. `NOTE`: it matters to some."""
    what: str
    todo: str
    page: str = "differences.md"
    """Where it is told, below `docs/`."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A place where a rule applies."""

    path: Path
    line: int
    column: int
    rule: str
    detail: str
    """The code that it is about, in a few words."""


_MIGRATING = "migrating/from-requests.md"
_HTTPX = "migrating/from-httpx.md"
_PACKAGES = "requests-packages.md"

RULES: Final[dict[str, Rule]] = {
    # What does not work.
    "no-such-name": Rule(
        BREAKS,
        "Envoi has no such name",
        "use a public one: docs/reference has them",
        _MIGRATING,
    ),
    "wrong-argument": Rule(
        BREAKS,
        "requests takes this for nothing; Envoi raises InvalidOption or InvalidBody",
        "leave the argument out, or give None",
    ),
    "closed-session": Rule(
        BREAKS,
        "a session that was closed stays closed: SessionClosed is raised",
        "use the session inside its `with`",
        _MIGRATING,
    ),
    # What does something else.
    "none-is-off": Rule(
        DIFFERS,
        "None switches this off, the session's and the environment's too; requests ignores None",
        "hand the argument on only where one was given",
        _MIGRATING,
    ),
    "piece-size": Rule(
        DIFFERS,
        "a piece is what has arrived; requests gives single bytes (128 bytes when a response is"
        " looped over)",
        "give a size for at most so many bytes, or read response.raw.read(n) for exactly so many",
        _MIGRATING,
    ),
    "read-timeout": Rule(
        DIFFERS,
        "silence in the middle of a body is a ReadTimeout or WriteTimeout, which this does not"
        " catch; requests raises ConnectionError",
        "catch Timeout as well, or RequestException",
        _MIGRATING,
    ),
    "urllib3-exception": Rule(
        DIFFERS,
        "Envoi raises none of urllib3's exceptions",
        "catch Envoi's: docs/errors.md has them",
        _MIGRATING,
    ),
    "error-inside": Rule(
        DIFFERS,
        "an error has none of urllib3's in its args",
        "ask error.phase, error.seconds, error.__cause__, or for the class",
        _MIGRATING,
    ),
    "raw-inside": Rule(
        DIFFERS,
        "response.raw is a file of Envoi's, without this member of urllib3's response",
        "ask response.connection_info and response.timing; read with raw.read or raw.stream",
        _MIGRATING,
    ),
    "pool-manager": Rule(
        DIFFERS,
        "an adapter's poolmanager holds settings, no pools, and proxy_manager_for is asked by"
        " nobody",
        "give the settings to the session (verify=, local_address=, proxies=)",
        _MIGRATING,
    ),
    "authorization-first": Rule(
        DIFFERS,
        "a request's own Authorization goes before session.auth; in requests session.auth wins",
        "leave out the one that is not meant",
    ),
    "proxy-authorization": Rule(
        DIFFERS,
        "Proxy-Authorization goes to a proxy alone; requests sends it to the origin as well",
        "put user and password into the proxy's URL",
    ),
    "patched-by-name": Rule(
        DIFFERS,
        "this patches requests, which Envoi does not call",
        "name envoi instead, or call envoi.install_as_requests() first",
        _PACKAGES,
    ),
    "patched-below": Rule(
        DIFFERS,
        "Envoi calls neither urllib3 nor http.client: what is patched there is never asked",
        "mount an adapter, or use responses, requests-mock or envoi.testing",
        _PACKAGES,
    ),
    "imports-requests": Rule(
        DIFFERS,
        "this package imports requests itself, and does not see Envoi's sessions and exceptions",
        "call envoi.install_as_requests() before it is imported",
        _PACKAGES,
    ),
    "user-agent": Rule(
        DIFFERS,
        "User-Agent begins with envoi/",
        "compare with envoi.utils.default_user_agent(), or set the header",
        _MIGRATING,
    ),
    "logger": Rule(
        DIFFERS,
        "Envoi does not log by urllib3's or requests' loggers, and http.client's debuglevel shows"
        " nothing",
        'use logging.getLogger("envoi")',
    ),
    # What matters to some.
    "default-timeout": Rule(
        NOTE,
        "no timeout is given: 10 s for the connection and 60 s for each wait are in force, where"
        " requests waits for ever",
        "give timeout= where an answer may take longer; None waits for ever",
        "timeouts.md",
    ),
    "at-most": Rule(
        NOTE,
        "a piece has at most so many bytes, and may have fewer",
        "use response.raw.read(n) where the size has to be exact",
        _MIGRATING,
    ),
    "pool-size": Rule(
        NOTE,
        "pool_connections means nothing, and pool_maxsize limits only with pool_block=True",
        "set max_connections= and max_connections_per_host= on the session",
        _MIGRATING,
    ),
    "own-verify": Rule(
        NOTE,
        "session.verify is not overruled by REQUESTS_CA_BUNDLE",
        "leave it at True where the environment is to decide",
    ),
    "no-warning": Rule(
        NOTE,
        "Envoi does not warn of verify=False",
        "this can go",
        _MIGRATING,
    ),
    "header-none": Rule(
        NOTE,
        "None takes a session's header out at once, so that asking for it gives KeyError",
        "use headers.get(name) where it is asked for",
    ),
    "sent-once": Rule(
        NOTE,
        "a generator is sent once: a redirect that keeps the body raises UnrewindableBodyError,"
        " where requests sends an empty one",
        "give a file, bytes, or catch the exception",
    ),
    "uses-urllib3": Rule(
        NOTE,
        "this goes on using urllib3; the change of import does not touch it",
        "nothing, or move it by hand",
        "migrating/from-urllib.md",
    ),
    "uses-httpx": Rule(
        NOTE,
        "this goes on using httpx; the change of import does not touch it",
        "nothing, or move it by the page's table",
        _HTTPX,
    ),
}
