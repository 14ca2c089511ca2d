"""Redirects by requests' methods, each of which a subclass may override; the pipeline follows them on its own where none was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi import exceptions
from envoi._model.auth import basic
from envoi._model.body import NO_BODY
from envoi._model.url import URL, URLError, parse_url, redact
from envoi._pipeline.redirects import require_followable
from envoi._proto.plans.redirect import BODY_HEADERS, SENSITIVE_HEADERS, as_utf8, keeps_credentials, plan_redirect, rewritten_method

if TYPE_CHECKING:
    from envoi._model.netrc import Netrc
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import ProxiesType


class Redirecting:
    """What a session decides about a redirect, in both colours."""

    max_redirects: int
    trust_env: bool
    cookies: Any
    sensitive_headers: Any = ()

    def get_redirect_target(self, resp: Any) -> str | None:
        """Where a response redirects to, as it says; None when it does not.

        Args:
            resp: the response.
        """
        if not resp.is_redirect:
            return None
        return as_utf8(resp.headers["location"])

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        """Whether credentials for one URL must not be sent to another: it is of another scheme, host or port.

        Args:
            old_url: what was asked for.
            new_url: where the redirect leads.
        """
        return not keeps_credentials(parse_url(old_url), parse_url(new_url))

    def rebuild_method(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Set the method of the request that follows a redirect (RFC 9110, sections 15.4.2 to 15.4.4).

        Args:
            prepared_request: about to be sent; its method is that of the request before.
            response: the redirect.
        """
        prepared_request.method = rewritten_method(response.status_code, prepared_request.method)

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Take credentials off the request that follows a redirect to another origin, and put on those that netrc has for it.

        Args:
            prepared_request: about to be sent.
            response: the redirect.
        """
        headers = prepared_request.headers
        if self.should_strip_auth(response.request.url, prepared_request.url):
            headers.pop("Authorization", None)
            prepared_request.flow = None
        netrc = self._netrc()
        if netrc is not None and "Authorization" not in headers:
            found = netrc.credentials_for(prepared_request.parsed_url.host)
            if found is not None:
                prepared_request.prepare_auth(found)

    def rebuild_proxies(self, prepared_request: PreparedRequest, proxies: ProxiesType) -> dict[str, Any]:
        """The proxies for the request that follows a redirect, the environment's among them; its Proxy-Authorization is set anew.

        Args:
            prepared_request: about to be sent.
            proxies: those of the request before.
        """
        from envoi._proto.plans.proxy_lookup import resolve_proxies

        scheme = prepared_request.parsed_url.scheme
        found = resolve_proxies(prepared_request, dict(proxies or {}), self.trust_env)
        prepared_request.headers.pop("Proxy-Authorization", None)
        proxy = found.get(scheme)
        if isinstance(proxy, str) and scheme != "https" and "@" in proxy:
            from envoi._model.uris import get_auth_from_url

            user, password = get_auth_from_url(proxy)
            if user and password:
                prepared_request.headers["Proxy-Authorization"] = basic((user, password))
        return found

    def _netrc(self) -> Netrc | None:
        return None

    def _following(self, resp: Any, req: PreparedRequest, target: str, passed: list[Any]) -> PreparedRequest:
        """The request that follows a redirect, but for what `rebuild_proxies` and `rebuild_auth` make of it.

        Raises:
            TooManyRedirects: `max_redirects` is used up.
            InvalidURL, InvalidSchema: the target is no URL, or one that is not followed.
        """
        if len(passed) > self.max_redirects:
            raise exceptions.TooManyRedirects(f"Exceeded {self.max_redirects} redirects.", response=resp)
        try:
            plan = plan_redirect(resp.status_code, req.method, target, self._base_of(resp, req))
        except URLError as error:
            raise exceptions.InvalidURL(
                f"{redact(req.url)} redirects to something that is no URL: {error.args[-1]}", request=req, response=resp
            ) from None
        require_followable(plan.url, req, resp)
        following = req.copy()
        following.url = plan.url
        following.redirected = True
        self.rebuild_method(following, resp)
        headers = following.headers
        headers.pop("Cookie", None)  # written anew from the jars
        if plan.url.origin != req.parsed_url.origin:
            headers.pop("Host", None)
        if following.method != req.method or resp.status_code == 303:
            following.content = NO_BODY
            for name in BODY_HEADERS:
                headers.pop(name, None)
        if self.should_strip_auth(req.url, following.url):
            following.strayed = True
            for name in (*SENSITIVE_HEADERS[1:], *self.sensitive_headers):  # Authorization is for rebuild_auth
                headers.pop(name, None)
        self._renew_cookies(resp, req, following)
        following.content.rewind()
        return following

    @staticmethod
    def _base_of(resp: Any, req: PreparedRequest) -> URL:
        return resp.parsed_url or req.parsed_url

    def _renew_cookies(self, resp: Any, req: PreparedRequest, following: PreparedRequest) -> None:
        """Take the cookies of a redirect, and of the session, into the following request's own jar, and write them out."""
        if following._jar is None and not resp.sets_cookies and not self._holds_cookies():
            return
        from envoi._model.cookie_functions import extract_cookies_to_jar, merge_cookies

        jar = following._cookies
        extract_cookies_to_jar(jar, req, resp.raw)
        merge_cookies(jar, self.cookies)
        if following.strayed:
            for cookie in [one for one in jar if not one.domain]:
                jar.clear(cookie.domain, cookie.path, cookie.name)  # put in by hand, for the origin that the call began with
        following.prepare_cookies(jar)

    def _holds_cookies(self) -> bool:
        return bool(self.cookies)
