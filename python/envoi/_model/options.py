"""The keyword arguments of every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from envoi._model.exceptions import InvalidOption
from envoi._model.suggestions import OF_A_REQUEST, complaint

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
    raise_for_status: bool
    """raise HTTPError when the answer, after redirects, is a 4xx or 5xx."""


OPTION_NAMES: Final = RequestOptions.__optional_keys__
_SESSION_SETTINGS: Final = dict.fromkeys(
    (
        "base_url",
        "hsts",
        "keepalive",
        "local_address",
        "max_connections",
        "max_connections_per_host",
        "max_redirects",
        "resend",
        "sensitive_headers",
        "socket_options",
        "trust_env",
        "uds",
    ),
    "a setting of a session",
)


def without_redirects(options: dict[str, Any]) -> dict[str, Any]:
    """The options of `head`, which follows no redirects unless it is told to.

    Args:
        options: as they were given.
    """
    return {"allow_redirects": False, **options}


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse names that are not options, and bodies of which one would be dropped.

    Raises:
        InvalidOption: a name that is not known; the message offers the nearest one. Or `json` with
            `data` or `files`.
    """
    if not options or options.keys() <= OPTION_NAMES:
        if options.get("json") is not None:
            _refuse_second_body(options)
        return
    unknown = next(name for name in options if name not in OPTION_NAMES)
    raise InvalidOption(
        complaint(
            unknown,
            "an option of a request",
            OPTION_NAMES,
            OF_A_REQUEST,
            elsewhere=_SESSION_SETTINGS,
        )
    )


def _refuse_second_body(options: Mapping[str, Any]) -> None:
    for name in ("data", "files"):
        other = options.get(name)
        # What is empty says nothing, as in requests. An array of numpy's has no truth value.
        if other is not None and (not hasattr(other, "__len__") or len(other)):
            raise InvalidOption(
                f"json= and {name}= are two bodies, and a request has one: pass json= alone, or "
                f"write the JSON into {name}="
            )
