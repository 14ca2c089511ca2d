"""Redirects by requests' methods, each of which a subclass may override; the pipeline follows them
on its own where none was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._io.run_sync import run_sync
from envoi._model import exceptions
from envoi._model.url import URL, parse_url
from envoi._pipeline.redirects import carried_over, planned, require_one_location
from envoi._pipeline.reply import discard
from envoi._proto.plans.redirect import (
    as_utf8,
    keeps_body,
    keeps_credentials,
    rewritten_method,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi._model.hsts import HSTS
    from envoi._model.netrc import Netrc
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType


class Redirecting:
    """What a session decides about a redirect, whether sync or async."""

    max_redirects: int
    trust_env: bool
    cookies: Any
    sensitive_headers: Any = ()
    _hsts: HSTS | None = None

    def get_redirect_target(self, resp: Any) -> str | None:
        """Where a response redirects to, as it says; None when it does not.

        Args:
            resp: the response.

        Raises:
            InvalidRedirect: it says several places.
        """
        if not resp.is_redirect:
            return None
        require_one_location(getattr(resp, "request", None), resp)
        every = getattr(resp.headers, "get_all", None)
        locations = () if every is None else every("location")
        return as_utf8(locations[0] if locations else resp.headers["location"])

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        """Whether credentials for one URL must not be sent to another: it is of another scheme,
        host or port.

        Args:
            old_url: what was asked for.
            new_url: where the redirect leads.
        """
        return not keeps_credentials(parse_url(old_url), parse_url(new_url))

    def rebuild_method(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Set the method of the request that follows a redirect (RFC 9110, sections 15.4.2 to
        15.4.4).

        Args:
            prepared_request: about to be sent; its method is that of the request before.
            response: the redirect.
        """
        prepared_request.method = rewritten_method(response.status_code, prepared_request.method)

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Take credentials off the request that follows a redirect to another origin, and put on
        those that netrc has for it.

        Args:
            prepared_request: about to be sent.
            response: the redirect.
        """
        if not self.should_strip_auth(response.request.url, prepared_request.url):
            return
        prepared_request.headers.pop("Authorization", None)
        prepared_request.flow = None
        netrc = self._netrc()
        if netrc is not None and not prepared_request.provenance.auth_off:
            found = netrc.credentials_for(prepared_request.parsed_url.host)
            if found is not None:
                prepared_request.prepare_auth(found)

    def rebuild_proxies(
        self, prepared_request: PreparedRequest, proxies: ProxiesType
    ) -> dict[str, Any]:
        """The proxies for the request that follows a redirect, the environment's among them; its
        Proxy-Authorization is set anew.

        Args:
            prepared_request: about to be sent.
            proxies: those of the request before.
        """
        from envoi._proto.plans.proxy import find_proxy
        from envoi._proto.plans.proxy_lookup import without_exempt

        url = prepared_request.parsed_url
        found = without_exempt(url, dict(proxies or {}), trust_env=self.trust_env)
        prepared_request.headers.pop("Proxy-Authorization", None)
        proxy = find_proxy(
            url, {scheme: one for scheme, one in found.items() if scheme != "no_proxy"}
        )
        if url.scheme == "http" and proxy and proxy.forwards and proxy.authorization is not None:
            prepared_request.headers["Proxy-Authorization"] = (
                proxy.authorization
            )  # for adapters that do not find it themselves
        return found

    def _netrc(self) -> Netrc | None:
        return None

    def _following(
        self, resp: Any, req: PreparedRequest, target: str, passed: list[Any], proxies: ProxiesType
    ) -> tuple[PreparedRequest, dict[str, Any]]:
        """The request that follows a redirect, and the proxies for it.

        Raises:
            TooManyRedirects: `max_redirects` is used up.
            InvalidURL, InvalidSchema: the target is no URL, or one that is not followed.
        """
        if len(passed) > self.max_redirects:
            raise exceptions.TooManyRedirects(
                f"Exceeded {self.max_redirects} redirects.", response=resp
            )
        plan = planned(req, resp, target, self._base_of(resp, req), self._hsts)
        following = req.copy()
        following.url = plan.url
        provenance = req.provenance._replace(redirected=True)
        self.rebuild_method(following, resp)
        leaves = self.should_strip_auth(req.url, following.url)
        keep_body = following.method == req.method and resp.status_code != 303
        following.headers, following.content = carried_over(
            req, plan.url, self.sensitive_headers, keep_body=keep_body, leaves=leaves
        )
        if leaves:
            provenance, following.flow = provenance._replace(left_origin=True), None
        following.provenance = provenance
        self._renew_cookies(resp, req, following)
        following.content.rewind()
        found = self.rebuild_proxies(following, proxies)
        self.rebuild_auth(following, resp)
        return following, found

    @staticmethod
    def _base_of(resp: Any, req: PreparedRequest) -> URL:
        return resp.parsed_url or req.parsed_url

    def _renew_cookies(self, resp: Any, req: PreparedRequest, following: PreparedRequest) -> None:
        """Take the cookies of a redirect, and of the session, into the following request's own jar,
        and write them out.
        """
        if following._jar is None and not resp.sets_cookies and not self._holds_cookies():
            return
        from envoi._model.cookie_functions import extract_cookies_to_jar, merge_cookies

        jar = following._cookies
        extract_cookies_to_jar(jar, req, resp.raw)
        merge_cookies(jar, self.cookies)
        if following.provenance.left_origin:
            for cookie in [one for one in jar if not one.domain]:
                jar.clear(
                    cookie.domain, cookie.path, cookie.name
                )  # put in by hand, for the origin that the call began with
        following.prepare_cookies(jar)

    def _holds_cookies(self) -> bool:
        return bool(self.cookies)


class RedirectChain:
    """The redirects that a response begins, followed one by one.

    Args:
        session: whose methods decide and send.
        response: the first.
        request: what it answers.
        proxies: for the next request; the environment's are added.
        options: further arguments of the session's `send`.
    """

    def __init__(
        self,
        session: Any,
        response: Any,
        request: PreparedRequest,
        proxies: ProxiesType,
        options: dict[str, Any],
    ) -> None:
        self._session = session
        self._response = response
        self._request = request
        self._proxies = proxies
        self._options = options
        self._passed: list[Any] = []
        self._peeked = False

    async def step(self, *, sends: bool) -> Any:
        """Discard the redirect, send the request that it asks for, and return the response; None
        after the last.

        Args:
            sends: False for the request itself, once, the redirect left as it is.
        """
        session, response = self._session, self._response
        target = None if self._peeked else session.get_redirect_target(response)
        if not target:
            return None
        if not sends:
            self._peeked = True
            return self._take(target)
        response.history = list(self._passed)
        await discard(response, resends=keeps_body(response.status_code, self._request.method))
        request = self._take(target)
        request.provenance = request.provenance._replace(
            in_chain=True, timeout_given=self._options["timeout"] is not None
        )
        sent = session.send(request, proxies=self._proxies, allow_redirects=False, **self._options)
        self._response = await sent if hasattr(sent, "__await__") else sent
        return self._response

    def _take(self, target: str) -> PreparedRequest:
        self._passed.append(self._response)
        self._request, self._proxies = self._session._following(
            self._response, self._request, target, self._passed, self._proxies
        )
        if self._request.provenance.left_origin:
            self._options["cert"] = None  # it is for the origin that the call began with
        return self._request


class SessionRedirectMixin(Redirecting):
    """What of requests' `Session` follows redirects. It needs a method `send`."""

    def resolve_redirects(
        self,
        resp: Any,
        req: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutType = None,
        verify: VerifyType = True,
        cert: CertType = None,
        proxies: ProxiesType = None,
        yield_requests: bool = False,
        **adapter_kwargs: Any,
    ) -> Iterator[Any]:
        """Follow the redirects that a response begins, one by one.

        Args:
            resp: the response.
            req: the request that it answers.
            stream: as for `send`.
            timeout: as for `send`, but None for the limits by default.
            verify: as for `send`.
            cert: as for `send`.
            proxies: as for `send`; the environment's are added.
            yield_requests: give the next request instead, without sending it.
            **adapter_kwargs: for the adapter's `send`.

        Yields:
            Each response. The body of one that redirects further is not read.

        Raises:
            TooManyRedirects: `max_redirects` is used up.
            InvalidURL, InvalidSchema: a redirect to what is no URL, or not followed.
            UnrewindableBodyError: the body is a stream that is gone.
        """
        options = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert}
        chain = RedirectChain(self, resp, req, proxies, {**options, **adapter_kwargs})
        while (step := run_sync(chain.step(sends=not yield_requests))) is not None:
            yield step
