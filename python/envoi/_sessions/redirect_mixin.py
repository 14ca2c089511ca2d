"""Redirects followed request by request, through whatever methods a subclass has overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._io.run_sync import run_sync
from envoi._pipeline.reply import discard
from envoi._sessions.redirecting import Redirecting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType


class SessionRedirectMixin(Redirecting):
    """What of requests' `Session` follows redirects. It needs a method `send`."""

    if TYPE_CHECKING:

        def send(self, request: PreparedRequest, **options: Any) -> Any: ...

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
        passed: list[Any] = []
        while target := self.get_redirect_target(resp):
            if not yield_requests:
                resp.history = list(passed)
                run_sync(discard(resp))
            passed.append(resp)
            req, proxies = self._following(resp, req, target, passed, proxies)
            if yield_requests:
                yield req
                return
            req._in_chain, req._unsaid = True, timeout is None
            resp = self.send(
                req,
                stream=stream,
                timeout=timeout,
                verify=verify,
                cert=cert,
                proxies=proxies,
                allow_redirects=False,
                **adapter_kwargs,
            )
            yield resp
