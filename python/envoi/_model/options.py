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


class _CommonOptions(TypedDict, total=False):
    headers: HeadersType
    cookies: CookiesType
    auth: AuthType
    timeout: TimeoutType
    allow_redirects: bool
    stream: bool
    verify: VerifyType | None
    cert: CertType
    proxies: ProxiesType
    hooks: HooksType
    files: FilesType
    max_body: int | None


class RequestOptions(_CommonOptions, total=False):
    """What `request` and the other verbs accept besides the URL, for `**options:
    Unpack[RequestOptions]`.
    """

    params: ParamsType
    data: DataType
    json: JsonType


class OptionsWithoutParams(_CommonOptions, total=False):
    """The options of `get`, which has a parameter `params`."""

    data: DataType
    json: JsonType


class OptionsWithoutData(_CommonOptions, total=False):
    """The options of `put` and `patch`, which have a parameter `data`."""

    params: ParamsType
    json: JsonType


class OptionsWithoutDataAndJson(_CommonOptions, total=False):
    """The options of `post`, which has parameters `data` and `json`."""

    params: ParamsType


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


def without_redirects(options: RequestOptions) -> RequestOptions:
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
