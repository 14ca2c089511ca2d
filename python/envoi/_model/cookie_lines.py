"""The Netscape format of cookie files, as curl, browsers' tools and
`http.cookiejar.MozillaCookieJar` have it: a line per cookie.

Seven fields with tabs between them: domain, whether it is for subdomains too, path, whether it is
Secure, expiry date, name, value. `#HttpOnly_` before the domain marks what scripts may not read. A
character is a byte, as in the header field.
"""

from __future__ import annotations

import re
from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER: Final = (
    "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n# Whoever has these "
    "cookies is logged in as you.\n\n"
)


def looks_like_cookies(text: str) -> bool:
    """Whether a file begins as files of cookies do; some tools leave that line out."""
    return _MAGIC.match(text) is not None


def line_of(cookie: Cookie) -> str | None:
    """The cookie's line; None when the format has no way to write it.

    Args:
        cookie: any `http.cookiejar.Cookie`.
    """
    domain, reaches_subdomains = cookie.domain, bool(cookie.domain) and cookie.domain_specified
    if reaches_subdomains and not domain.startswith("."):
        domain = "." + domain
    name, value = ("", cookie.name) if cookie.value is None else (cookie.name, cookie.value)
    # As curl has it, which cannot read an empty date; MozillaCookieJar writes one, and takes 0 for
    # long past.
    expires = str(cookie.expires or 0)
    fields = [
        domain,
        _word(reaches_subdomains),
        cookie.path,
        _word(cookie.secure),
        expires,
        name,
        value,
    ]
    if any(_UNWRITABLE.search(field) for field in fields) or domain.startswith(("#", "$")):
        return None
    return ("#HttpOnly_" if _is_http_only(cookie) else "") + "\t".join(fields)


def cookies_of(lines: Iterable[str]) -> tuple[list[Cookie], list[str]]:
    """The cookies of a file's lines, and what is wrong with those that should be cookies and are
    none, each with the line's number.
    """
    cookies: list[Cookie] = []
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        found = _cookie(line)
        if isinstance(found, str):
            faults.append(f"line {number} {found}")
        elif found is not None:
            cookies.append(found)
    return cookies, faults


def _cookie(line: str) -> Cookie | str | None:
    """The line's cookie, what is wrong with it, or None for a comment or an empty line."""
    is_http_only = line.startswith(_HTTP_ONLY)
    if is_http_only:
        line = line.removeprefix(_HTTP_ONLY)
    if not line.strip() or line.lstrip().startswith(("#", "$")):
        return None
    if len(line) > _MAX_LINE:
        return f"is longer than {_MAX_LINE} characters"
    fields = line.split("\t")
    if len(fields) == _FIELDS - 1:
        fields.append("")  # an editor cut the tab before an empty value
    if len(fields) != _FIELDS:
        blanks = " and not blanks" if len(fields) == 1 else ""
        return f"has {len(fields)} of {_FIELDS} fields, which have tabs{blanks} between them"
    if any(_UNWRITABLE.search(field) for field in fields):
        return "has a control character, or one that HTTP cannot send"
    domain, reaches_subdomains, path, secure, expires, name, value = fields
    expiry = _EXPIRY.fullmatch(expires)
    if expiry is None:
        return f"has {expires[:_SHOWN]!r} where seconds since 1970 are expected"
    if not (name or value):
        return "has neither a name nor a value"
    host, is_for_subdomains = (
        domain.strip().lower().lstrip("."),
        reaches_subdomains.upper() == "TRUE",
    )
    if is_for_subdomains and not host:
        return "has no domain"
    seconds = int(expiry[1] or 0) or None
    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain="." + host if is_for_subdomains else host,
        domain_specified=is_for_subdomains,
        domain_initial_dot=is_for_subdomains,
        path=path if path.startswith("/") else "/",
        path_specified=True,
        secure=secure.upper() == "TRUE",
        expires=seconds,
        discard=seconds is None,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if is_http_only else {},
    )


_FIELDS: Final = 7
_MAX_LINE: Final = 16_384
_SHOWN: Final = 20
_HTTP_ONLY: Final = "#HttpOnly_"
_MAGIC: Final = re.compile(r"#(?: Netscape)? HTTP Cookie File")
_EXPIRY: Final = re.compile(r"([0-9]{0,12})(?:\.[0-9]*)?")
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f]|[^\x00-\xff]")


def _word(yes: Any) -> str:
    return "TRUE" if yes else "FALSE"


def _is_http_only(cookie: Cookie) -> bool:
    # In whatever case the server wrote it. `create_cookie` sets it for every cookie, as in
    # requests.
    return any(name.lower() == "httponly" for name in getattr(cookie, "_rest", {}))
