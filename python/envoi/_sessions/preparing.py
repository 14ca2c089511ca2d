"""From a `Request` and a session's settings to a `PreparedRequest`, and requests' merging of
settings with the environment's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from envoi import exceptions
from envoi._model.auth import found_credentials
from envoi._model.cookies import merged_jar
from envoi._model.headers import Headers, merge_headers
from envoi._model.hooks import merged_hooks
from envoi._model.options import check_options
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.url import parse_url
from envoi._sessions.base_url import joined
from envoi._sessions.mounting import Mounting, patched_netrc
from envoi._sessions.redirecting import Redirecting
from envoi._sessions.settings import merged_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi._model.netrc import Netrc
    from envoi._model.types import CertType, ProxiesType, URLType, VerifyType

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


class Preparing(Mounting, Redirecting):
    """What both kinds of session have of this."""

    def prepare_request(self, request: Request) -> PreparedRequest:
        """What will be sent for a request, with the session's headers, parameters, cookies,
        authentication and hooks.

        Args:
            request: what is wanted.

        Raises:
            InvalidURL: the URL cannot be used; `MissingSchema` where it has no scheme.
            RequestException: another argument cannot be sent: see the tree in `envoi.exceptions`.
        """
        if request.url is None:
            raise exceptions.MissingSchema(
                "Invalid URL None: No scheme supplied. A request needs a URL"
            )
        url = (
            parse_url(request.url)
            if self._base_url is None
            else joined(self._base_url, request.url)
        )
        prepared = PreparedRequest()
        prepared.prepare(
            method=request.method,
            url=url,
            headers=merge_headers(self._headers, request.headers),
            files=request.files,
            data=request.data,
            json=request.json,
            params=merged_params(self.params, request.params),
            auth=self._auth_for(request, url),
            cookies=self._cookies_for(request.cookies),
            hooks=merged_hooks(request.hooks, self._hooks),
        )
        return prepared

    def merge_environment_settings(
        self,
        url: str,
        proxies: ProxiesType,
        stream: bool | None,
        verify: VerifyType | None,
        cert: CertType,
    ) -> dict[str, Any]:
        """The settings for a request to a URL: its own, over the session's, over the environment's.

        Args:
            url: the request's.
            proxies: its own; those of the session and the environment are added.
            stream: its own, or None.
            verify: its own, or None; True gives way to the environment's authorities, as in
                requests.
            cert: its own, or None.
        """
        merged: dict[str, Any] = {**self._proxies, **(proxies or {})}
        if self.trust_env and not self._direct and "all" not in merged:
            from envoi._proto.plans.proxy_lookup import get_environ_proxies

            for scheme, proxy in get_environ_proxies(url, merged.get("no_proxy")).items():
                merged.setdefault(scheme, proxy)
        return {
            "proxies": merged,
            "stream": self.stream if stream is None else stream,
            "verify": self._verified(verify),
            "cert": self._cert if cert is None else cert,
        }

    def _verified(self, verify: VerifyType | None) -> Any:
        if verify is None:
            return self._verify_by_default()
        return self._surroundings().bundle or True if verify is True else verify

    def _netrc(self) -> Netrc | None:
        return self._surroundings().netrc

    def _holds_cookies(self) -> bool:
        return not self._cookies.is_empty

    def _auth_for(self, request: Request, url: Any) -> Any:
        """The request's own, the session's unless the request has an Authorization field, the
        URL's, netrc's.
        """
        if request.auth is not None:
            return request.auth
        names = request.headers or ()
        given = "Authorization" in merge_headers(Headers(), names) if names else False
        if self.auth is not None and not given:
            return self.auth
        said = given or "Authorization" in self._headers
        if (
            not said
            and not url.password
            and self.trust_env
            and (lookup := patched_netrc()) is not None
        ):
            return lookup(str(url)) or found_credentials(url, None) or no_auth
        return found_credentials(url, None if said else self._netrc()) or no_auth

    def _cookies_for(self, own: Any) -> Any:
        if self._cookies.is_empty:
            return own
        return merged_jar(self._cookies, own)

    def _parts(
        self, method: str | bytes, url: URLType, options: Mapping[str, Any]
    ) -> tuple[PreparedRequest, dict[str, Any]]:
        """A request and the arguments of `send` for it, made by the methods that may have been
        overridden.
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
        prepared = self.prepare_request(request)
        if given.get("auth") is no_auth:
            prepared.auth_off = True
        off = "proxies" in options and options["proxies"] is None
        settings = self.merge_environment_settings(
            prepared.url,
            dict(options.get("proxies") or {}),
            options.get("stream"),
            options.get("verify"),
            options.get("cert"),
        )
        if off:
            settings["proxies"] = None
        if options.get("verify") is True:
            settings["verify"] = True  # what was said in so many words goes before the environment
        arguments = {"allow_redirects": options.get("allow_redirects", True), **settings}
        arguments["timeout"] = options.get("timeout")
        if "timeout" not in options:
            prepared._unsaid = True
        if "max_body" in options:
            prepared.__dict__["_max_body"] = options["max_body"]
        return prepared, arguments


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
