"""From a `Request` and a session's settings to a `PreparedRequest`, and requests' merging of
settings with the environment's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi._model import exceptions
from envoi._model.auth import found_credentials
from envoi._model.cookies import merged_jar
from envoi._model.headers import merge_headers
from envoi._model.hooks import merged_hooks
from envoi._model.options import check_options
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.url import parse_url
from envoi._sessions.base_url import joined
from envoi._sessions.calls import authorizes, merged_params
from envoi._sessions.checks import proxies_by_scheme
from envoi._sessions.overrides import patched_netrc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.types import CertType, ProxiesType, URLType, VerifyType
    from envoi._model.url import URL
    from envoi._sessions.settings import SessionSettings

_POSITIONS: Final = (
    "params",
    "data",
    "headers",
    "cookies",
    "files",
    "auth",
    "timeout",
    "allow_redirects",
    "proxies",
    "hooks",
    "stream",
    "verify",
    "cert",
    "json",
)
_PARTS: Final = frozenset(
    {"headers", "files", "data", "params", "auth", "cookies", "hooks", "json"}
)


def prepared(settings: SessionSettings, request: Request) -> PreparedRequest:
    """What will be sent for a request, with a session's headers, parameters, cookies,
    authentication and hooks.

    Args:
        settings: the session.
        request: what is wanted.

    Raises:
        RequestException: something in it cannot be sent.
    """
    if request.url is None:
        raise exceptions.MissingSchema(
            "Invalid URL None: No scheme supplied. A request needs a URL"
        )
    base_url = settings._base_url
    url = parse_url(request.url) if base_url is None else joined(base_url, request.url)
    if settings._hsts is not None:
        url = settings._hsts.upgraded(url)
    jar = settings._cookies
    made = PreparedRequest()
    made.prepare(
        method=request.method,
        url=url,
        headers=merge_headers(settings._headers, request.headers),
        files=request.files,
        data=request.data,
        json=request.json,
        params=merged_params(settings.params, request.params),
        auth=_auth_for(settings, request, url),
        cookies=request.cookies if jar.is_empty else merged_jar(jar, request.cookies),
        hooks=merged_hooks(request.hooks, settings._hooks),
    )
    return made


def merged_environment(
    settings: SessionSettings,
    url: str,
    proxies: ProxiesType,
    stream: bool | None,
    verify: VerifyType | None,
    cert: CertType,
) -> dict[str, Any]:
    """The settings for a request to a URL: see `Session.merge_environment_settings`."""
    merged: dict[str, Any] = {**settings._proxies, **(proxies or {})}
    if settings.trust_env and not settings._direct and "all" not in merged:
        from envoi._proto.plans.proxy_lookup import get_environ_proxies

        for scheme, proxy in get_environ_proxies(url, merged.get("no_proxy")).items():
            merged.setdefault(scheme, proxy)
    if verify is None:
        verify = settings._verify_by_default()
    elif verify is True:
        verify = settings._surroundings().bundle or True
    return {
        "proxies": merged,
        "stream": settings.stream if stream is None else stream,
        "verify": verify,
        "cert": settings._cert if cert is None else cert,
    }


def parts_of(
    session: Any, method: str | bytes, url: URLType, options: Mapping[str, Any]
) -> tuple[PreparedRequest, dict[str, Any]]:
    """A request and the arguments of `send` for it, made by a session's methods, which may have
    been overridden.

    Args:
        session: whose methods.
        method: such as "GET".
        url: where to.
        options: those of the request.

    Raises:
        RequestException: something is wrong with them.
    """
    check_options(options)
    given = {name: value for name, value in options.items() if name in _PARTS}
    if "auth" in given and given["auth"] is None:
        given["auth"] = no_auth
    request = Request(
        method.decode("latin-1") if isinstance(method, bytes) else method, url, **given
    )
    if isinstance(request.method, str):
        request.method = request.method.upper()
    made = session.prepare_request(request)
    settings = session.merge_environment_settings(
        made.url,
        {} if options.get("proxies") is None else proxies_by_scheme(options["proxies"]),
        options.get("stream"),
        options.get("verify"),
        options.get("cert"),
    )
    if "proxies" in options and options["proxies"] is None:
        settings["proxies"] = None
    if options.get("verify") is True:
        settings["verify"] = True  # what the caller says wins over the environment
    arguments = {"allow_redirects": options.get("allow_redirects", True), **settings}
    arguments["timeout"] = options.get("timeout")
    if "max_body" in options:
        arguments["max_body"] = options["max_body"]
    made.provenance = made.provenance._replace(
        auth_off=given.get("auth") is no_auth, timeout_given="timeout" in options
    )
    return made, arguments


def by_name(values: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a request, some of which were given by their position, in requests' order.

    Args:
        values: those after method and URL.
        options: those by name.

    Raises:
        InvalidOption: too many, or one of them twice.
    """
    if len(values) > len(_POSITIONS):
        raise exceptions.InvalidOption(
            f"request() takes at most {len(_POSITIONS) + 2} positional arguments, not "
            f"{len(values) + 2}"
        )
    named = dict(zip(_POSITIONS, values, strict=False))
    if twice := named.keys() & options.keys():
        raise exceptions.InvalidOption(f"request() got several values for {min(twice)}=")
    # requests' own defaults, which somebody wrote out on the way to a later position, say nothing.
    said = {name: value for name, value in named.items() if value is not None}
    return {**said, **options}


def no_auth(request: PreparedRequest) -> PreparedRequest:
    """`auth=None` of a request: no authentication, whatever session, URL and environment say."""
    return request


def _auth_for(settings: SessionSettings, request: Request, url: URL) -> Any:
    """The request's own, the session's unless the request has an Authorization field, the URL's,
    netrc's.
    """
    if request.auth is not None:
        return request.auth
    given = bool(request.headers) and authorizes(request.headers)
    if settings.auth is not None and not given:
        return settings.auth
    said = given or "Authorization" in settings._headers
    lookup = None if said or url.password or not settings.trust_env else patched_netrc()
    if lookup is not None:
        return lookup(str(url)) or found_credentials(url, None) or no_auth
    netrc = None if said else settings._surroundings().netrc
    return found_credentials(url, netrc) or no_auth
