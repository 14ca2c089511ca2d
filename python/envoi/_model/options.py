"""The keyword arguments of every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from envoi._model.exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.types import (
        AuthType,
        CertType,
        CookiesType,
        DataType,
        FilesType,
        HeadersType,
        HooksType,
        JsonType,
        ParamsType,
        ProxiesType,
        TimeoutType,
        VerifyType,
    )


class RequestOptions(TypedDict, total=False):
    """What every verb accepts besides the URL: the table of the options.

    `tools/write_verbs.py` makes the signatures and docstrings of the verbs from it: type and
    meaning are said here. The first of them are requests' positions, in their order.
    """

    params: ParamsType
    """added to the URL's query: a mapping, pairs, or text."""
    data: DataType
    """the body: a form (mapping or pairs), text, bytes, a file, or an iterable."""
    headers: HeadersType
    """header fields, over the session's; None as a value leaves one out."""
    cookies: CookiesType
    """for this request alone, and its redirects to the same origin."""
    files: FilesType
    """a multipart form: field names and files; `data` adds plain fields."""
    auth: AuthType
    """(user, password), an `envoi.auth.Auth`, or a function; None for none."""
    timeout: TimeoutType
    """seconds, (connect, read), or a `Timeout`; None waits for ever."""
    allow_redirects: bool
    """whether redirects are followed."""
    proxies: ProxiesType
    """by scheme or `scheme://host`, over the session's; None for none."""
    hooks: HooksType
    """{"response": function}, called with each response."""
    stream: bool
    """leave the body for you to read."""
    verify: VerifyType | None
    """True, False, a path of authorities (PEM), or an `ssl.SSLContext`."""
    cert: CertType
    """the client's certificate: a path, or (certificate, key[, password])."""
    json: JsonType
    """the body, as JSON."""
    max_body: int | None
    """the largest decoded body in bytes; None for no limit."""


OPTION_NAMES: Final = RequestOptions.__optional_keys__
_FOREIGN_NAMES: Final = {
    "content": "data",
    "context": "verify",
    "ssl": "verify",
    "ssl_context": "verify",
    "verify_ssl": "verify",
}
"""What other libraries call one of these, where the names have nothing in common."""

_SESSION_SETTINGS: Final = frozenset(
    {
        "base_url",
        "keepalive",
        "local_address",
        "max_connections",
        "max_connections_per_host",
        "max_redirects",
        "resend",
        "sensitive_headers",
        "trust_env",
    }
)


def without_redirects(options: dict[str, Any]) -> dict[str, Any]:
    """The options of `head`, which follows no redirects unless it is told to.

    Args:
        options: as they were given.
    """
    return {"allow_redirects": False, **options}


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse names that are not options.

    Raises:
        InvalidOption: a name that is not known; the message offers the nearest one.
    """
    if not options or options.keys() <= OPTION_NAMES:
        return
    unknown = next(name for name in options if name not in OPTION_NAMES)
    raise InvalidOption(_complaint(unknown))


def _complaint(name: str) -> str:
    from difflib import get_close_matches

    if name in _SESSION_SETTINGS:
        return f"{name}= is not an option of a request, but a setting of a session"
    near = (
        [_FOREIGN_NAMES[name]]
        if name in _FOREIGN_NAMES
        else get_close_matches(name, OPTION_NAMES, 1, 0.6)
    )
    return f"{name}= is not an option of a request" + (
        f"; did you mean {near[0]}=?" if near else f": {', '.join(sorted(OPTION_NAMES))}"
    )
